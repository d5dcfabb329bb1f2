"""How samples are taken: pinned or not, cold or warm, spawned or forked. Decided once, on a first pair."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from perfkit.model import Sampling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.model import TimingRun

SHORTEST_COLD_S = 0.001
"""A first call shorter than this is mostly page faults, cold caches and the clock's own steps."""
WARM_S = 0.05
"""How long the repeats of the quicker side should take together."""
LONGEST_WARM_S = 2.0
"""How long those of the slower side may take."""
MOST_REPEATS = 1000
MOST_IN_GROUP = 16

_SINGLE = 1.1  # CPU seconds per wall second of what uses one core at a time, measured by two clocks


def choose(runs: Sequence[TimingRun], *, forking: bool, warm: int | None, usable_cores: int) -> Sampling:
    """Decide how the samples of a comparison are taken.

    Parameters
    ----------
    runs
        One run of each side, spawned, cold and not pinned.
    forking
        Whether forks were asked for.
    warm
        How many warm repeats were asked for: 0 for as many as make sense, None if none were.
    usable_cores
        Cores that this process may use.
    """
    reasons = []
    single = all(run.threads == 1 and run.cpu_s <= _SINGLE * run.run_s for run in runs)
    pinned = single and usable_cores > 1
    if pinned:
        reasons.append("both sides use one core at a time, so both sides of a pair were kept on one core")
    shortest, longest = min(run.run_s for run in runs), max(run.run_s for run in runs)
    repeats = 0
    if warm is not None or shortest < SHORTEST_COLD_S:
        repeats = warm or max(
            1, min(math.ceil(WARM_S / shortest), int(LONGEST_WARM_S / longest), MOST_REPEATS)
        )
        why = (
            "warm repeats were asked for"
            if warm is not None
            else f"a first call of less than {1e3 * SHORTEST_COLD_S:g} ms tells of the start, not of the code"
        )
        reasons.append(f"{why}, so each sample is the mean of {repeats} calls after the first in its process")
    group = 1
    if forking:
        setup_s = sum(run.process_s - run.inputs_s - run.run_s for run in runs)
        pair_s = sum(run.inputs_s + run.run_s for run in runs) * (1 + repeats)
        # As many as make the samples of a group take longer than its start; whole blocks of two.
        group = 2 * max(1, min(math.ceil(setup_s / pair_s), MOST_IN_GROUP // 2))
        reasons.append(
            "forks were asked for, so each group of pairs comes from two fresh processes, which import once"
        )
    return Sampling(
        launch="fork" if forking else "spawn",
        group=group,
        pinned=pinned,
        repeats=repeats,
        reasons=tuple(reasons),
    )
