"""From the runs of a scaling to how each cost of each variant grows, and which variant is faster where."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING, Literal

from perfkit.analyse import crossing, growth, laws, stats
from perfkit.errors import UsageError
from perfkit.model import CostAtSize, Crossing, Growth, JudgedClaim, RatioAtSize, ScalingReport, TimingRun

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    from perfkit.model import Estimate, Scaling

    Costs: TypeAlias = dict[int, list[float]]
    """Of each size, one cost for each round."""

TOTAL = ""
ALL = "run"
"""What a claim on all of ``run`` names."""
SMALLEST_RANGE = 4.0
"""An exponent from sizes that are closer together is not told."""
SMALLEST_TIME_S = 1e-3
SMALLEST_MEMORY_BYTES = 1024 * 1024
SMALLEST_GROWTH = 2.0
"""A cost that grows by less over the range is mostly constant."""
NEAR = 0.05
"""An exponent this near to a claimed law's own agrees with it."""
WIDEST = 0.6
"""An interval of the exponent wider than this agrees with laws far apart: it tells nothing."""

_Quantity = Literal["time", "memory"]


def report(scaling: Scaling, runs: Mapping[str, TimingRun]) -> ScalingReport:
    """Say how each cost of each variant grows.

    Parameters
    ----------
    scaling
        Which runs belong to which size.
    runs
        By id; a contender's stages under the baseline's names.

    Raises
    ------
    TypeError
        If one of the runs is not a `TimingRun`: profiles yield no times.
    """
    if not all(isinstance(one, TimingRun) for one in runs.values()):
        raise TypeError("a time comes only from clean runs (TimingRun)")
    by_variant = [
        {
            size: [runs[one.runs[index]] for one in scaling.blocks if one.size == size]
            for size in scaling.sizes
        }
        for index in range(len(scaling.variants))
    ]
    names = [one.name for one in scaling.variants]
    stages = _stages(by_variant)
    times = {
        (name, stage): _times(found, stage)
        for stage in (*stages, TOTAL)
        for name, found in zip(names, by_variant, strict=True)
    }
    growths = [
        _growth(name, stage, "time", costs, scaling) for (name, stage), costs in times.items() if costs
    ]
    for name, found in zip(names, by_variant, strict=True):
        memory = _memory(found)
        if memory:
            growths.append(_growth(name, TOTAL, "memory", memory, scaling))
    ratios, crossings = [], []
    for name in names[1:]:
        for stage in (*stages, TOTAL):
            found_ratios = _ratios(times[names[0], stage], times[name, stage])
            ratios += [
                RatioAtSize(variant=name, stage=stage, size=size, ratio=stats.estimate(logs))
                for size, logs in found_ratios.items()
            ]
            of = (len(stages) + 1) * (len(names) - 1)
            crossings += _crossings(names[0], name, stage, found_ratios, of=of)
    return ScalingReport(
        scaling=scaling,
        growths=tuple(growths),
        ratios=tuple(ratios),
        crossings=tuple(crossings),
        claims=tuple(_claims(scaling, growths)),
    )


def _stages(by_variant: Sequence[dict[int, list[TimingRun]]]) -> list[str]:
    """Return the paths of all stages, in the order of the first variant that has them."""
    found: dict[str, None] = {}
    for runs in by_variant:
        for size in reversed(runs):
            for run in runs[size]:
                found |= dict.fromkeys(stage.path for stage in run.stages)
    seen = {path: index for index, path in enumerate(found)}

    def place(path: str) -> list[int]:
        parts = path.split("/")
        return [seen.get("/".join(parts[:n]), -1) for n in range(1, len(parts) + 1)]

    return sorted(found, key=place)  # children after their parent


def _times(runs: dict[int, list[TimingRun]], stage: str) -> Costs:
    """Return a stage's times; without the sizes at which it did not run each time."""
    found: Costs = {}
    for size, ran in runs.items():
        if not stage:
            found[size] = [one.run_s for one in ran]
            continue
        times = [[part.total_s for part in one.stages if part.path == stage] for one in ran]
        if times and all(times):
            found[size] = [sum(one) for one in times]
    return found


def _memory(runs: dict[int, list[TimingRun]]) -> Costs:
    """Return the peak memory above what there was before ``run``; nothing where the system does not tell."""
    found: Costs = {}
    for size, ran in runs.items():
        known = [
            float(one.peak_rss_bytes - one.base_rss_bytes)
            for one in ran
            if one.peak_rss_bytes is not None and one.base_rss_bytes is not None
        ]
        if len(known) < len(ran):
            return {}
        found[size] = known
    return found


def _growth(variant: str, stage: str, quantity: _Quantity, costs: Costs, scaling: Scaling) -> Growth:
    sizes, medians = list(costs), [statistics.median(one) for one in costs.values()]
    repeats = scaling.rounds
    points = tuple(_point(size, one) for size, one in costs.items())
    withheld = _withheld(quantity, sizes, medians, scaling)
    usable = bool(sizes) and min(medians, default=0.0) > 0
    long_enough = usable and medians[-1] >= _smallest(quantity)
    exponent = growth.exponent(sizes, medians, repeats) if not withheld else None
    judged = None
    if (
        long_enough
        and len(sizes) >= growth.FEWEST_SIZES
        and repeats >= growth.FEWEST_REPEATS
        and sizes[-1] >= SMALLEST_RANGE * sizes[0]
        and all(value > 0 for one in costs.values() for value in one)
    ):
        judged = laws.judge(sizes, list(costs.values()))
    return Growth(
        variant=variant,
        stage=stage,
        quantity=quantity,
        costs=points,
        exponent=exponent,
        withheld=withheld,
        change=growth.change(sizes, medians, repeats) if exponent is not None else None,
        laws=judged.laws if judged else (),
        power_too=judged.power_too if judged else False,
    )


def _smallest(quantity: _Quantity) -> float:
    return SMALLEST_TIME_S if quantity == "time" else SMALLEST_MEMORY_BYTES


def _withheld(quantity: _Quantity, sizes: list[int], medians: list[float], scaling: Scaling) -> str:
    """Say why an exponent would be false precision, or nothing."""
    if len(sizes) < min(growth.FEWEST_SIZES, len(scaling.sizes)) or len(sizes) < 3:  # noqa: PLR2004  a line
        return f"ran at {len(sizes)} of {len(scaling.sizes)} sizes"
    if sizes[-1] < SMALLEST_RANGE * sizes[0]:
        return f"the sizes differ {sizes[-1] / sizes[0]:.2g}-fold, less than 4-fold"
    if medians[-1] < _smallest(quantity):
        return "less than 1 ms" if quantity == "time" else "less than 1 MiB"
    if min(medians) <= 0:
        what = "no measurable time" if quantity == "time" else "no memory of its own"
        return f"{what} at {sizes[medians.index(min(medians))]:,}"
    if medians[-1] < SMALLEST_GROWTH * medians[0]:
        times, larger = medians[-1] / medians[0], sizes[-1] / sizes[0]
        return f"mostly constant: {times:.3g} times as much at {larger:.3g} times the size"
    return ""


def _point(size: int, costs: list[float]) -> CostAtSize:
    middle = statistics.median(costs)
    if len(costs) < growth.FEWEST_REPEATS or min(costs) <= 0:
        return CostAtSize(size=size, median=middle, low=None, high=None)
    found = stats.estimate([math.log(one) for one in costs])
    return CostAtSize(size=size, median=middle, low=found.low, high=found.high)


def _ratios(first: Costs, other: Costs) -> Costs:
    """Return the pairs' log ratios at each size that both have; without sizes of no measurable time."""
    found: Costs = {}
    for size in first:
        pairs = list(zip(first[size], other.get(size, ()), strict=False))
        if pairs and all(ours > 0 and theirs > 0 for ours, theirs in pairs):
            found[size] = [math.log(ours / theirs) for ours, theirs in pairs]
    return found


def _crossings(first: str, other: str, stage: str, ratios: Costs, *, of: int) -> list[Crossing]:
    """Find where the ratio passes 1; corrected for so many stages, and for the sizes (Bonferroni)."""
    sides = []
    for size, logs in ratios.items():
        found = stats.estimate(logs, alpha=(1 - stats.CONFIDENCE) / (of * len(ratios)))
        if len(logs) < growth.FEWEST_REPEATS or found.sure_low is None or found.sure_high is None:
            return []
        low, high = math.log(found.sure_low), math.log(found.sure_high)
        sides.append(crossing.Side(size, math.log(found.value), low, high, tuple(logs)))
    return [
        Crossing(
            stage=stage,
            below=first if one.rising else other,
            above=other if one.rising else first,
            size=one.size,
            low=one.low,
            high=one.high,
            measured=one.measured,
        )
        for one in crossing.crossings(sides)
    ]


def check_claims(claims: Mapping[str, str], variants: Sequence[str], where: str) -> None:
    """See that claims can be read; UsageError if not.

    Parameters
    ----------
    where
        Where they stand, for the message.
    """
    for target, law in claims.items():
        try:
            laws.read(law)
        except UsageError as error:
            raise UsageError(f"{where}.{target}: {error}") from error
        variant, colon, _ = target.partition(":")
        if colon and variant not in variants:
            raise UsageError(
                f"{where}: {target!r} speaks of variant {variant!r}; measured are {', '.join(variants)}"
            )


def _claims(scaling: Scaling, growths: Sequence[Growth]) -> list[JudgedClaim]:
    found = []
    for target, text in scaling.claims.items():
        variant, colon, stage = target.rpartition(":")
        shape = laws.read(text)
        for one in growths:
            wanted = TOTAL if stage == ALL else stage
            if one.quantity != "time" or one.stage != wanted or (colon and one.variant != variant):
                continue
            expected = shape.exponent(scaling.sizes)
            found.append(
                JudgedClaim(
                    variant=one.variant,
                    stage=one.stage,
                    law=shape.name,
                    expected=expected,
                    verdict=_verdict(one.exponent, expected),
                )
            )
    return found


def _verdict(
    exponent: Estimate | None, expected: float
) -> Literal["agrees", "steeper", "flatter", "not told"]:
    if exponent is None or exponent.low is None or exponent.high is None:
        return "not told"
    if exponent.low > expected + NEAR:
        return "steeper"
    if exponent.high < expected - NEAR:
        return "flatter"
    return "agrees" if exponent.high - exponent.low <= WIDEST else "not told"
