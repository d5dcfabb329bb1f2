"""Seconds saved and their shares: the intervals cover what they claim, by simulation with a fixed seed."""

from __future__ import annotations

import math
import random
import statistics

import pytest
from scipy import stats as reference

from perfkit.analyse import savings


def test_the_mean_has_students_interval() -> None:
    saved = [1.0, 1.2, 0.9, 1.1, 1.4]
    expected = reference.t.interval(0.95, 4, loc=statistics.fmean(saved), scale=reference.sem(saved))
    assert savings.mean_interval(saved, range(5)) == pytest.approx(expected)


def test_members_of_a_group_are_one_value() -> None:
    alike = [1.0] * 10 + [2.0] * 10 + [3.0] * 10
    groups = [0] * 10 + [1] * 10 + [2] * 10
    assert savings.mean_interval(alike, groups) == pytest.approx(
        savings.mean_interval([1.0, 2.0, 3.0], [0, 1, 2])
    )


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_few_have_none(n: int) -> None:
    assert savings.mean_interval([1.0] * n, range(n)) is None
    assert savings.share_interval([1.0] * n, [2.0] * n, range(n)) is None


def test_the_share_of_no_saving_is_no_number() -> None:
    assert savings.share_interval([0.1, -0.1, 0.2], [0.3, -0.4, 0.1], range(3)) is None


def test_shares_add_up_to_one() -> None:
    rng = random.Random(1)
    parts = [[rng.gauss(mean, 0.1) for _ in range(9)] for mean in (1.0, 3.0, -0.5)]
    whole = [sum(one) for one in zip(*parts, strict=True)]
    found = [savings.share_interval(part, whole, range(9)) for part in parts]
    assert sum((low + high) / 2 for low, high in filter(None, found)) == pytest.approx(1)


@pytest.mark.parametrize("n", [4, 8, 20])
@pytest.mark.parametrize("shared", [0.0, 0.3])
def test_the_share_covers_95_percent(n: int, shared: float) -> None:
    """A stage and the rest, each with noise of its own, and `shared` noise of the whole machine."""
    rng = random.Random(7)
    rounds, hits = 1500, 0
    for _ in range(rounds):
        machine = [math.exp(rng.gauss(0, shared)) for _ in range(n)]
        part = [7.0 * one * math.exp(rng.gauss(0, 0.05)) for one in machine]
        rest = [3.0 * one * math.exp(rng.gauss(0, 0.05)) for one in machine]
        whole = [a + b for a, b in zip(part, rest, strict=True)]
        found = savings.share_interval(part, whole, range(n))
        if found is None:  # so noisy that the whole saving's own interval holds 0
            rounds -= 1
            continue
        hits += found[0] <= 0.7 <= found[1]
    assert rounds > 1000
    assert abs(hits / rounds - 0.95) <= 0.02 + 3 * math.sqrt(0.95 * 0.05 / rounds)
