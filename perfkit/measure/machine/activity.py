"""What else the machine did while something was measured: the difference between two looks."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from perfkit.measure.machine import surroundings
from perfkit.measure.machine.checks import above, count, judge
from perfkit.measure.machine.system import System, heat_stops, quota
from perfkit.model import Machine

if TYPE_CHECKING:
    from perfkit.model import MachineCheck

BUSY, SOME_BUSY = 0.5, 0.1  # share of all cores that is busy with other work

_TICKS_PER_S = 100.0  # USER_HZ, fixed in what Linux shows
_NAMED_CORES = 0.05  # a process below this share of a core is not named
_NAMED = 2
_MOMENT_S = 0.02  # over less, the kernel's ticks say nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Counters that only grow; None where the system does not tell.

    Attributes
    ----------
    at_s
        On the clock that times runs.
    busy_s
        CPU time of all processes on the machine.
    own_s
        CPU time of this process and of its children that have ended.
    ticks
        Time that a host took away, and all time.
    processes
        Name and CPU time, by process id and start.
    """

    at_s: float
    cores: int
    busy_s: float | None
    own_s: float
    ticks: tuple[int, int] | None
    quota_stops: int | None
    heat_stops: int | None
    processes: dict[tuple[int, float], tuple[str, float]]


def snapshot(system: System | None = None) -> Snapshot:
    """Take the counters as they stand.

    Parameters
    ----------
    system
        Whose files to read; this machine's by default.
    """
    system = system or System()
    group = quota(system)
    return Snapshot(
        at_s=time.perf_counter(),
        cores=os.cpu_count() or 1,
        busy_s=_busy_s(system),
        own_s=sum(os.times()[:4]),
        ticks=surroundings.stolen(system),
        quota_stops=None if group is None else group.throttled,
        heat_stops=heat_stops(system),
        processes=_processes() if system.native else {},
    )


def between(before: Snapshot, after: Snapshot) -> Machine:
    """Say what else happened between two looks."""
    elapsed_s = after.at_s - before.at_s
    found = {
        "other work": _other_work(before, after, elapsed_s),
        "steal time": _steal(before, after),
        "quota": _stops(
            "quota",
            before.quota_stops,
            after.quota_stops,
            what="used up",
            why="Each time everything stood still until the next period, in the midst of a run.",
            advice="Raise the CPU quota, or measure outside of this container.",
        ),
        "temperature": _stops(
            "temperature",
            before.heat_stops,
            after.heat_stops,
            what="throttled",
            why="Each time a core's clock rate was lowered, and what ran on it slowed down.",
            advice="Let the processor cool down, and see to its cooling.",
        ),
    }
    return Machine(
        checks=tuple(check for check in found.values() if check is not None),
        unseen=tuple(name for name, check in found.items() if check is None),
    )


def _busy_s(system: System) -> float | None:
    """Return the CPU time that all processes have used: user, nice, system and interrupts."""
    words = next((line.split()[1:] for line in system.lines("proc/stat") if line.startswith("cpu ")), [])
    with suppress(ValueError, IndexError):
        ticks = [float(words[at]) for at in (0, 1, 2, 5, 6)]
        return sum(ticks) / _TICKS_PER_S
    if system.native:
        with suppress(OSError, RuntimeError):
            times = psutil.cpu_times()
            return float(times.user + times.system)
    return None


def _processes() -> dict[tuple[int, float], tuple[str, float]]:
    """Return what other processes have used, as far as this user may see."""
    found = {}
    with suppress(OSError, psutil.Error):
        for one in psutil.process_iter(["pid", "create_time", "name", "cpu_times"]):
            times = one.info["cpu_times"]
            if times is not None and one.info["pid"] != os.getpid():
                key = (one.info["pid"], one.info["create_time"] or 0.0)
                found[key] = (one.info["name"] or "?", times.user + times.system)
    return found


def _other_work(before: Snapshot, after: Snapshot, elapsed_s: float) -> MachineCheck | None:
    if before.busy_s is None or after.busy_s is None or elapsed_s < _MOMENT_S:
        return None
    others_s = max(0.0, after.busy_s - before.busy_s - (after.own_s - before.own_s))
    busy = others_s / elapsed_s
    used = {
        key: (name, (cpu_s - before.processes.get(key, ("", 0.0))[1]) / elapsed_s)
        for key, (name, cpu_s) in after.processes.items()
    }
    most = sorted(used.items(), key=lambda one: one[1][1], reverse=True)[:_NAMED]
    names = [
        f"{name} (process {key[0]}) with {share:.2f}" for key, (name, share) in most if share >= _NAMED_CORES
    ]
    busiest = f"; busiest: {' and '.join(names)}" if names else ""
    return judge(
        "other work",
        above(busy / after.cores, SOME_BUSY, BUSY),
        f"{busy:.2f} of {count(after.cores, 'core')} busy{busiest}",
        "It takes cores, caches and memory from what is measured, and pairs scatter more.",
        "Stop it before measuring, or measure elsewhere.",
    )


def _steal(before: Snapshot, after: Snapshot) -> MachineCheck | None:
    if before.ticks is None or after.ticks is None or after.ticks[1] <= before.ticks[1]:
        return None
    share = max(0, after.ticks[0] - before.ticks[0]) / (after.ticks[1] - before.ticks[1])
    return judge(
        "steal time",
        above(share, surroundings.SOME_STOLEN, surroundings.STOLEN),
        f"{100 * share:.2g} % of the time",
        "What the host gives to other machines meanwhile is missing here, and a run that waits looks slow.",
        "Measure at a quieter hour or on a machine of its own, and trust pairs only.",
    )


def _stops(
    name: str, before: int | None, after: int | None, *, what: str, why: str, advice: str
) -> MachineCheck | None:
    if before is None or after is None:
        return None
    times = max(0, after - before)
    seen = f"{what} {count(times, 'time')}" if times else f"never {what}"
    return judge(name, "warning" if times else "ok", seen, why, advice)
