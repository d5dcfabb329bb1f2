"""What is stored, and how a speedup went from commit to commit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from perfkit.model.runs import StageTiming
from perfkit.model.speed import Estimate
from perfkit.model.words import SpeedVerdict

Room: TypeAlias = Literal["runs", "comparisons", "verifications", "scalings"]
"""The folders in which a pipeline's records lie."""


OutputsVerdict: TypeAlias = Literal["verified", "not verified", "different", "not compared"]
"""``different``: one differs, or a trick was found; ``not verified``: one was not checked or not decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """A stored record in short.

    Attributes
    ----------
    pipeline
        The folder's name below ``reports``.
    kind
        ``timing``, ``profile`` or ``checkpoints`` of a run; ``comparison``, ``verification`` or ``scaling``;
        empty for what cannot be read.
    variant
        Of a run; of the rest, the contender, or all variants, joined by commas.
    profiler
        Of a profile.
    size_bytes
        What its folder takes on the disk.
    refers_to
        Ids of the runs and scalings without which it would be incomplete.
    problem
        Why it cannot be read; empty if it can.
    """

    pipeline: str
    room: Room
    id: str
    kind: str = ""
    variant: str = ""
    profiler: str = ""
    started_at: str = ""
    source_sha256: tuple[str, ...] = ()
    size_bytes: int = 0
    refers_to: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTiming:
    """The times of a timed run, without the rest of it."""

    id: str
    variant: str
    run_s: float
    stages: tuple[StageTiming, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What must be equal for figures of different days to be comparable.

    Attributes
    ----------
    machine
        Processor, usable cores and memory, in words. Two machines of one make are not told apart.
    parameters
        Of ``make_inputs``, in words.
    sampling
        ``cold`` or ``warm``.
    """

    machine: str
    python: str
    parameters: str
    sampling: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPoint:
    """One comparison in a history.

    Attributes
    ----------
    commit
        That was compared: the contender's, or the project's; empty if it is not known.
    dirty
        Whether the tree had uncommitted changes.
    subject
        Of the commit, where the repository has it.
    speedups
        By stage path; the empty path is all of ``run``. Missing where a pair lacks the stage.
    baseline_s, contender_s
        Medians over the pairs, by stage path.
    verdict
        On the speed of all of ``run``.
    outputs
        Whether they were verified.
    surroundings
        What else bears on speed, by name: packages, Python, how processes are launched.
    """

    comparison: str
    started_at: str
    commit: str
    dirty: bool | None
    subject: str
    speedups: dict[str, Estimate]
    baseline_s: dict[str, float]
    contender_s: dict[str, float]
    verdict: SpeedVerdict
    outputs: OutputsVerdict
    surroundings: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A change of the level of a speedup.

    Attributes
    ----------
    stage
        Its path; empty for all of ``run``.
    index
        Of the first point after it.
    before, after
        The speedups between it and the neighbouring changes: geometric means.
    ratio
        `after` by `before`, with its interval; below 1 the contender has lost.
    p_value
        How likely noise as correlated as the series' own shows as strong a change somewhere.
    alongside
        What else changed there, in words.
    """

    stage: str
    index: int
    before: float
    after: float
    ratio: Estimate
    p_value: float
    alongside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Comparisons of one contender with one baseline under the same conditions, in their order.

    Attributes
    ----------
    order
        ``commits``: along the history of git; ``dates``: some commits are not in the repository.
    baseline_digest
        Of the baseline's source: another source is another series.
    stages
        Paths in the baseline's order; the empty path, for all of ``run``, first.
    shifts
        Of all stages, by stage and in order.
    """

    pipeline: str
    baseline: str
    contender: str
    baseline_digest: str
    conditions: Conditions
    order: Literal["commits", "dates"]
    points: tuple[HistoryPoint, ...]
    stages: tuple[str, ...]
    shifts: tuple[Shift, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """How speedups went, each series for itself.

    Attributes
    ----------
    series
        The one with the latest comparison first.
    stage
        The one that was asked for; None for all.
    alpha
        How often a series of one stage without a change may show one.
    fewest, shortest
        Comparisons that it takes to look for changes, and to be a level.
    smallest_effect
        A change below this is not told.
    notes
        What was left out, and why, one sentence each.
    """

    pipeline: str
    series: tuple[Series, ...]
    stage: str | None
    alpha: float
    fewest: int
    shortest: int
    smallest_effect: float
    notes: tuple[str, ...] = ()
