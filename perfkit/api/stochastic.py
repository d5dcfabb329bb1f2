"""Outputs that are declared random: run both sides on many seeds, and test that their means do not differ."""

from __future__ import annotations

import contextlib
import dataclasses
import statistics
from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse import equivalence
from perfkit.api.sessions import hold
from perfkit.measure import schedule
from perfkit.model import Equivalence, Trial
from perfkit.verify import arrays, comparator, mapping

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.api.bench import Bench
    from perfkit.api.sessions import Bundle
    from perfkit.model import Checkpoint, Leaf, Parameters, StageMapping, Stochastic, Variant

PILOT_RUNS = 10

_STATISTICS: dict[str, Callable[[list[float]], float]] = {
    "mean": statistics.fmean,
    "median": statistics.median,
    "std": statistics.pstdev,
    "min": min,
    "max": max,
}


def compare(
    bench: Bench, baseline: Variant, contender: Variant, stage: str, parameters: Parameters
) -> Equivalence:
    """Test one declared stage: a pilot first, then as many runs as it takes to decide.

    Parameters
    ----------
    stage
        Its path, or ``result``.
    parameters
        For the inputs of the runs.

    Returns
    -------
    Equivalence
        ``not checked`` where there are no numbers.
    """
    declared = bench.pipeline.stochastic[stage]
    trials = tuple(
        Trial(name=f"run {plan.index + 1}", kind="repeat", seed=plan.seed, parameters=parameters)
        for plan, _ in zip(schedule.plan(bench.seed + 1), range(declared.runs), strict=False)
    )
    pairs, problem = _values(bench, (baseline, contender), stage, trials[:PILOT_RUNS])
    if not problem and len(pairs) >= PILOT_RUNS:
        wanted = min(declared.runs, equivalence.runs_needed(_differences(pairs), _margin(declared, pairs)))
        if wanted > PILOT_RUNS:
            more, problem = _values(bench, (baseline, contender), stage, trials[PILOT_RUNS:wanted])
            pairs += more
    differences = _differences(pairs)
    what = f"{declared.statistic} of {stage}{declared.of}"
    if problem or len(differences) < 2:  # noqa: PLR2004  no spread from one
        return Equivalence(
            stage=stage, verdict="not checked", reason=problem or f"no {what} could be computed"
        )
    margin = _margin(declared, pairs)
    found = equivalence.tost(differences, margin)
    return Equivalence(
        stage=stage,
        verdict=found.verdict,
        reason=f"{what}: {_means(found)}, margin {margin:.3g}",
        shapes=f"{found.n} runs",
        values=found.n,
        worst_abs=None if found.mean is None else abs(found.mean),
        tolerance_reason=declared.reason,
    )


def _means(found: equivalence.Tost) -> str:
    if found.mean is None or found.low is None or found.high is None:
        return found.reason
    interval = f"[{found.low:.3g}, {found.high:.3g}], {100 * found.confidence:.0f} %, {found.n} runs a side"
    return f"the means differ by {found.mean:.3g} ({interval})"


def _differences(pairs: list[tuple[float, float]]) -> list[float]:
    return [c - b for b, c in pairs]


def _margin(declared: Stochastic, pairs: list[tuple[float, float]]) -> float:
    """Return the margin in the statistic's own unit."""
    return (
        declared.margin * abs(statistics.fmean(b for b, _ in pairs)) if declared.relative else declared.margin
    )


def _values(
    bench: Bench, sides: tuple[Variant, Variant], stage: str, trials: tuple[Trial, ...]
) -> tuple[list[tuple[float, float]], str]:
    """Return the statistic of the baseline and of the contender, run by run; and a problem, if any."""
    declared = bench.pipeline.stochastic[stage]
    first = dataclasses.replace(trials[0], kind="main")
    pair = next(schedule.plan(bench.seed))
    with contextlib.ExitStack() as stack:
        values = []
        for variant in sides:
            held = hold(bench, variant, pair, (first, *trials[1:]), probing=False, stack=stack)
            mapped = bench.pipeline.stages if variant is sides[1] else {}
            values.append([_statistic(held, one.name, stage, declared, mapped) for one in trials])
    pairs = [(b, c) for b, c in zip(*values, strict=True) if b is not None and c is not None]
    if not pairs:
        return [], f"there are no numbers at {stage}{declared.of}"
    return pairs, ""


def _statistic(
    held: Bundle, trial: str, stage: str, declared: Stochastic, mapped: dict[str, StageMapping]
) -> float | None:
    run = next((one for one in held.run.trials if one.name == trial and one.outcome == "returned"), None)
    if run is None:
        return None
    path = "" if stage == comparator.RESULT else stage
    numbers: list[float] = []
    for one in mapping.renamed(run.checkpoints, mapped):
        if one.stage == path:
            numbers += _numbers(one, declared.of, held, trial)
    return _STATISTICS[declared.statistic](numbers) if numbers else None


def _numbers(one: Checkpoint, of: str, held: Bundle, trial: str) -> list[float]:
    found: list[float] = []
    for leaf in one.leaves:
        if leaf.path.startswith(of):
            found += _of_leaf(leaf, held, trial)
    return found


def _of_leaf(leaf: Leaf, held: Bundle, trial: str) -> list[float]:
    if leaf.kind == "array":
        loaded = arrays.load(leaf, held.folders[trial])
        if loaded is None or loaded.dtype.kind not in "biuf":
            return []
        return np.asarray(loaded, dtype=float).tolist()  # type: ignore[no-any-return]
    if leaf.type == "builtins.int":
        with contextlib.suppress(ValueError):
            return [float(leaf.text)]
    return []
