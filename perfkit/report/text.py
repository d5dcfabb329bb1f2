"""What a view is written in: lines of marked-up words, and tables of lines.

A word is plain, a name or code, or strong. That is all the markup there is, so that each renderer can escape
and style it in its own way, and no name can be taken for markup.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal, TypeAlias

_STEERING = {"Cc", "Cs", "Zl", "Zp"}
_TURNING = (
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # of the direction of writing
)


@dataclass(frozen=True, slots=True)
class Span:
    """A few words of one kind."""

    text: str
    kind: Literal["plain", "code", "strong"] = "plain"


Line: TypeAlias = tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    key
        By which a renderer can pick it.
    short
        The title where room is short, if it has another.
    whole
        Its cells are better not broken over lines, though they are words.
    """

    key: str
    title: str
    align: Literal["left", "right"] = "left"
    short: str = ""
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a table; `strong` for a total or the row that matters most."""

    cells: tuple[Line, ...]
    strong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Columns and rows, every row as long as the columns."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    def only(self, *keys: str) -> Table:
        """Return the table with these columns alone, in their own order."""
        kept = [i for i, column in enumerate(self.columns) if column.key in keys]
        return Table(
            columns=tuple(self.columns[i] for i in kept),
            rows=tuple(Row(cells=tuple(row.cells[i] for i in kept), strong=row.strong) for row in self.rows),
        )


def clean(text: str) -> str:
    """Replace line breaks and other control characters by spaces: a name must not steer a terminal."""
    return "".join(" " if unicodedata.category(one) in _STEERING or one in _TURNING else one for one in text)


def code(text: str) -> Span:
    """Mark a name or a piece of code."""
    return Span(clean(text), "code")


def strong(text: str) -> Span:
    """Mark what the eye should find first."""
    return Span(clean(text), "strong")


def line(*parts: Span | str | Line) -> Line:
    """Put a line together from plain words, spans and other lines."""
    made: list[Span] = []
    for part in parts:
        if isinstance(part, str):
            made += [Span(clean(part))] if part else []
        elif isinstance(part, Span):
            made.append(part)
        else:
            made += part
    return tuple(made)


def prose(text: str) -> Line:
    """Read a sentence that a record carries: what stands between backticks is code, all else is plain."""
    parts = re.split(r"`([^`]+)`", text)
    return line(*(code(part) if index % 2 else part for index, part in enumerate(parts)))


def listed(items: list[Line], most: int | None = None) -> Line:
    """Join as in a sentence: a, b and c; beyond `most`, "and 2 more"."""
    if most is not None and len(items) > most:
        items = [*items[:most], line(f"{len(items) - most} more")]
    joined: list[Span | str | Line] = []
    for index, item in enumerate(items):
        joined += [" and " if index == len(items) - 1 else ", "] if index else []
        joined.append(item)
    return line(*joined)


def plain(spans: Line) -> str:
    """Return the words without their markup."""
    return "".join(span.text for span in spans)
