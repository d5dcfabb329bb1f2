"""``perfkit prune``."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perfkit import catalog
from perfkit.api import history, prune
from perfkit.cli import options
from perfkit.report import units

if TYPE_CHECKING:
    from perfkit.model.history import StoredRecord

_UNITS = {"h": 3600.0, "d": 86_400.0, "w": 7 * 86_400.0}
_KINDS = ("comparison", "verification", "scaling", "run")


class _Age(click.ParamType[float]):
    """``30d``, ``12h`` or ``8w``."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([hdw])\s*", str(value))
        if found is None:
            self.fail(f"{value!r} is no age; write 30d, 12h or 8w", param, ctx)
        return float(found[1]) * _UNITS[found[2]]


@click.command()
@click.option(
    "--keep",
    type=click.IntRange(min=0),
    metavar="N",
    help="Keep the N newest of each kind, and all that belongs to them.",
)
@click.option(
    "--older-than",
    "older_than_s",
    type=_Age(),
    metavar="AGE",
    help="Remove only what is older: 30d, 12h or 8w.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be removed, and remove nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.reading
def command(
    *, keep: int | None, older_than_s: float | None, dry_run: bool, yes: bool, pipeline: str | None
) -> int:
    """Remove old comparisons, verifications and scalings, and the runs that nothing kept refers to.

    With both --keep and --older-than, only what both let go is removed. A comparison that stays keeps its
    runs, its profiles and its scaling. What report.md tells of stays, and so do the latest profiles and the
    reports themselves. Cached revisions and builds go too, unless --pipeline is given: those that were not
    used for the age, or for 30 days without one.
    """
    if keep is None and older_than_s is None:
        raise click.UsageError("say what may go: --keep N, --older-than 30d, or both")
    project = catalog.open_project(Path.cwd())
    chosen = history.pipeline_of(project, pipeline) if pipeline is not None else None
    rule = prune.Rule(keep=keep, older_than_s=older_than_s, now=datetime.now(UTC))
    planned = prune.plan(project, rule, chosen)
    for note in planned.notes:
        click.echo(f"{click.style('note:', fg='yellow', bold=True)} {note}", err=True)
    if not planned.records and not planned.caches:
        click.echo("there is nothing to remove")
        return 0
    _show(planned)
    if dry_run:
        return 0
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("add --yes to remove this without being asked")
        if not click.confirm("Remove it?"):
            click.echo("nothing was removed")
            return 0
    done = prune.carry_out(project, planned)
    click.echo(f"removed {_counted(done)}, {units.bytes_(done.size_bytes)}")
    return 0


def _show(planned: prune.Plan) -> None:
    """List what refers to others one by one, runs by their number, caches by their folder."""
    for pipeline in dict.fromkeys(one.pipeline for one in planned.records):
        click.echo(click.style(pipeline, bold=True))
        own = [one for one in planned.records if one.pipeline == pipeline]
        for one in (each for each in own if each.room != "runs"):
            click.echo(f"  {one.kind} {one.id}  {one.variant}, {one.started_at[:10]}")
        runs = [one for one in own if one.room == "runs"]
        if runs:
            click.echo(f"  {_number(len(runs), 'run')}, {units.bytes_(_size(runs))}")
    if planned.caches:
        click.echo(click.style("caches", bold=True))
        for folder, size in planned.caches:
            click.echo(f"  {folder}  {units.bytes_(size)}")
    click.echo(f"{_counted(planned)}, {units.bytes_(planned.size_bytes)} in all")


def _size(records: list[StoredRecord]) -> int:
    return sum(one.size_bytes for one in records)


def _counted(planned: prune.Plan) -> str:
    """Count in words: ``2 comparisons, 32 runs and 1 cached folder``."""
    counts = [
        (sum((one.kind if one.room != "runs" else "run") == kind for one in planned.records), kind)
        for kind in _KINDS
    ]
    counts.append((len(planned.caches), "cached folder"))
    words = [_number(n, kind) for n, kind in counts if n]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else "nothing"


def _number(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"
