"""Exponents, laws and crossovers: against scipy, on costs that are known, and by seeded simulation."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats as reference

from perfkit.analyse import crossing, growth, laws
from perfkit.errors import UsageError
from perfkit.measure import sizing

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = [100, 200, 400, 800, 1600]
MORE = [100, 178, 317, 564, 1003, 1784, 3171]
NOISE: dict[str, Callable[[np.random.Generator, int, int], np.ndarray]] = {
    "normal": lambda r, n, k: 0.05 * r.standard_normal((n, k)),
    "skewed": lambda r, n, k: 0.1 * (r.exponential(size=(n, k)) - math.log(2)),
    "bursts": lambda r, n, k: 0.03 * r.standard_normal((n, k)) * np.where(r.random((n, k)) < 0.1, 10, 1),
    "more at small sizes": lambda r, n, k: np.linspace(0.15, 0.02, n)[:, None] * r.standard_normal((n, k)),
    "of the sizes": lambda r, n, k: 0.02 * r.standard_normal((n, k)) + 0.04 * r.standard_normal((n, 1)),
}


def costs(law: Callable[[float], float], sizes: list[int], noise: np.ndarray) -> list[list[float]]:
    return [[law(n) * math.exp(one) for one in row] for n, row in zip(sizes, noise, strict=True)]


def medians(found: list[list[float]]) -> list[float]:
    return [statistics.median(one) for one in found]


# ---------------------------------------------------------------- exponents


def test_the_exponent_is_scipys_line_through_the_logarithms() -> None:
    rng = np.random.default_rng(3)
    times = [n**1.7 * math.exp(0.1 * rng.standard_normal()) for n in MORE]
    found = growth.exponent(MORE, times, 5)
    line = reference.linregress(np.log(MORE), np.log(times))
    half = reference.t.ppf(0.975, len(MORE) - 2) * line.stderr
    assert (found.low, found.value, found.high) == pytest.approx(
        (line.slope - half, line.slope, line.slope + half)
    )


@pytest.mark.parametrize("noise", NOISE)
@pytest.mark.parametrize(("sizes", "repeats"), [(SIZES, 3), (SIZES, 10), (MORE, 5)])
def test_the_interval_covers_95_percent(noise: str, sizes: list[int], repeats: int) -> None:
    rng, rounds, hits = np.random.default_rng(11), 1000, 0
    for _ in range(rounds):
        times = medians(costs(lambda n: 3e-6 * n**1.5, sizes, NOISE[noise](rng, len(sizes), repeats)))
        found = growth.exponent(sizes, times, repeats)
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= 1.5 <= found.high
    slack = 4 * math.sqrt(0.95 * 0.05 / rounds)
    # Noise that differs from size to size costs least squares a point or two.
    assert 0.95 - slack - (0.02 if "more" in noise else 0) <= hits / rounds <= 0.95 + slack


@pytest.mark.parametrize("repeats", [1, 2])
def test_few_repeats_give_no_interval(repeats: int) -> None:
    found = growth.exponent(SIZES, [n**2.0 for n in SIZES], repeats)
    assert found.value == pytest.approx(2)
    assert (found.low, found.high, found.n) == (None, None, repeats)


@pytest.mark.parametrize(
    ("sizes", "times"), [([1, 2], [1.0, 2.0]), ([1, 2, 4], [1.0, 0.0, 2.0]), ([1, 2, 4], [1.0, 2.0])]
)
def test_no_exponent_from_nothing(sizes: list[int], times: list[float]) -> None:
    with pytest.raises(ValueError, match="three sizes"):
        growth.exponent(sizes, times, 5)


# ---------------------------------------------------------------- a changing exponent


@pytest.mark.parametrize("noise", ["normal", "skewed", "bursts"])
@pytest.mark.parametrize("sizes", [SIZES, MORE])
def test_a_straight_line_is_rarely_called_bent(noise: str, sizes: list[int]) -> None:
    rng, rounds, alarms = np.random.default_rng(5), 1000, 0
    for _ in range(rounds):
        times = medians(costs(lambda n: n**1.2, sizes, NOISE[noise](rng, len(sizes), 3)))
        alarms += growth.change(sizes, times, 3) is not None
    # A parabola and a broken line are both tried where there are sizes enough; changes below 0.1 are none.
    assert alarms / rounds <= (0.05 if len(sizes) < 6 else 0.07) + 4 * math.sqrt(0.05 * 0.95 / rounds)


def test_a_constant_on_top_bends_the_line() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        times = medians(costs(lambda n: 3e-3 + 1e-7 * n**2, MORE, 0.02 * rng.standard_normal((7, 5))))
        found = growth.change(MORE, times, 5)
        assert found is not None
        assert 0.5 < found.small_end < 1.2
        assert 1.8 < found.large_end < 2.1


def test_a_break_is_found_where_it_is() -> None:
    rng = np.random.default_rng(2)
    sizes = [100 * 2**k for k in range(9)]

    def cached(n: float) -> float:
        return n if n <= 1600 else 1600 * (n / 1600) ** 2

    for _ in range(20):
        times = medians(costs(cached, sizes, 0.02 * rng.standard_normal((9, 5))))
        found = growth.change(sizes, times, 5)
        assert found is not None
        assert found.at == 1600
        assert found.small_end == pytest.approx(1, abs=0.1)
        assert found.large_end == pytest.approx(2, abs=0.1)


def test_too_little_shows_no_change() -> None:
    times = [0.01 + n**2 for n in SIZES]
    assert growth.change(SIZES[:4], times[:4], 9) is None
    assert growth.change(SIZES, times, 2) is None


# ---------------------------------------------------------------- laws


def possible(
    law: Callable[[float], float], sizes: list[int], noise: float, repeats: int, seed: int
) -> set[str]:
    rng = np.random.default_rng(seed)
    found = laws.judge(sizes, costs(law, sizes, noise * rng.standard_normal((len(sizes), repeats))))
    return {one.name for one in found.laws if one.possible}


@pytest.mark.parametrize(
    ("name", "law"),
    [
        ("constant", lambda n: 0.05),
        ("log n", lambda n: 1e-2 * math.log(n)),
        ("n", lambda n: 1e-5 * n),
        ("n log n", lambda n: 1e-5 * n * math.log(n)),
        ("n^2", lambda n: 1e-6 * n**2),
        ("n^2 log n", lambda n: 1e-6 * n**2 * math.log(n)),
        ("n^3", lambda n: 1e-9 * n**3),
        ("n", lambda n: 4e-3 + 1e-5 * n),
        ("n log n", lambda n: 4e-2 + 1e-5 * n * math.log(n)),
        ("n^2", lambda n: 2e-1 + 1e-6 * n**2),
    ],
)
def test_a_law_is_named_and_hardly_ever_a_wrong_one(name: str, law: Callable[[float], float]) -> None:
    found = [possible(law, MORE, 0.02, 8, seed) for seed in range(12)]
    assert sum(one == {name} for one in found) >= 9
    assert all(name in one for one in found)


def test_a_power_between_the_laws_is_none_of_them() -> None:
    found = [possible(lambda n: n**1.1, MORE, 0.01, 8, seed) for seed in range(8)]
    assert found.count(set()) >= 7
    assert all("n" not in one for one in found)
    assert all(possible(lambda n: n**1.5, MORE, 0.05, 5, seed) == set() for seed in range(8))


def test_a_power_too_may_be_n_log_n() -> None:
    """Over a factor of sixteen, with noise, n log n looks like a power: that is said."""
    rng = np.random.default_rng(4)
    noisy = costs(lambda n: n * math.log(n), SIZES, 0.05 * rng.standard_normal((5, 5)))
    found = laws.judge(SIZES, noisy)
    assert found.power_too
    # With a constant on top it no longer does.
    curved = costs(lambda n: 2000 + n * math.log(n), SIZES, 0.01 * rng.standard_normal((5, 5)))
    assert not laws.judge(SIZES, curved).power_too


def test_what_a_constant_hides_is_not_named() -> None:
    """A square that is a fifth of the cost at the largest size: several laws fit."""
    found = [possible(lambda n: 10 + 1e-6 * n**2, SIZES, 0.02, 5, seed) for seed in range(10)]
    assert sum(len(one) > 1 for one in found) >= 7


def test_noise_names_no_wrong_law() -> None:
    for seed in range(10):
        assert "n^2" not in possible(lambda n: 1e-5 * n, SIZES, 0.1, 3, seed)
        assert "n" not in possible(lambda n: 1e-6 * n**2, SIZES, 0.1, 3, seed)


def test_the_coefficients_are_those_of_the_law() -> None:
    exact = costs(lambda n: 5e-3 + 2e-6 * n**2, MORE, np.zeros((7, 3)))
    best = laws.judge(MORE, exact).laws[0]
    assert best.name == "n^2"
    assert best.factor == pytest.approx(2e-6, rel=0.01)
    assert best.offset == pytest.approx(5e-3, rel=0.05)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("n^2", "n^2"),
        ("O(n^2)", "n^2"),
        ("O(n log n)", "n log n"),
        ("n*log n", "n log n"),
        ("n**3", "n^3"),
        ("n²", "n^2"),
        ("1", "constant"),
        ("O(1)", "constant"),
        ("log n", "log n"),
        ("n^1.5", "n^1.5"),
        ("n^2 log n", "n^2 log n"),
    ],
)
def test_laws_are_read_as_people_write_them(text: str, name: str) -> None:
    assert laws.read(text).name == name


@pytest.mark.parametrize("text", ["", "fast", "2^n", "n!", "n^-1", "m"])
def test_what_is_no_law_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no growth that perfkit knows"):
        laws.read(text)


def test_a_law_has_an_exponent_of_its_own() -> None:
    assert laws.read("n^2").exponent(SIZES) == pytest.approx(2)
    assert 1.1 < laws.read("n log n").exponent(SIZES) < 1.25
    assert laws.read("constant").exponent(SIZES) == pytest.approx(0)
    assert math.isfinite(laws.read("log n").exponent([1, 2, 4, 8, 16]))


# ---------------------------------------------------------------- crossovers


def side(size: int, middle: float, half: float = 0.05) -> crossing.Side:
    return crossing.Side(size, middle, middle - half, middle + half, (middle - half, middle, middle + half))


def test_a_crossover_lies_where_the_ratio_passes_one() -> None:
    # log ratio = log(n / 566): zero halfway between 400 and 800 on the logarithmic axis
    (found,) = crossing.crossings([side(n, math.log(n / 565.685)) for n in SIZES])
    assert found.size == pytest.approx(565.7, rel=1e-3)
    assert found.low == pytest.approx(565.685 * math.exp(-0.05), rel=1e-3)
    assert found.high == pytest.approx(565.685 * math.exp(0.05), rel=1e-3)
    assert found.rising
    assert found.measured


def test_no_crossover_where_one_side_is_always_faster() -> None:
    assert crossing.crossings([side(n, 2.0 + 0.01 * i) for i, n in enumerate(SIZES)]) == ()
    assert crossing.crossings([side(n, math.log(n / 40_000)) for n in SIZES]) == ()  # far beyond
    assert crossing.crossings([side(n, 0.0) for n in SIZES]) == ()  # equally fast everywhere


def test_a_crossover_a_little_beyond_is_told_as_such() -> None:
    (found,) = crossing.crossings([side(n, math.log(n / 2400)) for n in SIZES])
    assert not found.measured
    assert found.size == pytest.approx(2400, rel=0.01)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 2400 < found.high
    (found,) = crossing.crossings([side(n, math.log(n / 70)) for n in SIZES])
    assert not found.measured
    assert found.size == pytest.approx(70, rel=0.01)


def test_two_crossovers_are_both_found() -> None:
    found = crossing.crossings([side(n, y) for n, y in zip(SIZES, [-1, 1, 1, 1, -1], strict=True)])
    assert [one.rising for one in found] == [True, False]


def test_the_interval_of_a_crossover_covers_95_percent() -> None:
    from perfkit.analyse import stats

    rng, rounds, hits, told = np.random.default_rng(8), 400, 0, 0
    for _ in range(rounds):
        sides = []
        for n in SIZES:
            logs = list(math.log(n / 500) + 0.1 * rng.standard_normal(6))
            found = stats.estimate(logs)
            assert found.low is not None
            assert found.high is not None
            low, high = math.log(found.low), math.log(found.high)
            sides.append(crossing.Side(n, math.log(found.value), low, high, tuple(logs)))
        crossed = crossing.crossings(sides)
        if len(crossed) == 1 and crossed[0].low is not None and crossed[0].high is not None:
            told += 1
            hits += crossed[0].low <= 500 <= crossed[0].high
    assert told >= 0.95 * rounds
    assert hits / told >= 0.95 - 4 * math.sqrt(0.95 * 0.05 / told)


# ---------------------------------------------------------------- sizes


def test_sizes_are_geometric() -> None:
    assert sizing.geometric(100, 1600, 5) == (100, 200, 400, 800, 1600)
    assert sizing.geometric(10, 1000, 3) == (10, 100, 1000)
