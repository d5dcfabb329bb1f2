"""A store with comparisons of many days, written as perfkit writes them."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from perfkit import model
from perfkit.store import Store
from tests import builders

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

BEGIN = datetime(2026, 3, 1, 9, tzinfo=UTC)
SCRUTINY = model.Scrutiny(
    verifications=(
        model.Verification(
            parameters={},
            seed=1,
            baseline_run="",
            contender_run="",
            stages=tuple(
                model.Equivalence(stage=one, verdict="identical", shapes="1 number", values=1)
                for one in ("read", "count", "result")
            ),
            baseline_metrics={"accuracy": 0.5},
            contender_metrics={"accuracy": 0.5},
        ),
    )
)


def write(
    root: Path,
    speedups: Sequence[float],
    *,
    pairs: int = 3,
    pipeline: str = "demo",
    commits: Sequence[str] = (),
    seed: int = 1,
    **changes: Any,
) -> list[str]:
    """Write one comparison a day, with the given speedups of `count`; returns their ids.

    Stage `count` takes 0.7 of the baseline's second, `read` 0.3 and a third of that in the contender.
    """
    store = Store(root / "reports" / pipeline)
    draw = random.Random(seed)
    ids = []
    for day, speedup in enumerate(speedups):
        moment = BEGIN + timedelta(days=day)
        started = moment.isoformat(timespec="seconds")
        measured = []
        for index in range(pairs):
            names = []
            for side in ("baseline", "optimized"):
                noise = math.exp(draw.gauss(0, 0.002))
                parts = {"read": 0.3, "count": 0.7}
                if side == "optimized":
                    parts = {"read": 0.1, "count": 0.7 / speedup}
                parts = {name: one * noise for name, one in parts.items()}
                name = f"{moment:%Y%m%d-%H%M%S}{index:03d}-{side}-{draw.getrandbits(24):06x}"
                run = builders.timing_run(
                    name,
                    side,
                    sum(parts.values()) + 0.001,
                    started_at=started,
                    stages=builders.stages(**parts),
                )
                store.write_run(run, store.stage())
                names.append(name)
            measured.append(
                model.Pair(plan=builders.pair_plan(index), baseline_run=names[0], contender_run=names[1])
            )
        fields = {"scrutiny": SCRUTINY, "environment": builders.environment(), **changes}
        if commits:
            fields["environment"] = builders.environment(git_commit=commits[day])
        made = builders.comparison(
            id=f"{moment:%Y%m%d-%H%M%S}000-{draw.getrandbits(24):06x}",
            pairs=tuple(measured),
            started_at=started,
            **fields,
        )
        store.write_comparison(made)
        ids.append(made.id)
    return ids
