"""``borrowed_answer``: the expected output was read, not computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.model import Finding
from perfkit.verify.honesty.evidence import listed, result_leaves, says, telling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.verify.honesty.evidence import Evidence

NAME = "borrowed_answer"
WHY = "An answer that was read is as fast as reading; on a new input there is none."


def check(evidence: Evidence) -> Iterator[Finding]:
    """Look for peeks into frames and files, and plant wrong answers where a thief would look."""
    theirs, ours = evidence.contender.run.observed, evidence.baseline.run.observed
    peeks = [one for one in theirs.peeks if not ours.peeks]
    if peeks:
        text = f"the contender looks into frames or the interpreter's objects: {listed(peeks)}"
        yield Finding(check=NAME, verdict="trick", sentence=text, why=WHY)
        return
    if _took_the_bait(evidence):
        text = (
            "with the baseline's answer to another input planted beside it, the contender returned that one"
        )
        yield Finding(check=NAME, verdict="trick", sentence=text, why=WHY)
        return
    written = {one.path for one in theirs.files if one.mode == "write"}
    known = {one.path for one in ours.files}
    read = [
        one.path
        for one in theirs.files
        if one.mode == "read" and one.path not in known and one.path not in written
    ]
    if read:
        text = f"the contender reads files that the baseline does not: {listed(read)}"
        yield Finding(check=NAME, verdict="trick", sentence=text, why=WHY)


def _took_the_bait(evidence: Evidence) -> bool:
    """Tell whether the result among planted answers is the planted one rather than its own."""
    planted = evidence.planted
    if planted is None or not telling(planted.leaves):
        return False
    got, fed = says(planted.leaves), evidence.planted_at
    own = says(result_leaves(evidence.contender.trial(fed)))
    others = [says(result_leaves(one)) for one in evidence.baseline.run.trials if one.name != fed]
    return got != own and got in others
