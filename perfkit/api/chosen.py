"""Which stored runs a name means: a run's id, a variant's name, a comparison's id, or ``latest``."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from perfkit.errors import StoreError, UsageError
from perfkit.model import ProfileRun, TimingRun
from perfkit.profilers import catalog
from perfkit.report.exports.benchmarks import Timed
from perfkit.verify import mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from perfkit.api.bench import Bench
    from perfkit.model import Comparison, Side, Variant

R = TypeVar("R", TimingRun, ProfileRun)

LATEST = "latest"

_SIDES: tuple[Side, Side] = ("baseline", "contender")
_Kind: TypeAlias = Literal["run", "comparison", "variant"]


def timed_runs(
    bench: Bench, names: Sequence[str], *, taker: str, side: Side | None = None
) -> tuple[list[Timed], list[Comparison]]:
    """Return the clean runs that are meant, each once, and the comparisons they were asked for by.

    Parameters
    ----------
    names
        What the user named. A variant's name means its latest timed run.
    taker
        Who takes timed runs, for messages.
    side
        Only this side of comparisons.

    Raises
    ------
    UsageError
        If one means nothing that is stored, or a run of another kind.
    """
    found: dict[str, Timed] = {}
    comparisons = []
    for kind, name in _meant(bench, names, side):
        if kind == "comparison":
            comparison = bench.store.read_comparison(name)
            comparisons.append(comparison)
            some = _pairs(bench, comparison, side)
        elif kind == "run":
            some = [Timed(run=_timed(bench, name, taker))]
        else:
            run = next(_latest(bench, name, TimingRun), None)
            if run is None:
                raise UsageError(f"there is no stored timed run of {name!r}: run perfkit run {name} first")
            some = [Timed(run=run)]
        for one in some:
            found.setdefault(one.run.id, one)
    return list(found.values()), comparisons


def profile_runs(
    bench: Bench,
    names: Sequence[str],
    *,
    taker: str,
    needs: str,
    maker: str,
    fits: Sequence[Callable[[ProfileRun], bool]],
    side: Side | None = None,
) -> list[ProfileRun]:
    """Return the profile runs that are meant, each once; of a comparison the baseline's and the contender's.

    Parameters
    ----------
    names
        What the user named. A variant's name means its latest profile that fits.
    taker, needs, maker
        Who takes what kind of profile, and which profiler makes one, for messages.
    fits
        Which profiles it takes: one that passes the first test is preferred to one of the same source that
        passes only a later one.
    side
        Only this side of comparisons.

    Raises
    ------
    UsageError
        If one means nothing that is stored, or nothing that fits.
    """
    found: dict[str, ProfileRun] = {}
    for kind, name in _meant(bench, names, side):
        if kind == "run":
            some = [_profile(bench, name, f"{taker} takes {needs}", maker, fits)]
        elif kind == "variant":
            best = _best(_latest(bench, name, ProfileRun), fits)
            if best is None:
                raise UsageError(
                    f"{taker} takes {needs}, and none is stored of {name!r}: {_advice(name, maker)}"
                )
            some = [best]
        else:
            comparison = bench.store.read_comparison(name)
            some = []
            for each, variant in zip(_SIDES, (comparison.baseline, comparison.contender), strict=True):
                if side in (None, each):
                    best = _of_comparison(bench, comparison, variant, fits)
                    if best is None:
                        raise UsageError(
                            f"{taker} takes {needs}, and none is stored of {variant.name!r} as it was "
                            f"compared in {name}: {_advice(variant.name, maker)}"
                        )
                    some.append(best)
        found.update((one.id, one) for one in some)
    return list(found.values())


def _advice(variant: str, maker: str) -> str:
    return f"run perfkit profile {variant} --with {maker} first"


def is_profiled(bench: Bench, name: str) -> bool:
    """Return whether a name means a profile run: its id, or a variant that was profiled and never timed."""
    kind, found = _look_up(bench, name)
    if kind == "variant":
        if next(_latest(bench, found, TimingRun), None) is not None:
            return False
        return next(_latest(bench, found, ProfileRun), None) is not None
    return kind == "run" and bench.store.run_kind(found) is ProfileRun


def is_comparison(bench: Bench, name: str) -> bool:
    """Return whether a name means a comparison."""
    return _look_up(bench, name)[0] == "comparison"


def comparison_id(bench: Bench, name: str, *, taker: str) -> str:
    """Return the id of the comparison that a name means.

    Parameters
    ----------
    taker
        Who takes a comparison, for messages.

    Raises
    ------
    UsageError
        If it means nothing that is stored, or something else.
    """
    kind, found = _look_up(bench, name)
    if kind != "comparison":
        raise UsageError(f"{taker} takes a comparison, and {name!r} is a {kind}: perfkit list shows them")
    return found


def comparison_of(bench: Bench, run: TimingRun) -> Comparison | None:
    """Return the latest comparison that a timed run belongs to, if any."""
    for comparison_id in reversed(bench.store.comparison_ids()):
        with contextlib.suppress(StoreError):
            one = bench.store.read_comparison(comparison_id)
            pairs = (*one.pairs, *((one.trial,) if one.trial is not None else ()))
            if any(run.id in (pair.baseline_run, pair.contender_run) for pair in pairs):
                return one
    return None


def _meant(bench: Bench, names: Sequence[str], side: Side | None) -> list[tuple[_Kind, str]]:
    """Look the names up; says so if `side` is given and nothing has sides."""
    found = [_look_up(bench, name) for name in names]
    if side is not None and not any(kind == "comparison" for kind, _ in found):
        raise UsageError(f"a side is chosen from a comparison, and {names[0]!r} is none")
    return found


def _look_up(bench: Bench, name: str) -> tuple[_Kind, str]:
    runs, comparisons = bench.store.run_ids(), bench.store.comparison_ids()
    where = f"of pipeline {bench.pipeline.name!r}"
    if name == LATEST:
        if not comparisons:
            raise UsageError(f"there is no stored comparison {where}: run perfkit compare first")
        return "comparison", comparisons[-1]
    if name in runs:
        return "run", name
    if name in comparisons:
        return "comparison", name
    if name in bench.pipeline.variants:
        return "variant", name
    if not runs and not comparisons:
        raise UsageError(f"nothing is stored {where} yet: run perfkit compare, run or profile first")
    found: list[tuple[_Kind, str]] = [("run", one) for one in runs if name in one]
    found += [("comparison", one) for one in comparisons if name in one]
    if len(found) != 1:
        fits = "fits several stored runs" if found else "is no variant and no stored run or comparison"
        raise UsageError(f"{name!r} {fits} {where}: perfkit list --runs shows what is there")
    return found[0]


def _pairs(bench: Bench, comparison: Comparison, side: Side | None) -> list[Timed]:
    """Return a comparison's runs as they followed, the contender's stages under the baseline's names."""
    found = []
    for pair in comparison.pairs:
        for each in pair.plan.order:
            if side not in (None, each):
                continue
            run = bench.store.read_run(
                pair.baseline_run if each == "baseline" else pair.contender_run, TimingRun
            )
            if each == "contender":
                renamed = mapping.renamed_timings(run.stages, comparison.pipeline.stages)
                run = dataclasses.replace(run, stages=renamed)
            found.append(Timed(run=run, pair=pair.plan, side=each))
    return found


def _timed(bench: Bench, run_id: str, taker: str) -> TimingRun:
    kind = bench.store.run_kind(run_id)
    if kind is TimingRun:
        return bench.store.read_run(run_id, TimingRun)
    raise UsageError(
        f"{taker} takes timed runs; {run_id} is {_what(bench, run_id)}: perfkit run VARIANT makes one"
    )


def _profile(
    bench: Bench, run_id: str, demand: str, maker: str, fits: Sequence[Callable[[ProfileRun], bool]]
) -> ProfileRun:
    if bench.store.run_kind(run_id) is ProfileRun:
        run = bench.store.read_run(run_id, ProfileRun)
        if any(one(run) for one in fits):
            return run
    raise UsageError(
        f"{demand}; {run_id} is {_what(bench, run_id)}: perfkit profile VARIANT --with {maker} makes one"
    )


def _what(bench: Bench, run_id: str) -> str:
    """Say what kind of run an id names."""
    kind = bench.store.run_kind(run_id)
    if kind is TimingRun:
        return "a timed run"
    if kind is ProfileRun:
        run = bench.store.read_run(run_id, ProfileRun)
        return f"a {catalog.title(run.profiler)} profile"
    return "what a verification kept" if kind is not None else "of a kind that this perfkit does not know"


def _latest(bench: Bench, name: str, kind: type[R]) -> Iterator[R]:
    """Yield a variant's runs of a kind, the latest first; skips what cannot be read."""
    for run_id in reversed(bench.store.run_ids()):
        with contextlib.suppress(StoreError):
            if bench.store.run_kind(run_id) is kind:
                run = bench.store.read_run(run_id, kind)
                if run.variant.name == name:
                    yield run


def _best(runs: Iterable[ProfileRun], fits: Sequence[Callable[[ProfileRun], bool]]) -> ProfileRun | None:
    """Return the first run that fits, or one of the same source that fits better; the latest comes first."""
    pool = [run for run in runs if any(one(run) for one in fits)]
    source = pool[0].variant.source_sha256 if pool else ""
    same = [run for run in pool if run.variant.source_sha256 == source]
    return next((run for one in fits for run in same if one(run)), None)


def _of_comparison(
    bench: Bench, comparison: Comparison, variant: Variant, fits: Sequence[Callable[[ProfileRun], bool]]
) -> ProfileRun | None:
    """Return a profile that belongs to a comparison, or else the latest of the same code and parameters."""
    its = [bench.store.read_run(one, ProfileRun) for one in reversed(comparison.profiles)]
    found = _best((run for run in its if run.variant.name == variant.name), fits)
    if found is not None:
        return found
    others = _latest(bench, variant.name, ProfileRun)
    return _best(
        (
            run
            for run in others
            if run.variant.source_sha256 == variant.source_sha256 and run.parameters == comparison.parameters
        ),
        fits,
    )
