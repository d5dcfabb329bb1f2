"""What may be claimed about speed, the target and the output: sentences that the numbers carry, and no more.

Speed and equality are judged apart: `perfkit.report.equality` says when a speedup is "verified".
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from perfkit.report import units
from perfkit.report.equality import Equality, judge
from perfkit.report.text import Line, code, line, strong

if TYPE_CHECKING:
    from perfkit.model import Estimate, Report

FEW_PAIRS = 6
"""Fewer pairs allow no interval without the assumption that log ratios are about normal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """How the speedup lies to the target."""

    mark: str
    word: str
    sentence: Line


def equality(report: Report) -> Equality:
    """Judge the output over all verifications."""
    timed = [
        row.path
        for row in report.breakdown.rows
        if row.kind in {"stage", "other thread"} and row.baseline_s is not None
    ]
    return judge(report.comparison.scrutiny, timed)


def doubt(estimate: Estimate) -> Line:
    """Say how sure a speedup is: the interval, its confidence, the number of pairs."""
    if estimate.low is None or estimate.high is None:
        return line(f"(n = {estimate.n}: no interval)")
    level = units.percent(estimate.confidence, 0)
    return line(f"({units.interval(estimate)}, {level}, {rests_on(estimate)})")


def rests_on(estimate: Estimate) -> str:
    """Say on how many pairs an estimate rests, in which groups."""
    if estimate.group == 1:
        return pairs(estimate.n)
    return f"{units.count(estimate.n)} {'group' if estimate.n == 1 else 'groups'} of {pairs(estimate.group)}"


def pairs(n: int) -> str:
    """Count pairs in words."""
    return f"{units.count(n)} pair" if n == 1 else f"{units.count(n)} pairs"


def timed_pairs(n: int) -> str:
    """Count timed pairs in words."""
    return f"{units.count(n)} timed {'pair' if n == 1 else 'pairs'}"


def inverse(estimate: Estimate) -> Estimate:
    """Turn contender's speedup into its slowdown."""
    low, high = estimate.low, estimate.high
    return dataclasses.replace(
        estimate,
        value=1 / estimate.value,
        low=1 / high if high else None,
        high=1 / low if low else None,
    )


def headline(report: Report) -> Line:
    """Say in one sentence how much faster, how sure, and whether the output is still right."""
    comparison, run, verdict = report.comparison, report.breakdown.run, report.breakdown.verdict
    baseline, contender = code(comparison.baseline.name), code(comparison.contender.name)
    checked = equality(report)
    if verdict == "faster" and checked.verified:
        speedup = strong(f"{units.ratio(run)} speedup")
        return line(
            contender,
            " achieved a ",
            speedup,
            " over ",
            baseline,
            " ",
            doubt(run),
            ", verified",
            checked.proviso,
            ".",
        )
    if verdict == "faster":
        measured = strong(f"{units.ratio(run)} measured")
        return line(
            measured,
            " for ",
            contender,
            " over ",
            baseline,
            " ",
            doubt(run),
            ", ",
            strong("not verified"),
            ": ",
            checked.why,
            ".",
        )
    outputs = (
        line(" Outputs verified", checked.proviso, ".")
        if checked.verified
        else line(" ", strong("Not verified"), ": ", checked.why, ".")
    )
    if verdict == "slower":
        slowdown = inverse(run)
        times = units.bare_ratio(slowdown)
        return line(
            contender,
            " is ",
            strong(f"{times} times slower"),
            " than ",
            baseline,
            ": it takes ",
            times,
            " times as long ",
            doubt(slowdown),
            ".",
            outputs,
        )
    between = line(" for ", contender, " over ", baseline)
    if verdict == "no difference":
        why = f": the interval {units.interval(run)} lies inside ±{100 * comparison.smallest_effect:g} %"
        return line(strong("No difference"), between, why, f" ({pairs(run.n)}).", outputs)
    return line(strong("No speedup shown"), between, ": ", _open_because(report), ".", outputs)


def _open_because(report: Report) -> str:
    """Say why a speedup is inconclusive, and what it would take to know."""
    run, level = report.breakdown.run, units.level(report.breakdown.verdicts_at)
    if run.low is None or run.high is None or run.sure_low is None or run.sure_high is None:
        return f"{units.ratio(run)} measured, but {units.NO_INTERVAL}"
    if run.low == run.high:
        return f"all {pairs(run.n)} gave {units.ratio(run)}, as a clock too coarse for these times would"
    measured = f"measured {units.ratio(run)}, {units.percent(run.confidence, 0)}, {rests_on(run)}"
    if run.low <= 1 <= run.high:
        return f"the interval {units.interval(run)} includes 1 ({measured}){_more(report)}"
    sure = dataclasses.replace(run, low=run.sure_low, high=run.sure_high)
    return (
        f"the interval {units.interval(run)} excludes 1 ({measured}), but a verdict takes {level}, where it "
        f"is {units.interval(sure)}{_more(report)}"
    )


def _more(report: Report) -> str:
    """Say how many more pairs would decide, if they go on like this, and how long those would take."""
    run, found = report.breakdown.run, report.breakdown
    if found.needed is None or found.needed <= run.n:
        return ""
    more = (found.needed - run.n) * run.group
    pair_s = found.baseline_process_s + found.contender_process_s
    if run.group > 1:  # start and import come once a group
        once_s = pair_s - sum(
            (
                found.baseline_s,
                found.contender_s,
                found.baseline_inputs_s,
                found.contender_inputs_s,
            )
        )
        pair_s -= once_s * (1 - 1 / run.group)
    seconds = more * pair_s
    return (
        f"; about {units.significant(more, 2)} more pairs would decide, {units.duration(seconds)}, if they "
        "are like these"
    )


def aim(report: Report) -> Aim | None:
    """Hold the speedup against the target; None if none was set."""
    target, run = report.comparison.pipeline.target, report.breakdown.run
    if target is None:
        return None
    wanted = units.target(target)
    if run.sure_low is None or run.sure_high is None:
        return Aim(
            mark="❔",
            word="open: no interval",
            sentence=line(f"Whether the target of {wanted} is met is open: one pair allows no interval."),
        )
    by = units.excess(abs(run.value / target - 1))
    if run.sure_low >= target:
        # The median of few, skewed pairs may lie outside their interval: then no excess is claimed.
        words = (
            f"It exceeds the target of {wanted} by {by}."
            if run.value > target
            else f"It meets the target of {wanted}."
        )
        return Aim(mark="✅", word="exceeded" if run.value > target else "met", sentence=line(words))
    if run.sure_high < target:
        return Aim(mark="❌", word="missed", sentence=line(f"It misses the target of {wanted} by {by}."))
    return Aim(
        mark="❔",
        word="inside the interval",
        sentence=line(f"The target of {wanted} is neither met nor missed: it lies inside the interval."),
    )


def tone(report: Report) -> Literal["good", "open", "bad"]:
    """Say how the whole looks, for a renderer that has colours."""
    checked, held = equality(report), aim(report)
    missed = held is not None and held.word == "missed"
    if report.breakdown.verdict == "slower" or checked.different or missed:
        return "bad"
    sure = report.breakdown.verdict == "faster" and checked.verified
    return "good" if sure and (held is None or held.mark == "✅") else "open"


def conclusion(report: Report) -> Line:
    """Sum up in one paragraph what was shown, what was not, and how far it carries."""
    found, checked, held = report.breakdown, equality(report), aim(report)
    contender, baseline = code(report.comparison.contender.name), code(report.comparison.baseline.name)
    speed: dict[str, Line] = {
        "faster": line(
            contender,
            " is ",
            units.ratio(found.run),
            " as fast as ",
            baseline,
            " on the same inputs ",
            doubt(found.run),
        ),
        "slower": line(
            contender,
            " is slower than ",
            baseline,
            " on the same inputs: speedup ",
            units.ratio(found.run),
            " ",
            doubt(found.run),
        ),
        "no difference": line(
            "No difference in speed that matters between ",
            contender,
            " and ",
            baseline,
            " ",
            doubt(found.run),
        ),
        "inconclusive": line(
            "These runs do not settle whether ",
            contender,
            " is faster than ",
            baseline,
            ": ",
            _open_because(report),
        ),
    }
    parts: list[Line | str] = [speed[found.verdict], ". "]
    process = line(
        "The whole process, start and imports included: ",
        units.ratio(found.process),
        " ",
        doubt(found.process),
        ". ",
    )
    parts.append(process)
    if held is not None:
        parts.append(line(held.sentence, " "))
    if checked.verified:
        parts.append(
            line(
                "The outputs are verified",
                checked.proviso,
                f": {compared(checked)}, and none differs.",
            )
        )
    elif checked.inputs:
        parts.append(line("The outputs are not verified: ", checked.why, "."))
    else:
        parts.append("Whether the outputs are still right is unknown: they were not compared.")
    return line(*parts)


def caution(report: Report) -> Line | None:
    """Warn where the number of pairs is too small for an interval that assumes nothing."""
    run = report.breakdown.run
    if run.low is None or run.high is None:
        one = "One pair" if run.group == 1 else "One group of pairs, which come from the same two processes"
        return line(
            f"{one}: there is no interval, so nothing here is a finding about speed. Measure more pairs."
        )
    if run.n < FEW_PAIRS:
        what = "pairs" if run.group == 1 else "groups of pairs"
        return line(
            f"Few {what} ({run.n}): the interval rests on normality, that is, on the assumption that the "
            "logarithms of the ratios are normally distributed. "
            f"From {FEW_PAIRS} on it does not need to."
        )
    return None


def compared(checked: Equality) -> str:
    """Say how many stages were compared on how many inputs."""
    return f"{_stages(checked.stages)} compared on {_inputs(checked.inputs)}"


def _stages(n: int) -> str:
    return "its one stage was" if n == 1 else f"all {n} stages were"


def _inputs(n: int) -> str:
    return "1 input" if n == 1 else f"{n} inputs"
