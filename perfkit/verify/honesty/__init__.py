"""Honesty checks: each looks for one way in which a speedup can be claimed and not be one.

A check is a pure function of the `Evidence`. It yields what it found; if it yields nothing it found nothing.
What is declared in the configuration, with its reason, is told and not held against the contender.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from perfkit.model import Finding
from perfkit.verify.honesty import (
    answers,
    conditions,
    edge_inputs,
    effects,
    less_work,
    memory,
    moved_work,
    outputs,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from perfkit.verify.honesty.evidence import Evidence

CHECKS: dict[str, Callable[[Evidence], Iterator[Finding]]] = {
    memory.NAME: memory.check,
    moved_work.AT_IMPORT: moved_work.at_import,
    moved_work.IN_SETUP: moved_work.in_setup,
    moved_work.AT_EXIT: moved_work.at_exit,
    outputs.LAZY: outputs.lazy,
    outputs.UNAWAITED: outputs.unawaited,
    outputs.ALIASED: outputs.aliased,
    effects.MUTATED: effects.mutated,
    effects.GENERATORS: effects.generators,
    effects.FILES: effects.files,
    less_work.PRECISION: less_work.precision,
    less_work.CUT: less_work.cut,
    less_work.SKIPPED: less_work.skipped,
    less_work.SPECIAL: less_work.special,
    conditions.PARALLEL: conditions.parallel,
    conditions.HANDICAPPED: conditions.handicapped,
    conditions.TAMPERED: conditions.tampered,
    conditions.GROWN: conditions.grown,
    answers.NAME: answers.check,
    edge_inputs.NAME: edge_inputs.check,
}
"""Every check by its name, which is also the key under which its finding can be declared."""


_RANDOM = frozenset({effects.GENERATORS})
"""What a declared random stage may change."""


def examine(evidence: Evidence) -> tuple[Finding, ...]:
    """Run every check.

    Returns
    -------
    tuple of Finding
        In the order of `CHECKS`; `clean` for a check that found nothing.
    """
    found: list[Finding] = []
    for name, check in CHECKS.items():
        mine = list(check(evidence))
        reason = evidence.pipeline.declared.get(name)
        if reason is None and name in _RANDOM and evidence.pipeline.stochastic:
            reason = next(iter(evidence.pipeline.stochastic.values())).reason
        if reason is not None:
            mine = [dataclasses.replace(one, verdict="declared", why=reason) for one in mine]
        found += mine or [Finding(check=name, verdict="clean")]
    return tuple(found)
