"""``perfkit benchmarks BEFORE [AFTER]``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from perfkit.analyse import unpaired
from perfkit.api import benchmarks
from perfkit.cli import options
from perfkit.errors import EXIT_FINE, EXIT_GATE, EXIT_INCONCLUSIVE, UsageError
from perfkit.report import in_process, summary, units
from perfkit.report import text as words
from perfkit.report.layout import grid, note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from perfkit.model import BenchmarkFile, Unpaired


@click.command()
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path), required=False)
@click.option(
    "--fail-if-slower",
    metavar="PERCENT",
    help="Fail if a median exceeds the earlier one by more than this, such as 20%; not paired.",
)
@options.JSON
@options.DEBUG
def command(before: Path, after: Path | None, *, fail_if_slower: str | None, as_json: bool) -> int:
    """Read files of timings that test runs left, and set two of them side by side.

    The files are those of pytest --perfkit-json and --perfkit-save, and of pytest-benchmark. Each test has
    one process in each file, and the two did not run side by side: there are ratios, and no verdict.

    Exit status: 0 read, 1 slower than --fail-if-slower allows, 4 no test is in both files, or one that the
    limit is for has no ratio.
    """
    earlier = benchmarks.read(before)
    if after is None:
        if fail_if_slower is not None:
            raise UsageError("--fail-if-slower is for two files: name a second one")
        _tell(earlier, [grid(in_process.timings(earlier.timings))], as_json=as_json, data=earlier)
        return EXIT_FINE
    limit = None if fail_if_slower is None else benchmarks.share("--fail-if-slower", fail_if_slower)
    later = benchmarks.read(after)
    pairs, changed = unpaired.match(earlier, later), unpaired.changed(earlier, later)
    shown: list[RenderableType] = [note(words.line(in_process.NOT_PAIRED))]
    shown += [note(words.line(f"Between them: {one}.")) for one in changed]
    data = {"paired": False, "changed": changed, "benchmarks": pairs}
    _tell(later, [*shown, grid(in_process.unpaired(pairs))], as_json=as_json, data=data)
    return _status(pairs, limit)


def _tell(content: BenchmarkFile, shown: Sequence[RenderableType], *, as_json: bool, data: object) -> None:
    if as_json:
        click.echo(summary.as_json(data), nl=False)
        return
    from rich.console import Console

    console = Console()
    if not content.timings:
        console.print("There are no timings in it.")
    for one in shown:
        console.print(one)


def _status(pairs: Sequence[Unpaired], limit: float | None) -> int:
    both = [one for one in pairs if one.before is not None and one.after is not None]
    if not both:
        _say("inconclusive:", "yellow", "no test is in both files")
        return EXIT_INCONCLUSIVE
    if limit is None:
        return EXIT_FINE
    judged = {one.name: unpaired.slower(one, limit) for one in both}
    for one in both:
        if judged[one.name] and one.ratio is not None:
            more = units.excess(1 / one.ratio - 1)
            _say("gate failed:", "red", f"{one.name} takes {more} more than then (not paired)")
        elif judged[one.name] is None:
            _say(
                "inconclusive:",
                "yellow",
                f"{one.name} has no ratio: {'; '.join(one.caveats) or 'a time is 0'}",
            )
    if True in judged.values():
        return EXIT_GATE
    return EXIT_INCONCLUSIVE if None in judged.values() else EXIT_FINE


def _say(what: str, colour: str, sentence: str) -> None:
    click.echo(f"{click.style(what, fg=colour, bold=True)} {sentence}", err=True)
