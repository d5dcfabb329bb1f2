"""Stages against the whole: their sum and shares, the bounds on the whole's speedup, averages of ratios."""

from __future__ import annotations

import itertools
import math
import statistics
from dataclasses import replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Literal

from perfkit.audit import words
from perfkit.audit.findings import AuditFinding, about
from perfkit.audit.judge import Possible, judge
from perfkit.audit.spans import Span, seconds, show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from perfkit.audit.facts import Claim, Facts, Group, Measured
    from perfkit.audit.figures import Figure
    from perfkit.audit.findings import Severity

Side = Literal["before", "after"]

_SIDES: tuple[Side, Side] = ("before", "after")
_NOT_THEIRS = "neither side of the stages adds up to it: whether they are its parts is not said"

_AFTER_ITS_CLAIMS = 1 << 30
_MOST_ROWS = 60  # for the search for nested rows, three loops over them
_WHOLE = 100.0 * (1 + 1e-9)

LARGE = 0.05
"""The share of the time that may be left without a stage before it is called large."""


def check(facts: Facts) -> Iterator[AuditFinding]:
    """Check stages against totals, shares, the bounds on the total's ratio, and averages of ratios."""
    for group in facts.groups:
        total = _total(group, facts)
        if total is not None:
            found = [one for side in _SIDES for one in _sums(group, total, side, facts)]
            # A total elsewhere in the report is theirs only if one side at least adds up to it.
            if total is group.total or any(one.severity == "consistent" for one in found):
                yield from found
            else:
                yield from (
                    replace(one, severity="not checked", finding=_NOT_THEIRS, right="") for one in found
                )
        yield from _shares(group, facts)
        yield from _bounds(group, facts)
    yield from _spoken_shares(facts)
    yield from _averages(facts)


def _total(group: Group, facts: Facts) -> Measured | None:
    """Return what a group's parts add up to: its own total, or the report's only one if they are stages."""
    if len(group.parts) < (1 + 1):
        return None
    if group.total is not None:
        return group.total if group.stages or words.SUM.match(group.total.name) else None
    if not group.stages:
        return None
    totals = [one for one in facts.totals if one not in group.rows and one.before is not None]
    spans = {(one.before.tight, one.after.tight) for one in totals if one.before and one.after}
    return totals[0] if len(spans) == 1 else None


def _figure(one: Measured, side: Side) -> Figure | None:
    return one.before if side == "before" else one.after


# ---------------------------------------------------------------- sums


def _sums(group: Group, total: Measured, side: Side, facts: Facts) -> Iterator[AuditFinding]:
    whole = _figure(total, side)
    figures = [_figure(one, side) for one in group.parts]
    parts = [one for one in figures if one is not None]
    if whole is None or whole.kind not in {"time", "number"} or any(one.kind != whole.kind for one in parts):
        return
    if len(parts) != len(figures):
        yield _sum_finding(total, side, "not checked", "not every stage has a time", whole=whole)
        return
    summed = reduce(add, (one.tight for one in parts))
    loose = reduce(add, (one.whole_range for one in parts))
    say = seconds if whole.kind == "time" else (lambda span: show(span, ""))
    if summed.low > whole.tight.high and not summed.meets(whole.tight):
        yield _too_much(group, total, side, facts, summed=summed, loose=loose, whole=whole)
        return
    if summed.meets(whole.tight):
        yield _sum_finding(total, side, "consistent", "the stages add up to it", whole=whole)
        return
    missing = whole.tight - summed
    share = missing / whole.tight
    severity: Severity = (
        "doubtful" if share.low > LARGE and not loose.meets(whole.whole_range) else "consistent"
    )
    finding = (
        f"the stages add up to {say(summed)}; {say(missing)} ({show(share.times(100.0), ' %')}) are in "
        "no stage"
    )
    yield _sum_finding(total, side, severity, finding, right=say(summed), whole=whole)


def _too_much(
    group: Group, total: Measured, side: Side, facts: Facts, *, summed: Span, loose: Span, whole: Figure
) -> AuditFinding:
    say = seconds if whole.kind == "time" else (lambda span: show(span, ""))
    finding = f"the stages add up to {say(summed)}, more than the total of {whole.text}"
    severity: Severity = "contradicted"
    if loose.meets(whole.whole_range):
        severity, finding = "doubtful", f"{finding}, unless their spread explains it"
    elif _may_be_nested(group, side, whole):
        severity = "not checked"
        finding += "; some rows may be parts of the row above them, which the report does not say"
    elif facts.says_parallel:
        severity, finding = "doubtful", f"{finding}; the report says that some overlap or are nested"
    return _sum_finding(total, side, severity, finding, right=say(summed), whole=whole)


def _may_be_nested(group: Group, side: Side, whole: Figure) -> bool:
    """Tell whether leaving out a run of rows that fit into the row above them makes the sum right."""
    spans = [figure.tight for one in group.parts if (figure := _figure(one, side)) is not None]
    if len(spans) > _MOST_ROWS:
        return False
    for parent in range(len(spans) - 1):
        for last in range(parent + 1, len(spans)):
            inner = reduce(add, spans[parent + 1 : last + 1])
            if inner.low > spans[parent].high:
                break
            rest = reduce(add, (*spans[: parent + 1], *spans[last + 1 :]))
            missing = (whole.tight.low - rest.high) / max(whole.value, 1e-300)
            if rest.low <= whole.tight.high and missing <= LARGE:
                return True
    return False


def _sum_finding(
    total: Measured, side: Side, severity: Severity, finding: str, *, right: str = "", whole: Figure
) -> AuditFinding:
    return AuditFinding(
        severity=severity,
        check="stages-total",
        line=total.line,
        claim=f"the whole, {side}: {whole.text}",
        finding=finding,
        right=right if severity in {"contradicted", "doubtful"} else "",
        figure=whole.text,
        place=(total.line, _AFTER_ITS_CLAIMS, side),
    )


# ---------------------------------------------------------------- shares


def _shares(group: Group, facts: Facts) -> Iterator[AuditFinding]:
    """Check a table's column of shares: each against the times, and together against 100 %."""
    own = [
        claim for claim in facts.claims_of(group)
        if claim.meaning in {"share", "share_saved"} and claim.subjects
    ]  # fmt: skip
    for claim in own:
        if group.total is not None:
            yield _share(claim, claim.subjects[0], group.total)
    for column in dict.fromkeys(claim.column for claim in own):
        parts = [one for one in own if one.column == column and one.subjects[0] in group.parts]
        if len(parts) < (1 + 1):
            continue
        summed = reduce(add, (one.figure.tight for one in parts))
        if summed.low > _WHOLE:
            yield AuditFinding(
                severity="contradicted",
                check="shares-sum",
                line=parts[0].line,
                claim=f"column “{column}”",
                finding=f"its shares add up to {show(summed, ' %')}, more than 100 %",
                right="100 %",
            )


def _share(claim: Claim, one: Measured, total: Measured) -> AuditFinding:
    spans = _share_spans(one, total)
    wanted = {"share_saved": ("saved",)}.get(claim.meaning, ("before", "after", "saved"))
    found = {name: spans[name] for name in wanted if name in spans}
    if not found:
        return _share_finding(claim, "not checked", "it has no times to compute a share from", "")
    possible = Possible(tight=tuple(found.values()), loose=tuple(found.values()), wide=tuple(found.values()))
    verdict = judge(claim.figure, possible)
    right = " or ".join(f"{show(span, ' %')} {name}" for name, span in found.items())
    if verdict in {"true", "in its interval"}:
        return _share_finding(claim, "consistent", "follows from the times", "")
    if verdict != "false":
        return _share_finding(claim, "doubtful", "true only as a rough figure", right)
    return _share_finding(
        claim, "contradicted", "no share of the total by its times, before, after or saved", right
    )


def _share_spans(one: Measured, total: Measured) -> dict[str, Span]:
    spans: dict[str, Span] = {}
    for side in ("before", "after"):
        part, whole = _figure(one, side), _figure(total, side)
        if part is not None and whole is not None and part.kind == whole.kind == "time":
            spans[side] = (part.tight / whole.tight).times(100.0)
    if one.before and one.after and total.before and total.after and len(spans) > 1:
        saved = one.before.tight - one.after.tight
        whole_saved = total.before.tight - total.after.tight
        if whole_saved.low > 0:
            ends = [a / b for a in (saved.low, saved.high) for b in (whole_saved.low, whole_saved.high)]
            spans["saved"] = Span(min(ends) * 100.0, max(ends) * 100.0)
    return spans


def _spoken_shares(facts: Facts) -> Iterator[AuditFinding]:
    """Check "feature extraction accounts for 65 % of the runtime"."""
    for claim in facts.claims:
        if claim.column or claim.meaning not in {"share", "share_saved", "of_or_share"}:
            continue
        parts = [one for one in claim.subjects if not one.is_total]
        totals = [one for one in facts.totals if one.before is not None]
        if len(parts) != 1 or not totals:
            # Of the whole it can only be what is left of it.
            left = [100.0 * 1.0 / speed.high for one in claim.subjects for speed in one.speeds()]
            if claim.meaning == "of_or_share" and left:
                yield from _left(claim)
            continue
        one = _share(claim, parts[0], totals[0])
        if one.severity == "contradicted" and claim.meaning == "of_or_share":
            yield from _left(claim)
        elif one.severity == "contradicted" and not claim.explicit:
            yield _share_finding(claim, "not checked", "what it is a share of is not said", "")
        else:
            yield one


def _left(claim: Claim) -> Iterator[AuditFinding]:
    spans = tuple(speed.inverse().times(100.0) for one in claim.subjects for speed in one.speeds())
    verdict = judge(claim.figure, Possible(tight=spans, loose=spans, wide=spans))
    if verdict == "true":
        yield _share_finding(claim, "consistent", "what is left of the time", "")
    elif claim.explicit and verdict == "false":
        yield _share_finding(
            claim,
            "contradicted",
            "neither a share of the total nor what is left of the time",
            show(spans[0], " %"),
        )


def _share_finding(claim: Claim, severity: Severity, finding: str, right: str) -> AuditFinding:
    return about(claim, severity, "share", finding, right)


# ---------------------------------------------------------------- ratios of stages and of the whole


def _bounds(group: Group, facts: Facts) -> Iterator[AuditFinding]:
    """Check that the whole's speedup lies between those of its parts, where the report has no times."""
    ratios = _ratios(group, facts)
    if len(ratios) < (1 + 1) or not (group.stages or group.total):
        return
    best, worst = max(one.high for one in ratios), min(one.low for one in ratios)
    wholes = [(one.ratio, one.line, one.name) for one in facts.totals if one.before is None and one.ratio]
    wholes += [(claim.figure, claim.line, claim.text) for claim in facts.of_unknown_whole]
    for figure, line, text in wholes:
        over, under = figure.tight.low > best, figure.tight.high < worst
        if figure.bound or not (over or under):
            continue
        product = math.prod(one.middle for one in ratios)
        hint = "; it is their product" if abs(product - figure.value) <= figure.step else ""
        finding = (
            f"the whole cannot gain more than its best stage ({best:.3g}x)"
            if over
            else f"the whole cannot gain less than its worst stage ({worst:.3g}x)"
        )
        yield AuditFinding(
            severity="contradicted" if group.total is not None else "doubtful",
            check="ratio-bound",
            line=line,
            claim=text,
            finding=f"{finding}{hint}",
            right=f"{show(Span(worst, best), 'x')}",
            figure=figure.text,
            place=(line, figure.start, ""),
        )


def _averages(facts: Facts) -> Iterator[AuditFinding]:
    """Check "an average speedup of 93x": ratios have no meaningful arithmetic mean."""
    groups = [group for group in facts.groups if len(_ratios(group, facts)) > 1]
    for claim in facts.claims:
        if claim.meaning != "average":
            continue
        if len(groups) != 1:
            reason = "which ratios it averages is not said"
            yield _average(claim, "not checked", reason, "")
            continue
        ratios = _ratios(groups[0], facts)
        means = {
            "arithmetic mean": _mean(ratios, statistics.fmean),
            "geometric mean": _mean(ratios, statistics.geometric_mean),
            "harmonic mean": _mean(ratios, statistics.harmonic_mean),
            "median": _mean(ratios, statistics.median),
        }
        fits = [name for name, span in means.items() if claim.figure.tight.meets(span)]
        geometric = show(means["geometric mean"], "x")
        wholes = [show(speed, "x") for one in facts.totals[:1] for speed in one.speeds()[:1]]
        right = f"geometric mean {geometric}" + "".join(f"; whole {one}" for one in wholes)
        if fits and fits[0] == "arithmetic mean":
            finding = f"the arithmetic mean of {len(ratios)} ratios, which says nothing about the whole"
            yield _average(claim, "doubtful", finding, right)
        elif fits:
            yield _average(claim, "consistent", f"the {fits[0]} of {len(ratios)} ratios", "")
        elif not min(one.low for one in ratios) <= claim.figure.value <= max(one.high for one in ratios):
            yield _average(
                claim, "contradicted", f"lies outside the {len(ratios)} ratios that it averages", right
            )
        else:
            yield _average(claim, "doubtful", f"no mean of the {len(ratios)} ratios gives it", right)


def _ratios(group: Group, facts: Facts) -> list[Span]:
    stated = {
        claim.subjects[0].line: claim.figure.tight for claim in facts.claims_of(group)
        if claim.meaning in {"speedup", "ratio"} and claim.subjects
    }  # fmt: skip
    found = []
    for one in group.parts:
        own = one.ratio.tight if one.ratio is not None else stated.get(one.line)
        if own is None and one.before is not None:
            own = next(itertools.chain(one.speeds()), None)
        if own is not None and math.isfinite(own.high) and own.low > 0:
            found.append(own)
    return found


def _mean(ratios: Sequence[Span], mean: Callable[[Sequence[float]], float]) -> Span:
    return Span(mean([one.low for one in ratios]), mean([one.high for one in ratios]))


def _average(claim: Claim, severity: Severity, finding: str, right: str) -> AuditFinding:
    return about(claim, severity, "average-of-ratios", finding, right)
