"""Functions that were renamed, moved or edited: found by what is left of their bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse.bodies import alike
from perfkit.analyse.likeness import MARGIN, SIMILAR, SIMILAR_NEAR, Pairs, likely_pairs, one_to_one
from perfkit.analyse.pairing import unique_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from perfkit.analyse.bodies import Body
    from perfkit.analyse.pairing import Pairing
    from perfkit.analyse.sides import Side
    from perfkit.model import MatchKind

_TELLING, _TELLING_NEAR = 2, 1  # words of its own that a function must have to prove something
_NEAR, _SAME_MODULE = 0.10, 0.05  # what place and name add to a likeness when candidates compete
_LOCALS = ".<locals>."


def _label(side: Side, at: int) -> Hashable:
    return side.labels[at]


def _scope(side: Side, at: int) -> Hashable:
    return int(side.module[at]), side.scope(at)


def _module(side: Side, at: int) -> Hashable:
    return int(side.module[at])


def _anywhere(side: Side, at: int) -> Hashable:  # noqa: ARG001  as the others
    return None


_PLACES: tuple[tuple[Callable[[Side, int], Hashable], int], ...] = (
    (_label, 0),
    (_scope, _TELLING_NEAR),
    (_module, _TELLING),
    (_anywhere, _TELLING),
)
"""Within what a body must be the only one of its kind, and the fewest words of its own that it must have."""


def pair_bodies(pairing: Pairing) -> None:
    """Pair functions by their bodies: first those that nobody else has, then those of which most is left."""
    ours, theirs = _candidates(pairing)
    _pair_same(pairing, ours, theirs)
    _pair_similar(pairing, ours, theirs)


def _pair_same(pairing: Pairing, ours: dict[int, Body], theirs: dict[int, Body]) -> None:
    """Pair functions whose bodies nobody else has, and take them out of the candidates."""
    for place, least in _PLACES:
        keys: list[dict[int, Hashable]] = [
            {at: (body.fingerprint, place(side, at)) for at, body in found.items() if body.telling >= least}
            for side, found in zip(pairing.sides, (ours, theirs), strict=True)
        ]
        pairs = unique_pairs(keys[0], keys[1])
        pairing.pair(pairs, "same body")
        for i, j in pairs:
            pairing.similarity[i] = 1.0
            del ours[i], theirs[j]


def _pair_similar(pairing: Pairing, ours: dict[int, Body], theirs: dict[int, Body]) -> None:
    """Pair functions that share most of their rare words and lines."""
    found = likely_pairs(list(ours.values()), list(theirs.values()), SIMILAR_NEAR / 2)
    numbers: dict[Hashable, int] = {}
    i, j = found.before, found.after
    same = {}
    for name, key in (("scope", _scope), ("label", _label), ("module", _module)):
        columns = [
            np.array([numbers.setdefault((name, key(side, at)), len(numbers)) for at in some], np.int64)
            for side, some in zip(pairing.sides, (ours, theirs), strict=True)
        ]
        same[name] = columns[0][i] == columns[1][j]
    near = same["scope"] | same["label"]
    bonus = np.where(near, _NEAR, np.where(same["module"], _SAME_MODULE, 0.0))
    least = np.where(near, SIMILAR_NEAR, SIMILAR) + bonus
    telling = np.minimum(
        *(
            np.array([body.telling for body in some.values()], np.int64)[at]
            for some, at in ((ours, i), (theirs, j))
        )
    )
    least[telling < np.where(near, _TELLING_NEAR, _TELLING)] = np.inf
    places = list(ours), list(theirs)
    for one, other in one_to_one(Pairs(i, j, found.score + bonus), least, MARGIN):
        at, at_theirs = places[0][one], places[1][other]
        pairing.pair([(at, at_theirs)], "similar")
        pairing.similarity[at] = alike(ours[at].lines, theirs[at_theirs].lines)


def _candidates(pairing: Pairing) -> tuple[dict[int, Body], dict[int, Body]]:
    """Return the free functions with a body, without those that the other side's source still defines.

    Those were only not called there.
    """
    if not all(side.table.sources for side in pairing.sides):
        return {}, {}
    found: list[dict[int, Body]] = []
    for side, other, free in zip(pairing.sides, reversed(pairing.sides), pairing.free(), strict=True):
        bodies = ((at, side.body(at)) for at in np.flatnonzero(free & side.has_source).tolist())
        found.append({at: body for at, body in bodies if body is not None and not _is_there(side, other, at)})
    return found[0], found[1]


def _is_there(side: Side, other: Side, at: int) -> bool:
    """Whether the other side's source defines a function as often: overloads and setters share a name."""
    if not side.known[at]:
        return False
    module, label = int(side.module[at]), side.labels[at]
    there = other.count(module, label)
    return there > 0 and there >= side.count(module, label)


def pair_inner(pairing: Pairing) -> None:
    """Pair what lies within functions that were renamed or moved, as lambdas do, by its name in there."""
    before, after = pairing.sides
    outer: dict[tuple[int, str], list[int]] = {}
    for i in np.flatnonzero(pairing.partner >= 0).tolist():
        if pairing.how[i] != "same name" and before.known[i] and after.known[pairing.partner[i]]:
            outer.setdefault((int(before.module[i]), before.labels[i]), []).append(i)
    inner = [
        {
            at: side.labels[at]
            for at in np.flatnonzero(free & side.known).tolist()
            if _LOCALS in side.labels[at]
        }
        for side, free in zip(pairing.sides, pairing.free(), strict=True)
    ]
    ours: dict[int, Hashable] = {}
    kinds: dict[int, MatchKind] = {}
    for i, label in inner[0].items():
        name, rest = label, ""
        while _LOCALS in name:
            name, dots, last = name.rpartition(_LOCALS)
            rest = dots + last + rest
            around = outer.get((int(before.module[i]), name), [])
            if len(around) == 1:
                partner = int(pairing.partner[around[0]])
                ours[i] = int(after.module[partner]), after.labels[partner] + rest
                kinds[i] = pairing.how[around[0]]
                break
    theirs = {j: (int(after.module[j]), label) for j, label in inner[1].items()}
    for i, j in unique_pairs(ours, theirs):
        pairing.pair([(i, j)], kinds[i])
