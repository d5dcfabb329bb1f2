"""``perfkit doctor``."""

from __future__ import annotations

import math

import click

from perfkit.api import doctor as doctors
from perfkit.cli import options, progress
from perfkit.errors import EXIT_FINE, EXIT_INCONCLUSIVE, InterruptedEarlyError
from perfkit.report import doctor as report
from perfkit.report import summary

_LONGEST_S = 3600.0


def _finite(_ctx: click.Context, _option: click.Parameter, given: float) -> float:
    """Refuse what is no time; every comparison with it is false, and so is the range's."""
    if math.isnan(given):
        raise click.BadParameter("nan is no number of seconds")
    return given


@click.command()
@click.option(
    "--seconds",
    type=options.FloatRange(min=0, max=_LONGEST_S, min_open=True),
    callback=_finite,
    default=doctors.SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="About how long to measure.",
)
@click.option("--no-measure", "looking_only", is_flag=True, help="Only look at the machine; takes a moment.")
@options.JSON
@options.DEBUG
def command(*, seconds: float, looking_only: bool, as_json: bool) -> int:
    """Look at this machine before measuring on it: what may spoil a comparison, and what it can resolve.

    A small program is compared with itself, in pairs of fresh processes. How much equal runs differ says
    which effect shows in how long. Works in any folder, and stores nothing.

    Exit status: 0 done, also with warnings, 4 what the machine can resolve could not be decided.
    """
    try:
        with progress.showing() as listener:
            found = doctors.diagnose(seconds=seconds, measuring=not looking_only, listener=listener)
    except KeyboardInterrupt as error:
        raise InterruptedEarlyError("interrupted; nothing was stored") from error
    if as_json:
        click.echo(summary.as_json(found), nl=False)
    else:
        from rich.console import Console

        Console().print(report.render(found))
    if found.resolution is not None and found.resolution.problem:
        click.echo(
            f"{click.style('inconclusive:', fg='yellow', bold=True)} {found.resolution.problem}", err=True
        )
        return EXIT_INCONCLUSIVE
    return EXIT_FINE
