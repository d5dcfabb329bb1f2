"""Compare two profiles: which function became which, and what each of them and its lines saved."""

from __future__ import annotations

import dataclasses
import importlib.util
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.analyse import alignment, differences, stacks
from perfkit.analyse.matching import match
from perfkit.api.profiles import find
from perfkit.errors import StoreError, UsageError
from perfkit.model import Difference, ProfiledSide, ProfileRun
from perfkit.profilers import catalog, shared_places, tables
from perfkit.verify import mapping

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perfkit.analyse.differences import Costs
    from perfkit.api.bench import Bench
    from perfkit.model import (
        AlignedFunction,
        CallTree,
        Comparison,
        FunctionLines,
        FunctionTable,
        Matching,
        MatchKind,
        Parameters,
        StageMapping,
    )

MOST_LINES = 12
"""Functions whose lines are aligned, unless told otherwise."""

MOST_OVERALL = 500
"""Functions that are listed over all stages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One side of a difference.

    Attributes
    ----------
    run
        The cProfile run; None for a file that perfkit did not record.
    lines, sampled
        Runs of the same code under line_profiler and the sampler, if there are any.
    """

    title: str
    table: FunctionTable
    run: ProfileRun | None = None
    lines: ProfileRun | None = None
    sampled: ProfileRun | None = None


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
    sides = _sides(bench, before, after, cache)
    configured = bench.pipeline.functions if bench is not None else {}
    stages = bench.pipeline.stages if bench is not None else {}
    return between(
        *sides,
        renamed={**configured, **(renamed or {})},
        stages=stages,
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
    pair = [_stored_side(bench, one.name, profiles) for one in (comparison.baseline, comparison.contender)]
    before, after = pair
    if before is None or after is None:
        return None
    configured = comparison.pipeline.functions
    stages, root = comparison.pipeline.stages, bench.project.root
    try:
        return between(before, after, renamed=configured, stages=stages, root=root)
    except UsageError as error:  # a name that is wrong there spoils no report
        made = between(before, after, renamed={}, stages=stages, root=root)
        note = f"The configured names of functions were not used: {error}."
        return dataclasses.replace(made, notes=(*made.notes, note))


def between(
    before: Profile,
    after: Profile,
    *,
    renamed: Mapping[str, str],
    stages: Mapping[str, StageMapping],
    most: int = differences.MOST,
    stacked: bool = True,
    root: Path | None = None,
) -> Difference:
    """Compare two profiles.

    Parameters
    ----------
    renamed
        Old qualified names, and the new ones.
    stages
        Which stages of the contender answer to which of the baseline.
    most
        How many functions of a stage are listed.
    stacked
        Whether call stacks are wanted.
    root
        The project's root, to see whether its files have been edited since.
    """
    matching = match(before.table, after.table, mapped=renamed)
    was, now = _by_stage(before, {}), _by_stage(after, stages)
    total_before, total_after = _total(was), _total(now)
    rows = differences.Deltas(
        before.table, after.table, matching, saving_s=total_before - total_after, most=most
    )
    paths = [*was, *(path for path in now if path not in was)]
    over_all = differences.Deltas(
        before.table, after.table, matching, saving_s=total_before - total_after, most=MOST_OVERALL
    )
    functions, _, _ = over_all.functions(differences.whole(before.table), differences.whole(after.table))
    lines = _lines(before, after, matching)
    trees = _trees(before, after) if stacked else (None, None)
    return Difference(
        before=_side(before, total_before),
        after=_side(after, total_after),
        stages=tuple(rows.stage(path, was.get(path), now.get(path)) for path in paths),
        functions=functions,
        lines=lines,
        lines_size=_lines_size(before, after),
        before_tree=trees[0],
        after_tree=trees[1],
        notes=_notes(before, after, root),
    )


# ---------------------------------------------------------------- which profiles


def _sides(
    bench: Bench | None, before: str | None, after: str | None, cache: Path | None
) -> tuple[Profile, Profile]:
    if before is not None and after is not None:
        was, now = _profile(bench, before, cache), _profile(bench, after, cache)
        if was.run is None and now.run is None:
            tables = shared_places.align(was.table, now.table)
            was, now = (
                dataclasses.replace(side, table=table) for side, table in zip((was, now), tables, strict=True)
            )
        return was, now
    bench = _needed(bench)
    comparison = _comparison(bench, before)
    runs = [bench.store.read_run(one, ProfileRun) for one in comparison.profiles]
    found = [_stored_side(bench, one.name, runs) for one in (comparison.baseline, comparison.contender)]
    if found[0] is None or found[1] is None:
        raise UsageError(
            f"comparison {comparison.id} has no profiles (it was made with --no-profile): "
            "run perfkit compare again"
        )
    return found[0], found[1]


def _needed(bench: Bench | None) -> Bench:
    if bench is None:
        raise UsageError("name two profiles: files, or here in a project variants, runs or comparisons")
    return bench


def _comparison(bench: Bench, wanted: str | None) -> Comparison:
    known = bench.store.comparison_ids()
    if wanted is None:
        for one in reversed(known):
            found = bench.store.read_comparison(one)
            if found.profiles:
                return found
        raise UsageError(
            "there is no comparison with profiles yet: run perfkit compare, or name two profiles"
        )
    fitting = [one for one in known if wanted in one]
    if len(fitting) == 1 or wanted in known:
        return bench.store.read_comparison(wanted if wanted in known else fitting[0])
    if fitting:
        raise UsageError(f"{wanted!r} fits several comparisons: {', '.join(fitting)}")
    raise UsageError(f"there is no comparison {wanted!r}; to compare two profiles, name both")


def _profile(bench: Bench | None, wanted: str, cache: Path | None) -> Profile:
    """Return a side by its name: a file, or something stored."""
    path = Path(wanted)
    if path.is_file():
        return Profile(title=wanted, table=tables.load_file(path, cache=cache))
    if path.suffix == ".prof" or "/" in wanted:
        what = "is a folder" if path.is_dir() else "does not exist"
        raise UsageError(f"the profile {wanted} {what}: name a .prof file, a variant, a run or a comparison")
    bench = _needed(bench)
    store = bench.store
    if any(wanted in one for one in store.comparison_ids()):
        comparison = _comparison(bench, wanted)
        runs = [store.read_run(one, ProfileRun) for one in comparison.profiles]
        side = _stored_side(bench, comparison.contender.name, runs)
        if side is None:
            raise UsageError(f"comparison {comparison.id} has no profiles: it was made with --no-profile")
        return dataclasses.replace(side, title=f"{side.title} ({comparison.id})")
    run = find(bench, wanted)
    same = [one for one in _profiles(bench) if one.variant == run.variant]
    return _stored(bench, run, same)


def _profiles(bench: Bench) -> list[ProfileRun]:
    """Return all profile runs that can be read, oldest first."""
    found = []
    for run_id in bench.store.run_ids():
        try:
            if bench.store.run_kind(run_id) is ProfileRun:
                found.append(bench.store.read_run(run_id, ProfileRun))
        except StoreError:
            continue  # a damaged one is said by who names it
    return found


def _stored_side(bench: Bench, variant: str, runs: Sequence[ProfileRun]) -> Profile | None:
    """Return the side of a variant, from the runs of a comparison."""
    own = [one for one in runs if one.variant.name == variant]
    main = [one for one in own if one.profiler == "cprofile"]
    return _stored(bench, main[-1], own) if main else None


def _stored(bench: Bench, run: ProfileRun, same: Sequence[ProfileRun]) -> Profile:
    lines = [one for one in same if one.profiler == "line"]
    sampled = [one for one in same if one.tree is not None and one.parameters == run.parameters]
    return Profile(
        title=run.variant.name,
        table=tables.from_run(run, bench.store.run_folder(run.id), bench.project.root),
        run=run,
        lines=lines[-1] if lines else None,
        sampled=sampled[-1] if sampled else None,
    )


# ---------------------------------------------------------------- what they cost


def _by_stage(side: Profile, stages: Mapping[str, StageMapping]) -> dict[str, Costs]:
    """Return the costs of each stage, under the baseline's names; one nameless one where none are known."""
    run = side.run
    if run is None:
        return {"": differences.whole(side.table)}
    if not run.stage_costs:
        return {"": differences.whole(side.table, run.traced_s)}
    renamed = []
    for one in run.stage_costs:
        path = mapping.as_baseline(one.path, stages) if one.path else ""
        if path is None:  # part of a split stage
            path = next(ours for ours, each in stages.items() if one.path in each.contender)
        renamed.append(dataclasses.replace(one, path=path))
    return differences.of_stages(side.table, renamed)


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


def _lines(before: Profile, after: Profile, matching: Matching) -> tuple[AlignedFunction, ...]:
    """Align the lines of the functions that both line profiles know, those that matter most."""
    was = before.lines.lines if before.lines is not None else ()
    now = after.lines.lines if after.lines is not None else ()
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
        elif (
            at is None and one.name in by_name
        ):  # it never ran under cProfile, as a stage that is not reached
            other, how = by_name[one.name], "same name"
        if other is not None and left.pop(id(other), None) is None:
            other, how = None, "vanished"
        found.append(alignment.align(one, other, stage=one.stage or "", how=how if other else "vanished"))
    found += [alignment.align(None, one, stage=one.stage or "", how="new") for one in now if id(one) in left]
    return alignment.hottest(found, MOST_LINES)


def _places(table: FunctionTable) -> dict[tuple[str, int], int]:
    """Return the functions' indices by file and line."""
    return {
        (table.files[file], int(line)): at
        for at, (file, line) in enumerate(zip(table.file, table.line, strict=True))
    }


def _lines_size(before: Profile, after: Profile) -> str:
    """Return the size of the line profiles, where it differs from that of the functions."""
    for side in (before, after):
        if side.run is not None and side.lines is not None and side.run.parameters != side.lines.parameters:
            return _size(side.lines.parameters)
    return ""


def _trees(before: Profile, after: Profile) -> tuple[CallTree, CallTree]:
    """Return both sides' call stacks: sampled ones if both have them, else approximate ones."""
    was = before.sampled.tree if before.sampled is not None else None
    now = after.sampled.tree if after.sampled is not None else None
    if was is not None and now is not None:
        return was, now
    return stacks.approximate(before.table)[0], stacks.approximate(after.table)[0]


# ---------------------------------------------------------------- what the reader should know


def _notes(before: Profile, after: Profile, root: Path | None) -> tuple[str, ...]:
    notes = []
    sizes = [_size(one.run.parameters) if one.run is not None else "" for one in (before, after)]
    if all(sizes) and sizes[0] != sizes[1]:
        notes.append(
            f"The sides were profiled with different parameters ({sizes[0]} before, {sizes[1]} after): "
            "they did not do the same work."
        )
    pythons = [one.run.python if one.run is not None else one.table.python for one in (before, after)]
    if all(pythons) and pythons[0] != pythons[1]:
        notes.append(f"The sides ran on different Pythons: {pythons[0]} before, {pythons[1]} after.")
    for side in (before, after):
        notes += side.table.notes
        notes += [f"{side.title}: {one}." for run in _runs(side) for one in run.warnings]
        notes += _folded(side)
        notes += [
            f"{file} has been edited since {side.title} was profiled: its text as it ran is shown."
            for file in _edited(side, root)
        ]
    return tuple(dict.fromkeys(notes))


def _runs(side: Profile) -> list[ProfileRun]:
    return [one for one in (side.run, side.lines) if one is not None]


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
