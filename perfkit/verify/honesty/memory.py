"""``memoised_result``: an answer that was remembered instead of computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.model import Finding
from perfkit.verify.honesty.evidence import (
    listed,
    median_of,
    result_leaves,
    says,
    seconds,
    telling,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perfkit.model import Leaf, TrialRun
    from perfkit.verify.honesty.evidence import Evidence

NAME = "memoised_result"
WHY = "A user's next input is a new one: what was remembered will not serve it, or will be wrong."

_SEEN_BEFORE = 0.25  # of the time of a fresh input
_PERHAPS = 0.5
_FEWEST_PROBES = 2
_FEW_HITS = 5  # a helper that is called for each item has many more
_SHORTEST_S = 2e-4


def check(evidence: Evidence) -> Iterator[Finding]:
    """Look for answers to earlier inputs, inputs that are faster the second time, and caches on disk."""
    yield from _stale(evidence)
    yield from _repeats(evidence)
    yield from _faster_again(evidence)
    yield from _on_disk(evidence)


def _stale(evidence: Evidence) -> Iterator[Finding]:
    """Find a wrong result that is, bit by bit, the right one of an earlier trial."""
    trials = evidence.contender.run.trials
    wrong = {one.name for one in evidence.different()}
    for index, later in enumerate(trials):
        leaves = result_leaves(later)
        if not telling(leaves) or _is_constant(leaves):
            continue
        for earlier in trials[:index]:
            if earlier.name in evidence.repeats:
                continue  # the baseline has no such trial that could excuse it, and its twin is among these
            same = says(result_leaves(earlier)) == says(leaves)
            if not same or earlier.inputs_digest == later.inputs_digest:
                continue
            if _same_for_baseline(evidence, earlier.name, later.name):
                continue  # right answers to the two are equal: that wrong ones are tells nothing
            repeat = evidence.repeats.get(later.name)
            if repeat.verdict == "different" if repeat is not None else later.name in wrong:
                text = (
                    f"for {later.name} the contender returned, bit by bit, its answer to {earlier.name}: "
                    f"{_shown(evidence, earlier, later)}"
                )
                yield Finding(check=NAME, verdict="trick", sentence=text, why=WHY)
                return


def _same_for_baseline(evidence: Evidence, *names: str) -> bool:
    answers = [says(result_leaves(evidence.baseline.trial(name))) for name in names]
    return bool(answers[0]) and answers[0] == answers[1]


def _is_constant(leaves: Sequence[Leaf]) -> bool:
    """Tell whether all arrays hold one value throughout: such results are equal without being remembered."""
    arrays = [leaf for leaf in leaves if leaf.summary is not None]
    return bool(arrays) and all(
        leaf.summary is not None and leaf.summary.minimum == leaf.summary.maximum for leaf in arrays
    )


def _shown(evidence: Evidence, earlier: TrialRun, later: TrialRun) -> str:
    """Say what the two inputs have in common, as far as it is known: the key itself is not seen."""
    if later.name in evidence.repeats:
        return "the same objects held other content, so the answer is remembered without looking at all of it"
    sizes = evidence.sizes
    if sizes.get(earlier.name) == sizes.get(later.name):
        return (
            "the inputs are of one size and differ, so an answer is remembered by less than the whole input"
        )
    return "the inputs differ, so an answer is remembered by less than the whole input"


def _repeats(evidence: Evidence) -> Iterator[Finding]:
    """Find a second answer to an input that is not the first one."""
    for name, found in evidence.repeats.items():
        if found.verdict == "different" and not evidence.different("main", "proof", "size"):
            text = (
                f"in a process that had called run before, {name} gave another output than a fresh run of "
                f"the baseline: {found.reason}"
            )
            yield Finding(check=NAME, verdict="trick", sentence=text, why=WHY)
            return


def _faster_again(evidence: Evidence) -> Iterator[Finding]:
    memory = evidence.contender.run.memory
    if evidence.contender.run.variant.kind in {"script", "module", "command"}:
        return  # its process runs once: nothing in memory is there for a next run
    if memory is None or memory.problem:
        because = memory.problem if memory else "run was not called again"
        text = f"whether results are remembered could not be seen: {because}"
        yield Finding(check=NAME, verdict="inconclusive", sentence=text, why=WHY)
        return
    whole = [name for name, hits in memory.caches.items() if hits <= _FEW_HITS]
    if whole:
        text = (
            f"run on an input that the process has seen is answered from the cache of {listed(whole)}: a "
            "handful of hits and no miss, so whole results are kept"
        )
        yield Finding(check=NAME, verdict="trick", sentence=text, why=WHY)
        return
    for stage, fresh in memory.fresh_s.items():
        seen = memory.seen_s[stage]
        if len(seen) < _FEWEST_PROBES or median_of(fresh) < _SHORTEST_S:
            continue
        # Every probe must show it: one disturbed run is no evidence.
        largest = max(again / new for again, new in zip(seen, fresh, strict=True) if new)
        where = f"stage {stage}" if stage else "run"
        text = (
            f"{where} takes {seconds(median_of(seen))} on an input that the process has seen, "
            f"{seconds(median_of(fresh))} on a new one (medians of {len(seen)})"
        )
        if largest < _SEEN_BEFORE:
            text += ": results are remembered"
            yield Finding(check=NAME, verdict="trick", sentence=text, why=WHY, stage=stage)
            return
        if largest < _PERHAPS:
            text += ": part of the work is remembered"
            yield Finding(check=NAME, verdict="caution", sentence=text, why=WHY, stage=stage)
            return


def _on_disk(evidence: Evidence) -> Iterator[Finding]:
    again = [
        one
        for one in evidence.contender.run.observed.reread
        if one not in evidence.baseline.run.observed.reread
    ]
    if again:
        text = f"the contender writes files and reads them again in a later call: {listed(again)}"
        yield Finding(check=NAME, verdict="trick", sentence=text, why=WHY)
