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
FEWEST_GROUPS = 6
"""Groups that a number of pairs is divided into at least: a group is one value."""

# CPU seconds per second that was not spent waiting for a core, of what computes on one core all the time.
# What waits for something else as well, or uses several cores now and then, lies outside.
_SINGLE = (0.95, 1.02)


def choose(
    runs: Sequence[TimingRun],
    *,
    forking: bool,
    warm: int | None,
    usable_cores: int,
    pairs: int | None = None,
) -> Sampling:
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
    pairs
        How many pairs were asked for, if a number was.
    """
    reasons = []
    pinned = usable_cores > 1 and all(_uses_one_core(run) for run in runs)
    if pinned:
        reasons.append(
            "both sides compute on one core all the time, so both sides of a pair were kept on one"
        )
    shortest, longest = min(run.run_s for run in runs), max(run.run_s for run in runs)
    repeats = 0
    if warm is not None or longest < SHORTEST_COLD_S:
        # A repeat makes inputs too.
        room = int(LONGEST_WARM_S / max(run.run_s + run.inputs_s for run in runs))
        repeats = warm or max(1, min(math.ceil(WARM_S / shortest), room, MOST_REPEATS))
        why = (
            "warm repeats were asked for"
            if warm is not None
            else f"first calls of less than {1e3 * SHORTEST_COLD_S:g} ms tell of the start, not of the code"
        )
        reasons.append(f"{why}, so each sample is the mean of {repeats} calls after the first in its process")
    group = 1
    if forking:
        setup_s = sum(run.process_s - run.inputs_s - run.run_s for run in runs)
        pair_s = sum(run.inputs_s + run.run_s for run in runs) * (1 + repeats)
        # As many as make the samples of a group take longer than its start; whole blocks of two.
        most = MOST_IN_GROUP if pairs is None else min(MOST_IN_GROUP, pairs // FEWEST_GROUPS)
        group = 2 * max(1, min(math.ceil(setup_s / pair_s), most // 2))
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


def _uses_one_core(run: TimingRun) -> bool:
    working_s = run.run_s - (run.disturbance.waited_s or 0.0)
    return _SINGLE[0] * working_s <= run.cpu_s <= _SINGLE[1] * working_s
