"""What holds for every alignment: both sources are read in order, and nothing is paired twice."""

from __future__ import annotations

import dataclasses
import itertools
import textwrap

from hypothesis import example, given
from hypothesis import strategies as st

from perfkit import model
from perfkit.analyse.alignment import align
from perfkit.analyse.line_pairs import pair_up
from perfkit.report import difference_lines

WORDS = st.sampled_from(
    ["x", "total", "for", "range(n)", "+=", "return", "'#'", "# why", "(", "0.5", "\x1b[2J", "例"]
)
LINES = st.builds(
    lambda indent, words: "    " * indent + " ".join(words), st.integers(0, 2), st.lists(WORDS, max_size=5)
)
SOURCES = st.lists(
    st.one_of(LINES, st.sampled_from(["", "def work(x):", "    '''", "@stage('a')"])), max_size=30
)


def edited(source: list[str], cuts: list[int], extra: list[str]) -> list[str]:
    """Leave out some lines and put others in between."""
    kept = [line for at, line in enumerate(source) if at not in cuts]
    for at, line in zip(cuts, extra, strict=False):
        kept.insert(at % (len(kept) + 1), line)
    return kept


EDITS = st.builds(
    lambda source, cuts, extra: (source, edited(source, cuts, extra)),
    SOURCES,
    st.lists(st.integers(0, 30), max_size=6),
    st.lists(LINES, max_size=6),
)
PAIRS = st.one_of(st.tuples(SOURCES, SOURCES), EDITS)


def function(source: list[str], times: list[float]) -> model.FunctionLines | None:
    if not source:
        return None
    return model.FunctionLines(
        name="work",
        file="demo.py",
        first_line=7,
        stage=None,
        source=tuple(source),
        lines=tuple(
            model.LineCost(line=7 + at, hits=at + 1, time_s=time_s)
            for at, time_s in enumerate(times[: len(source)])
        ),
        calls=(),
    )


@given(PAIRS, st.lists(st.floats(0, 10), max_size=30))
@example((["x"], ["x", "x"]), [])
@example((["    return x", "at the margin"], ["return x"]), [1.0])
def test_each_side_reads_as_its_source(sources: tuple[list[str], list[str]], times: list[float]) -> None:
    before, after = sources
    made = align(function(before, times), function(after, []), stage="", how="same name")
    assert [row.before.text for row in made.lines if row.before] == before
    assert [row.after.text for row in made.lines if row.after] == after
    assert [row.before.number for row in made.lines if row.before] == list(range(7, 7 + len(before)))
    for row in made.lines:
        sides = (row.before is not None, row.after is not None)
        assert sides == {"removed": (True, False), "added": (False, True)}.get(row.kind, (True, True))
    shares = [row.before.share for row in made.lines if row.before and row.before.share is not None]
    assert not shares or abs(sum(shares) - 1) < 1e-9 or made.before_s == 0


@given(SOURCES)
def test_a_source_beside_itself_is_unchanged(source: list[str]) -> None:
    made = align(function(source, []), function(source, []), stage="", how="same name")
    assert [row.kind for row in made.lines] == ["unchanged"] * len(source)


@given(PAIRS)
def test_unchanged_lines_are_equal_but_for_the_indentation_of_the_whole(
    sources: tuple[list[str], list[str]],
) -> None:
    made = align(function(sources[0], []), function(sources[1], []), stage="", how="same name")
    plain = [textwrap.dedent("\n".join(line.rstrip() for line in one)).split("\n") for one in sources]
    for row in made.lines:
        if row.before is not None and row.after is not None:
            texts = plain[0][row.before.number - 7], plain[1][row.after.number - 7]
            assert (texts[0] == texts[1]) == (row.kind == "unchanged")


@given(PAIRS)
def test_pairs_are_in_order_on_both_sides(sources: tuple[list[str], list[str]]) -> None:
    pairs = pair_up(*sources)
    for (one, other), (next_one, next_other) in itertools.pairwise(pairs):
        assert one < next_one
        assert other < next_other
    assert all(one < len(sources[0]) and other < len(sources[1]) for one, other in pairs)


@given(EDITS)
def test_at_least_as_much_is_equal_as_was_left_alone(sources: tuple[list[str], list[str]]) -> None:
    """Cutting out lines alone leaves all others paired with themselves, or with lines worth as much."""
    before, after = sources
    if all(line in before for line in after) and _is_in_order(after, before):
        paired = {other for _, other in pair_up(before, after)}
        assert all(at in paired for at, line in enumerate(after) if line.strip())


def _is_in_order(inner: list[str], outer: list[str]) -> bool:
    rest = iter(outer)
    return all(any(line == one for one in rest) for line in inner)


@given(PAIRS, st.lists(st.floats(0, 10), max_size=30))
def test_what_is_shown_and_what_is_folded_are_all_lines(
    sources: tuple[list[str], list[str]], times: list[float]
) -> None:
    made = align(function(sources[0], times), function(sources[1], times), stage="", how="same name")
    for folded in (
        made,
        dataclasses.replace(made, lines=tuple(dataclasses.replace(row, folded=True) for row in made.lines)),
    ):
        view = difference_lines.build(folded)
        for side, texts in (("before", view.before_text), ("after", view.after_text)):
            cells = [cell for row in view.rows if (cell := getattr(row, side)) is not None]
            shown = sum(cell.index >= 0 for cell in cells)
            left_out = sum(int(cell.text.split()[1].replace(",", "")) for cell in cells if cell.index < 0)
            assert shown + left_out == len(texts)
            assert all(cell.text == texts[cell.index] for cell in cells if cell.index >= 0)
            assert all(0 <= start < end <= len(cell.text) for cell in cells for start, end in cell.changed)
            assert all(one.isprintable() for one in texts)
