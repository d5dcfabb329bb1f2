"""The findings as JSON, for other programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from perfkit.audit.findings import SEVERITIES

if TYPE_CHECKING:
    from perfkit.audit.findings import Audit

SCHEMA = 1


def render(audit: Audit, name: str) -> str:
    """Render an audit as JSON: how many of each severity, and every finding.

    Parameters
    ----------
    audit
        What was found.
    name
        Of the report.

    Returns
    -------
    str
        Indented by two, ends with a newline.
    """
    content = {
        "schema": SCHEMA,
        "report": name,
        "counts": {severity: len(audit.of(severity)) for severity in SEVERITIES},
        "findings": [
            {
                "severity": one.severity,
                "check": one.check,
                "line": one.line,
                "claim": one.claim,
                "figure": one.figure or None,
                "finding": one.finding,
                "right": one.right or None,
            }
            for one in audit.findings
        ],
    }
    return json.dumps(content, indent=2, ensure_ascii=False).encode("utf-8", "replace").decode() + "\n"
