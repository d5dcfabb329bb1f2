"""``perfkit export WHAT... --to FORMAT``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from perfkit.api.export import BINARY, TABLES, export, formats
from perfkit.cli import completion, options
from perfkit.errors import UsageError
from perfkit.report.exports import FORMATS
from perfkit.store import replace_file

if TYPE_CHECKING:
    from perfkit.api.export import Table
    from perfkit.model import Side


class _Format(click.ParamType[str]):
    """One of perfkit's formats, or one that is plugged in, which is looked for only if it is not."""

    name = "format"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in FORMATS and value not in formats():
            self.fail(f"{str(value)!r} is not one of {', '.join(formats())}", param, ctx)
        return str(value)


@click.command()
@click.argument("what", nargs=-1, required=True, shell_complete=completion.exported)
@click.option(
    "--to",
    "--format",
    "to",
    type=_Format(),
    required=True,
    metavar="FORMAT",
    shell_complete=completion.formats,
    help="The format, one of these below; or the name of a renderer that is plugged in.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where it goes, whole or not at all; stdout without.",
)
@click.option("--side", type=click.Choice(["baseline", "contender"]), help="Only this side of a comparison.")
@click.option(
    "--stages", is_flag=True, help="Stage by stage too: pyperf, pytest-benchmark, csv of functions."
)
@click.option(
    "--table",
    type=click.Choice(TABLES),
    help="What csv lists; without, timings of what was timed and functions of what was profiled.",
)
@options.reading
def command(
    what: tuple[str, ...],
    *,
    to: str,
    output: Path | None,
    side: Side | None,
    stages: bool,
    table: Table | None,
    pipeline: str | None,
) -> int:
    """Hand stored runs to another tool, in its own format.

    WHAT is a run's id, a variant's name (its latest run that fits), a comparison's id, or latest for the
    latest comparison. Of two profiles the first is before and the second after.

    \b
      speedscope, chrome       call stacks of one profile or two
      folded, difffolded       the same for flame graphs, of one and of two
      pstats                   the sum of cProfile runs of one variant
      pyperf, pytest-benchmark timings, one value a process
      csv                      timings; functions or lines, before and after
    """  # noqa: D301  click's mark for lines to be left as they are
    if output is None and to in BINARY:
        raise UsageError(f"{to} is no text: name a file with --output")
    made = export(options.bench(pipeline), what, to, side=side, stages=stages, table=table)
    if output is None and made.binary:
        raise UsageError(f"{to} is no text: name a file with --output")
    for note in made.notes:
        click.echo(note, err=True)
    if output is None:
        click.echo(made.content, nl=False)
        return 0
    done = "replaced" if output.exists() else "wrote"
    replace_file(output, made.content)
    click.echo(f"{done} {options.nearby(output)}", err=True)
    return 0
