"""Who has a partner so far, and pairing by keys: what both sides have once."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from perfkit.analyse.sides import Side, same_modules

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from perfkit.model import FunctionTable, MatchKind

    Group: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64]]


class Pairing:
    """The state of one matching.

    Attributes
    ----------
    before, after
        The two sides.
    partner : (n_before,) int32
        Index of the partner after; -1 for none yet.
    taken : (n_after,) bool
    how
        Of each function before.
    similarity : (n_before,) float32
    """

    def __init__(self, before: FunctionTable, after: FunctionTable) -> None:
        modules = same_modules(before, after)
        self.before, self.after = Side(before, modules[0]), Side(after, modules[1])
        self.partner = np.full(self.before.n, -1, np.int32)
        self.taken = np.zeros(self.after.n, bool)
        self.how: list[MatchKind] = ["vanished"] * self.before.n
        self.similarity = np.full(self.before.n, np.nan, np.float32)

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both sides."""
        return self.before, self.after

    def free(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Tell of each side which functions have no partner."""
        return self.partner < 0, ~self.taken

    def recover(self) -> None:
        """Complete the labels of the functions that have no partner."""
        for side, free in zip(self.sides, self.free(), strict=True):
            side.recover(free)

    def pair(self, pairs: Iterable[tuple[int, int]], how: MatchKind) -> None:
        """Note pairs."""
        for i, j in pairs:
            self.partner[i] = j
            self.taken[j] = True
            self.how[i] = how

    def pair_same_name(self, ours: NDArray[np.int64], theirs: NDArray[np.int64]) -> None:
        """Note many pairs of one name."""
        self.partner[ours] = theirs
        self.taken[theirs] = True
        if len(ours) == self.before.n:
            self.how = ["same name"] * self.before.n
        else:
            for i in ours.tolist():
                self.how[i] = "same name"


def join(
    ours: NDArray[np.int64], theirs: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], list[Group]]:
    """Find the keys that both sides have.

    Returns
    -------
    tuple
        Where those lie that are there once, on either side; and groups of places of those that are there
        more often.
    """
    order, order_theirs = (np.argsort(keys, kind="stable") for keys in (ours, theirs))
    unique, start, count = np.unique(ours[order], return_index=True, return_counts=True)
    unique_theirs, start_theirs, count_theirs = np.unique(
        theirs[order_theirs], return_index=True, return_counts=True
    )
    _, at, at_theirs = np.intersect1d(unique, unique_theirs, assume_unique=True, return_indices=True)
    single = (count[at] == 1) & (count_theirs[at_theirs] == 1)
    groups = [
        (
            order[start[i] : start[i] + count[i]],
            order_theirs[start_theirs[j] : start_theirs[j] + count_theirs[j]],
        )
        for i, j in zip(at[~single].tolist(), at_theirs[~single].tolist(), strict=True)
    ]
    return order[start[at[single]]], order_theirs[start_theirs[at_theirs[single]]], groups


def once(keys: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell of each key whether it is there once."""
    _, inverse, count = np.unique(keys, return_inverse=True, return_counts=True)
    found: NDArray[np.bool_] = count[inverse] == 1
    return found


def unique_pairs(ours: Mapping[int, Hashable], theirs: Mapping[int, Hashable]) -> list[tuple[int, int]]:
    """Pair the functions that share a key which nobody else of either side has.

    Parameters
    ----------
    ours, theirs
        Keys by index.
    """
    by_key: list[dict[Hashable, list[int]]] = [{}, {}]
    for side, keys in zip((ours, theirs), by_key, strict=True):
        for at, key in side.items():
            keys.setdefault(key, []).append(at)
    return [
        (found[0], by_key[1][key][0])
        for key, found in by_key[0].items()
        if len(found) == len(by_key[1].get(key, ())) == 1
    ]


def without(
    ours: Sequence[int], theirs: Sequence[int], pairs: Iterable[tuple[int, int]]
) -> tuple[list[int], list[int]]:
    """Return the functions of both sides that are in none of the pairs."""
    used, used_theirs = {i for i, _ in pairs}, {j for _, j in pairs}
    return [i for i in ours if i not in used], [j for j in theirs if j not in used_theirs]
