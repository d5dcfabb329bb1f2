"""Show what is under way: in a notebook one line that is renewed, elsewhere as the command line does."""

from __future__ import annotations

import contextlib
import sys
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from perfkit.model import Event

    Listener = Callable[[Event], None]

_EVERY_S = 0.25
"""A notebook's page is not renewed more often."""


@contextlib.contextmanager
def listening(listener: Listener | None, *, showing: bool) -> Iterator[Listener]:
    """Give a listener that tells another one, if there is any, and shows each event if that is wanted.

    Parameters
    ----------
    listener
        The caller's own.
    showing
        Whether to show progress, too.
    """
    from perfkit.api.bench import ignore

    if not showing:
        yield listener or ignore
        return
    with _shown() as show:

        def both(event: Event) -> None:
            show(event)
            if listener is not None:
                listener(event)

        yield both


def _shown() -> contextlib.AbstractContextManager[Listener]:
    if in_notebook():
        return _in_cell()
    from perfkit.cli import progress

    return progress.showing()


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook, which shows HTML."""
    shell: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return shell is not None and getattr(shell, "kernel", None) is not None


@contextlib.contextmanager
def _in_cell() -> Iterator[Listener]:
    """Show events below the cell, and take them away in the end."""
    from perfkit.cli.progress import words
    from perfkit.report import notebook

    shown: Any = import_module("IPython.display")
    handle = shown.display(shown.HTML(notebook.progress("starting", "", None)), display_id=True)
    due = 0.0
    phase = ""

    def show(event: Event) -> None:
        nonlocal due, phase
        now = time.monotonic()
        if event.phase != phase or now >= due:
            phase, due = event.phase, now + _EVERY_S
            share = event.done / event.of if event.of else None
            handle.update(shown.HTML(notebook.progress(event.phase, words(event), share)))

    try:
        yield show
    finally:
        handle.update(shown.HTML(""))
