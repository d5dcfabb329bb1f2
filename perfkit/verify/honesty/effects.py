"""What a call does besides returning: ``mutated_input``, ``rng_consumption``, ``undeclared_files``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from perfkit.model import Finding
from perfkit.verify.honesty.evidence import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.model import TrialRun
    from perfkit.verify.honesty.evidence import Evidence

MUTATED, GENERATORS, FILES = "mutated_input", "rng_consumption", "undeclared_files"

_OF_A_GENERATOR = ("bit_generator", "get_state", "getstate", ".state")


def mutated(evidence: Evidence) -> Iterator[Finding]:
    """Compare what run did to its input on both sides."""
    for name, ours, theirs in _both(evidence):
        changed = [
            path or "the input itself"
            for path in theirs.mutated
            if path not in ours.mutated and not _is_generator(path)
        ]
        if changed:
            text = f"run changes its input at {listed(changed)}, where the baseline does not ({name})"
            why = "Whoever uses the input afterwards finds other data; a second call gets another input."
            yield Finding(check=MUTATED, verdict="trick", sentence=text, why=why)
            return


def _is_generator(path: str) -> bool:
    return any(one in path for one in _OF_A_GENERATOR)


def generators(evidence: Evidence) -> Iterator[Finding]:
    """Compare the states of the random generators when run returned, and find the first stage that parts."""
    why = "The numbers that come next are others: whatever draws afterwards gets them."
    for name, ours, theirs in _both(evidence):
        parted = [
            key
            for key, state in ours.rng_after.items()
            if key in theirs.rng_after and theirs.rng_after[key] != state
        ]
        handed = [
            path
            for path in {**ours.mutated, **theirs.mutated}
            if _is_generator(path) and ours.mutated.get(path) != theirs.mutated.get(path)
        ]
        if not parted and not handed:
            continue
        stage = _first_stage(ours, theirs)
        what = (
            f"the global generator of {listed(parted)}"
            if parted
            else f"the generator in the input ({handed[0]})"
        )
        where = f", first in stage {stage}" if stage else ""
        text = f"after run {what} is in another state than after the baseline's{where} ({name})"
        # Where nothing else differs it may be draws that the baseline made and never used.
        verdict: Literal["trick", "caution"] = "trick" if evidence.differs else "caution"
        yield Finding(check=GENERATORS, verdict=verdict, sentence=text, why=why, stage=stage)
        return


def _first_stage(ours: TrialRun, theirs: TrialRun) -> str:
    after = {(one.stage, one.occurrence): one for one in theirs.calls}
    for call in ours.calls:
        other = after.get((call.stage, call.occurrence))
        if other is not None and call.rng_before == other.rng_before and call.rng_after != other.rng_after:
            return call.stage
    return ""


def _both(evidence: Evidence) -> Iterator[tuple[str, TrialRun, TrialRun]]:
    """Yield the ordinary trials that both sides ran to the end."""
    edges = {one.name for one in evidence.verifications if one.kind == "edge"}
    for theirs in evidence.contender.run.trials:
        ours = evidence.baseline.trial(theirs.name)
        if ours is not None and ours.outcome == theirs.outcome == "returned" and theirs.name not in edges:
            yield theirs.name, ours, theirs


def _pattern(path: str) -> str:
    """Return a path without what is drawn or counted anew each time: tempfile's eight letters, numbers."""
    return "/".join(re.sub(r"[a-z0-9_]{8}(?=[.]|$)|[0-9]+", "*", part) for part in path.split("/"))


def files(evidence: Evidence) -> Iterator[Finding]:
    """Find files that the contender writes and the baseline does not."""
    ours = {_pattern(one.path) for one in evidence.baseline.run.observed.files if one.mode == "write"}
    written = [
        one.path
        for one in evidence.contender.run.observed.files
        if one.mode == "write" and _pattern(one.path) not in ours
    ]
    if written:
        text = f"the contender writes files that the baseline does not: {listed(written)}"
        why = "What lies on disk can carry results from one run to the next, and it is left behind."
        yield Finding(check=FILES, verdict="trick", sentence=text, why=why)
