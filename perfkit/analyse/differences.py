"""What each function saved, from two profiles whose functions are matched: stage by stage, and over all.

The profiles may hold hundreds of thousands of functions: costs are columns, and only those that are shown
become records.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from perfkit.model import FunctionCost, FunctionDelta, StageDelta
from perfkit.model.tables import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from perfkit.model import FunctionTable, Matching, MatchKind, StageCosts

V = TypeVar("V", np.bool_, np.float64)

MOST = 100
"""Functions of a stage that are listed, unless told otherwise; the others are summed up."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Costs:
    """What the functions of a table cost, in one stage or over all; the columns are as long as the table.

    Attributes
    ----------
    total_s
        Wall time under the profiler.
    rest_s
        What no function's self time covers.
    """

    total_s: float
    rest_s: float
    calls: NDArray[np.int64]
    primitive_calls: NDArray[np.int64]
    self_s: NDArray[np.float64]
    cumulative_s: NDArray[np.float64]

    @property
    def here(self) -> NDArray[np.bool_]:
        """Which functions cost anything here, if only a call."""
        return np.asarray((self.calls != 0) | (self.self_s != 0) | (self.cumulative_s != 0), np.bool_)


def whole(table: FunctionTable, total_s: float | None = None) -> Costs:
    """Return the costs over all of a profile.

    Parameters
    ----------
    total_s
        Wall time under the profiler; without it the sum of all self times stands for it.
    """
    covered = math.fsum(table.self_s)
    return Costs(
        total_s=covered if total_s is None else total_s,
        rest_s=0.0 if total_s is None else total_s - covered,
        calls=table.calls,
        primitive_calls=table.primitive_calls,
        self_s=table.self_s,
        cumulative_s=table.cumulative_s,
    )


def of_stages(table: FunctionTable, stages: Sequence[StageCosts]) -> dict[str, Costs]:
    """Return the costs in each stage, by its path; those of several parts under one path add up.

    Parameters
    ----------
    table
        Of the same run as `stages`: each function of theirs is in it, under the same file, line and name.
    """
    index = {
        (table.files[file], int(line), name): at
        for at, (file, line, name) in enumerate(zip(table.file, table.line, table.names, strict=True))
    }
    found: dict[str, Costs] = {}
    for stage in stages:
        so_far = found.get(stage.path) or _nothing(len(table.names))
        columns = dataclasses.replace(
            so_far, total_s=so_far.total_s + stage.total_s, rest_s=so_far.rest_s + stage.rest_s
        )
        for one in stage.functions:
            at = index[one.file, one.line, one.name]
            columns.calls[at] += one.calls
            columns.primitive_calls[at] += one.primitive_calls
            columns.self_s[at] += one.self_s
            columns.cumulative_s[at] += one.cumulative_s
        found[stage.path] = columns
    return found


class Deltas:
    """Makes the rows of two profiles whose functions are matched.

    Parameters
    ----------
    before, after
        The two profiles.
    matching
        Which function became which.
    saving_s
        What the whole run saved under the profiler: shares are of that.
    """

    def __init__(
        self,
        before: FunctionTable,
        after: FunctionTable,
        matching: Matching,
        *,
        saving_s: float,
    ) -> None:
        self._before, self._after, self._matching = before, after, matching
        self._saving_s = saving_s
        matched = np.flatnonzero(matching.partner >= 0)
        self._matched = matched
        self._partner = matching.partner[matched]
        self._vanished = np.flatnonzero(matching.partner < 0)
        new = np.ones(len(after.names), bool)
        new[self._partner] = False
        self._new = np.flatnonzero(new)
        suggested = np.flatnonzero(matching.suggested >= 0)
        self._suggested_from = {int(matching.suggested[at]): int(at) for at in suggested}

    def stage(self, path: str, before: Costs | None, after: Costs | None, most: int = MOST) -> StageDelta:
        """Return a stage's row with its functions, those that saved or cost most first.

        Parameters
        ----------
        before, after
            None on the side that has no such stage.
        most
            How many functions are listed.
        """
        rows, more, more_saved_s = self.functions(before, after, most)
        return StageDelta(
            path=path,
            before_s=before.total_s if before else 0.0,
            after_s=after.total_s if after else 0.0,
            rest_before_s=before.rest_s if before else 0.0,
            rest_after_s=after.rest_s if after else 0.0,
            functions=rows,
            more=more,
            more_saved_s=more_saved_s,
        )

    def functions(
        self, before: Costs | None, after: Costs | None, most: int = MOST
    ) -> tuple[tuple[FunctionDelta, ...], int, float]:
        """Return the functions that cost anything, how many more there are, and what those saved together."""
        before = before or _nothing(len(self._before.names))
        after = after or _nothing(len(self._after.names))
        # Three runs of rows, one behind the other: matched, vanished, new.
        index_before = np.concatenate([self._matched, self._vanished, np.full(len(self._new), -1)])
        index_after = np.concatenate([self._partner, np.full(len(self._vanished), -1), self._new])
        saved_s = _at(before.self_s, index_before) - _at(after.self_s, index_after)
        here_before, here_after = _at(before.here, index_before), _at(after.here, index_after)
        at = np.flatnonzero(here_before | here_after)
        # Ties in the order of the table: the same profiles give the same bytes.
        at = at[np.argsort(-np.abs(saved_s[at]), kind="stable")]
        listed, others = at[:most], at[most:]
        rows = tuple(
            self._row(
                int(index_before[one]) if here_before[one] else -1,
                int(index_after[one]) if here_after[one] else -1,
                int(index_before[one]),
                before,
                after,
            )
            for one in listed
        )
        return rows, len(others), math.fsum(saved_s[others])

    def _row(
        self, before_at: int, after_at: int, known_at: int, before: Costs, after: Costs
    ) -> FunctionDelta:
        """Return one row; of a matched function, either index is -1 where it does not run in the stage."""
        matching = self._matching
        how: MatchKind = "new"
        similarity, into, partner = math.nan, -1, ""
        table = self._before
        if known_at >= 0:
            how = matching.how[known_at]
            similarity = float(matching.similarity[known_at])
            into = int(matching.into_before[known_at])
            if matching.partner[known_at] < 0 and matching.suggested[known_at] >= 0:
                partner = _label(self._after, int(matching.suggested[known_at]))
        else:
            table = self._after
            into = int(matching.into_after[after_at])
            if after_at in self._suggested_from:
                how, partner = "suggested", _label(self._before, self._suggested_from[after_at])
        was = _cost(self._before, before, before_at) if before_at >= 0 else None
        now = _cost(self._after, after, after_at) if after_at >= 0 else None
        saved_self_s = (was.self_s if was else 0.0) - (now.self_s if now else 0.0)
        return FunctionDelta(
            before=was,
            after=now,
            how=how,
            similarity=None if math.isnan(similarity) else similarity,
            partner=partner,
            rolled_into=_label(table, into) if into >= 0 else "",
            saved_self_s=saved_self_s,
            saved_cumulative_s=(was.cumulative_s if was else 0.0) - (now.cumulative_s if now else 0.0),
            share=saved_self_s / self._saving_s if self._saving_s > 0 else None,
        )


def _nothing(size: int) -> Costs:
    return Costs(
        total_s=0.0,
        rest_s=0.0,
        calls=np.zeros(size, np.int64),
        primitive_calls=np.zeros(size, np.int64),
        self_s=np.zeros(size),
        cumulative_s=np.zeros(size),
    )


def _at(column: NDArray[V], index: NDArray[np.intp]) -> NDArray[V]:
    """Return a column's values at those places; zero where the place is -1."""
    found = np.zeros(len(index), column.dtype)
    known = index >= 0
    found[known] = column[index[known]]
    return found


def _cost(table: FunctionTable, costs: Costs, at: int) -> FunctionCost:
    return FunctionCost(
        file=printable(table.places[table.file[at]]),
        line=int(table.line[at]),
        name=printable(table.names[at]),
        qualified=printable(table.qualified[at]),
        calls=int(costs.calls[at]),
        primitive_calls=int(costs.primitive_calls[at]),
        self_s=float(costs.self_s[at]),
        cumulative_s=float(costs.cumulative_s[at]),
    )


def _label(table: FunctionTable, at: int) -> str:
    return printable(table.qualified[at] or table.names[at])
