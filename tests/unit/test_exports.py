"""Exports, each read back by the tool it is for, or by a reader of the format's definition."""

from __future__ import annotations

import cProfile
import csv
import io
import itertools
import json
import marshal
import math
import pstats
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pyperf
import pytest
import snakeviz.stats
from pytest_benchmark.logger import Logger
from pytest_benchmark.stats import Stats
from pytest_benchmark.storage.file import FileStorage

from perfkit import model
from perfkit.errors import StoreError
from perfkit.report.exports import (
    benchmarks,
    chrome,
    folded,
    pstats_sum,
    pytest_benchmark,
    speedscope,
    spreadsheet,
    trees,
)
from perfkit.report.exports import pyperf as pyperf_export
from perfkit.report.exports.benchmarks import Timed
from tests import builders
from tests.call_trees import AWKWARD, EMPTY, STILL, WORK, read_folded, tree

SCHEMA = json.loads((Path(__file__).parents[1] / "data" / "speedscope.schema.json").read_text())
TREES = {"work": WORK, "awkward": AWKWARD, "empty": EMPTY, "still": STILL}


# ---------------------------------------------------------------- speedscope


def as_speedscope(*profiles: tuple[str, model.CallTree]) -> Any:
    made = json.loads(speedscope.render(profiles, name="demo", exporter="perfkit@1"))
    jsonschema.Draft7Validator(SCHEMA).validate(made)
    for one in made["profiles"]:
        assert len(one["samples"]) == len(one["weights"])
        assert one["startValue"] == 0
        assert one["endValue"] == pytest.approx(math.fsum(one["weights"]))
        assert all(index < len(made["shared"]["frames"]) for stack in one["samples"] for index in stack)
    return made


@pytest.mark.parametrize("name", TREES)
def test_speedscope_holds_each_stack_with_its_time(name: str) -> None:
    made = as_speedscope(("baseline", TREES[name]))
    profile = made["profiles"][0]
    assert profile["unit"] == "seconds"
    assert profile["endValue"] == pytest.approx(math.fsum(TREES[name].self_s))
    frames = made["shared"]["frames"]
    found = {
        tuple(frames[index]["name"] for index in stack): weight
        for stack, weight in zip(profile["samples"], profile["weights"], strict=True)
    }
    assert found == {
        tuple(trees.name(TREES[name].frames[one]) for one in trees.stack(TREES[name], node)): spent
        for node, spent in enumerate(TREES[name].self_s)
        if spent
    }


def test_speedscope_shares_the_frames_of_before_and_after() -> None:
    after = tree({"run baselines/demo.py:3": 0.1, "run baselines/demo.py:3;sum ~": 0.2})
    made = as_speedscope(("baseline", WORK), ("optimized", after))
    assert [one["name"] for one in made["profiles"]] == ["baseline", "optimized"]
    frames = made["shared"]["frames"]
    assert len({json.dumps(one) for one in frames}) == len(frames)
    first, second = (one["samples"][0][0] for one in made["profiles"])
    assert frames[first] == frames[second] == {"name": "run", "file": "baselines/demo.py", "line": 3}
    assert {"name": "sum"} in frames
    assert {"name": "[work]"} in frames


def test_speedscope_keeps_what_belongs_together_beside_each_other() -> None:
    """The view in the order of time merges neighbours, so a subtree must not be torn."""
    made = as_speedscope(("baseline", tree({"a x:1;b x:2": 1, "c x:3": 1, "a x:1;d x:4": 1})))
    roots = [stack[0] for stack in made["profiles"][0]["samples"]]
    assert len(list(itertools.groupby(roots))) == 2


def test_guessed_stacks_say_so() -> None:
    guessed = tree({"run x:1": 1.0}, approximate=True)
    assert "approximated" in as_speedscope(("baseline", guessed))["profiles"][0]["name"]
    assert "approximated" in chrome.render([("baseline", guessed)], name="demo").decode()
    assert folded.render(guessed).decode() == "(approximate);run(x:1) 1000000\n"
    both = folded.render_difference(guessed, tree({"run y:2": 1.0})).decode()
    assert both == "(approximate);run 1000000 1000000\n"


def test_half_a_surrogate_pair_does_no_harm() -> None:
    made = as_speedscope(("baseline", tree({"a\udc80b x:1": 1.0})))
    assert made["shared"]["frames"][0]["name"] == "a\udc80b"
    assert read_folded(folded.render(tree({"a\udc80b x:1": 1.0}))) == {("a\udc80b(x:1)",): (1_000_000,)}


# ---------------------------------------------------------------- folded stacks


@pytest.mark.parametrize("name", TREES)
def test_folded_stacks_are_read_back(name: str) -> None:
    found = read_folded(folded.render(TREES[name]))
    expected: dict[tuple[str, ...], float] = {}
    for node, spent in enumerate(TREES[name].self_s):
        labels = []
        for index in trees.stack(TREES[name], node):
            frame = TREES[name].frames[index]
            file, line = trees.place(frame)
            labels.append(trees.name(frame) + (f"({file}:{line})" if file else ""))
        expected[tuple(labels)] = expected.get(tuple(labels), 0) + spent
    assert {stack: weight for stack, (weight,) in found.items()} == {
        stack: round(spent * 1e6) for stack, spent in expected.items() if round(spent * 1e6)
    }


def test_a_name_that_ends_in_a_number_is_no_weight() -> None:
    """flamegraph.pl takes a second number for that of another profile."""
    made = folded.render(tree({"part 7 ~": 0.5})).decode()
    assert made == "part%207 500000\n"


def test_both_profiles_stand_side_by_side() -> None:
    after = tree(
        {
            "run optimized/demo.py:9;[work];step optimized/demo.py:2": 0.25,
            "run optimized/demo.py:9;json.loads /usr/lib/python3/json/__init__.py:299": 0.5,
        }
    )
    assert read_folded(folded.render_difference(WORK, after)) == {
        ("run",): (100_000, 0),
        ("run", "[work]", "step"): (1_500_000, 250_000),
        ("run", "[work]", "step", "<built-in method math.sqrt>"): (400_000, 0),
        ("run", "json.loads(/usr/lib/python3/json/__init__.py:299)"): (0, 500_000),
    }


def test_one_side_may_be_empty() -> None:
    assert read_folded(folded.render_difference(EMPTY, tree({"a x:1": 1e-6}))) == {("a",): (0, 1)}
    assert read_folded(folded.render_difference(tree({"a x:1": 1e-6}), EMPTY)) == {("a",): (1, 0)}
    assert folded.render_difference(EMPTY, STILL) == b""


# ---------------------------------------------------------------- Chrome's trace events


def traced(*profiles: tuple[str, model.CallTree]) -> list[dict[str, Any]]:
    """Read a trace; checks that calls of a thread nest or follow each other."""
    made = json.loads(chrome.render(profiles, name="demo"))
    calls = [one for one in made["traceEvents"] if one["ph"] == "X"]
    assert {one["ph"] for one in made["traceEvents"]} <= {"X", "M"}
    for _, thread in itertools.groupby(calls, lambda one: (one["pid"], one["tid"])):
        open_until: list[float] = []
        now = 0.0
        for one in thread:
            begin, end = one["ts"], one["ts"] + one["dur"]  # readers add them up as doubles
            assert int(begin * 1000) == begin * 1000  # and others cut nanoseconds off
            assert begin >= now
            assert end > begin
            now = begin
            while open_until and open_until[-1] <= begin:
                open_until.pop()
            assert not open_until or end <= open_until[-1]
            open_until.append(end)
    return made["traceEvents"]


@pytest.mark.parametrize("name", TREES)
def test_a_trace_lays_the_tree_out(name: str) -> None:
    events = traced(("baseline", TREES[name]))
    calls = [one for one in events if one["ph"] == "X"]
    whole = trees.whole_ns(TREES[name])
    assert len(calls) == sum(one > 0 for one in whole)
    ends = {}
    for one in calls:
        ends[one["tid"]] = max(ends.get(one["tid"], 0.0), one["ts"] + one["dur"])
    roots = sum(one for one, parent in zip(whole, TREES[name].parent, strict=True) if parent < 0)
    assert math.fsum(ends.values()) == pytest.approx(roots / 1000)


def test_before_and_after_are_two_processes_with_names() -> None:
    events = traced(("baseline", WORK), ("optimized", STILL))
    names = {one["pid"]: one["args"]["name"] for one in events if one["name"] == "process_name"}
    assert names == {1: "baseline", 2: "optimized"}
    calls = {one["name"]: (one["ts"], one["dur"]) for one in events if one["ph"] == "X"}
    assert calls == {
        "run (baselines/demo.py:3)": (0, 2_000_000),
        "[work]": (0, 1_900_000),
        "step (baselines/demo.py:8)": (0, 1_900_000),
        "<built-in method math.sqrt>": (0, 400_000),
    }


def test_threads_are_laid_out_beside_each_other() -> None:
    events = traced(("baseline", tree({"run x:1": 1.0, "thread pool-0 ;job x:5": 3.0})))
    calls = {one["name"]: one for one in events if one["ph"] == "X"}
    assert calls["run (x:1)"]["tid"] != calls["job (x:5)"]["tid"] == calls["thread pool-0"]["tid"]
    assert calls["run (x:1)"]["ts"] == calls["job (x:5)"]["ts"] == 0
    threads = {one["tid"]: one["args"]["name"] for one in events if one["name"] == "thread_name"}
    assert threads[calls["job (x:5)"]["tid"]] == "thread pool-0"


# ---------------------------------------------------------------- pstats


def recorded(times: int) -> bytes:
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(times):
        helper(40)
    profile.disable()
    profile.create_stats()
    return marshal.dumps(profile.stats)  # type: ignore[attr-defined]


def helper(n: int) -> int:
    return n if n < 2 else helper(n - 1) + sum(range(20))


def test_cprofile_runs_add_up(tmp_path: Path) -> None:
    file = tmp_path / "sum.prof"
    file.write_bytes(pstats_sum.render({"one": recorded(2), "two": recorded(3), "three": recorded(0)}))
    stats = pstats.Stats(str(file))
    key = next(one for one in stats.stats if one[2] == "helper")  # type: ignore[attr-defined]
    primitive, calls, self_s, cumulative_s, callers = stats.stats[key]  # type: ignore[attr-defined]
    assert (primitive, calls) == (5, 200)
    assert 0 < self_s <= cumulative_s
    assert callers[key][0] == 195

    rows = snakeviz.stats.table_rows(stats)
    assert next(row for row in rows if row[6].endswith("(helper)"))[0] == ["200/5", 200]
    tree_of_calls = snakeviz.stats.json_stats(stats)
    assert next(one for name, one in tree_of_calls.items() if name.endswith("(helper)"))["stats"][1] == 200

    drawn = subprocess.run(
        [sys.executable, "-m", "gprof2dot", "-f", "pstats", "-n", "0", "-e", "0", str(file)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "200×" in drawn.stdout
    assert ":helper" in drawn.stdout


def test_one_cprofile_run_stays_what_it_is() -> None:
    one = recorded(1)
    made = pstats_sum.render({"one": one})
    assert marshal.loads(made) == marshal.loads(one)  # noqa: S302  both are ours


@pytest.mark.parametrize("content", [b"", b"nothing", marshal.dumps(3), marshal.dumps({"a": 1})])
def test_a_damaged_cprofile_run_is_named(content: bytes) -> None:
    with pytest.raises(StoreError, match=r"reports/x\.prof is damaged"):
        pstats_sum.render({"reports/x.prof": content})


# ---------------------------------------------------------------- pyperf


def timed(*runs: model.TimingRun) -> list[Timed]:
    return [Timed(run=one) for one in runs]


def both(n: int = 5) -> list[Timed]:
    """Return the runs of a comparison, in pairs."""
    found = []
    for index in range(n):
        plan = builders.pair_plan(index)
        for side, name, time_s in (("baseline", "baseline", 2.0), ("contender", "optimized", 0.5)):
            spent = time_s * (1 + 0.01 * ((index * 7) % 5))
            run = builders.timing_run(f"{name}{index}", name, spent, peak_rss_bytes=None if index else 1000)
            found.append(Timed(run=run, pair=plan, side=side))  # type: ignore[arg-type]
    return found


def suite(content: bytes, folder: Path, name: str = "suite.json") -> tuple[pyperf.BenchmarkSuite, Path]:
    file = folder / name
    file.write_bytes(content)
    return pyperf.BenchmarkSuite.load(str(file)), file


def test_pyperf_reads_each_variant_and_stage(tmp_path: Path) -> None:
    found = benchmarks.collect(both(), "demo", stages=True)
    read, file = suite(pyperf_export.render(found, builders.environment()), tmp_path)
    assert read.get_benchmark_names() == [
        "demo[baseline]", "demo[baseline]/work", "demo[optimized]", "demo[optimized]/work",
    ]  # fmt: skip
    whole = read.get_benchmark("demo[baseline]")
    assert whole.get_values() == tuple(one.run.run_s for one in both() if one.side == "baseline")
    assert [len(run.values) for run in whole.get_runs()] == [1] * 5
    metadata = whole.get_metadata()
    assert metadata["cpu_model_name"] == "Test CPU"
    assert metadata["python_version"] == "3.11.7"
    assert metadata["unit"] == "second"
    assert metadata["date"] == "2026-01-02T03:04:05+00:00"
    assert read.get_benchmark("demo[optimized]/work").mean() == pytest.approx(0.9 * 0.51)
    assert whole.get_runs()[0].get_metadata()["mem_max_rss"] == 1000
    # What pyperf writes of it is what it reads again: nothing was lost on the way.
    again = io.StringIO()
    read.dump(again)
    assert pyperf.BenchmarkSuite.loads(again.getvalue()).get_benchmark_names() == read.get_benchmark_names()
    for command in ("show", "stats", "metadata", "dump"):
        subprocess.run([sys.executable, "-m", "pyperf", command, file], capture_output=True, check=True)


def test_pyperf_reads_warm_samples() -> None:
    warm = builders.timing_run("a", run_s=0.25, repeats=40, first_s=1.0)
    found = benchmarks.collect(timed(warm), "demo", stages=False)
    read = pyperf.Benchmark.loads(pyperf_export.render(found, None).decode())
    assert read.get_name() == "demo"
    (run,) = read.get_runs()
    assert (run.get_loops(), run.warmups, run.values) == (40, ((1, 1.0),), (0.25,))
    assert read.get_total_duration() == warm.process_s


def test_pyperf_takes_no_time_of_zero() -> None:
    runs = [
        builders.timing_run(f"r{index}", stages=builders.stages(never=0.0, sometimes=0.1 * index, always=0.2))
        for index in range(2)
    ]
    found = benchmarks.collect(timed(*runs), "demo", stages=True)
    assert [one.stage for one in found if not pyperf_export.fits(one)] == ["never", "sometimes"]
    with pytest.raises(ValueError, match="> 0"):
        pyperf.BenchmarkSuite.loads(pyperf_export.render(found, None).decode())


def test_a_stage_of_another_thread_is_a_benchmark_of_its_own() -> None:
    beside = model.StageTiming(path="work", calls=3, total_s=0.7, in_main_thread=False)
    run = builders.timing_run("a", stages=(*builders.stages(work=0.2), beside))
    found = benchmarks.collect(timed(run), "demo", stages=True)
    assert {one.name: one.values_s for one in found} == {
        "demo": (1.0,),
        "demo/work": (0.2,),
        "demo/work (other threads)": (0.7,),
    }


def test_a_stage_that_some_runs_lack_says_so() -> None:
    runs = [builders.timing_run("a"), builders.timing_run("b", stages=builders.stages(rare=0.1))]
    found = benchmarks.collect(timed(*runs), "demo", stages=True)
    assert [(one.name, len(one.runs), one.of) for one in found] == [
        ("demo", 2, 2), ("demo/work", 1, 2), ("demo/rare", 1, 2),
    ]  # fmt: skip


HOSTILE = ["a\nb", "a\\nb", "\x00\x07", "naïve 🐢", "a b", "=1+1", "\u2028", "x" * 500]


def test_hostile_names_stay_apart(tmp_path: Path) -> None:
    stages = tuple(model.StageTiming(path=one, calls=1, total_s=0.1) for one in HOSTILE)
    runs = [builders.timing_run("a", stages=stages, variant=builders.variant("base\nline"))]
    found = benchmarks.collect(timed(*runs), "de\rmo", stages=True)
    read, _ = suite(pyperf_export.render(found, builders.environment(cpu="A\nB")), tmp_path)
    assert len(read) == len(HOSTILE) + 1
    assert "de\\rmo/a\\nb" in read.get_benchmark_names()
    stored = stored_benchmarks(pytest_benchmark.render(found, None, project="p"), tmp_path)
    assert len({one["name"] for one in stored}) == len(HOSTILE) + 1
    rows = read_csv(spreadsheet.timings(timed(*runs)))
    assert [row["stage"] for row in rows if row["what"] == "stage"] == [
        f"'{one}" if one.startswith("=") else one for one in HOSTILE
    ]


# ---------------------------------------------------------------- pytest-benchmark


def stored_benchmarks(content: bytes, folder: Path) -> list[dict[str, Any]]:
    """Let pytest-benchmark load a file from its storage."""
    storage = folder / "storage"
    file = storage / "machine" / "0001_demo.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return list(FileStorage(str(storage), logger=Logger(Logger.QUIET)).load_benchmarks("0001"))


def test_pytest_benchmark_loads_each_variant_and_stage(tmp_path: Path) -> None:
    found = benchmarks.collect(both(), "demo", stages=True)
    content = pytest_benchmark.render(found, builders.environment(git_dirty=True), project="mine")
    stored = stored_benchmarks(content, tmp_path)
    assert [one["name"] for one in stored] == [one.name for one in found]
    assert [one["group"] for one in stored] == ["demo", "demo/work"] * 2
    assert stored[0]["data"] == [one.run.run_s for one in both() if one.side == "baseline"]
    whole = json.loads(content)
    assert whole["commit_info"]["id"] == "a" * 40
    assert whole["commit_info"]["dirty"] is True
    assert whole["machine_info"]["cpu"]["brand_raw"] == "Test CPU"


def test_pytest_benchmark_compares_them(tmp_path: Path) -> None:
    found = benchmarks.collect(both(), "demo", stages=True)
    stored_benchmarks(pytest_benchmark.render(found, None, project="p"), tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "pytest_benchmark", "--storage", tmp_path / "storage", "compare", "0001"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert "benchmark 'demo': 2 tests" in done.stdout
    assert "benchmark 'demo/work': 2 tests" in done.stdout
    assert "demo[optimized]" in done.stdout


@pytest.mark.parametrize("n", range(1, 14))
def test_statistics_are_those_of_pytest_benchmark(n: int) -> None:
    values = [((index * 7919) % 101) / 10 + (50 if index == 8 else 0) + 0.1 for index in range(n)]
    theirs = Stats()
    for one in values:
        theirs.update(one)
    assert pytest_benchmark.summary(values) == theirs.as_dict()


@pytest.mark.parametrize("values", [[0.0], [0.0, 0.0], [0.1] * 5, [0.3] * 7])
def test_statistics_of_equal_values(values: list[float]) -> None:
    theirs = Stats()
    for one in values:
        theirs.update(one)
    assert pytest_benchmark.summary(values) == theirs.as_dict()


# ---------------------------------------------------------------- tables


def read_csv(content: bytes) -> list[dict[str, str]]:
    text = content.decode()
    assert text.endswith("\r\n")
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert {len(row) for row in rows} == {len(rows[0])}
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def test_timings_are_one_row_each() -> None:
    run = builders.timing_run("a", run_s=1 / 3, stages=builders.stages(load=0.1, load__parse=0.1 + 0.2))
    plan = builders.pair_plan(3)
    rows = read_csv(spreadsheet.timings([Timed(run=run, pair=plan, side="baseline")]))
    assert [(row["what"], row["stage"]) for row in rows] == [
        ("process", ""), ("import", ""), ("inputs", ""), ("run", ""),
        ("stage", "load"), ("stage", "load/parse"),
    ]  # fmt: skip
    assert [float(row["time_s"]) for row in rows] == [1 / 3 + 0.5, 0.3, 0.1, 1 / 3, 0.1, 0.1 + 0.2]
    assert rows[-1]["time_s"] == "0.30000000000000004"
    assert {(row["pair"], row["side"], row["place_in_pair"]) for row in rows} == {("3", "baseline", "2")}
    alone = read_csv(spreadsheet.timings(timed(run)))[0]
    assert (alone["pair"], alone["side"], alone["place_in_pair"]) == ("", "", "")


def cost(name: str, self_s: float = 1.0) -> model.FunctionCost:
    return model.FunctionCost(
        file="baselines/demo.py",
        line=3,
        name=name,
        calls=2,
        primitive_calls=1,
        self_s=self_s,
        cumulative_s=2.0,
    )


def delta(before: str | None, after: str | None, saved_s: float) -> model.FunctionDelta:
    return model.FunctionDelta(
        before=cost(before) if before is not None else None,
        after=cost(after) if after is not None else None,
        how="same name" if before and after else "new" if after else "vanished",
        saved_self_s=saved_s,
        saved_cumulative_s=saved_s,
        share=None,
    )


def difference(**changes: Any) -> model.Difference:
    side = model.ProfiledSide(title="x", run_id="", profiler="cprofile", python="", total_s=1.0)
    return model.Difference(**{"before": side, "after": side, "stages": (), "functions": (), **changes})


def test_functions_are_one_row_each() -> None:
    deltas = (delta("f", "f", -0.5), delta("=cmd|'/C calc'!A0", None, 1.0), delta(None, 'new\r\n,"x"', -1.0))
    rows = read_csv(spreadsheet.functions(difference(functions=deltas)))
    assert [row["how"] for row in rows] == ["same name", "vanished", "new"]
    assert [float(row["saved_self_s"]) for row in rows] == [-0.5, 1.0, -1.0]
    assert rows[0]["saved_self_s"] == "-0.5"
    assert rows[1]["before_name"] == "'=cmd|'/C calc'!A0"
    assert rows[1]["after_name"] == rows[1]["after_self_s"] == ""
    assert rows[2]["after_name"] == 'new\r\n,"x"'
    assert rows[0]["share"] == ""


def test_functions_by_stage_add_up() -> None:
    stage = model.StageDelta(
        path="work", before_s=3.0, after_s=1.0, rest_before_s=0.25, rest_after_s=0.5,
        functions=(delta("f", "f", 1.5),), more=2, more_saved_s=0.75,
    )  # fmt: skip
    rows = read_csv(spreadsheet.functions_by_stage(difference(stages=(stage,))))
    assert [row["row"] for row in rows] == ["function", "more", "rest"]
    assert math.fsum(float(row["saved_self_s"]) for row in rows) == stage.before_s - stage.after_s


def test_lines_are_one_row_each() -> None:
    lines = (
        model.AlignedLine(
            kind="replaced",
            before=model.SideLine(number=4, text="@stage('x')", hits=1, time_s=0.5, share=0.25),
            after=model.SideLine(number=7, text="    y = 1"),
        ),
        model.AlignedLine(kind="added", before=None, after=model.SideLine(number=8, text="-1")),
    )
    function = model.AlignedFunction(
        stage="work", before="f", after="g", before_file="a.py", after_file="b.py", before_s=1.0, after_s=0.5,
        how="similar", lines=lines,
    )  # fmt: skip
    rows = read_csv(spreadsheet.lines(difference(lines=(function,))))
    assert rows[0]["before_text"] == "'@stage('x')"
    assert rows[0]["after_text"] == "    y = 1"
    assert (rows[0]["before_hits"], rows[0]["after_hits"]) == ("1", "")
    assert (rows[1]["before_line"], rows[1]["after_line"], rows[1]["after_text"]) == ("", "8", "'-1")


@pytest.mark.parametrize("start", [*"=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"])
def test_no_name_is_a_formula(start: str) -> None:
    rows = read_csv(spreadsheet.functions(difference(functions=(delta(f"{start}x", None, 1.0),))))
    assert rows[0]["before_name"] == f"'{start}x"
