"""``perfkit run VARIANT``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from perfkit.api.timing import run, stored_runs
from perfkit.cli import options, progress

if TYPE_CHECKING:
    from perfkit.model import Parameters


@click.command()
@click.argument("variant")
@click.option("--times", type=click.IntRange(min=1), default=1, show_default=True, help="How many processes.")
@click.option("--against", metavar="ID", help="Show a stored run, or a comparison's runs, beside these.")
@options.measuring
def command(
    variant: str,
    *,
    times: int,
    against: str | None,
    pipeline: str | None,
    overrides: Parameters,
    seed: int,
    timeout: float,
    as_json: bool,
) -> int:
    """Time one variant, each time in a fresh process, and show its stages.

    A time alone is no speedup, and neither is a ratio to what was measured at another time: see perfkit
    compare.
    """
    with progress.showing() as listener:
        bench = options.bench(pipeline, overrides, seed, timeout, listener)
        stored = stored_runs(bench, variant, against) if against is not None else []
        runs = run(bench, variant, times=times)
    if as_json:
        found = {"runs": runs, "against": stored, "paired": False} if stored else runs
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        from rich.console import Console

        from perfkit.report import runs as layouts

        Console().print(layouts.render_timings(runs))
        if stored:
            Console().print(layouts.render_unpaired(stored, runs))
    return 0
