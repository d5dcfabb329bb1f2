"""Call trees: guessed from callers and callees, and made small enough to be shown.

A profile of cProfile's does not hold stacks: it tells how long each caller's calls of a function took, not on
whose behalf the caller ran. The guess, as in gprof: a function costs the same whoever called its caller.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse.acyclic import layers
from perfkit.model import CallTree, StackFrame
from perfkit.model.tables import printable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from perfkit.model import FunctionTable

PRUNED = StackFrame(file="", line=0, name="(pruned)")
"""Holds what was pruned and has no parent."""

_BUILT_IN = "~"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Graph:
    """Who calls whom, without recursion: edges sorted by caller.

    Attributes
    ----------
    starts : (n + 1,) int64
        Where the edges of each caller begin.
    callee, share : (m,)
        The called function, and which share of its cost is for this caller.
    of_root : (n,) float64
        Share of each function's cost that is for no caller.
    whole_s : (n,) float64
        What each function costs with all that it calls, as the shares have it.
    """

    starts: NDArray[np.int64]
    callee: NDArray[np.int32]
    share: NDArray[np.float64]
    of_root: NDArray[np.float64]
    whole_s: NDArray[np.float64]


def approximate(
    table: FunctionTable, *, threshold: float = 0.001, most: int = 50_000
) -> tuple[CallTree, float]:
    """Guess a call tree from callers and callees.

    Each function's cost is divided among its callers in proportion to the cumulative time of the edges; where
    a call would close a circle (recursion), it is cut, and the other callers bear its share. Nodes below the
    threshold become part of their parent's own time.

    Parameters
    ----------
    table
        The profile.
    threshold
        Share of the total below which a node, with its children, is not told apart.
    most
        The most nodes; the costliest are kept.

    Returns
    -------
    CallTree
        Its self times add up to the table's.
    float
        Share of the total that was pruned: that is told under a parent, or under `PRUNED`.
    """
    graph = _graph(table)
    total = float(table.self_s.sum())
    least = threshold * total
    self_s, whole_s = table.self_s, graph.whole_s
    # A node is a function and the share of its cost that is for this stack; the costliest is taken up first.
    roots = np.flatnonzero(graph.of_root)
    worth = graph.of_root[roots] * whole_s[roots]
    kept = (worth >= least) & (worth > 0)
    orphaned = float(worth[~kept].sum())
    pruned = abs(orphaned)
    waiting = [
        (-cost, order, -1, function, share)
        for order, (cost, function, share) in enumerate(
            zip(
                worth[kept].tolist(),
                roots[kept].tolist(),
                graph.of_root[roots[kept]].tolist(),
                strict=True,
            )
        )
    ]
    heapq.heapify(waiting)
    order = len(waiting)
    frames = _Frames(table)
    frame: list[int] = []
    parent: list[int] = []
    own: list[float] = []
    while waiting and len(frame) < most:
        _, _, above, function, share = heapq.heappop(waiting)
        here = len(frame)
        frame.append(frames.number(function))
        parent.append(above)
        begin, end = graph.starts[function], graph.starts[function + 1]
        callees = graph.callee[begin:end]
        shares = graph.share[begin:end] * share
        costs = shares * whole_s[callees]
        kept = (costs >= least) & (costs > 0)
        folded = float(costs[~kept].sum())
        pruned += abs(folded)
        own.append(float(self_s[function]) * share + folded)
        for cost, callee, part in zip(
            costs[kept].tolist(), callees[kept].tolist(), shares[kept].tolist(), strict=True
        ):
            order += 1
            heapq.heappush(waiting, (-cost, order, here, callee, part))
    for cost, _, above, _, _ in waiting:  # there were more than fit
        pruned += abs(cost)
        if above < 0:
            orphaned -= cost
        else:
            own[above] -= cost
    if orphaned:
        frame.append(frames.further(PRUNED))
        parent.append(-1)
        own.append(orphaned)
    tree = CallTree(
        frames=tuple(frames.found),
        frame=tuple(frame),
        parent=tuple(parent),
        self_s=tuple(own),
        approximate=True,
    )
    return tree, _share(pruned, total)


def _share(part: float, total: float) -> float:
    return min(1.0, part / total) if total > 0 else 0.0


class _Frames:
    """The entries of a tree, each different one once."""

    def __init__(self, table: FunctionTable) -> None:
        self.found: list[StackFrame] = []
        self._table = table
        self._of_function: dict[int, int] = {}
        self._numbers: dict[StackFrame, int] = {}

    def number(self, function: int) -> int:
        """Return the number of a function's entry."""
        known = self._of_function.get(function)
        if known is None:
            table = self._table
            file = table.places[int(table.file[function])]
            entry = StackFrame(
                file=printable(file),
                line=int(table.line[function]),
                name=printable(table.qualified[function] or table.names[function]),
                kind="built-in" if file == _BUILT_IN else "function",
            )
            known = self._of_function[function] = self.further(entry)
        return known

    def further(self, entry: StackFrame) -> int:
        """Return the number of any entry."""
        number = self._numbers.setdefault(entry, len(self.found))
        if number == len(self.found):
            self.found.append(entry)
        return number


def _graph(table: FunctionTable) -> _Graph:
    """Divide each function's cost among its callers, and add the costs up from the callees to the callers."""
    count = len(table.calls)
    called = np.bincount(table.callee, weights=table.edge_calls, minlength=count)
    calls = table.calls.astype(np.float64)
    # Calls that no caller accounts for: the profiler was started below those callers.
    missing = np.maximum(calls - called, 0.0)
    entered = np.divide(missing * table.cumulative_s, calls, out=np.zeros(count), where=calls > 0)
    weight = np.maximum(table.edge_cumulative_s, 0.0)
    edges = layers(table.caller, table.callee, weight, entered)
    kept = np.concatenate(edges) if edges else np.zeros(0, dtype=np.int64)
    ends = np.cumsum([len(one) for one in edges])
    caller, callee = table.caller[kept], table.callee[kept]
    weight, unknown = _weights(callee, weight[kept], table.edge_calls[kept], missing)
    all_of = np.bincount(callee, weights=weight, minlength=count) + unknown
    share = weight / all_of[callee]
    of_root = np.divide(unknown, all_of, out=np.ones(count), where=all_of > 0)
    whole_s = table.self_s.astype(np.float64)
    for begin, end in zip([0, *ends.tolist()], ends.tolist(), strict=False):
        above, below = caller[begin:end], callee[begin:end]
        np.add.at(whole_s, above, share[begin:end] * whole_s[below])
    order = np.argsort(caller, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(caller, minlength=count))])
    return _Graph(starts=starts, callee=callee[order], share=share[order], of_root=of_root, whole_s=whole_s)


def _weights(
    callee: NDArray[np.int32],
    time_s: NDArray[np.float64],
    calls: NDArray[np.int64],
    missing: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the weight of each edge, and of each function's calls that no caller accounts for.

    Where no time was seen, calls stand for it; where there are none either, all edges weigh the same.
    """
    count = len(missing)
    timed = np.bincount(callee, weights=time_s, minlength=count)
    called = np.bincount(callee, weights=calls, minlength=count)
    weight = np.where(timed[callee] > 0, time_s, np.where(called[callee] > 0, calls, 1.0))
    per_call = np.where((timed > 0) & (called > 0), timed / np.maximum(called, 1.0), 1.0)
    return weight, missing * per_call
