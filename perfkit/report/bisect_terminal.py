"""A search through the history, for a terminal. The caller owns the console."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Group
from rich.panel import Panel
from rich.text import Text

from perfkit.report import bisect
from perfkit.report.layout import COLOURS, grid, note, section, styled

if TYPE_CHECKING:
    from rich.console import RenderableType

    from perfkit.model import Bisection

_COLUMNS = ("commit", "subject", "question", "time", "interval", "pairs", "answer")


def render(made: Bisection) -> RenderableType:
    """Lay out a search for a terminal of 80 columns or more.

    Parameters
    ----------
    made
        It is not changed.
    """
    view = bisect.build(made)
    parts: list[RenderableType] = [
        Panel(
            Text("\n").join([styled(one) for one in view.headline]),
            title=styled(view.title),
            title_align="left",
            border_style=COLOURS[view.tone],
            box=box.ROUNDED,
            padding=(0, 1),
        ),
        note(view.identity),
        *section("Steps", grid(view.steps.only(*_COLUMNS))),
    ]
    if view.suspects is not None:
        parts += section("The commits that it may be", grid(view.suspects))
    if view.changed is not None:
        parts += section("What it changed", grid(view.changed))
    parts += [Text(), *(styled(one) for one in view.remarks)] if view.remarks else []
    parts += [Text(), *(note(one) for one in view.method)]
    if view.next_:
        parts += section("To look closer", *(Text(f"$ {one}", "cyan") for one in view.next_))
    return Group(*parts)
