"""Assemble a report from what is stored, and write it beside the runs."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from perfkit.analyse import gates, optimisations, stages, stats
from perfkit.api import diff, scaling, verified
from perfkit.api.profiles import FOR_REPORTS, latest_profiles
from perfkit.errors import UsageError
from perfkit.model import ProfileRun, Report, StoredFile, TimingRun
from perfkit.profilers import catalog
from perfkit.report import charts, claims, html, markdown, renderers, scale_chart, summary
from perfkit.store import named_errors, replace_file
from perfkit.verify import mapping

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.api.bench import Bench
    from perfkit.model import Breakdown, Comparison, Optimisation
    from perfkit.store import Store

REPORT, PAGE, CHART, SUMMARY = "report.md", "report.html", "stages.svg", "summary.json"


def load(bench: Bench, comparison_id: str | None = None) -> Report:
    """Assemble the report of a stored comparison.

    Parameters
    ----------
    comparison_id
        Its id or an unambiguous part of it; the latest without one.

    Raises
    ------
    UsageError
        If there is no such comparison.
    StoreError
        If it or one of its runs cannot be read.
    """
    store = bench.store
    comparison = store.read_comparison(_find(bench, comparison_id))
    runs = {
        run_id: store.read_run(run_id, TimingRun)
        for pair in comparison.pairs
        for run_id in (pair.baseline_run, pair.contender_run)
    }
    breakdown = stages.breakdown(
        [
            (runs[pair.baseline_run], _mapped(runs[pair.contender_run], comparison))
            for pair in comparison.pairs
        ],
        groups=_groups(comparison),
        sequential=comparison.sequential,
        alpha=stats.ALPHA if comparison.alpha is None else comparison.alpha,
        smallest_effect=comparison.smallest_effect,
    )
    profiles = _profiles(store, comparison)
    report = Report(
        comparison=comparison,
        breakdown=breakdown,
        timing_runs=runs,
        profile_runs=profiles,
        optimisations=_optimisations(comparison, profiles, breakdown),
        files=_files(bench, profiles),
        difference=diff.of_comparison(bench, comparison, profiles),
        growth=scaling.load(bench, comparison.scaling) if comparison.scaling else None,
    )
    return dataclasses.replace(
        report, gates=gates.judge(comparison, breakdown, verified.told(claims.equality(report)))
    )


def _groups(comparison: Comparison) -> list[int] | None:
    groups = [pair.plan.group for pair in comparison.pairs]
    return None if -1 in groups else groups


def _mapped(run: TimingRun, comparison: Comparison) -> TimingRun:
    """Return a contender's run with its stages under the baseline's names."""
    stages = mapping.renamed_timings(run.stages, comparison.pipeline.stages)
    return dataclasses.replace(run, stages=stages)


def _find(bench: Bench, wanted: str | None) -> str:
    known = bench.store.comparison_ids()
    where = f"of pipeline {bench.pipeline.name!r}"
    if not known:
        raise UsageError(f"there is no stored comparison {where}: run perfkit compare first")
    if wanted is None:
        return known[-1]
    found = [one for one in known if wanted in one]
    if wanted in known or len(found) == 1:
        return wanted if wanted in known else found[0]
    if found:
        raise UsageError(f"{wanted!r} fits several comparisons {where}: {', '.join(found)}")
    raise UsageError(f"there is no comparison {wanted!r} {where}; the latest is {known[-1]}")


def _profiles(store: Store, comparison: Comparison) -> tuple[ProfileRun, ...]:
    """Return the comparison's profiles, or else the latest of the very code that was compared."""
    if comparison.profiles:
        return tuple(store.read_run(run_id, ProfileRun) for run_id in comparison.profiles)
    latest = latest_profiles(store)
    wanted = (
        latest.get((side.name, profiler))
        for profiler in FOR_REPORTS
        for side in (comparison.baseline, comparison.contender)
    )
    sources = {comparison.baseline.source_sha256, comparison.contender.source_sha256}
    return tuple(run for run in wanted if run is not None and run.variant.source_sha256 in sources)


def _optimisations(
    comparison: Comparison, profiles: tuple[ProfileRun, ...], breakdown: Breakdown
) -> tuple[Optimisation, ...]:
    lines = {run.variant.name: run for run in profiles if run.profiler == "line"}
    baseline = lines.get(comparison.baseline.name)
    if baseline is None:
        return ()
    return optimisations.find(baseline, lines.get(comparison.contender.name), breakdown)


def _files(bench: Bench, profiles: tuple[ProfileRun, ...]) -> tuple[StoredFile, ...]:
    """List the profilers' files, with paths relative to the report's folder."""
    found = []
    for run in (one for one in profiles if one.file):
        file = bench.store.run_folder(run.id) / run.file
        with named_errors("read", file):
            size = file.stat().st_size
        path = file.relative_to(bench.store.folder).as_posix()
        found.append(StoredFile(path=path, size_bytes=size, what=f"{run.variant.name}: {_what(run)}"))
    return tuple(found)


def _what(run: ProfileRun) -> str:
    title, viewer = catalog.title(run.profiler), catalog.viewer(run.profiler)
    return f"{title}, open with {viewer}" if viewer else title


def write(bench: Bench, report: Report, output: Path | None = None) -> list[Path]:
    """Write report.md, report.html, a chart and a summary beside the runs, and a copy elsewhere.

    Parameters
    ----------
    output
        Where a copy of the Markdown goes, its chart beside it; of the page, if it ends in ``.html``; or what
        a renderer that is plugged in for the file's suffix makes of the report.

    Returns
    -------
    list of Path
        What was written, the report first.

    Raises
    ------
    StoreError
        If something cannot be written; files that were there are then whole, old or new.
    UsageError, RunError
        If a renderer that is plugged in cannot be used or fails; all else is written then.
    """
    chart = charts.stages(report).encode()
    data = summary.render(report).encode()
    beside: tuple[StoredFile, ...] = (
        StoredFile(path=REPORT, size_bytes=None, what="this report"),
        StoredFile(path=PAGE, size_bytes=None, what="the same for a browser, with a flame graph"),
        StoredFile(path=CHART, size_bytes=len(chart), what="its chart"),
        StoredFile(path=SUMMARY, size_bytes=len(data), what="the same as data"),
    )
    growth = scale_chart.draw(report.growth).encode() if report.growth is not None else b""
    if growth:
        beside += (StoredFile(path=scaling.CHART, size_bytes=len(growth), what="the chart of the growth"),)
    report = dataclasses.replace(report, files=(*beside, *report.files))
    made = markdown.render(report, chart=CHART, growth_chart=scaling.CHART)
    page = html.render(report, report.difference).encode()
    contents = {REPORT: made.encode(), PAGE: page, CHART: chart, SUMMARY: data}
    written = [replace_file(bench.store.folder / name, content) for name, content in contents.items()]
    if growth:
        written.append(replace_file(bench.store.folder / scaling.CHART, growth))
    plugged_in = renderers.of_suffix(output.suffix) if output is not None else None
    if output is not None and plugged_in is not None:
        written.append(replace_file(output, renderers.render(plugged_in, report).content))
    elif output is not None and output.suffix == ".html":
        written.append(replace_file(output, page))
    elif output is not None:
        image = output.with_suffix(".svg")
        second = output.with_name(f"{output.stem}-{scaling.CHART}")
        made = markdown.render(report, chart=image.name, growth_chart=second.name)
        written += [replace_file(output, made.encode()), replace_file(image, chart)]
        if growth:
            written.append(replace_file(second, growth))
    return written
