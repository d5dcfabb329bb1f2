"""What an audit finds: one record a claim."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from perfkit.audit.facts import Claim

Severity: TypeAlias = Literal["contradicted", "doubtful", "consistent", "not checked"]

SEVERITIES: tuple[Severity, ...] = ("contradicted", "doubtful", "consistent", "not checked")
"""The worst first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFinding:
    """What one check says about one claim.

    Attributes
    ----------
    severity
        ``contradicted``: the report's own figures or words make it impossible. ``doubtful``: it may be true,
        but the report does not show it. ``consistent``: it follows from the report's figures.
        ``not checked``: it looks like a claim and could not be tied to figures; `finding` has the reason.
    check
        The stable name of the check, such as ``speedup`` or ``stages-total``.
    line
        Of the report, from 1.
    claim
        The report's words.
    finding
        One sentence.
    right
        The right figure, a range if the digits do not determine it; empty where there is none.
    figure
        The figure of the claim that is meant, as printed; empty where it is about words.
    place
        The claim's place, so that no claim is left out; 0 is the whole line.
    """

    severity: Severity
    check: str
    line: int
    claim: str
    finding: str
    right: str = ""
    figure: str = ""
    place: tuple[int, int, str] = (0, 0, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Everything that was found, the worst first, then by line."""

    findings: tuple[AuditFinding, ...]

    def of(self, severity: Severity) -> tuple[AuditFinding, ...]:
        """Return the findings of one severity."""
        return tuple(one for one in self.findings if one.severity == severity)


def about(claim: Claim, severity: Severity, check: str, finding: str, right: str = "") -> AuditFinding:
    """Say something about a claim's figure."""
    return AuditFinding(
        severity=severity,
        check=check,
        line=claim.line,
        claim=claim.text,
        finding=finding,
        right=right,
        figure=claim.figure.text,
        place=claim.place,
    )
