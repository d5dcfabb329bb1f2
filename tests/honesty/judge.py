"""Put a case of the adversarial set before perfkit, and say whether it was caught, and named."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit import catalog
from perfkit.analyse import gates
from perfkit.api import comparison, verification
from perfkit.api.bench import Bench
from perfkit.api.pairs import Plan
from perfkit.report import equality
from tests.honesty.cases import write_project

if TYPE_CHECKING:
    from perfkit.model import Finding
    from tests.honesty.cases import Case

TIMEOUT_S = 300.0
_NAMING = frozenset({"trick", "different", "caution"})
_ALSO = {"edge_inputs": "edge_input"}
"""What the set calls a check's finding, where the names differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What perfkit said of a case.

    Attributes
    ----------
    verified
        The outputs count as verified.
    failed
        Why a gate fails, a sentence each: exit status 1.
    findings
        Of the checks that found something.
    names
        What the findings name, and ``different_output`` where a stage differs on an ordinary input.
    """

    verified: bool
    failed: tuple[str, ...]
    findings: tuple[Finding, ...]
    names: frozenset[str]

    def caught(self, case: Case) -> bool:
        """Tell whether a reader is warned of a trick."""
        return not self.verified or bool(self.failed) or self.named(case)

    def named(self, case: Case) -> bool:
        """Tell whether the cause is named."""
        return not self.names.isdisjoint(case.expects)


def judge(case: Case, *, timed: bool = False) -> Judgement:
    """Verify a case in a project of its own.

    Parameters
    ----------
    timed
        Compare it instead, with three timed pairs.
    """
    root = Path(tempfile.mkdtemp(prefix="perfkit-honesty-"))
    try:
        write_project(case, root)
        project = catalog.open_project(root)
        bench = Bench(project=project, pipeline=catalog.find_pipeline(project, None), timeout_s=TIMEOUT_S)
        if timed:
            made = comparison.compare(bench, "baseline", "optimized", Plan(pairs=3), profiling=False)
            found = made.scrutiny
        else:
            found = verification.verify(bench, "baseline", "optimized").scrutiny
    finally:
        shutil.rmtree(root, ignore_errors=True)
    said = [one for one in found.findings if one.verdict in _NAMING]
    names = {_ALSO.get(one.check, one.check) for one in said}
    if equality.judge(found).different:
        names |= (
            {"different_output"} if any(equality.differing(one) for one in found.verifications) else set()
        )
    return Judgement(
        verified=equality.judge(found).verified,
        failed=gates.failed_outputs(found),
        findings=tuple(one for one in found.findings if one.verdict != "clean"),
        names=frozenset(names),
    )
