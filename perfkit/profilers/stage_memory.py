"""Resident memory by stage: the peak is taken, and begun anew, whenever a stage opens or closes."""

from __future__ import annotations

import dataclasses
from _thread import allocate_lock, get_ident
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

from perfkit import markers
from perfkit.model import StageMemory

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_SHARE = 0.03  # of the time so far, for looking at stages,
_LEAST_S = 0.2  # and so much besides


class Reader(Protocol):
    """What tells the resident memory, as `perfkit.resident.Gauge` does."""

    def read(self) -> tuple[int, int]:
        """Return the peak since the reset and what is resident now, in bytes."""

    def reset(self) -> None:
        """Let the peak start anew."""


@dataclasses.dataclass(slots=True, eq=False)
class _Entry:
    """One call of a stage that is open."""

    path: str
    thread: int
    base: int
    peak: int


class StagePeaks(markers.Watcher):
    """Takes the peak of each stage; an outer one's is the largest of all that came between.

    The memory is the process's: what other threads hold meanwhile is in it.

    Parameters
    ----------
    gauge
        Tells the memory; None where the system does not.
    clock
        Seconds.

    Attributes
    ----------
    skipped
        Stages that were entered so often that only their first calls were looked at.
    """

    def __init__(self, gauge: Reader | None, clock: Callable[[], float] = perf_counter) -> None:
        self.skipped: dict[str, None] = {}
        self._gauge = gauge
        self._clock = clock
        self._lock = allocate_lock()
        self._open: list[_Entry] = []
        self._found: dict[str, StageMemory] = {}
        self._order: dict[str, int] = {}
        self._begin = clock()
        self._spent = 0.0

    def begin(self) -> None:
        """Open what stands for all of ``run``."""
        self._begin = self._clock()
        self.opened("")

    def end(self) -> None:
        """Close it."""
        self.closed("")

    def opened(self, path: str) -> None:
        """Take the memory at which a stage begins."""
        if self._gauge is None or self._is_skipped(path):
            return
        self._order.setdefault(path, len(self._order))
        with self._lock:
            now = self._look(self._gauge)
            self._open.append(_Entry(path, get_ident(), now, now))

    def closed(self, path: str) -> None:
        """Take the peak of what has happened in it."""
        if self._gauge is None:
            return
        thread = get_ident()
        with self._lock:
            same = [one for one in self._open if one.path == path]
            entry = next((one for one in reversed(same) if one.thread == thread), same[-1] if same else None)
            if entry is None:  # it was not looked at
                return
            self._look(self._gauge)
            self._open.remove(entry)
            self._note(entry)

    def found(self) -> tuple[StageMemory, ...]:
        """Return what was found, in the order of the stages' first calls; all of ``run`` leads."""
        return tuple(sorted(self._found.values(), key=lambda one: self._order[one.path]))

    def _is_skipped(self, path: str) -> bool:
        """Tell whether a stage has been looked at often enough."""
        if path in self._found and self._spent > _LEAST_S + _MOST_SHARE * (self._clock() - self._begin):
            self.skipped[path] = None
        return path in self.skipped

    def _look(self, gauge: Reader) -> int:
        """Give the peak since the last look to all stages that were open; returns what is resident now."""
        begin = self._clock()
        peak, now = gauge.read()
        gauge.reset()
        for one in self._open:
            one.peak = max(one.peak, peak)
        self._spent += self._clock() - begin
        return now

    def _note(self, entry: _Entry) -> None:
        grown = entry.peak - entry.base
        was = self._found.get(entry.path)
        self._found[entry.path] = StageMemory(
            path=entry.path,
            base_bytes=entry.base if was is None else min(was.base_bytes, entry.base),
            peak_bytes=entry.peak if was is None else max(was.peak_bytes, entry.peak),
            grown_bytes=grown if was is None else max(was.grown_bytes, grown),
        )
