"""What to do next, for a terminal: hot lines, the pattern that each shows, its cure, what it could gain."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from rich import box
from rich.console import Group
from rich.padding import Padding
from rich.panel import Panel
from rich.style import Style
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from perfkit.report import units
from perfkit.report.layout import note, section, styled
from perfkit.report.text import clean, prose
from perfkit.report.text import line as words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import RenderableType

    from perfkit.model import Advice, AdviceReport, Scalar

_THEME = "ansi_dark"
_NO_GAIN = 1.005  # below, a bound is printed as none
_NUMBER_WIDTH = 5  # of a line's number


def render(found: AdviceReport) -> RenderableType:
    """Lay out advice for a terminal.

    Parameters
    ----------
    found
        What `perfkit.api.advice` found; the largest share comes first.

    Returns
    -------
    rich.console.RenderableType
        To be printed on a console of the caller's, which decides on colour and width.
    """
    parts: list[RenderableType] = [_headline(found)]
    for rank, one in enumerate(found.advice, start=1):
        parts += [Text(), *_advice(rank, one, bounded=found.clean_s is not None)]
    if found.others:
        parts += section("Hot lines that show no known pattern", _others(found))
    parts += [Text(), *(note(words(one)) for one in _notes(found))]
    parts += [Text(f"! {clean(one)}", "yellow") for one in found.warnings]
    return Group(*parts)


def headline(found: AdviceReport) -> str:
    """Say in a line or two what was found."""
    least = units.percent(found.least_share, 0)
    if not found.advice:
        return f"No line with {least} of the run or more shows a known pattern of slow code."
    share = min(sum(one.share for one in found.advice), 1.0)
    n = len(found.advice)
    patterns = f"{n} known pattern{'s' if n > 1 else ''} of slow code"
    said = f"{patterns} on lines with {units.percent(share, 0)} of the "
    if found.clean_s is None:
        return f"{said}time under the profiler."
    return f"{said}run."


def _headline(found: AdviceReport) -> RenderableType:
    """Lay out what was found, in a frame."""
    title = f"Advice: {found.variant.pipeline}, {found.variant.name}"
    return Panel(
        Text(headline(found)),
        title=Text(clean(title)),
        title_align="left",
        border_style="cyan" if found.advice else "green",
        box=box.ROUNDED,
        padding=(0, 1),
    )


def _advice(rank: int, one: Advice, *, bounded: bool) -> list[RenderableType]:
    """Lay out one piece of advice."""
    of = "run" if bounded else "time under the profiler"
    head = Text.assemble(
        (f"{rank}  ", "bold"),
        (f"{units.percent(one.share)} of the {of}", "bold yellow"),
        (f"  {clean(one.stage) or 'outside stages'} · ", "dim"),
        (f"{clean(one.file)}:{one.line}", "cyan"),
        (f" {clean(one.function)}", "dim"),
    )
    code = Table.grid(padding=(0, 1))
    code.add_column(justify="right", style="dim", no_wrap=True, width=_NUMBER_WIDTH)
    code.add_column(overflow="fold")
    code.add_column(justify="right", style="dim", no_wrap=True)
    code.add_row(str(one.line), _code(one.text), f"{units.count(one.hits)} hit{'s' if one.hits != 1 else ''}")
    sketch = Table.grid(padding=(0, 1))
    sketch.add_column(justify="right", style="green", no_wrap=True, width=_NUMBER_WIDTH)
    sketch.add_column(overflow="fold")
    for text in one.sketch.split("\n"):
        sketch.add_row("+", _code(text))
    says = [styled(words(one.cure)), note(prose(one.evidence))]
    if one.also:
        says.append(note(words(f"The line also shows: {'; '.join(one.also)}.")))
    if bounded:
        says.append(styled(words(_bound(one))))
    return [
        head,
        code,
        Padding(Text(clean(one.pattern), "bold magenta"), (0, 0, 0, _NUMBER_WIDTH + 1)),
        *(Padding(text, (0, 0, 0, _NUMBER_WIDTH + 1)) for text in says[:1]),
        sketch,
        *(Padding(text, (0, 0, 0, _NUMBER_WIDTH + 1)) for text in says[1:]),
    ]


def _bound(one: Advice) -> str:
    """Say what doing without the lines could gain at most."""
    which = "this line" if len(one.lines) == 1 else f"these {len(one.lines)} lines ({_ranges(one.lines)})"
    if one.gain_bound is None:
        return f"{which[0].upper()}{which[1:]} are all of the run, or nearly: their share bounds nothing."
    if one.gain_bound < _NO_GAIN:
        return f"Without {which} the run is hardly faster."
    return f"Without {which} the run is at most about {units.significant(one.gain_bound)} times as fast."


def _ranges(lines: tuple[int, ...]) -> str:
    """Write line numbers briefly: ``12-14, 16``."""
    found: list[list[int]] = []
    for line in lines:
        if found and line == found[-1][-1] + 1:
            found[-1].append(line)
        else:
            found.append([line])
    return ", ".join(f"{one[0]}-{one[-1]}" if len(one) > 1 else str(one[0]) for one in found)


def _code(text: str) -> Text:
    """Colour a line of code; the terminal's own colours, so that it is readable on any background."""
    coloured = Syntax("", "python", theme=_THEME, background_color="default").highlight(clean(text))
    coloured.rstrip()
    made = Text(coloured.plain)
    for span in coloured.spans:  # without a background: what is none on a terminal is white elsewhere
        style = Style.parse(span.style) if isinstance(span.style, str) else span.style
        made.stylize(Style(color=style.color, bold=style.bold, italic=style.italic), span.start, span.end)
    return made


def _others(found: AdviceReport) -> Table:
    """Lay out the hot lines that no advice is about."""
    table = Table(
        box=box.SIMPLE_HEAD, header_style="dim", pad_edge=False, padding=(0, 1, 0, 0), show_edge=False
    )
    table.add_column("line", overflow="fold")
    table.add_column("hits", justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    for one in found.others:
        where = Text.assemble((f"{clean(one.function)}:{one.line} ", "dim"), _code(one.text))
        table.add_row(where, units.count(one.hits), units.percent(one.share))
    return table


def _notes(found: AdviceReport) -> list[str]:
    """Say where the shares are from, and what they are not."""
    at = f"at {_parameters(found.parameters)}" if found.parameters else "of a run"
    notes = []
    if found.clean_s is None:
        notes.append(
            f"There is no clean run of this source: the shares are line_profiler's, {at}, which inflates "
            f"short lines that run often, and no gain is bounded. perfkit run {found.variant.name} makes one."
        )
    else:
        runs = f"the median of {found.clean_of} clean runs" if found.clean_of > 1 else "one clean run"
        differ = {
            name: value
            for name, value in found.clean_parameters.items()
            if found.parameters.get(name) != value
        }
        clean_at = f" at {_parameters(differ)}" if differ else ""
        notes.append(
            f"A stage's share of the run is from {runs}{clean_at} ({units.seconds(found.clean_s)}); a line's "
            f"share of its stage is line_profiler's, {at}, and approximate: it inflates short lines that run "
            "often. The bounds are Amdahl's law with these shares, for these lines alone; what a cure really "
            "gains, perfkit compare measures."
        )
    if found.edited:
        notes.append(
            f"{found.variant.path} is gone, or has another text now than in the profile: lines and numbers "
            f"are those of then. perfkit profile {found.variant.name} --with line makes a new one."
        )
    return notes


def _parameters(parameters: Mapping[str, Scalar]) -> str:
    """Write parameters briefly."""
    return textwrap.shorten(", ".join(f"{name}={value}" for name, value in parameters.items()), 60)
