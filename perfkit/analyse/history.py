"""How a speedup went from comparison to comparison: series of what may be compared, and where they changed.

Two speedups are comparable if each was measured in pairs against the same baseline, on the same make of
machine, with the same Python and the same parameters. Times of different sessions are not: they are told, and
no change is looked for among them.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from typing import TYPE_CHECKING, Literal

from perfkit.analyse import stats
from perfkit.model import Estimate
from perfkit.model.history import Conditions, HistoryPoint, Series, Shift

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import TypeAlias

    from perfkit.model import Comparison, Environment, Variant
    from perfkit.model.history import OutputsVerdict, StoredTiming

    Pairs: TypeAlias = Sequence[tuple[StoredTiming, StoredTiming]]

_GIB = 1024**3
_METHOD = "Student's t on the logarithms of the speedups, widened for their correlation"


def conditions(comparison: Comparison) -> Conditions:
    """Return what must be equal for a comparison to be comparable with another."""
    environment = comparison.environment
    sampling = comparison.sampling
    cores = f"{environment.usable_cores} core{'' if environment.usable_cores == 1 else 's'}"
    return Conditions(
        machine=f"{environment.cpu or environment.platform}, {cores}, "
        f"{environment.memory_bytes / _GIB:.0f} GiB",
        python=_python(environment),
        parameters=", ".join(f"{name}={value}" for name, value in comparison.parameters.items()),
        sampling="warm" if sampling is not None and sampling.repeats else "cold",
    )


def _python(environment: Environment) -> str:
    """Name the interpreters up to the minor version, which decides on speed far more than the rest."""
    sides = [(one.implementation, one.python) for one in environment.runtimes.values()]
    found = sides or [(environment.implementation, environment.python)]
    return " / ".join(dict.fromkeys(f"{name} {'.'.join(version.split('.')[:2])}" for name, version in found))


def contender(comparison: Comparison) -> str:
    """Return what a contender is called in a history: another revision's is called by its file."""
    side = comparison.contender
    return (side.path or side.target or side.name) if side.revision else side.name


def digest(variant: Variant) -> str:
    """Return what tells one source of a variant from another: its revision, or the digest of its file."""
    return (variant.revision or variant.source_sha256)[:12]


def commit(comparison: Comparison) -> tuple[str, bool | None]:
    """Return the commit that a comparison speaks of, and whether its tree had uncommitted changes."""
    revision = comparison.contender.revision
    if revision and "+" not in revision:
        return revision, False
    return comparison.environment.git_commit, bool(revision) or comparison.environment.git_dirty


def point(
    comparison: Comparison, pairs: Pairs, *, outputs: OutputsVerdict, subject: str = ""
) -> HistoryPoint:
    """Sum up one comparison.

    Parameters
    ----------
    pairs
        Its pairs' times, the contender's stages under the baseline's names; at least one pair.
    outputs
        Whether they were verified.
    subject
        Of its commit.

    Returns
    -------
    HistoryPoint
        Its estimates are those of the comparison's own report.
    """
    groups = [pair.plan.group for pair in comparison.pairs]
    groups = list(range(len(pairs))) if -1 in groups else groups
    alpha = stats.ALPHA if comparison.alpha is None else comparison.alpha
    times: dict[str, list[tuple[float, float]]] = {"": [(ours.run_s, theirs.run_s) for ours, theirs in pairs]}
    for ours, theirs in pairs:
        other = _totals(theirs)
        for path, total in _totals(ours).items():
            if path in other:
                times.setdefault(path, []).append((total, other[path]))
    # A ratio of what only some pairs have would be of other runs than the rest.
    whole = {path: each for path, each in times.items() if len(each) == len(pairs) and _positive(each)}
    speedups = {}
    for path, each in whole.items():
        members = stats.members([math.log(ours / theirs) for ours, theirs in each], groups)
        values = [statistics.median(one) for one in members]
        found = stats.estimate(values, sequential=comparison.sequential, alpha=alpha)
        speedups[path] = dataclasses.replace(found, group=max(map(len, members)))
    sha, dirty = commit(comparison)
    return HistoryPoint(
        comparison=comparison.id,
        started_at=comparison.started_at,
        commit=sha,
        dirty=dirty,
        subject=subject,
        speedups=speedups,
        baseline_s={path: statistics.median(ours for ours, _ in each) for path, each in whole.items()},
        contender_s={path: statistics.median(theirs for _, theirs in each) for path, each in whole.items()},
        verdict=stats.verdict(speedups[""], comparison.smallest_effect) if "" in speedups else "inconclusive",
        outputs=outputs,
        surroundings=_surroundings(comparison),
    )


def _totals(run: StoredTiming) -> dict[str, float]:
    found: dict[str, float] = {}
    for stage in run.stages:
        if stage.in_main_thread:
            found[stage.path] = found.get(stage.path, 0.0) + stage.total_s
    return found


def _positive(each: Sequence[tuple[float, float]]) -> bool:
    return all(ours > 0 and theirs > 0 for ours, theirs in each)


def _surroundings(comparison: Comparison) -> dict[str, str]:
    """Return what bears on speed besides the code, by name."""
    environment, sampling = comparison.environment, comparison.sampling
    found = {"Python": environment.python, "platform": environment.platform}
    found |= environment.packages | environment.variables
    for side, runtime in environment.runtimes.items():
        found[f"Python of the {side}"] = runtime.python
        found |= {f"{name} of the {side}": version for name, version in runtime.packages.items()}
    if sampling is not None:
        found["processes"] = {"spawn": "spawned", "fork": "forked"}[sampling.launch]
        found["cores"] = "one core a pair" if sampling.pinned else "all cores"
    found.pop("perfkit", None)
    return found


def series(
    pipeline: str,
    compared: Iterable[tuple[Comparison, HistoryPoint]],
    places: Mapping[str, int],
    *,
    alpha: float,
) -> tuple[Series, ...]:
    """Group comparisons into series, order each, and find where its levels changed.

    Parameters
    ----------
    compared
        Comparisons of one pipeline, each with its summary.
    places
        By commit: where it stands in the history of git, for those that the repository has.
    alpha
        As for `change_points.find`, for each stage of each series.

    Returns
    -------
    tuple of Series
        The one with the latest comparison first.
    """
    groups: dict[tuple[str, str, str, Conditions], list[HistoryPoint]] = {}
    for comparison, one in compared:
        key = (
            comparison.baseline.name,
            contender(comparison),
            digest(comparison.baseline),
            conditions(comparison),
        )
        groups.setdefault(key, []).append(one)
    found = []
    for (baseline, name, source, same), points in groups.items():
        known = all(one.commit in places for one in points)
        order: Literal["commits", "dates"] = "commits" if known else "dates"
        points.sort(key=lambda one: (places[one.commit] if known else 0, one.started_at, one.comparison))
        stages = _ordered(points)
        found.append(
            Series(
                pipeline=pipeline,
                baseline=baseline,
                contender=name,
                baseline_digest=source,
                conditions=same,
                order=order,
                points=tuple(points),
                stages=stages,
                shifts=tuple(shift for stage in stages for shift in _shifts(points, stage, alpha)),
            )
        )
    found.sort(key=lambda one: max(point.started_at for point in one.points), reverse=True)
    return tuple(found)


def _ordered(points: Sequence[HistoryPoint]) -> tuple[str, ...]:
    """Return all stages, the newest comparison's in their order, then those that are no longer."""
    paths = dict.fromkeys(path for one in reversed(points) for path in one.speedups if path)
    return ("", *paths)


def _shifts(points: Sequence[HistoryPoint], stage: str, alpha: float) -> list[Shift]:
    """Find where the speedup of a stage changed by more than what counts as a difference."""
    from perfkit.analyse import change_points  # NumPy costs more than all the rest

    having = [index for index, one in enumerate(points) if stage in one.speedups]
    values = [math.log(points[index].speedups[stage].value) for index in having]
    found = []
    for change in change_points.find(values, alpha=alpha):
        step = change.after - change.before
        if abs(step) < math.log1p(stats.SMALLEST_EFFECT):
            continue
        index, before = having[change.index], having[change.index - 1]
        ratio = Estimate(
            value=math.exp(step),
            low=math.exp(change.low),
            high=math.exp(change.high),
            confidence=stats.CONFIDENCE,
            n=len(values),
            method=_METHOD,
        )
        found.append(
            Shift(
                stage=stage,
                index=index,
                before=math.exp(change.before),
                after=math.exp(change.after),
                ratio=ratio,
                p_value=change.p_value,
                alongside=_alongside(points[before].surroundings, points[index].surroundings),
            )
        )
    return found


def _alongside(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """Say what else changed between two comparisons."""
    return tuple(
        f"{name}: {before.get(name, 'none')} before, {after.get(name, 'none')} since"
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    )
