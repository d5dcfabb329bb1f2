"""Callers and callees of a run's functions, as cProfile's file has them, without perfkit's own code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from perfkit.profilers.paths import relative

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from perfkit.model import FunctionCost
    from perfkit.profilers.pstats_columns import Columns

Cost: TypeAlias = tuple[int, float, float]
"""Calls, the callee's own seconds, those with its callees."""

Edges: TypeAlias = "dict[int, dict[int, Cost]]"
"""By callee, by caller."""


def edges_among(functions: Sequence[FunctionCost], columns: Columns, root: Path) -> dict[str, NDArray[Any]]:
    """Return the edges of `FunctionTable` for a run's functions.

    Parameters
    ----------
    functions
        Of the run's record: their order is that of the indices.
    columns
        cProfile's file of the same run.
    root
        The project's root, to which the record's paths are relative.
    """
    known = {(one.file, one.line, one.name): index for index, one in enumerate(functions)}
    files = [relative(file, root) for file in columns.files]
    numbers = []
    further = len(functions)
    for file, line, name in zip(
        columns.file.tolist(), columns.line.tolist(), columns.name.tolist(), strict=True
    ):
        number = known.setdefault((files[file], line, columns.names[name]), further)
        further += number == further
        numbers.append(number)
    edges: Edges = {}
    costs = zip(
        columns.edge_calls.tolist(),
        columns.edge_self_s.tolist(),
        columns.edge_cumulative_s.tolist(),
        strict=True,
    )
    for caller, callee, cost in zip(columns.caller.tolist(), columns.callee.tolist(), costs, strict=True):
        _add(edges, numbers[caller], numbers[callee], cost)
    for number in range(len(functions), further):
        _take_out(edges, number)
    rows = [(caller, callee, *cost) for callee, by in edges.items() for caller, cost in by.items()]
    caller, callee, calls, self_s, cumulative_s = zip(*rows, strict=True) if rows else ((),) * 5
    return {
        "caller": np.array(caller, dtype=np.int32),
        "callee": np.array(callee, dtype=np.int32),
        "edge_calls": np.array(calls, dtype=np.int64),
        "edge_self_s": np.array(self_s, dtype=np.float64),
        "edge_cumulative_s": np.array(cumulative_s, dtype=np.float64),
    }


def _add(edges: Edges, caller: int, callee: int, cost: Cost) -> None:
    """Add to an edge."""
    by = edges.setdefault(callee, {})
    before = by.get(caller, (0, 0.0, 0.0))
    by[caller] = (before[0] + cost[0], before[1] + cost[1], before[2] + cost[2])


def _take_out(edges: Edges, number: int) -> None:
    """Let the callers of a function call what it called, each in proportion to its share of the time."""
    above = edges.pop(number, {})
    above.pop(number, None)
    for callee, by in list(edges.items()):
        cost = by.pop(number, None)
        if cost is None:
            continue
        # A decorated stage that holds another does not call itself: prefer whoever else there is.
        others = {caller: one for caller, one in above.items() if caller != callee} or above
        for caller, part in _divided(cost, others).items():
            _add(edges, caller, callee, part)


def _divided(cost: Cost, callers: dict[int, Cost]) -> dict[int, Cost]:
    """Divide what a callee cost among callers: whole calls, in proportion to their time."""
    weights = {caller: max(one[2], 0.0) for caller, one in callers.items()}
    if not sum(weights.values()):
        weights = {caller: float(one[0]) for caller, one in callers.items()}
    whole = sum(weights.values())
    calls, self_s, cumulative_s = cost
    found: dict[int, Cost] = {}
    so_far, given = 0.0, 0
    for caller in sorted(weights, key=lambda one: -weights[one]) if whole else ():
        so_far += weights[caller] / whole
        mine = round(so_far * calls) - given  # so that all of them add up to the calls
        if mine > 0:
            given += mine
            found[caller] = (mine, self_s * mine / calls, cumulative_s * mine / calls)
    return found
