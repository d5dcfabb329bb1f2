"""Figures as people print them: what each stands for, and what is no figure."""

from __future__ import annotations

import math

import pytest

from perfkit.audit import figures
from perfkit.audit.spans import Span, seconds, show
from perfkit.audit.units import unit_scale


def only(text: str) -> figures.Figure:
    (found,) = figures.find(text)
    return found


@pytest.mark.parametrize(
    ("text", "kind", "value", "low", "high"),
    [
        ("22.6 s", "time", 22.6, 22.55, 22.65),
        ("188 ms", "time", 0.188, 0.1875, 0.1885),
        ("4.10 µs", "time", 4.1e-6, 4.095e-6, 4.105e-6),
        ("1,234.5 ms", "time", 1.2345, 1.23445, 1.23455),
        ("1\u202f234 s", "time", 1234, 1233.5, 1234.5),
        ("2 min 5.5 s", "time", 125.5, 125.45, 125.55),
        ("1h 2m 5s", "time", 3725, 3724.5, 3725.5),
        ("34.7 seconds", "time", 34.7, 34.65, 34.75),
        ("1.5e3 s", "time", 1500, 1450, 1550),
        ("39.18x", "ratio", 39.18, 39.175, 39.185),
        ("39.18×", "ratio", 39.18, 39.175, 39.185),
        ("×39.18", "ratio", 39.18, 39.175, 39.185),
        ("39-fold", "ratio", 39, 38.5, 39.5),
        ("39 times faster", "ratio", 39, 38.5, 39.5),
        ("ten times faster", "ratio", 10, 9.5, 10.5),
        ("twice as fast", "ratio", 2, 1.5, 2.5),
        ("half the time", "ratio", 2, 1.5, 2.5),
        ("350x", "ratio", 350, 345, 355),
        ("1,800x", "ratio", 1800, 1750, 1850),
        ("20-30x", "ratio", 25, 19.5, 30.5),
        ("between 20x and 30x", "ratio", 25, 19.5, 30.5),
        ("about 30x", "ratio", 30, 27, 33),
        ("97.4 %", "percent", 97.4, 97.35, 97.45),
        ("97 percent", "percent", 97, 96.5, 97.5),
        ("-12 %", "percent", -12, -12.5, -11.5),
        ("−12 %", "percent", -12, -12.5, -11.5),
        ("2.1 percentage points", "points", 2.1, 2.05, 2.15),
        ("3 pp", "points", 3, 2.5, 3.5),
        ("86 images/s", "rate", 86, 85.5, 86.5),
        ("600 items per minute", "rate", 10, 599.5 / 60, 600.5 / 60),
        ("12 ms/iteration", "time", 0.012, 0.0115, 0.0125),
        ("340 MiB", "bytes", 340 * 1024**2, 339.5 * 1024**2, 340.5 * 1024**2),
    ],
)
def test_a_figure_stands_for_what_its_digits_allow(
    text: str, kind: str, value: float, low: float, high: float
) -> None:
    found = only(f"It is {text}, they say.")
    assert found.kind == kind
    assert math.isclose(found.value, value)
    assert math.isclose(found.tight.low, low)
    assert math.isclose(found.tight.high, high)


@pytest.mark.parametrize(
    "text",
    [
        "version 2.13.0",
        "on 2026-03-14 at 08:47:45",
        "images of 28x28 and 28 x 28 x 3",
        "O(n log n) and O(n^2)",
        "an x86 machine, 0x1F",
        "8x A100, 4x GPU, 2x NVIDIA",
        "see https://example.org/99x?a=5%25",
        "it ran 3 times",
        "v2.0x1",
        "job.py:204 s",
        "3,000 images",
        "commit c181553ad435",
        "1 234x",
        "34,7 s",
    ],
)
def test_what_is_no_figure(text: str) -> None:
    assert list(figures.find(text)) == []


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("34.7 ± 0.3 s", (34.4, 35.0)),
        ("34.7 s ± 0.3 s", (34.4, 35.0)),
        ("34.7 s +/- 300 ms", (34.4, 35.0)),
        ("50 s ± 2 %", (49.0, 51.0)),
        ("350x [240, 460]", (239.5, 460.5)),
        ("350x speedup ([240, 460], 95 %, 3 pairs)", (239.5, 460.5)),
        ("39x (95 % CI 38.1-40.2)", (38.05, 40.25)),
        ("39x (95 % CI 38.1 to 40.2)", (38.05, 40.25)),
    ],
)
def test_spreads_and_intervals_are_attached(text: str, ends: tuple[float, float]) -> None:
    found = next(iter(figures.find(text)))
    assert found.ends is not None
    assert math.isclose(found.ends.low, ends[0])
    assert math.isclose(found.ends.high, ends[1])


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("over 30x", ">"),
        ("30x", ""),
        ("30+x", ">"),
        ("up to 30x", "<"),
        ("~30x", "~"),
        ("nearly 30x", "~"),
        ("12 s -> 3 s", ""),
    ],
)
def test_bounds_in_words(text: str, bound: str) -> None:
    assert {one.bound for one in figures.find(text)} == {bound}


def test_bare_numbers_and_clocks_of_cells() -> None:
    found = figures.bare(" <0.01 ", 1e-3, "time")
    assert found is not None
    assert (found.tight.low, found.tight.high) == (0.0, 1e-5)
    assert figures.bare("3 of 4") is None
    time = figures.clock("1:02:03")
    assert time is not None
    assert time.value == 3723
    assert figures.clock("12:34") is None  # minutes or hours


@pytest.mark.parametrize(
    ("title", "kind", "scale"),
    [
        ("Time (ms)", "time", 1e-3),
        ("before [s]", "time", 1.0),
        ("Baseline, min", "time", 60.0),
        ("wall_s", "time", 1.0),
        ("throughput", "rate", 1.0),
        ("change (%)", "percent", 1.0),
        ("peak (MiB)", "bytes", 1024.0**2),
    ],
)
def test_a_title_gives_its_unit(title: str, kind: str, scale: float) -> None:
    assert unit_scale(title) == (kind, scale)


def test_a_title_without_a_unit() -> None:
    assert unit_scale("baseline") is None


@pytest.mark.parametrize(
    ("span", "unit", "text"),
    [
        (Span(18.712, 18.742), " %", "18.7 %"),
        (Span(18.0, 37.0), "x", "18x to 37x"),
        (Span(4.5, math.inf), "x", "at least 4.5x"),
        (Span(0.0, 0.0), "x", "0x"),
        (Span(1234.0, 1234.4), "x", "1,234x"),
    ],
)
def test_the_right_figure_is_a_range_where_digits_leave_it_open(span: Span, unit: str, text: str) -> None:
    assert show(span, unit) == text


def test_times_are_shown_in_a_unit_that_suits_them() -> None:
    assert seconds(Span(0.415, 0.625)) == "415 to 625 ms"
    assert seconds(Span(0.0, 0.0)) == "0 s"


def test_arithmetic_on_spans() -> None:
    assert (Span(1, 2) / Span(0, 1)).high == math.inf
    assert Span(1, 2) - Span(0.5, 1) == Span(0, 1.5)
    assert Span(1, 2).times(-1) == Span(-2, -1)
    assert Span(0.1, 0.3).meets(Span(0.3, 0.4))
    assert not Span(0.1, 0.3).meets(Span(0.31, 0.4))
