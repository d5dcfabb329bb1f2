"""What a comparison must hold to count as fine: not slower, not below its target, no output different.

Every limit on speed is one on a speedup, and is held against the surer interval that verdicts are made from:
the gate fails if even the upper end lies beyond the limit, passes if even the lower end keeps to it, and is
undecided if the limit lies in between, or if there is no interval.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from perfkit.errors import UsageError
from perfkit.model import Gate, Gates

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from perfkit.model import Breakdown, Comparison, Estimate, GateOutcome, Scrutiny, StageRow, Verified


_DIGITS, _MOST_DIGITS = 4, 17
_VERIFIED = "outputs verified"


def judge(comparison: Comparison, breakdown: Breakdown, verified: Verified) -> tuple[Gate, ...]:
    """Judge all that a comparison is held to.

    Parameters
    ----------
    comparison
        With its verifications, and with the gates that were asked for.
    breakdown
        Of its timed pairs.
    verified
        Whether its outputs are verified, as reports say.

    Returns
    -------
    tuple of Gate
        Speed first, then the stages, the target, and the outputs.
    """
    asked = comparison.gates or Gates()
    found = [
        _speed(comparison, breakdown, asked.slower.get("")),
        *(_stage(name, limit, breakdown) for name, limit in asked.slower.items() if name),
    ]
    target = comparison.pipeline.target
    if target is not None:
        found.append(_target(target, breakdown, asked=asked.least is not None))
    return (*found, *judge_outputs(comparison.scrutiny, verified, required=asked.verified))


def judge_outputs(scrutiny: Scrutiny, verified: Verified, *, required: bool) -> tuple[Gate, ...]:
    """Judge what the outputs are held to; nothing if they were not compared and need not be.

    Parameters
    ----------
    required
        Whether they must be verified, and not only be free of differences.
    """
    found = []
    failed, undecided = failed_outputs(scrutiny), undecided_outputs(scrutiny)
    if verified.compared or failed or undecided:
        outcome: GateOutcome = "failed" if failed else "undecided" if undecided else "passed"
        words = failed or undecided or (_free_of_differences(scrutiny),)
        found.append(Gate(name="no output differs", outcome=outcome, reasons=words))
    if required:
        why = f"verified {verified.proviso}".rstrip() if verified.holds else f"not verified: {verified.why}"
        outcome = "passed" if verified.holds else "failed"
        found.append(Gate(name=_VERIFIED, outcome=outcome, reasons=(why,), asked=True))
    return tuple(found)


def judge_verification(scrutiny: Scrutiny, verified: Verified, *, required: bool) -> tuple[Gate, ...]:
    """Judge a verification of its own, which shows nothing unless its outputs are verified.

    Parameters
    ----------
    required
        Whether what is not verified fails, instead of being undecided.
    """
    found = judge_outputs(scrutiny, verified, required=required)
    if required or any(one.outcome != "passed" for one in found):
        return found
    outcome: GateOutcome = "passed" if verified.holds else "undecided"
    why = f"verified {verified.proviso}".rstrip() if verified.holds else f"not verified: {verified.why}"
    return (*found, Gate(name=_VERIFIED, outcome=outcome, reasons=(why,)))


def names(asked: Gates) -> list[str]:
    """Return what gates are called that were asked for, as `judge` calls them."""
    found = [_slower(stage, limit) for stage, limit in asked.slower.items()]
    found += [_least(asked.least)] if asked.least is not None else []
    return found + ([_VERIFIED] if asked.verified else [])


def _slower(stage: str, limit: float) -> str:
    return f"{stage or 'run'} at most {_percent(limit)} slower"


def _least(target: float) -> str:
    return f"speedup of at least {target:g}x"


def reasons(gates: Iterable[Gate], outcome: GateOutcome) -> list[str]:
    """Return the sentences of all gates with that outcome."""
    return [reason for gate in gates if gate.outcome == outcome for reason in gate.reasons]


def least_speedup(slower: float) -> float:
    """Return the speedup that is the limit if the contender may take so much longer: 1/1.02 for 0.02."""
    return 1 / (1 + slower)


# ---------------------------------------------------------------- speed


def _speed(comparison: Comparison, breakdown: Breakdown, slower: float | None) -> Gate:
    """Judge the run as a whole: by the limit that was asked for, or else by the verdict on speed."""
    contender, baseline = comparison.contender.name, comparison.baseline.name
    if slower is not None:
        return _limit(_slower("", slower), slower, breakdown.run, breakdown)
    verdict = breakdown.verdict
    outcome: GateOutcome = "passed"
    why = f"{contender} is {verdict}" if verdict == "faster" else "there is no difference that matters"
    if verdict == "slower":
        outcome, why = "failed", f"{contender} is slower than {baseline}"
    elif verdict == "inconclusive":
        outcome, why = "undecided", f"which side is faster is not decided: {_why(breakdown)}"
    return Gate(name="run not slower", outcome=outcome, reasons=(why,))


def _stage(name: str, slower: float, breakdown: Breakdown) -> Gate:
    title = _slower(name, slower)
    stages = [row for row in breakdown.rows if row.kind in {"stage", "other thread"}]
    try:
        path = stage_named(name, [row.path for row in stages])
    except UsageError as error:
        return Gate(name=title, outcome="undecided", reasons=(str(error),), stage=name, asked=True)
    row = next(one for one in stages if one.path == path)
    if row.speedup is None:
        why = f"{path} has no speedup: {_only(row)}"
        return Gate(name=title, outcome="undecided", reasons=(why,), stage=path, asked=True)
    return _limit(title, slower, row.speedup, breakdown, stage=path)


def _only(row: StageRow) -> str:
    if row.contender_s is None or row.baseline_s is None:
        return f"only the {'baseline' if row.contender_s is None else 'contender'} has that stage"
    return "it did not run in every pair, or took no measurable time"


def _limit(title: str, slower: float, speedup: Estimate, breakdown: Breakdown, *, stage: str = "") -> Gate:
    """Hold a speedup against the least one that a limit allows."""
    limit = least_speedup(slower)
    low, high = speedup.sure_low, speedup.sure_high
    what, more = stage or "run", f"more than {_percent(slower)} slower"
    level = f"at {_level(breakdown)}" + (", corrected for the number of stages," if stage else "")
    held = f"{_ratio(limit)}, which is {_percent(slower)} slower"
    outcome: GateOutcome = "undecided"
    if low is None or high is None or low == high:
        why = f"whether {what} is {more} is not decided: {_no_interval(speedup)}"
    elif high < limit:
        outcome = "failed"
        why = (
            f"{what} is surely {more}: {level} even the upper end of its speedup's interval, "
            f"{_apart(high, limit)}, lies below {held}"
        )
    elif low >= limit:
        outcome = "passed"
        why = (
            f"{what} is surely not {more}: {level} even the lower end of its speedup's interval, "
            f"{_apart(low, limit)}, is not below {held}"
        )
    else:
        why = (
            f"whether {what} is {more} is not decided: {level} the interval of its speedup, "
            f"{_apart(low, limit)} to {_apart(high, limit)}, holds the limit {held}"
        )
    return Gate(name=title, outcome=outcome, reasons=(why,), stage=stage, asked=True)


def _target(target: float, breakdown: Breakdown, *, asked: bool) -> Gate:
    run, wanted = breakdown.run, f"the target of {target:g}x"
    low, high = run.sure_low, run.sure_high
    outcome: GateOutcome = "undecided"
    if low is None or high is None:
        why = f"whether {wanted} is met is not decided: {_no_interval(run)}"
    elif high < target:
        outcome, why = "failed", f"the speedup is below {wanted}"
    elif low >= target:
        outcome, why = "passed", f"{wanted} is met"
    else:
        why = f"whether {wanted} is met is not decided: it lies inside the interval"
    return Gate(name=_least(target), outcome=outcome, reasons=(why,), asked=asked)


def stage_named(name: str, paths: Sequence[str]) -> str:
    """Return the stage that a user means by its path or the end of one.

    Parameters
    ----------
    name
        ``normalise`` or ``feature_extraction/normalise``.
    paths
        Of the stages that ran.

    Raises
    ------
    UsageError
        If there is no such stage, or several.
    """
    paths = list(dict.fromkeys(paths))
    if name in paths:
        return name
    found = [one for one in paths if one.endswith(f"/{name}")]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{name!r} names several stages, say which one: {', '.join(found)}")
    if not paths:
        raise UsageError(f"there is no stage {name!r}: the pipeline marks no stages")
    near = difflib.get_close_matches(name, [*paths, *(one.rpartition("/")[2] for one in paths)], n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there is {', '.join(paths)}"
    raise UsageError(f"there is no stage {name!r}: {hint}")


def _why(breakdown: Breakdown) -> str:
    run = breakdown.run
    if run.sure_low is None or run.sure_low == run.sure_high:
        return _no_interval(run)
    return f"at {_level(breakdown)} the interval of the speedup includes 1"


def _no_interval(found: Estimate) -> str:
    if found.sure_low is None or found.sure_high is None:
        return "one pair gives no interval" if found.group == 1 else "one group of pairs gives no interval"
    return "all pairs gave the same ratio, as a clock too coarse would"


def _level(breakdown: Breakdown) -> str:
    return f"{100 * breakdown.verdicts_at:.4g} %"


def _percent(share: float) -> str:
    return f"{100 * share:.6g} %"


def _ratio(value: float) -> str:
    return f"{value:.{_DIGITS}g}x"


def _apart(value: float, limit: float) -> str:
    """Print a ratio with as many digits as it takes to tell it from the limit."""
    digits = _DIGITS
    while digits < _MOST_DIGITS and value != limit and f"{value:.{digits}g}" == f"{limit:.{_DIGITS}g}":
        digits += 1
    return f"{value:.{digits}g}x"


# ---------------------------------------------------------------- outputs


def _free_of_differences(scrutiny: Scrutiny) -> str:
    left = dict.fromkeys(stage for stage, verdict in _verdicts(scrutiny) if verdict == "not checked")
    if scrutiny.impossible:
        return "what the timed runs returned does not differ; no stage was compared"
    unchecked = f"; not checked: {', '.join(left)}" if left else ""
    return f"no output differs, and no trick was found{unchecked}"


def failed_outputs(scrutiny: Scrutiny) -> tuple[str, ...]:
    """Return what is wrong with the outputs, one sentence each: what differs, and which tricks were found."""
    different = dict.fromkeys(stage for stage, verdict in _verdicts(scrutiny) if verdict == "different")
    found = [f"the output differs: {', '.join(different)}"] if different else []
    if not different and scrutiny.timed is not None and scrutiny.timed.verdict == "different":
        found.append("what the timed runs returned differs")
    tricks = [one for one in scrutiny.findings if one.verdict in {"trick", "different"}]
    return (*found, *(f"{one.check}: {one.sentence}" for one in tricks))


def undecided_outputs(scrutiny: Scrutiny) -> tuple[str, ...]:
    """Return whose equality is not decided, one sentence each."""
    stages = dict.fromkeys(stage for stage, verdict in _verdicts(scrutiny) if verdict == "inconclusive")
    found = [f"whether the output is equal is not decided: {', '.join(stages)}"] if stages else []
    untried = [
        one.name
        for one in scrutiny.verifications
        if one.kind == "proof" and any(stage.verdict == "not checked" for stage in one.stages)
    ]
    return (*found, *(f"a further verification was not made: {name}" for name in untried))


def _verdicts(scrutiny: Scrutiny) -> Iterator[tuple[str, str]]:
    """Yield the verdict on each stage on each input but the edge inputs, which are told apart."""
    for verification in scrutiny.verifications:
        if verification.kind != "edge":
            yield from ((one.stage, one.verdict) for one in verification.stages)
