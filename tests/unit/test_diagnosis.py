"""What is odd about samples is said where it is, and seldom where it is not."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import pytest

from perfkit import model
from perfkit.analyse import diagnosis, stages
from tests import builders

if TYPE_CHECKING:
    from collections.abc import Callable

    Samples = tuple[list[float], list[float]]


def plain(rng: random.Random, n: int) -> Samples:
    return [math.exp(rng.gauss(0, 0.05)) for _ in range(n)], [math.exp(rng.gauss(-1, 0.05)) for _ in range(n)]


def drifting(rng: random.Random, n: int) -> Samples:
    trend = [0.3 * i / n for i in range(n)]
    return (
        [math.exp(rng.gauss(one, 0.03)) for one in trend],
        [math.exp(rng.gauss(one - 1, 0.03)) for one in trend],
    )


def one_side_drifting(rng: random.Random, n: int) -> Samples:
    return drifting(rng, n)[0], plain(rng, n)[1]


def alike(rng: random.Random, n: int) -> Samples:
    level, found = 0.0, []
    for _ in range(n):
        level = 0.8 * level + rng.gauss(0, 0.05)
        found.append(math.exp(level))
    return found, [math.exp(rng.gauss(-1, 0.005)) for _ in range(n)]


def two_speeds(rng: random.Random, n: int) -> Samples:
    return [math.exp(rng.choice((0, 0.3)) + rng.gauss(0, 0.02)) for _ in range(n)], plain(rng, n)[1]


def wild(rng: random.Random, n: int) -> Samples:
    baseline, contender = plain(rng, n)
    return [one * (5 if i == n // 2 else 1) for i, one in enumerate(baseline)], contender


@pytest.mark.parametrize(
    ("draw", "word"),
    [
        (drifting, "Drift"),
        (one_side_drifting, "The ratio itself drifts"),
        (alike, "Autocorrelation"),
        (two_speeds, "Bimodal: the baseline's"),
        (wild, "Outliers: 1 of 48"),
    ],
)
def test_it_is_said(draw: Callable[[random.Random, int], Samples], word: str) -> None:
    rng = random.Random(1)
    said = [any(one.startswith(word) for one in diagnosis.notes(*draw(rng, 48))) for _ in range(40)]
    assert sum(said) >= 36


@pytest.mark.parametrize("n", [8, 16, 64])
def test_it_is_seldom_said_of_plain_noise(n: int) -> None:
    rng = random.Random(2)
    rounds = 300
    notes = [one for _ in range(rounds) for one in diagnosis.notes(*plain(rng, n))]
    for word in ("Drift", "The ratio", "Autocorrelation", "Bimodal"):
        count = sum(one.startswith(word) for one in notes)
        assert count <= rounds * 0.01 + 4 * math.sqrt(rounds * 0.01), word


def test_of_few_pairs_nothing_is_said() -> None:
    assert diagnosis.notes([1.0] * 6 + [9.0], [1.0] * 7) == ()


def test_equal_values_are_no_oddity() -> None:
    assert diagnosis.notes([1.0] * 20, [0.5] * 20) == ()


@pytest.mark.parametrize(
    ("seen", "word"),
    [
        ({"waited_s": 0.04}, ""),
        ({"waited_s": 0.08}, "waited for a core for 8 % of the run"),
        ({"stolen_s": 0.01}, ""),
        ({"stolen_s": 0.3}, "the hypervisor took 20 % of the time"),
        ({"stopped_s": 0.01}, ""),
        ({"stopped_s": 0.3}, "its CPU quota was used up for 20 % of the time"),
        ({"heat_stops": 0}, ""),
        ({"heat_stops": 1}, "heat lowered a core's clock rate once"),
        ({"heat_stops": 3}, "heat lowered a core's clock rate 3 times"),
        ({"major_faults": 40}, ""),
        ({"major_faults": 60}, "60 page faults read from a disk"),
        ({}, ""),
        ({"waited_s": 0.5}, ""),  # with 0.9 s of CPU time in the other 0.5 s it has threads of its own
    ],
)
def test_a_run_is_disturbed_by_a_fixed_rule(seen: dict[str, float], word: str) -> None:
    run = builders.timing_run("b0", cpu_s=0.9, disturbance=model.Disturbance(**seen))  # type: ignore[arg-type]
    assert diagnosis.disturbed(run) == word


def test_a_disturbed_pair_stays_in_the_estimate() -> None:
    calm = [(builders.timing_run(f"b{i}"), builders.timing_run(f"c{i}", "optimized", 0.5)) for i in range(3)]
    shaken = builders.timing_run("b1", run_s=3.0, cpu_s=1.0, disturbance=model.Disturbance(waited_s=2.0))
    found = stages.breakdown([calm[0], (shaken, calm[1][1]), calm[2]])
    assert list(found.disturbed) == ["b1"]
    assert found.run.n == 3
    assert found.baseline_s == pytest.approx(5 / 3)
