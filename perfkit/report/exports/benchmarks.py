"""What the formats of timings share: which numbers make up one benchmark, and what it is called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.model import PairPlan, Side, TimingRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """A timed run, and its place in a comparison if it has one.

    Attributes
    ----------
    run
        A contender's has its stages under the baseline's names.
    """

    run: TimingRun
    pair: PairPlan | None = None
    side: Side | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """One variant's times of ``run``, or of one stage: one value a process.

    Attributes
    ----------
    name
        The pipeline's, with the variant in brackets where there are several, and the stage.
    group
        The same without the variant: what is to be compared.
    stage
        Empty for all of ``run``.
    values_s
        By run.
    of
        How many runs of the variant there are; some may not have entered the stage.
    """

    name: str
    group: str
    variant: str
    stage: str
    runs: tuple[TimingRun, ...]
    values_s: tuple[float, ...]
    of: int


def collect(timed: Sequence[Timed], pipeline: str, *, stages: bool) -> list[Benchmark]:
    """Collect the times of each variant, baselines first, stages in the order in which they first occur.

    Parameters
    ----------
    pipeline
        Its name, which is the benchmark's.
    stages
        Whether each stage is a benchmark of its own besides.
    """
    by_variant: dict[str, list[TimingRun]] = {}
    for one in sorted(timed, key=lambda one: one.side == "contender"):
        by_variant.setdefault(one.run.variant.name, []).append(one.run)
    found = []
    for variant, runs in by_variant.items():
        times: dict[str, list[tuple[TimingRun, float]]] = {"": [(run, run.run_s) for run in runs]}
        for run in runs if stages else ():
            for stage in run.stages:
                path = stage.path if stage.in_main_thread else f"{stage.path} (other threads)"
                times.setdefault(path, []).append((run, stage.total_s))
        whose = f"{pipeline}[{variant}]" if len(by_variant) > 1 else pipeline
        for path, pairs in times.items():
            within = f"/{path}" if path else ""
            found.append(
                Benchmark(
                    name=one_line(whose + within),
                    group=one_line(pipeline + within),
                    variant=variant,
                    stage=path,
                    runs=tuple(run for run, _ in pairs),
                    values_s=tuple(value for _, value in pairs),
                    of=len(runs),
                )
            )
    return found


def one_line(text: str) -> str:
    """Escape control characters, and the backslash, so that different names stay different."""
    return "".join(
        char if char.isprintable() and char != "\\" else char.encode("unicode_escape").decode()
        for char in text
    )
