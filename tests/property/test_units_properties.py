"""What holds for every number: no minus zero, no nan, the value within its interval, columns in one unit."""

from __future__ import annotations

import math
import re

from hypothesis import example, given
from hypothesis import strategies as st

from perfkit.report import units
from tests.builders import estimate

ANY = st.floats(allow_nan=True, allow_infinity=True)
RATIOS = st.floats(min_value=1e-4, max_value=1e6)
TIMES = st.floats(min_value=0, max_value=1e6)


def _number(text: str) -> float:
    """Read what was printed; ``<0.01``, which stands for less than half of that, as nothing."""
    return 0.0 if text.startswith("<") else float(text.replace(",", "").rstrip("x"))


@given(ANY)
@example(1.7976931348623157e308)  # rounds up to no float, and times 100 is infinite
@example(-1e307)
@example(-0.0)
def test_nothing_prints_minus_zero_or_nan(value: float) -> None:
    for text in (
        units.significant(value),
        units.seconds(value),
        units.bytes_(value),
        units.percent(value),
        units.signed_error(value),
        units.tolerance(value),
        units.count(value),
        units.number(value),
        units.excess(value),
        *units.seconds_column([value, 1.0]),
    ):
        assert not re.search(r"nan|inf", text)
        assert not re.match(r"-0(\.0*)?( |$)", text), text


@given(RATIOS, st.floats(min_value=1e-4, max_value=0.9), st.floats(min_value=1e-4, max_value=3.0))
def test_a_ratio_lies_in_its_interval_and_is_off_by_no_more_than_it_allows(
    value: float, down: float, up: float
) -> None:
    low, high = value * (1 - down), value * (1 + up)
    found = estimate(value, low, high)
    printed = _number(units.ratio(found))
    low_end, high_end = (_number(end) for end in units.interval(found).strip("[]").split(", "))
    assert low_end <= printed <= high_end
    # Half a unit of the last place, which is at most the half-width's leading digit; or the fifth digit.
    assert abs(printed - value) <= max((high - low) / 4, value * 1e-4)
    assert abs(low_end - low) <= max((high - low) / 4, value * 1e-4, low / 2)


@given(RATIOS, st.floats(min_value=1e-4, max_value=0.9), st.floats(min_value=1e-4, max_value=3.0))
def test_an_interval_beside_one_is_seen_to_be(value: float, down: float, up: float) -> None:
    low, high = value * (1 - down), value * (1 + up)
    low_end, high_end = (
        _number(end) for end in units.interval(estimate(value, low, high)).strip("[]").split(", ")
    )
    assert (low_end > 1) == (low > 1 and low_end > 1)
    if low > 1 + 1e-9:
        assert low_end > 1
    if high < 1 - 1e-9:
        assert high_end < 1


@given(st.floats(min_value=1e-9, max_value=1e9), st.integers(min_value=1, max_value=6))
def test_significant_digits_survive_a_carry(value: float, digits: int) -> None:
    text = units.significant(value, digits)
    assert math.isclose(_number(text), value, rel_tol=0.51 * 10 ** (1 - digits))
    shown = re.sub(r"[,.]", "", text).lstrip("0")
    assert len(shown) >= digits


@given(TIMES)
def test_a_time_is_read_back_to_three_digits_and_never_a_thousand_of_a_unit(value: float) -> None:
    number, unit = units.seconds(value).split(" ")
    scale = {"s": 1.0, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}[unit]
    assert math.isclose(_number(number) * scale, value, rel_tol=0.0051)
    assert unit == "s" or _number(number) < 1000


@given(st.lists(TIMES, min_size=1, max_size=8))
def test_the_rows_of_a_column_add_up_but_for_rounding(parts: list[float]) -> None:
    printed = units.seconds_column([*parts, math.fsum(parts)])
    assert len({text.split(" ")[1] for text in printed}) == 1
    decimals = {len(text.split(" ")[0].partition(".")[2]) for text in printed}
    assert len(decimals) == 1
    numbers = [_number(text.split(" ")[0]) for text in printed]
    step = 10.0 ** -decimals.pop()
    assert (
        abs(math.fsum(numbers[:-1]) - numbers[-1])
        <= step * len(printed) / 2 * 1.001 + abs(numbers[-1]) * 1e-12
    )
