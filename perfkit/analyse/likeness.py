"""Which functions are likely the same though they were edited: the rare words and lines that they share."""

from __future__ import annotations

from itertools import chain, pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from perfkit.analyse.bodies import COMMON

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from perfkit.analyse.bodies import Body

SIMILAR = 0.55
"""The least likeness of two functions that became one another, wherever they lie (chosen on data, see
``benchmarks/matching.py``)."""

SIMILAR_NEAR = 0.4
"""The same for two of one class and module, or of one qualified name."""

MARGIN = 0.06
"""By how much the likeness of a pair must exceed that of any other pair of either."""

_MOST_SHARED = 4_000
"""Pairs of functions that may share a feature; one that more share says little and costs much."""

_BLOCK = 4_000_000  # cells of a dense block of pairs
_UNIT = 16  # weights are whole numbers, so that sums do not depend on the order of the sides


class Pairs(NamedTuple):
    """Pairs of functions, and how alike they are.

    Attributes
    ----------
    before, after : (k,) int64
    score : (k,) float64
        0 to 1: the weight of what both hold, in that of all they hold (Dice).
    """

    before: NDArray[np.int64]
    after: NDArray[np.int64]
    score: NDArray[np.float64]


def likely_pairs(before: Sequence[Body], after: Sequence[Body], least: float) -> Pairs:
    """Find the pairs of functions that share at least so much.

    Functions are compared by their words, pairs of neighbouring words, and lines; what is rare among all of
    them weighs more, as in information retrieval (inverse document frequency).

    Parameters
    ----------
    least
        The least score, 0 to 1.

    Returns
    -------
    Pairs
        By indices into the two sequences.
    """
    nothing = np.zeros(0, np.int64)
    if not before or not after:
        return Pairs(nothing, nothing, np.zeros(0))
    ids: dict[Hashable, int] = {}
    ours, theirs = (_features(side, ids) for side in (before, after))
    n_features = len(ids)
    in_ours, in_theirs = (np.bincount(side.feature, minlength=n_features) for side in (ours, theirs))
    everywhere = len(before) + len(after)
    # a kind's share x (1 + how rare it is); never 0, for two functions alone have nothing rare in common
    weight = np.rint(
        _UNIT * _kinds(ids) * (1 + np.log2((1 + everywhere) / (1 + in_ours + in_theirs)))
    ).astype(np.int64)
    weight[in_ours * in_theirs > _MOST_SHARED] = 0
    total_ours, total_theirs = (
        np.bincount(side.function, weight[side.feature], len(bodies)).astype(np.int64)
        for side, bodies in ((ours, before), (theirs, after))
    )
    shared = (in_ours > 0) & (in_theirs > 0) & (weight > 0)
    starts = np.concatenate(([0], np.cumsum(in_theirs)))
    by_feature = theirs.function[np.argsort(theirs.feature, kind="stable")]
    kept = shared[ours.feature]
    function, feature = ours.function[kept], ours.feature[kept]  # the functions in order
    rows = max(1, _BLOCK // len(after))
    found: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
    for low in range(0, len(before), rows):
        high = min(low + rows, len(before))
        begin, end = np.searchsorted(function, (low, high))
        many = in_theirs[feature[begin:end]]
        within = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
        column = by_feature[np.repeat(starts[feature[begin:end]], many) + within]
        cell = np.repeat((function[begin:end] - low) * len(after), many) + column
        common = np.bincount(cell, np.repeat(weight[feature[begin:end]], many), (high - low) * len(after))
        at = np.flatnonzero(common)
        i, j = at // len(after) + low, at % len(after)
        score = 2 * common[at] / np.maximum(total_ours[i] + total_theirs[j], 1)
        good = score >= least
        found.append((i[good], j[good], score[good]))
    return Pairs(*(np.concatenate(column) for column in zip(*found, strict=True)))


class _Features(NamedTuple):
    function: NDArray[np.int64]
    feature: NDArray[np.int64]


def _features(bodies: Sequence[Body], ids: dict[Hashable, int]) -> _Features:
    """List what each function holds: words, pairs of them, lines; each once, numbered through `ids`."""
    features: list[int] = []
    counts: list[int] = []
    for body in bodies:
        words = body.words
        held: dict[Hashable, None] = dict.fromkeys(chain(words, pairwise(words)))
        held.update(((line,), None) for line in body.lines)
        features += [ids.setdefault(one, len(ids)) for one in held]
        counts.append(len(held))
    return _Features(np.repeat(np.arange(len(bodies)), counts), np.array(features, np.int64))


def _kinds(ids: dict[Hashable, int]) -> NDArray[np.float64]:
    """Return what a feature weighs by its kind: a common word little, a whole line as much as two words."""
    return np.array(
        [
            (0.25 if one in COMMON else 1.0)
            if isinstance(one, str)
            else (2.0 if isinstance(one, tuple) and len(one) == 1 else 1.0)
            for one in ids
        ]
    )


def one_to_one(pairs: Pairs, least: NDArray[np.float64], margin: float) -> list[tuple[int, int]]:
    """Choose pairs in which each is the other's best, by more than a margin before the next.

    Choosing goes on in rounds: who is chosen stands in nobody's way any more. What stays ambiguous is left.

    Parameters
    ----------
    least : (k,) float64
        The least score of each pair.
    margin
        By how much the best must lead, in score.

    Returns
    -------
    list of (before, after)
    """
    chosen: list[tuple[int, int]] = []
    i, j, score, enough = pairs.before, pairs.after, pairs.score, pairs.score >= least
    while len(i):
        good = enough & _leads(i, score, margin) & _leads(j, score, margin)
        if not good.any():
            break
        chosen += zip(i[good].tolist(), j[good].tolist(), strict=True)
        rest = ~(np.isin(i, i[good]) | np.isin(j, j[good]))
        i, j, score, enough = i[rest], j[rest], score[rest], enough[rest]
    return chosen


def _leads(group: NDArray[np.int64], score: NDArray[np.float64], margin: float) -> NDArray[np.bool_]:
    """Tell of each entry whether it has the best score of its group by more than a margin."""
    order = np.lexsort((-score, group))
    ordered, best = group[order], score[order]
    first = np.concatenate(([True], ordered[1:] != ordered[:-1]))
    next_best = np.where(np.concatenate((ordered[1:] == ordered[:-1], [False])), np.append(best[1:], 0), -1.0)
    leads = np.zeros(len(group), bool)
    leads[order] = first & (best - next_best > margin)
    return leads
