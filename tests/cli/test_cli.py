"""The command line as a user meets it: output, exit status, and one clear sentence for each mistake."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.pipelines import project, running

FAST = ["--pairs", "3", "--line-limit", "5"]


def perfkit(root: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "perfkit", *arguments],
        cwd=root,
        env={**os.environ, "COLUMNS": "100", **variables},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def says(done: subprocess.CompletedProcess[str], status: int, *words: str) -> None:
    """Check that a command ended with this status, one sentence to stderr, and nothing on stdout."""
    assert done.returncode == status, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = project(tmp_path_factory.mktemp("compared"))
    done = perfkit(root, "compare", "baseline", "optimized", *FAST)
    assert done.returncode in {0, 4}, done.stderr  # the machine may be too noisy to decide
    return root


@pytest.fixture
def copy(compared: Path, tmp_path: Path) -> Path:
    """Give a copy of the compared project, to be spoilt."""
    return Path(shutil.copytree(compared, tmp_path / "copy"))


def test_help_is_quick_to_load() -> None:
    code = (
        "import sys; from perfkit.cli.main import group\n"
        "try: group.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = ('numpy', 'torch', 'rich', 'matplotlib', 'msgspec', 'jinja2')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().endswith("[]")
    for command in ("compare", "run", "profile", "report", "view", "list"):
        assert f"  {command} " in done.stdout


@pytest.mark.parametrize("command", ["compare", "verify", "run", "profile", "report", "view", "list"])
def test_every_command_has_help(command: str, tmp_path: Path) -> None:
    done = perfkit(tmp_path, command, "--help")
    assert done.returncode == 0
    assert f"perfkit {command} [OPTIONS]" in done.stdout


def test_a_comparison_leaves_a_report(compared: Path) -> None:
    folder = compared / "reports" / "squares"
    report = (folder / "report.md").read_text()
    assert "`optimized`" in report
    assert "## " in report
    assert (folder / "stages.svg").read_text().lstrip().startswith("<?xml")
    summary = json.loads((folder / "summary.json").read_text())
    assert len(summary["pairs"]) == 3
    scrutiny = summary["comparison"]["scrutiny"]
    assert {one["verdict"] for v in scrutiny["verifications"] for one in v["stages"]} == {"identical"}
    assert {one["verdict"] for one in scrutiny["findings"]} == {"clean"}
    assert scrutiny["timed"]["verdict"] == "identical"
    profiles = [Path(one["path"]).name for one in summary["files"]]
    names = ("profile.prof", "profile.speedscope.json", "profile.lprof")
    assert profiles == [name for name in names for _ in ("baseline", "optimized")]
    assert not list(folder.rglob("*.npy"))


def test_rendering_twice_gives_the_same_bytes(copy: Path) -> None:
    folder = copy / "reports" / "squares"
    names = ("report.md", "stages.svg", "summary.json")
    before = [(folder / name).read_bytes() for name in names]
    output = copy / "elsewhere" / "mine.md"
    done = perfkit(copy, "report", "--output", str(output))
    assert done.returncode in {0, 4}, done.stderr
    assert [(folder / name).read_bytes() for name in names] == before
    assert output.read_text() == before[0].decode().replace("](stages.svg)", "](mine.svg)")
    assert output.with_suffix(".svg").read_bytes() == before[1]


def test_json_has_stdout_to_itself(copy: Path) -> None:
    done = perfkit(copy, "compare", "baseline", "optimized", "--pairs", "2", "--no-profile", "--json")
    assert done.returncode in {0, 4}, done.stderr
    assert len(json.loads(done.stdout)["pairs"]) == 2
    for arguments in (["run", "optimized"], ["profile", "optimized", "--line-limit", "0"], ["report"]):
        done = perfkit(copy, *arguments, "--json")
        assert done.returncode in {0, 4}, done.stderr
        assert json.loads(done.stdout)


def test_run_profile_and_list_speak_to_people(copy: Path) -> None:
    done = perfkit(copy, "run", "optimized", "--times", "2", "--set", "n=500")
    assert done.returncode == 0
    assert "square" in done.stdout
    done = perfkit(copy, "profile", "baseline", "optimized", "--line-limit", "2")
    assert done.returncode == 0, done.stderr
    assert "square" in done.stdout
    done = perfkit(copy, "list", "--runs")
    assert done.returncode == 0
    assert "optimized/squares.py" in done.stdout
    assert "comparison 20" in done.stdout


def test_one_pair_is_inconclusive(copy: Path) -> None:
    done = perfkit(copy, "compare", "baseline", "optimized", "--pairs", "1", "--no-profile", "--no-verify")
    assert done.returncode == 4
    assert "one pair gives no interval" in done.stderr
    assert "were not compared" in (copy / "reports/squares/report.md").read_text()


def test_a_different_output_fails(tmp_path: Path) -> None:
    root = project(tmp_path, optimized=running("return {'total': 1, 'mean': 0.5}"))
    done = perfkit(root, "compare", "baseline", "optimized", *FAST, "--no-profile")
    assert done.returncode == 1
    assert "gate failed: the output differs: result" in done.stderr
    report = (root / "reports/squares/report.md").read_text()
    assert "not verified" in report
    assert "no stage" in report  # the contender has other stages: named, not a crash


def test_a_contender_that_fails_midway_keeps_the_finished_runs(tmp_path: Path) -> None:
    body = f"""
    with stage("square"):
        if os.path.exists({str(tmp_path / "ran")!r}):
            raise ValueError("second time unlucky")
        open({str(tmp_path / "ran")!r}, "w").close()
    return {{"total": 1, "mean": 0.5}}
    """
    root = project(tmp_path, optimized=running(body))
    done = perfkit(root, "compare", "baseline", "optimized", "--pairs", "2", "--no-profile")
    says(
        done,
        3,
        "raised ValueError: second time unlucky in stage 'square'",
        "1 finished pair is kept: perfkit report 20",
    )
    assert len(list((root / "reports/squares/runs").iterdir())) >= 2
    done = perfkit(root, "report")
    assert done.returncode == 4
    assert "not complete" in (root / "reports/squares/report.md").read_text()


def test_values_that_cannot_be_pickled_are_not_checked(tmp_path: Path) -> None:
    body = """
    with stage("square") as s:
        s.checkpoint(lambda: 1)
    return {"total": sum(x * x for x in inputs), "mean": 0.5}
    """
    root = project(
        tmp_path, optimized=running(body), baseline=running(body) + "\ndef make_inputs(seed): return [1]"
    )
    done = perfkit(root, "compare", "baseline", "optimized", *FAST, "--no-profile")
    assert done.returncode in {0, 4}, done.stderr
    summary = json.loads((root / "reports/squares/summary.json").read_text())
    verifications = summary["comparison"]["scrutiny"]["verifications"]
    verdicts = {one["stage"]: one for one in verifications[0]["stages"]}
    assert verdicts["square"]["verdict"] == "not checked"
    assert verdicts["square"]["reason"]
    assert verdicts["result"]["verdict"] == "identical"


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (
            ["compare", "baseline", "optimized", "--budget", "0s"],
            2,
            "'0s' is no time above 0; write 90, 90s, 1.5min or 500ms",
        ),
        (["compare", "baseline", "optimized", "--budget", "soon"], 2, "'soon' is no time above 0"),
        (
            ["compare", "baseline", "optimized", "--smallest-effect", "0"],
            2,
            "'0' is not between 0 and 100 %; write 5% or 0.05",
        ),
        (["compare", "baseline", "optimized", "--warm=no"], 2, "'no' is not a valid integer range"),
        (
            ["compare", "baseline", "optimised"],
            2,
            "no variant 'optimised' of pipeline 'squares': did you mean 'optimized'?",
        ),
        (["compare", "baseline"], 2, "name two sides, the baseline first, not 1"),
        (["run", "baseline", "--pipeline", "sqares"], 2, "did you mean 'squares'?"),
        (["run", "baseline", "--set", "m=3"], 2, "has no parameter 'm'; it has: n"),
        (["run", "baseline", "--set", "n"], 2, "write NAME=VALUE"),
        (["run", "baseline", "--set", "n=1", "--set", "n=2"], 2, "'n' is set twice"),
        (["run", "baseline", "--seed", "-1"], 2, "--seed"),
        (["run", "baseline", "--timeout", "0"], 2, "--timeout"),
        (["compare", "baseline", "optimized", "--precision", "500%"], 2, "not between 0 and 100 %"),
        (["compare", "baseline", "optimized", "--pairs", "0"], 2, "--pairs"),
        (["report", "20990101"], 2, "there is no comparison '20990101'"),
        (["view", "20990101"], 2, "there is no variant '20990101'"),
        (["run", "baseline", "--set", "n=text"], 3, "make_inputs of baselines/squares.py raised TypeError"),
        (["vew"], 2, "there is no command 'vew': did you mean 'view'?"),
    ],
)
def test_wrong_use_is_one_sentence(compared: Path, arguments: list[str], status: int, words: str) -> None:
    says(perfkit(compared, *arguments), status, words)


def test_debug_shows_the_traceback(compared: Path) -> None:
    done = perfkit(compared, "run", "baseline", "--set", "m=3", "--debug")
    assert done.returncode == 2
    assert "Traceback" in done.stderr
    done = perfkit(compared, "run", "baseline", "--set", "n=text", "--debug")
    assert "in make_inputs" in done.stderr  # the worker's own traceback


def test_nothing_stored_yet(tmp_path: Path) -> None:
    root = project(tmp_path)
    says(
        perfkit(root, "report"),
        2,
        "there is no stored comparison of pipeline 'squares': run perfkit compare first",
    )
    says(
        perfkit(root, "view"),
        2,
        "there is no stored profile of 'baseline': run perfkit profile baseline first",
    )


def test_a_folder_without_pipelines(tmp_path: Path) -> None:
    for command in ("list", "report"):
        says(perfkit(tmp_path, command), 2, "there is no pipeline in", "baselines/NAME.py")


def test_a_damaged_comparison_is_named_and_the_rest_stays(copy: Path) -> None:
    folder = copy / "reports" / "squares" / "comparisons"
    (name,) = (one.name for one in folder.iterdir())
    (folder / name / "comparison.json").write_text("{")
    says(perfkit(copy, "report"), 2, f"{name}/comparison.json is damaged")
    done = perfkit(copy, "list")
    assert done.returncode == 0
    assert "unreadable" in done.stdout


def test_a_newer_run_is_refused(copy: Path) -> None:
    (comparison,) = (copy / "reports" / "squares" / "comparisons").glob("*/comparison.json")
    run = json.loads(comparison.read_text())["pairs"][0]["baseline_run"]
    file = copy / "reports" / "squares" / "runs" / run / "run.json"
    content = json.loads(file.read_text())
    file.write_text(json.dumps({**content, "schema": 99}))
    says(perfkit(copy, "report"), 2, "written by a newer perfkit (schema 99", "upgrade perfkit")


def test_an_unwritable_place_is_named(copy: Path) -> None:
    (copy / "a_file").write_text("")
    done = perfkit(copy, "report", "--output", "a_file/report.md")
    says(done, 2, "cannot write", "a_file/report.md")
    shutil.rmtree(copy / "reports")
    (copy / "reports").write_text("")
    says(perfkit(copy, "run", "baseline"), 2, "cannot make the folder")


def test_a_full_disk_keeps_what_was_there(copy: Path, tmp_path: Path) -> None:
    """Write on a real full disk: a tmpfs of 64 KiB."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        reports = copy / "reports"
        shutil.rmtree(reports)
        reports.symlink_to(small)
        project(
            copy, optimized=running("sys.stdout.write('x' * 10_000_000)\nreturn {'total': 1, 'mean': 0.5}")
        )
        done = perfkit(copy, "run", "optimized")
        assert done.returncode == 3, done.stderr
        assert "No space left on device" in done.stderr
        assert not list(small.glob("squares/runs/*"))
        project(copy)
        done = perfkit(copy, "run", "optimized")
        assert done.returncode == 0, done.stderr
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_colours_stay_out_of_files(copy: Path) -> None:
    done = perfkit(copy, "report")
    assert "\x1b[" not in done.stdout + done.stderr
    done = perfkit(copy, "report", FORCE_COLOR="1")
    assert "\x1b[" in done.stdout
    done = perfkit(copy, "report", FORCE_COLOR="1", NO_COLOR="1")
    assert "\x1b[3" not in done.stdout


def test_a_reader_that_goes_away_is_no_error(compared: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m perfkit list --runs | head -1"],
        cwd=compared,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr == ""


def test_ctrl_c_keeps_the_finished_pairs(tmp_path: Path) -> None:
    body = f"""
    first, hangs = {str(tmp_path / "first")!r}, {str(tmp_path / "hangs")!r}
    if os.path.exists(first):
        open(hangs, "w").close()
        time.sleep(600)
    open(first, "w").close()
    return {{"total": 1, "mean": 0.5}}
    """
    root = project(tmp_path, optimized=running(body))
    running_compare = subprocess.Popen(
        [sys.executable, "-m", "perfkit", "compare", "baseline", "optimized"],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while not (tmp_path / "hangs").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    running_compare.send_signal(signal.SIGINT)
    stdout, stderr = running_compare.communicate(timeout=60)
    assert running_compare.returncode == 130
    assert stdout == ""
    assert "interrupted by the user; 1 finished pair is kept: perfkit report 20" in stderr
    done = perfkit(root, "report")
    assert done.returncode == 4
    assert "interrupted by the user" in (root / "reports/squares/report.md").read_text()
