"""Scalings of known growth: runs whose costs follow a law, with seeded noise."""

from __future__ import annotations

import dataclasses
import math
import random
from typing import TYPE_CHECKING, Any

from perfkit import model
from perfkit.analyse import scaling as analysis
from tests import builders

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Law = Callable[[int], float]

SIZES = (100, 200, 400, 800, 1600)
SQUARE: dict[str, Law] = {"pairs": lambda n: 2e-7 * n * n, "sum": lambda n: 2e-6 * n}
SORTED: dict[str, Law] = {"pairs": lambda n: 6e-3 + 1e-6 * n * math.log(n), "sum": lambda n: 1e-7 * n}


def scaling(
    sides: Mapping[str, Mapping[str, Law]] | None = None,
    *,
    sizes: tuple[int, ...] = SIZES,
    rounds: int = 5,
    noise: float = 0.02,
    memory: Mapping[str, Law] | None = None,
    **changes: Any,
) -> tuple[model.Scaling, dict[str, model.TimingRun]]:
    """Build a scaling and its runs from each variant's stages; `memory` by variant, in bytes."""
    sides = {"baseline": SQUARE, "optimized": SORTED} if sides is None else sides
    draw = random.Random(1)
    runs, blocks = {}, []
    for index in range(rounds):
        for size in sizes:
            ids = []
            for name, laws in sides.items():
                made = builders.timing_run(f"{name}-{index}-{size}", name)
                times = {stage: law(size) * math.exp(draw.gauss(0, noise)) for stage, law in laws.items()}
                extra = int(memory[name](size) * math.exp(draw.gauss(0, noise))) if memory else 0
                runs[made.id] = dataclasses.replace(
                    made,
                    variant=builders.variant(name),
                    run_s=sum(times.values()) * 1.001,
                    stages=builders.stages(**times),
                    base_rss_bytes=80 * 2**20 if memory else None,
                    peak_rss_bytes=80 * 2**20 + extra,
                )
                ids.append(made.id)
            blocks.append(
                model.Block(round=index, size=size, seed=index, order=tuple(sides), runs=tuple(ids))
            )
    made = model.Scaling(
        id="20260102-030405678-scaling-abcdef",
        pipeline=builders.comparison().pipeline,
        variants=tuple(builders.variant(name) for name in sides),
        parameter="n",
        sizes=sizes,
        left_out={},
        claims={},
        overrides={},
        seed=0,
        started_at="2026-01-02T03:04:05+00:00",
        duration_s=90.0,
        budget_s=120.0,
        rounds=rounds,
        blocks=tuple(blocks),
        stopped_because="a further round would have exceeded the budget of 120 s",
        environment=builders.environment(),
        command="perfkit scale " + " ".join(sides),
    )
    return dataclasses.replace(made, **changes), runs


def report(*arguments: Any, **changes: Any) -> model.ScalingReport:
    """Build a scaling and analyse it."""
    return analysis.report(*scaling(*arguments, **changes))
