"""Assemble the history of a pipeline's speedups from what is stored, and write it."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from perfkit.analyse import history as analysis
from perfkit.analyse import stats
from perfkit.catalog.commits import placed
from perfkit.errors import UsageError
from perfkit.model.history import History
from perfkit.report import equality
from perfkit.store import replace_file
from perfkit.store.index import consult
from perfkit.verify import mapping

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from perfkit.catalog import Project
    from perfkit.model import Comparison, Pair
    from perfkit.model.history import HistoryPoint, OutputsVerdict, StoredRecord, StoredTiming
    from perfkit.store.index import Index

    Found = tuple[list[Comparison], dict[str, StoredTiming], list[StoredRecord]]


def pipeline_of(project: Project, name: str | None) -> str:
    """Return the pipeline whose records are meant: configured, or only stored.

    Raises
    ------
    UsageError
        If there is none of that name, or several and none was named.
    """
    known = sorted({*project.pipelines, *consult(project.root / "reports", lambda one: one.pipelines())})
    if name is None:
        name = project.default if project.default in known or len(known) != 1 else known[0]
    if name is None:
        raise UsageError(
            f"which pipeline? Add --pipeline with one of: {', '.join(known)}"
            if known
            else f"nothing is stored in {project.root / 'reports'}: run perfkit compare first"
        )
    if name not in known:
        there = f"there is {', '.join(known)}" if known else "there is none"
        raise UsageError(f"there is no pipeline {name!r} in {project.root}: {there}")
    return name


def load(
    project: Project,
    pipeline: str,
    *,
    variants: Sequence[str] = (),
    stage: str | None = None,
    since: datetime | None = None,
) -> History:
    """Assemble the history of a pipeline's comparisons.

    Parameters
    ----------
    pipeline
        Its name; see `pipeline_of`.
    variants
        Names of the contenders that are meant; all without one.
    stage
        The path of a stage, or its last part; None for all.
    since
        Comparisons that started before are left out; without a time zone it is UTC.

    Raises
    ------
    UsageError
        If no comparison is left, or none has the stage.
    """
    from perfkit.analyse import change_points  # NumPy costs more than all the rest

    comparisons, timings, unreadable = _stored(project, pipeline)
    notes = {one.id: one.problem for one in unreadable}
    chosen = _chosen(pipeline, comparisons, variants, since)
    places = placed(project.root, (analysis.commit(one)[0] for one in chosen))
    compared = []
    for one in chosen:
        known = places.get(analysis.commit(one)[0])
        made = _point(one, timings, known.subject if known else "")
        if isinstance(made, str):
            notes[one.id] = made
        else:
            compared.append((one, made))
    left_out = tuple(f"comparison {name} is left out: {why}" for name, why in notes.items())
    if not compared:
        raise UsageError(f"nothing is left to tell of pipeline {pipeline!r}: {'; '.join(left_out)}")
    found = analysis.series(
        pipeline,
        compared,
        {name: one.place for name, one in places.items()},
        alpha=change_points.ALPHA,
    )
    return History(
        pipeline=pipeline,
        series=found,
        stage=None
        if stage is None
        else _stage(stage, {path for one in found for path in one.stages if path}),
        alpha=change_points.ALPHA,
        fewest=change_points.FEWEST,
        shortest=change_points.SHORTEST,
        smallest_effect=stats.SMALLEST_EFFECT,
        notes=left_out,
    )


def points(project: Project, pipeline: str) -> dict[str, HistoryPoint | str]:
    """Sum up every stored comparison of a pipeline.

    Returns
    -------
    dict
        By id, oldest first: the summary, or why there is none.
    """
    comparisons, timings, unreadable = _stored(project, pipeline)
    found: dict[str, HistoryPoint | str] = {one.id: one.problem for one in unreadable}
    found |= {one.id: _point(one, timings) for one in comparisons}
    return dict(sorted(found.items()))


def _stored(project: Project, pipeline: str) -> Found:
    def ask(index: Index) -> Found:
        broken = [one for one in index.records(pipeline) if one.room == "comparisons" and one.problem]
        return index.comparisons(pipeline), index.timings(pipeline), broken

    return consult(project.root / "reports", ask)


def _point(one: Comparison, timings: Mapping[str, StoredTiming], subject: str = "") -> HistoryPoint | str:
    """Sum up a comparison, or say why that is not possible."""
    missing = next((run for pair in one.pairs for run in _runs(pair) if run not in timings), None)
    if missing is not None or not one.pairs:
        return f"its run {missing} is missing or damaged" if missing else "it has no pairs"
    pairs = [(timings[pair.baseline_run], _mapped(timings[pair.contender_run], one)) for pair in one.pairs]
    made = analysis.point(one, pairs, outputs=outputs(one, pairs[0][0]), subject=subject)
    return made if "" in made.speedups else "a run took no measurable time"


def _chosen(
    pipeline: str, comparisons: Sequence[Comparison], variants: Sequence[str], since: datetime | None
) -> list[Comparison]:
    if not comparisons:
        raise UsageError(f"there is no stored comparison of pipeline {pipeline!r}: run perfkit compare first")
    known = dict.fromkeys(
        name for one in comparisons for name in (analysis.contender(one), one.contender.name)
    )
    for name in variants:
        if name not in known:
            raise UsageError(
                f"no stored comparison of pipeline {pipeline!r} has the contender {name!r}: "
                f"there is {', '.join(known)}"
            )
    chosen = [
        one
        for one in comparisons
        if not variants or {analysis.contender(one), one.contender.name} & set(variants)
    ]
    if since is not None:
        begin = since if since.tzinfo else since.replace(tzinfo=UTC)
        chosen = [one for one in chosen if datetime.fromisoformat(one.started_at) >= begin]
        if not chosen:
            raise UsageError(f"no such comparison of pipeline {pipeline!r} started since {begin:%Y-%m-%d}")
    return chosen


def _runs(pair: Pair) -> tuple[str, str]:
    return pair.baseline_run, pair.contender_run


def _mapped(run: StoredTiming, comparison: Comparison) -> StoredTiming:
    """Return a contender's run with its stages under the baseline's names."""
    return dataclasses.replace(run, stages=mapping.renamed_timings(run.stages, comparison.pipeline.stages))


def outputs(comparison: Comparison, baseline: StoredTiming) -> OutputsVerdict:
    """Return the verdict on the outputs of a comparison.

    Parameters
    ----------
    baseline
        One of its baseline's runs, whose stages must all have been compared.
    """
    found = equality.judge(comparison.scrutiny, [stage.path for stage in baseline.stages])
    if found.inputs == 0:
        return "not compared"
    return "verified" if found.verified else "different" if found.different else "not verified"


def _stage(wanted: str, known: Collection[str]) -> str:
    if wanted in known:
        return wanted
    found = sorted(one for one in known if one.endswith(f"/{wanted}"))
    if len(found) == 1:
        return found[0]
    there = f"there is {', '.join(sorted(known))}" if known else "no stage was timed on both sides"
    raise UsageError(
        f"{wanted!r} fits several stages: {', '.join(found)}"
        if found
        else f"there is no stage {wanted!r}: {there}"
    )


def write(history: History, output: Path) -> list[Path]:
    """Write a history as Markdown with its charts beside it, as a page, or as the chart of its first series.

    Parameters
    ----------
    output
        Ends in ``.md``, ``.html`` or ``.svg``.

    Returns
    -------
    list of Path
        What was written, the file that was named first.

    Raises
    ------
    UsageError
        If the name has another ending.
    StoreError
        If something cannot be written.
    """
    from perfkit.report import history_chart, history_page  # matplotlib costs more than all the rest

    if output.suffix == ".svg":
        return [replace_file(output, history_chart.draw(history, history.series[0]).encode())]
    charts = [history_chart.draw(history, one) for one in history.series]
    if output.suffix == ".html":
        return [replace_file(output, history_page.html(history, charts).encode())]
    if output.suffix != ".md":
        raise UsageError(f"--output ends in .md, .html or .svg, which {output.name!r} does not")
    names = [f"{output.stem}{'' if index == 0 else f'-{index + 1}'}.svg" for index in range(len(charts))]
    written = [replace_file(output, history_page.markdown(history, names).encode())]
    for name, chart in zip(names, charts, strict=True):
        written.append(replace_file(output.with_name(name), chart.encode()))
    return written
