"""Look at the machine, and compare a small program with itself: what can be measured here, and how soon."""

from __future__ import annotations

import math
import os
import platform
import shutil
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.analyse.resolution import resolution
from perfkit.api.bench import ignore
from perfkit.measure import environment, schedule, workload
from perfkit.measure.machine import activity, overview
from perfkit.measure.spawn import spawn, worker_environment
from perfkit.model import Diagnosis, Event, Job
from perfkit.store import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.model import PairPlan, Resolution

SECONDS = 20.0
RUN_S = 0.025
"""How long a run of the workload should take."""

_MOMENT_S = 0.5  # of watching what else runs, where nothing is measured
_SAY_S = 2.0
_TIMEOUT_S = 60.0
_SIZING_RUNS = 3
_FEWEST_ITEMS, _MOST_ITEMS = 1_000, 1_000_000


@dataclass(slots=True)
class _Pairs:
    """What the pairs took."""

    log_ratios: list[float] = field(default_factory=list)
    orders: list[int] = field(default_factory=list)
    runs_s: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    unusable: int = 0


def diagnose(
    *,
    seconds: float = SECONDS,
    measuring: bool = True,
    listener: Callable[[Event], None] = ignore,
    seed: int = 0,
) -> Diagnosis:
    """Look at the machine, and compare a small program with itself.

    Parameters
    ----------
    seconds
        About how long to measure; one pair at least.
    measuring
        Whether to measure at all.
    listener
        Gets an `Event` now and then.
    seed
        Of the plan.

    Returns
    -------
    Diagnosis
        Nothing of it is stored.

    Raises
    ------
    RunError
        If the small program fails.
    """
    started_at, begin = timestamp(), time.monotonic()
    tick_s = overview.clock_step_s()
    checked = overview.look(tick_s=tick_s)
    before = activity.snapshot()
    found = None
    if measuring:
        found = _resolve(_measure(seconds, seed, listener), tick_s)
    else:
        time.sleep(_MOMENT_S)
    during = activity.between(before, activity.snapshot())
    return Diagnosis(
        started_at=started_at,
        duration_s=time.monotonic() - begin,
        platform=platform.platform(),
        cpu=environment.processor_name(),
        python=platform.python_version(),
        machine=checked,
        during=during,
        resolution=found,
    )


def _resolve(pairs: _Pairs, tick_s: float) -> Resolution:
    return resolution(
        pairs.log_ratios,
        pairs.orders,
        seconds_per_pair=statistics.median(pairs.seconds),
        run_s=statistics.median(pairs.runs_s) if pairs.runs_s else 0.0,
        tick_s=tick_s,
        unusable=pairs.unusable,
    )


def _measure(seconds: float, seed: int, listener: Callable[[Event], None]) -> _Pairs:
    """Measure pairs until another one would take too long; the first runs, not counted, set the size."""
    pairs = _Pairs()
    begin = time.perf_counter()
    longest_s, said_s = 0.0, -_SAY_S
    # Not where the user works: nothing is left behind, and nothing that lies there is imported.
    with tempfile.TemporaryDirectory(prefix="perfkit-doctor-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        shutil.copyfile(workload.__file__, folder / "workload.py")
        items = workload.N
        for plan in schedule.plan(seed):
            elapsed_s = time.perf_counter() - begin
            if elapsed_s >= said_s + _SAY_S:
                said_s = elapsed_s
                listener(
                    Event(
                        phase="measuring",
                        doing="a small program against itself",
                        done=plan.index,
                        of=None,
                        left_s=max(0.0, seconds - elapsed_s),
                    )
                )
            if not plan.index:
                items = _sized(items, [_run(folder, plan, items) for _ in range(_SIZING_RUNS)])
            pair_begin = time.perf_counter()
            first_s, second_s = (_run(folder, plan, items) for _ in plan.order)
            pair_s = time.perf_counter() - pair_begin
            _add(pairs, plan, first_s, second_s, pair_s)
            longest_s = max(longest_s, pair_s)
            if time.perf_counter() - begin + longest_s > seconds:
                break
    return pairs


def _add(pairs: _Pairs, plan: PairPlan, first_s: float, second_s: float, pair_s: float) -> None:
    pairs.seconds.append(pair_s)
    if not (first_s > 0 and second_s > 0):
        pairs.unusable += 1
        return
    order = 1 if plan.order[0] == "baseline" else -1
    pairs.orders.append(order)
    pairs.log_ratios.append(order * math.log(first_s / second_s))
    pairs.runs_s += [first_s, second_s]


def _run(folder: Path, plan: PairPlan, items: int) -> float:
    """Run the workload in a fresh process; returns the seconds of its ``run``."""
    job = Job(
        kind="time",
        root=str(folder),
        variant_path="workload.py",
        inputs_path="workload.py",
        seed=plan.seed,
        parameters={"n": items},
        folder=str(folder),
    )
    environment_ = worker_environment(plan.hash_seed, plan.padding)
    return spawn(job, environment_, _TIMEOUT_S, _core(plan)).reply.run_s


def _core(plan: PairPlan) -> int | None:
    """Choose the core of a pair, as a comparison does for a pipeline that uses one at a time."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    usable = sorted(os.sched_getaffinity(0))
    return usable[plan.cpu % len(usable)] if len(usable) > 1 else None


def _sized(items: int, runs_s: list[float]) -> int:
    """Return the size with which a run takes as long as it should; a disturbed run does not count."""
    run_s = min((one for one in runs_s if one > 0), default=RUN_S)
    return max(_FEWEST_ITEMS, min(_MOST_ITEMS, round(items * RUN_S / run_s)))
