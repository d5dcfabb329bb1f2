"""``perfkit advise [RUN]``."""

from __future__ import annotations

import click

from perfkit.api.advice import LEAST_SHARE, advise
from perfkit.cli import completion, options


@click.command()
@click.argument("run", required=False, shell_complete=completion.runs)
@click.option(
    "--least",
    type=options.FloatRange(min=0, max=100),
    default=100 * LEAST_SHARE,
    show_default=True,
    metavar="PERCENT",
    help="Leave out what has a smaller share of the run.",
)
@options.JSON
@options.reading
def command(run: str | None, *, least: float, as_json: bool, pipeline: str | None) -> int:
    """Say what to do next about the hot lines of a stored line profile.

    RUN is a variant, whose latest line profile is taken, or a run's id; without it, the baseline. Hot lines
    that show a known pattern of slow code are named with the cure, a sketch of it, and the most that it could
    gain. Nothing is measured, and no speedup is promised.
    """
    found = advise(options.bench(pipeline), run or "baseline", least_share=least / 100)
    if as_json:
        from perfkit.report import summary

        click.echo(summary.as_json(found), nl=False)
    else:
        from rich.console import Console

        from perfkit.report import advice

        Console().print(advice.render(found))
    return 0
