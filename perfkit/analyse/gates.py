"""What a comparison must hold to count as fine: not slower, not below its target, no output different."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perfkit.model import Breakdown, Comparison, Scrutiny


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
    target, high = comparison.pipeline.target, breakdown.run.sure_high
    if target is not None and high is not None and high < target:
        found.append(f"the speedup is below the target of {target:g}x")
    return (*found, *failed_outputs(comparison.scrutiny))


def failed_outputs(scrutiny: Scrutiny) -> tuple[str, ...]:
    """Return what is wrong with the outputs, one sentence each: what differs, and which tricks were found."""
    different = dict.fromkeys(
        one.stage
        for verification in scrutiny.verifications
        if verification.kind != "edge"
        for one in verification.stages
        if one.verdict == "different"
    )
    found = [f"the output differs: {', '.join(different)}"] if different else []
    if not different and scrutiny.timed is not None and scrutiny.timed.verdict == "different":
        found.append("what the timed runs returned differs")
    tricks = [one for one in scrutiny.findings if one.verdict in {"trick", "different"}]
    return (*found, *(f"{one.check}: {one.sentence}" for one in tricks))


def undecided_outputs(scrutiny: Scrutiny) -> tuple[str, ...]:
    """Return whose equality is not decided, one sentence each."""
    stages = dict.fromkeys(
        one.stage
        for verification in scrutiny.verifications
        if verification.kind != "edge"
        for one in verification.stages
        if one.verdict == "inconclusive"
    )
    found = [f"whether the output is equal is not decided: {', '.join(stages)}"] if stages else []
    untried = [
        one.name
        for one in scrutiny.verifications
        if one.kind == "proof" and any(stage.verdict == "not checked" for stage in one.stages)
    ]
    return (*found, *(f"a further verification was not made: {name}" for name in untried))


def _why(breakdown: Breakdown) -> str:
    run = breakdown.run
    if run.sure_low is None:
        return "one pair gives no interval" if run.group == 1 else "one group of pairs gives no interval"
    if run.sure_low == run.sure_high:
        return "all pairs gave the same ratio, as a clock too coarse would"
    return f"at {100 * breakdown.verdicts_at:.4g} % the interval of the speedup includes 1"


def undecided(comparison: Comparison, breakdown: Breakdown) -> tuple[str, ...]:
    """Return what the interval does not decide, one sentence each; empty if it decides everything."""
    found = []
    low, high = breakdown.run.sure_low, breakdown.run.sure_high
    if breakdown.verdict == "inconclusive":
        found.append(f"which side is faster is not decided: {_why(breakdown)}")
    target = comparison.pipeline.target
    if target is not None and low is not None and high is not None and low < target <= high:
        found.append(f"whether the target of {target:g}x is met is not decided: it lies inside the interval")
    return (*found, *undecided_outputs(comparison.scrutiny))
