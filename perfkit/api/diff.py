"""Compare two profiles: which function became which, and what each of them and its lines saved."""

from __future__ import annotations

import dataclasses
import importlib.util
import math
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from perfkit.analyse import alignment, differences, stacks
from perfkit.analyse.matching import match
from perfkit.api import profiled
from perfkit.errors import UsageError
from perfkit.model import Difference, ProfiledSide
from perfkit.profilers import catalog
from perfkit.verify import mapping

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perfkit.analyse.differences import Costs
    from perfkit.api.bench import Bench
    from perfkit.api.profiled import Profile
    from perfkit.model import (
        AlignedFunction,
        CallTree,
        Comparison,
        FunctionLines,
        FunctionTable,
        Matching,
        MatchKind,
        Parameters,
        Pipeline,
        ProfileRun,
    )

MOST_LINES = 12
"""Functions whose lines are aligned, unless told otherwise."""

MOST_OVERALL = 500
"""Functions that are listed over all stages."""


def difference(
    bench: Bench | None,
    before: str | None = None,
    after: str | None = None,
    *,
    renamed: Mapping[str, str] | None = None,
    most: int = differences.MOST,
    stacked: bool = True,
    cache: Path | None = None,
) -> Difference:
    """Compare two profiles by their names.

    Parameters
    ----------
    bench
        Where stored runs are; None suffices for two files.
    before, after
        Each a ``.prof`` file, a run's id, a variant's name (its latest profile), or a comparison's id (its
        contender). One comparison alone stands for its two sides; nothing at all for the latest that has
        profiles.
    renamed
        Old qualified names and the new ones, besides those that are configured.
    most
        How many functions of a stage are listed.
    stacked
        Whether call stacks are wanted: making them from a large profile takes a while.
    cache
        A folder for the columns of foreign profiles.

    Raises
    ------
    UsageError
        If a name stands for nothing, or for something that is no profile.
    StoreError
        If a profile cannot be read.
    """
    before_side, after_side = profiled.sides(bench, before, after, cache)
    return between(
        before_side,
        after_side,
        renamed=renamed or {},
        pipeline=bench.pipeline if bench is not None else None,
        most=most,
        stacked=stacked,
        root=bench.project.root if bench is not None else None,
    )


def of_comparison(bench: Bench, comparison: Comparison, profiles: Sequence[ProfileRun]) -> Difference | None:
    """Return the difference of a comparison's profiles; None if a side has none of cProfile.

    Parameters
    ----------
    profiles
        The runs that belong to the comparison.

    Raises
    ------
    StoreError
        If a profile cannot be read.
    """
    before, after = (
        profiled.of_variant(bench, one, profiles) for one in (comparison.baseline, comparison.contender)
    )
    if before is None or after is None:
        return None
    return between(before, after, pipeline=comparison.pipeline, root=bench.project.root)


def between(
    before: Profile,
    after: Profile,
    *,
    renamed: Mapping[str, str] | None = None,
    pipeline: Pipeline | None = None,
    most: int = differences.MOST,
    stacked: bool = True,
    root: Path | None = None,
) -> Difference:
    """Compare two profiles.

    Parameters
    ----------
    renamed
        Old qualified names, and the new ones.
    pipeline
        Whose configuration tells which functions and stages of a contender answer to the baseline's.
    most
        How many functions of a stage are listed.
    stacked
        Whether call stacks are wanted.
    root
        The project's root, to see whether its files have been edited since.

    Raises
    ------
    UsageError
        If a name in `renamed` fits no function.
    """
    matching, notes = _matching(before, after, renamed or {}, pipeline)
    staged = all(side.run is not None and side.run.stage_costs for side in (before, after))
    was, now = (_costs(side, pipeline, staged=staged) for side in (before, after))
    total_before, total_after = _total(was), _total(now)
    rows = differences.Deltas(before.table, after.table, matching, saving_s=total_before - total_after)
    paths = [*was, *(path for path in now if path not in was)]
    functions, _, _ = rows.functions(
        differences.whole(before.table), differences.whole(after.table), MOST_OVERALL
    )
    lines = _line_runs(before, after)
    trees = _trees(before, after) if stacked else (None, None)
    return Difference(
        before=_side(before, total_before),
        after=_side(after, total_after),
        stages=tuple(rows.stage(path, was.get(path), now.get(path), most) for path in paths),
        functions=functions,
        lines=_lines(before, after, lines, matching),
        lines_size=_lines_size(before, after, lines),
        before_tree=trees[0],
        after_tree=trees[1],
        notes=(*notes, *_notes(before, after, lines, root)),
    )


def _matching(
    before: Profile, after: Profile, renamed: Mapping[str, str], pipeline: Pipeline | None
) -> tuple[Matching, tuple[str, ...]]:
    """Match the functions; the configuration's names only lead from the baseline to a contender."""
    leads = pipeline is not None and _is_baseline(before) and not _is_baseline(after)
    configured = pipeline.functions if pipeline is not None and leads else {}
    told = {**_staged(before, after), **configured, **renamed}
    with suppress(UsageError):
        return match(before.table, after.table, mapped=told), ()
    try:
        return match(before.table, after.table, mapped={**configured, **renamed}), ()
    except UsageError as error:
        if not configured:
            raise
        note = f"The configured names of functions were not used: {error}."
        return match(before.table, after.table, mapped=renamed), (note,)


def _staged(before: Profile, after: Profile) -> dict[str, str]:
    """Return which function answers to which because both are the same stage, though no source says so."""
    names = [
        {} if one.run is None else {point.name: point.function for point in one.run.variant.points}
        for one in (before, after)
    ]
    called = [set(one.table.names) for one in (before, after)]
    return {
        ours: names[1][stage]
        for stage, ours in names[0].items()
        if stage in names[1]
        and ours.rpartition(".")[2] in called[0]
        and names[1][stage].rpartition(".")[2] in called[1]
    }


def _is_baseline(side: Profile) -> bool:
    return side.run is not None and side.run.variant.name == "baseline"


# ---------------------------------------------------------------- what they cost


def _costs(side: Profile, pipeline: Pipeline | None, *, staged: bool) -> dict[str, Costs]:
    """Return the costs of each stage, under the baseline's names; all in a nameless one if not `staged`."""
    run = side.run
    if run is None or not staged:
        return {"": differences.whole(side.table, None if run is None else run.traced_s)}
    renamed = pipeline.stages if pipeline is not None and not _is_baseline(side) else {}
    return differences.of_stages(
        side.table,
        [
            dataclasses.replace(one, path=mapping.in_baseline(one.path, renamed) if one.path else "")
            for one in run.stage_costs
        ],
    )


def _total(stages: Mapping[str, Costs]) -> float:
    return math.fsum(one.total_s for one in stages.values())


def _side(side: Profile, total_s: float) -> ProfiledSide:
    run = side.run
    return ProfiledSide(
        title=side.title,
        run_id=run.id if run is not None else "",
        profiler=catalog.title("cprofile"),
        python=run.python if run is not None else side.table.python,
        total_s=total_s,
        size=_size(run.parameters) if run is not None else "",
    )


def _size(parameters: Parameters) -> str:
    return ", ".join(f"{name}={value}" for name, value in parameters.items())


# ---------------------------------------------------------------- lines and stacks


LineRuns: TypeAlias = "tuple[ProfileRun | None, ProfileRun | None]"


def _line_runs(before: Profile, after: Profile) -> LineRuns:
    """Return the line profiles to compare: the nearest two of one size, or what one side alone has."""
    pairs = [
        (i + j, was, now)
        for i, was in enumerate(before.lines)
        for j, now in enumerate(after.lines)
        if was.parameters == now.parameters
    ]
    if pairs:
        _, was, now = min(pairs, key=lambda one: one[0])
        return was, now
    if before.lines and after.lines:
        return None, None
    return next(iter(before.lines), None), next(iter(after.lines), None)


def _lines(
    before: Profile, after: Profile, runs: LineRuns, matching: Matching
) -> tuple[AlignedFunction, ...]:
    """Align the lines of the functions that the line profiles know, those that matter most."""
    was, now = (run.lines if run is not None else () for run in runs)
    if not was and not now:
        return ()
    index_before, index_after = _places(before.table), _places(after.table)
    by_place = {index_after.get((one.file, one.first_line)): one for one in now}
    by_name = {one.name: one for one in now}
    found = []
    left = {id(one): one for one in now}
    for one in was:
        at = index_before.get((one.file, one.first_line))
        other: FunctionLines | None = None
        how: MatchKind = "vanished"
        if at is not None and matching.partner[at] >= 0:
            other, how = by_place.get(int(matching.partner[at])), matching.how[at]
        elif at is None and one.name in by_name:  # it never ran under cProfile
            other, how = by_name[one.name], "same name"
        if other is not None and left.pop(id(other), None) is None:
            other, how = None, "vanished"
        found.append(alignment.align(one, other, stage=one.stage or "", how=how if other else "vanished"))
    found += [alignment.align(None, one, stage=one.stage or "", how="new") for one in now if id(one) in left]
    return alignment.hottest(found, MOST_LINES)


def _places(table: FunctionTable) -> dict[tuple[str, int], int]:
    """Return the functions' indices by file and line; what has no name lies in the line of what holds it."""
    return {
        (table.files[file], int(line)): at
        for at, (file, line, name) in enumerate(zip(table.file, table.line, table.names, strict=True))
        if not name.startswith("<")
    }


def _lines_size(before: Profile, after: Profile, runs: LineRuns) -> str:
    """Return the size of the line profiles, where it differs from that of the functions."""
    for side, run in zip((before, after), runs, strict=True):
        if run is not None and side.run is not None and side.run.parameters != run.parameters:
            return _size(run.parameters)
    return ""


def _trees(before: Profile, after: Profile) -> tuple[CallTree, CallTree]:
    """Return both sides' call stacks: sampled ones if both have them, else approximate ones."""
    was = before.sampled.tree if before.sampled is not None else None
    now = after.sampled.tree if after.sampled is not None else None
    if was is not None and now is not None:
        return was, now
    return stacks.approximate(before.table)[0], stacks.approximate(after.table)[0]


# ---------------------------------------------------------------- what the reader should know


def _notes(before: Profile, after: Profile, lines: LineRuns, root: Path | None) -> tuple[str, ...]:
    notes = []
    sizes = [_size(one.run.parameters) if one.run is not None else "" for one in (before, after)]
    if all(sizes) and sizes[0] != sizes[1]:
        notes.append(
            f"The sides were profiled with different parameters ({sizes[0]} before, {sizes[1]} after): "
            "they did not do the same work."
        )
    pythons = [one.run.python if one.run is not None else one.table.python for one in (before, after)]
    parts = zip(*(one.split(".") for one in pythons), strict=False)  # a file tells 3.11, a run 3.11.7
    if all(pythons) and any(one != other for one, other in parts):
        notes.append(f"The sides ran on different Pythons: {pythons[0]} before, {pythons[1]} after.")
    if before.lines and after.lines and lines == (None, None):
        notes.append(
            "The line profiles of the two sides are of different sizes and not compared: perfkit profile "
            "with both variants makes two of one size."
        )
    sampled = before.sampled is not None and after.sampled is not None
    for side, line_run in zip((before, after), lines, strict=True):
        notes += side.table.notes
        runs = (side.run, line_run, side.sampled if sampled else None)
        notes += [f"{side.title}: {one}." for run in runs if run is not None for one in run.warnings]
        notes += _folded(side)
        notes += [
            f"{file} has been edited since {side.title} was profiled: its text as it ran is shown."
            for file in _edited(side, root)
        ]
    return tuple(dict.fromkeys(notes))


def _folded(side: Profile) -> list[str]:
    folded = [path for one in (side.run.stage_costs if side.run is not None else ()) for path in one.folded]
    if not folded:
        return []
    return [
        f"{side.title}: stages that are entered too often to be told apart count with the one around them: "
        f"{', '.join(folded)}."
    ]


def _edited(side: Profile, root: Path | None) -> list[str]:
    """Return the project's files that differ from what ran."""
    found = []
    for file, text in (side.run.sources if side.run is not None and root is not None else {}).items():
        try:
            now = importlib.util.decode_source((Path(root or ".") / file).read_bytes())
        except (OSError, SyntaxError, UnicodeDecodeError):
            now = None
        if now != text:
            found.append(file)
    return found
