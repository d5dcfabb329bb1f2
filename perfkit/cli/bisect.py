"""``perfkit bisect GOOD BAD -- BENCHMARK``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from perfkit.api import bisect
from perfkit.cli import options, outcome, progress
from perfkit.errors import InterruptedEarlyError
from perfkit.report import bisect as view
from perfkit.report import bisect_markdown, bisect_terminal, summary
from perfkit.store import replace_file

if TYPE_CHECKING:
    from perfkit.model import Parameters


@click.command(cls=options.Naming)
@click.argument("good")
@click.argument("bad")
@click.option(
    "--stage",
    default="",
    metavar="NAME",
    help="A stage that the benchmark declares, or a function: extract, pkg.mod:Class.method.",
)
@click.option(
    "--budget",
    type=options.SECONDS,
    default=bisect.BUDGET_S,
    show_default=True,
    metavar="SECONDS",
    help="For each comparison; at least three pairs are measured.",
)
@click.option("--own-benchmark", "own", is_flag=True, help="Each commit runs its own copy of the benchmark.")
@click.option("--variant", default="", metavar="NAME", help="Of the pipeline, where no file is named.")
@click.option("--python", default="", metavar="PATH", help="The interpreter, for all commits.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The report as Markdown.",
)
@options.measuring
def command(
    good: str,
    bad: str,
    *,
    arguments: tuple[str, ...],
    stage: str,
    budget: float,
    own: bool,
    variant: str,
    python: str,
    output: Path | None,
    pipeline: str | None,
    overrides: Parameters,
    seed: int,
    timeout: float,
    as_json: bool,
) -> int:
    """Find the commit that made a benchmark, or one of its stages, slower.

    GOOD is the older commit, BAD the slower one; what follows -- is a Python file and its arguments, run at
    each commit. Commits that do not build or run are skipped. Your working tree is not touched.
    """
    with progress.showing() as listener:
        made = bisect.bisect(
            good,
            bad,
            arguments,
            stage=stage,
            pipeline=pipeline,
            variant=variant,
            own=own,
            python=python,
            budget_s=budget,
            overrides=overrides,
            seed=seed,
            timeout_s=timeout,
            listener=listener,
            command=["perfkit", *sys.argv[1:]],
        )
    if output is not None:
        replace_file(output, bisect_markdown.render(made).encode())
    if as_json:
        click.echo(summary.as_json(made), nl=False)
    else:
        from rich.console import Console

        Console().print(bisect_terminal.render(made))
    if output is not None:
        click.echo(f"report: {options.nearby(output.resolve())}", err=True)
    if made.interrupted:
        raise InterruptedEarlyError("interrupted; what was known until then is shown")
    return outcome.status((), view.undecided(made))
