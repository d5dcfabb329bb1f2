"""``perfkit view [RUN]``."""

from __future__ import annotations

import contextlib
import subprocess
import sys

import click

from perfkit.api.profiles import find
from perfkit.cli import completion, options
from perfkit.errors import RunError


@click.command()
@click.argument("run", required=False, shell_complete=completion.runs)
@click.option("--server", is_flag=True, help="Only serve the page; do not open a browser.")
@click.option("--host", default="127.0.0.1", show_default=True, metavar="HOST")
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True, metavar="PORT")
@options.reading
def command(run: str | None, *, server: bool, host: str, port: int, pipeline: str | None) -> int:
    """Open a stored cProfile run in snakeviz, until Ctrl-C.

    RUN is a profile run's id or a variant's name; without it, the baseline's latest. If the port is taken,
    snakeviz takes another and prints it.
    """
    bench = options.bench(pipeline)
    found = find(bench, run or "baseline")
    file = bench.store.run_folder(found.id) / found.file
    click.echo(f"{options.nearby(file)} ({found.variant.name}, {found.started_at}); Ctrl-C ends", err=True)
    arguments = [sys.executable, "-m", "snakeviz", "-H", host, "-p", str(port), *(["-s"] if server else [])]
    status = 0
    with contextlib.suppress(KeyboardInterrupt):
        status = subprocess.run([*arguments, str(file)], check=False).returncode  # noqa: S603  our own file
    if status:
        raise RunError(f"snakeviz ended with exit status {status}")
    return 0
