"""The sampler: where stages stand in the tree, what it adds up to, threads, coroutines, what it admits."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import selectors
import subprocess
import sys
import threading
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit import stage
from perfkit.errors import StoreError
from perfkit.markers import Recorder
from perfkit.profilers import sampling
from perfkit.profilers import stacks as stacks_module
from perfkit.profilers.holders import Holders
from perfkit.profilers.stacks import Stacks, call_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from perfkit.model import CallTree, Profiled


class Clock:
    """Time passes only when a function says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def spend(self, seconds: float) -> None:
        self.now += seconds


def sampled(
    function: Callable[[Clock], object], folder: Path, *, module: Any = None
) -> tuple[Profiled, sampling.Profiler, Recorder]:
    clock = Clock()
    profiler = sampling.Profiler(module or types.SimpleNamespace(run=function), Path("x.py"), clock=clock)
    recorder = Recorder(watcher=profiler.watcher)
    recorder.start()
    try:
        profiler.run(functools.partial(function, clock))
    finally:
        recorder.stop()
    profiler.save(folder)
    return sampling.read(folder, Path(__file__).parents[2]), profiler, recorder


def stacks(tree: CallTree | None) -> dict[str, float]:
    """Self times by path; a stage is written in brackets."""
    assert tree is not None
    found: dict[str, float] = {}
    paths: list[str] = []
    for index, parent, self_s in zip(tree.frame, tree.parent, tree.self_s, strict=True):
        frame = tree.frames[index]
        name = frame.name.rpartition("<locals>.")[2]
        name = f"[{name}]" if frame.kind == "stage" else name
        paths.append(f"{paths[parent]} {name}" if parent >= 0 else name)
        if self_s:
            found[paths[-1]] = found.get(paths[-1], 0.0) + self_s
    return found


def within(found: dict[str, float], name: str) -> float:
    return sum(seconds for path, seconds in found.items() if name in path.split(" "))


# ---------------------------------------------------------------- stages in the tree


def test_stages_stand_above_what_they_hold(tmp_path: Path) -> None:
    @stage("decorated")
    def decorated(clock: Clock) -> None:
        clock.spend(0.25)
        with stage("inner"):
            clock.spend(0.5)
            helper(clock)

    def helper(clock: Clock) -> None:
        clock.spend(1.0)

    def run(clock: Clock) -> None:
        decorated(clock)
        clock.spend(2.0)
        with stage("block"):
            helper(clock)

    found, profiler, _ = sampled(run, tmp_path)
    assert stacks(found.tree) == {
        "run [decorated] decorated Clock.spend": 0.25,
        "run [decorated] decorated [decorated/inner] Clock.spend": 0.5,
        "run [decorated] decorated [decorated/inner] helper Clock.spend": 1.0,
        "run Clock.spend": 2.0,
        "run [block] helper Clock.spend": 1.0,
    }
    assert found.tree is not None
    assert sum(found.tree.samples) == 5
    assert found.tree.interval_s == sampling.INTERVAL_S
    assert "5 samples, too few" in profiler.warnings[0]
    names = {(one.name, one.file) for one in found.tree.frames}
    assert not any("perfkit/" in file for _, file in names)
    assert found.sources["tests/unit/test_sampling_profiler.py"] == Path(__file__).read_text()


def test_time_of_a_blocks_own_lines_is_the_stages(tmp_path: Path) -> None:
    def run(clock: Clock) -> None:
        with stage("block"):
            clock.now += 0.5
            len("")  # something that is called, so that there is a sample
        clock.now += 0.25
        len("")

    found, _, _ = sampled(run, tmp_path)
    assert stacks(found.tree) == {"run [block]": 0.5, "run": 0.25}


def test_what_generators_and_context_managers_open_belongs_to_their_user(tmp_path: Path) -> None:
    def items(clock: Clock) -> Iterator[int]:
        with stage("items"):
            for index in range(2):
                clock.spend(0.25)
                yield index

    @contextlib.contextmanager
    def managed() -> Iterator[None]:
        with stage("managed"):
            yield

    def run(clock: Clock) -> None:
        for _ in items(clock):
            clock.spend(0.5)
        with managed():
            clock.spend(1.0)
        with contextlib.ExitStack() as stack:
            stack.enter_context(stage("stacked"))
            clock.spend(2.0)
        clock.spend(4.0)

    found, _, recorder = sampled(run, tmp_path)
    assert stacks(found.tree) == {
        "run [items] items Clock.spend": 0.5,
        "run [items] Clock.spend": 1.0,
        "run [managed] Clock.spend": 1.0,
        "run [stacked] Clock.spend": 2.0,
        "run Clock.spend": 4.0,
    }
    assert [node.path for node in recorder.trees[recorder.main_thread].walk()] == [
        "items",
        "managed",
        "stacked",
    ]


def test_a_stage_opened_by_a_function_that_has_returned_is_not_lost(tmp_path: Path) -> None:
    marker = stage("by hand")

    def begin() -> None:
        marker.__enter__()

    def end() -> None:
        marker.__exit__(None, None, None)

    def work(clock: Clock) -> None:
        with stage("below"):
            clock.spend(0.5)

    def run(clock: Clock) -> None:
        begin()
        work(clock)
        end()
        clock.spend(0.25)

    found, profiler, _ = sampled(run, tmp_path)
    assert stacks(found.tree) == {
        "run [by hand] work [by hand/below] Clock.spend": 0.5,
        "run Clock.spend": 0.25,
    }
    assert not profiler.watcher._held


def test_exceptions_and_recursions_leave_no_stage_open(tmp_path: Path) -> None:
    @stage("again")
    def again(clock: Clock, n: int) -> None:
        clock.spend(0.5)
        if n:
            again(clock, n - 1)

    def run(clock: Clock) -> None:
        with contextlib.suppress(KeyError), stage("fails"):
            clock.spend(0.5)
            raise KeyError
        again(clock, 1)
        clock.spend(1.0)

    found, _, _ = sampled(run, tmp_path)
    assert stacks(found.tree) == {
        "run [fails] Clock.spend": 0.5,
        "run [again] again Clock.spend": 0.5,
        "run [again] again again Clock.spend": 0.5,
        "run Clock.spend": 1.0,
    }


def test_built_in_functions_are_named(tmp_path: Path) -> None:
    def run(clock: Clock) -> None:
        sorted([3, 1], key=lambda _: clock.spend(0.5) or 0)
        clock.now += 0.25

    found, _, _ = sampled(run, tmp_path)
    assert found.tree is not None
    assert {one.name for one in found.tree.frames if one.kind == "built-in"} <= {"sorted"}
    assert sum(found.tree.self_s) == 1.25


@st.composite
def plans(draw: Any, depth: int = 3) -> list[tuple[str, Any]]:
    steps = st.tuples(st.just("spend"), st.integers(1, 64))
    if depth:
        inner = plans(depth - 1)
        kinds = st.sampled_from(["call", "block", "decorated", "generator"])
        steps = st.one_of(steps, st.tuples(kinds, inner))
    return draw(st.lists(steps, max_size=4))


@given(plans())
@settings(max_examples=60, deadline=None)
def test_the_tree_adds_up_to_the_stages_times(plan: list[tuple[str, Any]]) -> None:
    clock = Clock()
    expected: dict[str, float] = {}

    def walk(steps: list[tuple[str, Any]], path: str) -> None:
        for number, (kind, what) in enumerate(steps):
            name = f"s{path.count('/') + bool(path)}.{number}"  # a name within itself would be a recursion
            below = f"{path}/{name}" if path else name
            if kind == "spend":
                clock.spend(what / 64)
                parts = path.split("/") if path else []
                for end in range(1, len(parts) + 1):
                    above = "/".join(parts[:end])
                    expected[above] = expected.get(above, 0.0) + what / 64
            elif kind == "call":
                walk(what, path)
            elif kind == "block":
                with stage(name):
                    walk(what, below)
            elif kind == "decorated":
                stage(name)(walk)(what, below)
            else:
                for _ in generator(name):
                    walk(what, below)

    def generator(name: str) -> Iterator[None]:
        with stage(name):
            yield

    profiler = sampling.Profiler(types.SimpleNamespace(run=walk), Path("x.py"), clock=clock)
    recorder = Recorder(watcher=profiler.watcher)
    begin = clock.now
    recorder.start()
    try:
        profiler.run(functools.partial(walk, plan, ""))
    finally:
        recorder.stop()
    tree = call_tree([one.stacks for one in profiler._lanes], 1e-3)
    found = stacks(tree)
    assert sum(tree.self_s) == clock.now - begin
    assert {path: within(found, f"[{path}]") for path in expected} == expected


# ---------------------------------------------------------------- threads and coroutines


def test_threads_have_roots_of_their_own(tmp_path: Path) -> None:
    def work(clock: Clock) -> None:
        with stage("there"):
            clock.spend(0.5)

    def run(clock: Clock) -> None:
        thread = threading.Thread(target=work, args=(clock,), name="helper")
        thread.start()
        thread.join()
        clock.spend(0.25)

    found, profiler, _ = sampled(run, tmp_path)
    told = stacks(found.tree)
    main = sum(seconds for path, seconds in told.items() if path.startswith("run "))
    assert main == 0.75
    assert told["thread helper Thread.run work [there] Clock.spend"] == 0.5
    assert sum(told.values()) == 1.25
    assert any("1 other thread ran" in one for one in profiler.warnings)
    profiles = json.loads((tmp_path / sampling.FILE).read_text())["profiles"]
    assert [one["name"] for one in profiles] == ["main thread", "thread helper"]


def test_a_thread_that_still_runs_is_told_until_the_end(tmp_path: Path) -> None:
    release, there = threading.Event(), threading.Event()

    def wait() -> None:
        there.set()
        release.wait()

    thread = threading.Thread(target=wait, name="late", daemon=True)

    def run(clock: Clock) -> None:
        thread.start()
        there.wait()
        clock.spend(0.5)

    found, _, _ = sampled(run, tmp_path)
    release.set()
    thread.join()
    told = stacks(found.tree)
    assert within(told, "late") == 0.5
    assert within(told, "wait") >= 0.5
    assert found.tree is not None
    assert sum(found.tree.self_s) == 1.0


def test_many_threads_share_a_root(tmp_path: Path) -> None:
    def run(clock: Clock) -> None:
        for _ in range(40):
            thread = threading.Thread(target=clock.spend, args=(0.5,))
            thread.start()
            thread.join()

    found, _, _ = sampled(run, tmp_path)
    assert found.tree is not None
    roots = [found.tree.frame[node] for node, parent in enumerate(found.tree.parent) if parent < 0]
    assert len(roots) == 34  # the main thread, 32 threads, and the others
    told = stacks(found.tree)
    assert sum(seconds for path, seconds in told.items() if path.startswith("thread (others)")) == 8 * 0.5


def test_coroutines_stand_below_the_loop_and_waits_are_theirs() -> None:
    """The loop's clock and its selector are false, so that nobody waits; the sampler is called by hand."""
    clock = Clock()
    holders = Holders()
    recorder = Recorder(watcher=holders)

    def sample(event: str = "return") -> None:
        lane.sample(sys._getframe(1), event, len)

    async def fetch() -> None:
        with stage("fetch"):
            await asyncio.sleep(0.5)
            clock.spend(0.25)
            sample()

    async def child() -> None:
        clock.spend(1.0)
        sample()

    async def main() -> None:
        with stage("all"):
            task = asyncio.create_task(child())
            await fetch()
            await task
            await asyncio.gather(asyncio.sleep(2), asyncio.sleep(2))

    def run() -> None:
        loop.run_until_complete(main())

    lane = sampling._Lane(holders, run_all.__code__, run.__code__, Stacks(), clock)
    lane.running = True
    source = """
class Selector(parent):
    def select(self, timeout=None):
        clock.now += timeout or 0
        sample("c_return") if timeout else None
        return super().select(0)
"""
    space: dict[str, Any] = {"parent": selectors.SelectSelector, "clock": clock, "sample": sample}
    exec(compile(source, selectors.__file__, "exec"), space)  # noqa: S102  its file must be the loop's
    loop = asyncio.SelectorEventLoop(space["Selector"]())
    loop.time = clock  # type: ignore[method-assign]
    recorder.start()
    try:
        run_all(run)
    finally:
        recorder.stop()
        loop.close()
    told = {
        path.removeprefix("run BaseEventLoop.run_until_complete "): round(seconds, 6)
        for path, seconds in stacks(call_tree([lane.stacks], 1e-3)).items()
    }
    assert told.pop("[all] child") == 1.0
    assert told.pop("main [all] fetch [all/fetch]") == 0.25
    waits = {path: seconds for path, seconds in told.items() if path.endswith(" await")}
    assert waits == told
    # the child took longer than the sleep, so that only the two last sleeps are waited for, at once
    assert list(waits) == ["main [all] await"]
    assert waits["main [all] await"] == 2.0


def run_all(function: Callable[[], None]) -> None:
    function()


# ---------------------------------------------------------------- what it owns up to


def test_child_processes_are_admitted(tmp_path: Path) -> None:
    def run(clock: Clock) -> None:
        subprocess.run(["true"], check=True)

    _, profiler, _ = sampled(run, tmp_path)
    assert any("child processes" in one for one in profiler.warnings)


def test_a_profiling_function_of_the_pipeline_is_admitted(tmp_path: Path) -> None:
    def run(clock: Clock) -> None:
        sys.setprofile(None)
        clock.spend(5.0)

    found, profiler, _ = sampled(run, tmp_path)
    assert any("profiling function of its own" in one for one in profiler.warnings)
    assert found.tree is not None
    assert sum(found.tree.self_s) == 5.0


def test_threads_from_before_are_admitted(tmp_path: Path) -> None:
    release = threading.Event()
    thread = threading.Thread(target=release.wait)
    thread.start()
    _, profiler, _ = sampled(lambda clock: clock.spend(1.0), tmp_path)
    release.set()
    thread.join()
    assert any("started before the run" in one for one in profiler.warnings)


def test_an_empty_run_has_a_tree(tmp_path: Path) -> None:
    def run(clock: Clock) -> None:
        return None

    found, profiler, _ = sampled(run, tmp_path)
    assert found.tree is not None
    assert [one.name.rpartition(".")[2] for one in found.tree.frames] == ["run"]
    assert "0 samples" in profiler.warnings[0]


# ---------------------------------------------------------------- files


def test_speedscopes_file_opens_and_closes_in_order(tmp_path: Path) -> None:
    def helper(clock: Clock) -> None:
        clock.spend(0.5)

    def run(clock: Clock) -> None:
        for _ in range(3):
            with stage("s"):
                helper(clock)
            clock.spend(0.25)

    sampled(run, tmp_path)
    data = json.loads((tmp_path / sampling.FILE).read_text())
    schema = json.loads((Path(__file__).parents[1] / "data" / "speedscope.schema.json").read_text())
    jsonschema.validate(data, schema)
    profile = data["profiles"][0]
    names = [one["name"] for one in data["shared"]["frames"]]
    assert "[s]" in names
    open_frames: list[int] = []
    before, spent = 0.0, dict.fromkeys(range(len(names)), 0.0)
    for event in profile["events"]:
        for frame in set(open_frames):
            spent[frame] += event["at"] - before
        before = event["at"]
        if event["type"] == "O":
            open_frames.append(event["frame"])
        else:
            assert open_frames.pop() == event["frame"]
    assert not open_frames
    assert profile["endValue"] == before == 2.25
    assert spent[names.index("[s]")] == 1.5


def test_a_long_run_is_cut_in_the_file_and_not_in_the_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def helper(clock: Clock) -> None:
        clock.spend(0.5)

    def run(clock: Clock) -> None:
        for _ in range(10):
            helper(clock)
            clock.spend(0.25)

    monkeypatch.setattr(stacks_module, "MOST_CHANGES", 4)
    found, profiler, _ = sampled(run, tmp_path)
    assert found.tree is not None
    assert sum(found.tree.self_s) == 7.5
    assert json.loads((tmp_path / sampling.FILE).read_text())["profiles"][0]["endValue"] == 1.5
    assert "profile.speedscope.json leaves out the last 6 s of this long run; the tree has them" in (
        profiler.warnings
    )


@pytest.mark.parametrize("damage", ["missing", "stacks gone", "garbage", "no tree"])
def test_damaged_files_are_named(tmp_path: Path, damage: str) -> None:
    sampled(lambda clock: clock.spend(1.0), tmp_path)
    if damage == "missing":
        (tmp_path / sampling.FILE).unlink()
    elif damage == "stacks gone":
        (tmp_path / sampling.STACKS).unlink()
    else:
        (tmp_path / sampling.STACKS).write_text("{" if damage == "garbage" else "{}")
    with pytest.raises(StoreError, match=r"stacks\.json|speedscope"):
        sampling.read(tmp_path, tmp_path)
