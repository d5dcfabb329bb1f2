"""What a comparison costs, in reads of the array's memory: bit-equal and near-equal, float64 and float32.

A read is one pass over the baseline alone (the maximum of its bits as integers: it touches every byte, keeps
nothing, and runs at the memory's pace). Bit-equal is what deciding it takes: the xxh3-128 of both sides, as
taken when a value is recorded; the comparison itself then reads two digests. Near-equal is all that follows
from unequal digests: both digests, the summary of the baseline, which holds its root mean square, and the
comparison of every value. The kernels run on arrays in memory, not on files: a comparison of stored values
maps its files, and pays for the disk besides where the system has dropped them from memory.

All are interleaved in one process and printed as the median of the ratios to the read before. Run it with
``python benchmarks/comparator.py --gib 1``.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perfkit.verify import numbers
from perfkit.verify.arrays import digest_of
from perfkit.verify.dtypes import default_rtol
from perfkit.verify.summary import spread_of, summarise

GIB = 1 << 30
GOALS = {"bit-equal": 3.0, "near-equal": 20.0}


def seconds(work: Callable[[], object]) -> float:
    """Return how long one call takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def sides(dtype: str, size_bytes: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return an array, and another within the default tolerance of it."""
    count = size_bytes // np.dtype(dtype).itemsize
    baseline = np.random.default_rng(1).standard_normal(count, dtype=np.dtype(dtype).type)
    contender = baseline.copy()
    contender += np.finfo(dtype).eps * np.abs(contender)
    return baseline, contender


def measure(dtype: str, size_bytes: int, rounds: int) -> None:
    """Measure and print the rows of one dtype."""
    baseline, contender = sides(dtype, size_bytes)
    rtol = default_rtol(dtype) or 0.0
    bits = baseline.view(np.int64)

    def read() -> None:
        bits.max()

    def bit_equal() -> None:
        digest_of(baseline)
        digest_of(baseline)

    def gap() -> None:
        found = numbers.float_gap(baseline, contender, (dtype, dtype), rtol, rms)
        assert found.differing == 0 < found.rel, found  # noqa: S101  else something else was measured

    def summary() -> None:
        summarise(baseline, dtype)

    def near_equal() -> None:
        digest_of(baseline)
        digest_of(contender)
        summary()
        gap()

    rms = spread_of(baseline, dtype).rms()
    works = {"bit-equal": bit_equal, "near-equal": near_equal, "  the summary": summary, "  the values": gap}
    ratios: dict[str, list[float]] = {name: [] for name in works}
    reads = []
    for _ in range(rounds):
        for name, work in works.items():
            reads.append(seconds(read))
            ratios[name].append(seconds(work) / reads[-1])
    middle = statistics.median(reads)
    pace = size_bytes / middle / GIB
    print(f"{dtype}, {size_bytes / GIB:g} GiB; one read: {middle * 1e3:.0f} ms, {pace:.1f} GiB/s")
    for name, found in ratios.items():
        ratio, goal = statistics.median(found), GOALS.get(name)
        mark = "" if goal is None else f"   {'within' if ratio <= goal else 'ABOVE'} the goal of {goal:g}"
        print(f"  {name:14} {ratio:6.2f} reads ({min(found):.2f} to {max(found):.2f}){mark}")


def main() -> None:
    """Measure and print everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gib", type=float, default=0.125, help="size of each side (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    for dtype in ("float64", "float32"):
        measure(dtype, int(options.gib * GIB) // 8 * 8, options.rounds)


if __name__ == "__main__":
    main()
