"""Checks of the processor: its clock rate, its heat, and how much of it there is to use."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from perfkit.measure.machine.checks import CPU, above, count, judge
from perfkit.measure.machine.system import core_list, heat_stops, whole
from perfkit.measure.spawn import THREAD_VARIABLES

if TYPE_CHECKING:
    from perfkit.measure.machine.checks import Seen
    from perfkit.measure.machine.system import System
    from perfkit.model import Level, MachineCheck

HOT_C, WARM_C = 90.0, 80.0

_FREQUENCY = f"{CPU}/cpu[0-9]*/cpufreq"
# A processor with one of these drivers sets its clock rate itself; "powersave" is then its ordinary mode.
_SELF_SCALING = {"intel_pstate", "amd-pstate-epp"}
_ZONES = re.compile(r"cpu|pkg|soc|core|tctl", re.IGNORECASE)
_SENSORS = {"coretemp", "k10temp", "zenpower", "cpu_thermal"}


def governor(seen: Seen) -> MachineCheck | None:
    """Look at who sets the clock rate."""
    governors = sorted({one for one in seen.system.texts(f"{_FREQUENCY}/scaling_governor").values() if one})
    if not governors:
        return None
    drivers = set(seen.system.texts(f"{_FREQUENCY}/scaling_driver").values())
    slow = "powersave" in governors and not drivers & _SELF_SCALING
    level: Level = "ok" if governors == ["performance"] else "warning" if slow else "note"
    driver = f" ({', '.join(sorted(drivers))})" if drivers else ""
    return judge(
        "governor",
        level,
        f"{', '.join(governors)}{driver}",
        "The clock is held at its lowest rate, at which memory and code relate to each other in another way."
        if slow
        else "The clock rate is steady."
        if level == "ok"
        else "The clock rate follows the load, so that a short run begins slowly.",
        "Measure under the performance governor: `sudo cpupower frequency-set -g performance`.",
    )


def turbo(seen: Seen) -> MachineCheck | None:
    """Look whether the clock rate may exceed its nominal value for a while."""
    off = seen.system.number(f"{CPU}/intel_pstate/no_turbo")
    boosts = seen.system.numbers(f"{CPU}/cpufreq/boost") or seen.system.numbers(f"{_FREQUENCY}/boost")
    if off is None and not boosts:
        return None
    on = off == 0 if off is not None else any(boosts)
    return judge(
        "turbo",
        "note" if on else "ok",
        "on" if on else "off",
        "The clock rate depends on the temperature and on how many cores are busy."
        if on
        else "The clock rate does not depend on how many cores are busy.",
        "It falls on both sides of a pair alike; turn it off if pairs scatter too much.",
    )


def temperature(seen: Seen) -> MachineCheck | None:
    """Look at the heat, and at what it has already done."""
    hottest, often = hottest_c(seen.system), heat_stops(seen.system)
    if hottest is None and often is None:
        return None
    words = [] if hottest is None else [f"{hottest:.0f} °C"]
    if often is not None:
        since = f"throttled {count(often, 'time')} since the machine started"
        words.append(since if often else "never throttled")
    level = above(hottest or 0.0, WARM_C, HOT_C)
    return judge(
        "temperature",
        "note" if often and level == "ok" else level,
        ", ".join(words),
        "A hot processor lowers its clock rate, and later pairs are slower than earlier ones.",
        "Let it cool down, and see to its cooling.",
    )


def hottest_c(system: System) -> float | None:
    """Return the highest temperature of the processor, in degrees Celsius."""
    thousandths: list[int] = []
    for path, kind in system.texts("sys/class/thermal/thermal_zone*/type").items():
        if _ZONES.search(kind):
            thousandths += system.numbers(path.removesuffix("type") + "temp")
    for path, name in system.texts("sys/class/hwmon/hwmon*/name").items():
        if name in _SENSORS:
            thousandths += system.numbers(path.removesuffix("name") + "temp*_input")
    sane = [one / 1000 for one in thousandths if 0 < one < 150_000]  # noqa: PLR2004  beyond is a broken sensor
    return max(sane, default=None)


def usable(seen: Seen) -> MachineCheck | None:
    """Look at how many cores this process may use."""
    if seen.n_usable is None:
        return None
    cores = max(seen.cores or 0, seen.n_usable)
    alone = seen.n_usable == 1
    of = "all" if seen.n_usable == cores else f"{seen.n_usable} of"
    which = f" (numbers {_numbers(seen.usable)})" if isinstance(seen.usable, set) and of != "all" else ""
    return judge(
        "cores",
        "note" if alone else "ok",
        f"{of} {count(cores, 'core')} usable{which}",
        "Whatever else runs shares the one core with what is measured."
        if alone
        else "What is measured can have a core of its own.",
        "Allow a second core: see the CPU affinity and the cpuset.",
    )


def _numbers(cores: set[int]) -> str:
    """Write a list of cores as the kernel does: ``0-3,8``."""
    runs: list[list[int]] = []
    for core in sorted(cores):
        if runs and core == runs[-1][-1] + 1:
            runs[-1].append(core)
        else:
            runs.append([core])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def hyper_threads(seen: Seen) -> MachineCheck | None:
    """Look whether cores share their units."""
    active = seen.system.number(f"{CPU}/smt/active")
    siblings = seen.system.texts(f"{CPU}/cpu[0-9]*/topology/thread_siblings_list").values()
    sizes = [len(cores) for cores in map(core_list, siblings) if cores]
    if active is None and not sizes:
        return None
    shared = max(sizes, default=0) > 1 or (active == 1 and not sizes)
    return judge(
        "hyper-threads",
        "note" if shared else "ok",
        f"{max(sizes)} threads share each core" if sizes and shared else "on" if shared else "none",
        "Work on one thread of a core slows the other."
        if shared
        else "No two of the cores that the system shows are known to share one.",
        "Leave half of the cores idle while measuring, or turn SMT off.",
    )


def quota(seen: Seen) -> MachineCheck | None:
    """Look at the CPU quota of the control group."""
    found = seen.quota
    if found is None:
        return None
    why = "Once the quota is used up, everything stands still until the next period, in the midst of a run."
    if found.cores is None:
        return judge("quota", "ok", "no CPU quota", why, "")
    level: Level = "ok"
    if found.cores < 1:
        level = "warning"
    elif seen.n_usable is not None and found.cores < seen.n_usable:
        level = "note"
    words = f"{found.cores:.3g} {'core' if found.cores == 1 else 'cores'} per {1000 * found.period_s:.3g} ms"
    often = f", used up {count(found.throttled, 'time')} so far" if found.throttled else ""
    return judge(
        "quota",
        level,
        f"{words} (control group v{found.version}){often}",
        why,
        "Raise the quota to a whole core or more, or measure outside of this container."
        if level == "warning"
        else "Keep the number of threads below the quota.",
    )


def threads(seen: Seen) -> MachineCheck | None:
    """Look whether thread pools are larger than what they can use."""
    usable = seen.n_usable
    if usable is None:
        return None
    limit = usable
    if seen.quota is not None and seen.quota.cores is not None:
        limit = max(1, min(usable, int(seen.quota.cores)))
    # OpenMP takes a list, one number for each level of nesting.
    texts = {name: seen.variables[name] for name in THREAD_VARIABLES if name in seen.variables}
    known = {name: whole(text.split(",")[0].strip()) or 0 for name, text in texts.items()}
    bad = [f"{name}={texts[name]!r}" for name, n in known.items() if n < 1]
    many = [f"{name}={n}" for name, n in known.items() if n > limit]
    why = "More threads than cores take turns, and how they do so changes from run to run."
    allowed = f"{count(limit, 'core')} that can be used at once"
    if many:
        seen_words = f"{', '.join(many)}, with {allowed}"
        return judge("threads", "warning", seen_words, why, f"Set them to {limit} at most.")
    if bad:
        advice = f"Set it to a number from 1 to {limit}."
        return judge("threads", "note", f"{', '.join(bad)} is no number of threads", why, advice)
    most = max(known.values(), default=None)
    return judge("threads", "ok", "not set" if most is None else f"at most {most}, with {allowed}", why, "")
