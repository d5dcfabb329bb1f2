"""A comparison as a comment on a pull request: Markdown that stands alone, and is never too long for one."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from perfkit.report import ci, gates, markdown
from perfkit.report.text import Column, Row, Span, Table, code, line, prose

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from perfkit.report.ci import Case, CiView
    from perfkit.report.text import Line

LIMIT_BYTES = 64_000
"""A comment may hold 65,536 characters; counted in bytes, it fits whatever they are."""
FEWEST_BYTES = 40_000
"""Room for everything that is no row of a table, however long names and sentences are."""

_LONGEST_CELL, _LONGEST_LINE, _LONGEST_COMMAND, _LONGEST_NAME = 300, 600, 1000, 200
_IN_WORDS = frozenset({ci.TIMED, ci.RETURNED})
_MENTION = re.compile(r"@(?=\w)|#(?=\d)")
_BREAK = "\u200b"  # a space of no width


def marker(pipeline: str) -> str:
    """Return the hidden first line by which a workflow finds its own comment, one for each pipeline."""
    return f"<!-- perfkit: {quote(pipeline[:_LONGEST_NAME], safe=' ').replace('--', '%2D%2D')} -->"


def render(view: CiView, *, limit_bytes: int = LIMIT_BYTES, hidden_marker: bool = True) -> str:
    """Write a comment.

    Parameters
    ----------
    view
        What is told of the comparison.
    limit_bytes
        The most that it may take as UTF-8, at least `FEWEST_BYTES`; whole rows of tables are left out beyond
        it, first those that say least, and their number is told.
    hidden_marker
        Whether `marker` comes first.

    Returns
    -------
    str
        Ends in one newline.

    Raises
    ------
    ValueError
        If the limit is too low.
    """
    if limit_bytes < FEWEST_BYTES:
        raise ValueError(f"a comment takes at least {FEWEST_BYTES} bytes, not {limit_bytes}")
    head = [marker(view.pipeline)] if hidden_marker else []
    head.append(f"### {view.mark} {_inline(view.title)}")
    head.append("  \n".join(_inline(one) for one in view.headline))
    tail = _method(view, limit_bytes // 4)
    left = limit_bytes - _size([*head, *tail])
    tables = [one for one in _tables(view) if one.table.rows]
    body: list[str] = []
    for index, each in enumerate(tables):
        made = each.fitted(left // (len(tables) - index))
        body.append(made)
        left -= _size([made])
    return "\n\n".join([*head, *body, *tail]).strip("\n") + "\n"


def _size(blocks: Iterable[str]) -> int:
    return sum(len(one.encode()) + len("\n\n") for one in blocks)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Shortened:
    """A table that leaves out rows where room is short.

    Attributes
    ----------
    urgent
        Rows that go last.
    """

    heading: str
    table: Table
    urgent: frozenset[int] = frozenset()

    def fitted(self, room: int) -> str:
        """Print as many rows as there is room for, in their own order."""
        of = len(self.table.rows)
        order = sorted(range(of), key=lambda at: (at not in self.urgent, at))
        empty = dataclasses.replace(self.table, rows=())
        room -= _size([self.heading, markdown.table(empty), _left_out(of, of)])
        kept = []
        for at in order:
            row = dataclasses.replace(self.table, rows=(self.table.rows[at],))
            room -= len(markdown.table(row).rpartition("\n")[2].encode()) + 1
            if room < 0:
                break
            kept.append(at)
        shown = dataclasses.replace(self.table, rows=tuple(self.table.rows[at] for at in sorted(kept)))
        parts = [self.heading, markdown.table(shown)] if kept else [self.heading]
        if len(kept) < of:
            parts.append(_left_out(of - len(kept), of))
        return "\n\n".join(part for part in parts if part)


def _left_out(n: int, of: int) -> str:
    return f"*{n:,} of {of:,} {'row' if of == 1 else 'rows'} left out for length; the report has all.*"


# ---------------------------------------------------------------- parts


def _tables(view: CiView) -> list[_Shortened]:
    """Return the tables, in the order in which they are read."""
    failing = frozenset(at for at, one in enumerate(view.gates) if one.outcome != "passed")
    held = _Shortened(heading="**Gates**", table=_safe(gates.table(view.gates)), urgent=failing)
    parts = [held]
    if view.stages is not None:
        parts.append(_Shortened(heading="**Stages**", table=_safe(view.stages), urgent=view.urgent))
    outputs = [one for one in view.cases if one.group == "outputs"]
    wrong = [one for one in outputs if one.outcome != "passed"]
    equal = len(outputs) - len(wrong)
    if wrong:
        heading = f"**Outputs** that are not shown to be equal; {equal:,} of {len(outputs):,} are"
        parts.append(_cases(heading, "output", wrong))
    found = [one for one in view.cases if one.group == "honesty" and not _is_clean(one)]
    parts.append(_cases("**Honesty checks**", "check", found))
    if view.outcome == "error":
        unjudged = [one for one in view.cases if one.group == "gates"]
        parts.append(_cases("**Gates**", "held to", unjudged))
    return parts


def _is_clean(case: Case) -> bool:
    return case.outcome == "passed" and case.words.startswith(("clean", "declared"))


def _cases(heading: str, title: str, cases: Sequence[Case]) -> _Shortened:
    rows = tuple(
        Row(
            cells=(
                line(one.name if one.group == "gates" or one.name in _IN_WORDS else code(one.name)),
                *_found(one),
            )
        )
        for one in cases
    )
    columns = (
        Column(key="what", title=title),
        Column(key="outcome", title="outcome", whole=True),
        Column(key="why", title="why"),
    )
    failed = frozenset(at for at, one in enumerate(cases) if one.outcome == "failed")
    return _Shortened(heading=heading, table=_safe(Table(columns=columns, rows=rows)), urgent=failed)


def _found(case: Case) -> tuple[Line, Line]:
    """Return the verdict on a case with its sign, and why; of a gate, its outcome."""
    verdict, _, why = case.words.partition(": ")
    if case.group == "gates":
        verdict, why = case.outcome, case.words
    sign = "❔" if case.outcome == "passed" else ci.mark(case.outcome)
    return line(f"{sign} {verdict}"), prose(why)


def _method(view: CiView, room: int) -> list[str]:
    """Print how it was measured, folded, and the command that repeats it."""
    remarks: list[str] = []
    for one in view.method:
        remark = f"- {_inline(one)}"
        room -= _size([remark])
        if room < 0:
            break
        remarks.append(remark)
    commands = view.commands
    if len(commands) > _LONGEST_COMMAND:
        commands = f"{commands[:_LONGEST_COMMAND]}…"
    if not remarks and not commands:
        return []
    inside = ["\n".join(remarks)] if remarks else []
    inside += [markdown.fenced(commands, "sh")] if commands else []
    title = "How it was measured" if remarks else "What was run"
    return [f"<details>\n<summary>{title}</summary>", *inside, "</details>"]


# ---------------------------------------------------------------- words


def _inline(words: Line) -> str:
    return markdown.inline(_quiet(_cut(words, _LONGEST_LINE)))


def _safe(table: Table) -> Table:
    """Return the table with cells of a length that leaves room for others, and without mentions."""
    return Table(
        columns=tuple(
            dataclasses.replace(one, title=_unmentioned(_clipped(one.title, _LONGEST_CELL)))
            for one in table.columns
        ),
        rows=tuple(
            dataclasses.replace(row, cells=tuple(_quiet(_cut(cell, _LONGEST_CELL)) for cell in row.cells))
            for row in table.rows
        ),
    )


def _cut(words: Line, most: int) -> Line:
    """Cut a line after so many characters, and say so by an ellipsis."""
    made: list[Span] = []
    for span in words:
        if len(span.text) > most:
            return (*made, dataclasses.replace(span, text=_clipped(span.text, most)))
        made.append(span)
        most -= len(span.text)
    return tuple(made)


def _clipped(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: max(0, most - 1)]}…"


def _quiet(words: Line) -> Line:
    """Keep a name such as ``@someone`` in a sentence from calling a person, and ``#1`` from being a link."""
    return tuple(
        span if span.kind == "code" else dataclasses.replace(span, text=_unmentioned(span.text))
        for span in words
    )


def _unmentioned(text: str) -> str:
    return _MENTION.sub(lambda found: found[0] + _BREAK, text)
