"""Results that are not there yet, or do not stay: ``lazy_result``, ``unawaited_work``, ``aliased_output``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.model import Finding
from perfkit.verify.honesty.evidence import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.model import TrialRun
    from perfkit.verify.honesty.evidence import Evidence

LAZY, UNAWAITED, ALIASED = "lazy_result", "unawaited_work", "aliased_output"


def lazy(evidence: Evidence) -> Iterator[Finding]:
    """Find values that compute when they are read."""
    ours, theirs = _lazy_places(evidence.baseline.main), _lazy_places(evidence.contender.main)
    found = {place: what for place, what in theirs.items() if place not in ours}
    computing = [
        one for one in evidence.contender.main.computing if one not in evidence.baseline.main.computing
    ]
    if not found and not (computing and not evidence.baseline.main.computing):
        return
    if not found and all(_is_property(one) for one in computing) and not evidence.differs:
        text = f"values of the contender have properties that compute when they are read: {listed(computing)}"
        yield Finding(
            check=LAZY, verdict="caution", sentence=text, why="What they cost is not in the time of run."
        )
        return
    places = [f"{what} ({place})" for place, what in found.items()]
    seen = listed([*places, *computing])
    text = f"the contender hands over values that are computed when they are read: {seen}"
    why = "The clock stops before the work begins; whoever uses the result pays for it."
    yield Finding(check=LAZY, verdict="trick", sentence=text, why=why, stage=_stage(next(iter(found), "")))


def _is_property(computing: str) -> bool:
    return "(" in computing and "__" not in computing


def _lazy_places(run: TrialRun) -> dict[str, str]:
    return {
        f"{one.stage or 'result'}{leaf.path}": leaf.text.removeprefix("lazy: ")
        for one in run.checkpoints
        for leaf in one.leaves
        if leaf.kind == "opaque" and leaf.text.startswith("lazy") and "future" not in leaf.text
    }


def _stage(place: str) -> str:
    return place.partition("[")[0].partition(".")[0]


def unawaited(evidence: Evidence) -> Iterator[Finding]:
    """Find work that goes on after run has returned."""
    why = "The clock stops while the work is still being done."
    seen: list[str] = []
    busy = [
        one
        for one in evidence.contender.observed("busy_threads")
        if not evidence.baseline.observed("busy_threads")
    ]
    if busy:
        seen.append(f"work was still going on when run returned: {listed(busy)}")
    changed = [one.name for one in evidence.contender.run.trials if one.changed_later]
    if changed and not any(one.changed_later for one in evidence.baseline.run.trials):
        seen.append(f"the result changed after run had returned ({listed(changed)})")
    futures = [
        f"{one.stage or 'the result'}{leaf.path}"
        for one in evidence.contender.main.checkpoints
        for leaf in one.leaves
        if leaf.kind == "opaque" and "future" in leaf.text
    ]
    if futures:
        seen.append(f"it hands over futures that nobody awaited ({listed(futures)})")
    if seen:
        yield Finding(check=UNAWAITED, verdict="trick", sentence="; ".join(seen), why=why)


def aliased(evidence: Evidence) -> Iterator[Finding]:
    """Find a result that the next call overwrites."""
    theirs = [one for one in evidence.contender.run.trials if one.overwrote]
    if theirs and not any(one.overwrote for one in evidence.baseline.run.trials):
        one = theirs[0]
        text = (
            f"the call for {one.name} changed what that for {one.overwrote} had returned: they share memory"
        )
        why = "A caller who keeps two results finds both the same."
        yield Finding(check=ALIASED, verdict="trick", sentence=text, why=why)
