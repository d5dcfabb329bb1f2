"""``perfkit profile VARIANT...``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from perfkit.api import sides
from perfkit.api.found import with_stages
from perfkit.api.profiles import DEFAULT, profile
from perfkit.cli import completion, options, progress

if TYPE_CHECKING:
    from perfkit.model import Parameters


@click.command(cls=options.Naming)
@click.option(
    "--with",
    "profilers",
    metavar="NAMES",
    shell_complete=completion.profilers,
    multiple=True,
    default=DEFAULT,
    show_default=",".join(DEFAULT),
    help="Profilers, separated by commas: cprofile, line, sampling, memory, torch, or one plugged in.",
)
@options.LINE_LIMIT
@options.PYTHON
@options.measuring
@options.naming
def command(
    *,
    asked: sides.Asked,
    profilers: tuple[str, ...],
    line_limit: float,
    overrides: Parameters,
    seed: int,
    timeout: float,
    as_json: bool,
) -> int:
    """Profile variants, each profiler in a process of its own; by default cProfile and line_profiler.

    The size of the line profiles is chosen so that the first variant's fits the limit. Times under a
    profiler say where time goes, never how much faster: no speedup is computed from them.
    """
    with progress.showing() as listener:
        found = sides.find(asked, overrides=overrides, seed=seed, timeout_s=timeout, listener=listener)
        bench, variants = found.bench, found.names
        if asked.find_stages:
            bench, _ = with_stages(bench, variants)
        runs = profile(bench, variants, profilers=profilers, line_limit_s=line_limit)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(runs), indent=2).decode())
        return 0
    from rich.console import Console

    from perfkit.profilers import catalog
    from perfkit.report import runs as layouts

    console = Console()
    for one in runs:
        console.print(layouts.render_profile(one, catalog.title(one.profiler)))
    for one in (run for run in runs if run.file):
        file = bench.store.run_folder(one.id) / one.file
        viewer = catalog.viewer(one.profiler)
        opened = f" (open with {viewer.replace('`', '')})" if viewer else ""
        click.echo(f"{one.profiler}: {options.nearby(file)}{opened}", err=True)
    return 0
