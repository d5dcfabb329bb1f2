"""Find again what is stored, whatever it is, in all pipelines of the project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from perfkit import catalog
from perfkit.api import reports, scaling
from perfkit.api.bench import Bench
from perfkit.errors import UsageError
from perfkit.model import Pipeline, ProfileRun, TimingRun
from perfkit.python.outcomes import (
    ComparisonResult,
    ProfileResult,
    ScalingResult,
    TimingResult,
    VerificationResult,
)

if TYPE_CHECKING:
    from perfkit.catalog import Project

Stored: TypeAlias = ComparisonResult | VerificationResult | ScalingResult | TimingResult | ProfileResult

_MOST_NAMED = 4


def load(wanted: str | None, pipeline: str | None) -> Stored:
    """Return what an id names, or the latest comparison.

    Raises
    ------
    UsageError
        If there is no such thing, or several.
    StoreError
        If it cannot be read.
    """
    project = catalog.open_project(Path.cwd())
    benches = _benches(project, pipeline)
    if wanted is None:
        return _latest(project, benches, pipeline)
    found = [(bench, kind, one) for bench in benches for kind, one in _ids(bench) if wanted in one]
    exact = [each for each in found if each[2] == wanted]
    found = exact or found
    where = f"of pipeline {pipeline!r}" if pipeline is not None else f"in {project.root}"
    if not found:
        raise UsageError(f"nothing {where} is stored under {wanted!r}: perfkit list shows what there is")
    if len(found) > 1:
        names = ", ".join(one for _, _, one in found[:_MOST_NAMED])
        more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
        raise UsageError(f"{wanted!r} fits several {where}: {names}{more}")
    return _read(*found[0])


def _benches(project: Project, pipeline: str | None) -> list[Bench]:
    """Return a bench for each pipeline; one that was never configured is known by its folder."""
    if pipeline is None:
        folder = project.reports("x").parent
        stored = sorted(one.name for one in folder.iterdir() if one.is_dir()) if folder.is_dir() else []
        names = list(dict.fromkeys([*project.pipelines, *stored]))
    elif pipeline in project.pipelines or project.reports(pipeline).is_dir():
        names = [pipeline]
    else:
        names = [catalog.find_pipeline(project, pipeline).name]
    return [
        Bench(project=project, pipeline=project.pipelines.get(name) or Pipeline(name=name, variants={}))
        for name in names
    ]


def _latest(project: Project, benches: list[Bench], pipeline: str | None) -> ComparisonResult:
    """Return the latest comparison: of the default pipeline, or of whichever was compared last."""
    if pipeline is None and project.default is not None:
        benches = [one for one in benches if one.pipeline.name == project.default]
    latest = max(
        ((ids[-1], bench) for bench in benches if (ids := bench.store.comparison_ids())),
        key=lambda one: one[0],
        default=None,
    )
    if latest is None:
        where = f"of pipeline {benches[0].pipeline.name!r}" if len(benches) == 1 else f"in {project.root}"
        raise UsageError(f"there is no stored comparison {where}: call perfkit.compare first")
    return ComparisonResult(latest[1], reports.load(latest[1], latest[0]))


def _ids(bench: Bench) -> list[tuple[str, str]]:
    store = bench.store
    return [
        *(("comparison", one) for one in store.comparison_ids()),
        *(("verification", one) for one in store.verification_ids()),
        *(("scaling", one) for one in store.scaling_ids()),
        *(("run", one) for one in store.run_ids()),
    ]


def _read(bench: Bench, kind: str, wanted: str) -> Stored:
    store = bench.store
    if kind == "comparison":
        return ComparisonResult(bench, reports.load(bench, wanted))
    if kind == "verification":
        return VerificationResult(bench, store.read_verification(wanted))
    if kind == "scaling":
        return ScalingResult(bench, scaling.load(bench, wanted))
    recorded = store.run_kind(wanted)
    if recorded is TimingRun:
        return TimingResult(bench, [store.read_run(wanted, TimingRun)])
    if recorded is ProfileRun:
        return ProfileResult(bench, [store.read_run(wanted, ProfileRun)])
    raise UsageError(f"{wanted} holds outputs that a verification recorded: load the verification")
