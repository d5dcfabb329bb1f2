"""What a comparison must hold to count as fine: not slower, not below its target, no output different."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perfkit.model import Breakdown, Comparison


def failed(comparison: Comparison, breakdown: Breakdown) -> tuple[str, ...]:
    """Return why the comparison fails, one sentence each; empty if it does not.

    Parameters
    ----------
    comparison
        With its verifications.
    breakdown
        Of its timed pairs.
    """
    found = []
    if breakdown.verdict == "slower":
        found.append(f"{comparison.contender.name} is slower than {comparison.baseline.name}")
    target, high = comparison.pipeline.target, breakdown.run.high
    if target is not None and high is not None and high < target:
        found.append(f"the speedup is below the target of {target:g}x")
    different = dict.fromkeys(
        one.stage
        for verification in comparison.verifications
        for one in verification.stages
        if one.verdict == "different"
    )
    if different:
        found.append(f"the output differs: {', '.join(different)}")
    return tuple(found)


def undecided(comparison: Comparison, breakdown: Breakdown) -> tuple[str, ...]:
    """Return what the interval does not decide, one sentence each; empty if it decides everything."""
    found = []
    low, high = breakdown.run.low, breakdown.run.high
    if breakdown.verdict == "inconclusive":
        why = "one pair gives no interval" if low is None else "the interval of the speedup includes 1"
        found.append(f"which side is faster is not decided: {why}")
    target = comparison.pipeline.target
    if target is not None and low is not None and high is not None and low < target <= high:
        found.append(f"whether the target of {target:g}x is met is not decided: it lies inside the interval")
    return tuple(found)
