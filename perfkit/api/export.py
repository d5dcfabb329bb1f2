"""Hand what is stored to other tools, in their own formats."""

from __future__ import annotations

import gzip
import sys
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, cast, get_args

from perfkit import __version__
from perfkit.api import chosen
from perfkit.errors import StoreError, UsageError
from perfkit.model import ProfileRun
from perfkit.report import renderers
from perfkit.report.exports import (
    FORMATS,
    Format,
    benchmarks,
    chrome,
    folded,
    pstats_sum,
    pyperf,
    pytest_benchmark,
    speedscope,
    spreadsheet,
    trees,
)
from perfkit.store import named_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perfkit.api.bench import Bench
    from perfkit.model import CallTree, Comparison, Environment, Side, TimingRun
    from perfkit.report.exports.benchmarks import Timed
    from perfkit.report.exports.trees import Titled

Table: TypeAlias = Literal["timings", "functions", "lines"]

TABLES: tuple[Table, ...] = get_args(Table)
BINARY: frozenset[Format] = frozenset({"pstats"})
"""Formats that are no text."""

_PAIR = 2
_SHOWN = 0.001
_FINEST = 1e-5  # share of the time below which guessed stacks are not told apart: viewers of stacks can zoom


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What was asked for.

    Attributes
    ----------
    content
        The whole file.
    notes
        What its reader should know and the format has no place for, one sentence each.
    binary
        Whether the content is no text.
    """

    content: bytes
    binary: bool = False
    notes: tuple[str, ...] = ()


def export(
    bench: Bench,
    names: Sequence[str],
    to: Format | str,
    *,
    side: Side | None = None,
    stages: bool = False,
    table: Table | None = None,
) -> Export:
    """Render stored runs for another tool; nothing is measured.

    Parameters
    ----------
    names
        Ids of runs, names of variants (the latest run that fits), ids of comparisons, or ``latest`` for the
        latest comparison. Of two profiles the first is before and the second after.
    to
        The format: one of perfkit's own, or the name of a renderer that is plugged in, which takes one
        comparison.
    side
        Only this side of comparisons.
    stages
        Each stage besides, where the format holds benchmarks; stage by stage in a table of functions.
    table
        Of ``csv``: by default timings of what was timed, and functions of what was profiled.

    Raises
    ------
    UsageError
        If there is no such format, or a name means nothing that is stored, or nothing that the format takes.
    RunError
        If a renderer that is plugged in fails.
    StoreError
        If something stored cannot be read.
    """
    if table is not None and to != "csv":
        raise UsageError(f"a table is chosen for csv alone, not for {to}")
    if to == "csv":
        return _csv(bench, names, side=side, stages=stages, table=table)
    if stages and to not in ("pyperf", "pytest-benchmark"):
        raise UsageError(f"stages are no choice for {to}: they are for pyperf, pytest-benchmark and csv")
    if to in {"pyperf", "pytest-benchmark"}:
        return _benchmarks(bench, names, cast("Format", to), side=side, stages=stages)
    if to == "pstats":
        return _pstats(bench, names, side=side)
    if to in FORMATS:
        return _stacks(bench, names, to, side=side)
    return _plugged_in(bench, names, to, side=side)


def formats() -> list[str]:
    """Return the names of all formats, perfkit's own first."""
    return [*FORMATS, *renderers.names(FORMATS)]


def _plugged_in(bench: Bench, names: Sequence[str], to: str, *, side: Side | None) -> Export:
    renderer = renderers.named(to)
    if renderer is None:
        raise UsageError(f"there is no format {to!r}; there is {', '.join(formats())}")
    if side is not None:
        raise UsageError(f"a side is no choice for {to}: it has the whole report")
    if len(names) != 1:
        raise UsageError(f"{to} takes one comparison, not {len(names)}")
    from perfkit.api import reports  # which loads what draws charts

    report = reports.load(bench, chosen.comparison_id(bench, names[0], taker=to))
    made = renderers.render(renderer, report)
    return Export(content=made.content, notes=(f"Rendered by {renderer.plugin}.",), binary=made.binary)


# ---------------------------------------------------------------- call stacks


def _stacks(bench: Bench, names: Sequence[str], to: Format, *, side: Side | None) -> Export:
    fits: list[Callable[[ProfileRun], bool]] = [_has_tree, _is_cprofile]
    if to == "chrome":
        fits.append(_has_trace)
    runs = chosen.profile_runs(
        bench, names, taker=to, needs="call stacks", maker="sampling", fits=fits, side=side
    )
    _check_number(to, runs)
    traces = [run for run in runs if _has_trace(run)]
    if traces:
        if len(runs) > 1:
            raise UsageError(f"{traces[0].id} holds a trace of its own: export it alone")
        return Export(content=_trace(bench, traces[0]), notes=tuple(_of(traces[0])))
    profiles, notes = _titled(bench, runs)
    if to == "speedscope":
        made = speedscope.render(profiles, name=_together(bench, profiles), exporter=f"perfkit@{__version__}")
        return Export(content=made, notes=tuple(notes))
    if to == "chrome":
        made = chrome.render(profiles, name=_together(bench, profiles))
        return Export(content=made, notes=(*notes, trees.ORDER))
    notes.append("The weights are microseconds.")
    if to == "folded":
        return Export(content=folded.render(profiles[0][1]), notes=tuple(notes))
    made = folded.render_difference(profiles[0][1], profiles[1][1])
    return Export(content=made, notes=tuple(notes))


def _has_tree(run: ProfileRun) -> bool:
    return run.tree is not None


def _is_cprofile(run: ProfileRun) -> bool:
    return run.profiler == "cprofile"


def _has_trace(run: ProfileRun) -> bool:
    return run.profiler == "torch"


def _check_number(to: Format, runs: Sequence[ProfileRun]) -> None:
    if to == "folded" and len(runs) != 1:
        raise UsageError(
            f"folded takes one profile, not {len(runs)}: name one, or choose a comparison's with --side; "
            "difffolded takes two"
        )
    if to == "difffolded" and len(runs) != _PAIR:
        raise UsageError(f"difffolded takes two profiles, before and after, not {len(runs)}")
    if len(runs) > _PAIR:
        raise UsageError(f"{to} takes one profile or two, before and after, not {len(runs)}")


def _titled(bench: Bench, runs: Sequence[ProfileRun]) -> tuple[list[Titled], list[str]]:
    """Return the runs' stacks under the variants' names, and what there is to know of them."""
    same = len({run.variant.name for run in runs}) < len(runs)
    found, notes = [], []
    for run in runs:
        title = f"{run.variant.name} {run.id}" if same else run.variant.name
        tree, pruned = _tree(bench, run)
        found.append((title, tree))
        notes += _of(run)
        if tree.approximate:
            less = f"; {pruned:.1%} of the time is told under the callers" if pruned >= _SHOWN else ""
            notes.append(f"{title}: {trees.APPROXIMATE}{less}.")
        if not any(tree.self_s):
            notes.append(f"{title}: its stacks hold no time.")
    if len({tree.approximate for _, tree in found}) > 1:
        notes.append("One was sampled, the other traced by cProfile: their times are not inflated alike.")
    if any(run.parameters != runs[0].parameters for run in runs):
        notes.append("These ran with different parameters: they did not do the same work.")
    return found, notes


def _tree(bench: Bench, run: ProfileRun) -> tuple[CallTree, float]:
    """Return a run's stacks, guessed where it has none, and which share of the time was not told apart."""
    if run.tree is not None:
        return run.tree, 0.0
    from perfkit.analyse import stacks
    from perfkit.profilers import tables

    table = tables.from_run(run, bench.store.run_folder(run.id), bench.project.root)
    return stacks.approximate(table, threshold=_FINEST)


def _together(bench: Bench, profiles: Sequence[Titled]) -> str:
    return f"{bench.pipeline.name}: {' and '.join(title for title, _ in profiles)}"


def _of(run: ProfileRun) -> list[str]:
    """Say which run is exported, and what its profiler could not see."""
    return [f"{run.variant.name}: {one}." for one in (f"run {run.id}", *run.warnings)]


def _trace(bench: Bench, run: ProfileRun) -> bytes:
    """Return the trace that a profiler wrote, as it is but for its compression."""
    content = _stored(bench, run)
    if not run.file.endswith(".gz"):
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        file = bench.store.run_folder(run.id) / run.file
        raise StoreError(f"the trace {file} is damaged: {error}") from error


def _stored(bench: Bench, run: ProfileRun) -> bytes:
    """Return the profiler's own file."""
    file = bench.store.run_folder(run.id) / run.file
    with named_errors("read", file):
        return file.read_bytes()


# ---------------------------------------------------------------- cProfile


def _pstats(bench: Bench, names: Sequence[str], *, side: Side | None) -> Export:
    runs = chosen.profile_runs(
        bench,
        names,
        taker="pstats",
        needs="cProfile's runs",
        maker="cprofile",
        fits=[_is_cprofile],
        side=side,
    )
    variants = dict.fromkeys(run.variant.name for run in runs)
    if len(variants) > 1:
        raise UsageError(
            f"pstats adds runs of one variant up, and these are of {' and '.join(variants)}: "
            "name those of one, or choose a comparison's with --side"
        )
    _check_alike(runs)
    files = {str(bench.store.run_folder(run.id) / run.file): _stored(bench, run) for run in runs}
    notes = tuple(note for run in runs for note in _of(run))
    return Export(content=pstats_sum.render(files), notes=notes, binary=True)


# ---------------------------------------------------------------- timings


def _benchmarks(bench: Bench, names: Sequence[str], to: Format, *, side: Side | None, stages: bool) -> Export:
    timed, comparisons = chosen.timed_runs(bench, names, taker=to, side=side)
    _check_alike([one.run for one in timed])
    environment = _environment(bench, timed, comparisons)
    found = benchmarks.collect(timed, bench.pipeline.name, stages=stages)
    notes = [f"{one.name} is of {len(one.runs)} of {one.of} runs." for one in found if len(one.runs) < one.of]
    if environment is None:
        notes.append(
            "The machine and the Python that these runs ran on were not kept: only comparisons keep them."
        )
    if to == "pytest-benchmark":
        made = pytest_benchmark.render(found, environment, project=bench.project.root.name)
        return Export(content=made, notes=tuple(notes))
    fit = [one for one in found if pyperf.fits(one)]
    if len(fit) < len(found):
        left = ", ".join(one.name for one in found if one not in fit)
        notes.append(f"Left out, since pyperf takes no time of 0 s: {left}.")
    if not fit:
        raise UsageError("pyperf takes no time of 0 s, and none of these took longer")
    return Export(content=pyperf.render(fit, environment), notes=tuple(notes))


def _check_alike(runs: Sequence[TimingRun] | Sequence[ProfileRun]) -> None:
    """See that a variant's runs ran the same code on inputs of the same parameters in the same way."""
    first: dict[str, TimingRun | ProfileRun] = {}
    for run in runs:
        other = first.setdefault(run.variant.name, run)
        differs = [
            what
            for what, one, two in (
                ("code", run.variant.source_sha256, other.variant.source_sha256),
                ("parameters", run.parameters, other.parameters),
                ("launch", getattr(run, "launch", None), getattr(other, "launch", None)),
                ("repeats", getattr(run, "repeats", None), getattr(other, "repeats", None)),
            )
            if one != two
        ]
        if differs:
            raise UsageError(
                f"{other.id} and {run.id} differ in their {' and '.join(differs)}: they are not put "
                "together; export them one by one"
            )


def _environment(
    bench: Bench, timed: Sequence[Timed], comparisons: Sequence[Comparison]
) -> Environment | None:
    """Return what all runs ran on, as their comparisons kept it; None if that is not known of one."""
    found = [one.environment for one in comparisons]
    for one in timed:
        if one.pair is None:
            its = chosen.comparison_of(bench, one.run)
            if its is None:
                return None
            found.append(its.environment)
    kinds = {(one.python, one.implementation, one.platform, one.cpu, one.cores) for one in found}
    if len(kinds) > 1:
        raise UsageError("these runs ran on different machines or Pythons: export them one by one")
    return found[0]


# ---------------------------------------------------------------- tables


def _csv(
    bench: Bench, names: Sequence[str], *, side: Side | None, stages: bool, table: Table | None
) -> Export:
    if table is None:
        table = "functions" if all(chosen.is_profiled(bench, name) for name in names) else "timings"
    if stages and table != "functions":
        raise UsageError(f"stages are no choice for a table of {table}: its rows name them")
    if table == "timings":
        timed, _ = chosen.timed_runs(bench, names, taker="a table of timings", side=side)
        return Export(content=spreadsheet.timings(timed))
    if side is not None:
        raise UsageError(f"a table of {table} has both sides: leave --side out")
    return _difference(bench, names, table, stages=stages)


def _difference(bench: Bench, names: Sequence[str], table: Table, *, stages: bool) -> Export:
    """Render what two profiles differ in: a comparison's, or those of two runs."""
    from perfkit.api import diff

    taker = f"a table of {table}"
    runs = chosen.profile_runs(
        bench, names, taker=taker, needs="cProfile's runs", maker="cprofile", fits=[_is_cprofile]
    )
    if len(runs) != _PAIR:
        raise UsageError(f"{taker} takes two profiles, before and after, not {len(runs)}")
    found = diff.difference(bench, runs[0].id, runs[1].id, most=sys.maxsize)
    notes = [*(f"{run.variant.name}: run {run.id}." for run in runs), *found.notes]
    if table == "lines":
        if not found.lines:
            notes.append("There are no line profiles of this code.")
        elif len(found.lines) >= diff.MOST_LINES:
            notes.append(f"Lines of the {len(found.lines)} functions that matter most.")
        return Export(content=spreadsheet.lines(found), notes=tuple(notes))
    if stages:
        return Export(content=spreadsheet.functions_by_stage(found), notes=tuple(notes))
    if len(found.functions) >= diff.MOST_OVERALL:
        notes.append(f"The {len(found.functions)} functions that matter most; --stages lists all.")
    return Export(content=spreadsheet.functions(found), notes=tuple(notes))
