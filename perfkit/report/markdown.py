"""The report as Markdown that GitHub renders."""

from __future__ import annotations

import html
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from perfkit.report import difference_costs, difference_view, scale, speed, view
from perfkit.report.text import plain

if TYPE_CHECKING:
    from perfkit.model import Difference, Report, ScalingReport
    from perfkit.report.text import Line, Span, Table

_TEMPLATES = Path(__file__).parent / "templates"
_FEWEST_TICKS = 3

# What Markdown reads as markup anywhere; at the start of a line; and an underscore that is not inside a word.
_ANYWHERE = re.compile(r"[\\`*<>&|~$]|\](?=[(:\[])|\[(?=[\^!])|!(?=\[)")
_AT_START = re.compile(r"^(\s*)([-+#=>]|\d+(?=[.)](?:\s|$)))")
_FENCE = re.compile(r"`{3,}(?=[^`]*$)")
_LOOSE_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")


def render(report: Report, *, chart: str, growth_chart: str = "") -> str:
    """Write a report as Markdown.

    Parameters
    ----------
    report
        What was measured and found.
    chart, growth_chart
        Links of the charts, relative to where the Markdown will lie.

    Returns
    -------
    str
        Ends in one newline; the same for the same report.
    """
    made = (
        _environment()
        .get_template("report.md.j2")
        .render(
            view=view.build(report),
            page=difference_costs.PAGE,
            chart=quote(chart),
            growth_chart=quote(growth_chart),
            wide=speed.WIDE,
            saved=speed.SAVED,
        )
    )
    return _settle(made)


def render_scaling(report: ScalingReport, *, chart: str) -> str:
    """Write how a cost grows as Markdown.

    Parameters
    ----------
    chart
        Link of the chart, relative to where the Markdown will lie.
    """
    template = _environment().get_template("scale.md.j2")
    return _settle(template.render(growth=scale.build(report), growth_chart=quote(chart)))


def render_difference(difference: Difference) -> str:
    """Write what functions and lines saved, from two profiles, as Markdown.

    Parameters
    ----------
    difference
        Two profiles compared.

    Returns
    -------
    str
        Ends in one newline; the same for the same difference.
    """
    template = _environment().get_template("profiles.md.j2")
    return _settle(template.render(difference=difference_view.build(difference), page=difference_costs.PAGE))


@cache
def _environment() -> Environment:
    """Return the templates' environment; made at the first rendering, because it costs some milliseconds."""
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=False,  # noqa: S701  the output is Markdown; the filters escape for it
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(md=inline, table=table, code=fenced, html=_html)
    return made


def _settle(text: str) -> str:
    """Leave one blank line where a skipped part of the template left several, but not inside a code block."""
    settled: list[str] = []
    fence = ""
    for one in text.split("\n"):
        opening = _FENCE.match(one)
        if fence:
            fence = "" if one == fence else fence
        elif opening:
            fence = opening[0]
        elif not one and settled and not settled[-1]:
            continue
        settled.append(one)
    return "\n".join(settled).strip("\n") + "\n"


def escape(text: str) -> str:
    r"""Escape what Markdown would read as markup: ``a|b*`` becomes ``a\|b\*``."""
    escaped = _ANYWHERE.sub(lambda found: "&amp;" if found[0] == "&" else "\\" + found[0], text)
    return _LOOSE_UNDERSCORE.sub(r"\\_", escaped)


def inline(line: Line) -> str:
    """Print a line as Markdown."""
    made = "".join(_span(span) for span in line)
    # A line may be the first of a paragraph or a list item, where a few characters more are markup.
    return _AT_START.sub(_escape_start, made)


def _escape_start(found: re.Match[str]) -> str:
    """Escape the mark of a list or a heading: the character itself, or the full stop after a number."""
    return f"{found[1]}{found[2]}\\" if found[2].isdigit() else f"{found[1]}\\{found[2]}"


def _span(span: Span) -> str:
    if span.kind == "code":
        return code_span(span.text)
    return f"**{escape(span.text)}**" if span.kind == "strong" else escape(span.text)


def code_span(text: str) -> str:
    """Print code within a line, between more backticks than it holds in a row."""
    if not text.strip():
        return ""
    ticks = "`" * (_longest_run(text) + 1)
    # CommonMark takes one space off both ends if both have one.
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def fenced(text: str, language: str) -> str:
    """Print a code block, fenced with more backticks than it holds in a row."""
    ticks = "`" * max(_FEWEST_TICKS, _longest_run(text) + 1)
    return f"{ticks}{language}\n{text.strip(chr(10))}\n{ticks}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def table(data: Table) -> str:
    """Print a table; cells that align right do not wrap."""
    rules = ["--:" if column.align == "right" else ":--" for column in data.columns]
    rows = [[escape(column.title) for column in data.columns], rules]
    for row in data.rows:
        cells = [_cell(cell, strong=row.strong) for cell in row.cells]
        pairs = zip(cells, data.columns, strict=True)
        rows.append(
            [
                cell.replace(" ", "\u00a0") if column.whole or column.align == "right" else cell
                for cell, column in pairs
            ]
        )
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def _cell(line: Line, *, strong: bool) -> str:
    """Print a cell: inside a table even the bars within code are escaped."""
    made = "".join(
        code_span(span.text).replace("|", "\\|") if span.kind == "code" else escape(span.text)
        for span in line
    )
    text = made.lstrip()
    return f"{made[: len(made) - len(text)]}**{text}**" if strong and text else made


def _html(line: Line) -> str:
    """Print a line inside an HTML tag, where Markdown is not read."""
    return html.escape(plain(line), quote=False)
