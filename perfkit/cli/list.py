"""``perfkit list``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from perfkit import catalog
from perfkit.api import history, stored
from perfkit.cli import options
from perfkit.errors import StoreError
from perfkit.report import history as words
from perfkit.report import units
from perfkit.store import Store

if TYPE_CHECKING:
    from perfkit.model import Pipeline
    from perfkit.model.history import HistoryPoint


@click.command()
@click.option("--runs", is_flag=True, help="The stored runs too.")
@options.reading
def command(*, runs: bool, pipeline: str | None) -> int:
    """List pipelines, their variants, and the comparisons that are stored."""
    project = catalog.open_project(Path.cwd())
    names = [pipeline] if pipeline else list(dict.fromkeys([*project.pipelines, *project.stored()]))
    if not names:
        catalog.find_pipeline(project, None)  # says what is missing
    chosen = [stored.bench(project, name).pipeline for name in names]
    for one in chosen:
        default = " (the default)" if one.name == project.default and len(chosen) > 1 else ""
        click.echo(click.style(one.name, bold=True) + default)
        width = max((len(name) for name in one.variants), default=0)
        for name, path in one.variants.items():
            click.echo(f"  {name:<{width}}  {path}")
        _stored(one, Store(project.reports(one.name)), history.points(project, one.name), runs=runs)
    return 0


def _stored(pipeline: Pipeline, store: Store, known: dict[str, HistoryPoint | str], *, runs: bool) -> None:
    for comparison_id in store.comparison_ids():
        try:
            one = store.read_comparison(comparison_id)
        except StoreError as error:
            click.echo(f"  comparison {comparison_id}  {click.style('unreadable', fg='red')}: {error}")
            continue
        n = len(one.pairs)
        click.echo(
            f"  comparison {comparison_id}  {one.baseline.name} / {one.contender.name}, "
            f"{n} {'pair' if n == 1 else 'pairs'}, {one.started_at}{_outcome(known.get(comparison_id))}"
        )
    for scaling_id in store.scaling_ids():
        click.echo(f"  scaling {scaling_id}")
    for verification_id in store.verification_ids():
        click.echo(f"  verification {verification_id}")
    ids = store.run_ids()
    if runs:
        for run_id in ids:
            click.echo(f"  run {run_id}")
    elif ids:
        click.echo(f"  {len(ids)} stored runs (--runs lists them); perfkit report --pipeline {pipeline.name}")


def _outcome(point: HistoryPoint | str | None) -> str:
    """Say in short how a comparison ended, and of which commit it speaks."""
    if point is None or isinstance(point, str):
        return f": {point}" if point else ""
    at = f" at {words.commit(point)}" if point.commit else ""
    outputs = "outputs verified" if point.outputs == "verified" else f"outputs {point.outputs}"
    return f"{at}: {units.ratio(point.speedups[''])}, {point.verdict}, {outputs}"
