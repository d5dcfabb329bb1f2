"""The interval covers what it claims: against scipy, and by simulation with a fixed seed."""

from __future__ import annotations

import math
import random
import statistics
from typing import TYPE_CHECKING

import pytest
from scipy import stats as reference

from perfkit.analyse import stats
from perfkit.model import Estimate

if TYPE_CHECKING:
    from collections.abc import Callable


def test_one_pair_gives_no_interval() -> None:
    found = stats.estimate([math.log(3)])
    assert (found.value, found.low, found.high, found.n) == (pytest.approx(3), None, None, 1)
    assert stats.verdict(found) == "inconclusive"


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_few_pairs_have_students_interval(n: int) -> None:
    rng = random.Random(n)
    logs = [rng.gauss(1, 0.1) for _ in range(n)]
    found = stats.estimate(logs)
    expected = reference.t.interval(0.95, n - 1, loc=statistics.fmean(logs), scale=reference.sem(logs))
    assert found.low is not None
    assert found.high is not None
    assert (math.log(found.low), math.log(found.high)) == pytest.approx(expected)
    assert "normal" in found.method


@pytest.mark.parametrize(
    ("n", "level"), [(6, 0.95), *((n, level) for n in range(7, 60) for level in (0.95, 0.97))]
)
def test_the_sign_interval_lies_between_its_two_order_statistics(n: int, level: float) -> None:
    """With values 1..n an interval's ends are ranks, whose exact coverage scipy knows."""
    low, high = stats._sign_interval([float(i) for i in range(1, n + 1)], level)
    assert low + high == pytest.approx(n + 1)

    def coverage(rank: int) -> float:
        return float(1 - 2 * reference.binom.cdf(rank - 1, n, 0.5))

    outer = math.floor(low)
    assert coverage(outer) >= level - 1e-12
    if low > outer:
        assert coverage(outer + 1) < level


@pytest.mark.parametrize("n", [1100, 20_000, 1_000_000])
def test_many_pairs_have_the_interval_that_many_allow(n: int) -> None:
    """2^-n is no float any more; the ranks are those of the binomial all the same."""
    low, high = stats._sign_interval([float(i) for i in range(1, n + 1)], 0.95)
    rank = float(reference.binom.ppf(0.025, n, 0.5))
    assert abs(low - rank) <= 1
    assert low + high == pytest.approx(n + 1)


def test_the_point_is_the_median_and_inverse_is_inverse() -> None:
    logs = [0.1, 0.3, 5.0, 0.2, 0.25, 0.22, 0.18, 0.4]
    found, inverse = stats.estimate(logs), stats.estimate([-one for one in logs])
    assert found.value == pytest.approx(math.exp(statistics.median(logs)))
    assert found.low is not None
    assert inverse.high is not None
    assert found.value * inverse.value == pytest.approx(1)
    assert found.low * inverse.high == pytest.approx(1)


@pytest.mark.parametrize("bad", [[], [math.nan], [0.1, math.inf]])
def test_no_estimate_from_nothing(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="at least one pair"):
        stats.estimate(bad)


NOISE: dict[str, Callable[[random.Random], float]] = {
    "normal": lambda r: r.gauss(0, 1),
    "heavy tails": lambda r: r.gauss(0, 1) / math.sqrt(r.gammavariate(1.5, 2) / 3),
    "skewed": lambda r: r.expovariate(1) - math.log(2),
    "bursts": lambda r: r.gauss(0, 8 if r.random() < 0.1 else 1),
}


def coverage(draw: Callable[[random.Random], list[float]], rounds: int, *, sequential: bool = False) -> float:
    rng = random.Random(20260101)
    hits = 0
    for _ in range(rounds):
        found = stats.estimate(draw(rng), sequential=sequential)
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= 1 <= found.high
    return hits / rounds


@pytest.mark.parametrize("noise", NOISE)
@pytest.mark.parametrize("n", [3, 5, 6, 7, 9, 16, 33])
def test_a_fixed_number_of_pairs_covers_95_percent(noise: str, n: int) -> None:
    rounds = 2000
    found = coverage(lambda rng: [0.05 * NOISE[noise](rng) for _ in range(n)], rounds)
    # four binomial standard errors; Student's t under skew may lose two points more
    slack = 4 * math.sqrt(0.95 * 0.05 / rounds) + (0.02 if n < 6 else 0)
    assert 0.95 - slack <= found <= 0.99


def test_the_surer_interval_is_the_wider_one_at_its_own_level() -> None:
    rng = random.Random(3)
    for n in (2, 5, 6, 7, 8, 9, 16, 40):
        logs = [rng.gauss(0.3, 0.1) for _ in range(n)]
        found = stats.estimate(logs, alpha=0.005)
        assert found.low is not None
        assert found.high is not None
        assert found.sure_low is not None
        assert found.sure_high is not None
        assert found.sure_low <= found.low <= found.high <= found.sure_high
        if n < 9:  # 2^(1-8) is more than 0.005: too few for the sign test
            expected = reference.t.interval(
                0.995, n - 1, loc=statistics.fmean(logs), scale=reference.sem(logs)
            )
            assert math.log(found.sure_low) == pytest.approx(min(expected[0], math.log(found.low)))


@pytest.mark.parametrize("n", [3, 6, 8, 9, 12, 30])
@pytest.mark.parametrize("noise", ["normal", "heavy tails", "bursts"])
def test_a_false_alarm_is_as_rare_as_claimed(noise: str, n: int) -> None:
    """A side compared with itself: the log ratio is that of two draws, so symmetric."""
    rng = random.Random(5)
    rounds = 3000
    draw = NOISE[noise]
    wrong = sum(
        stats.verdict(stats.estimate([0.05 * (draw(rng) - draw(rng)) for _ in range(n)]))
        in {"faster", "slower"}
        for _ in range(rounds)
    )
    assert wrong / rounds <= stats.ALPHA + 4 * math.sqrt(stats.ALPHA * (1 - stats.ALPHA) / rounds)


def test_wild_pairs_have_an_interval_that_a_float_can_hold() -> None:
    found = stats.estimate([600.0, -600.0])
    assert found.sure_high is not None
    assert math.isfinite(found.sure_high)
    assert stats.verdict(found) == "inconclusive"


def test_members_keep_their_order() -> None:
    assert stats.members([1.0, 2.0, 3.0, 4.0], [0, 0, 7, 0]) == [[1.0, 2.0, 4.0], [3.0]]


def test_needed_pairs_bring_the_interval_where_it_decides() -> None:
    rng = random.Random(8)
    logs = [rng.gauss(0.02, 0.1) for _ in range(16)]
    wanted = stats.needed(stats.estimate(logs))
    assert wanted is not None
    assert wanted > 16
    more = [rng.gauss(0.02, 0.1) for _ in range(8 * wanted)]
    assert stats.verdict(stats.estimate(more)) == "faster"
    assert stats.needed(stats.estimate([0.3])) is None
    assert stats.needed(stats.estimate([0.3, 0.3, 0.3])) is None  # a coarse clock: no interval to go by


def test_an_interval_that_was_looked_at_says_so() -> None:
    logs = [0.01 * i for i in range(12)]
    fixed, looked = stats.estimate(logs), stats.estimate(logs, sequential=True)
    assert "97 %" in looked.method
    assert "97 %" not in fixed.method
    assert fixed.low is not None
    assert looked.low is not None
    assert looked.low < fixed.low
    few = stats.estimate(logs[:6], sequential=True)  # too few for the sign test at that level
    assert "97 %" not in few.method


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (1.5, 1.6, "faster"),
        (0.5, 0.6, "slower"),
        (0.9, 1.1, "inconclusive"),
        (0.995, 1.005, "no difference"),
        (1.002, 1.006, "no difference"),
        (1.002, 1.02, "faster"),
        (1.0, 1.0, "inconclusive"),  # a clock too coarse to tell the pairs apart
        (None, None, "inconclusive"),
    ],
)
def test_verdicts(low: float | None, high: float | None, expected: str) -> None:
    found = Estimate(
        value=1.0, low=1.0, high=1.0, confidence=0.95, n=9, method="", sure_low=low, sure_high=high
    )
    assert stats.verdict(found) == expected
