"""What the system counts of a process: memory, CPU time, what kept it waiting. Standard library alone."""

from __future__ import annotations

import os
import resource
from contextlib import suppress

from perfkit.resident import peak_rss, reset_peak, status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Interference", "cpu_s", "peak_rss", "reset_peak", "stolen_s", "threads"]


def threads() -> int:
    """Return how many threads the process has, those of libraries among them; 1 if nobody tells."""
    return status("Threads:") or 1


def cpu_s() -> float:
    """CPU seconds of this process, all its threads, and its children that have ended."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


class Interference:
    """What comes between the process and its work, counted from the making of this to `seen`."""

    def __init__(self) -> None:
        self._before = _counts()

    def seen(self) -> dict[str, Any]:
        """Return the fields of `perfkit.model.Disturbance` that a process knows of itself."""
        waited, switches, faults = _counts()
        before = self._before
        return {
            "waited_s": None if waited is None or before[0] is None else waited - before[0],
            "switches": switches - before[1],
            "major_faults": faults - before[2],
        }


def _counts() -> tuple[float | None, int, int]:
    waited = None
    # The main thread's: time on a core, time ready to run without one, both in nanoseconds, and turns.
    with suppress(OSError, ValueError, IndexError), open("/proc/self/schedstat") as file:  # noqa: PTH123
        waited = int(file.read().split()[1]) / 1e9
    own = resource.getrusage(resource.RUSAGE_SELF)
    return waited, own.ru_nivcsw, own.ru_majflt


def stolen_s() -> float | None:
    """Seconds that the hypervisor kept this machine's cores for others, since the start; None if unknown."""
    with suppress(OSError, ValueError, IndexError), open("/proc/stat") as file:  # noqa: PTH123
        return int(file.readline().split()[8]) / os.sysconf("SC_CLK_TCK")
    return None
