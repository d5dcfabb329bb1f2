"""``perfkit profile VARIANT...``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from perfkit.api.profiles import profile
from perfkit.cli import options, progress

if TYPE_CHECKING:
    from perfkit.model import Parameters


@click.command()
@click.argument("variants", nargs=-1, required=True)
@options.LINE_LIMIT
@options.measuring
def command(
    variants: tuple[str, ...],
    *,
    line_limit: float,
    pipeline: str | None,
    overrides: Parameters,
    seed: int,
    timeout: float,
    as_json: bool,
) -> int:
    """Profile variants with cProfile and line_profiler, in processes of their own.

    The size of the line profiles is chosen so that the first variant's fits the limit. Times under a
    profiler say where time goes, never how much faster: no speedup is computed from them.
    """
    with progress.showing() as listener:
        bench = options.bench(pipeline, overrides, seed, timeout, listener)
        runs = profile(bench, variants, line_limit_s=line_limit)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(runs), indent=2).decode())
        return 0
    from rich.console import Console

    from perfkit.profilers import catalog
    from perfkit.report import runs as layouts

    console = Console()
    for one in runs:
        console.print(layouts.render_profile(one, catalog.title(one.profiler)))
    for one in runs:
        file = bench.store.run_folder(one.id) / one.file
        click.echo(f"{one.profiler}: {options.nearby(file)}", err=True)
    return 0
