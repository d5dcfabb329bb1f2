"""Audit a speedup report that someone else wrote: its arithmetic and claims against its own figures.

Text in, findings out; nothing is measured, and nothing is guessed.
"""

from __future__ import annotations

from perfkit.audit.audit import audit
from perfkit.audit.findings import Audit, AuditFinding

__all__ = ["Audit", "AuditFinding", "audit"]
