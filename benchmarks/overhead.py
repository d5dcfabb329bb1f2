"""What perfkit itself costs: a stage, the import, ``perfkit --help``, and the harness around a run.

Each figure is measured beside the same thing without perfkit, interleaved, and printed as the median of the
differences. Run it with ``make benchmark``.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
import timeit
from collections.abc import Callable

from perfkit import stage
from perfkit.markers import Recorder

CALLS = 50_000
ROUNDS = 21
STARTS = 25

# Without bytecode every start would compile perfkit, which no installed package does.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def plain() -> None:
    """Do nothing."""


@stage("function")
def decorated() -> None:
    """Do nothing, as a stage."""


def block() -> None:
    """Do nothing, in a stage."""
    with stage("block"):
        pass


def difference_us(with_it: Callable[[], None], without: Callable[[], None]) -> float:
    """Return the median difference per call, microseconds."""
    found = []
    for _ in range(ROUNDS):
        a = timeit.timeit(without, number=CALLS)
        b = timeit.timeit(with_it, number=CALLS)
        found.append((b - a) / CALLS * 1e6)
    return statistics.median(found)


def start_ms(arguments: list[str]) -> float:
    """Return how long one process takes, milliseconds."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, *arguments], env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    return (time.perf_counter() - begin) * 1e3


def start_difference_ms(arguments: list[str]) -> float:
    """Return the median difference to a bare interpreter, milliseconds."""
    start_ms(arguments)  # writes the bytecode
    return statistics.median(start_ms(arguments) - start_ms(["-c", "pass"]) for _ in range(STARTS))


def main() -> None:
    """Measure and print everything."""
    rows = [
        ("stage, decorator, nobody measures", difference_us(decorated, plain), "us", 0.5),
        ("stage, block, nobody measures", difference_us(block, plain), "us", 0.5),
    ]
    recorder = Recorder()
    recorder.start()
    rows += [
        ("stage, decorator, measured", difference_us(decorated, plain), "us", 2.0),
        ("stage, block, measured", difference_us(block, plain), "us", 2.0),
    ]
    recorder.stop()
    rows += [
        ("import perfkit", start_difference_ms(["-c", "import perfkit"]), "ms", 5.0),
        ("perfkit --help", start_difference_ms(["-m", "perfkit", "--help"]), "ms", 100.0),
    ]
    for what, cost, unit, goal in rows:
        mark = "within" if cost < goal else "ABOVE"
        print(f"{what:36} {cost:8.2f} {unit}   {mark} the goal of {goal:g} {unit}")


if __name__ == "__main__":
    main()
