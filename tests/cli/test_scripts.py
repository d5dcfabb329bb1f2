"""Two scripts that have never heard of perfkit, as people write them: found, paired, timed and compared."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_cli import perfkit, says

pytest.importorskip("torch")

SCRIPTS = Path(__file__).parents[1] / "scripts"
SMALL = ["--pairs", "4", "--no-profile"]
STAGES = [
    *("parse_arguments", "generate", "split", "extract", "extract/compute_statistics"),
    *("extract/compute_gradients", "extract/compute_spectrum", "extract/compute_texture"),
    *("standardise", "train_model", "evaluate"),
]

# They return nothing, and are stages only where a disturbed run makes them take a hundredth of the whole.
TRIFLES = {"set_seeds", "Dataset.__init__", "FeatureExtractor.__init__", "Classifier.__init__"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # Two threads that wait for each other at every step are slow indeed while another test holds a core.
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    for name in ("slow_experiment.py", "fast_experiment.py"):
        shutil.copy(SCRIPTS / name, tmp_path)
    text = (tmp_path / "fast_experiment.py").read_text()
    mended = text.replace("images.std(axis=2)", "images.std(axis=2, ddof=1)")
    assert mended != text
    (tmp_path / "mended_experiment.py").write_text(mended)
    return tmp_path


def compared(folder: Path, contender: str) -> tuple[int, dict[str, Any], str, str]:
    done = perfkit(folder, "compare", "slow_experiment.py", contender, *SMALL)
    assert "Traceback" not in done.stderr
    place = folder / "reports" / "slow_experiment"
    summary = json.loads((place / "summary.json").read_text())
    return done.returncode, summary, (place / "report.md").read_text(), done.stderr


@pytest.mark.timeout(300)
def test_the_stages_are_found_and_paired_and_the_guilty_one_is_named(folder: Path) -> None:
    status, summary, report, said = compared(folder, "fast_experiment.py")
    assert status == 1
    assert "gate failed: the output differs: extract, extract/compute_statistics" in said
    rows = {
        row["path"]: row
        for row in summary["breakdown"]["rows"]
        if row["kind"] == "stage" and row["path"] not in TRIFLES
    }
    assert list(rows) == STAGES
    assert all(rows[one]["baseline_s"] > 0 and rows[one]["contender_s"] > 0 for one in STAGES)
    pairs = {one["stage"]: (one["contender"], one["how"]) for one in summary["comparison"]["found"]["pairs"]}
    assert pairs["compute_gradients"] == ("ImageFeatures.direction_histogram", "docstring")
    assert pairs["compute_texture"] == ("ImageFeatures.compute_texture", "")
    scrutiny = summary["comparison"]["scrutiny"]
    fed = {one["stage"]: one["verdict"] for one in scrutiny["differential"]}
    wrong = [stage for stage, verdict in fed.items() if verdict == "different"]
    assert wrong in (["extract/compute_statistics"], ["extract/compute_statistics", "extract"])
    assert fed["extract/compute_gradients"] == "equal within tolerance"
    assert "The outputs are not verified: `extract/compute_statistics` differs." in report
    assert "`ImageFeatures.direction_histogram` for `FeatureExtractor.compute_gradients`" in report
    for word in ("make_inputs", "run(inputs)", "result of `run`"):
        assert word not in report


@pytest.mark.timeout(300)
def test_the_mended_script_is_verified(folder: Path) -> None:
    status, summary, report, said = compared(folder, "mended_experiment.py")
    assert status == 0 or "inconclusive: which side is faster is not decided" in said, said
    (main,) = summary["comparison"]["scrutiny"]["verifications"]
    verdicts = {stage["stage"]: stage["verdict"] for stage in main["stages"] if stage["stage"] not in TRIFLES}
    assert list(verdicts) == [*STAGES, "result"]
    assert set(verdicts.values()) == {"identical", "equal within tolerance"}
    fed = summary["comparison"]["scrutiny"]["differential"]
    assert {one["verdict"] for one in fed if one["stage"] not in TRIFLES} <= set(verdicts.values())
    assert "The outputs are verified: all" in report


def test_a_size_in_the_arguments_is_varied(folder: Path) -> None:
    done = perfkit(
        folder,
        *("verify", "slow_experiment.py", "mended_experiment.py", "--json", "--set", "n=64"),
        *("--", "--samples", "{n}", "--epochs", "2", "--seed", "{seed}"),
    )
    assert done.returncode == 0, done.stderr + done.stdout
    report = json.loads(done.stdout)
    tried = {one["name"]: one for one in report["scrutiny"]["verifications"]}
    ordinary = [one["parameters"]["n"] for one in tried.values() if one["kind"] != "edge"]
    assert ordinary[0] == 64
    assert min(ordinary) < 64 < max(ordinary)
    refused = tried["single item (n=1)"]
    said = "ExitStatusError: ended with exit status 2 in stage parse_arguments"
    assert refused["baseline_error"] == refused["contender_error"] == said


def test_without_stages_only_the_whole_is_timed(folder: Path) -> None:
    done = perfkit(folder, "run", "fast_experiment.py", "--no-find-stages", "--json", "--", "--samples", "32")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["stages"] == []


def test_a_run_says_what_of_a_script_is_timed(folder: Path) -> None:
    done = perfkit(folder, "run", "fast_experiment.py", "--", "--samples", "32")
    assert done.returncode == 0, done.stderr
    assert 'The script is timed from if __name__ == "__main__" on' in done.stdout
    assert "Script, imports apart" in done.stdout
    assert "make_inputs" not in done.stdout


def test_wrong_words_end_in_one_sentence(folder: Path) -> None:
    says(perfkit(folder, "run", "gone.py"), 2, "gone.py does not exist")
    says(perfkit(folder, "run", "-m", "nowhere.at.all"), 2, "there is no module 'nowhere.at.all'")
    says(perfkit(folder, "compare", "slow_experiment.py"), 2, "name two sides, the baseline first, not 1")
    says(perfkit(folder, "run", "fast_experiment.py", "--set", "n=3"), 2, "have no place for n")
    says(perfkit(folder, "run", "--command", "sh -c 'exit 3'"), 3, "ended with exit status 3")
    assert not (folder / "reports").exists()
