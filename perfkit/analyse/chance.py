"""Is an accuracy any better than naming the commonest class each time? At chance level it is no evidence."""

from __future__ import annotations

from perfkit.analyse.beta import incomplete_beta

ALPHA = 0.05


def at_chance(correct_share: float, n: int, majority_share: float, alpha: float = ALPHA) -> bool:
    """Tell whether an accuracy could well be that of always naming the majority class.

    Parameters
    ----------
    correct_share
        The accuracy: the share of `n` that is correct, 0 to 1.
    n
        Number of cases it was computed on, 1 at least.
    majority_share
        Share of the commonest class among them, 0 to 1.
    alpha
        Level of the test.

    Returns
    -------
    bool
        True unless the accuracy is above the majority's share at level `alpha`, one-sided.

    Raises
    ------
    ValueError
        If a parameter lies outside of its range.
    """
    return chance_of(correct_share, n, majority_share) > alpha


def chance_of(correct_share: float, n: int, majority_share: float) -> float:
    """Return the probability of as many correct answers, or more, by a guess that is right at that share.

    The exact binomial tail ``P(X >= k)`` with ``k = round(correct_share * n)``, as the incomplete beta
    function ``I_p(k, n - k + 1)`` (Abramowitz & Stegun 26.5.24): nothing overflows or vanishes on the way,
    however large `n`.

    Parameters
    ----------
    correct_share, n, majority_share
        As for `at_chance`.

    Raises
    ------
    ValueError
        If a parameter lies outside of its range.
    """
    if n < 1 or not (0 <= correct_share <= 1 and 0 <= majority_share <= 1):
        raise ValueError("shares lie between 0 and 1, and there is at least one case")
    correct = round(correct_share * n)
    return 1.0 if correct == 0 else incomplete_beta(correct, n - correct + 1, majority_share)
