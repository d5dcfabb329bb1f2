"""Words and tables of a view, laid out for a terminal; the caller owns the console."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table as RichTable
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.bar import Bar
    from rich.console import RenderableType

    from perfkit.report.text import Line, Table

COLOURS = {"good": "green", "open": "yellow", "bad": "red"}
_KINDS = {"plain": "", "code": "cyan", "strong": "bold"}
_QUIET = "dim"
# Emoji are two cells wide in some terminals and one in others; these are one everywhere.
_MARKS = {"✅": ("✔", "green"), "❌": ("✘", "red"), "❔": ("?", "yellow"), "⚪": ("○", "yellow")}
_BREAK = re.compile(r"([_./-])(?=\w)")
_MARK = re.compile(f"([{''.join(_MARKS)}])")


def section(title: str, *body: RenderableType) -> list[RenderableType]:
    """Put a title above, and a blank line above that."""
    return [Text(), Text(title, "bold"), *body]


def note(words: Line) -> Text:
    """Lay out a remark that may be skipped."""
    return styled(words, _QUIET)


def styled(words: Line, style: str = "") -> Text:
    """Style a line; names are never read as rich's markup."""
    made = Text(style=style)
    for span in words:
        kind = _KINDS[span.kind] if not style else ""
        for piece in _MARK.split(span.text):
            narrow, colour = _MARKS.get(piece, (piece, kind))
            made.append(narrow, colour)
    return made


def grid(table: Table, bars: Sequence[Bar] = (), *, narrow: bool = False) -> RichTable:
    """Lay out a table: figures stand whole, names and words may be folded but are never cut off.

    Parameters
    ----------
    narrow
        Break the titles of figures after a ``_``, ``-``, ``.`` or ``/``, so that more room is left for names.
    """
    made = RichTable(
        box=box.SIMPLE_HEAD, header_style="dim", pad_edge=False, padding=(0, 1, 0, 0), show_edge=False
    )
    for column in table.columns:
        right = column.align == "right"
        title = Text(column.short or column.title)
        if right and narrow:
            title = Text(_BREAK.sub(r"\1\n", title.plain))
        made.add_column(title, justify="right" if right else "left", no_wrap=right, overflow="fold")
    if bars:
        made.add_column("", no_wrap=True)
    for index, row in enumerate(table.rows):
        if index and row.strong and index == len(table.rows) - 1:
            made.add_section()
        bar = bars[index : index + 1]
        made.add_row(*(styled(cell) for cell in row.cells), *bar, style="bold" if row.strong else "")
    return made
