"""A search through the history for the commit that made something slower."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from perfkit.model.machines import Environment
from perfkit.model.speed import Estimate
from perfkit.model.words import SCHEMA

BisectionQuestion: TypeAlias = Literal["ends", "size", "search", "branch", "confirmation"]
BisectionAnswer: TypeAlias = Literal["good", "slow", "undecided", "skipped"]
BisectionVerdict: TypeAlias = Literal["found", "not confirmed", "range", "not slower", "inconclusive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit, as git tells of it.

    Attributes
    ----------
    id, short
        Its whole name, and as much of it as is unique.
    tree
        Name of its content.
    parents
        Whole names; several for a merge.
    date
        When it was written, ISO 8601.
    subject
        The first line of its message.
    """

    id: str
    short: str
    tree: str
    parents: tuple[str, ...]
    author: str
    date: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BisectionStep:
    """One question of a search, answered by a paired comparison.

    Attributes
    ----------
    kind
        ``ends``: the last commit against the first. ``size``: the same again, to say by how much.
        ``search``: a commit between them. ``branch``: one of a branch that a merge brought in.
        ``confirmation``: the culprit against its parent.
    commit, against
        The contender's commit, and the baseline's.
    outcome
        ``slow`` or ``good``, on which side of the limit it lies. ``undecided`` if the budget did not do,
        ``skipped`` if it could not be measured.
    speedup
        Against / commit: below 1, the commit is slower. None if nothing was measured.
    limit
        The speedup that divides good from slow: half-way, in factors, between 1 and that of the last commit.
        None for the first question and the confirmation.
    error
        How often the answer may be wrong.
    reason
        Why it is undecided or skipped.
    baseline_runs, contender_runs
        Ids of the stored runs, pair by pair.
    """

    kind: BisectionQuestion
    commit: Commit
    against: Commit
    outcome: BisectionAnswer
    speedup: Estimate | None
    limit: float | None
    error: float
    reason: str = ""
    duration_s: float = 0.0
    baseline_runs: tuple[str, ...] = ()
    contender_runs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFile:
    """What a commit changed in a file: lines; None for a binary one."""

    path: str
    added: int | None
    removed: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bisection:
    """A search for the commit that made a benchmark slower.

    Attributes
    ----------
    verdict
        ``found``: one commit, and slower than its parent in a direct comparison. ``not confirmed``: one
        commit, but that comparison does not show it. ``range``: several commits between which could not be
        told. ``not slower``: the last commit is not slower than the first. ``inconclusive``: whether it is
        was not decided.
    benchmark, arguments
        What was run at each commit.
    stage
        Whose time was compared; empty for the whole run.
    good, bad
        Between which was searched.
    candidates
        How many commits that are, with those of branches that were searched.
    suspects
        The culprit, or the commits that it may be, the oldest first; empty where there is none.
    parent
        Against which the culprit was confirmed.
    share
        Of the whole slowdown, in factors, that the culprit made: 0.5 of a slowdown of 4 is 2. None without.
    share_interval
        At 95 %, from the culprit's interval.
    changed
        The files of the culprit.
    error
        How often the search may have been led astray, over all its steps.
    smallest_effect
        An interval of a speedup inside plus or minus this is no difference.
    interrupted
        Whether the user ended it.
    notes
        What the reader should know, a sentence each.
    """

    schema: int = SCHEMA
    id: str
    verdict: BisectionVerdict
    pipeline: str
    benchmark: str
    arguments: tuple[str, ...]
    stage: str
    good: Commit
    bad: Commit
    candidates: int
    steps: tuple[BisectionStep, ...]
    suspects: tuple[Commit, ...]
    parent: Commit | None
    share: float | None
    share_interval: tuple[float, float] | None
    changed: tuple[ChangedFile, ...]
    error: float
    smallest_effect: float
    budget_s: float
    seed: int
    started_at: str
    duration_s: float
    environment: Environment
    command: str
    interrupted: bool = False
    notes: tuple[str, ...] = ()
