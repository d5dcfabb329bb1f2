"""A function's source before and after, line by line, with what each line cost; and which of it to show."""

from __future__ import annotations

import dataclasses
import re
import textwrap
from typing import TYPE_CHECKING, Literal, TypeAlias

from perfkit.analyse.attribution import tree_of
from perfkit.analyse.excerpt import docstring_of, head_of, heads_around
from perfkit.analyse.line_pairs import pair_up
from perfkit.model import AlignedFunction, AlignedLine, SideLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from perfkit.model import FunctionLines, MatchKind

LineKind: TypeAlias = Literal["unchanged", "replaced"]

HOT_SHARE = 0.01
"""Share of the function's time, on either side, from which a line is hot and always shown."""

_LEAST_MOVED = 0.01
_NEARLY_ALL = 0.8
_CONTEXT = 2  # lines shown around what matters
_SHORTEST_FOLD = 3  # lines: a fold takes one itself
_MOST_SHOWN = 60  # rows, beyond which changed lines are folded too if they are cold
_DEFINITION = re.compile(r"\s*(?:async\s+def|def|class)\b")
_WORD = re.compile(r"\w+")


def align(
    before: FunctionLines | None, after: FunctionLines | None, *, stage: str, how: MatchKind
) -> AlignedFunction:
    """Put the two sources of a function side by side.

    Parameters
    ----------
    before, after
        As profiled by line, each with its source as it ran; None on the side that lacks the function.
    stage
        The baseline's path of the stage that it serves, or empty.
    how
        How the two functions were matched.

    Returns
    -------
    AlignedFunction
        Each line of either source occurs once, in order: without the rows that lack it, a side reads as its
        source. Equal lines are ``unchanged``, wherever the function as a whole is indented; lines that are
        alike are ``replaced``; what has no counterpart is ``removed`` or ``added``, in this order.
    """
    texts = _texts(before), _texts(after)
    sides = _side_lines(before), _side_lines(after)
    rows: list[AlignedLine] = []
    at_before = at_after = 0
    ends = len(texts[0]), len(texts[1])
    for one, other in [*_pairs(*texts), ends]:
        rows += [AlignedLine(kind="removed", before=line, after=None) for line in sides[0][at_before:one]]
        rows += [AlignedLine(kind="added", before=None, after=line) for line in sides[1][at_after:other]]
        if (one, other) != ends:
            kind: LineKind = "unchanged" if texts[0][one] == texts[1][other] else "replaced"
            rows.append(AlignedLine(kind=kind, before=sides[0][one], after=sides[1][other]))
        at_before, at_after = one + 1, other + 1
    return AlignedFunction(
        stage=stage,
        before=before.name if before else "",
        after=after.name if after else "",
        before_file=before.file if before else "",
        after_file=after.file if after else "",
        before_s=_total_s(before),
        after_s=_total_s(after),
        how=how,
        lines=_folded(rows, before, after),
    )


def hottest(functions: Iterable[AlignedFunction], limit: int) -> tuple[AlignedFunction, ...]:
    """Choose the functions whose own lines saved, or cost, the most.

    A line's time holds that of what it calls; where a line names another of the functions, that one's time
    is not counted for the caller, so that ``run`` does not come before the functions where the time went.

    Parameters
    ----------
    functions
        Of one pair of profiles.
    limit
        How many to return at most.

    Returns
    -------
    tuple of AlignedFunction
        The greatest difference first, equal ones in their given order; none with less than 1 % of what all of
        them saved and cost.
    """
    given = list(functions)
    before = {one.before.rpartition(".")[2]: one.before_s for one in given if one.before}
    after = {one.after.rpartition(".")[2]: one.after_s for one in given if one.after}
    moved = [
        abs(
            _own_s([line.before for line in one.lines], one.before, before)
            - _own_s([line.after for line in one.lines], one.after, after)
        )
        for one in given
    ]
    ranked = sorted(range(len(given)), key=lambda index: -moved[index])
    least = _LEAST_MOVED * sum(moved)
    return tuple(given[index] for index in ranked[:limit] if moved[index] > 0 and moved[index] >= least)


def _own_s(lines: Iterable[SideLine | None], name: str, totals_s: dict[str, float]) -> float:
    """Return the time of a function's lines without that of the other functions that they name."""
    own_s = 0.0
    for line in lines:
        if line is not None and line.time_s:
            named = {*_WORD.findall(line.text)} & totals_s.keys() - {name.rpartition(".")[2]}
            called_s = sum(totals_s[one] for one in named)
            # What is left beside a callee that takes nearly all is the tracer's own time in there.
            own_s += line.time_s - called_s if called_s < _NEARLY_ALL * line.time_s else 0.0
    return own_s


# ---------------------------------------------------------------- pairs


def _texts(function: FunctionLines | None) -> list[str]:
    """Return the lines to compare: without the indentation of the function as a whole."""
    if function is None:
        return []
    lines = [line.rstrip() for line in function.source]
    plain = textwrap.dedent("\n".join(lines)).split("\n") if lines else []
    return plain if len(plain) == len(lines) else lines


def _pairs(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int]]:
    """Pair the lines; the definitions' first lines belong together, however little they have in common."""
    one, other = _definition(before), _definition(after)
    if one is None or other is None:
        return pair_up(before, after)
    below = pair_up(before[one + 1 :], after[other + 1 :])
    return [
        *pair_up(before[:one], after[:other]),
        (one, other),
        *((one + 1 + left, other + 1 + right) for left, right in below),
    ]


def _definition(lines: Sequence[str]) -> int | None:
    """Return the index of the first line that defines something."""
    return next((index for index, line in enumerate(lines) if _DEFINITION.match(line)), None)


# ---------------------------------------------------------------- sides


def _side_lines(function: FunctionLines | None) -> list[SideLine]:
    """Return a function's lines with what they cost."""
    if function is None:
        return []
    costs = {cost.line: cost for cost in function.lines}
    total_s = _total_s(function)
    made = []
    for number, text in enumerate(function.source, function.first_line):
        cost = costs.get(number)
        made.append(
            SideLine(number=number, text=text)
            if cost is None
            else SideLine(
                number=number,
                text=text,
                hits=cost.hits,
                time_s=cost.time_s,
                share=cost.time_s / total_s if total_s > 0 else 0.0,
            )
        )
    return made


def _total_s(function: FunctionLines | None) -> float:
    return sum(cost.time_s for cost in function.lines) if function else 0.0


# ---------------------------------------------------------------- what to show


def _folded(
    rows: Sequence[AlignedLine], before: FunctionLines | None, after: FunctionLines | None
) -> tuple[AlignedLine, ...]:
    """Mark the lines that may be left out: cold ones that lie apart from what is hot or was changed."""
    left, right = _Worth(before), _Worth(after)
    core = {i for i, row in enumerate(rows) if left.needs(row.before) or right.needs(row.after)}
    changed = {
        i
        for i, row in enumerate(rows)
        if row.kind != "unchanged" and (left.tells(row.before) or right.tells(row.after))
    }
    shown = _with_context(core | changed, len(rows))
    if len(shown) > _MOST_SHOWN:
        shown = _with_context(core, len(rows))
    shown -= {
        i
        for i, row in enumerate(rows)
        if i not in core and (left.is_prose(row.before) or right.is_prose(row.after))
    }
    made: list[AlignedLine] = []
    stretch: list[AlignedLine] = []
    for i, row in enumerate([*rows, None]):
        if row is not None and i not in shown:
            stretch.append(row)
            continue
        fold = len(stretch) >= _SHORTEST_FOLD
        made += [dataclasses.replace(one, folded=fold) for one in stretch]
        stretch = []
        made += [row] if row is not None else []
    return tuple(made)


class _Worth:
    """Which lines of one side are worth showing."""

    def __init__(self, function: FunctionLines | None) -> None:
        self.needed: set[int] = set()
        self.prose: set[int] = set()
        if function is None:
            return
        tree, first = tree_of(function), function.first_line
        least_s = HOT_SHARE * _total_s(function)
        hot = {cost.line for cost in function.lines if cost.time_s > 0 and cost.time_s >= least_s}
        # Without the head, and the heads of the blocks around them, hot lines cannot be read.
        self.needed = {*head_of(tree, first), *hot, *heads_around(tree, first, hot)}
        self.prose = {*docstring_of(tree, first)[1:]}

    def needs(self, side: SideLine | None) -> bool:
        """Whether the line is hot or explains a hot one."""
        return side is not None and side.number in self.needed

    def tells(self, side: SideLine | None) -> bool:
        """Whether a change of the line can explain anything."""
        return side is not None and bool(side.text.strip()) and side.number not in self.prose

    def is_prose(self, side: SideLine | None) -> bool:
        """Whether the line is the docstring's, but not its first."""
        return side is not None and side.number in self.prose


def _with_context(kept: Iterable[int], count: int) -> set[int]:
    return {
        near for index in kept for near in range(max(0, index - _CONTEXT), min(count, index + _CONTEXT + 1))
    }
