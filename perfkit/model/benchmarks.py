"""Timings taken inside a test's process, the files that hold them, and their comparison with earlier ones."""

from __future__ import annotations

from dataclasses import dataclass

from perfkit.model.speed import Estimate
from perfkit.model.words import SCHEMA, SpeedVerdict, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class InProcessTiming:
    """One function, timed again and again in one process.

    However many samples there are, this is one value: memory layout and hash seed are those of the process.

    Attributes
    ----------
    test
        The test's id, as pytest names it.
    index
        Which timing of the test, from 0.
    function
        What was called.
    median_s
        Of the samples, a call.
    low_s, high_s
        The distribution-free interval of that median at 95 %, for this process; None where there are too few
        samples.
    values_s
        Of each sample the mean time of its calls; empty where only a summary is known.
    samples, calls
        Number of samples, and of calls in each.
    first_s
        The first call, which is no sample; None where it is not known.
    own_inputs
        Whether each call had inputs of its own, made outside of the timed part.
    tracers
        What traced or profiled the process meanwhile and so slowed it down.
    garbage_collected
        Whether Python's garbage collector was on; None where that is not known.
    notes
        What the reader should know, one sentence each, without a full stop.
    """

    test: str
    index: int = 0
    function: str = ""
    median_s: float
    low_s: float | None = None
    high_s: float | None = None
    values_s: tuple[float, ...] = ()
    samples: int
    calls: int
    first_s: float | None = None
    own_inputs: bool = False
    tracers: tuple[str, ...] = ()
    garbage_collected: bool | None = None
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The test's id, and which of its timings this is if it is not the first."""
        return f"{self.test} #{self.index + 1}" if self.index else self.test


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedResult:
    """What a comparison in fresh paired processes, made from a test, found.

    Attributes
    ----------
    baseline, contender
        As the user calls them.
    comparison, pipeline
        The id under which it is stored, and of which pipeline.
    outputs
        On what the two returned; `not checked` where that was not asked for.
    failed, undecided
        One sentence for each gate that failed, and for each that is not decided.
    """

    test: str
    baseline: str
    contender: str
    comparison: str
    pipeline: str
    speedup: Estimate
    verdict: SpeedVerdict
    outputs: Verdict
    failed: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    pairs: int
    baseline_s: float
    contender_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkHost:
    """What timings were taken with, as far as their file tells; empty where it does not."""

    python: str = ""
    implementation: str = ""
    cpu: str = ""
    platform: str = ""
    commit: str = ""
    dirty: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkFile:
    """The timings of one test run.

    Attributes
    ----------
    tool
        What took them, with its version.
    started_at
        UTC, ISO 8601; empty where it is not known.
    """

    schema: int = SCHEMA
    tool: str
    started_at: str = ""
    host: BenchmarkHost = BenchmarkHost()
    timings: tuple[InProcessTiming, ...] = ()
    comparisons: tuple[PairedResult, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpaired:
    """Two timings of one test from two processes that did not run side by side: no verdict comes from it.

    Attributes
    ----------
    before, after
        None where that run has no such timing.
    ratio
        Of the medians, before / after: above 1, the later is faster; None where it would say nothing.
    caveats
        What, besides chance, tells the two apart, or why there is no ratio; one sentence each.
    """

    before: InProcessTiming | None
    after: InProcessTiming | None
    ratio: float | None = None
    caveats: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The test's id, and which of its timings this is."""
        one = self.after or self.before
        return one.name if one is not None else ""
