"""Whatever a script prints: results are never replaced, and replacing twice is replacing once."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from perfkit.measure.printed import parted, settled, told

NOW = 1_767_000_000.0

WORDS = st.sampled_from(
    [
        *("accuracy", "loss", "epoch", "step", "rows", "mean", "std", "min", "max", "class", "x", "y", "of"),
        *("and", "=", ":", ",", "(", ")", "m", "kg", "km", "px", "%", "#"),
    ]
)
NUMBERS = st.one_of(
    st.integers(-(10**9), 10**9).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.floats(-1e6, 1e6).map(lambda x: f"{x:.4f}"),
    st.integers(0, 10**9).map(lambda n: f"{n:,}"),
    st.tuples(st.integers(0, 99), st.integers(0, 99)).map(lambda two: f"{two[0]}:{two[1]:02d}"),
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)).map(lambda v: "v{}.{}.{}".format(*v)),
)
LINES = st.lists(st.one_of(WORDS, NUMBERS), max_size=12).map(" ".join)
DURATIONS = st.tuples(
    st.floats(0, 1e5).map(lambda x: f"{x:.3f}"),
    st.sampled_from([" s", "s", " ms", " seconds", " µs"]),
).map("".join)


@given(LINES)
def test_numbers_without_a_sign_of_time_stay(line: str) -> None:
    assert settled(line, NOW) == line.rstrip()


@given(LINES, DURATIONS, DURATIONS, LINES)
def test_two_durations_make_one_line(before: str, one: str, other: str, after: str) -> None:
    lines = [settled(f"{before} in {took} {after}", NOW) for took in (one, other)]
    assert lines[0] == lines[1]
    assert before.split() == lines[0].split()[: len(before.split())]


WHOLE = st.lists(st.one_of(WORDS, st.integers(-(10**9), 10**9).map(str)), max_size=12).map(" ".join)


@given(WHOLE, WHOLE)
def test_lines_that_differ_differ(one: str, other: str) -> None:
    if one.split() != other.split():
        assert told([one]) != told([other])


@example("1.5e-3 s took 1.5 s")
@example("0:00:01.5 [00:12<00:34]")
@given(st.text(st.characters(codec="utf-8"), max_size=80))
def test_any_text_is_settled_once_and_for_all(line: str) -> None:
    once = settled(line, NOW)
    assert settled(once, NOW) == once


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_numbers_come_back_as_they_were(numbers: list[float]) -> None:
    text, found = parted(" ".join(map(repr, numbers)))
    assert found == numbers
    assert re.sub(r"<number>|\s", "", text) == ""


@given(st.text(max_size=200))
def test_text_around_numbers_is_not_lost(line: str) -> None:
    text, numbers = parted(line)
    parts = [re.escape(part) for part in text.split("<number>")] if numbers else [re.escape(text)]
    assert re.fullmatch(r".+".join(parts), line, re.DOTALL)
