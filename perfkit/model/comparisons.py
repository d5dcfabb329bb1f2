"""Comparisons: their plan, their pairs, their progress."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from perfkit.model.gates import Gates
from perfkit.model.machines import Environment
from perfkit.model.outputs import Equivalence, Scrutiny
from perfkit.model.pipelines import FoundStages, Pipeline, Variant
from perfkit.model.speed import Estimate
from perfkit.model.words import SCHEMA, Parameters, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class PairPlan:
    """What the schedule lays down for one pair before anything is measured.

    Attributes
    ----------
    order
        Which side runs first.
    seed
        Seed of the inputs, the same for both sides.
    hash_seed, padding
        ``PYTHONHASHSEED`` and the length of a dummy environment variable: drawn anew for each group and the
        same on both sides, so that memory layout is noise rather than bias.
    group
        Pairs of one group come from the same two processes, and are not independent of each other; -1 for
        a pair of its own in a comparison that knew no groups.
    cpu
        Drawn for each block of two pairs: which of the usable cores, counted round, if processes are pinned.
    """

    index: int
    order: tuple[Side, Side]
    seed: int
    hash_seed: int
    padding: int
    group: int = -1
    cpu: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How the samples of a comparison are taken; the same for both sides of every pair.

    Attributes
    ----------
    launch
        ``spawn``: each sample in a freshly started process. ``fork``: a group's samples in forks of two
        freshly started processes, one a side, that have imported the variant.
    group
        Pairs to a group: 1 for ``spawn``.
    pinned
        Whether both sides of a block run on one core.
    repeats
        0: a sample is the first call of ``run`` in its process (cold). Otherwise the mean of so many calls
        after the first, each on an input of its own (warm).
    reasons
        Why so, one sentence each.
    """

    launch: Literal["spawn", "fork"] = "spawn"
    group: int = 1
    pinned: bool = False
    repeats: int = 0
    reasons: tuple[str, ...] = ()

    @property
    def is_default(self) -> bool:
        """Whether samples are taken as those of a first pair are: spawned, cold and not pinned."""
        return self.launch == "spawn" and not self.pinned and not self.repeats


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One baseline run and one contender run, measured one after the other.

    Attributes
    ----------
    result
        What the two timed runs returned, compared; None if it was not.
    """

    plan: PairPlan
    baseline_run: str
    contender_run: str
    result: Equivalence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A baseline and a contender compared: which runs, under which plan, with what outcome.

    Attributes
    ----------
    parameters
        All keyword parameters of ``make_inputs``, defaults included.
    overrides
        The parameters that the user set.
    seed
        Seed of the schedule, from which the pairs' seeds are drawn.
    stopped_because
        Why no more pairs were measured, one sentence.
    profiles
        Ids of the profile runs that belong to it.
    notes
        What the reader of the report should know, one sentence each.
    sequential
        Whether the number of pairs depended on what was measured.
    alpha
        How often verdicts on speed may be wrong, as the looks on the way have left it; None where there
        were no such looks.
    smallest_effect
        An interval of the speedup inside plus or minus this is `no difference`.
    sampling
        How the samples were taken; None where that is not known.
    scaling
        Id of the scaling that belongs to it; empty for none.
    found
        The stages, if perfkit chose them.
    gates
        What the user holds it to; None if nothing was asked.
    trial
        A first pair that was measured to decide on that, and is no part of any estimate.
    """

    schema: int = SCHEMA
    id: str
    pipeline: Pipeline
    baseline: Variant
    contender: Variant
    parameters: Parameters
    overrides: Parameters
    seed: int
    started_at: str
    duration_s: float
    budget_s: float
    precision: float
    pairs: tuple[Pair, ...]
    stopped_because: str
    scrutiny: Scrutiny
    profiles: tuple[str, ...]
    environment: Environment
    command: str
    notes: tuple[str, ...] = ()
    sequential: bool = True
    alpha: float | None = None
    smallest_effect: float = 0.01
    sampling: Sampling | None = None
    trial: Pair | None = None
    scaling: str = ""
    gates: Gates | None = None
    found: FoundStages | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What perfkit is doing, for whoever wants to show it.

    Attributes
    ----------
    doing
        In words: ``pair 3: baseline``.
    done, of
        Steps of this phase that are done, and how many there will be (``None``: not known).
    left_s
        Seconds that this phase will still take, as far as can be told.
    speedup
        The estimate so far.
    """

    phase: Literal["measuring", "verifying", "profiling"]
    doing: str
    done: int
    of: int | None
    left_s: float | None = None
    speedup: Estimate | None = None
