"""Small records for a caller: a speedup with its doubt, a judgement on outputs, a row of the breakdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.report import text, units

if TYPE_CHECKING:
    from perfkit.model import Estimate, Scrutiny, StageRow
    from perfkit.report.equality import Equality as Judged


@dataclass(frozen=True, slots=True, kw_only=True)
class Speedup:
    """How much faster, with its doubt; above 1 the contender is faster.

    Attributes
    ----------
    ratio
        Median over the pairs of the baseline's time by the contender's.
    low, high
        The interval; None when one pair allows none.
    confidence
        Of the interval, such as 0.95; 0 without one.
    n
        On how many pairs it rests, or groups of pairs where they were forked.
    """

    ratio: float
    low: float | None
    high: float | None
    confidence: float
    n: int
    words: str

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True, slots=True, kw_only=True)
class Equality:
    """What may be said of the outputs.

    Attributes
    ----------
    verdict
        ``verified``, ``different``, ``not verified`` or ``not compared``.
    why
        What keeps them from being verified; empty if nothing does.
    proviso
        What verified outputs are not verified for; empty if nothing.
    stages
        By stage (``result`` for what ``run`` returned): the verdict on the ordinary input.
    """

    verdict: str
    why: str
    proviso: str
    stages: dict[str, str]

    @property
    def verified(self) -> bool:
        """Whether every stage was compared on every ordinary input, none differs, and no trick was found."""
        return self.verdict == "verified"

    def __bool__(self) -> bool:
        return self.verified

    def __str__(self) -> str:
        more = f": {self.why}" if self.why else f" {self.proviso}" if self.proviso else ""
        return f"{self.verdict}{more}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One row of the breakdown; flat, so that ``pandas.DataFrame(result.stages)`` is a table.

    Attributes
    ----------
    path
        Of the stage; empty for the total and for what no stage covers.
    kind
        ``stage``, ``own code``, ``outside stages``, ``total`` or ``other thread``.
    baseline_s, contender_s
        Mean over the pairs; None where the side has no such stage.
    speedup, low, high
        Median ratio and its interval; None where there is none.
    verdict
        On its speed.
    saved_s, saved_share
        Of the means: seconds, and the share of the total's saving.
    output
        The verdict on its output on the ordinary input; empty where nothing was compared.
    """

    path: str
    kind: str
    depth: int
    baseline_s: float | None
    contender_s: float | None
    speedup: float | None
    low: float | None
    high: float | None
    verdict: str
    saved_s: float
    saved_share: float | None
    output: str


def speedup(found: Estimate) -> Speedup:
    """Return an estimate for a caller."""
    return Speedup(
        ratio=found.value,
        low=found.low,
        high=found.high,
        confidence=found.confidence,
        n=found.n,
        words=f"{units.ratio(found)} {units.interval(found)}",
    )


def equality(found: Judged, scrutiny: Scrutiny) -> Equality:
    """Return the judgement on outputs for a caller."""
    verdict = "not verified"
    if found.verified or found.different:
        verdict = "verified" if found.verified else "different"
    elif not found.inputs:
        verdict = "not compared"
    return Equality(
        verdict=verdict,
        why=text.plain(found.why),
        proviso=text.plain(found.proviso).strip(),
        stages={
            stage.stage: stage.verdict
            for one in scrutiny.verifications
            if one.kind == "main"
            for stage in one.stages
        },
    )


def stage(row: StageRow, outputs: dict[str, str]) -> Stage:
    """Return a row of the breakdown for a caller.

    Parameters
    ----------
    outputs
        By stage: the verdict on its output.
    """
    found = row.speedup
    key = {"stage": row.path, "other thread": row.path, "total": "result"}.get(row.kind, "")
    return Stage(
        path=row.path,
        kind=row.kind,
        depth=row.depth,
        baseline_s=row.baseline_s,
        contender_s=row.contender_s,
        speedup=None if found is None else found.value,
        low=None if found is None else found.low,
        high=None if found is None else found.high,
        verdict=row.verdict,
        saved_s=row.saved_s,
        saved_share=row.saved_share,
        output=outputs.get(key, ""),
    )
