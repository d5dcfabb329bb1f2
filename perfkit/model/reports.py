"""What a report shows besides: hot lines, techniques, files."""

from __future__ import annotations

from dataclasses import dataclass

from perfkit.model.comparisons import Comparison
from perfkit.model.differences import Difference
from perfkit.model.gates import Gate
from perfkit.model.growth import ScalingReport
from perfkit.model.profiles import ProfileRun
from perfkit.model.runs import TimingRun
from perfkit.model.speed import Breakdown


@dataclass(frozen=True, slots=True, kw_only=True)
class HotLine:
    """A costly line of the baseline, as measured under line_profiler.

    Attributes
    ----------
    share
        Of the time of the stage it serves, under the profiler, 0 to 1.
    """

    line: int
    text: str
    hits: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeBlock:
    """A piece of source, cut from a variant's file as it ran.

    Attributes
    ----------
    cut
        True if lines were left out for length.
    """

    file: str
    function: str
    first_line: int
    text: str
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Technique:
    """A way of making code faster, recognised from both sources.

    Attributes
    ----------
    evidence
        What in the two sources shows it, one sentence.
    """

    name: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimisation:
    """One function that carries part of the saving: its problem, before and after."""

    stage: str
    function: str
    hot_lines: tuple[HotLine, ...]
    before: CodeBlock
    after: tuple[CodeBlock, ...]
    techniques: tuple[Technique, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file that the comparison left, for the report's list.

    Attributes
    ----------
    path
        Relative to the report's folder.
    size_bytes
        ``None`` for the report itself, which cannot hold its own size.
    """

    path: str
    size_bytes: int | None
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that a renderer gets: the comparison and what was found in its runs.

    Attributes
    ----------
    gates
        All that the comparison is held to, judged.
    """

    comparison: Comparison
    breakdown: Breakdown
    timing_runs: dict[str, TimingRun]
    profile_runs: tuple[ProfileRun, ...]
    optimisations: tuple[Optimisation, ...]
    files: tuple[StoredFile, ...]
    growth: ScalingReport | None = None
    difference: Difference | None = None
    gates: tuple[Gate, ...] = ()
