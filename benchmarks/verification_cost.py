"""What verifying the bundled ML pipeline costs, in runs of its baseline.

A verification runs the baseline twice at its full size (once for the proof in float64) and often at small
ones. Clean runs of the baseline and verifications are interleaved; the figure is the median of the ratios.
Goal: at most 2 runs and 20 %.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from perfkit import catalog
from perfkit.api import timing
from perfkit.api.bench import Bench
from perfkit.api.verification import verify

ROOT = Path(__file__).parent.parent


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pipeline", default="ml_training")
    options = parser.parse_args()
    project = catalog.open_project(ROOT)
    bench = Bench(project=project, pipeline=catalog.find_pipeline(project, options.pipeline))
    ratios = []
    for seed in range(options.rounds):
        runs = [run.process_s for run in timing.run(bench, "baseline", times=1)]
        begin = time.perf_counter()
        verify(bench, "baseline", "optimized")
        took_s = time.perf_counter() - begin
        runs += [run.process_s for run in timing.run(bench, "baseline", times=1)]
        ratios.append(took_s / statistics.fmean(runs))
        print(f"round {seed + 1}: verification {took_s:.1f} s, a baseline run {statistics.fmean(runs):.1f} s")
    print(f"a verification costs {statistics.median(ratios):.2f} baseline runs (goal: 2.4)")


if __name__ == "__main__":
    main()
