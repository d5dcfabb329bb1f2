"""pyinstrument's sampler: where the wall time went, as call stacks, with little overhead.

Its sampler looks at the stack about once a millisecond, when a function is called or returns; the stack gets
all of the time since the look before. Nothing is lost, and nothing is counted twice: the main thread's stacks
add up to the wall time. perfkit takes the samples itself, so that each knows the stages that are open.
"""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import threading
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

from pyinstrument.low_level.stat_profile import setstatprofile

from perfkit.errors import StoreError
from perfkit.model import Profiled
from perfkit.profilers import unseen, waiting
from perfkit.profilers.holders import Holders, is_coroutine, is_ours, with_missing
from perfkit.profilers.paths import decode, encode, relative
from perfkit.profilers.sources import OURS, sources
from perfkit.profilers.speedscope import write
from perfkit.profilers.stacks import BuiltIn, Entry, Stacks, Stage, Thread, call_tree

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Iterator

    from pyinstrument.low_level.types import TimerType

R = TypeVar("R")

TITLE = "pyinstrument's sampler"
VIEWER = "speedscope"
FILE = "profile.speedscope.json"
"""For speedscope, the stacks in the order of time."""

STACKS = "stacks.json"
"""What perfkit reads."""

INTERVAL_S = 1e-3

_MOST_THREADS = 32  # with a root of their own; a pipeline may start thousands
_FEW = 100  # samples: a share of 10 % is then uncertain by 6 %
_NO_CODE = BuiltIn("run")


class Profiler:
    """Samples a function's call stacks, in the worker.

    Threads that start meanwhile are sampled as well, each for itself.

    Parameters
    ----------
    module, file
        The variant's module and its file.
    clock
        Seconds, for tests; a clock of its own makes the sampler slower.

    Attributes
    ----------
    warnings
        After `run`: what the profiler could not see, one sentence each.
    watcher
        Is told of the stages.
    """

    def __init__(
        self,
        module: types.ModuleType,
        file: Path,  # noqa: ARG002  as all profilers
        *,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.warnings: list[str] = []
        self.watcher = Holders()
        run: Any = getattr(module, "run", None)
        while hasattr(run, "__wrapped__"):
            run = run.__wrapped__
        self._root: Entry = getattr(run, "__code__", _NO_CODE)
        self._clock = clock
        self._lanes: list[_Lane] = []
        self._others = Stacks()

    def run(self, function: Callable[[], R]) -> R:
        """Call `function` and sample it.

        Returns
        -------
        R
            What `function` returned.
        """
        before = sum(one.is_alive() for one in threading.enumerate()) - 1
        with unseen.Watch(self._following) as watch:
            lane = self._lane(Profiler.run.__code__, self._root)
            hook = lane.start()
            try:
                result = function()
            finally:
                kept = sys.getprofile() is hook
                lane.stop()
                for one in [other for other in self._lanes if other.running]:
                    one.end_from_outside()
        self._admit(watch, before, lane, kept=kept)
        return result

    def _admit(self, watch: unseen.Watch, before: int, main: _Lane, *, kept: bool) -> None:
        """Say what was not seen."""
        count = sum(main.stacks.samples)
        if not kept:
            self.warnings.append(
                "the pipeline has set a profiling function of its own, which took the sampler's place: "
                "what ran after that was not sampled"
            )
        elif count < _FEW:
            self.warnings.append(
                f"{count} sample{'' if count == 1 else 's'}, too few for shares that can be trusted: "
                "profile a larger input"
            )
        if main.stacks.untold_s:
            self.warnings.append(
                f"{FILE} leaves out the last {main.stacks.untold_s:.3g} s of this long run; the tree has them"
            )
        if watch.threads:
            self.warnings.append(
                f"{watch.count()}: each has a root of its own, whose time passed beside the main thread's, "
                "waiting included"
            )
        if before:
            self.warnings.append(
                f"{before} thread{'s' if before > 1 else ''} started before the run: not sampled"
            )
        if watch.children:
            self.warnings.append("child processes ran: the sampler does not see into them")

    def _lane(self, base: types.CodeType, root: Entry) -> _Lane:
        stacks = Stacks() if len(self._lanes) <= _MOST_THREADS else self._others
        if stacks is self._others:
            root = Thread("(others)")
        lane = _Lane(self.watcher, base, root, stacks, self._clock)
        self._lanes.append(lane)
        return lane

    @contextlib.contextmanager
    def _following(self) -> Iterator[None]:
        """Sample the current thread."""
        # The frames above are this one's, contextlib's, and the one around the thread's body.
        lane = self._lane(sys._getframe(2).f_code, Thread(threading.current_thread().name))
        lane.start()
        try:
            yield
        finally:
            lane.stop()

    def save(self, folder: Path) -> None:
        """Write speedscope's file and perfkit's into `folder`."""
        lanes = [one.stacks for one in self._lanes if one.stacks is not self._others]
        lanes += [self._others] if self._others.entries else []
        write(folder / FILE, lanes)
        tree = call_tree(lanes, INTERVAL_S)
        found = Profiled(tree=tree, sources=sources({one.file for one in tree.frames if one.file != "~"}))
        (folder / STACKS).write_bytes(encode(found))


class _Lane:
    """Samples one thread.

    Parameters
    ----------
    base
        The function below which its stacks begin.
    root
        The outermost entry of a thread's stacks; of the main thread's, where there is no other.
    """

    def __init__(
        self,
        holders: Holders,
        base: types.CodeType,
        root: Entry,
        stacks: Stacks,
        clock: Callable[[], float] | None,
    ) -> None:
        self.stacks = stacks
        self.running = False
        self._holders = holders
        self._base = id(base)
        self._root = root
        self._thread = threading.get_ident()
        self._hidden: dict[int, tuple[types.CodeType, bool]] = {}
        self._timer = clock
        self._clock = clock or perf_counter
        self._last = self._clock()

    def start(self) -> object:
        """Begin to sample the current thread; returns the hook."""
        self.running = True
        self._last = self._clock()
        kind: TimerType = "walltime" if self._timer is None else "timer_func"
        setstatprofile(self.sample, INTERVAL_S, timer_type=kind, timer_func=self._timer)
        return sys.getprofile()

    def stop(self) -> None:
        """Stop sampling the current thread; what is left of its time is its root's."""
        setstatprofile(None)
        self._add([], samples=0)
        self.running = False

    def end_from_outside(self) -> None:
        """Stop sampling another thread that still runs; what is left of its time is what it does now."""
        frame = sys._current_frames().get(self._thread)
        self._add(self._entries(self._frames(frame)), samples=int(frame is not None))
        self.running = False

    def sample(self, frame: types.FrameType, event: str, arg: Any) -> None:
        """Take a sample.

        Parameters
        ----------
        frame, event, arg
            As `sys.setprofile` tells.
        """
        if not self.running:
            return
        if event == "call":  # until now its caller ran
            self._add(self._entries(self._frames(frame.f_back)))
            return
        frames = self._frames(frame)
        built_in = event in {"c_return", "c_exception"} and frames and not self._is_hidden(frame.f_code)
        if built_in and waiting.in_loop(frame) and (idle := self._idle(frames)) is not None:
            self._add(idle)
            return
        entries = self._entries(frames)
        if built_in:
            entries.append(BuiltIn(_name(arg)))
        self._add(entries)

    def _add(self, entries: list[Entry], *, samples: int = 1) -> None:
        now = self._clock()
        if isinstance(self._root, Thread):
            entries.insert(0, self._root)
        elif not entries:
            entries = self.stacks.entries[:1] or [self._root]
        self.stacks.add(entries, now - self._last, samples=samples)
        self._last = now

    def _frames(self, frame: types.FrameType | None) -> list[types.FrameType]:
        """Return the frames of a stack, the outermost first."""
        found = []
        while frame is not None and id(frame.f_code) != self._base:
            found.append(frame)
            frame = frame.f_back
        return found[::-1]

    def _entries(self, frames: list[types.FrameType]) -> list[Entry]:
        return with_missing(self._placed(frames))

    def _placed(self, frames: list[types.FrameType]) -> list[Entry]:
        """Return the functions and, below the frames that hold them open, the stages."""
        found: list[Entry] = []
        in_loop = False
        for frame in frames:
            code = frame.f_code
            if not self._is_hidden(code):
                # Between asyncio.run and a task lie many frames of the loop; the outermost tells enough.
                was_in_loop, in_loop = in_loop, waiting.machinery(code.co_filename)
                if not (was_in_loop and in_loop):
                    found.append(code)
            found += [Stage(path) for path in self._holders.held(frame)]
        return found

    def _idle(self, frames: list[types.FrameType]) -> list[Entry] | None:
        """Return the stack that an idle event loop waits for; None where a task runs, or nobody knows."""
        entries = self._placed(frames)
        coroutines = None if any(map(is_coroutine, entries)) else waiting.suspended(frames)
        if coroutines is None:
            return None
        loop = next((i for i, one in enumerate(frames) if waiting.machinery(one.f_code.co_filename)), 0)
        return [*with_missing(self._placed(frames[: loop + 1])), *self._placed(coroutines), waiting.AWAIT]

    def _is_hidden(self, code: types.CodeType) -> bool:
        """Tell whether a function is perfkit's own."""
        known = self._hidden.get(id(code))
        if known is None:
            known = self._hidden[id(code)] = (code, is_ours(code, OURS))
        return known[1]


def _name(function: Any) -> str:
    """Return the name of a built-in function: ``numpy.array``, ``list.append``, ``len``."""
    name = getattr(function, "__qualname__", None) or getattr(function, "__name__", repr(function))
    module = getattr(function, "__module__", None)
    return f"{module}.{name}" if module and module != "builtins" and "." not in str(name) else str(name)


def read(folder: Path, root: Path) -> Profiled:
    """Read what a worker saved.

    Parameters
    ----------
    folder
        The run's folder.
    root
        The project's root, to which the paths of its own files become relative.

    Raises
    ------
    StoreError
        When a file is missing or damaged.
    """
    if not (folder / FILE).is_file():
        raise StoreError(f"The profile {folder / FILE} is missing.")
    found = decode(folder / STACKS)
    if found.tree is None:
        raise StoreError(f"The profile {folder / STACKS} is damaged: it holds no stacks.")
    frames = tuple(
        one if one.file in {"", "~"} else dataclasses.replace(one, file=relative(one.file, root))
        for one in found.tree.frames
    )
    return Profiled(
        tree=dataclasses.replace(found.tree, frames=frames),
        sources={relative(file, root): text for file, text in found.sources.items()},
    )
