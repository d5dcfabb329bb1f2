"""``perfkit export`` as a user meets it: each format with its reader, and a sentence for each mistake."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import pstats
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyperf
import pytest

from perfkit import model
from perfkit.store import Store
from tests.call_trees import WORK, read_folded, tree
from tests.cli.test_cli import FAST, perfkit, says
from tests.pipelines import project

LATER = "29990102-030405678"  # after every run that is recorded here


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = project(tmp_path_factory.mktemp("exports"))
    done = perfkit(root, "compare", "baseline", "optimized", *FAST, "--no-verify")
    assert done.returncode in {0, 4}, done.stderr  # the machine may be too noisy to decide
    return root


@pytest.fixture
def copy(compared: Path, tmp_path: Path) -> Path:
    """Give a copy of the compared project, to be changed."""
    return Path(shutil.copytree(compared, tmp_path / "copy"))


def stored(root: Path) -> Store:
    return Store(root / "reports" / "squares")


def ids(root: Path, *words: str) -> list[str]:
    return [one for one in stored(root).run_ids() if all(word in one for word in words)]


def timed_ids(root: Path, variant: str) -> list[str]:
    store = stored(root)
    return [one for one in ids(root, variant) if store.run_kind(one) is model.TimingRun]


def add_profile(root: Path, run_id: str, variant: str, profiler: str, **changes: Any) -> str:
    """Store a profile run of the code that was compared."""
    store = stored(root)
    like = store.read_run(ids(root, variant, "cprofile")[-1], model.ProfileRun)
    run = model.ProfileRun(
        id=run_id,
        variant=like.variant,
        inputs_from=like.inputs_from,
        profiler=profiler,
        seed=1,
        parameters=like.parameters,
        started_at="2999-01-02T03:04:05+00:00",
        file=changes.pop("file", "profile.json"),
        traced_s=1.0,
        stages=(),
        **changes,
    )
    staged = store.stage()
    content = b'{"traceEvents": []}'
    (staged / run.file).write_bytes(gzip.compress(content) if run.file.endswith(".gz") else content)
    store.write_run(run, staged)
    return run_id


def export(root: Path, *arguments: str) -> str:
    done = perfkit(root, "export", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


# ---------------------------------------------------------------- call stacks


def test_both_sides_of_a_comparison_in_speedscope(compared: Path) -> None:
    profiles = json.loads(export(compared, "latest", "--to", "speedscope"))["profiles"]
    assert [one["name"].split()[0] for one in profiles] == ["baseline", "optimized"]
    side = json.loads(export(compared, "latest", "--to", "speedscope", "--side", "contender"))
    assert [one["name"] for one in side["profiles"]] == [profiles[1]["name"]]


def test_stacks_of_cprofile_are_said_to_be_guessed(compared: Path) -> None:
    runs = [*ids(compared, "baseline", "cprofile"), *ids(compared, "optimized", "cprofile")]
    made = json.loads(export(compared, *runs, "--to", "speedscope"))
    first, second = made["profiles"]
    assert first["name"].startswith("baseline (stacks approximated")
    assert second["name"].startswith("optimized (stacks approximated")
    frames = made["shared"]["frames"]
    places = {(one["name"], one.get("file")) for one in frames}
    assert ("square", "baselines/squares.py") in places
    assert ("square", "optimized/squares.py") in places


def test_sampled_stacks_are_preferred_to_guessed_ones(copy: Path) -> None:
    add_profile(copy, f"{LATER}-baseline-sampling-1", "baseline", "sampling", tree=WORK)
    add_profile(copy, f"{LATER}-baseline-line-2", "baseline", "line")
    found = read_folded(export(copy, "baseline", "--to", "folded").encode())
    assert sum(weight for (weight,) in found.values()) == 2_000_000
    assert ("run(baselines/demo.py:3)",) in found
    # The other side has guessed ones, and so the two together say so.
    guessed = ids(copy, "optimized", "cprofile")[0]
    both = read_folded(export(copy, "baseline", guessed, "--to", "difffolded").encode())
    assert {stack[0] for stack in both} == {"(approximate)"}
    done = perfkit(copy, "export", "baseline", guessed, "--to", "difffolded")
    assert "their times are not inflated alike" in done.stderr
    assert "different parameters" not in done.stderr
    done = perfkit(copy, "export", "baseline", "--to", "folded")
    assert "The weights are microseconds" in done.stderr
    assert f"run {LATER}-baseline-sampling-1" in done.stderr


def test_two_runs_of_one_variant_are_told_apart(copy: Path) -> None:
    runs = [
        add_profile(copy, f"{LATER}-baseline-sampling-{n}", "baseline", "sampling", tree=WORK) for n in (1, 2)
    ]
    made = json.loads(export(copy, *runs, "--to", "speedscope"))
    assert [one["name"] for one in made["profiles"]] == [f"baseline {one}" for one in runs]
    events = json.loads(export(copy, *runs, "--to", "chrome"))["traceEvents"]
    assert {one["pid"] for one in events} == {1, 2}


def test_a_trace_is_handed_on_as_it_is(copy: Path) -> None:
    for index, file in enumerate(("trace.json", "trace.json.gz")):
        run = add_profile(copy, f"{LATER}-baseline-torch-{index}", "baseline", "torch", file=file)
        assert export(copy, run, "--to", "chrome") == '{"traceEvents": []}'
    says(perfkit(copy, "export", run, "optimized", "--to", "chrome"), 2, "export it alone")
    (stored(copy).run_folder(run) / "trace.json.gz").write_bytes(b"\x1f\x8bnothing")
    says(perfkit(copy, "export", run, "--to", "chrome"), 2, "trace.json.gz is damaged")
    says(perfkit(copy, "export", run, "--to", "speedscope"), 2, "speedscope takes call stacks")


def test_stacks_without_time_say_so(copy: Path) -> None:
    run = add_profile(copy, f"{LATER}-baseline-sampling-1", "baseline", "sampling", tree=tree({}))
    done = perfkit(copy, "export", run, "--to", "folded")
    assert (done.returncode, done.stdout) == (0, "")
    assert "its stacks hold no time" in done.stderr


# ---------------------------------------------------------------- cProfile


def test_cprofile_runs_are_added_up(copy: Path) -> None:
    already = ids(copy, "baseline", "cprofile")
    for _ in range(2):
        done = perfkit(copy, "profile", "baseline", "--line-limit", "0")
        assert done.returncode == 0, done.stderr
    runs = [one for one in ids(copy, "baseline", "cprofile") if one not in already]
    file = copy / "sum.prof"
    assert export(copy, *runs, "--to", "pstats", "--output", str(file)) == ""
    stats = pstats.Stats(str(file)).stats  # type: ignore[attr-defined]
    assert {one[0] for key, one in stats.items() if key[2] == "square"} == {2}
    says(perfkit(copy, "export", *runs, "--to", "pstats"), 2, "pstats is no text: name a file with --output")
    says(
        perfkit(copy, "export", "latest", "--to", "pstats", "--output", "both.prof"),
        2,
        "these are of baseline and optimized",
    )
    assert not (copy / "both.prof").exists()


# ---------------------------------------------------------------- timings


def test_pyperf_compares_two_exports(copy: Path) -> None:
    files = []
    for side in ("baseline", "contender"):
        files.append(str(copy / f"{side}.json"))
        export(copy, "latest", "--side", side, "--to", "pyperf", "--stages", "--output", files[-1])
    suite = pyperf.BenchmarkSuite.load(files[0])
    assert suite.get_benchmark_names() == ["squares", "squares/square", "squares/total"]
    store = stored(copy)
    pairs = store.read_comparison(store.comparison_ids()[-1]).pairs
    runs = [store.read_run(pair.baseline_run, model.TimingRun) for pair in pairs]
    assert list(suite.get_benchmark("squares").get_values()) == [one.run_s for one in runs]
    assert suite.get_metadata()["cpu_count"] == os.cpu_count()
    done = subprocess.run(
        [sys.executable, "-m", "pyperf", "compare_to", *files, "--verbose"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "squares/total" in done.stdout
    assert "Mean +- std dev: [baseline]" in done.stdout


def test_runs_without_a_comparison_have_no_machine(copy: Path) -> None:
    perfkit(copy, "run", "optimized")
    done = perfkit(copy, "export", "optimized", "--to", "pyperf")
    benchmark = pyperf.Benchmark.loads(done.stdout)
    (run,) = benchmark.get_runs()
    assert run.get_metadata()["perfkit_run"] == timed_ids(copy, "optimized")[-1]
    assert "cpu_model_name" not in run.get_metadata()
    assert "were not kept" in done.stderr


def test_a_run_of_a_comparison_has_its_machine(compared: Path) -> None:
    run = timed_ids(compared, "optimized")[0]
    done = perfkit(compared, "export", run, "--to", "pytest-benchmark")
    made = json.loads(done.stdout)
    assert done.stderr == ""
    assert made["machine_info"]["python_version"] == sys.version.split()[0]
    assert made["benchmarks"][0]["extra_info"]["perfkit_runs"] == [run]


def test_pytest_benchmark_compares_a_comparison(copy: Path) -> None:
    export(
        copy, "latest", "--to", "pytest-benchmark", "--stages", "--output", str(copy / "0001_squares.json")
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest_benchmark", "compare", "0001_squares.json"],
        capture_output=True,
        text=True,
        check=True,
        cwd=copy,
    )
    assert "benchmark 'squares/square': 2 tests" in done.stdout


def test_runs_that_differ_are_not_put_together(copy: Path) -> None:
    run = timed_ids(copy, "optimized")[0]
    assert perfkit(copy, "run", "optimized", "--set", "n=100").returncode == 0
    later = timed_ids(copy, "optimized")[-1]
    says(
        perfkit(copy, "export", run, later, "--to", "pyperf"),
        2,
        f"{run} and {later} differ in their parameters",
    )
    assert len(export(copy, run, later, "--to", "csv").splitlines()) == 1 + 2 * 6


# ---------------------------------------------------------------- tables


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_timings_as_a_table(compared: Path) -> None:
    rows = table(export(compared, "latest", "--to", "csv"))
    runs = [row for row in rows if row["what"] == "run"]
    assert [row["side"] for row in runs].count("baseline") == 3
    assert len({(row["pair"], row["side"]) for row in runs}) == 6
    store = stored(compared)
    assert all(
        float(row["time_s"]) == store.read_run(row["run"], model.TimingRun).run_s
        and float(row["cpu_s"]) == store.read_run(row["run"], model.TimingRun).cpu_s
        for row in runs
    )


def test_functions_and_lines_as_tables(compared: Path) -> None:
    runs = [*ids(compared, "baseline", "cprofile"), *ids(compared, "optimized", "cprofile")]
    rows = table(export(compared, *runs, "--to", "csv"))
    square = next(row for row in rows if row["before_name"] == "square")
    assert square["after_file"] == "optimized/squares.py"
    assert float(square["saved_self_s"]) == float(square["before_self_s"]) - float(square["after_self_s"])
    by_stage = table(export(compared, "latest", "--to", "csv", "--table", "functions", "--stages"))
    assert {row["stage"] for row in by_stage} == {"", "square", "total"}
    lines = table(export(compared, "latest", "--to", "csv", "--table", "lines"))
    assert any(row["before_text"] == "        out.append(x * x)" and row["before_hits"] for row in lines)


# ---------------------------------------------------------------- files and mistakes


def test_a_file_is_written_whole_and_named(copy: Path) -> None:
    output = copy / "new" / "timings.csv"
    done = perfkit(copy, "export", "latest", "--to", "csv", "--output", str(output))
    assert (done.returncode, done.stdout) == (0, "")
    assert "wrote new/timings.csv" in done.stderr
    piped = [sys.executable, "-m", "perfkit", "export", "latest", "--to", "csv"]
    assert output.read_bytes() == subprocess.run(piped, cwd=copy, capture_output=True, check=True).stdout
    assert (
        "replaced new/timings.csv"
        in perfkit(copy, "export", "latest", "--to", "csv", "--output", str(output)).stderr
    )
    assert [one.name for one in output.parent.iterdir()] == ["timings.csv"]


def test_a_file_that_cannot_be_written_is_left(copy: Path) -> None:
    (copy / "in_the_way").write_text("a file")
    says(
        perfkit(copy, "export", "latest", "--to", "csv", "--output", "in_the_way/x.csv"),
        2,
        "cannot write in_the_way/x.csv",
    )
    assert (copy / "in_the_way").read_text() == "a file"
    says(perfkit(copy, "export", "latest", "--to", "csv", "--output", "reports"), 2, "is a directory")


def test_an_empty_store(tmp_path: Path) -> None:
    root = project(tmp_path)
    says(perfkit(root, "export", "latest", "--to", "csv"), 2, "there is no stored comparison")
    says(perfkit(root, "export", "2026", "--to", "csv"), 2, "nothing is stored of pipeline 'squares' yet")
    says(perfkit(root, "export", "baseline", "--to", "csv"), 2, "run perfkit run baseline first")
    done = perfkit(root, "export", "baseline", "--to", "folded")
    says(done, 2, "run perfkit profile baseline --with sampling first")


def test_each_mistake_has_its_sentence(compared: Path) -> None:
    profile = ids(compared, "baseline", "cprofile")[0]
    run = timed_ids(compared, "baseline")[0]
    line = ids(compared, "baseline-line-")[0]
    for arguments, words in (
        (["nothing", "--to", "csv"], "'nothing' is no variant and no stored run or comparison"),
        (["baseline-", "--to", "csv"], "'baseline-' fits several stored runs"),
        ([profile, "--to", "pyperf"], f"pyperf takes timed runs; {profile} is a cProfile profile"),
        ([run, "--to", "speedscope"], f"speedscope takes call stacks; {run} is a timed run"),
        (
            [line, "--to", "pstats", "--output", "x"],
            f"pstats takes cProfile's runs; {line} is a line_profiler",
        ),
        (["latest", "--to", "folded"], "folded takes one profile, not 2"),
        ([profile, "--to", "difffolded"], "difffolded takes two profiles, before and after, not 1"),
        ([profile, "--to", "csv"], "a table of functions takes two profiles"),
        (["baseline", "--to", "csv", "--side", "baseline"], "a side is chosen from a comparison"),
        (["latest", "--to", "csv", "--table", "lines", "--side", "baseline"], "leave --side out"),
        (["latest", "--to", "chrome", "--stages"], "stages are no choice for chrome"),
        (["latest", "--to", "csv", "--stages"], "stages are no choice for a table of timings"),
        (["latest", "--to", "pyperf", "--table", "lines"], "a table is chosen for csv alone"),
        (["latest", "--to", "xml"], "'xml' is not one of"),
        (["latest"], "Missing option '--to'"),
    ):
        says(perfkit(compared, "export", *arguments), 2, words)


def test_what_is_damaged_is_named(copy: Path) -> None:
    run = ids(copy, "baseline", "cprofile")[0]
    file = stored(copy).run_folder(run) / "profile.prof"
    file.write_bytes(b"nothing")
    says(perfkit(copy, "export", run, "--to", "pstats", "--output", "x.prof"), 2, "profile.prof", "damaged")
    file.unlink()
    says(
        perfkit(copy, "export", run, "--to", "pstats", "--output", "x.prof"), 2, "cannot read", "profile.prof"
    )
    assert not (copy / "x.prof").exists()
