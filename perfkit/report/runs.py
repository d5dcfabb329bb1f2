"""Single runs and profiles, for a terminal: times as they were measured, and no speedup."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from perfkit.report import profiled, units, variants
from perfkit.report.text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from perfkit.model import ProfileRun, TimingRun, Variant

_MOST_ROWS = 12


def render_timings(runs: Sequence[TimingRun]) -> RenderableType:
    """Lay out the stages of one variant's runs: each run a column of times.

    Parameters
    ----------
    runs
        Of one variant, at least one.
    """
    paths = list(dict.fromkeys(stage.path for run in runs for stage in run.stages))
    rows: list[tuple[str, list[float | None]]] = [
        ("  " * path.count("/") + path.rpartition("/")[2], [_total(run, path) for run in runs])
        for path in paths
    ]
    first = runs[0]
    timed = _timed(first.variant)
    rows.append((timed, [run.run_s for run in runs]))
    if first.variant.kind != "command":
        rows.append(("import", [run.import_s for run in runs]))
    if first.variant.kind not in variants.OWN_INPUTS:
        rows.append(("make_inputs", [run.inputs_s for run in runs]))
    rows.append(("whole process", [run.process_s for run in runs]))
    table = _table(
        "stage", "median" if len(runs) > 1 else "time", *(["fastest", "slowest"] if len(runs) > 1 else [])
    )
    for name, times in rows:
        known = [time for time in times if time is not None]
        shown = [statistics.median(known), min(known), max(known)] if len(runs) > 1 else known[:1]
        if name == timed:
            table.add_section()
        style = "bold" if name == timed else ""
        table.add_row(Text(name), *(units.seconds(one) for one in shown), style=style)
    parameters = ", ".join(f"{name}={value}" for name, value in first.parameters.items())
    title = Text.assemble(
        (first.variant.name, "bold cyan"), f" · seed {first.seed}", f" · {parameters}" if parameters else ""
    )
    notes = [f"peak memory {units.bytes_(first.peak_rss_bytes)}"]
    notes += [f"{name} {units.number(value)}" for name, value in first.metrics.items() if value is not None]
    notes.append("n = 1: no interval" if len(runs) == 1 else f"n = {len(runs)}")
    return Group(title, table, Text(" · ".join(notes), "dim"), *_explained(first.variant))


def _timed(variant: Variant) -> str:
    """Name what is timed, for a row; no stage has such a name."""
    return "run(inputs)" if variant.kind == "pipeline" else plain(variants.timed(variant))


def _explained(variant: Variant) -> list[Text]:
    """Say how the time of a script differs from what a shell's ``time`` shows of it."""
    if variant.kind not in {"script", "module"}:
        return []
    words = (
        'The script is timed from if __name__ == "__main__" on, or without that from its first statement '
        "that is no import. What a shell's time shows is the whole process."
    )
    return [Text(words, "dim")]


def render_unpaired(stored: Sequence[TimingRun], now: Sequence[TimingRun]) -> RenderableType:
    """Set runs of another time beside these, and say why no verdict follows.

    Parameters
    ----------
    stored, now
        At least one each.
    """
    then_s, now_s = (statistics.median(run.run_s for run in runs) for runs in (stored, now))
    table = _table("", "stored", "now", "stored / now")
    ratio = units.single_ratio(then_s / now_s) if now_s > 0 else units.NONE
    table.add_row(
        Text(f"{_timed(now[0].variant)}, median"), units.seconds(then_s), units.seconds(now_s), ratio
    )
    table.add_row(Text("runs"), units.count(len(stored)), units.count(len(now)), "")
    table.add_row(
        Text("load before"), *(units.number(round(runs[0].load_before, 2)) for runs in (stored, now)), ""
    )
    differs = [
        word
        for word, one, other in (
            ("parameters", stored[0].parameters, now[0].parameters),
            ("repeats", stored[0].repeats, now[0].repeats),
            ("launch", stored[0].launch, now[0].launch),
        )
        if one != other
    ]
    title = Text.assemble(
        ("not paired", "bold yellow"),
        f": {stored[0].variant.name} as measured {units.moment(stored[0].started_at)}",
        f" · other {' and '.join(differs)}" if differs else "",
    )
    why = (
        "The machine was another then, or in another state, and all of one side was measured before all of "
        "the other: this ratio holds that too, and no verdict follows from it. To have one, keep the old "
        "file as a variant and run perfkit compare."
    )
    return Group(Text(), title, table, Text(why, "dim"))


def _total(run: TimingRun, path: str) -> float | None:
    found = [stage.total_s for stage in run.stages if stage.path == path]
    return sum(found) if found else None


def render_profile(run: ProfileRun, profiler: str) -> RenderableType:
    """Lay out what a profile found, the costliest first.

    Parameters
    ----------
    run
        Its times are inflated by the profiler, and the title says so.
    profiler
        The profiler's name for the reader.
    """
    parameters = ", ".join(f"{name}={value}" for name, value in run.parameters.items())
    title = Text.assemble(
        (run.variant.name, "bold cyan"),
        f" under {profiler}: {units.seconds(run.traced_s)}, {_how(run)}",
        f" · {parameters}" if parameters else "",
    )
    body: list[RenderableType] = []
    if run.lines:
        body.append(_lines(run))
    if run.functions:
        body.append(_functions(run))
    elif run.tree is not None:
        body.append(profiled.tree(run))
    body += profiled.memory(run, _table)
    if run.operators:
        body.append(profiled.operators(run, _table))
    if not body:
        body.append(Text("nothing was found", "dim"))
    return Group(title, *body, *(Text(f"! {warning}", "yellow") for warning in run.warnings))


def _how(run: ProfileRun) -> str:
    """Say what the times are worth."""
    if run.tree is None or run.tree.interval_s is None:
        return f"inflated by the {'tracer' if run.functions or run.lines else 'profiler'}"
    samples = units.count(sum(run.tree.samples))
    return f"{samples} samples, at most one each {units.seconds(run.tree.interval_s)}"


def _functions(run: ProfileRun) -> Table:
    table = _table("function", "calls", "self", "cumulative", "of all")
    whole = sum(one.self_s for one in run.functions) or 1.0
    for one in run.functions[:_MOST_ROWS]:
        where = one.name if one.file == "~" else f"{one.file}:{one.line} {one.name}"
        table.add_row(
            Text(where),
            units.count(one.calls),
            units.seconds(one.self_s),
            units.seconds(one.cumulative_s),
            units.percent(one.self_s / whole),
        )
    return table


def _lines(run: ProfileRun) -> Table:
    table = _table("line", "hits", "time", "of its function")
    found = [
        (line.time_s, line, function, sum(one.time_s for one in function.lines) or 1.0)
        for function in run.lines
        for line in function.lines
    ]
    for time_s, line, function, whole in sorted(found, key=lambda one: -one[0])[:_MOST_ROWS]:
        index = line.line - function.first_line
        text = function.source[index].strip() if 0 <= index < len(function.source) else ""
        table.add_row(
            Text.assemble((f"{function.name}:{line.line} ", "dim"), text),
            units.count(line.hits),
            units.seconds(time_s),
            units.percent(time_s / whole),
        )
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD, header_style="dim", pad_edge=False, padding=(0, 1, 0, 0), show_edge=False
    )
    table.add_column(first, overflow="fold")
    for other in others:
        table.add_column(other, justify="right", no_wrap=True)
    return table
