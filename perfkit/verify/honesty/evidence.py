"""What the honesty checks look at: both sides' processes, runs and sources, gathered once."""

from __future__ import annotations

import ast
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perfkit.model import (
        Checkpoint,
        CheckpointRun,
        Equivalence,
        Leaf,
        Pipeline,
        TimingRun,
        TrialRun,
        Verification,
    )

NOTICEABLE_S = 0.020
"""Less than this many seconds is never called work that was moved elsewhere."""
NOTICEABLE_SHARE = 0.20
"""Nor is what would change the contender's own time by less than this share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side's processes.

    Attributes
    ----------
    source
        The variant's file as it is, in bytes: its own first lines say how it is encoded.
    run
        Of the verification.
    exit_cpu_s, peak_rss_bytes, import_s
        Of the verification's process.
    timed
        Its timed runs, if there are any.
    """

    source: bytes
    run: CheckpointRun
    exit_cpu_s: float = 0.0
    peak_rss_bytes: int | None = None
    import_s: float = 0.0
    timed: tuple[TimingRun, ...] = ()

    def trial(self, name: str) -> TrialRun | None:
        """Return a trial by name, if it was run."""
        return next((one for one in self.run.trials if one.name == name), None)

    @property
    def main(self) -> TrialRun:
        """The first trial."""
        return self.run.trials[0]

    @property
    def run_s(self) -> float:
        """Seconds that ``run`` takes: the timed runs' median, or else the first trial's CPU time."""
        return statistics.median(one.run_s for one in self.timed) if self.timed else self.main.cpu_s

    def tree(self) -> ast.Module:
        """Return the parsed source; empty if it does not parse."""
        try:
            return ast.parse(self.source)
        except (SyntaxError, ValueError):
            return ast.Module(body=[], type_ignores=[])

    def observed(self, name: Literal["tampered", "tracers", "busy_threads"]) -> tuple[str, ...]:
        """Return what was seen in any of this side's processes."""
        seen = [getattr(self.run.observed, name), *(getattr(one.observed, name) for one in self.timed)]
        return tuple(dict.fromkeys(one for several in seen for one in several))


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Both sides, and what was concluded from their values.

    Attributes
    ----------
    verifications
        Of all trials that both sides ran.
    repeats
        By the name of a trial that the contender alone ran: its values against the baseline's for the same
        input.
    differential
        Each stage of the contender fed with the baseline's input.
    at_import
        The baseline's stages that the contender called while it was imported.
    planted, planted_at
        What the contender returned among planted wrong answers, None if it was not tried; for which trial's
        input.
    lowered
        By stage: the precision in which the contender's values look computed, what shows it, and whether they
        fit in it exactly: then it is sure, else only the size of the error says so.
    sizes
        By trial: the value of the parameter that scales the input.
    full_size
        Of the main trial; None if no parameter is known to scale it.
    """

    pipeline: Pipeline
    baseline: Side
    contender: Side
    verifications: tuple[Verification, ...]
    repeats: dict[str, Equivalence] = field(default_factory=dict)
    differential: tuple[Equivalence, ...] = ()
    at_import: tuple[str, ...] = ()
    planted: Checkpoint | None = None
    planted_at: str = ""
    lowered: dict[str, tuple[str, str, bool]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    full_size: int | None = None

    def different(self, *kinds: str) -> list[Verification]:
        """Return the verifications of these kinds, or all but edges, in which a stage differs."""
        wanted = kinds or ("main", "proof", "size", "repeat")
        return [
            one
            for one in self.verifications
            if one.kind in wanted and any(stage.verdict == "different" for stage in one.stages)
        ]

    @property
    def differs(self) -> bool:
        """Whether any output on an ordinary input differs."""
        return bool(self.different())


def result_leaves(run: TrialRun | None) -> tuple[Leaf, ...]:
    """Return the leaves of what ``run`` returned in a trial; none if it did not return."""
    if run is None:
        return ()
    found = [one for one in run.checkpoints if not one.stage]
    return found[-1].leaves if found else ()


def says(leaves: Iterable[Leaf]) -> tuple[tuple[str, str], ...]:
    """Return what leaves hold, bit by bit, where it can be told."""
    return tuple((leaf.path, leaf.digest or leaf.text) for leaf in leaves if leaf.kind != "opaque")


def telling(leaves: Iterable[Leaf]) -> bool:
    """Tell whether leaves hold enough that two equal ones are no accident: more than a count or two."""
    bits = sum(
        64 * max(1, _size(leaf)) if leaf.kind == "array" and "float" in leaf.dtype else _size(leaf)
        for leaf in leaves
        if leaf.kind == "array" or (leaf.kind == "exact" and not leaf.digest)
    )
    return bits >= 64  # noqa: PLR2004  one float, or a handful of integers


def _size(leaf: Leaf) -> int:
    total = 16
    for one in leaf.shape:
        total *= one
    return total


def material(extra_s: float, run_s: float) -> bool:
    """Tell whether time spent elsewhere would have changed the contender's own time noticeably."""
    return extra_s >= NOTICEABLE_S and extra_s >= NOTICEABLE_SHARE * (run_s + extra_s)


def median_of(values: Iterable[float | None]) -> float:
    """Return the median of what is there; 0 for nothing."""
    there = [one for one in values if one is not None]
    return statistics.median(there) if there else 0.0


def listed(names: Iterable[str], most: int = 3) -> str:
    """Join names for a sentence, the first few."""
    found = list(names)
    shown = ", ".join(found[:most])
    return f"{shown} and {len(found) - most} more" if len(found) > most else shown


def seconds(value: float) -> str:
    """Return a time for a sentence, two digits."""
    for limit, unit, factor in ((1e-3, "µs", 1e6), (1.0, "ms", 1e3), (120.0, "s", 1.0)):
        if value < limit:
            return f"{value * factor:.2g} {unit}" if value * factor < 100 else f"{value * factor:.0f} {unit}"  # noqa: PLR2004
    return f"{value / 60:.1f} min"
