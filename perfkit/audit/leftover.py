"""What looks like a claim and no check could take up: listed with the reason, never guessed at."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from perfkit.audit.findings import AuditFinding
from perfkit.audit.prose import around

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perfkit.audit.facts import Claim, Facts

_REASONS = {
    "speedup": "the times that it is of are not in the report, or not tied to it",
    "unknown": "what it is of is not said",
    "average": "which ratios it averages is not said",
    "metric": "no two values that it could be the change of stand beside it",
    "share": "what it is a share of is not said",
}
_FASTER = re.compile(r"\b(?:faster|slower|quicker)\b", re.IGNORECASE)


def leftover(facts: Facts, findings: Sequence[AuditFinding]) -> Iterator[AuditFinding]:
    """List the claims that no finding is about; those of one column of a table together."""
    done = {one.place for one in findings}
    metrics = {id(figure) for one in facts.metrics for figure in (one.before, one.after)}
    columns: dict[tuple[int, str], list[Claim]] = {}
    for claim in facts.claims:
        if claim.place in done or claim.meaning in {"level", "target"} or id(claim.figure) in metrics:
            continue
        if claim.column:
            columns.setdefault((claim.group.line if claim.group else 0, claim.column), []).append(claim)
            continue
        reason = claim.reason or _REASONS.get(claim.meaning, _REASONS["speedup"])
        yield _finding("not-checked", claim.line, claim.text, reason, claim.place)
    for (_, column), members in columns.items():
        first = members[0]
        reason = first.reason or _REASONS.get(first.meaning, _REASONS["speedup"])
        if len(members) == 1:
            yield _finding("not-checked", first.line, first.text, reason, first.place)
            continue
        values = ", ".join(one.figure.text for one in members[:3]) + (", …" if len(members) > 3 else "")  # noqa: PLR2004
        claim_text = f"{len(members)} in column “{column}”: {values}"
        yield _finding("not-checked", first.line, claim_text, reason, first.place)
    spoken = {one.line for one in findings} | {claim.line for claim in facts.claims}
    for sentence in facts.sentences:
        told = bool(sentence.figures) or sentence.line in spoken or sentence.passage.kind == "heading"
        if not told and _FASTER.search(sentence.text):
            place = (sentence.line, sentence.start, "faster")
            yield _finding("not-checked", sentence.line, around(sentence), "it has no figure", place)
    for one in facts.unread:
        yield _finding("not-checked", one.line, one.text, one.reason, (one.line, 0, "unread"))


def _finding(check: str, line: int, claim: str, reason: str, place: tuple[int, int, str]) -> AuditFinding:
    return AuditFinding(
        severity="not checked", check=check, line=line, claim=claim, finding=reason, place=place
    )
