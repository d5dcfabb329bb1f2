"""A search through the history as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.report import bisect
from perfkit.report.markdown import fenced, inline, table

if TYPE_CHECKING:
    from perfkit.model import Bisection


def render(made: Bisection) -> str:
    """Write a search as Markdown.

    Parameters
    ----------
    made
        It is not changed.

    Returns
    -------
    str
        Ends in one newline; the same for the same search.
    """
    view = bisect.build(made)
    parts = [f"# {inline(view.title)}", *(inline(one) for one in view.headline), inline(view.identity)]
    parts += ["## Steps", table(view.steps)]
    if view.suspects is not None:
        parts += ["## The commits that it may be", table(view.suspects)]
    if view.changed is not None:
        parts += ["## What it changed", table(view.changed)]
    if view.remarks:
        parts += ["## Remarks", "\n".join(f"- {inline(one)}" for one in view.remarks)]
    parts += ["## How it was found", "\n".join(f"- {inline(one)}" for one in view.method)]
    if view.next_:
        parts += ["To look closer:", fenced("\n".join(view.next_), "sh")]
    if view.command:
        parts += ["Made with:", fenced(view.command, "sh")]
    return "\n\n".join(parts) + "\n"
