"""Pipelines as configured: variants, tolerances, what is random, and what a report is held to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from perfkit.model.words import Parameters, VariantKind


@dataclass(frozen=True, slots=True, kw_only=True)
class StagePoint:
    """A function that is a stage though its source does not say so.

    Attributes
    ----------
    file
        Its module: a path relative to the variant's root, with forward slashes; or a dotted name, for one
        that is imported from elsewhere.
    function
        Qualified name: ``extract`` or ``Extractor.extract``.
    name
        The stage's name.
    """

    file: str
    function: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One implementation of a pipeline.

    Attributes
    ----------
    name
        What the user calls it: ``baseline``, ``optimized``, ``fast.py``, ``v1.2``.
    pipeline
        The pipeline's name.
    path
        Its file, relative to its root, with forward slashes; of a file outside of it, absolute. Empty for a
        command.
    source_sha256
        Digest of the file, or of the command line, so that a stored run can be matched with the code it ran.
    kind
        A module with ``run(inputs)``; a script, or a module as ``python -m`` runs it; one callable; or a
        command in any language.
    target
        The dotted name of a module; the callable's qualified name; the command line.
    arguments
        Of a script or a module. ``{name}`` stands for the parameter of that name, ``{seed}`` for the seed.
    root
        The absolute folder from which it is imported, where that is not the project's: another revision's.
    folder
        Where a script, a module or a command runs, absolute; the root where it is empty.
    python
        Absolute path of the interpreter that runs it; empty for perfkit's own.
    revision
        Of the source, as git names it: a whole commit, or ``TREE+dirty``.
    packages
        Folders with packages built for it, absolute; they come before what the interpreter has.
    points
        Functions that are its stages besides those that its source declares.
    found
        Whether perfkit chose these points, and not the user.
    """

    name: str
    pipeline: str
    path: str
    source_sha256: str
    kind: VariantKind = "pipeline"
    target: str = ""
    arguments: tuple[str, ...] = ()
    root: str = ""
    folder: str = ""
    python: str = ""
    revision: str = ""
    packages: tuple[str, ...] = ()
    points: tuple[StagePoint, ...] = ()
    found: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StagePair:
    """A stage that was found, and the functions that it is.

    Attributes
    ----------
    baseline, contender
        Qualified names; empty if the contender has none that answers to it.
    how
        What says so besides the two names or bodies being alike: ``docstring``, ``name`` (a word of it) or
        ``place`` among the calls.
    """

    stage: str
    baseline: str
    contender: str = ""
    how: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundStages:
    """Stages that perfkit chose, because none was declared.

    Attributes
    ----------
    entries
        Of either side the function that calls the stages; empty if the script, or run, does so itself.
    unpaired
        Stages of the contender that answer to none of the baseline's.
    left_out
        Functions called so often that being a stage would slow them down.
    why_not
        Why none was found, if something failed.
    """

    entries: tuple[str, ...] = ()
    pairs: tuple[StagePair, ...] = ()
    unpaired: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    why_not: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantSettings:
    """What the configuration says of a variant besides its word.

    Attributes
    ----------
    kind
        As for `Variant`; the word is the file, the module, the callable or the command line.
    arguments, python
        As for `Variant`.
    folder
        Where it runs, relative to the project's root.
    stages
        Functions that are its stages.
    """

    kind: VariantKind
    arguments: tuple[str, ...] = ()
    python: str = ""
    folder: str = ""
    stages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How far a contender's floating-point values may lie from the baseline's.

    A value passes if ``|c - b| <= rtol * (|b| + rms(b))``, where the root mean square is that of the
    baseline's finite values in the same array. The absolute part is never a constant: a constant would
    let zeros pass where values are small.

    Attributes
    ----------
    rtol
        Relative tolerance; ``None`` stands for the default of the value's dtype.
    reason
        Why this tolerance and not the default; must be given for a looser one.
    dtype
        The contender's floating-point values may be of this dtype instead of the baseline's, declared with
        the reason; empty: a change of dtype is `different`.
    """

    rtol: float | None = None
    reason: str = ""
    dtype: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A further verification with other parameters, such as training in float64.

    Attributes
    ----------
    parameters
        The parameters that differ from the main run's.
    rtol
        The tolerance for every floating-point value of this verification.
    reason
        What this verification proves, in a sentence for the report.
    """

    parameters: Parameters
    rtol: float
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageMapping:
    """Which stages of the contender answer to one of the baseline's.

    Attributes
    ----------
    contender
        Paths of the contender's stages: one if it was renamed, several if it was split; their times add up,
        and the last one's value is compared.
    fused_into
        The baseline's stage whose counterpart does this one's work too; its value cannot be compared then.
    """

    contender: tuple[str, ...] = ()
    fused_into: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stochastic:
    """A declared random output: equivalent if the mean difference of a statistic lies within a margin.

    Attributes
    ----------
    of
        Where the numbers lie in the value, as Python would write it: ``['accuracy']``; empty for the value.
    statistic
        What is computed of the numbers of one run.
    margin
        The largest difference of the means that does not matter, in the statistic's own unit.
    relative
        The margin is a share of the baseline's mean instead.
    reason
        Why that margin, and why the output is random.
    runs
        The most runs that may be spent on it.
    """

    statistic: Literal["mean", "median", "std", "min", "max"]
    margin: float
    reason: str
    of: str = ""
    runs: int = 60
    relative: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """A pipeline as configured: its variants and what the report should hold it to.

    Attributes
    ----------
    size
        The parameter of ``make_inputs`` that scales the input, if known.
    target
        The speedup that the report is measured against, if any.
    tolerances
        By stage path; the default applies elsewhere.
    stages
        By the baseline's stage path: which stage of the contender answers to it, where the name differs.
    stochastic
        By stage path or ``result``: what is random there, and how it is compared.
    declared
        By the name of a check: why what it would find is meant.
    sizes
        At which the growth of the cost is measured; empty: it is not part of a comparison.
    claims
        By stage (``run`` for all), or ``variant:stage``: the growth that someone claims, such as ``n^2``.
    keep_home
        Whether timed runs see the user's home folder, for data or models that lie there; by default each
        has an empty one.
    functions
        By the baseline's qualified name: what the contender calls that function, where nobody can tell.
    settings
        By name: of variants that are more than a module with ``run``.
    inputs
        ``pkg.mod:make_inputs``: what makes the inputs of callables; empty for the baseline's own.
    """

    name: str
    variants: dict[str, str]
    size: str | None = None
    target: float | None = None
    tolerances: dict[str, Tolerance] = field(default_factory=dict)
    proofs: tuple[Proof, ...] = ()
    stages: dict[str, StageMapping] = field(default_factory=dict)
    stochastic: dict[str, Stochastic] = field(default_factory=dict)
    declared: dict[str, str] = field(default_factory=dict)
    sizes: tuple[int, ...] = ()
    claims: dict[str, str] = field(default_factory=dict)
    keep_home: bool = False
    functions: dict[str, str] = field(default_factory=dict)
    settings: dict[str, VariantSettings] = field(default_factory=dict)
    inputs: str = ""
