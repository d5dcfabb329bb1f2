"""Which lines of one text became which of another: the best one-to-one pairing that keeps their order.

`difflib` looks for the longest runs of equal lines. On code it either drops lines that occur often (its
*autojunk*) or takes cubic time over them, and it knows nothing between equal and different. Here every pair
of lines is worth the words that both hold, and the pairing worth the most is found by dynamic programming
(the weighted longest common subsequence; Needleman and Wunsch 1970, without a cost of gaps), row by row in
NumPy. A blank line is worth next to nothing, so it never pulls lines of code apart.
"""

from __future__ import annotations

import bisect
import keyword
import re
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LEAST_ALIKE = 0.5
"""Least similarity, 0 to 1, of two lines of which one became the other."""

_MOST_CELLS = 4000 * 4000  # of a table of all pairs; 64 MB
_KEYWORD, _PUNCTUATION, _NEIGHBOURS = 0.4, 0.15, 0.5  # a name or a number counts 1
_BLANK, _EXACT = 0.05, 1.02
_TOKEN = re.compile(r"\w+|[^\w\s]")
# Strings first, so that a number sign within one starts no comment.
_COMMENT = re.compile(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|\s*#.*$""")


def pair_up(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int]]:
    """Pair lines of two texts, each with at most one, so that the pairs are in order in both.

    Parameters
    ----------
    before, after
        Lines without their line ends.

    Returns
    -------
    list of (int, int)
        Indices of equal or similar lines, ascending on both sides. Texts of which the differing part has more
        than 16 million pairs of lines are split at lines that occur once in both; what is larger still is
        left unpaired.
    """
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    inner = _between(before[start : len(before) - end], after[start : len(after) - end])
    return [
        *((one, one) for one in range(start)),
        *((start + one, start + other) for one, other in inner),
        *((len(before) - one, len(after) - one) for one in range(end, 0, -1)),
    ]


def _between(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int]]:
    """Pair lines of texts that neither begin nor end alike."""
    if not before or not after:
        return []
    if len(before) * len(after) <= _MOST_CELLS:
        return _best_in_order(_worth(before, after))
    anchors = _anchors(before, after)
    if not anchors:
        return []
    found: list[tuple[int, int]] = []
    at_before = at_after = 0
    for one, other in [*anchors, (len(before), len(after))]:
        gap = pair_up(before[at_before:one], after[at_after:other])
        found += [(at_before + left, at_after + right) for left, right in gap]
        found += [(one, other)] if one < len(before) else []
        at_before, at_after = one + 1, other + 1
    return found


def _anchors(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int]]:
    """Return equal lines that occur once on either side, as many as are in the same order (patience diff)."""
    counts = Counter(before), Counter(after)
    places = {text: index for index, text in enumerate(after)}
    pairs = [
        (index, places[text])
        for index, text in enumerate(before)
        if text.strip() and counts[0][text] == counts[1][text] == 1
    ]
    ends: list[int] = []  # of the increasing sequences of each length, the least last place
    chains: list[int] = []  # which pair ends that sequence
    previous: list[int] = []
    for index, (_, place) in enumerate(pairs):
        length = bisect.bisect_left(ends, place)
        ends[length : length + 1] = [place]
        chains[length : length + 1] = [index]
        previous.append(chains[length - 1] if length else -1)
    longest = []
    at = chains[-1] if chains else -1
    while at >= 0:
        longest.append(pairs[at])
        at = previous[at]
    return longest[::-1]


def _best_in_order(worth: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Return the increasing pairs of indices with the greatest sum in a table of what each pair is worth."""
    n, m = worth.shape
    best = np.zeros((n + 1, m + 1), dtype=np.float32)
    for i in range(n):
        np.maximum(best[i, 1:], best[i, :-1] + worth[i], out=best[i + 1, 1:])
        np.maximum.accumulate(best[i + 1], out=best[i + 1])
    found = []
    i, j = n, m
    while i and j:
        # Cells are copied, never computed anew, so that equal ones are equal to the last bit.
        if best[i, j] == best[i - 1, j]:
            i -= 1
        elif best[i, j] == best[i, j - 1]:
            j -= 1
        else:
            i, j = i - 1, j - 1
            found.append((i, j))
    return found[::-1]


def _worth(before: Sequence[str], after: Sequence[str]) -> NDArray[np.float32]:
    """Return what each pair of lines is worth: the words they share, times how alike they are."""
    left, at_left = _distinct(before)
    right, at_right = _distinct(after)
    common, one, other = _shared(left, right)
    alike = 2 * common / np.maximum(one[:, None] + other[None, :], np.float32(1e-9))
    found = np.where(alike >= LEAST_ALIKE, common * alike, np.float32(0))
    equal = {text: index for index, text in enumerate(right)}
    for index, text in enumerate(left):
        if text in equal:
            found[index, equal[text]] = found[index, equal[text]] * _EXACT if text.strip() else _BLANK
    return found[np.ix_(at_left, at_right)].astype(np.float32)


def _distinct(lines: Sequence[str]) -> tuple[list[str], list[int]]:
    """Return the different lines, and the index among them of each line."""
    places: dict[str, int] = {}
    at = [places.setdefault(text, len(places)) for text in lines]
    return list(places), at


def _shared(
    left: Sequence[str], right: Sequence[str]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return the weight of what each pair of lines shares, and of all that each line holds."""
    features = [[_features(text) for text in side] for side in (left, right)]
    held = [{key for line in side for key in line} for side in features]
    places = {key: index for index, key in enumerate(sorted(held[0] & held[1]))}
    tables = []
    for side in features:
        table = np.zeros((len(side), len(places)), dtype=np.float32)
        for index, line in enumerate(side):
            for key, weight in line.items():
                if key in places:
                    table[index, places[key]] = weight**0.5  # a product of two is the weight
        tables.append(table)
    mass = [np.array([sum(line.values()) for line in side], dtype=np.float32) for side in features]
    return tables[0] @ tables[1].T, mass[0], mass[1]


def _features(text: str) -> dict[tuple[str, ...], float]:
    """Return a line's words and neighbouring words with their weights; a trailing comment is none of them.

    A word's second occurrence is a word of its own: what two lines share is counted as often as both hold it.
    """
    code = _COMMENT.sub(lambda found: found[1] or "", text)
    words = _TOKEN.findall(code if code.strip() else text)
    weights = [_weight(word) for word in words]
    found: dict[tuple[str, ...], float] = {}
    seen: Counter[tuple[str, ...]] = Counter()
    neighbours = zip(words, words[1:], map(min, weights, weights[1:]), strict=False)
    for key, weight in [
        *(((word,), weight) for word, weight in zip(words, weights, strict=True)),
        *(((word, following), _NEIGHBOURS * weight) for word, following, weight in neighbours),
    ]:
        seen[key] += 1
        found[*key, str(seen[key])] = weight
    return found


def _weight(word: str) -> float:
    if not (word[0].isalnum() or word[0] == "_"):
        return _PUNCTUATION
    return _KEYWORD if keyword.iskeyword(word) else 1.0
