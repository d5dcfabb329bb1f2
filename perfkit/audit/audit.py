"""The whole audit: read, gather, check, and list what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.audit import gather, plain, reading
from perfkit.audit.checks import arithmetic, equivalence, evidence, quality, stages, targets
from perfkit.audit.findings import SEVERITIES, Audit, AuditFinding
from perfkit.audit.leftover import leftover

if TYPE_CHECKING:
    from collections.abc import Sequence

CHECKS = (
    arithmetic.check,
    targets.check,
    stages.check,
    quality.check,
    equivalence.check,
    evidence.check,
)


def audit(text: str, *, markdown: bool = True) -> Audit:
    """Check a report against its own figures.

    Parameters
    ----------
    text
        The whole report.
    markdown
        Read it as Markdown; else as plain text with aligned or drawn tables.

    Returns
    -------
    Audit
        The worst findings first, then by line. A claim that cannot be parsed or tied to figures is among
        them as "not checked".
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    blocks = reading.markdown(lines) if markdown else plain.plain(lines)
    facts = gather.gather(blocks)
    findings = [finding for check in CHECKS for finding in check(facts)]
    findings += leftover(facts, findings)
    return Audit(findings=tuple(sorted(_decided(findings), key=_order)))


def _decided(findings: Sequence[AuditFinding]) -> list[AuditFinding]:
    """Drop what another finding on the same claim answers: nothing decided is listed as not checked too."""
    decided = {one.place for one in findings if one.severity != "not checked"}
    return [
        one for one in dict.fromkeys(findings) if one.severity != "not checked" or one.place not in decided
    ]


def _order(finding: AuditFinding) -> tuple[int, int, int]:
    return SEVERITIES.index(finding.severity), finding.line, finding.place[1]
