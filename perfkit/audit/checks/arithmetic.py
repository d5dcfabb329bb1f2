"""Ratios, percentages and savings against the two times that they are of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.audit.findings import about
from perfkit.audit.judge import Possible, judge
from perfkit.audit.spans import Span, seconds, show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from perfkit.audit.facts import Claim, Facts, Meaning, Measured
    from perfkit.audit.findings import AuditFinding, Severity

_NAMES: dict[Meaning, str] = {
    "speedup": "speedup",
    "ratio": "speedup",
    "slower": "speedup",
    "faster_pct": "percent-faster",
    "slower_pct": "percent-faster",
    "less_pct": "percent-saved",
    "change_pct": "percent-change",
    "of_pct": "percent-left",
    "saved_time": "time-saved",
}
_UNITS: dict[Meaning, str] = {"speedup": "x", "ratio": "x", "slower": "x"}
_DIGITS_TOO_MANY = 10  # units of the last digit: a whole digit more than the times determine
_VAGUE = 0.1
_SEARCHED = 200  # measurements among which a mismatched claim's true subject is looked for


def _percent(span: Span) -> Span:
    return span.times(100.0)


def _faster(speed: Span) -> Span:
    return _percent(speed.shift(-1.0))


def _saved(speed: Span) -> Span:
    return _percent(speed.inverse().times(-1.0).shift(1.0))


_TRUTHS: dict[Meaning, tuple[Callable[[Span], Span], ...]] = {
    "speedup": (lambda speed: speed,),
    "ratio": (lambda speed: speed, Span.inverse),
    "slower": (Span.inverse,),
    "faster_pct": (_faster,),
    "slower_pct": (lambda speed: _faster(speed.inverse()),),
    "less_pct": (_saved,),
    "of_pct": (lambda speed: _percent(speed.inverse()),),
    # A column's "change" may be of the time or of the speed, with or without a sign.
    "change_pct": (_faster, _saved, lambda speed: _saved(speed).times(-1.0)),
}
# What a percentage is often taken for; true under this reading alone, it is put wrongly.
_ALSO: dict[Meaning, tuple[Callable[[Span], Span], str]] = {
    "faster_pct": (_saved, "that much less time"),
    "less_pct": (lambda speed: _percent(speed.inverse()), "what is left of the time"),
    "slower_pct": (lambda speed: _saved(speed.inverse()), "that much less speed"),
}


def check(facts: Facts) -> Iterator[AuditFinding]:
    """Check each claim about two times: ratios, percentages faster, saved and left, time saved."""
    for claim in facts.claims:
        if claim.meaning in _TRUTHS or claim.meaning == "saved_time":
            subjects = [one for one in claim.subjects if _has(one, claim)]
            if subjects and not claim.reason:
                yield from _judged(claim, subjects, facts)


def _has(one: Measured, claim: Claim) -> bool:
    if claim.meaning == "saved_time":
        return one.before is not None and one.after is not None and one.before.kind == "time"
    # A ratio is no evidence for itself.
    return one.before is not None or (one.ratio is not None and one.ratio is not claim.figure)


def _judged(claim: Claim, subjects: Sequence[Measured], facts: Facts) -> Iterator[AuditFinding]:
    possible = _possible(claim, subjects)
    verdict = judge(claim.figure, possible, claim.interval)
    unit = " s" if claim.meaning == "saved_time" else _UNITS.get(claim.meaning, " %")
    right = _shown(possible.tight, unit)
    of = _operands(claim, subjects)
    if verdict in {"true", "in its interval"}:
        fits = [
            one for one in subjects if judge(claim.figure, _possible(claim, [one]), claim.interval) == verdict
        ]
        of = _operands(claim, fits[:1] or subjects)
        yield _finding(claim, "consistent", f"follows from {of}", right)
        if verdict == "true" and claim.interval is None and claim.meaning in {"speedup", "ratio"}:
            yield from _digits(claim, possible.tight, of)
        return
    if verdict in {"zeros", "cut off", "round"}:
        how = {
            "zeros": "if the zeros at the end of its figures are rounding",
            "cut off": "if its last digit was cut off, not rounded",
            "round": "as a round number",
        }[verdict]
        yield _finding(claim, "doubtful", f"true only {how}: {of}", right)
        return
    if claim.meaning in _ALSO:
        other, meant = _ALSO[claim.meaning]
        if _alternative(claim, subjects, other):
            yield _finding(
                claim, "doubtful", f"{claim.figure.text} is {meant}, by {of}; put so, it is wrong", right
            )
            return
    if not claim.explicit:
        yield _finding(claim, "not checked", "the report does not say what this is measured on", "")
        return
    known = facts.measured[:_SEARCHED]
    elsewhere = [one for one in known if not any(one is other for other in subjects) and _has(one, claim)]
    twin = next((one for one in elsewhere if judge(claim.figure, _possible(claim, [one])) == "true"), None)
    if twin is not None and not _beside(claim):
        named = f"“{twin.name}”" if twin.name else "another measurement"
        yield _finding(claim, "doubtful", f"it fits {named} (line {twin.line}), not {of}", right)
        return
    yield _finding(claim, "contradicted", f"does not follow from {of}", right)


def _beside(claim: Claim) -> bool:
    """Tell whether a claim stands in the row or right at the times that it is of."""
    return bool(claim.column) or any(one.line == claim.line for one in claim.subjects)


def _possible(claim: Claim, subjects: Sequence[Measured]) -> Possible:
    if claim.meaning == "saved_time":
        both = [
            (one.before, one.after) for one in subjects if one.before is not None and one.after is not None
        ]
        return Possible(
            tight=tuple(before.tight - after.tight for before, after in both),
            loose=tuple(before.loose - after.loose for before, after in both),
            wide=tuple(before.whole_range - after.whole_range for before, after in both),
        )
    truths = _TRUTHS[claim.meaning]
    speeds = (
        [speed for one in subjects for speed in one.speeds()],
        [speed for one in subjects for speed in one.speeds(loosely=True)],
        [speed for one in subjects for speed in one.speeds(widely=True)],
    )
    tight, loose, wide = (tuple(truth(speed) for speed in some for truth in truths) for some in speeds)
    return Possible(tight=tight, loose=loose, wide=wide)


def _alternative(claim: Claim, subjects: Sequence[Measured], reading: Callable[[Span], Span]) -> bool:
    spans = tuple(reading(speed) for one in subjects for speed in one.speeds())
    return judge(claim.figure, Possible(tight=spans, loose=spans, wide=spans)) == "true"


def _digits(claim: Claim, spans: Sequence[Span], of: str) -> Iterator[AuditFinding]:
    """Find a ratio printed with digits that the times do not determine."""
    if claim.figure.bound or any(one.before is None or one.interval is not None for one in claim.subjects):
        return
    span = next((one for one in spans if one.meets(claim.figure.tight)), None)
    if span is None:
        return
    units = (span.high - span.low) / (claim.figure.tight.high - claim.figure.tight.low)
    if units > 1 + 1 and (units >= _DIGITS_TOO_MANY or span.vagueness > _VAGUE):
        yield about(claim, "doubtful", "digits", f"has more digits than {of} determine", show(span, "x"))


def _operands(claim: Claim, subjects: Sequence[Measured]) -> str:
    """Say what was computed from: ``34.7 s and 0.886 s``, with the line where it is another."""
    one = subjects[0]
    if one.before is None or one.after is None:
        figure = one.ratio.text if one.ratio is not None else "?"
        words = f"the speedup {figure}"
    else:
        words = f"{one.before.text} and {one.after.text}"
    where = f" (line {one.line})" if one.line != claim.line else ""
    more = f" or {len(subjects) - 1} more" if len(subjects) > 1 else ""
    return f"{words}{where}{more}"


def _shown(spans: Sequence[Span], unit: str) -> str:
    shown = [seconds(one) if unit == " s" else show(one, unit) for one in spans]
    return " or ".join(dict.fromkeys(shown[:3]))


def _finding(claim: Claim, severity: Severity, finding: str, right: str) -> AuditFinding:
    return about(claim, severity, _NAMES[claim.meaning], finding, "" if severity == "consistent" else right)
