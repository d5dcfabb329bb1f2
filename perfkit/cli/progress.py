"""Show on stderr what is under way: a live line in a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from perfkit.model import Event

    Listener = Callable[[Event], None]

_EVERY_S = 5.0


@contextmanager
def showing() -> Iterator[Listener]:
    """Give a listener that shows each event, until the block ends."""
    if sys.stderr.isatty() and not os.environ.get("CI") and not os.environ.get("NO_COLOR"):
        with _live() as listener:
            yield listener
    else:
        yield _Plain()


class _Plain:
    """Prints a line at once when a phase begins, then one every few seconds: a log is read, not watched."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._phase = ""
        self._next = 0.0

    def __call__(self, event: Event) -> None:
        now = self._clock()
        if event.phase != self._phase or now >= self._next or event.phase != "measuring":
            self._phase, self._next = event.phase, now + _EVERY_S
            click.echo(f"{event.phase}: {words(event)}", err=True)


def words(event: Event) -> str:
    """Say what is done, how far it is, and what it looks like so far."""
    words = [event.doing]
    if event.of is not None:
        words.append(f"{event.done} of {event.of} done")
    elif event.done:
        words.append(f"{event.done} done")
    if event.speedup is not None:
        words.append(f"{event.speedup.value:.3g}x so far")
    if event.left_s is not None:
        words.append(f"at most {event.left_s:.0f} s left")
    return ", ".join(words)


@contextmanager
def _live() -> Iterator[Listener]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("[bold]{task.description}"),
        BarColumn(bar_width=20),
        TimeElapsedColumn(),
        TextColumn("{task.fields[words]}"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", words="", total=None)

        def show(event: Event) -> None:
            done, total = float(event.done), event.of
            if event.left_s is not None:  # a budget: the bar is its time
                elapsed = bar.tasks[0].elapsed or 0.0
                done, total = elapsed, round(elapsed + event.left_s)
            bar.update(task, description=event.phase, completed=done, total=total or None, words=words(event))

        yield show
