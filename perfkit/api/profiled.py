"""Which profiles are compared: files, or stored runs together with others of the same code."""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.api import chosen
from perfkit.errors import StoreError, UsageError
from perfkit.model import ProfileRun
from perfkit.profilers import shared_places, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perfkit.api.bench import Bench
    from perfkit.model import FunctionTable, Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One side of a difference.

    Attributes
    ----------
    run
        The cProfile run; None for a file that perfkit did not record.
    lines
        Runs of the same code under line_profiler, those recorded nearest to it first.
    sampled
        One under the sampler, with the same parameters, if there is any.
    """

    title: str
    table: FunctionTable
    run: ProfileRun | None = None
    lines: tuple[ProfileRun, ...] = ()
    sampled: ProfileRun | None = None


def sides(
    bench: Bench | None, before: str | None, after: str | None, cache: Path | None
) -> tuple[Profile, Profile]:
    """Return the two profiles that are meant.

    Parameters
    ----------
    bench
        Where stored runs are; None suffices for two files.
    before, after
        As for `perfkit.api.diff.difference`.
    cache
        A folder for the columns of foreign profiles.

    Raises
    ------
    UsageError
        If a name stands for nothing, or for something that is no profile of cProfile.
    StoreError
        If a profile cannot be read.
    """
    if before is not None and after is not None:
        was, now = _named(bench, before, cache), _named(bench, after, cache)
        if was.run is None or now.run is None:
            aligned = shared_places.align(was.table, now.table)
            was, now = (
                dataclasses.replace(side, table=table)
                for side, table in zip((was, now), aligned, strict=True)
            )
        return was, now
    if bench is None or (before is not None and is_file(before)):
        raise UsageError("name two profiles, before and after: files, variants, runs or comparisons")
    runs = _runs(bench, chosen.LATEST if before is None else before)
    if len(runs) == 1:
        raise UsageError(f"{before} is one profile: name a second one to compare it with, or a comparison")
    was, now = (_stored(bench, run, _profiles(bench)) for run in runs)
    return was, now


def of_variant(bench: Bench, variant: Variant, runs: Sequence[ProfileRun]) -> Profile | None:
    """Return the side of a variant from some runs; None if none is of cProfile."""
    own = [one for one in runs if one.variant == variant]
    main = [one for one in own if one.profiler == "cprofile"]
    return _stored(bench, main[-1], own) if main else None


def _named(bench: Bench | None, wanted: str, cache: Path | None) -> Profile:
    if is_file(wanted):
        return Profile(title=wanted, table=tables.load_file(Path(wanted), cache=cache))
    if bench is None:
        raise UsageError(f"{wanted} is no file")
    # Of a comparison the contender's is meant, which comes last.
    return _stored(bench, _runs(bench, wanted)[-1], _profiles(bench))


def is_file(wanted: str) -> bool:
    """Tell a file from a name.

    Raises
    ------
    UsageError
        If it looks like a file and is none.
    """
    path = Path(wanted)
    with contextlib.suppress(OSError):  # too long for a path, say
        if path.is_file():
            return True
    if path.suffix == ".prof" or "/" in wanted:
        what = "is a folder" if path.is_dir() else "does not exist"
        raise UsageError(f"the profile {wanted} {what}: name a .prof file, a variant, a run or a comparison")
    return False


def _runs(bench: Bench, wanted: str) -> list[ProfileRun]:
    return chosen.profile_runs(
        bench,
        [wanted],
        taker="perfkit diff",
        needs="a cProfile profile",
        maker="cprofile",
        fits=[lambda run: run.profiler == "cprofile"],
    )


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


def _stored(bench: Bench, run: ProfileRun, others: Sequence[ProfileRun]) -> Profile:
    """Return a stored run with those of the same code that were recorded nearest to it."""
    same = [one for one in others if one.variant == run.variant]
    at = next((index for index, one in enumerate(same) if one.id == run.id), len(same))

    def nearest(fits: Callable[[ProfileRun], bool]) -> tuple[ProfileRun, ...]:
        found = [(abs(index - at), one) for index, one in enumerate(same) if fits(one)]
        return tuple(one for _, one in sorted(found, key=lambda one: one[0]))

    sampled = nearest(lambda one: one.tree is not None and one.parameters == run.parameters)
    return Profile(
        title=run.variant.name,
        table=tables.from_run(run, bench.store.run_folder(run.id), bench.project.root),
        run=run,
        lines=nearest(lambda one: one.profiler == "line"),
        sampled=next(iter(sampled), None),
    )
