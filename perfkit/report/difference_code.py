"""A function's lines before and after for a terminal: side by side where it is wide, else in one column.

Each line has what it cost in the margin. The layout is done by hand, line by line, because a code block's
background reaches to the edge and what is folded keeps its margin empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.style import Style
from rich.syntax import Syntax
from rich.text import Text

from perfkit.report.layout import note, styled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderResult

    from perfkit.report.difference_lines import Cell, LineRow, LinesView

SIDE_BY_SIDE = 140
"""Columns from which the two sides stand beside each other."""

_NUMBERED = 100  # columns from which the lines of a unified layout have numbers
_THEME, _PLAIN_THEME = "github-dark", "ansi_dark"
_PAPER = "#0d1117"
_PAPERS = {"-": "#2d1419", "+": "#10271a"}
_WORDS = {"-": "#7a2229", "+": "#1c6334"}
_SIGNS = {"-": "red", "+": "green", " ": "dim"}
_COOL, _HOT = (92, 68, 8), (200, 36, 32)  # of the margin, as red, green and blue
_LEAST_HEAT, _WARM, _BURNING = 0.01, 0.1, 0.4
_MOST_CODE = 120  # columns: a block is not drawn wider than this
_AGAIN = "↳ the same line after"


class Margin(NamedTuple):
    """How wide the columns of a margin are; 0 for one that is not drawn."""

    share: int
    hits: int
    each: int
    number: int

    @property
    def width(self) -> int:
        """Columns of the whole margin, a blank after each of its own."""
        return sum(one + 1 for one in self if one)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """One line that is ready to be laid out."""

    sign: str
    cell: Cell
    text: Text


class CodeLines:
    """The rows of one function, in as much room as the console has.

    Parameters
    ----------
    lines
        With all lines of both sides: what is folded is needed to colour the rest.
    """

    def __init__(self, lines: LinesView) -> None:
        self.lines = lines

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield styled(self.lines.heading, "bold")
        for word, caption in (("before: ", self.lines.before), ("after:  ", self.lines.after)):
            if caption:
                yield Text(word, "dim").append_text(note(caption))
        ink = _Ink(self.lines, coloured=console.color_system in {"truecolor", "256"})
        if options.max_width >= SIDE_BY_SIDE and self.lines.before and self.lines.after:
            yield from _side_by_side(self.lines.rows, ink, options.max_width)
        else:
            yield from _unified(self.lines.rows, ink, options.max_width)


class _Ink:
    """Colours the lines of both sides."""

    def __init__(self, lines: LinesView, *, coloured: bool) -> None:
        self.coloured = coloured
        self._lines = {"-": self._highlighted(lines.before_text), "+": self._highlighted(lines.after_text)}

    def _highlighted(self, texts: Sequence[str]) -> list[Text]:
        """Colour a side as a whole: a line within a docstring is not known as such alone."""
        if not texts:
            return []
        theme = _THEME if self.coloured else _PLAIN_THEME
        syntax = Syntax("", "python", theme=theme, background_color=_PAPER if self.coloured else "default")
        lines = list(syntax.highlight("\n".join(texts)).split("\n", allow_blank=True))
        return lines[: len(texts)]

    def drawn(self, cell: Cell, side: str, sign: str) -> _Drawn:
        """Return a line with its colours; on the side `side`, whatever its sign is."""
        if cell.index < 0:
            return _Drawn(" ", cell, Text(cell.text, "dim italic"))
        text = self._lines[side][cell.index].copy()
        for start, end in cell.changed:
            text.stylize(f"on {_WORDS[side]}" if self.coloured else "bold", start, end)
        return _Drawn(sign, cell, text)

    def paper(self, sign: str) -> str:
        """Return the background of a line; none where the terminal has few colours."""
        return f"on {_PAPERS.get(sign, _PAPER)}" if self.coloured else ""

    def heat(self, share: float) -> str:
        """Return the style of the margin of a line with that share of the time."""
        if share < _LEAST_HEAT:
            return "dim"
        if not self.coloured:
            return "bold white on red" if share >= _BURNING else "red" if share >= _WARM else "yellow"
        weight = share**0.5
        mixed = (round(cool + (hot - cool) * weight) for cool, hot in zip(_COOL, _HOT, strict=True))
        return f"bold #ffffff on #{''.join(f'{one:02x}' for one in mixed)}"


# ---------------------------------------------------------------- layouts


def _side_by_side(rows: Sequence[LineRow], ink: _Ink, width: int) -> Iterator[Text]:
    """Lay out both sides in columns; what has no counterpart stands beside what replaced it."""
    sides = [row.before for row in rows], [row.after for row in rows]
    margins = [_margin([cell for cell in side if cell is not None], numbered=True) for side in sides]
    room = min((width - 1 - sum(margin.width + 1 for margin in margins)) // 2, _MOST_CODE)
    blank = [Text(" " * (margin.width + 1 + room)) for margin in margins]
    yield Text.assemble(
        _titles(margins[0], "before", room), " ", _titles(margins[1], "after", room), no_wrap=True
    )
    for before, after in _paired(rows):
        changed = before is None or after is None or before[1] != "unchanged"
        columns = [
            _physical(ink.drawn(cell[0], side, side if changed else " "), margin, room, ink) if cell else []
            for cell, side, margin in zip((before, after), "-+", margins, strict=True)
        ]
        for at in range(max(len(column) for column in columns)):
            left, right = (
                column[at] if at < len(column) else empty
                for column, empty in zip(columns, blank, strict=True)
            )
            yield Text.assemble(left, " ", right, no_wrap=True)


def _unified(rows: Sequence[LineRow], ink: _Ink, width: int) -> Iterator[Text]:
    """Lay out one below the other, as a unified diff does: what was there, then what replaced it."""
    cells = [cell for row in rows for cell in (row.before, row.after) if cell is not None]
    margin = _margin(cells, numbered=width >= _NUMBERED)
    room = min(width - margin.width - 1, _MOST_CODE)
    yield _titles(margin, "", room)
    for one in _in_sequence(rows, ink):
        yield from _physical(one, margin, room, ink)


def _in_sequence(rows: Sequence[LineRow], ink: _Ink) -> Iterator[_Drawn]:
    """Return the lines of both sides in one sequence; an unchanged line twice if it is hot after."""
    waiting: list[_Drawn] = []
    for row in rows:
        before, after = row.before, row.after
        if row.kind not in {"unchanged", "fold"}:
            if before is not None:
                yield ink.drawn(before, "-", "-")
            if after is not None:
                waiting.append(ink.drawn(after, "+", "+"))
            continue
        yield from waiting
        waiting = []
        if before is not None:
            yield ink.drawn(before, "-", " ")
        if after is not None and (before is None or (row.kind == "fold" and after.text != before.text)):
            yield ink.drawn(after, "+", " ")
        elif row.kind == "unchanged" and after is not None and (after.note or (before and before.note)):
            indent = len(after.text) - len(after.text.lstrip())
            yield _Drawn(" ", after, Text(f"{' ' * indent}{_AGAIN}", "dim italic"))
    yield from waiting


_Placed = tuple["Cell", str]


def _paired(rows: Sequence[LineRow]) -> Iterator[tuple[_Placed | None, _Placed | None]]:
    """Return what stands beside each other: removed and added lines of one place share rows."""
    removed: list[_Placed] = []
    added: list[_Placed] = []
    for row in [*rows, None]:
        if row is not None and row.kind == "removed" and row.before is not None and not added:
            removed.append((row.before, row.kind))
            continue
        if row is not None and row.kind == "added" and row.after is not None:
            added.append((row.after, row.kind))
            continue
        for at in range(max(len(removed), len(added))):
            yield removed[at] if at < len(removed) else None, added[at] if at < len(added) else None
        removed, added = [], []
        if row is not None and row.kind == "removed" and row.before is not None:
            removed.append((row.before, row.kind))
        elif row is not None:
            yield (row.before, row.kind) if row.before else None, (row.after, row.kind) if row.after else None


# ---------------------------------------------------------------- one line


def _margin(cells: Sequence[Cell], *, numbered: bool) -> Margin:
    """Measure the margin; a side that never ran has only numbers."""
    ran = any(cell.hits for cell in cells)
    return Margin(
        share=len("share") if ran else 0,
        hits=max(len("hits"), *(len(cell.hits) for cell in cells)) if ran else 0,
        each=max(len("per hit"), *(len(cell.each) for cell in cells)) if ran else 0,
        number=max((len(cell.number) for cell in cells), default=0) if numbered else 0,
    )


def _titles(margin: Margin, side: str, room: int) -> Text:
    """Return the head of the margin's columns."""
    words = [
        f"{title:>{width}} "
        for title, width in zip(("share", "hits", "per hit", ""), margin, strict=True)
        if width
    ]
    return Text(f"{''.join(words)} {side:<{room}}"[: margin.width + 1 + room], "dim", no_wrap=True)


def _physical(line: _Drawn, margin: Margin, room: int, ink: _Ink) -> list[Text]:
    """Return a line as those that it takes on the screen; those after the first have an empty margin."""
    cell, paper = line.cell, ink.paper(line.sign)
    made = []
    for at, piece in enumerate(_wrapped(line.text, max(room, 1))):
        values = (cell.share, cell.hits, cell.each, cell.number) if at == 0 else ("", "", "", "")
        styles = (ink.heat(cell.heat) if cell.share and at == 0 else "", "", "", "dim")
        text = Text(no_wrap=True, end="\n")
        for value, width, style in zip(values, margin, styles, strict=True):
            if width:
                text.append(f"{value:>{width}}", style).append(" ")
        text.append(line.sign if at == 0 else " ", Style.parse(_SIGNS.get(line.sign, "dim")))
        body = Text(style=paper)
        body.append_text(piece)
        body.append(" " * (room - cell_len(piece.plain)))
        made.append(text.append_text(body))
    return made


def _wrapped(text: Text, room: int) -> list[Text]:
    """Break a line where the room ends; characters may be two columns wide."""
    breaks: list[int] = []
    used = 0
    for index, character in enumerate(text.plain):
        width = cell_len(character)
        if used + width > room and index:
            breaks.append(index)
            used = 0
        used += width
    return list(text.divide(breaks)) or [text]
