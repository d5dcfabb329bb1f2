"""The machine: what was seen of it, and what it can resolve."""

from __future__ import annotations

from dataclasses import dataclass, field

from perfkit.model.words import SCHEMA, Level, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineCheck:
    """One look at the machine.

    Attributes
    ----------
    name
        Unique in its `Machine`: ``governor``.
    seen
        What was seen, without a full stop.
    why, advice
        Why it matters, and what to do about it, one sentence each; no advice where all is well.
    """

    name: str
    level: Level
    seen: str
    why: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What bears on measuring, as far as the system tells.

    Attributes
    ----------
    unseen
        Names of the checks that could not be made, because the system does not tell.
    """

    checks: tuple[MachineCheck, ...] = ()
    unseen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """The interpreter that one side runs in, and what is installed there.

    Attributes
    ----------
    executable
        Absolute path, as the interpreter itself names it.
    python, implementation
        ``3.13.0``, ``CPython``.
    build
        By what it is called: how the interpreter was built and set, as far as that bears on speed.
    packages
        Versions of the distributions that the side's files import, and of what these require in turn.
    installed
        Versions of all others.
    """

    executable: str
    python: str
    implementation: str
    build: dict[str, str] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)
    installed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The machine and the software that a comparison ran on.

    Attributes
    ----------
    python, implementation
        Perfkit's own, which is also the sides' where `runtimes` is empty.
    packages
        Versions of the distributions that the variants import, and perfkit's; only perfkit's where the sides
        have runtimes of their own.
    variables
        Environment variables that steer threads and Python, as the workers saw them.
    machine
        What bears on measuring, as it was before the first run.
    runtimes
        Of each side, where they run in other interpreters than perfkit's own.
    """

    python: str
    implementation: str
    platform: str
    cpu: str
    cores: int
    usable_cores: int
    memory_bytes: int
    load: tuple[float, float, float]
    governor: str
    packages: dict[str, str]
    variables: dict[str, str]
    git_commit: str
    git_dirty: bool | None
    machine: Machine = Machine()
    runtimes: dict[Side, Runtime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """How many pairs it takes to see an effect of one size.

    Attributes
    ----------
    effect
        0.05 for a contender that is 5 % faster.
    positive
        Probability that a pair shows the effect with its right sign.
    pairs, seconds
        Needed; ``None`` if it takes longer than the limit, or cannot be seen at all.
    pairs_low, pairs_high, seconds_low, seconds_high
        The 95 % interval of both, for as many pairs as were measured.
    """

    effect: float
    positive: float
    pairs: int | None
    pairs_low: int | None
    pairs_high: int | None
    seconds: float | None
    seconds_low: float | None
    seconds_high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bias:
    """Whether equal programs looked different.

    Attributes
    ----------
    ratio
        Median of the pairs' ratios; 1 for none.
    p_value
        Of the two-sided sign test; 1 if nothing differs.
    """

    ratio: float
    p_value: float
    found: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What a comparison of a program with itself says about the machine.

    Attributes
    ----------
    pairs
        On which it rests.
    unusable
        Further pairs, in which a run took no measurable time.
    run_s
        Median time of one run of the workload.
    seconds_per_pair
        Median time from one pair to the next: both processes, from their start to their end.
    scatter
        Of the pairs' ratios: 0.03 for 3 %. 1.4826 times the median absolute deviation of their logarithms,
        which is the standard deviation where they are normal, and which a few disturbed pairs do not move.
    detections
        By effect, largest first.
    power, alpha, limit_s
        What `detections` hold for: the probability to see the effect, the level of the two-sided sign test,
        and the longest time that counts.
    sides, places
        Of the first program against the second, and of the first run of a pair against its second.
    problem
        Why it is not decided, one sentence; empty if it is.
    """

    pairs: int
    unusable: int
    run_s: float
    seconds_per_pair: float
    scatter: float
    detections: tuple[Detection, ...]
    power: float
    alpha: float
    limit_s: float
    sides: Bias
    places: Bias
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What `perfkit doctor` found.

    Attributes
    ----------
    during
        What was seen of the machine while the pairs ran, or over a moment without them.
    resolution
        None if nothing was measured.
    """

    schema: int = SCHEMA
    started_at: str
    duration_s: float
    platform: str
    cpu: str
    python: str
    machine: Machine
    during: Machine
    resolution: Resolution | None
