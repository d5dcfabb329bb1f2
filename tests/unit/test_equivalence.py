"""Two one-sided tests, the sizes they need, and the distributions below them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.special
import scipy.stats

from perfkit.analyse.beta import incomplete_beta
from perfkit.analyse.chance import at_chance, chance_of
from perfkit.analyse.equivalence import Tost, runs_needed, tost
from perfkit.analyse.student import quantile, tail

# ---------------------------------------------------------------- distributions


@pytest.mark.parametrize("a", [0.5, 1, 2.5, 14, 16, 100, 5000.5])
@pytest.mark.parametrize("b", [0.5, 1, 3, 14.5, 80, 12_345])
@pytest.mark.parametrize("x", [0.0, 1e-12, 0.01, 0.3, 0.5, 0.77, 0.999, 1.0])
def test_the_incomplete_beta_function(a: float, b: float, x: float) -> None:
    expected = scipy.special.betainc(a, b, x)
    assert incomplete_beta(a, b, x) == pytest.approx(expected, rel=1e-10, abs=1e-300)


@pytest.mark.parametrize("df", [0.5, 1, 2, 3.7, 5, 29, 30, 31, 100, 1000, 1e5, 1e7])
@pytest.mark.parametrize("t", [0.0, 1e-3, 0.1, 1.0, 1.96, 5.0, 40.0, 1e4])
def test_the_tail_of_student_t(t: float, df: float) -> None:
    expected = float(scipy.stats.t.sf(t, df))
    assert tail(t, df) == pytest.approx(expected, rel=1e-9, abs=1e-250)
    assert tail(-t, df) == pytest.approx(1 - expected, abs=1e-10)


@pytest.mark.parametrize("df", [1, 2, 3, 4, 5, 9.5, 29, 100, 1e5])
@pytest.mark.parametrize("p", [1e-6, 0.025, 0.05, 0.3, 0.5, 0.51, 0.9, 0.95, 0.975, 0.999999])
def test_the_quantile_of_student_t(p: float, df: float) -> None:
    assert quantile(p, df) == pytest.approx(float(scipy.stats.t.ppf(p, df)), rel=1e-9, abs=1e-15)


def test_the_ends_of_student_t() -> None:
    assert (tail(math.inf, 3), tail(-math.inf, 3), tail(1e308, 3)) == (0.0, 1.0, 0.0)


@pytest.mark.parametrize(
    "call",
    [
        lambda: tail(math.nan, 3),
        lambda: tail(1.0, 0),
        lambda: quantile(0.0, 3),
        lambda: quantile(1.0, 3),
        lambda: quantile(0.5, -1),
        lambda: incomplete_beta(0, 1, 0.5),
        lambda: incomplete_beta(1, 1, 1.5),
        lambda: chance_of(0.5, 0, 0.5),
        lambda: chance_of(1.1, 10, 0.5),
        lambda: chance_of(math.nan, 10, 0.5),
        lambda: tost([1.0, 2.0], 0.0),
        lambda: tost([1.0, 2.0], math.nan),
        lambda: tost([1.0, 2.0], 1.0, alpha=0.5),
        lambda: runs_needed([1.0], 1.0),
        lambda: runs_needed([1.0, math.nan], 1.0),
        lambda: runs_needed([1.0, 2.0], -1.0),
        lambda: runs_needed([1.0, 2.0], 1.0, power=1.0),
    ],
)
def test_what_is_not_defined_is_refused(call: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        call()


# ---------------------------------------------------------------- two one-sided tests


@pytest.mark.parametrize(
    ("differences", "verdict"),
    [
        ([0.1, -0.1, 0.05, -0.05], "statistically equivalent"),
        ([3.1, 2.9, 3.05, 2.95], "different"),
        ([-3.1, -2.9, -3.05, -2.95], "different"),
        ([1.1, 0.9, 1.05, 0.95], "inconclusive"),
        ([5.0, -5.0, 4.0, -4.0], "inconclusive"),
        ([0.1, -0.1], "statistically equivalent"),
        ([0.4, -0.4], "inconclusive"),
        ([0.0, 0.0], "statistically equivalent"),
        ([0.1] * 7, "statistically equivalent"),
        ([2.0, 2.0], "different"),
        ([1.0, 1.0], "inconclusive"),
        ([-1.0] * 3, "inconclusive"),
    ],
)
def test_a_verdict_is_what_its_interval_carries(differences: list[float], verdict: str) -> None:
    found = tost(differences, 1.0)
    assert found.verdict == verdict
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.mean <= found.high  # type: ignore[operator]
    if min(differences) != max(differences):
        interval = scipy.stats.t.interval(
            0.9, len(differences) - 1, np.mean(differences), scipy.stats.sem(differences)
        )
        assert (found.low, found.high) == pytest.approx(interval, rel=1e-9)


@pytest.mark.parametrize(
    ("differences", "reason"),
    [
        ([], "0 pairs: no interval"),
        ([0.0], "1 pair: no interval"),
        ([0.0, math.nan, math.inf], "2 of 3 differences are not finite"),
    ],
)
def test_without_an_interval_nothing_is_known(differences: list[float], reason: str) -> None:
    found = tost(differences, 1.0)
    assert found == Tost(
        verdict="inconclusive", margin=1.0, confidence=0.9, n=len(differences), reason=reason
    )


def test_it_agrees_with_two_t_tests() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        differences = rng.normal(rng.uniform(-2, 2), 1.0, size=int(rng.integers(3, 30)))
        below = scipy.stats.ttest_1samp(differences, 1.0, alternative="less").pvalue
        above = scipy.stats.ttest_1samp(differences, -1.0, alternative="greater").pvalue
        expected = max(below, above) < 0.05
        assert (tost(differences.tolist(), 1.0).verdict == "statistically equivalent") == expected


REPEATS = 2000
NOISE = 3 * math.sqrt(0.05 * 0.95 / REPEATS)  # three standard errors of a share of 5 %


@pytest.mark.parametrize("n", [3, 10, 40])
@pytest.mark.parametrize("noise", [0.05, 1.0])
def test_at_the_margin_both_mistakes_are_made_in_five_percent_at_most(n: int, noise: float) -> None:
    rng = np.random.default_rng(n)
    verdicts = [tost(row, 1.0).verdict for row in rng.normal(1.0, noise, size=(REPEATS, n)).tolist()]
    assert verdicts.count("statistically equivalent") / REPEATS <= 0.05 + NOISE
    assert verdicts.count("different") / REPEATS <= 0.05 + NOISE


@pytest.mark.parametrize("noise", [0.5, 1.5])
@pytest.mark.parametrize("m", [5, 10, 20])
def test_the_sized_number_of_runs_has_the_power_that_was_asked_for(m: int, noise: float) -> None:
    rng = np.random.default_rng(m)
    found, sizes = 0, []
    for _ in range(400):
        sizes.append(runs_needed(rng.normal(0, noise, m).tolist(), 1.0))
        found += tost(rng.normal(0, noise, sizes[-1]).tolist(), 1.0).verdict == "statistically equivalent"
    assert found / 400 >= 0.85
    needed = (noise * (1.645 + 1.645)) ** 2
    assert np.median(sizes) < (3 if m > 5 else 6) * needed + 6


@pytest.mark.parametrize(("pilot", "expected"), [([0.3] * 5, 2), ([0.0, 1e-9], 2)])
def test_a_pilot_without_noise_needs_no_more_than_two(pilot: list[float], expected: int) -> None:
    assert runs_needed(pilot, 1.0) == expected


def test_more_noise_a_narrower_margin_and_more_power_need_more_runs() -> None:
    pilot = [0.5, -0.3, 0.1, 0.8, -0.9, 0.2]
    n = runs_needed(pilot, 0.5)
    assert n < runs_needed([2 * one for one in pilot], 0.5) == runs_needed(pilot, 0.25)
    assert n < runs_needed(pilot, 0.5, power=0.95)
    assert runs_needed([one + 7 for one in pilot], 0.5) == n
    assert runs_needed(pilot, 1e-3) > 100_000


# ---------------------------------------------------------------- chance


@pytest.mark.parametrize("n", [1, 7, 60, 1000, 200_000])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.51, 0.9, 1.0])
@pytest.mark.parametrize("majority", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_the_binomial_tail(n: int, share: float, majority: float) -> None:
    correct = round(share * n)
    expected = scipy.stats.binomtest(correct, n, majority, alternative="greater").pvalue
    assert chance_of(share, n, majority) == pytest.approx(expected, rel=1e-8, abs=1e-250)


@pytest.mark.parametrize(
    ("share", "n", "majority", "expected"),
    [
        (0.1, 600, 0.1, True),
        (0.12, 600, 0.1, True),
        (0.9, 600, 0.1, False),
        (0.5, 10, 0.4, True),
        (0.91, 10_000, 0.9, False),
        (1.0, 3, 0.5, True),
        (1.0, 5, 0.5, False),
        (1.0, 100, 1.0, True),
        (0.0, 100, 0.1, True),
    ],
)
def test_an_accuracy_at_chance_level(share: float, n: int, majority: float, expected: bool) -> None:
    assert at_chance(share, n, majority) == expected
