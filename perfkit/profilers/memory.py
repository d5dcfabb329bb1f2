"""Memory: how far it rose in each stage, and, where memray is installed, which lines held it at the highest.

The stages' peaks are of resident memory, as Linux counts it; memray counts what was asked for. The two differ
where memory is asked for and never touched, or was free in the process already.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
from typing import TYPE_CHECKING, TypeVar

from perfkit import resident
from perfkit.model import Allocation, Profiled
from perfkit.profilers import unseen
from perfkit.profilers.paths import decode, encode, relative
from perfkit.profilers.sources import is_own, sources
from perfkit.profilers.stage_memory import StagePeaks

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from memray import AllocationRecord

R = TypeVar("R")

TITLE = "perfkit's memory profiler"
VIEWER = "`memray flamegraph`"
FILE = "memray.bin"
"""memray's own file; there is none where memray is not installed."""

MEMORY = "memory.json"
"""What perfkit reads."""

_MOST_LINES = 1000


class Profiler:
    """Runs a function and watches the process's memory, in the worker.

    Parameters
    ----------
    module, file
        The variant's module and its file; all of the process is watched, and neither is needed.

    Attributes
    ----------
    warnings
        After `run`: what the profiler could not see, one sentence each.
    watcher
        Is told of the stages.
    """

    def __init__(self, module: types.ModuleType, file: Path) -> None:  # noqa: ARG002  as all profilers
        self.warnings: list[str] = []
        self._file: Path | None = None
        self._has_memray = importlib.util.find_spec("memray") is not None
        self._gauge: resident.Gauge | None = None
        with contextlib.suppress(OSError):
            self._gauge = resident.Gauge()
        self.watcher = StagePeaks(self._gauge)
        if not self._has_memray:
            self.warnings.append(
                "without memray nobody tells which lines held the memory: pip install 'perfkit[memory]'"
            )
        if self._gauge is None:
            self.warnings.append("this system does not tell a process's peak of memory: no peaks of stages")

    def prepare(self, folder: Path) -> None:
        """Take the folder for the file that memray writes while the function runs."""
        self._file = folder / FILE

    def run(self, function: Callable[[], R]) -> R:
        """Call `function` and watch the memory.

        Returns
        -------
        R
            What `function` returned.
        """
        with self._gauge or contextlib.nullcontext(), unseen.Watch() as watch, self._tracker():
            self.watcher.begin()
            try:
                result = function()
            finally:
                self.watcher.end()
        if self.watcher.skipped:
            names = ", ".join(map(repr, self.watcher.skipped))
            self.warnings.append(f"entered so often that only the first calls were looked at: {names}")
        if watch.threads and self._gauge is not None:
            self.warnings.append(f"{watch.count()}: a stage's memory is all that the process held meanwhile")
        if watch.children:
            self.warnings.append("child processes ran: their memory is not seen")
        return result

    def _tracker(self) -> AbstractContextManager[object]:
        if not self._has_memray or self._file is None:
            return contextlib.nullcontext()
        import memray

        # Aggregated: the file stays small, and what memray keeps in memory hardly raises the stages' peaks.
        # Python's own allocator for small objects is not traced, which would double the memory of some runs.
        return memray.Tracker(
            self._file, native_traces=False, file_format=memray.FileFormat.AGGREGATED_ALLOCATIONS
        )

    def save(self, folder: Path) -> None:
        """Write perfkit's file into `folder`, where memray's lies already."""
        found = Profiled(
            memory=self.watcher.found(),
            allocations=_allocations(folder / FILE) if self._has_memray else (),
        )
        texts = sources({one.file for one in found.allocations})
        (folder / MEMORY).write_bytes(encode(dataclasses.replace(found, sources=texts)))


def _allocations(file: Path) -> tuple[Allocation, ...]:
    """Read what was held when the process held the most, by line."""
    import memray

    reader = memray.FileReader(file)
    try:
        return merged(reader.get_high_watermark_allocation_records(merge_threads=True))
    finally:
        reader.close()


def merged(records: Iterable[AllocationRecord]) -> tuple[Allocation, ...]:
    """Add up allocations by the line that they are due to; the largest first.

    That is the innermost line of the project's own code, which called whatever library took the memory; where
    there is none, it is the innermost line.
    """
    found: dict[tuple[str, int, str], tuple[int, int]] = {}
    own: dict[str, bool] = {}
    for record in records:
        stack = record.stack_trace()
        for _, file, _ in stack:
            if file not in own:
                own[file] = is_own(file)
        function, file, line = next((one for one in stack if own[one[1]]), stack[0] if stack else ("", "", 0))
        size, count = found.get((file, line, function), (0, 0))
        found[file, line, function] = (size + record.size, count + record.n_allocations)
    largest = sorted(found.items(), key=lambda one: (-one[1][0], one[0]))[:_MOST_LINES]
    return tuple(
        Allocation(file=file, line=line, function=function, size_bytes=size, count=count)
        for (file, line, function), (size, count) in largest
    )


def read(folder: Path, root: Path) -> Profiled:
    """Read what a worker saved; memray's file is not touched.

    Parameters
    ----------
    folder
        The run's folder.
    root
        The project's root, to which the paths of its own files become relative.

    Raises
    ------
    StoreError
        When the file is missing or damaged.
    """
    found = decode(folder / MEMORY)
    return Profiled(
        memory=found.memory,
        allocations=tuple(
            dataclasses.replace(one, file=relative(one.file, root)) for one in found.allocations
        ),
        sources={relative(file, root): text for file, text in found.sources.items()},
    )
