from __future__ import annotations

import ast
import asyncio
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from perfkit import markers, stage
from perfkit.markers import Recorder

if TYPE_CHECKING:
    from collections.abc import Iterator


class Clock:
    """A clock that stands still until it is told to go."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now

    def pass_ns(self, ns: int) -> None:
        self.now += ns


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(markers, "perf_counter_ns", clock)
    return clock


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    recorder = Recorder()
    recorder.start()
    yield recorder
    recorder.stop()


def tree(recorder: Recorder, thread: int | None = None) -> dict[str, tuple[int, int]]:
    root = recorder.trees[recorder.main_thread if thread is None else thread]
    return {node.path: (node.calls, node.total_ns) for node in root.walk()}


def test_nothing_is_recorded_when_nobody_measures(clock: Clock) -> None:
    recorder = Recorder()

    @stage("work")
    def work() -> int:
        with stage("inner") as inner:
            clock.pass_ns(5)
            inner.checkpoint(1)
        return 3

    assert work() == 3
    assert tree(recorder) == {}


def test_stages_nest_and_add_up(clock: Clock, recorder: Recorder) -> None:
    @stage("inner")
    def inner() -> None:
        clock.pass_ns(10)

    @stage("outer")
    def outer() -> None:
        clock.pass_ns(1)
        inner()
        inner()
        with stage("block"):
            clock.pass_ns(100)

    outer()
    assert tree(recorder) == {"outer": (1, 121), "outer/inner": (2, 20), "outer/block": (1, 100)}


def test_the_same_stage_in_two_places_has_two_paths(clock: Clock, recorder: Recorder) -> None:
    @stage("shared")
    def shared() -> None:
        clock.pass_ns(1)

    for name in ("a", "b"):
        with stage(name):
            shared()
    shared()
    assert tree(recorder) == {
        "a": (1, 1),
        "a/shared": (1, 1),
        "b": (1, 1),
        "b/shared": (1, 1),
        "shared": (1, 1),
    }


def test_recursion_counts_its_time_once(clock: Clock, recorder: Recorder) -> None:
    @stage("down")
    def down(depth: int) -> int:
        clock.pass_ns(1)
        with stage("leaf"):
            clock.pass_ns(1)
        return down(depth - 1) if depth else 0

    down(3)
    assert tree(recorder) == {"down": (1, 8), "down/leaf": (4, 4)}


def test_mutual_recursion_does_not_grow_the_tree(clock: Clock, recorder: Recorder) -> None:
    @stage("even")
    def even(n: int) -> bool:
        clock.pass_ns(1)
        return n == 0 or odd(n - 1)

    @stage("odd")
    def odd(n: int) -> bool:
        clock.pass_ns(1)
        return n != 0 and even(n - 1)

    assert even(10)
    assert tree(recorder) == {"even": (1, 11), "even/odd": (1, 10)}


def test_an_exception_passes_and_its_time_is_kept(clock: Clock, recorder: Recorder) -> None:
    @stage("inner")
    def inner() -> None:
        clock.pass_ns(7)
        raise KeyError("x")

    error: KeyError | None = None
    try:
        with stage("outer"):
            inner()
    except KeyError as caught:
        error = caught
    with stage("after"):
        clock.pass_ns(1)
    assert tree(recorder) == {"outer": (1, 7), "outer/inner": (1, 7), "after": (1, 1)}
    assert recorder.failed == (id(error), "outer/inner")


def test_one_marker_may_be_open_several_times(clock: Clock, recorder: Recorder) -> None:
    marker = stage("again")
    with marker, stage("between"), marker:
        clock.pass_ns(3)
    with marker:
        clock.pass_ns(1)
    assert tree(recorder) == {"again": (2, 4), "again/between": (1, 3)}


def test_threads_have_trees_of_their_own(recorder: Recorder) -> None:
    idents = []

    def work() -> None:
        idents.append(threading.get_ident())
        with stage("in_thread"), stage("deeper"):
            pass

    with stage("main"):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert list(tree(recorder)) == ["main"]
    assert list(tree(recorder, idents[0])) == ["in_thread", "in_thread/deeper"]


def test_a_copied_context_does_not_nest_across_threads(recorder: Recorder) -> None:
    def work() -> int:
        with stage("there"):
            return threading.get_ident()

    async def main() -> int:
        with stage("here"):
            return await asyncio.to_thread(work)

    other = asyncio.run(main())
    assert list(tree(recorder)) == ["here"]
    assert list(tree(recorder, other)) == ["there"]


def test_interleaved_coroutines_keep_their_own_nesting(recorder: Recorder) -> None:
    async def task(name: str) -> None:
        with stage(name):
            await asyncio.sleep(0)
            with stage("inner"):
                await asyncio.sleep(0)

    async def main() -> None:
        await asyncio.gather(task("a"), task("b"))

    asyncio.run(main())
    assert set(tree(recorder)) == {"a", "a/inner", "b", "b/inner"}


def test_a_suspended_generator_does_not_break_the_nesting(clock: Clock, recorder: Recorder) -> None:
    def numbers() -> Iterator[int]:
        with stage("numbers"):
            yield 1

    with stage("outer"):
        left_open = numbers()
        next(left_open)
        clock.pass_ns(4)
    with stage("next"):
        clock.pass_ns(2)
    assert tree(recorder)["outer"] == (1, 4)
    assert tree(recorder)["next"] == (1, 2)
    left_open.close()


def test_checkpoints_of_functions_and_blocks() -> None:
    seen: list[tuple[str, Any]] = []
    recorder = Recorder(lambda path, value: seen.append((path, value)))
    recorder.start()
    try:

        @stage("outer")
        def outer() -> str:
            with stage("block") as block:
                block.checkpoint([1, 2])
            return "result"

        outer()
        with pytest.raises(ZeroDivisionError), stage("fails"):
            _ = 1 / 0
    finally:
        recorder.stop()
    assert seen == [("outer/block", [1, 2]), ("outer", "result")]


def test_a_decorated_function_keeps_its_face() -> None:
    @stage("work")
    def work(a: int, *, b: str = "x") -> str:
        """Do the work."""
        return b * a

    assert work(2, b="y") == "yy"
    assert (work.__name__, work.__doc__) == ("work", "Do the work.")
    assert work.__wrapped__(1) == "x"  # type: ignore[attr-defined]
    assert work.__perfkit_stage__ == "work"  # type: ignore[attr-defined]


def test_a_stage_may_say_what_it_replaces(clock: Clock, recorder: Recorder) -> None:
    marker = stage("fast", replaces="slow_sum")

    @marker
    def fast_sum(n: int) -> int:
        clock.pass_ns(2)
        return n

    assert (marker.name, marker.replaces) == ("fast", "slow_sum")
    assert stage("fast").replaces is None
    assert fast_sum(3) == 3
    assert tree(recorder) == {"fast": (1, 2)}
    with pytest.raises(TypeError):
        stage("fast", "slow_sum")  # type: ignore[misc]


def test_methods_can_be_stages(recorder: Recorder) -> None:
    class Thing:
        @stage("method")
        def method(self, x: int) -> int:
            return x + 1

    assert Thing().method(1) == 2
    assert list(tree(recorder)) == ["method"]


def test_generators_and_coroutines_are_refused() -> None:
    def generator() -> Iterator[int]:
        yield 1

    async def coroutine() -> None: ...

    for function in (generator, coroutine):
        with pytest.raises(TypeError, match="use 'with stage"):
            stage("x")(function)


@pytest.mark.parametrize("name", ["", "a/b", " a", 3])
def test_bad_names_are_refused(name: Any, recorder: Recorder) -> None:
    with pytest.raises(ValueError, match="non-empty string"), stage(name):
        pass


def test_importing_stage_loads_the_standard_library_alone() -> None:
    code = (
        "import sys; before = set(sys.modules); from perfkit import stage; "
        "print(sorted(set(sys.modules) - before))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = set(ast.literal_eval(printed)) - {"perfkit", "perfkit.markers"}
    assert loaded <= {"__future__", "_contextvars", "contextvars"}
