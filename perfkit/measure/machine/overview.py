"""What of the machine bears on measuring, from a look at its files: nothing is run, nothing is changed."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.measure.machine import processor, surroundings
from perfkit.measure.machine.checks import CPU, Seen
from perfkit.measure.machine.system import System, core_list, quota
from perfkit.measure.spawn import usable_cores, worker_environment
from perfkit.model import Machine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from perfkit.model import MachineCheck

_CHECKS: dict[str, Callable[[Seen], MachineCheck | None]] = {
    "load": surroundings.load,
    "steal time": surroundings.steal_time,
    "power": surroundings.power,
    "governor": processor.governor,
    "turbo": processor.turbo,
    "temperature": processor.temperature,
    "cores": processor.usable,
    "hyper-threads": processor.hyper_threads,
    "quota": processor.quota,
    "threads": processor.threads,
    "swap": surroundings.swap,
    "clock source": surroundings.clock_source,
    "clock step": surroundings.clock_step,
    "virtualisation": surroundings.virtualisation,
    "address layout": surroundings.address_layout,
}
_CLOCK_STEPS, _CLOCK_READINGS = 50, 400_000


def look(
    root: Path = Path("/"), *, variables: Mapping[str, str] | None = None, tick_s: float | None = None
) -> Machine:
    """Look at the machine, in some milliseconds.

    Parameters
    ----------
    root
        Where /proc and /sys lie; below another root than ``/``, nothing but its files is asked.
    variables
        The workers' environment variables; those that a worker would have now by default.
    tick_s
        The clock's smallest step; looked for by default.

    Returns
    -------
    Machine
        Whatever is missing or malformed is named in `unseen`.
    """
    system = System(root)
    seen = Seen(
        system=system,
        variables=worker_environment(hash_seed=0, padding=0) if variables is None else variables,
        cores=_cores(system),
        usable=_usable(system),
        quota=quota(system),
        tick_s=clock_step_s() if tick_s is None else tick_s,
    )
    found = {name: check(seen) for name, check in _CHECKS.items()}
    return Machine(
        checks=tuple(check for check in found.values() if check is not None),
        unseen=tuple(name for name, check in found.items() if check is None),
    )


def clock_step_s(clock: Callable[[], float] = time.perf_counter) -> float:
    """Return the smallest step between readings of a clock; infinite if it stands still."""
    smallest, steps, last = math.inf, 0, clock()
    for _ in range(_CLOCK_READINGS):
        now = clock()
        if now > last:
            smallest, steps, last = min(smallest, now - last), steps + 1, now
            if steps == _CLOCK_STEPS:
                break
    return smallest


def _cores(system: System) -> int | None:
    online = core_list(system.text(f"{CPU}/online"))
    if online is not None:
        return len(online)
    return os.cpu_count() if system.native else None


def _usable(system: System) -> set[int] | int | None:
    """Return the cores that this process may use, or how many they are: its affinity and its cpuset."""
    for line in system.lines("proc/self/status"):
        name, _, value = line.partition(":")
        if name == "Cpus_allowed_list":
            allowed = core_list(value.strip())
            online = core_list(system.text(f"{CPU}/online"))
            return allowed & online if allowed and online else allowed
    return usable_cores() if system.native else None
