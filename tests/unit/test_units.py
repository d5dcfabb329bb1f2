"""Every figure as a reader sees it: the rule of digits, carries, zeros, and what is not a number."""

from __future__ import annotations

import math

import pytest

from perfkit.report import units
from tests.builders import estimate


@pytest.mark.parametrize(
    ("value", "low", "high", "ratio", "interval"),
    [
        (186.0, 180.2, 191.9, "186x", "[180, 192]"),
        (13.03, 13.01, 13.05, "13.03x", "[13.01, 13.05]"),
        (26.4, 25.9, 26.9, "26.4x", "[25.9, 26.9]"),
        (1.01, 0.97, 1.04, "1.01x", "[0.97, 1.04]"),
        (186.0, 127.0, 244.0, "190x", "[130, 240]"),
        (2681.0, 2600.0, 2760.0, "2,680x", "[2,600, 2,760]"),
        (9.96, 9.4, 10.6, "10.0x", "[9.4, 10.6]"),
        (12.0, 5.0, 25.0, "12x", "[5, 25]"),  # never fewer than two digits
        (12.0, 0.21, 30.0, "12x", "[0.2, 30]"),  # an end never vanishes
        (1.02, 1.004, 1.031, "1.020x", "[1.004, 1.031]"),  # beside 1, and seen to be
        (0.98, 0.96, 0.998, "0.980x", "[0.960, 0.998]"),
        (1.0151, 0.9996, 1.03, "1.02x", "[1.00, 1.03]"),  # includes 1, and is seen to
        (3.0, 3.0, 3.0, "3.00x", "[3.00, 3.00]"),
        (0.05, 0.041, 0.062, "0.050x", "[0.041, 0.062]"),
        (5.0, 4.9, 5.1, "5.0x", "[4.9, 5.1]"),
    ],
)
def test_a_ratio_has_the_digits_that_its_interval_supports(
    value: float, low: float, high: float, ratio: str, interval: str
) -> None:
    found = estimate(value, low, high)
    assert units.ratio(found) == ratio
    assert units.interval(found) == interval


@pytest.mark.parametrize(
    ("value", "text"), [(190.285, "190x"), (9.996, "10.0x"), (0.41234, "0.412x"), (1.0, "1.00x")]
)
def test_one_pair_has_three_digits_and_no_interval(value: float, text: str) -> None:
    alone = estimate(value, None, None)
    assert units.ratio(alone) == text
    assert units.interval(alone) == "n = 1: no interval"


def test_no_estimate_is_a_dash() -> None:
    assert units.ratio(None) == units.interval(None) == units.seconds(None) == units.bytes_(None) == "-"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (35.214, "35.2 s"),
        (0.185, "185 ms"),
        (4.1e-6, "4.10 µs"),
        (2.5e-8, "25.0 ns"),
        (0.9996, "1.00 s"),
        (0.9994, "999 ms"),
        (9.996, "10.0 s"),
        (0.00099996, "1.00 ms"),
        (1234.5, "1,234 s"),
        (0.0, "0.00 s"),
        (-0.0, "0.00 s"),
        (1e-12, "0.00100 ns"),
    ],
)
def test_a_time_is_in_the_unit_that_suits_it(value: float, text: str) -> None:
    assert units.seconds(value) == text


def test_a_column_of_times_has_one_unit_and_adds_up() -> None:
    assert units.seconds_column([27.98, 6.931, 0.2891, 0.0029, None, 35.203]) == (
        "27.98 s",
        "6.93 s",
        "0.29 s",
        "<0.01 s",
        "-",
        "35.20 s",
    )
    assert units.seconds_column([9.9996e-4, 2e-6]) == ("1.000 ms", "0.002 ms")
    assert units.seconds_column([-1e-12, 1e-3]) == ("0.000 ms", "1.000 ms")
    assert units.seconds_column([30.0, 0.004, 0.0]) == ("30.00 s", "<0.01 s", "0.00 s")
    assert units.seconds_column([]) == ()


def test_a_small_loss_is_not_printed_as_nothing_where_signs_matter() -> None:
    column = [30.0, -0.004, 0.0, -0.5]
    assert units.seconds_column(column, signed=True) == ("30.00 s", ">-0.01 s", "0.00 s", "-0.50 s")
    assert units.seconds_column(column) == ("30.00 s", "0.00 s", "0.00 s", "-0.50 s")


def test_a_short_share_is_nothing_only_if_it_is() -> None:
    shares = (0.0, 0.005, 0.0051, 0.414, 1.0, None)
    assert [units.share(one) for one in shares] == ["0 %", "<1 %", "1 %", "41 %", "100 %", "-"]


def test_two_columns_share_a_unit_only_if_they_are_of_a_size() -> None:
    assert units.seconds_columns([0.412, 0.645], [1.213, 1.52]) == (
        ("0.412 s", "0.645 s"),
        ("1.213 s", "1.520 s"),
    )
    assert units.seconds_columns([35.2], [0.185]) == (("35.20 s",), ("185.0 ms",))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"),
        (812, "812 B"),
        (1024, "1.00 KiB"),
        (1023.9 * 1024, "1.00 MiB"),
        (412 * 1024**2, "412 MiB"),
        (16 * 1024**3, "16.0 GiB"),
    ],
)
def test_memory(value: float, text: str) -> None:
    assert units.bytes_(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.6203, "62.0 %"), (1.0, "100.0 %"), (-0.0001, "0.0 %"), (-0.0123, "-1.2 %"), (None, "-")],
)
def test_a_share(share: float | None, text: str) -> None:
    assert units.percent(share) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (4.636, "460 %"),
        (14.06, "1,400 %"),
        (0.627, "63 %"),
        (0.0964, "9.6 %"),
        (0.0996, "10 %"),
        (0.00041, "0.041 %"),
    ],
)
def test_an_excess_over_a_target(share: float, text: str) -> None:
    assert units.excess(share) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.23e-15, "1.2e-15"),
        (-1.2e-7, "-1.2e-7"),
        (0.0, "0"),
        (-0.0, "0"),
        (0.223, "0.22"),
        (9.96e-5, "1.0e-4"),
        (5e12, "5.0e12"),
        (None, "-"),
    ],
)
def test_an_error(value: float | None, text: str) -> None:
    assert units.signed_error(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e-9, "1e-9"), (1e-4, "1e-4"), (2.5e-6, "2.5e-6"), (0.05, "0.05"), (0.0, "0"), (None, "-")],
)
def test_a_tolerance_is_written_as_people_do(value: float | None, text: str) -> None:
    assert units.tolerance(value) == text


def test_targets_counts_and_metrics() -> None:
    assert units.target(33) == "33.0x"
    assert units.target(2.25) == "2.25x"
    assert units.count(2352000) == "2,352,000"
    assert units.count(1.5) == "1.5"
    assert units.number(0.4172911) == "0.417291"
    assert units.number(-0.0) == "0"
    assert units.number(3000.0) == "3000"


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_what_is_not_finite_is_not_available(value: float) -> None:
    for printed in (
        units.significant(value),
        units.seconds(value),
        units.bytes_(value),
        units.percent(value),
        units.excess(value),
        units.signed_error(value),
        units.tolerance(value),
        units.count(value),
        units.number(value),
        units.target(value),
        units.single_ratio(value),
        units.seconds_column([value])[0],
        units.ratio(estimate(value, 1.0, 2.0)),
        units.interval(estimate(2.0, 1.0, value)),
    ):
        assert printed == "n/a"
