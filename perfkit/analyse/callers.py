"""What the caller graph says of functions without a partner: what they belong to, what they became."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from perfkit.model import FunctionTable


def nearest_matched(table: FunctionTable, matched: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Find of each unmatched function the matched one through which it is called.

    That is the nearest one up the graph; of several equally near, the one by the costliest call.

    Parameters
    ----------
    matched : (n,) bool

    Returns
    -------
    (n,) int32
        -1 for matched functions, and where no caller is matched.
    """
    n = len(matched)
    into = np.full(n, -1, np.int32)
    relevant = ~matched[table.callee]
    caller, callee = table.caller[relevant], table.callee[relevant]
    cost = table.edge_cumulative_s[relevant]
    reached = np.where(matched, np.arange(n, dtype=np.int32), np.int32(-1))
    while len(caller):
        ready = reached[caller] >= 0
        if not ready.any():
            break
        # per callee the costliest call first; of equal ones the caller that comes first
        order = np.lexsort((caller[ready], -cost[ready], callee[ready]))
        callees = callee[ready][order]
        first = np.concatenate(([True], callees[1:] != callees[:-1]))
        into[callees[first]] = reached[caller[ready][order][first]]
        reached[callees[first]] = into[callees[first]]
        waiting = reached[callee] < 0
        caller, callee, cost = caller[waiting], callee[waiting], cost[waiting]
    return into


def suggestions(
    before: FunctionTable,
    after: FunctionTable,
    partner: NDArray[np.int32],
    candidates: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    stages: tuple[Sequence[str], Sequence[str]],
) -> list[tuple[int, int]]:
    """Pair unmatched functions that the same matched functions call in the same stage, one on each side.

    Parameters
    ----------
    partner : (n_before,) int32
    candidates
        Of each side, the functions that may be suggested.
    stages
        Of each side, the functions' stages; empty names where they are not known.
    """
    partner_after = np.full(len(after.names), -1, np.int32)
    pairs = np.flatnonzero(partner >= 0)
    partner_after[partner[pairs]] = pairs
    # callers by their index before, on both sides
    known = (np.where(partner >= 0, np.arange(len(partner)), -1), partner_after)
    groups: list[dict[tuple[str, tuple[int, ...]], list[int]]] = []
    for table, side, number, stage in zip((before, after), candidates, known, stages, strict=True):
        callers: dict[int, set[int]] = {}
        for edge in np.flatnonzero(side[table.callee] & (number[table.caller] >= 0)).tolist():
            callers.setdefault(int(table.callee[edge]), set()).add(int(number[table.caller[edge]]))
        group: dict[tuple[str, tuple[int, ...]], list[int]] = {}
        for at in sorted(callers):
            group.setdefault((stage[at], tuple(sorted(callers[at]))), []).append(at)
        groups.append(group)
    return sorted(
        (ours[0], groups[1][key][0])
        for key, ours in groups[0].items()
        if len(ours) == len(groups[1].get(key, ())) == 1
    )
