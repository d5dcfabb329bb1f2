"""Rounding never makes a true report look wrong, and a ratio off by more than its digits always does."""

from __future__ import annotations

import string

from hypothesis import assume, example, given
from hypothesis import strategies as st

from perfkit.audit import audit
from perfkit.audit.findings import SEVERITIES

TIMES = st.floats(min_value=0.02, max_value=9e4)
DECIMALS = st.integers(min_value=0, max_value=4)
WORDS = st.sampled_from(
    [
        "39x faster than the", "33x target", "by 39 %", "from 34.7 s to", "0.886 s", "before", "after",
        "# Stages\n", "| stage | before | after | speedup |\n|-|-|-|-|\n",
        "| load | 3 s | 2 s | 1.5x |\n", "| total |", "\n\n", "- load: ", "total", "equivalent", "O(n^2)",
        "accuracy", "10 classes", "10.2 %", "[240, 460]", "±", "→", "1:02:03", "```\n", "`x`",
        "one run each", "1e99", "cProfile", "average", "points", "\x85", "\u2028", "\r",
        "99999999999999999999", "0 s", "-0.0 %", "saves", "<", "~", "items/s", "1e-99 s", "0x",
        "0.0x faster",
    ]
)  # fmt: skip


def speedups(text: str) -> list[str]:
    return [one.severity for one in audit(text).findings if one.check == "speedup"]


@given(TIMES, TIMES, DECIMALS, DECIMALS, DECIMALS)
@example(0.5, 0.0200001, 1, 2, 0)
@example(99.5, 9.95, 0, 0, 0)
def test_a_true_pair_is_never_contradicted_however_it_is_rounded(
    before: float, after: float, first: int, second: int, third: int
) -> None:
    ratio = before / after
    assume(float(f"{ratio:.{third}f}") > 0)
    times = f"from {before:,.{first}f} s to {after * 1e3:,.{second}f} ms"
    assert "contradicted" not in speedups(f"It went {times}, {ratio:,.{third}f}x faster.")
    table = (
        "| step | before | after | speedup |\n|-|-|-|-|\n"
        f"| all | {before:.{first}f} s | {after * 1e3:.{second}f} ms | {ratio:.{third}f}x |\n"
    )
    assert "contradicted" not in speedups(table)


@given(TIMES, TIMES)
def test_percentages_of_a_true_pair_are_never_contradicted(before: float, after: float) -> None:
    if before > after:
        text = f"from {before:.3f} s to {after:.3f} s: {100 * (before / after - 1):.1f} % faster."
        text += f"\n\nReduced by {100 * (1 - after / before):.2f} %, from {before:.3f} s to {after:.3f} s."
    else:
        text = (
            f"It got slower, from {before:.3f} s to {after:.3f} s: {100 * (after / before - 1):.1f} % slower."
        )
    assert not audit(text).of("contradicted")


@given(TIMES, TIMES, st.floats(min_value=1.001, max_value=50), st.booleans())
def test_a_ratio_off_by_more_than_its_digits_allow_always_is(
    before: float, after: float, factor: float, up: bool
) -> None:
    ratio = before / after * (factor if up else 1 / factor)
    low = (round(before, 3) - 0.0005) / (round(after, 3) + 0.0005)
    high = (round(before, 3) + 0.0005) / (round(after, 3) - 0.0005)
    step = 0.01  # of the printed ratio; one step more, because a figure may be cut off instead of rounded
    printed = round(ratio, 2)
    assume(printed > 0)
    assume(printed > high + step or printed + 2 * step < low)
    assert speedups(f"It went from {before:.3f} s to {after:.3f} s, {printed:.2f}x faster.") == [
        "contradicted"
    ]


@given(st.lists(st.tuples(TIMES, TIMES), min_size=2, max_size=6), DECIMALS)
def test_stages_that_add_up_are_never_contradicted(stages: list[tuple[float, float]], decimals: int) -> None:
    rows = [*((f"s{i}", *times) for i, times in enumerate(stages))]
    rows.append(("total", sum(a for a, _ in stages), sum(b for _, b in stages)))
    table = "| stage | before | after |\n|-|-|-|\n" + "".join(
        f"| {name} | {a:.{decimals}f} s | {b:.{decimals}f} s |\n" for name, a, b in rows
    )
    assert not audit(table).of("contradicted")


@given(st.text(max_size=300), st.booleans())
def test_arbitrary_text_never_crashes(text: str, markdown: bool) -> None:
    assert {one.severity for one in audit(text, markdown=markdown).findings} <= set(SEVERITIES)


@given(st.lists(st.one_of(WORDS, st.text(string.printable, max_size=6)), max_size=40), st.booleans())
def test_arbitrary_reports_never_crash(words: list[str], markdown: bool) -> None:
    text = " ".join(words)
    n_lines = len(text.splitlines()) + 1
    for one in audit(text, markdown=markdown).findings:
        assert 1 <= one.line <= n_lines
        assert one.finding
