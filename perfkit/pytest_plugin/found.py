"""What one test measured."""

from __future__ import annotations

from dataclasses import dataclass, field

from perfkit.model import InProcessTiming, PairedResult, Unpaired


@dataclass(slots=True, kw_only=True)
class Found:
    """What one test measured.

    Attributes
    ----------
    beside
        Earlier timings beside those of this run, with what the user calls the earlier run.
    profiles
        Files.
    problems
        What could not be profiled, one sentence each.
    """

    timings: list[InProcessTiming] = field(default_factory=list)
    comparisons: list[PairedResult] = field(default_factory=list)
    beside: list[tuple[str, Unpaired]] = field(default_factory=list)
    profiles: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.timings or self.comparisons)
