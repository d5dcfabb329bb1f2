"""The rules by which tools tell a finding from noise, as functions of the two sides' samples.

Each takes the seconds of the baseline and of the contender and says what it finds about the contender:
``slower``, ``faster`` or ``nothing``.
"""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    Finding = Literal["slower", "faster", "nothing"]

PYTEST_SHARE = 0.05
BENCHSTAT_LEVEL = 0.05
ASV_LEVEL = 0.002
ASV_FACTOR = 1.1


def hyperfine(baseline_s: Sequence[float], contender_s: Sequence[float]) -> Finding:
    """Believe ``ran R times faster`` as printed, to two decimals: `1.00 times faster` finds nothing."""
    ratio, _ = _hyperfine_ratio(baseline_s, contender_s)
    return _direction(baseline_s, contender_s, statistics.fmean) if round(ratio, 2) > 1 else "nothing"


def hyperfine_sigma(baseline_s: Sequence[float], contender_s: Sequence[float]) -> Finding:
    """Believe ``ran R ± sigma times faster`` if R - sigma is above 1."""
    ratio, sigma = _hyperfine_ratio(baseline_s, contender_s)
    return _direction(baseline_s, contender_s, statistics.fmean) if ratio - sigma > 1 else "nothing"


def _hyperfine_ratio(baseline_s: Sequence[float], contender_s: Sequence[float]) -> tuple[float, float]:
    """Return R, the slower mean over the faster one, and its propagated error, as hyperfine does."""
    fast, slow = sorted((baseline_s, contender_s), key=statistics.fmean)
    means = statistics.fmean(fast), statistics.fmean(slow)
    ratio = means[1] / means[0]
    return ratio, ratio * math.hypot(statistics.stdev(fast) / means[0], statistics.stdev(slow) / means[1])


def pytest_benchmark(baseline_s: Sequence[float], contender_s: Sequence[float]) -> Finding:
    """Believe a median more than 5 % away, as ``--benchmark-compare-fail=median:5%`` does for slower ones."""
    change = statistics.median(contender_s) / statistics.median(baseline_s) - 1
    return _direction(baseline_s, contender_s, statistics.median) if abs(change) > PYTEST_SHARE else "nothing"


def benchstat(baseline_s: Sequence[float], contender_s: Sequence[float]) -> Finding:
    """Believe a two-sided Mann-Whitney test at 5 %."""
    if _mann_whitney_p(baseline_s, contender_s) >= BENCHSTAT_LEVEL:
        return "nothing"
    return _direction(baseline_s, contender_s, statistics.median)


def asv(baseline_s: Sequence[float], contender_s: Sequence[float]) -> Finding:
    """Believe a Mann-Whitney test at 0.2 % whose medians lie a factor of 1.1 apart."""
    if _mann_whitney_p(baseline_s, contender_s) >= ASV_LEVEL:
        return "nothing"
    medians = sorted((statistics.median(baseline_s), statistics.median(contender_s)))
    if medians[0] >= medians[1] / ASV_FACTOR:
        return "nothing"
    return _direction(baseline_s, contender_s, statistics.median)


def pyperf_said(text: str) -> Finding:
    """Read what ``pyperf compare_to`` printed.

    Raises
    ------
    ValueError
        If it is neither a comparison nor the word that there is no significant one.
    """
    if "not significant" in text or "no change" in text:
        return "nothing"
    for line in text.splitlines():
        if line.endswith("x slower"):
            return "slower"
        if line.endswith("x faster"):
            return "faster"
    raise ValueError(f"pyperf compare_to printed no verdict: {text.strip()!r}")


def _mann_whitney_p(baseline_s: Sequence[float], contender_s: Sequence[float]) -> float:
    from scipy.stats import mannwhitneyu

    return float(mannwhitneyu(baseline_s, contender_s, alternative="two-sided").pvalue)


def _direction(baseline_s: Sequence[float], contender_s: Sequence[float], middle: _Middle) -> Finding:
    first, second = middle(baseline_s), middle(contender_s)
    if first == second:
        return "nothing"
    return "slower" if second > first else "faster"


if TYPE_CHECKING:
    from collections.abc import Callable

    _Middle = Callable[[Sequence[float]], float]
