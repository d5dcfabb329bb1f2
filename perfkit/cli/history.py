"""``perfkit history [VARIANT...]``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from perfkit import catalog
from perfkit.api import history as histories
from perfkit.cli import completion, options
from perfkit.report import history_terminal, summary

if TYPE_CHECKING:
    from datetime import datetime


@click.command()
@click.argument("variants", nargs=-1, metavar="[VARIANT...]", shell_complete=completion.variants)
@click.option(
    "--stage",
    metavar="STAGE",
    shell_complete=completion.stages,
    help="This stage alone: its path, or the last part of it.",
)
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]),
    metavar="DATE",
    help="Comparisons from this day on, such as 2026-01-31; UTC.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write it too: FILE.md with its charts beside it, FILE.html as one page, FILE.svg the chart.",
)
@options.JSON
@options.reading
def command(
    variants: tuple[str, ...],
    *,
    stage: str | None,
    since: datetime | None,
    output: Path | None,
    as_json: bool,
    pipeline: str | None,
) -> int:
    """Show how the speedup of each contender went from commit to commit, and where it changed.

    A row is a stored comparison: its speedup was measured in pairs, in one session, so it can be compared
    with others against the same baseline under the same conditions. Without VARIANT, all contenders.
    """
    if output is not None and output.suffix not in {".md", ".html", ".svg"}:
        raise click.UsageError(f"--output ends in .md, .html or .svg, which {output.name!r} does not")
    project = catalog.open_project(Path.cwd())
    found = histories.load(
        project, histories.pipeline_of(project, pipeline), variants=variants, stage=stage, since=since
    )
    written = histories.write(found, output) if output is not None else []
    if as_json:
        click.echo(summary.as_json(found), nl=False)
    else:
        from rich.console import Console

        Console().print(history_terminal.render(found))
    for file in written:
        click.echo(f"written: {options.nearby(file)}", err=True)
    return 0
