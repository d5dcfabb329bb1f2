"""A function's lines before and after as ready strings: what each cost, and which of its words changed."""

from __future__ import annotations

import dataclasses
import difflib
import re
import textwrap
import unicodedata
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Literal, TypeAlias

from perfkit.report import units
from perfkit.report.text import Line, clean, code, line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.model import AlignedFunction, AlignedLine, SideLine

Where: TypeAlias = Literal["before", "after"]
Words: TypeAlias = tuple[tuple[int, int], ...]

HOT_SHARE = 0.01
"""Share of the function's time from which a line's cost is noted beside it."""

_WORD = re.compile(r"\w+|\s+|[^\w\s]")
_WIDEST_ALIGNED = 88  # characters of code, up to which the notes stand in one column
_FEWEST_WORDS = 2  # of a line, so that it is worth marking which of them changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A line on one side, or what stands for folded ones.

    Attributes
    ----------
    index
        Of the line in the side's text; -1 for a fold.
    number, hits, time, each, share
        Empty where they are not known; `each` is the time of one hit.
    heat
        Share of the function's time on this side, 0 to 1.
    note
        Of a hot line, its cost in words.
    changed
        Of a replaced line, from where to where in `text` it differs.
    """

    index: int
    text: str
    number: str = ""
    hits: str = ""
    time: str = ""
    each: str = ""
    share: str = ""
    heat: float = 0.0
    note: str = ""
    changed: Words = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRow:
    """A row of both sides; None on the side that has no line there."""

    kind: Literal["unchanged", "replaced", "removed", "added", "fold"]
    before: Cell | None
    after: Cell | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesView:
    """One function's lines.

    Attributes
    ----------
    heading
        Its stage and its names.
    before, after
        Where it lies and what its lines cost; empty on the side that lacks it.
    before_text, after_text
        All lines of either side, the folded ones too, without common indentation; control characters are made
        visible, tabs are blanks.
    """

    heading: Line
    before: Line
    after: Line
    before_text: tuple[str, ...]
    after_text: tuple[str, ...]
    rows: tuple[LineRow, ...]

    def block(self, where: Where) -> str:
        """Return one side as a block of code, the cost of hot lines beside them as comments."""
        cells = [row.before if where == "before" else row.after for row in self.rows]
        shown = [cell for cell in cells if cell is not None]
        hot = [len(cell.text) for cell in shown if cell.note and len(cell.text) <= _WIDEST_ALIGNED]
        width = max(hot, default=0)
        made = []
        for at, cell in enumerate(shown):
            if cell.index < 0:
                following = next((one.text for one in shown[at + 1 :] if one.text.strip()), "")
                indent = following[: len(following) - len(following.lstrip())]
                made.append(f"{indent}# {cell.text}")
            else:
                made.append(f"{cell.text:<{width}}  # {cell.note}" if cell.note else cell.text)
        return "\n".join(made)


def build(function: AlignedFunction) -> LinesView:
    """Turn an aligned function into rows of ready strings.

    Parameters
    ----------
    function
        With the source of both sides; it is not changed.
    """
    before, after = ([one for one in side if one is not None] for side in _sides(function.lines))
    texts = _texts(before), _texts(after)
    at_before = at_after = 0
    rows: list[LineRow] = []
    for folded, group in groupby(function.lines, key=lambda row: row.folded):
        stretch = list(group)
        if folded:
            rows.append(_fold(stretch))
        for row in stretch:
            if not folded:
                was = _cell(row.before, at_before, texts[0])
                now = _cell(row.after, at_after, texts[1])
                if row.kind == "replaced" and was is not None and now is not None:
                    was, now = _marked(was, now)
                rows.append(LineRow(kind=row.kind, before=was, after=now))
            at_before += row.before is not None
            at_after += row.after is not None
    return LinesView(
        heading=_heading(function),
        before=_caption(function.before, function.before_file, function.before_s, before),
        after=_caption(function.after, function.after_file, function.after_s, after),
        before_text=texts[0],
        after_text=texts[1],
        rows=tuple(rows),
    )


def visible(text: str) -> str:
    """Make a line safe to print: tabs become blanks, and what steers a terminal is shown as a symbol."""
    made = []
    for one in text.expandtabs(4):
        if one < " ":
            made.append(chr(0x2400 + ord(one)))  # control pictures, such as the one of the escape character
        elif unicodedata.category(one) in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
            made.append(f"\\u{ord(one):04x}")  # those that turn the direction of writing among them
        else:
            made.append(one)
    return "".join(made)


def _sides(rows: Sequence[AlignedLine]) -> tuple[list[SideLine | None], list[SideLine | None]]:
    return [row.before for row in rows], [row.after for row in rows]


def _texts(lines: Sequence[SideLine]) -> tuple[str, ...]:
    """Return the lines to show, without the indentation that all of them have."""
    shown = [visible(one.text.rstrip()) for one in lines]
    plain = textwrap.dedent("\n".join(shown)).split("\n") if shown else []
    return tuple(one.rstrip() for one in plain)


def _cell(side: SideLine | None, index: int, texts: Sequence[str]) -> Cell | None:
    if side is None:
        return None
    if side.hits is None or side.time_s is None:
        return Cell(index=index, text=texts[index], number=str(side.number))
    each_s = side.time_s / side.hits if side.hits else None
    share = units.share(side.share)
    hot = (side.share or 0.0) >= HOT_SHARE
    many = side.hits > 1
    return Cell(
        index=index,
        text=texts[index],
        number=str(side.number),
        hits=units.count(side.hits),
        time=units.seconds(side.time_s),
        each=units.seconds(each_s),
        share=share,
        heat=min(max(side.share or 0.0, 0.0), 1.0),
        note=f"{share} · {_counted(side.hits, 'hit')} · {units.seconds(each_s)}{' each' if many else ''}"
        if hot
        else "",
    )


def _counted(many: int, word: str) -> str:
    return f"{units.count(many)} {word}{'' if many == 1 else 's'}"


def _fold(stretch: Sequence[AlignedLine]) -> LineRow:
    """Say what is left out, on either side, and what it costs."""
    cells = []
    for side in _sides(stretch):
        lines = [one for one in side if one is not None]
        share = sum(one.share or 0.0 for one in lines)
        cost = f", {units.share(share)}" if share else ""
        text = f"… {_counted(len(lines), 'line')}{cost} …"
        cells.append(Cell(index=-1, text=text, heat=min(share, 1.0)) if lines else None)
    return LineRow(kind="fold", before=cells[0], after=cells[1])


def _marked(before: Cell, after: Cell) -> tuple[Cell, Cell]:
    """Mark the words in which two lines differ."""
    words = [
        [(found[0], found.start(), found.end()) for found in _WORD.finditer(one.text)]
        for one in (before, after)
    ]
    if min(len(one) for one in words) < _FEWEST_WORDS:
        return before, after
    was, now = ([word for word, _, _ in one] for one in words)
    matcher = difflib.SequenceMatcher(None, was, now, autojunk=False)
    spans: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])
    for tag, *places in matcher.get_opcodes():
        for side, (start, end) in enumerate((places[:2], places[2:])):
            changed = words[side][start:end]
            if tag != "equal" and any(not word.isspace() for word, _, _ in changed):
                spans[side].append((changed[0][1], changed[-1][2]))
    return dataclasses.replace(before, changed=tuple(spans[0])), dataclasses.replace(
        after, changed=tuple(spans[1])
    )


def _heading(function: AlignedFunction) -> Line:
    names = [name for name in (function.before, function.after) if name]
    label = line(
        code(names[0]) if names else line(), *(line(" → ", code(one)) for one in names[1:] if one != names[0])
    )
    word = ""
    if not function.after:
        word = ", vanished"
    elif not function.before:
        word = ", new"
    elif function.how != "same name":
        word = f", matched by: {function.how}"
    last = function.stage.rpartition("/")[2]
    stage = line(" in ", code(function.stage)) if function.stage and [last] != names[:1] else line()
    return line(label, stage, word)


def _caption(name: str, file: str, total_s: float, lines: Sequence[SideLine]) -> Line:
    """Say where a side lies and what it cost."""
    if not lines:
        return ()
    cost = (
        f"{units.seconds(total_s)} in its lines"
        if any(one.hits is not None for one in lines)
        else "never ran"
    )
    return line(code(name), " (", code(f"{clean(file)}:{lines[0].number}"), f"), {cost}")
