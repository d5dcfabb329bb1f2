"""Speedups with their doubt, whole and by stage."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from perfkit.model.words import SpeedVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number with its doubt.

    Attributes
    ----------
    low, high
        The interval; ``None`` when one sample allows none.
    confidence
        Of the interval, 0.95 by default; 0 without one.
    n
        Number of pairs it rests on, or of groups of pairs if `group` is more than 1.
    group
        Pairs to a group.
    method
        How the interval was obtained, in words.
    sure_low, sure_high
        The wider interval that verdicts are made from.
    """

    value: float
    low: float | None
    high: float | None
    confidence: float
    n: int
    method: str
    sure_low: float | None = None
    sure_high: float | None = None
    group: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRow:
    """One row of the breakdown. Rows of one depth under one parent add up to their parent.

    Attributes
    ----------
    path
        The stage's path; the parent's path for its own code; empty for the total and for what no stage
        covers.
    kind
        ``stage``, ``own code`` (of a stage with children, outside of them), ``outside stages``, ``total``,
        or ``other thread`` (overlaps the rest, part of no sum).
    baseline_s, contender_s
        Mean over the pairs, which is what adds up; ``None`` where the side has no such stage.
    speedup
        Median over the pairs of baseline / contender.
    verdict
        On the stage's speed, made from its `speedup`, which is corrected for the number of rows.
    saved_s, saved_share
        Of the means: seconds, and the share of the total's saving.
    saved_s_interval, saved_share_interval
        At 95 %, (low, high); None where too few pairs allow none.
    baseline_s_interval, contender_s_interval
        Of the means, likewise.
    """

    path: str
    depth: int
    kind: Literal["stage", "own code", "outside stages", "total", "other thread"]
    baseline_s: float | None
    contender_s: float | None
    baseline_calls: float
    contender_calls: float
    speedup: Estimate | None
    saved_s: float
    saved_share: float | None
    biggest: bool = False
    verdict: SpeedVerdict = "inconclusive"
    saved_s_interval: tuple[float, float] | None = None
    saved_share_interval: tuple[float, float] | None = None
    baseline_s_interval: tuple[float, float] | None = None
    contender_s_interval: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """Speed, whole and by stage, from clean runs alone.

    Attributes
    ----------
    rows
        Depth first; the total last.
    run, process, import_time, cpu, memory
        Ratio baseline / contender of ``run(inputs)``, of the whole process, of the import, of CPU time,
        and of peak memory (``None`` if unknown).
    verdict
        On speed.
    verdicts_at
        The confidence that a verdict takes, before it is corrected for the number of stages.
    needed
        About how many pairs (or groups of them) an inconclusive verdict would take in all; None if unknown.
    sign_test
        Whether there are enough pairs for the verdict to be the sign test's; Student's t makes it otherwise.
    baseline_first_s, contender_first_s
        Mean time of the first call in each process, where the samples are warm ones after it.
    disturbed
        By the id of a run: what came in between.
    notes
        What is odd about the samples, a sentence each.
    """

    rows: tuple[StageRow, ...]
    run: Estimate
    process: Estimate
    baseline_s: float
    contender_s: float
    baseline_process_s: float
    contender_process_s: float
    baseline_import_s: float
    contender_import_s: float
    baseline_inputs_s: float
    contender_inputs_s: float
    baseline_cpu_s: float
    contender_cpu_s: float
    baseline_peak_bytes: int | None
    contender_peak_bytes: int | None
    verdict: SpeedVerdict
    verdicts_at: float = 0.995
    needed: int | None = None
    sign_test: bool = True
    baseline_first_s: float = 0.0
    contender_first_s: float = 0.0
    disturbed: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
