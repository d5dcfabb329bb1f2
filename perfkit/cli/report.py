"""``perfkit report [COMPARISON]``."""

from __future__ import annotations

from pathlib import Path

import click

from perfkit.api import reports
from perfkit.cli import completion, gates, options, outcome


@click.command()
@click.argument("comparison", required=False, shell_complete=completion.comparisons)
@options.OUTPUT
@options.JSON
@options.reading
@gates.outlets
def command(
    comparison: str | None, *, held: gates.Held, output: Path | None, as_json: bool, pipeline: str | None
) -> int:
    """Render the report of a stored comparison again, the latest without COMPARISON.

    Nothing is measured: the same comparison gives the same bytes. The exit status is that of the comparison.
    """
    bench = options.bench(pipeline)
    report = reports.load(bench, comparison)
    written = reports.write(bench, report, output)
    held.tell(bench, report)
    return outcome.tell(report, written, as_json=as_json)
