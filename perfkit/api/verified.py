"""Whether outputs are verified: one judgement, which reports print and gates hold a comparison to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.analyse import gates
from perfkit.model import Verified
from perfkit.report import equality
from perfkit.report.text import plain

if TYPE_CHECKING:
    from perfkit.model import Gate, VerificationReport
    from perfkit.report.equality import Equality


def told(found: Equality) -> Verified:
    """Return the judgement that a report prints in plain words.

    Parameters
    ----------
    found
        As `perfkit.report.equality.judge` returns it.
    """
    return Verified(
        holds=found.verified,
        compared=found.inputs > 0,
        why=plain(found.why),
        proviso=plain(found.proviso).strip(),
    )


def judge(report: VerificationReport, *, required: bool = False) -> tuple[Gate, ...]:
    """Judge what a verification of its own is held to.

    Parameters
    ----------
    required
        Whether outputs that are not verified fail, instead of being undecided.
    """
    found = told(equality.judge(report.scrutiny))
    return gates.judge_verification(report.scrutiny, found, required=required)
