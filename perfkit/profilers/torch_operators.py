"""torch.profiler: which of torch's operators took the time in each stage, on processor and accelerator.

It keeps every call of every operator, over a kilobyte each. So it is stopped, read and started again every
half second, and stopped for good after `MOST_EVENTS`: neither memory nor the file grows without end.
"""

from __future__ import annotations

import importlib.util
import signal
import sys
import threading
from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

from perfkit import markers
from perfkit.errors import RunError, StoreError, UsageError
from perfkit.model import Profiled
from perfkit.profilers.chrome_trace import Trace
from perfkit.profilers.paths import decode, encode
from perfkit.profilers.torch_events import Event, Kind, Operators
from perfkit.profilers.unseen import Watch

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Iterator
    from pathlib import Path

R = TypeVar("R")

TITLE = "torch.profiler"
VIEWER = "Perfetto or chrome://tracing"
FILE = "trace.json.gz"
"""A trace for Perfetto or chrome://tracing."""

OPERATORS = "operators.json"
"""What perfkit reads."""

MOST_EVENTS = 500_000
PIECE_S = 0.5

_STAGE = "perfkit stage:"
_NEVER = (
    "{} never used torch: there is nothing for the profiler 'torch' to see; leave it out of --with, or, if "
    "torch is loaded late, import it at the top of the file"
)


def check() -> None:
    """See whether torch is there, before anything is measured.

    Raises
    ------
    UsageError
        If it is not installed.
    """
    if importlib.util.find_spec("torch") is None:
        raise UsageError(
            "the profiler 'torch' needs torch, which is not installed here: pip install torch, or leave it "
            "out of --with"
        )


class Profiler:
    """Runs a function under torch.profiler, in the worker.

    Parameters
    ----------
    module, file
        The variant's module and its file.
    most_events
        After so many entries of torch.profiler's record, it is stopped.

    Attributes
    ----------
    warnings
        After `run`: what the profiler could not see, one sentence each.
    watcher
        Is told of the stages.

    Raises
    ------
    RunError
        When nothing has loaded torch by now.
    """

    def __init__(
        self,
        module: types.ModuleType,  # noqa: ARG002  as all profilers
        file: Path,
        *,
        most_events: int = MOST_EVENTS,
    ) -> None:
        self._variant = file.name
        if "torch" not in sys.modules:
            raise RunError(_NEVER.format(file.name))
        self.warnings: list[str] = []
        self.watcher = _Stages(self)
        self._most = most_events
        self._pieces = _Pieces()
        self._pieces.start([])  # the first start takes longer than all others
        self._pieces.stop()
        self._operators = Operators()
        self._trace: Trace | None = None
        self._running = self._cut = False
        self._begin = self._piece_begin = 0.0
        self._seen_s = 0.0

    def prepare(self, folder: Path) -> None:
        """Take the folder for the trace, which is written while the function runs."""
        self._trace = Trace(folder / FILE)

    def run(self, function: Callable[[], R]) -> R:
        """Call `function` under the profiler.

        Returns
        -------
        R
            What `function` returned.
        """
        with Watch() as watch, _Alarm(self.tick):
            self._begin = perf_counter()
            self._start()
            try:
                result = function()
            finally:
                self._stop()
                whole_s = perf_counter() - self._begin
                if self._trace is not None:
                    self._trace.close()
        if self._cut:
            self.warnings.append(
                f"stopped after {self._operators.events:,} events: what is told is of the first "
                f"{self._seen_s:.3g} s of {whole_s:.3g} s"
            )
        if watch.threads and not self._pieces.all_threads:
            self.warnings.append(f"{watch.count()}: this version of torch sees the main thread only")
        if watch.children:
            self.warnings.append("child processes ran: torch.profiler does not see into them")
        return result

    def tick(self) -> None:
        """Read what there is and begin anew, if it is time; called between two steps of the main thread."""
        if self._running and perf_counter() - self._piece_begin > PIECE_S:
            self._stop()
            if self._operators.events < self._most:
                self._start()
            else:
                self._cut = True
                self._seen_s = perf_counter() - self._begin

    def _start(self) -> None:
        self._pieces.start(["", *self.watcher.paths()])
        self._running = True
        self._piece_begin = perf_counter()

    def _stop(self) -> None:
        if self._running:
            self._running = False
            events = list(self._pieces.stop())
            self._operators.add(events)
            if self._trace is not None:
                self._trace.add(events)

    def open(self, path: str) -> None:
        """Mark that a stage opens."""
        if self._running:
            self._pieces.open(path)

    def close(self, path: str) -> None:
        """Mark that it closes."""
        if self._running:
            self._pieces.close(path)

    def save(self, folder: Path) -> None:
        """Write perfkit's file into `folder`, where the trace lies already.

        Raises
        ------
        RunError
            When no operator ran.
        """
        if not self._operators.operators:
            raise RunError(_NEVER.format(self._variant))
        found = Profiled(operators=self._operators.found())
        (folder / OPERATORS).write_bytes(encode(found))


class _Stages(markers.Watcher):
    """Tells of stages, and remembers which are open."""

    def __init__(self, profiler: Profiler) -> None:
        self._profiler = profiler
        self._open: list[tuple[int, str]] = []

    def paths(self) -> list[str]:
        """Return the open stages of the current thread, the outer one first."""
        thread = threading.get_ident()
        return [path for one, path in self._open if one == thread]

    def opened(self, path: str) -> None:
        if threading.current_thread() is threading.main_thread():
            self._profiler.tick()
        self._open.append((threading.get_ident(), path))
        self._profiler.open(path)

    def closed(self, path: str) -> None:
        self._profiler.close(path)
        with suppress(ValueError):
            self._open.remove((threading.get_ident(), path))
        if threading.current_thread() is threading.main_thread():
            self._profiler.tick()


class _Alarm:
    """Calls a function in the main thread, every so often.

    A pipeline that uses the alarm signal itself keeps it; the function is then called by stages alone.
    """

    def __init__(self, function: Callable[[], None]) -> None:
        self._function = function
        self._ours = False

    def _ring(self, _number: int, _frame: object) -> None:
        self._function()

    def __enter__(self) -> None:
        free = signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
        if free and threading.current_thread() is threading.main_thread():
            self._ours = True
            signal.signal(signal.SIGALRM, self._ring)
            signal.setitimer(signal.ITIMER_REAL, PIECE_S, PIECE_S)

    def __exit__(self, *_: object) -> None:
        if self._ours and signal.getsignal(signal.SIGALRM) == self._ring:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)


class _Pieces:
    """torch.profiler itself: started and stopped many times, its record read each time.

    Attributes
    ----------
    all_threads
        Whether it sees threads other than the main one.
    """

    def __init__(self) -> None:
        import torch
        from torch import profiler

        self._torch = torch
        self._profiler = profiler
        self._activities = [profiler.ProfilerActivity.CPU]
        self._synchronise: Callable[[], None] = lambda: None
        if torch.cuda.is_available():
            self._activities.append(profiler.ProfilerActivity.CUDA)
            self._synchronise = torch.cuda.synchronize
        self._settings: dict[str, Any] = {}
        self.all_threads = False
        with suppress(ImportError, TypeError):  # not in every version
            from torch._C._profiler import _ExperimentalConfig

            self._settings = {"experimental_config": _ExperimentalConfig(profile_all_threads=True)}
            self.all_threads = True
        self._running: Any = None
        self._marks: list[tuple[int, str, Any]] = []

    def start(self, paths: list[str]) -> None:
        """Start, within stages that are open already."""
        self._running = self._profiler.profile(activities=self._activities, **self._settings)
        self._running.start()
        for path in paths:
            self.open(path)

    def open(self, path: str) -> None:
        """Mark the begin of a stage."""
        mark: Any = self._profiler.record_function(_STAGE + path)
        mark.__enter__()
        self._marks.append((threading.get_ident(), path, mark))

    def close(self, path: str) -> None:
        """Mark its end."""
        thread = threading.get_ident()
        for index in range(len(self._marks) - 1, -1, -1):
            if self._marks[index][:2] == (thread, path):
                self._marks.pop(index)[2].__exit__(None, None, None)
                return

    def stop(self) -> Iterator[Event]:
        """Stop; yields what was recorded."""
        self._synchronise()  # what still runs on the device belongs to this piece
        thread = threading.get_ident()
        for one, _, mark in reversed(self._marks):
            if one == thread:
                mark.__exit__(None, None, None)
        self._marks.clear()
        running, self._running = self._running, None
        running.stop()
        return map(_event, running.profiler.kineto_results.events())


def _event(event: Any) -> Event:
    """Turn an entry of torch's record into ours."""
    name = event.name()
    on_device = int(event.device_type()) != 0
    return Event(
        name=name.removeprefix(_STAGE),
        kind=_kind(event, name, on_device=on_device),
        start_ns=event.start_ns(),
        duration_ns=event.duration_ns(),
        thread=event.device_resource_id() if on_device else event.start_thread_id(),
        identity=event.correlation_id(),
        starter=event.linked_correlation_id(),
    )


def _kind(event: Any, name: str, *, on_device: bool) -> Kind:
    marked = name.startswith(_STAGE) or event.is_user_annotation()
    if on_device:
        return "other" if marked else "device"
    if marked:
        return "stage" if name.startswith(_STAGE) else "other"
    if hasattr(event, "activity_type"):
        return "operator" if event.activity_type() == "cpu_op" else "other"
    return "other" if name.startswith("cu") else "operator"  # older versions tell calls of CUDA by name alone


def read(folder: Path, root: Path) -> Profiled:  # noqa: ARG001  as all profilers
    """Read what a worker saved.

    Parameters
    ----------
    folder
        The run's folder.
    root
        The project's root; operators lie in no file.

    Raises
    ------
    StoreError
        When a file is missing or damaged.
    """
    if not (folder / FILE).is_file():
        raise StoreError(f"The profile {folder / FILE} is missing.")
    return Profiled(operators=decode(folder / OPERATORS).operators)
