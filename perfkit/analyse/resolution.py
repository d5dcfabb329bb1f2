"""What effect a machine can resolve, and in how long, from a comparison of a program with itself.

The two sides of such a pair are exchangeable, so that a log ratio r is as likely as -r. An effect e moves it
by ``log(1 + e)``, and a pair shows the effect with its right sign with probability

    p = P(r + log(1 + e) > 0) = (1 + P(|r| < log(1 + e))) / 2,

taken from the measured |r| as they are, whatever their distribution. The sign test then sees a binomial
variable with this p, and the number of pairs for a given power follows exactly (Dixon & Mood, "The
statistical sign test", Journal of the American Statistical Association 41, 1946; Noether, "Sample size
determination for some common nonparametric tests", same journal 82, 1987, approximates it). What so few pairs
leave open about p is carried on: its interval is that of Clopper & Pearson, "The use of confidence or
fiducial limits illustrated in the case of the binomial", Biometrika 26, 1934.
"""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

from perfkit.analyse import stats
from perfkit.analyse.beta import incomplete_beta
from perfkit.model import Bias, Detection, Resolution

if TYPE_CHECKING:
    from collections.abc import Sequence

EFFECTS = (0.10, 0.05, 0.03, 0.02, 0.01)
POWER = 0.9
ALPHA = stats.ALPHA
LIMIT_S = 600.0
FEWEST_PAIRS = 10
"""Fewer say next to nothing about how often a pair goes astray; fewer than nine are never significant."""

_CONFIDENCE = 0.95
_MOST_PAIRS = 100_000  # more than anyone will measure; keeps the search short
_NORMAL = 1.4826  # standard deviation of a normal variable by its median absolute deviation
_TICKS = 2.0  # a pair reads the clock at both ends of both runs: an effect this small drowns in its steps
_HALVINGS = 60


def resolution(
    log_ratios: Sequence[float],
    orders: Sequence[int],
    *,
    seconds_per_pair: float,
    run_s: float,
    tick_s: float = 0.0,
    unusable: int = 0,
    limit_s: float = LIMIT_S,
) -> Resolution:
    """Say how long it takes to see effects of several sizes.

    Parameters
    ----------
    log_ratios
        ``log(first program / second program)`` of each pair; shape (n,). The programs are the same.
    orders
        1 where the first program ran first, -1 where the second did; shape (n,).
    seconds_per_pair
        From one pair to the next, above 0.
    run_s
        Median time of a run, above 0 if there are pairs.
    tick_s
        The clock's smallest step: effects that it hides are not seen, however many pairs.
    unusable
        Pairs that are not among `log_ratios`, because a run took no measurable time.
    limit_s
        What takes longer counts as not to be seen.

    Returns
    -------
    Resolution
        With `problem` set where there are too few pairs, the clock is too coarse or nothing can be seen.

    Raises
    ------
    ValueError
        If a log ratio is not finite, an order is missing, or a pair takes no time.
    """
    n = len(log_ratios)
    if len(orders) != n or not all(map(math.isfinite, log_ratios)):
        raise ValueError("each pair needs a finite log ratio and its order")
    if not (0 < seconds_per_pair < math.inf and (0 < run_s < math.inf or not n)):
        raise ValueError(f"a pair cannot take {seconds_per_pair} s, and a run of it {run_s} s")
    detections: tuple[Detection, ...] = ()
    if n >= FEWEST_PAIRS and any(log_ratios):
        detections = tuple(
            _detection(log_ratios, effect, seconds_per_pair, limit_s, hidden_below=_TICKS * tick_s / run_s)
            for effect in EFFECTS
        )
    return Resolution(
        pairs=n,
        unusable=unusable,
        run_s=run_s,
        seconds_per_pair=seconds_per_pair,
        scatter=_scatter(log_ratios),
        detections=detections,
        power=POWER,
        alpha=ALPHA,
        limit_s=limit_s,
        sides=_bias(log_ratios),
        places=_bias([order * one for order, one in zip(orders, log_ratios, strict=True)]),
        problem=_problem(log_ratios, detections, unusable, limit_s),
    )


def pairs_needed(
    positive: float, *, alpha: float = ALPHA, power: float = POWER, most: int = _MOST_PAIRS
) -> int | None:
    """Return the fewest pairs with which a two-sided sign test sees an effect with the wanted power.

    Parameters
    ----------
    positive
        Probability that a pair shows the effect with its right sign, 0.5 to 1.
    alpha
        Level of the test, both sides together.
    power
        Probability that the test is significant, and on the right side.
    most
        So many pairs are considered.

    Returns
    -------
    int or None
        None if so many are not enough. The power of a discrete test rises in a saw: with one pair more it may
        be a little lower again.
    """
    null, alternative = _Tail(0.5), _Tail(1 - positive)
    for n in range(1, most + 1):
        null.longer()
        alternative.longer()
        while 2 * null.below <= alpha:
            null.further()
            alternative.further()
        # The tails stand one beyond the most wrong signs that are still significant.
        if alternative.below - alternative.at >= power:
            return n
    return None


class _Tail:
    """``P(F <= c)`` for binomial F, followed exactly while its length n and the bound c grow by ones.

    Attributes
    ----------
    below, at
        ``P(F <= c)`` and ``P(F = c)``.
    """

    def __init__(self, chance: float) -> None:
        self.chance, self.n, self.c = chance, 0, 0
        self.below = self.at = 1.0

    def longer(self) -> None:
        """Add a trial: what stood at the bound leaves with another success."""
        self.below -= self.chance * self.at
        self.at *= (self.n + 1) / (self.n + 1 - self.c) * (1 - self.chance)
        self.n += 1

    def further(self) -> None:
        """Move the bound up by one."""
        self.at *= (self.n - self.c) / (self.c + 1) * self.chance / (1 - self.chance)
        self.below += self.at
        self.c += 1


def _detection(
    log_ratios: Sequence[float],
    effect: float,
    seconds_per_pair: float,
    limit_s: float,
    *,
    hidden_below: float,
) -> Detection:
    shift = math.log1p(effect)
    n = len(log_ratios)
    inside = sum(1.0 if abs(one) < shift else 0.5 if abs(one) == shift else 0.0 for one in log_ratios)
    low, high = share_interval(inside, n)
    most = 0 if shift <= hidden_below else min(_MOST_PAIRS, int(limit_s / seconds_per_pair))
    # The more often a pair is right, the fewer pairs it takes: the ends change places.
    likely, most_likely, least_likely = (
        pairs_needed((1 + share) / 2, most=most) for share in (inside / n, high, low)
    )

    def seconds(pairs: int | None) -> float | None:
        return None if pairs is None else pairs * seconds_per_pair

    return Detection(
        effect=effect,
        positive=(1 + inside / n) / 2,
        pairs=likely,
        pairs_low=most_likely,
        pairs_high=least_likely,
        seconds=seconds(likely),
        seconds_low=seconds(most_likely),
        seconds_high=seconds(least_likely),
    )


def share_interval(count: float, n: int, confidence: float = _CONFIDENCE) -> tuple[float, float]:
    """Return the interval of Clopper and Pearson for a share of `count` in `n`.

    Parameters
    ----------
    count
        0 to `n`; a tie counts as half.
    n
        At least 1.
    """
    beyond = (1 - confidence) / 2
    low = 0.0 if count <= 0 else _beta_quantile(beyond, count, n - count + 1)
    high = 1.0 if count >= n else _beta_quantile(1 - beyond, count + 1, n - count)
    return low, high


def _beta_quantile(probability: float, a: float, b: float) -> float:
    """Find where the incomplete beta function reaches a probability, by halving."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if incomplete_beta(a, b, middle) < probability else (low, middle)
    return (low + high) / 2


def _scatter(log_ratios: Sequence[float]) -> float:
    if not log_ratios:
        return 0.0
    middle = statistics.median(log_ratios)
    return math.expm1(_NORMAL * statistics.median(abs(one - middle) for one in log_ratios))


def _bias(log_ratios: Sequence[float]) -> Bias:
    """Test whether equal programs differ: the exact two-sided sign test, without the pairs that tie."""
    signs = [one > 0 for one in log_ratios if one]
    rarer = min(sum(signs), len(signs) - sum(signs))
    ways = sum(math.comb(len(signs), k) for k in range(rarer + 1))
    p_value = min(1.0, 2 * ways / 2 ** len(signs))  # of whole numbers, so that nothing overflows
    ratio = math.exp(statistics.median(log_ratios)) if log_ratios else 1.0
    return Bias(ratio=ratio, p_value=p_value, found=p_value <= ALPHA)


def _problem(
    log_ratios: Sequence[float], detections: Sequence[Detection], unusable: int, limit_s: float
) -> str:
    n = len(log_ratios)
    if unusable > n:
        return f"in {unusable} of {n + unusable} pairs a run took no measurable time: the clock is too coarse"
    if n < FEWEST_PAIRS:
        pairs = "1 pair is" if n == 1 else f"{n} pairs are"
        return f"{pairs} too few to say what this machine can resolve: it takes {FEWEST_PAIRS} at least"
    if not any(log_ratios):
        return f"all {n} pairs took exactly the same time: the clock is too coarse"
    if all(one.pairs is None for one in detections):
        return f"no effect up to {100 * EFFECTS[0]:.0f} % can be seen within {limit_s / 60:.0f} min"
    return ""
