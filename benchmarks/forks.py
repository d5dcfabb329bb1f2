"""Forked against spawned samples: do they agree, how many more a second, and what that buys.

One variant is measured in turns: a few pairs of it with itself in spawned processes, then one group of pairs
in forks, and again. Printed are the pairs per second of each way; the ratio of the times, forked / spawned,
with its interval over the rounds; and the smallest effect that the sign test at 1 % would find in 9 of 10
comparisons after a minute, from the scatter of what is independent: single pairs of spawned processes,
groups of forks.

    python benchmarks/forks.py                        # the bundled optimised pipeline
    python benchmarks/forks.py --variant baseline --set n_lines=5000 --pipeline log_analytics
"""

from __future__ import annotations

import argparse
import itertools
import math
import statistics
import time
from pathlib import Path

from perfkit import catalog
from perfkit.analyse import stats
from perfkit.api.bench import Bench
from perfkit.api.timing import Sampler
from perfkit.measure import schedule
from perfkit.model import PairPlan, Sampling, TimingRun

SPAWNED = 4
"""Pairs of spawned processes in a round."""


def take(
    bench: Bench, variant: str, sampling: Sampling, plans: list[PairPlan]
) -> tuple[list[tuple[TimingRun, TimingRun]], float]:
    """Measure pairs of a variant with itself; with the seconds they took."""
    begin = time.perf_counter()
    one = bench.variant(variant)
    pairs = []
    with Sampler(bench, sampling) as sampler:
        for plan in plans:
            runs = {side: sampler.take(one, plan, side=side) for side in plan.order}
            pairs.append((runs["baseline"], runs["contender"]))
    return pairs, time.perf_counter() - begin


def detectable(values: list[float], per_second: float, seconds: float = 60.0) -> float:
    """Return the smallest effect found in 9 of 10 comparisons at 1 %, for values about normal.

    The sign test has an efficiency of 2 / pi against the mean (Hodges & Lehmann, 1956).
    """
    n = per_second * seconds
    error = statistics.stdev(values) * math.sqrt(math.pi / 2) / math.sqrt(n)
    return math.expm1((2.576 + 1.282) * error)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pipeline", default=None)
    parser.add_argument("--variant", default="optimized")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=INTEGER")
    parser.add_argument("--group", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--pinned", action="store_true")
    arguments = parser.parse_args()
    project = catalog.open_project(Path.cwd())
    bench = Bench(
        project=project,
        pipeline=catalog.find_pipeline(project, arguments.pipeline),
        overrides={name: int(value) for name, value in (one.split("=") for one in arguments.set)},
    )
    spawned = Sampling(pinned=arguments.pinned)
    forked = Sampling(launch="fork", group=arguments.group, pinned=arguments.pinned)
    spawn_plans, fork_plans = schedule.plan(1), schedule.plan(2, arguments.group)
    seconds = {"spawn": 0.0, "fork": 0.0}
    logs: dict[str, list[float]] = {"spawn": [], "fork": []}
    agreement: list[float] = []
    for index in range(arguments.rounds):
        ways = [("spawn", spawned, spawn_plans, SPAWNED), ("fork", forked, fork_plans, arguments.group)]
        medians = {}
        for name, sampling, plans, count in ways if index % 2 else ways[::-1]:
            pairs, took_s = take(bench, arguments.variant, sampling, list(itertools.islice(plans, count)))
            seconds[name] += took_s
            ratios = [math.log(a.run_s / b.run_s) for a, b in pairs]
            logs[name] += ratios if name == "spawn" else [statistics.median(ratios)]
            medians[name] = statistics.median(run.run_s for pair in pairs for run in pair)
        agreement.append(math.log(medians["fork"] / medians["spawn"]))
        print(
            f"round {index + 1}: " + ", ".join(f"{k} {1e3 * v:.4g} ms" for k, v in medians.items()),
            flush=True,
        )
    n_pairs = {"spawn": SPAWNED * arguments.rounds, "fork": arguments.group * arguments.rounds}
    per_second = {name: n / seconds[name] for name, n in n_pairs.items()}
    units_per_second = {name: len(values) / seconds[name] for name, values in logs.items()}
    ratio = stats.estimate(agreement)
    print(f"pairs per second: spawn {per_second['spawn']:.3g}, fork {per_second['fork']:.3g}, ", end="")
    print(f"{per_second['fork'] / per_second['spawn']:.2g} times as many")
    print(f"time forked / spawned: {ratio.value:.3f} [{ratio.low:.3f}, {ratio.high:.3f}], {ratio.n} rounds")
    for name, values in logs.items():
        effect = detectable(values, units_per_second[name])
        print(
            f"{name}: scatter {100 * statistics.stdev(values):.2f} %, finds {100 * effect:.2f} % in a minute"
        )


if __name__ == "__main__":
    main()
