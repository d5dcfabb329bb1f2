"""``perfkit audit REPORT``."""

from __future__ import annotations

from pathlib import Path

import click

from perfkit.audit import audit, source, summary
from perfkit.cli import options
from perfkit.errors import EXIT_FINE, EXIT_GATE, EXIT_INCONCLUSIVE


@click.command()
@click.argument("report", type=click.Path(path_type=Path))
@options.JSON
@options.DEBUG
def command(report: Path, *, as_json: bool) -> int:
    """Check a speedup report against its own figures.

    Reads Markdown or plain text that anyone wrote: its ratios from its times, its stages against its totals,
    its percentages, and its claims of equal outputs. What cannot be tied to figures is listed as not checked.

    Exit status: 0 nothing is contradicted, 1 the report contradicts itself, 4 there is nothing to check.
    """
    read = source.load(report)
    made = audit(read.text, markdown=read.markdown)
    if as_json:
        click.echo(summary.render(made, str(report)), nl=False)
    else:
        from rich.console import Console

        from perfkit.audit import terminal

        Console().print(terminal.render(made, str(report)))
    if made.of("contradicted"):
        return EXIT_GATE
    if not made.findings:
        click.echo(
            f"{click.style('inconclusive:', fg='yellow', bold=True)} the report makes no claim", err=True
        )
        return EXIT_INCONCLUSIVE
    return EXIT_FINE
