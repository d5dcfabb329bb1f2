"""``perfkit run VARIANT``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from perfkit.api.bench import run
from perfkit.cli import options, progress

if TYPE_CHECKING:
    from perfkit.model import Parameters


@click.command()
@click.argument("variant")
@click.option("--times", type=click.IntRange(min=1), default=1, show_default=True, help="How many processes.")
@options.measuring
def command(
    variant: str,
    *,
    times: int,
    pipeline: str | None,
    overrides: Parameters,
    seed: int,
    timeout: float,
    as_json: bool,
) -> int:
    """Time one variant, each time in a fresh process, and show its stages.

    A time alone is no speedup: see perfkit compare.
    """
    with progress.showing() as listener:
        bench = options.bench(pipeline, overrides, seed, timeout, listener)
        runs = run(bench, variant, times=times)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(runs), indent=2).decode())
    else:
        from rich.console import Console

        from perfkit.report import runs as layouts

        Console().print(layouts.render_timings(runs))
    return 0
