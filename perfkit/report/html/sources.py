"""Functions' sources side by side, coloured, with what each line cost; what is cold can be unfolded."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from markupsafe import Markup, escape
from pygments.lexers import PythonLexer
from pygments.token import STANDARD_TYPES

from perfkit.report import difference_lines
from perfkit.report.html.markup import whole
from perfkit.report.html.styles import HEATS
from perfkit.report.text import Line, line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pygments.token import _TokenType

    from perfkit.model import AlignedFunction, Difference
    from perfkit.report.difference_lines import Cell

MOST = 30
"""Functions on the page; the others saved less."""
OPEN = 3
"""Functions that are open at first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A line on one side: its figures, its coloured text, and its heat from 0 to `HEATS`."""

    cell: Cell
    text: Markup
    heat: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Lines that are shown or folded together.

    Attributes
    ----------
    folded
        What stands for them as long as they are folded; empty if they are not.
    rows
        Kind, lines before, lines after: one each, but all of what was removed stands beside all of what was
        added in its place, as kind ``run``.
    """

    folded: str
    rows: tuple[tuple[str, tuple[Side, ...], tuple[Side, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One function."""

    heading: Line
    before: Line
    after: Line
    stretches: tuple[Stretch, ...]
    opened: bool


def sources(difference: Difference) -> tuple[Source, ...]:
    """Build the section; empty if no lines were profiled."""
    return tuple(_source(one, opened=index < OPEN) for index, one in enumerate(difference.lines[:MOST]))


def _source(one: AlignedFunction, *, opened: bool) -> Source:
    # Built twice: folded for the words that stand for a fold, and unfolded for what is in it.
    folds = [row for row in difference_lines.build(one).rows if row.kind == "fold"]
    lines = tuple(dataclasses.replace(row, folded=False) for row in one.lines)
    made = difference_lines.build(dataclasses.replace(one, lines=lines))
    tokens = _tokens(made.before_text), _tokens(made.after_text)
    stretches = []
    at = 0
    for folded, group in groupby(one.lines, key=lambda row: row.folded):
        rows = made.rows[at : at + len(list(group))]
        at += len(rows)
        drawn = [(row.kind, _side(row.before, tokens[0]), _side(row.after, tokens[1])) for row in rows]
        stretches.append(Stretch(folded=_fold(folds.pop(0)) if folded else "", rows=tuple(_beside(drawn))))
    return Source(
        heading=made.heading,
        before=line("Before: ", made.before) if made.before else (),
        after=line("After: ", made.after) if made.after else (),
        stretches=tuple(stretches),
        opened=opened,
    )


def _beside(
    rows: Sequence[tuple[str, Side | None, Side | None]],
) -> Iterator[tuple[str, tuple[Side, ...], tuple[Side, ...]]]:
    """Put what was removed beside what was added in its place: they have no lines in common to align."""
    for one_sided, group in groupby(rows, key=lambda row: row[0] in {"removed", "added"}):
        run = [
            (kind, (left,) if left is not None else (), (right,) if right is not None else ())
            for kind, left, right in group
        ]
        if one_sided:
            yield "run", sum((left for _, left, _ in run), ()), sum((right for _, _, right in run), ())
        else:
            yield from run


def _fold(row: difference_lines.LineRow) -> str:
    words = [cell.text.strip("… ") for cell in (row.before, row.after) if cell is not None]
    return (
        words[0] if len(set(words)) == 1 else " before, ".join(words) + (" after" if len(words) > 1 else "")
    )


def _side(cell: Cell | None, tokens: Sequence[Sequence[tuple[str, str]]]) -> Side | None:
    if cell is None:
        return None
    return Side(cell=cell, text=_coloured(tokens[cell.index], cell.changed), heat=round(cell.heat * HEATS))


def _tokens(lines: Sequence[str]) -> list[list[tuple[str, str]]]:
    """Split one side into its lines' tokens, as a whole: a string may go on over several lines."""
    made: list[list[tuple[str, str]]] = [[]]
    text = whole("\n".join(lines))
    for kind, value in PythonLexer(stripnl=False, ensurenl=False).get_tokens(text):
        for index, part in enumerate(value.split("\n")):
            if index:
                made.append([])
            if part:
                made[-1].append((_class(kind), part))
    return made


def _class(kind: _TokenType) -> str:
    """Return the short name by which style sheets know a token; that of its nearest known kin."""
    at: _TokenType | None = kind
    while at is not None and at not in STANDARD_TYPES:
        at = at.parent
    return STANDARD_TYPES[at] if at is not None else ""


def _coloured(tokens: Sequence[tuple[str, str]], changed: Sequence[tuple[int, int]]) -> Markup:
    """Print a line's tokens; words that the other side lacks are marked, wherever tokens begin or end."""
    return Markup("").join(
        Markup('<span class="{}">{}</span>').format(f"{kind} changed" if mark else kind, text)
        if kind or mark
        else escape(text)
        for kind, text, mark in _cut(tokens, changed)
    )


def _cut(
    tokens: Sequence[tuple[str, str]], changed: Sequence[tuple[int, int]]
) -> Iterator[tuple[str, str, bool]]:
    at = 0
    edges = sorted({edge for span in changed for edge in span})
    for kind, text in tokens:
        cuts = [at, *(edge for edge in edges if at < edge < at + len(text)), at + len(text)]
        for start, end in pairwise(cuts):
            marked = any(low <= start < high for low, high in changed)
            yield kind, text[start - at : end - at], marked
        at += len(text)
