"""The findings for a terminal: the worst first, each with the report's words and the right figure."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from rich import box
from rich.console import Group
from rich.panel import Panel
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from perfkit.audit.findings import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

    from perfkit.audit.findings import Audit, AuditFinding, Severity

_STYLES: dict[Severity, tuple[str, str]] = {
    "contradicted": ("✘", "red"),
    "doubtful": ("?", "yellow"),
    "consistent": ("✔", "green"),
    "not checked": ("○", "dim"),
}
_TITLES: dict[Severity, str] = {
    "contradicted": "Contradicted by the report's own figures or words",
    "doubtful": "Doubtful: it may be true, but the report does not show it",
    "not checked": "Not checked",
}
_LONGEST_CLAIM = 160
# Stands for the blank within "39 %" while lines are broken; rich breaks at a no-break space, too.
_GLUE = "\ue000"
_UNIT = re.compile(r"(?<=[0-9]) (?=(?:%|[nµm]?s|min|h|points|[KMG]i?B)(?![A-Za-z]))")


def render(audit: Audit, name: str) -> RenderableType:
    """Lay out an audit for a terminal of 80 columns or more.

    Parameters
    ----------
    audit
        What was found.
    name
        Of the report.

    Returns
    -------
    rich.console.RenderableType
        To be printed on a console of the caller's, which decides on colour and width.
    """
    worst = next((one for one in SEVERITIES if audit.of(one)), SEVERITIES[-1])
    parts: list[RenderableType] = [
        Panel(
            headline(audit),
            title=Text(f"Audit: {_clean(name)}"),
            title_align="left",
            border_style=_STYLES[worst][1],
            box=box.ROUNDED,
            padding=(0, 1),
        )
    ]
    for severity in ("contradicted", "doubtful"):
        found = audit.of(severity)
        if found:
            parts += [Text(), _title(severity), _table(found, "finding", right=True)]
    consistent = audit.of("consistent")
    if consistent:
        parts += [Text(), _consistent(consistent)]
    unchecked = audit.of("not checked")
    if unchecked:
        parts += [Text(), _title("not checked"), _table(unchecked, "why", right=False)]
    return Group(*parts)


def headline(audit: Audit) -> Text:
    """Say in one line how many claims there are of each kind."""
    if not audit.findings:
        return Text("No claim was found that could be checked.")
    made = Text()
    for severity in SEVERITIES:
        count = len(audit.of(severity))
        if count:
            made.append("   " if made else "")
            mark, style = _STYLES[severity]
            made.append(f"{mark} {count} {severity}", style)
    return made


def _title(severity: Severity) -> Text:
    mark, style = _STYLES[severity]
    return Text.assemble((f"{mark} ", style), (_TITLES[severity], "bold"))


def _consistent(found: Sequence[AuditFinding]) -> Text:
    lines = sorted({one.line for one in found})
    mark, style = _STYLES["consistent"]
    claims = "claim follows" if len(found) == 1 else "claims follow"
    where = f"line{'s' if len(lines) > 1 else ''} {_ranges(lines)}"
    return Text.assemble(
        (f"{mark} ", style),
        (f"{len(found)} {claims} from the report's figures", "bold"),
        (f" ({where})", "dim"),
    )


def _ranges(lines: Sequence[int]) -> str:
    """Print line numbers as people do: ``7, 12-15``."""
    runs: list[list[int]] = []
    for line in lines:
        if runs and line == runs[-1][-1] + 1:
            runs[-1].append(line)
        else:
            runs.append([line])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


class _Glued:
    """A table in which no figure is torn from its unit."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for text, style, control in console.render(self.table, options):
            yield Segment(text.replace(_GLUE, " "), style, control)


def _table(found: Sequence[AuditFinding], title: str, *, right: bool) -> _Glued:
    made = Table(
        box=box.SIMPLE_HEAD,
        header_style="dim",
        pad_edge=False,
        padding=(0, 1, 0, 0),
        show_edge=False,
        expand=True,
        leading=0,
    )
    made.add_column("line", justify="right", style="dim", no_wrap=True)
    made.add_column("claim", ratio=9, overflow="fold")
    made.add_column(title, ratio=11, overflow="fold")
    if right:
        made.add_column("right", ratio=7, overflow="fold", style="bold")
    previous = (0, "")
    for at, one in enumerate(found):
        same = (one.line, one.claim) == previous
        previous = (one.line, one.claim)
        if at and not same:
            made.add_row()
        cells = [
            Text("" if same else str(one.line)),
            Text(_glued(one.figure), "bold " + _STYLES[one.severity][1]) if same else _claim(one),
            Text(_capital(_glued(one.finding))),
        ]
        made.add_row(*cells, *([Text(_alternatives(_glued(one.right)))] if right else []))
    return _Glued(made)


def _claim(one: AuditFinding) -> Text:
    """Print the report's words, shortened, with the figure that is meant standing out."""
    words, figure = _glued(one.claim), _glued(one.figure)
    at = words.find(figure) if figure else -1
    if len(words) > _LONGEST_CLAIM:
        start = max(0, min(at - _LONGEST_CLAIM // 2, len(words) - _LONGEST_CLAIM)) if at > 0 else 0
        end = start + _LONGEST_CLAIM
        words = f"{'…' if start else ''}{words[start:end].strip()}{'…' if end < len(words) else ''}"
    made = Text(words)
    at = words.find(figure) if figure else -1
    if at >= 0:
        made.stylize("bold " + _STYLES[one.severity][1], at, at + len(figure))
    return made


def _alternatives(right: str) -> str:
    """Print each alternative on a line of its own."""
    return right.replace(" or ", "\nor ").replace("; ", "\n")


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _glued(text: str) -> str:
    return _UNIT.sub(_GLUE, _clean(text))


def _clean(text: str) -> str:
    """Replace what could steer a terminal: the report's words are someone else's."""
    return "".join(
        " " if unicodedata.category(one) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else one for one in text
    )
