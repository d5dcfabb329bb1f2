"""Functions of one module and name: the same one, wherever its lines have moved to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse.likeness import MARGIN, SIMILAR_NEAR, likely_pairs, one_to_one
from perfkit.analyse.pairing import join, once, unique_pairs, without

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from perfkit.analyse.pairing import Group, Pairing
    from perfkit.analyse.sides import Side
    from perfkit.model import FunctionTable

_ROLES = ("", "setter", "deleter", "getter")
_LINE_BITS, _NAME_BITS = 24, 20


def pair_unchanged_files(pairing: Pairing) -> None:
    """Pair functions of files that did not change, by name and line: their texts need not be read."""
    texts = [
        {int(side.modules[file]): text for file, text in side.table.sources.items()} for side in pairing.sides
    ]
    same = [module for module, text in texts[0].items() if texts[1].get(module) == text]
    if not same:
        return
    names: dict[str, int] = {}
    keys, at = [], []
    for side, free in zip(pairing.sides, pairing.free(), strict=True):
        chosen = np.flatnonzero(free & np.isin(side.module, same))
        name = np.array(
            [names.setdefault(side.table.names[i], len(names)) for i in chosen.tolist()], np.int64
        )
        line = side.table.line[chosen].astype(np.int64)
        at.append(chosen)
        keys.append((side.module[chosen] << (_LINE_BITS + _NAME_BITS)) + (name << _LINE_BITS) + line)
    ours, theirs, _ = join(keys[0], keys[1])
    pairing.pair_same_name(at[0][ours], at[1][theirs])


def pair_same_names(pairing: Pairing) -> None:
    """Pair functions by module and qualified name; where one side does not know that, by their bare names."""
    sides = pairing.sides
    names: dict[str, int] = {}
    labels = []
    for side in sides:
        label = np.fromiter((names.setdefault(one, len(names)) for one in side.labels), np.int64, side.n)
        labels.append((label * 2 + side.known) * len(_ROLES))
    for side, label, free in zip(sides, labels, pairing.free(), strict=True):
        for at in np.flatnonzero(free & _both_have_source(pairing, side)).tolist():
            label[at] += _ROLES.index(side.role(at))
    modules = [side.module for side in sides]
    _pair_by_key(pairing, modules, labels)
    if all(side.table.main >= 0 for side in sides):
        # The variants' own files were one module. What one side has in its own, the other may import.
        places: dict[str, int] = {}
        numbers = [
            np.array([places.setdefault(place, len(places)) for place in side.table.places], np.int64)
            for side in sides
        ]
        _pair_by_key(
            pairing, [number[side.table.file] for number, side in zip(numbers, sides, strict=True)], labels
        )
    if all(side.known.all() for side in sides):
        return
    bare = [
        np.fromiter((names.setdefault(one, len(names)) for one in side.table.names), np.int64, side.n)
        for side in sides
    ]
    keys = [module * (len(names) + 1) + name for module, name in zip(modules, bare, strict=True)]
    lone = [np.flatnonzero(free & once(key)) for free, key in zip(pairing.free(), keys, strict=True)]
    ours, theirs, _ = join(keys[0][lone[0]], keys[1][lone[1]])
    i, j = lone[0][ours], lone[1][theirs]
    bare_pair = ~(sides[0].known[i] & sides[1].known[j])
    pairing.pair_same_name(i[bare_pair], j[bare_pair])
    _pair_by_line(pairing, keys)


def _pair_by_line(pairing: Pairing, keys: Sequence[NDArray[np.int64]]) -> None:
    """Pair functions that only one side can tell apart, by bare name and line, in files whose lines stand.

    Parameters
    ----------
    keys
        Of each side: module and bare name as one number.
    """
    sides = pairing.sides
    paired = np.flatnonzero(pairing.partner >= 0)
    lines = [side.table.line.astype(np.int64) for side in sides]
    same = lines[0][paired] == lines[1][pairing.partner[paired]]
    still = _lines_stand(sides[0].module[paired], same)
    standing = np.array([module for module, stands in still.items() if stands], np.int64)
    at = [
        np.flatnonzero(free & ~side.built_in & np.isin(side.module, standing))
        for side, free in zip(sides, pairing.free(), strict=True)
    ]
    if not len(at[0]) or not len(at[1]):
        return
    placed = [(key[i] << _LINE_BITS) + line[i] for key, line, i in zip(keys, lines, at, strict=True)]
    ours, theirs, _ = join(placed[0], placed[1])
    i, j = at[0][ours], at[1][theirs]
    one_sided = ~(sides[0].known[i] & sides[1].known[j])
    pairing.pair_same_name(i[one_sided], j[one_sided])


def _both_have_source(pairing: Pairing, side: Side) -> NDArray[np.bool_]:
    """Tell which functions lie in modules whose sources both sides have."""
    before, after = ({int(one.modules[file]) for file in one.table.sources} for one in pairing.sides)
    return np.isin(side.module, sorted(before & after)) & ~side.built_in


def _pair_by_key(
    pairing: Pairing, modules: Sequence[NDArray[np.int64]], labels: Sequence[NDArray[np.int64]]
) -> None:
    before, after = pairing.before.table, pairing.after.table
    width = max((int(one.max()) for one in labels if len(one)), default=0) + 1
    at = [np.flatnonzero(free) for free in pairing.free()]
    keys = [module[i] * width + label[i] for module, label, i in zip(modules, labels, at, strict=True)]
    ours, theirs, groups = join(keys[0], keys[1])
    i, j = at[0][ours], at[1][theirs]
    pairing.pair_same_name(i, j)
    groups = _pair_in_place(pairing, [(at[0][ours], at[1][theirs]) for ours, theirs in groups])
    if groups:
        still = _lines_stand(modules[0][i], before.line[i] == after.line[j])
        for some, others in groups:
            stands = still.get(int(modules[0][some[0]]), False)
            pairing.pair(_told_apart(pairing, some.tolist(), others.tolist(), still=stands), "same name")


def _pair_in_place(pairing: Pairing, groups: list[Group]) -> list[Group]:
    """Pair what shares name and lines and has no source to tell more; return the groups that are left."""
    chosen = [n for n, group in enumerate(groups) if len(group[0]) == len(group[1])]
    if not chosen:
        return groups
    number = np.repeat(chosen, [len(groups[n][0]) for n in chosen])
    columns, unsure = [], np.zeros(len(groups))
    for k, side in enumerate(pairing.sides):
        functions = np.concatenate([groups[n][k] for n in chosen])
        order = np.lexsort((functions, side.table.calls[functions], side.table.line[functions], number))
        columns.append(functions[order])
        unsure += np.bincount(number, side.has_source[functions] | side.built_in[functions], len(groups))
    lines = [side.table.line[column] for side, column in zip(pairing.sides, columns, strict=True)]
    unsure += np.bincount(number, lines[0] != lines[1], len(groups))
    sure = unsure[number] == 0
    pairing.pair_same_name(columns[0][sure], columns[1][sure])
    paired = set(number[sure].tolist())
    return [group for n, group in enumerate(groups) if n not in paired]


def _lines_stand(modules: NDArray[np.int64], same: NDArray[np.bool_]) -> dict[int, bool]:
    """Tell of each module whether all its functions that are surely the same begin at the same lines."""
    numbers, inverse = np.unique(modules, return_inverse=True)
    moved = np.bincount(inverse, ~same, len(numbers)) if len(numbers) else np.zeros(0)
    return dict(zip(numbers.tolist(), (moved == 0).tolist(), strict=True))


def _told_apart(
    pairing: Pairing, ours: list[int], theirs: list[int], *, still: bool
) -> list[tuple[int, int]]:
    """Pair functions that share module and name: by body, where lines stand by line, or else by order."""
    before, after = pairing.before.table, pairing.after.table
    bodies = [
        {at: body.fingerprint for at in functions if (body := side.body(at)) is not None}
        for side, functions in zip(pairing.sides, (ours, theirs), strict=True)
    ]
    pairs = unique_pairs(bodies[0], bodies[1])
    ours, theirs = without(ours, theirs, pairs)
    exact = unique_pairs({i: before.names[i] for i in ours}, {j: after.names[j] for j in theirs})
    if len(exact) in (len(ours), len(theirs)):
        pairs += exact  # built-ins whose addresses are the same
        ours, theirs = without(ours, theirs, exact)
    if still:
        lines = [
            {at: int(table.line[at]) for at in functions}
            for table, functions in ((before, ours), (after, theirs))
        ]
        by_line = unique_pairs(lines[0], lines[1])
        if by_line:  # in a file that stands still, another line is another function
            return pairs + by_line
    if len(ours) == len(theirs):
        return [*pairs, *zip(_in_order(before, ours), _in_order(after, theirs), strict=True)]
    return pairs + _most_alike(pairing, ours, theirs)


def _most_alike(pairing: Pairing, ours: Sequence[int], theirs: Sequence[int]) -> list[tuple[int, int]]:
    """Pair those of a few functions of one name whose bodies are clearly more alike than any others."""
    bodies = [
        {at: body for at in functions if (body := side.body(at)) is not None}
        for side, functions in zip(pairing.sides, (ours, theirs), strict=True)
    ]
    found = likely_pairs(list(bodies[0].values()), list(bodies[1].values()), SIMILAR_NEAR / 2)
    chosen = one_to_one(found, np.full(len(found.score), SIMILAR_NEAR), MARGIN)
    places = list(bodies[0]), list(bodies[1])
    return [(places[0][i], places[1][j]) for i, j in chosen]


def _in_order(table: FunctionTable, functions: Sequence[int]) -> list[int]:
    """Sort functions of one name: by line, or, as built-ins have none, by how often they were called."""
    return sorted(functions, key=lambda at: (int(table.line[at]), int(table.calls[at]), at))
