"""``perfkit run VARIANT``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from perfkit.api import sides
from perfkit.api.found import with_stages
from perfkit.api.timing import run, stored_runs
from perfkit.cli import completion, options, progress

if TYPE_CHECKING:
    from perfkit.model import Parameters


@click.command(cls=options.Naming)
@click.option("--times", type=click.IntRange(min=1), default=1, show_default=True, help="How many processes.")
@click.option(
    "--against",
    metavar="ID",
    shell_complete=completion.recorded,
    help="Show a stored run, or a comparison's runs, beside these.",
)
@options.PYTHON
@options.measuring
@options.naming
def command(
    *,
    asked: sides.Asked,
    times: int,
    against: str | None,
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
        found = sides.find(asked, overrides=overrides, seed=seed, timeout_s=timeout, listener=listener)
        bench, variant = found.bench, options.one(found)
        if asked.find_stages:
            bench, _ = with_stages(bench, (variant,))
        stored = stored_runs(bench, variant, against) if against is not None else []
        runs = run(bench, variant, times=times)
    if as_json:
        shown = {"runs": runs, "against": stored, "paired": False} if stored else runs
        click.echo(msgspec.json.format(msgspec.json.encode(shown), indent=2).decode())
    else:
        from rich.console import Console

        from perfkit.report import runs as layouts

        Console().print(layouts.render_timings(runs))
        if stored:
            Console().print(layouts.render_unpaired(stored, runs))
    return 0
