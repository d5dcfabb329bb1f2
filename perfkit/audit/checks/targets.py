"""Targets: whether they are met, and by how many per cent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from perfkit.audit.findings import about
from perfkit.audit.judge import Possible, judge
from perfkit.audit.spans import Span, show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.audit.facts import Claim, Facts
    from perfkit.audit.findings import AuditFinding, Severity

_MET = re.compile(
    r"\b(?:exceed\w*|surpass\w*|beats?|met\b|meets?|reach\w*|achiev\w+|above|beyond|outperform\w*)",
    re.IGNORECASE,
)
_MISSED = re.compile(
    r"\b(?:miss\w*|short of|below|not (?:met|reached)|fails?|failed|falls short|under)\b", re.IGNORECASE
)
_UNSURE = re.compile(r"\b(?:if|should|must|would|needs? to|aims?|try|hope)\b", re.IGNORECASE)


def check(facts: Facts) -> Iterator[AuditFinding]:
    """Check "exceeds the 33x target by 39 %": right is the speedup over the target, minus one."""
    targets = list(dict.fromkeys(claim.figure.value for claim in facts.claims if claim.meaning == "target"))
    for claim in facts.claims:
        if claim.meaning == "target_pct":
            yield _by_percent(claim, targets, facts)
        elif claim.meaning == "target" and not claim.column:
            yield from _met(claim, facts)


def _by_percent(claim: Claim, targets: list[float], facts: Facts) -> AuditFinding:
    own = [one.figure.value for one in facts.by_line[claim.line] if one.meaning == "target"]
    values = list(dict.fromkeys(own)) or targets
    if len(values) != 1:
        why = "the report names no target as a ratio" if not values else "the report names several targets"
        return _finding(claim, "not checked", why)
    target = values[0]
    actual = _actual(claim, facts)
    if not actual:
        return _finding(claim, "not checked", "the report states no speedup to compare with the target")
    below = _MISSED.search(claim.text) is not None and _MET.search(claim.text) is None
    sign = -1.0 if below else 1.0
    spans = tuple(span.times(1 / target).shift(-1.0).times(100.0 * sign) for _, span in actual)
    verdict = judge(claim.figure, Possible(tight=spans, loose=spans, wide=spans))
    text, span = actual[0]
    sum_ = f"{text} / {target:g} - 1" if not below else f"1 - {text} / {target:g}"
    right = show(spans[0], " %")
    if verdict == "true":
        return _finding(claim, "consistent", f"follows from {sum_}")
    if verdict in {"cut off", "round", "zeros"}:
        return _finding(claim, "doubtful", f"true only as a rough figure: {sum_}", right)
    points = show(span.shift(-target), "x")
    return _finding(claim, "contradicted", f"{sum_} is {right}; the difference is {points}", right)


def _met(claim: Claim, facts: Facts) -> Iterator[AuditFinding]:
    """Check that a target said to be met is."""
    met, missed = _MET.search(claim.text), _MISSED.search(claim.text)
    if bool(met) == bool(missed) or _UNSURE.search(claim.text):
        return
    actual = _actual(claim, facts)
    if not actual:
        return
    target = claim.figure.value
    reached = [span.high >= target for _, span in actual]
    failed = [span.low < target for _, span in actual]
    text = actual[0][0]
    if not any(reached if met else failed):
        word = "below" if met else "not below"
        yield _finding(claim, "contradicted", f"{text} is {word} {claim.figure.text}", text, "target-met")
    else:
        yield _finding(claim, "consistent", f"{text} against {claim.figure.text}", "", "target-met")


def _actual(claim: Claim, facts: Facts) -> list[tuple[str, Span]]:
    """Return the speedups that a target may be held against: the sentence's own, else the whole's."""
    here = [
        one.figure
        for one in facts.by_line[claim.line]
        if one.meaning == "speedup" and one is not claim and not one.column
    ]
    if len(here) == 1:
        return [(here[0].text, here[0].tight)]
    found = [(figure.text, figure.tight) for figure in facts.of_the_whole]
    found += [(show(speed, "x"), speed) for one in facts.totals for speed in one.speeds()]
    return found or list(facts.spoken[:1] if len(facts.spoken) == 1 else ())


def _finding(
    claim: Claim, severity: Severity, finding: str, right: str = "", name: str = "target-percent"
) -> AuditFinding:
    return about(claim, severity, name, finding, right)
