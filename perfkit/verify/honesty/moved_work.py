"""Work that was moved to where the clock does not run: to import, to set-up, or to the process's end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.model import Finding
from perfkit.verify.honesty.evidence import listed, material, median_of, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.verify.honesty.evidence import Evidence, Side

AT_IMPORT, IN_SETUP, AT_EXIT = "work_at_import", "work_in_setup", "work_at_exit"
WHY = "The work is still done, and its user still waits for it."

_TWICE = 2.0
_FEWEST_CALLS = 3


def at_import(evidence: Evidence) -> Iterator[Finding]:
    """Look for stages called at import, and compare the CPU time of the two modules' own bodies."""
    if evidence.at_import:
        text = (
            f"while it is imported the contender calls the baseline's {listed(evidence.at_import)}: what is "
            "computed there is part of no timed run"
        )
        yield Finding(check=AT_IMPORT, verdict="trick", sentence=text, why=WHY)
        return
    ours = evidence.baseline.run.observed.body_cpu_s or 0.0
    theirs = evidence.contender.run.observed.body_cpu_s or 0.0
    if material(theirs - ours, evidence.contender.run_s):
        text = (
            f"the contender's own code computes for {seconds(theirs)} while it is imported, the baseline's "
            f"for {seconds(ours)}; its run takes {seconds(evidence.contender.run_s)}"
        )
        yield Finding(check=AT_IMPORT, verdict="trick", sentence=text, why=WHY)


def in_setup(evidence: Evidence) -> Iterator[Finding]:
    """See that make_inputs is the baseline's, makes the same inputs and takes no longer."""
    origins = [
        {side.run.observed.inputs_from, *(one.observed.inputs_from for one in side.timed)} - {""}
        for side in (evidence.baseline, evidence.contender)
    ]
    strange = sorted(origins[1] - origins[0])
    if strange:
        text = f"in the contender's process make_inputs is another function: {listed(strange)}"
        yield Finding(check=IN_SETUP, verdict="trick", sentence=text, why=WHY)
        return
    yield from _inputs_differ(evidence)
    extra, ours, theirs = _setup_extra(evidence)
    if material(extra, evidence.contender.run_s) and theirs > _TWICE * ours:
        text = (
            f"the same make_inputs takes {seconds(theirs)} of CPU time in the contender's process and "
            f"{seconds(ours)} in the baseline's"
        )
        yield Finding(check=IN_SETUP, verdict="trick", sentence=text, why=WHY)


def _inputs_differ(evidence: Evidence) -> Iterator[Finding]:
    digests: dict[tuple[str, str], set[str]] = {}
    for side in (evidence.baseline, evidence.contender):
        for trial in side.run.trials:
            if trial.inputs_digest and trial.name in evidence.sizes:
                key = (str(sorted(trial.parameters.items(), key=str)), trial.name)
                digests.setdefault(key, set()).add(trial.inputs_digest)
    differing = [name for (_, name), found in digests.items() if len(found) > 1]
    if differing:
        text = (
            f"make_inputs gave the two sides other inputs for the same seed ({listed(differing)}): either "
            "it is not deterministic, or something in the contender's process changes what it makes"
        )
        yield Finding(check=IN_SETUP, verdict="inconclusive", sentence=text, why=WHY)


def _setup_extra(evidence: Evidence) -> tuple[float, float, float]:
    """Return how much longer make_inputs takes on the contender's side, and both times, as medians."""
    sides = (evidence.baseline, evidence.contender)
    found = []
    if evidence.contender.timed:
        found.append([median_of(one.observed.inputs_cpu_s for one in side.timed) for side in sides])
    pairs = [
        (one.inputs_cpu_s, other.inputs_cpu_s)
        for one in evidence.baseline.run.trials[1:]
        if one.outcome == "returned"
        for other in evidence.contender.run.trials
        if other.name == one.name and other.outcome == "returned"
    ]
    if len(pairs) >= _FEWEST_CALLS:  # one call may fall on a garbage collection
        found.append([median_of(pair[side] for pair in pairs) for side in (0, 1)])
    return max(((theirs - ours, ours, theirs) for ours, theirs in found), default=(0.0, 0.0, 0.0))


def at_exit(evidence: Evidence) -> Iterator[Finding]:
    """Compare what the processes still compute after their reply, and who asked for it."""
    ours, theirs = _exit_s(evidence.baseline), _exit_s(evidence.contender)
    own = evidence.contender.run.observed.exit_callbacks
    if not own or evidence.baseline.run.observed.exit_callbacks:
        return
    text = f"the contender registers work for the end of the process: {listed(own)}"
    if material(theirs - ours, evidence.contender.run_s):
        text += f"; after its reply it computes for {seconds(theirs)}, the baseline for {seconds(ours)}"
        yield Finding(check=AT_EXIT, verdict="trick", sentence=text, why=WHY)
    else:
        yield Finding(check=AT_EXIT, verdict="caution", sentence=text, why=WHY)


def _exit_s(side: Side) -> float:
    timed = [one.observed.exit_cpu_s for one in side.timed]
    return max(side.exit_cpu_s, median_of(timed))
