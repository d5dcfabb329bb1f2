"""Tell the user how a comparison ended, and with which status."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from perfkit.analyse import gates
from perfkit.cli import options
from perfkit.errors import EXIT_FINE, EXIT_GATE, EXIT_INCONCLUSIVE
from perfkit.report import summary, terminal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from perfkit.model import Gate, Report


def tell(report: Report, written: Sequence[Path], *, as_json: bool) -> int:
    """Show a report in short, or as JSON, and return the exit status.

    Parameters
    ----------
    written
        The files that were written, the Markdown report first.
    """
    if as_json:
        click.echo(summary.render(report), nl=False)
    else:
        from rich.console import Console

        Console().print(terminal.render(report))
    click.echo(f"report: {options.nearby(written[0])}", err=True)
    return judged(report.gates)


def judged(found: Sequence[Gate]) -> int:
    """Say on stderr which gates failed and which are undecided, and return the exit status."""
    return status(gates.reasons(found, "failed"), gates.reasons(found, "undecided"))


def status(failed: Sequence[str], undecided: Sequence[str]) -> int:
    """Say on stderr which gates failed and what is not decided, and return the exit status."""
    for sentence in failed:
        click.echo(f"{click.style('gate failed:', fg='red', bold=True)} {sentence}", err=True)
    for sentence in undecided:
        click.echo(f"{click.style('inconclusive:', fg='yellow', bold=True)} {sentence}", err=True)
    if failed:
        return EXIT_GATE
    return EXIT_INCONCLUSIVE if undecided else EXIT_FINE
