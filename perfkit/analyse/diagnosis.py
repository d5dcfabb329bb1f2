"""What may be wrong with a comparison's samples: said in the report, and never a reason to leave one out.

Each test is made at 1 %, and a note is only made of what is also large enough to matter. All of it needs some
pairs: from fewer than `FEWEST` nothing is said.
"""

from __future__ import annotations

import itertools
import math
import statistics
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.model import TimingRun

FEWEST = 8
ALPHA = 0.01
WAITED = 0.05
"""A run is disturbed if its thread waited for a core for more than this share of it."""
STOLEN = 0.05
"""Or if the hypervisor took more than this share of its process's time."""

_DRIFT = 0.02
_OUTLYING = 5.0  # robust standard deviations
_TWO_GROUPS = 0.9  # share of the variance between the two best groups; normal values give 0.64
_SMALLEST_GROUP = 0.2
_DISTINCT = 0.9
_FEWEST_BIMODAL = 16
_BIMODAL_APART = 0.02


def disturbed(run: TimingRun) -> str:
    """Return what disturbed a run, in words; empty if nothing did, or nobody can tell.

    The rule is fixed beforehand and looks at no ratio: the main thread waited for a core for more than 5 % of
    the run, which several threads of its own would make it do too, so that it is not asked of those; the
    hypervisor or a used-up CPU quota took more than 5 % of the process; heat lowered a core's clock rate; or
    pages read from a disk, at 1 ms each, took as much.
    """
    seen = run.disturbance
    calls_s = run.run_s * max(1, run.repeats)
    waited_s = seen.waited_s or 0.0
    alone = run.cpu_s * max(1, run.repeats) <= _ALONE * (calls_s - waited_s)
    if seen.waited_s is not None and alone and waited_s > WAITED * calls_s:
        return f"waited for a core for {100 * seen.waited_s / calls_s:.0f} % of the run"
    # A fork's process_s holds the start of another process too.
    watched_s = run.process_s if run.launch == "spawn" else run.inputs_s + run.run_s
    if seen.stolen_s is not None and seen.stolen_s > max(STOLEN * watched_s, _TICK_S):
        return f"the hypervisor took {100 * seen.stolen_s / watched_s:.0f} % of the time"
    if seen.stopped_s is not None and seen.stopped_s > STOLEN * watched_s:
        return f"its CPU quota was used up for {100 * seen.stopped_s / watched_s:.0f} % of the time"
    if seen.heat_stops:
        often = "once" if seen.heat_stops == 1 else f"{seen.heat_stops} times"
        return f"heat lowered a core's clock rate {often}"
    if seen.major_faults and seen.major_faults * _FAULT_S > WAITED * calls_s:
        return f"{seen.major_faults} page {'fault' if seen.major_faults == 1 else 'faults'} read from a disk"
    return ""


_ALONE = 1.02  # CPU seconds per second at work of what has one thread, by two clocks
_FAULT_S = 0.001
_TICK_S = 0.02  # steal is counted in ticks of 10 ms: fewer than two are no share


def notes(baseline_s: Sequence[float], contender_s: Sequence[float]) -> tuple[str, ...]:
    """Say what is odd about the samples, a sentence each.

    Parameters
    ----------
    baseline_s, contender_s
        Times of the two sides, pair by pair in the order measured, above 0, shape (n,).
    """
    if len(baseline_s) < FEWEST:
        return ()
    ratios = [math.log(b / c) for b, c in zip(baseline_s, contender_s, strict=True)]
    both = [(math.log(b) + math.log(c)) / 2 for b, c in zip(baseline_s, contender_s, strict=True)]
    found = [_drift(both), _trend(ratios), _dependence(ratios), _outliers(ratios)]
    found += [
        _bimodal([math.log(one) for one in times], name)
        for times, name in ((baseline_s, "the baseline's"), (contender_s, "the contender's"))
    ]
    return tuple(one for one in found if one)


def _drift(levels: Sequence[float]) -> str:
    """Say whether both sides together became slower or faster: pairs cancel that."""
    change = _change(levels)
    if change is None or abs(change) < _DRIFT:
        return ""
    much = f"{100 * abs(math.expm1(change)):.0f} % {'slower' if change > 0 else 'faster'}"
    return (
        f"Drift: from the first pair to the last the machine became about {much}. Both sides of a pair share "
        "that, so the speedup does not rest on it."
    )


def _trend(ratios: Sequence[float]) -> str:
    change = _change(ratios)
    if change is None or abs(change) < _DRIFT:
        return ""
    return (
        f"The ratio itself drifts, by about {100 * abs(math.expm1(change)):.0f} % from the first pair to the "
        "last: one number for all of it says less than its interval claims."
    )


def _change(values: Sequence[float]) -> float | None:
    """Return the change from first to last, by a line of the median slope, if Kendall's tau shows one.

    Mann, "Nonparametric tests against trend", Econometrica 13, 1945; the slope is that of Theil and Sen.
    """
    n = len(values)
    step = max(1, n // _MOST)
    values = values[::step]
    n = len(values)
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    score = sum((values[j] > values[i]) - (values[j] < values[i]) for i, j in pairs)
    deviation = math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    if not _significant((abs(score) - 1) / deviation):
        return None
    return statistics.median((values[j] - values[i]) / (j - i) for i, j in pairs) * (n - 1)


_MOST = 200  # values; a trend shows in every n-th as well, and all pairs of more would take long


def _dependence(ratios: Sequence[float]) -> str:
    """Say whether neighbours are alike: the rank von Neumann ratio (Bartels, JASA 77, 1982)."""
    n = len(ratios)
    if len(set(ratios)) < _DISTINCT * n:
        return ""  # a coarse clock: ranks of ties are arbitrary
    order = sorted(range(n), key=ratios.__getitem__)
    ranks = [0] * n
    for rank, index in enumerate(order):
        ranks[index] = rank
    middle = (n - 1) / 2
    steps = sum((a - b) ** 2 for a, b in itertools.pairwise(ranks))
    ratio = steps / sum((rank - middle) ** 2 for rank in ranks)
    z = (2 - ratio) / math.sqrt(4 * (n - 2) * (5 * n * n - 2 * n - 9) / (5 * n * (n + 1) * (n - 1) ** 2))
    if z <= 0 or not _significant(z):
        return ""
    return (
        f"Autocorrelation: the ratios of neighbouring pairs are alike (rank von Neumann ratio {ratio:.2f}, 2 "
        "expected), so there is less in them than in as many independent pairs, and the interval may be too "
        "narrow."
    )


def _significant(z: float) -> bool:
    return math.erfc(z / math.sqrt(2)) < ALPHA


def _outliers(ratios: Sequence[float]) -> str:
    middle = statistics.median(ratios)
    spread = 1.4826 * statistics.median(abs(one - middle) for one in ratios)
    far = sum(abs(one - middle) > _OUTLYING * spread for one in ratios) if spread else 0
    if not far:
        return ""
    return (
        f"Outliers: {far} of {len(ratios)} ratios {'lies' if far == 1 else 'lie'} more than {_OUTLYING:g} "
        "robust standard deviations off the median. They are kept; the median hardly feels them."
    )


def _bimodal(levels: Sequence[float], whose: str) -> str:
    """Say whether times fall into two groups: the best split explains almost all of their variance."""
    n = len(levels)
    if n < _FEWEST_BIMODAL:
        return ""
    ordered = sorted(levels)
    whole = sum(ordered)
    mean = whole / n
    total = sum((one - mean) ** 2 for one in ordered)
    left, best, at = 0.0, 0.0, 0
    for k in range(1, n):
        left += ordered[k - 1]
        if min(k, n - k) < _SMALLEST_GROUP * n:
            continue
        low, high = left / k, (whole - left) / (n - k)
        between = k * (n - k) / n * (high - low) ** 2
        if between > best:
            best, at = between, k
    if not total or best < _TWO_GROUPS * total:
        return ""
    low, high = statistics.median(ordered[:at]), statistics.median(ordered[at:])
    if high - low < _BIMODAL_APART:
        return ""
    return (
        f"Bimodal: {whose} times fall into two groups, {at} runs around {1e3 * math.exp(low):.3g} ms and "
        f"{n - at} around {1e3 * math.exp(high):.3g} ms. Something switches between them, such as the "
        "clock's speed or a layout in memory."
    )
