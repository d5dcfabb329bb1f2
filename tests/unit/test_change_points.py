"""Changes of a level: how often one is found where there is none, and how often one that is there."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import pytest

from perfkit.analyse import change_points

if TYPE_CHECKING:
    from collections.abc import Callable


def correlated(n: int, rho: float, draw: random.Random) -> list[float]:
    """AR(1) noise of deviation 1."""
    values = [draw.gauss(0, 1)]
    while len(values) < n:
        values.append(rho * values[-1] + math.sqrt(1 - rho * rho) * draw.gauss(0, 1))
    return values


def bursts(n: int, draw: random.Random) -> list[float]:
    """White noise, and in every twenty values one or two in a row that are six deviations off."""
    values = correlated(n, 0, draw)
    for start in range(draw.randrange(8), n - 1, 20):
        off = draw.choice((-6, 6))
        for place in range(start, min(n, start + draw.choice((1, 2)))):
            values[place] += off
    return values


def heavy(n: int, draw: random.Random) -> list[float]:
    """Student's t with three degrees of freedom."""
    return [draw.gauss(0, 1) / math.sqrt(draw.gammavariate(1.5, 2) / 3) for _ in range(n)]


def found(values: list[float]) -> list[int]:
    return [one.index for one in change_points.find(values)]


def alarms(make: Callable[[random.Random], list[float]], repeats: int) -> int:
    """How many of so many series without a change show one."""
    draw = random.Random(20_261)
    return sum(bool(found(make(draw))) for _ in range(repeats))


# The limits are what so many series with a true rate of 1 % (2, 5, 9 %) exceed in one of a thousand cases.
@pytest.mark.parametrize("n", [10, 30, 80])
@pytest.mark.parametrize(("rho", "most"), [(0.0, 8), (0.3, 11), (0.5, 21), (0.7, 31)])
def test_false_alarms_in_correlated_noise(n: int, rho: float, most: int) -> None:
    assert alarms(lambda draw: correlated(n, rho, draw), 200) <= most


@pytest.mark.parametrize("n", [10, 30, 80])
@pytest.mark.parametrize("make", [bursts, heavy])
def test_false_alarms_in_bursts_and_heavy_tails(
    n: int, make: Callable[[int, random.Random], list[float]]
) -> None:
    assert alarms(lambda draw: make(n, draw), 200) <= 15


@pytest.mark.parametrize(
    ("n", "begin", "end", "step", "least"),
    [
        (30, 15, 30, 3.0, 0.8),  # half of the series
        (30, 25, 30, 5.0, 0.9),  # the last five
        (30, 27, 30, 10.0, 0.9),  # the last three
        (30, 10, 15, 6.0, 0.8),  # a slump that was mended
        (80, 70, 80, 3.0, 0.9),
        (10, 5, 10, 6.0, 0.8),
        (6, 3, 6, 60.0, 0.9),  # the fewest that there can be
    ],
)
def test_a_change_is_found_where_it_is(n: int, begin: int, end: int, step: float, least: float) -> None:
    draw = random.Random(7)
    hits = 0
    for _ in range(60):
        values = [v + step * (begin <= i < end) for i, v in enumerate(correlated(n, 0, draw))]
        places = found(values)
        hits += all(any(abs(one - cut) <= 1 for one in places) for cut in {begin, end} - {0, n})
    assert hits >= least * 60


def test_one_change_does_not_hide_another() -> None:
    """Levels 0, 4, -3 and 3: bisection of the whole sees no difference between its halves."""
    draw = random.Random(9)
    levels = [0.0] * 20 + [4.0] * 20 + [-3.0] * 20 + [3.0] * 20
    hits = sum(
        [abs(a - b) <= 1 for a, b in zip(places, (20, 40, 60), strict=False)] == [True] * 3
        and len(places) == 3
        for places in (
            found([level + one for level, one in zip(levels, correlated(80, 0, draw), strict=True)])
            for _ in range(40)
        )
    )
    assert hits >= 34


def test_what_a_change_says_of_itself() -> None:
    values = [0.00, 0.01, -0.01, 0.00, 0.01, -0.01, 0.69, 0.70, 0.68, 0.70, 0.69, 0.68]
    (one,) = change_points.find(values)
    assert one.index == 6
    assert one.before == pytest.approx(0.0)
    assert one.after == pytest.approx(0.69)
    assert one.low < 0.69 < one.high
    assert one.low > 0.5
    assert 0 < one.p_value <= change_points.ALPHA
    (back,) = change_points.find(values[::-1])
    assert (back.index, back.before, back.after) == (6, pytest.approx(0.69), pytest.approx(0.0))


def test_the_interval_of_a_step_covers_it() -> None:
    draw = random.Random(3)
    covered = tried = 0
    while tried < 200:
        values = [v + 5.0 * (i >= 15) for i, v in enumerate(correlated(30, 0.4, draw))]
        changes = change_points.find(values)
        if len(changes) == 1 and changes[0].index == 15:
            tried += 1
            covered += changes[0].low <= 5.0 <= changes[0].high
    assert covered >= 182  # 95 % in 999 of a thousand cases


def test_the_same_series_has_the_same_changes_at_any_scale() -> None:
    values = [v + 3.0 * (i >= 20) for i, v in enumerate(correlated(40, 0.2, random.Random(5)))]
    first = change_points.find(values)
    assert first
    assert first == change_points.find(values)
    assert [one.index for one in first] == found([7 - 1e-3 * one for one in values])


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0, 3.0, 9.0, 9.0], [2.5] * 40])
def test_too_few_values_and_a_constant_show_nothing(values: list[float]) -> None:
    assert change_points.find(values) == ()


def test_a_step_without_noise_is_a_change() -> None:
    assert found([1.0] * 10 + [2.0] * 10) == [10]


def test_a_long_series_is_looked_at_from_its_end() -> None:
    draw = random.Random(2)
    n = change_points.MOST + 50
    values = [v + 5.0 * (i >= n - 30) + 50.0 * (i < 20) for i, v in enumerate(correlated(n, 0, draw))]
    assert found(values) == [n - 30]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_value_that_is_not_finite_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        change_points.find([0.0] * 9 + [bad])
