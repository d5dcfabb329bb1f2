"""A graph of callers and callees without circles, and the order in which costs are added up along it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints: TypeAlias = NDArray[np.int32] | NDArray[np.int64]
    Edges: TypeAlias = NDArray[np.int64]

_MOST_ROUNDS = 2_000  # of peeling; stacks are rarely deeper, and a chain of 200,000 would take its time


def layers(
    caller: Ints, callee: Ints, weight: NDArray[np.float64], entered: NDArray[np.float64]
) -> list[Edges]:
    """Put edges in an order in which each callee's own edges come before those that lead to it.

    Most of a program is a hierarchy, and is peeled off from above and from below, layer by layer. Only what
    is left, functions that call each other in circles, is walked, the heaviest edges first; an edge that
    leads back to where the walk came from is recursion, and left out.

    Parameters
    ----------
    caller, callee : (m,)
        Indices of functions.
    weight : (m,) float64
        Of the edges.
    entered : (n,) float64
        Of the functions: how much they are called from outside of all of them. A walk through circles starts
        where they are entered the most.

    Returns
    -------
    list of (k,) int64
        Indices of edges; those of one layer do not depend on each other. One in none would close a circle.
    """
    edges = np.flatnonzero(np.asarray(caller) != callee)
    left = np.ones(len(entered), dtype=np.bool_)  # functions that were not peeled off yet
    above = _peel(caller, callee, edges, left)
    peeled = np.concatenate(above) if above else edges[:0]
    entered = entered + np.bincount(callee[peeled], weights=weight[peeled], minlength=len(entered))
    edges = edges[left[caller[edges]]]
    # An edge to a function that nothing depends on any more is peeled with it.
    below = _peel(callee, caller, edges, left)
    edges = edges[left[callee[edges]]]
    walked = _walk(caller, callee, weight, edges, entered)
    return [*below, *walked, *reversed(above)]


def _peel(source: Ints, target: Ints, edges: Edges, left: NDArray[np.bool_]) -> list[Edges]:
    """Take off the functions that are no edge's target, again and again; returns the edges of each round."""
    count = len(left)
    pending = np.bincount(target[edges], minlength=count)
    order = edges[np.argsort(source[edges], kind="stable")]
    sizes = np.bincount(source[edges], minlength=count)
    ends = np.cumsum(sizes)
    rounds = []
    free = np.flatnonzero(left & (pending == 0))
    for _ in range(_MOST_ROUNDS):
        if not free.size:
            break
        left[free] = False
        taken = order[_ranges(ends[free] - sizes[free], sizes[free])]
        if not taken.size:
            break
        rounds.append(taken)
        np.subtract.at(pending, target[taken], 1)
        reached = target[taken]
        free = np.unique(reached[pending[reached] == 0])
    return rounds


def _ranges(begins: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the numbers of several ranges, one after the other."""
    ends = np.cumsum(sizes)
    whole = int(ends[-1]) if ends.size else 0
    return np.arange(whole, dtype=np.int64) + np.repeat(begins - ends + sizes, sizes)


def _walk(
    caller: Ints, callee: Ints, weight: NDArray[np.float64], edges: Edges, entered: NDArray[np.float64]
) -> list[Edges]:
    """Order the edges of functions that call each other in circles, without those that close one."""
    if not edges.size:
        return []
    count = len(entered)
    order = edges[np.lexsort((-weight[edges], caller[edges]))]
    ends = np.cumsum(np.bincount(caller[order], minlength=count))
    inside = np.unique(caller[order])
    starts = inside[np.argsort(-entered[inside], kind="stable")]
    closing, height = _visit(callee[order].tolist(), ends.tolist(), starts.tolist())
    kept = np.ones(len(order), dtype=np.bool_)
    kept[closing] = False
    order = order[kept]
    heights = np.array(height)[caller[order]]
    by_height = np.argsort(heights, kind="stable")
    cuts = np.flatnonzero(np.diff(heights[by_height])) + 1
    return list(np.split(order[by_height], cuts)) if order.size else []


def _visit(targets: list[int], ends: list[int], starts: list[int]) -> tuple[list[int], list[int]]:
    """Walk from function to function, depth first.

    Parameters
    ----------
    targets
        Where the edges lead, those of function 0 first.
    ends
        Of each function, where its edges end.
    starts
        Where to begin, in this order.

    Returns
    -------
    closing
        Positions of the edges that lead back to where the walk came from.
    height
        Of each function: how many of the other edges lead down from it, one after the other, at most.
    """
    new, open_, done = 0, 1, 2
    state = bytearray(len(ends))
    height = [0] * len(ends)
    position = [0, *ends[:-1]]
    closing: list[int] = []
    for start in starts:
        if state[start] != new:
            continue
        state[start] = open_
        way = [start]
        while way:
            here = way[-1]
            highest = height[here]
            for at in range(position[here], ends[here]):
                target = targets[at]
                if state[target] == done:
                    if height[target] >= highest:
                        highest = height[target] + 1
                elif state[target] == open_:
                    closing.append(at)
                else:
                    state[target] = open_
                    way.append(target)
                    position[here] = at  # it is done when this edge is looked at again
                    break
            else:
                state[here] = done
                way.pop()
            height[here] = highest
    return closing, height
