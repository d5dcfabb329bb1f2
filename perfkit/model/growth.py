"""How cost grows with the size of the input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from perfkit.model.machines import Environment
from perfkit.model.pipelines import Pipeline, Variant
from perfkit.model.speed import Estimate
from perfkit.model.words import SCHEMA, Parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One process of each variant at one size, one after the other on the same input.

    Attributes
    ----------
    round
        Each round visits every size once, in an order of its own.
    order, runs
        Names of the variants as they ran, and the ids of their runs in the order of the scaling's variants.
    """

    round: int
    size: int
    seed: int
    order: tuple[str, ...]
    runs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """Variants measured at several sizes of the input: which runs, at which sizes.

    Attributes
    ----------
    variants
        The first is what the others are compared with.
    parameter
        The parameter of ``make_inputs`` that is the size.
    sizes
        Those that were measured to the end, growing.
    left_out
        By size, why it was left out, one sentence.
    claims
        As in `Pipeline`.
    rounds
        How many processes of each variant there are at each size.
    """

    schema: int = SCHEMA
    id: str
    pipeline: Pipeline
    variants: tuple[Variant, ...]
    parameter: str
    sizes: tuple[int, ...]
    left_out: dict[str, str]
    claims: dict[str, str]
    overrides: Parameters
    seed: int
    started_at: str
    duration_s: float
    budget_s: float
    rounds: int
    blocks: tuple[Block, ...]
    stopped_because: str
    environment: Environment
    command: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """A named growth with a constant on top: ``offset + factor * n log n``.

    Attributes
    ----------
    name
        ``constant``, ``log n``, ``n``, ``n log n``, ``n^2``, ``n^2 log n`` or ``n^3``.
    error
        By how much it misses a size that it was not fitted to, as a share: 0.03 is 3 %.
    possible
        Whether it cannot be told from the best law.
    power, log
        It is ``n^power``, times ``log n`` or not.
    offset, factor
        In seconds or bytes, fitted to all sizes.
    """

    name: str
    error: float
    possible: bool
    power: float
    log: bool
    offset: float
    factor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CostAtSize:
    """What one size costs: the median over its processes, with its 95 % interval where there is one."""

    size: int
    median: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExponentChange:
    """How an exponent changes over the range, where it was shown to.

    Attributes
    ----------
    small_end, large_end
        Exponents over the three smallest and the three largest sizes; of a break, below and above it.
    at
        The size at which the exponent breaks; None if it changes bit by bit.
    """

    small_end: float
    large_end: float
    at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How one cost of one variant grows.

    Attributes
    ----------
    stage
        Its path; empty for all of ``run``.
    quantity
        Seconds, or bytes of resident memory at the peak above what there was before ``run``.
    exponent
        Of the power of the size with which it grows, on the mean over the range.
    withheld
        Why there is no exponent, in a few words; empty if there is one.
    laws
        The best first; empty if too little was measured.
    power_too
        Whether a power without a name predicts as well as the best law.
    """

    variant: str
    stage: str
    quantity: Literal["time", "memory"]
    costs: tuple[CostAtSize, ...]
    exponent: Estimate | None
    withheld: str = ""
    change: ExponentChange | None = None
    laws: tuple[Law, ...] = ()
    power_too: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """Where one variant overtakes another.

    Attributes
    ----------
    stage
        Its path; empty for all of ``run``.
    below, above
        The variant that is faster at smaller and at larger sizes.
    size
        Where both take as long.
    low, high
        The 95 % interval; None at an end that lies too far from what was measured.
    measured
        Whether it lies between two measured sizes, rather than beyond the last one.
    """

    stage: str
    below: str
    above: str
    size: float
    low: float | None
    high: float | None
    measured: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioAtSize:
    """How much faster a variant is at one size than the first one."""

    variant: str
    stage: str
    size: int
    ratio: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedClaim:
    """A claimed growth beside the measured one.

    Attributes
    ----------
    law
        As people write it: ``n^2``.
    expected
        The exponent that the law itself has over the measured sizes.
    verdict
        ``steeper``, ``flatter``: the whole interval lies more than 0.05 beside it; ``agrees``; ``not told``.
    """

    variant: str
    stage: str
    law: str
    expected: float
    verdict: Literal["agrees", "steeper", "flatter", "not told"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingReport:
    """A scaling, and what was found in its runs.

    Attributes
    ----------
    growths
        Stages in their order, then the total, each variant by variant; memory last.
    ratios
        Of each further variant to the first, at each size.
    """

    scaling: Scaling
    growths: tuple[Growth, ...]
    ratios: tuple[RatioAtSize, ...]
    crossings: tuple[Crossing, ...]
    claims: tuple[JudgedClaim, ...]
