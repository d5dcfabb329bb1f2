"""What a comparison is held to, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

GateOutcome: TypeAlias = Literal["passed", "failed", "undecided"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gates:
    """What the user holds a comparison to, besides what every comparison is held to.

    Attributes
    ----------
    slower
        By stage (an empty name for ``run`` as a whole): how much longer the contender may take, as a share of
        the baseline's time: 0.02 for 2 %.
    least
        The speedup that is asked for, instead of the configured target.
    verified
        Whether the outputs must be verified.
    """

    slower: dict[str, float] = field(default_factory=dict)
    least: float | None = None
    verified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One thing that a comparison is held to, judged.

    Attributes
    ----------
    name
        What it is held to, in a few words: ``at most 2 % slower``.
    outcome
        ``undecided``: the runs do not tell. That is no pass.
    reasons
        Why, one sentence each; never empty.
    stage
        The stage that it speaks of, as the baseline calls it; empty for all of ``run``.
    asked
        Whether the user asked for it, this time.
    """

    name: str
    outcome: GateOutcome
    reasons: tuple[str, ...]
    stage: str = ""
    asked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """Whether the outputs are verified: the judgement that reports print, in plain words.

    Attributes
    ----------
    holds
        Every stage was compared on every ordinary input, none differs, and no check found a trick.
    compared
        Whether anything was compared at all.
    why
        What keeps it from holding; empty if it does.
    proviso
        What it does not hold for, to be read after "verified": ``on ordinary inputs``; empty if nothing.
    """

    holds: bool
    compared: bool
    why: str = ""
    proviso: str = ""
