"""The section on correctness: what was compared, stage by stage, and the pipeline's own numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.report import claims, units, variants
from perfkit.report.equality import PASSED, RESULT
from perfkit.report.parameters import changed_settings, settings
from perfkit.report.text import Column, Line, Row, Table, code, line, listed, prose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.model import (
        Equivalence,
        Metrics,
        Parameters,
        Report,
        Scrutiny,
        TakenApart,
        VariantKind,
        Verdict,
        Verification,
    )

_MARKS: dict[Verdict, str] = {
    "identical": "✅",
    "equal within tolerance": "✅",
    "statistically equivalent": "✅",
    "different": "❌",
    "not checked": "⚪",
    "inconclusive": "⚪",
}
_MOST_NAMED = 5
_CHANCE, _CASES = "_chance", "_cases"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One verification.

    Attributes
    ----------
    main
        It is not a further proof.
    passed
        Every stage in it was compared and none differs.
    heading
        Empty for the main one, unless its parameters are not those that were timed.
    summary
        How many stages have which verdict.
    reasons
        Why a stage differs, was not checked, or has a tolerance of its own, and what plug-ins took apart.
    taken_apart
        The last of these alone: no verdict may be shown without them.
    metrics
        The pipeline's own numbers on both sides; None if it returns none.
    """

    main: bool
    passed: bool
    heading: Line
    intro: Line
    summary: Line
    table: Table
    reasons: tuple[Line, ...]
    taken_apart: tuple[Line, ...]
    metrics: Table | None
    metric_remarks: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Who was compared: all that the section needs besides the verifications.

    Attributes
    ----------
    baseline, contender
        Names of the variants.
    parameters
        Of the main run.
    kind
        What the baseline is.
    timed_metrics
        Of each timed pair, the baseline's and the contender's.
    """

    baseline: str
    contender: str
    parameters: Parameters
    kind: VariantKind = "pipeline"
    timed_metrics: tuple[tuple[Metrics, Metrics], ...] = ()


def sides(report: Report) -> Sides:
    """Return who is compared in a report."""
    runs = report.timing_runs
    return Sides(
        baseline=report.comparison.baseline.name,
        contender=report.comparison.contender.name,
        parameters=report.comparison.parameters,
        kind=report.comparison.baseline.kind,
        timed_metrics=tuple(
            (runs[pair.baseline_run].metrics, runs[pair.contender_run].metrics)
            for pair in report.comparison.pairs
            if pair.baseline_run in runs and pair.contender_run in runs
        ),
    )


def checks(who: Sides, scrutiny: Scrutiny) -> tuple[Checked, ...]:
    """Build the section on correctness, one part for each verification of the full size."""
    full = [one for one in scrutiny.verifications if one.kind in {"main", "proof"}]
    return tuple(_checked(who, one) for one in full)


def impossible(scrutiny: Scrutiny) -> Line:
    """Say why no stage could be compared; empty if that was possible, or nobody asked."""
    if not scrutiny.impossible:
        return line()
    return line("No stage was compared, because ", prose(scrutiny.impossible), ".")


def _checked(who: Sides, one: Verification) -> Checked:
    changed = changed_settings(one.parameters, who.parameters)
    if changed:
        heading = line("With ", settings(changed))
    elif one.kind == "proof":
        heading = line(f"Further verification, seed {one.seed}")
    else:
        heading = line()
    taken_apart = tuple(_taken_apart(who, one))
    return Checked(
        main=one.kind == "main",
        passed=all(stage.verdict in PASSED for stage in one.stages),
        summary=_summary(who, one),
        heading=heading,
        intro=line(prose(f"{_sentence(one.reason)} " if one.reason else ""), _inputs(who, one)),
        table=_table(who, one),
        reasons=(*(reason for stage in one.stages for reason in _reasons(who, stage)), *taken_apart),
        taken_apart=taken_apart,
        metrics=_metrics(who, one),
        metric_remarks=_metric_remarks(who, one),
    )


def _summary(who: Sides, one: Verification) -> Line:
    """Count the verdicts, and name the error that comes closest to its tolerance."""
    counts = {verdict: sum(stage.verdict == verdict for stage in one.stages) for verdict in _MARKS}
    found = [line(f"{_MARKS[verdict]} {n} {verdict}") for verdict, n in counts.items() if n]
    if not found:
        return line("Nothing was compared.")
    bounded = [
        (stage.worst_rel / stage.rtol, stage)
        for stage in one.stages
        if stage.verdict in PASSED and stage.worst_rel and stage.rtol
    ]
    if not bounded:
        return line(listed(found), ".")
    _, closest = max(bounded, key=lambda pair: pair[0])
    return line(
        listed(found),
        ". Closest to its tolerance: ",
        _name(who, closest.stage),
        f", {units.signed_error(closest.worst_rel)} of {units.tolerance(closest.rtol)}.",
    )


def _inputs(who: Sides, one: Verification) -> Line:
    """Say what both sides were given."""
    if who.kind in variants.OWN_INPUTS:
        return line(
            "Both sides were run with ",
            settings(one.parameters) if one.parameters else "the same arguments",
            *(() if who.kind == "command" else (f", the global random generators seeded with {one.seed}",)),
            ".",
        )
    return line(
        "Both sides got the same inputs, from ",
        code("make_inputs"),
        " of ",
        code(who.baseline),
        f" with seed {one.seed} and ",
        settings(one.parameters),
        ".",
    )


def _name(who: Sides, stage: str) -> Line:
    return variants.result(who.kind) if stage == RESULT else line(code(stage))


def _table(who: Sides, one: Verification) -> Table:
    rows = [
        Row(
            cells=(
                _name(who, stage.stage),
                line(f"{_MARKS[stage.verdict]} {stage.verdict}"),
                line(stage.shapes or units.NONE),
                line(units.count(stage.values)),
                line(units.signed_error(stage.worst_abs)),
                line(units.signed_error(stage.worst_rel)),
                line(units.tolerance(stage.rtol)),
            )
        )
        for stage in one.stages
    ]
    return Table(
        columns=(
            Column(key="stage", title="stage"),
            Column(key="verdict", title="verdict", whole=True),
            Column(key="shapes", title="compared"),
            Column(key="values", title="values", align="right"),
            Column(key="absolute", title="worst absolute", align="right"),
            Column(key="relative", title="worst relative", short="rel. error", align="right"),
            Column(key="tolerance", title="tolerance", align="right"),
        ),
        rows=tuple(rows),
    )


def _reasons(who: Sides, stage: Equivalence) -> list[Line]:
    made = []
    if stage.reason:
        said = not stage.worst_at or stage.worst_at in stage.reason
        at = line() if said else line(" Worst at ", code(stage.worst_at), ".")
        made.append(line(_name(who, stage.stage), f", {stage.verdict}: ", prose(_sentence(stage.reason)), at))
    if stage.tolerance_reason:
        tolerance = units.tolerance(stage.rtol)
        made.append(
            line(
                _name(who, stage.stage),
                f", tolerance {tolerance}: ",
                prose(_sentence(stage.tolerance_reason)),
            )
        )
    return made


def _taken_apart(who: Sides, one: Verification) -> Iterator[Line]:
    """Say once of each type that a plug-in took apart what was compared of it, and in which stages."""
    stages: dict[TakenApart, list[Line]] = {}
    for stage in one.stages:
        for apart in stage.taken_apart:
            stages.setdefault(apart, []).append(_name(who, stage.stage))
    for apart, names in stages.items():
        yield line(
            listed(names, _MOST_NAMED),
            ": the plugged-in comparator ",
            code(apart.by),
            " took ",
            code(apart.type),
            " apart into ",
            code(apart.parts),
            "; what it left out was not compared.",
        )


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


# ---------------------------------------------------------------- the pipeline's own numbers


def _names(one: Verification) -> list[str]:
    """Return the metrics of either side, the baseline's order first, without what only explains others."""
    names = list(dict.fromkeys([*one.baseline_metrics, *one.contender_metrics]))
    beside = {f"{name}{suffix}" for name in names for suffix in (_CHANCE, _CASES)}
    return [name for name in names if name not in beside]


def _metrics(who: Sides, one: Verification) -> Table | None:
    rows = [
        Row(
            cells=(
                line(code(name), _chance(one, name)),
                line(_number(one.baseline_metrics, name)),
                line(_number(one.contender_metrics, name)),
                line(_difference(one, name)),
            )
        )
        for name in _names(one)
    ]
    if not rows:
        return None
    return Table(
        columns=(
            Column(key="metric", title="metric"),
            Column(key="baseline", title=who.baseline, align="right"),
            Column(key="contender", title=who.contender, align="right"),
            Column(key="difference", title="difference", align="right"),
        ),
        rows=tuple(rows),
    )


def _number(metrics: Metrics, name: str) -> str:
    """Print a metric: a dash where the side has none, "n/a" where it is not finite."""
    if name not in metrics:
        return units.NONE
    value = metrics[name]
    return units.NOT_FINITE if value is None else units.number(value)


def _gap(baseline: float | None, contender: float | None) -> float | None:
    """Return how far the contender's metric lies from the baseline's; None if one of them is no number."""
    if baseline == contender:
        return 0.0  # as are two that are both not finite
    if baseline is None or contender is None or not math.isfinite(contender - baseline):
        return None
    return contender - baseline


def _difference(one: Verification, name: str) -> str:
    if name not in one.baseline_metrics or name not in one.contender_metrics:
        return units.NONE
    gap = _gap(one.baseline_metrics[name], one.contender_metrics[name])
    if gap is None:
        return units.NOT_FINITE
    return units.signed_error(gap) if gap else "identical"


def _chance(one: Verification, name: str) -> Line:
    level = one.baseline_metrics.get(name + _CHANCE)
    return line() if level is None else line(f" (chance: {units.significant(level, 2)})")


def _metric_remarks(who: Sides, one: Verification) -> tuple[Line, ...]:
    both = ((who.baseline, one.baseline_metrics), (who.contender, one.contender_metrics))
    remarks = []
    for name in _names(one):
        level = one.baseline_metrics.get(name + _CHANCE)
        if level is None:
            continue
        values = [(side, metrics.get(name)) for side, metrics in both]
        low = [line(code(side)) for side, value in values if value is not None and value <= level]
        if low:
            chance = units.significant(level, 2)
            remarks.append(
                line(code(name), " of ", listed(low), f" is no better than chance ({chance}): no evidence.")
            )
    differing = [_name(who, stage.stage) for stage in one.stages if stage.verdict == "different"]
    same = [line(code(name)) for name in _names(one) if _difference(one, name) == "identical"]
    if differing and same:
        remarks.append(
            line(
                "Identical ",
                listed(same),
                " all the same: it does not show what differs in ",
                listed(differing),
                ".",
            )
        )
    if one.kind == "main":
        remarks += _over_pairs(who, _names(one))
    return tuple(remarks)


def _over_pairs(who: Sides, names: list[str]) -> list[Line]:
    """Say of each metric whether the timed pairs agree on it, or by how much at most they do not."""
    made = []
    for name in names:
        both = [
            (left[name], right[name]) for left, right in who.timed_metrics if name in left and name in right
        ]
        gaps = [_gap(baseline, contender) for baseline, contender in both]
        if not gaps:
            continue
        n = len(gaps)
        if not any(gap is None or gap for gap in gaps):
            words = "identical in the one timed pair" if n == 1 else f"identical in all {n} timed pairs"
        else:
            differing = sum(gap is None or gap != 0 for gap in gaps)
            numbers = [abs(gap) for gap in gaps if gap is not None]
            largest = units.signed_error(max(numbers)) if len(numbers) == n else units.NOT_FINITE
            words = f"differs in {differing} of {claims.timed_pairs(n)}, by at most {largest}"
        made.append(line(code(name), ": ", words, "."))
    return made
