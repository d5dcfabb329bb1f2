"""What to do next about the hot lines of one profile."""

from __future__ import annotations

from dataclasses import dataclass

from perfkit.model.pipelines import Variant
from perfkit.model.words import SCHEMA, Parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """A known pattern of slow code on a hot line, and its cure.

    Attributes
    ----------
    stage
        Path of the stage that most of its time belongs to; empty outside of all.
    function
        Qualified name.
    line, text
        The line that shows the pattern, the costliest if several do.
    lines
        All lines of the same loop that show it, or only serve those that do.
    pattern, cure
        The pattern's name, and what to do, one sentence.
    sketch
        The lines after the cure, by their own names: a start, not a finished rewrite.
    hits
        How often the line ran.
    share
        Of the run, 0 to 1, all of `lines` together.
    gain_bound
        By Amdahl's law: without these lines the run is at most this many times faster. ``None`` without a
        clean run, and where they are all of it.
    evidence
        What in the source shows the pattern, one sentence.
    also
        Names of other patterns that the line shows.
    """

    stage: str
    function: str
    file: str
    line: int
    lines: tuple[int, ...]
    text: str
    pattern: str
    cure: str
    sketch: str
    hits: int
    share: float
    gain_bound: float | None
    evidence: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainLine:
    """A hot line that shows no known pattern.

    Attributes
    ----------
    share
        Of the run, 0 to 1.
    """

    function: str
    line: int
    text: str
    hits: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceReport:
    """What one line profile, and clean runs of the same source, say about what to do next.

    Attributes
    ----------
    run
        Id of the line profile.
    parameters
        Of the line profile.
    traced_s
        Wall time of ``run(inputs)`` under line_profiler.
    clean_run
        Id of the clean run that the stages' shares are from; empty if there is none.
    clean_of
        Of how many such runs it is the median.
    clean_parameters
        Its own.
    clean_s
        Wall time of ``run(inputs)`` in it.
    edited
        Whether the variant's file has another text now than in the profile.
    advice
        The largest share first.
    others
        Hot lines that show no known pattern, the largest share first.
    least_share
        Lines with a smaller share of the run were left out.
    warnings
        What the profiler could not see.
    """

    schema: int = SCHEMA
    run: str
    variant: Variant
    parameters: Parameters
    traced_s: float
    clean_run: str
    clean_of: int
    clean_parameters: Parameters
    clean_s: float | None
    edited: bool
    advice: tuple[Advice, ...]
    others: tuple[PlainLine, ...]
    least_share: float
    warnings: tuple[str, ...] = ()
