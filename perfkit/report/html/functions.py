"""The table of functions, before and after: the report's own cells, and what each column is sorted by."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perfkit.report import difference_view, units
from perfkit.report.html.markup import name
from perfkit.report.text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.model import Difference, FunctionDelta
    from perfkit.report.difference_costs import Costs

KEYS = ("function", "place", "how", "calls_before", "calls_after", "before", "after", "saved", "share")
"""Columns that the report's tables of functions have; what is saved with callees comes besides."""
PAGE = 50
"""Rows shown at once."""
_ALL = 1_000_000  # functions that the view lists: the page shows them bit by bit
_SAVED = KEYS.index("saved")
_NOWHERE = -1e18  # sorts after all that has a figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Functions:
    """The table.

    Attributes
    ----------
    columns
        Title and alignment of each.
    sorted_by
        At first: what saved most of its own time comes first.
    first
        The cells of the first rows, for a page without scripts.
    data
        All rows as the page's script reads them.
    """

    columns: tuple[tuple[str, str], ...]
    sorted_by: int
    first: tuple[tuple[str, ...], ...]
    data: dict[str, Any]


def functions(difference: Difference) -> Functions | None:
    """Build the table over all stages and within each; None if no function is known."""
    # Without stages the view lists all functions together.
    together = difference_view.build(
        dataclasses.replace(difference, stages=(), lines=()), most=_ALL, most_in_stage=_ALL
    ).functions
    parts: list[tuple[str, tuple[FunctionDelta, ...], Costs]] = []
    if together is not None and difference.functions:
        parts.append(("all stages", difference.functions, together))
    staged = [one for one in difference.stages if one.functions]
    if len(difference.stages) > 1 or not parts:
        view = difference_view.build(dataclasses.replace(difference, lines=()), most=_ALL, most_in_stage=_ALL)
        parts += [
            (name(delta.path) or "outside stages", delta.functions, stage.costs)
            for delta, stage in zip(staged, view.by_stage, strict=True)
        ]
    if not any(deltas for _, deltas, _ in parts):
        return None
    rows: list[dict[str, Any]] = []
    sums: list[list[list[str]]] = []
    for index, (_, deltas, made) in enumerate(parts):
        listed, below = _rows(index, deltas, made)
        rows += listed
        sums.append(below)
    rows.sort(key=lambda row: (row["part"], -row["keys"][_SAVED]))
    titles = {column.key: (column.title, column.align) for column in parts[0][2].table.columns}
    shown = [titles.get(key, ("share of the saving", "right")) for key in KEYS]
    columns = (*shown, ("saved with callees", "right"))
    return Functions(
        columns=columns,
        sorted_by=_SAVED,
        first=tuple(tuple(row["cells"]) for row in rows if row["part"] == 0)[:PAGE],
        data={
            "columns": [{"title": title, "align": align} for title, align in columns],
            "parts": [
                {"title": title, "sums": below} for (title, _, _), below in zip(parts, sums, strict=True)
            ],
            "rows": rows,
            "sorted": _SAVED,
            "page": PAGE,
        },
    )


def _rows(
    part: int, deltas: Sequence[FunctionDelta], made: Costs
) -> tuple[list[dict[str, Any]], list[list[str]]]:
    """Return the rows of functions, and those below them that make the table add up."""
    keys = [column.key for column in made.table.columns]
    callees = units.seconds_column([one.saved_cumulative_s for one in deltas], signed=True)
    rows, below = [], []
    for index, (row, beside) in enumerate(zip(made.table.rows, made.rows, strict=True)):
        known = dict(zip(keys, (name(plain(cell)) for cell in row.cells), strict=True))
        cells = [known.get(key, units.NONE) for key in KEYS]
        if index >= len(deltas):
            below.append([*cells, ""])
            continue
        rows.append(
            {
                "part": part,
                "kind": beside.kind,
                "cells": [*cells, callees[index]],
                "keys": _keys(deltas[index], cells),
            }
        )
    return rows, below


def _keys(delta: FunctionDelta, cells: list[str]) -> list[Any]:
    """Return what each column is sorted by."""
    before, after = delta.before, delta.after
    return [
        *(cell.lower() for cell in cells[:3]),
        before.calls if before else _NOWHERE,
        after.calls if after else _NOWHERE,
        before.self_s if before else _NOWHERE,
        after.self_s if after else _NOWHERE,
        delta.saved_self_s,
        delta.saved_self_s,
        delta.saved_cumulative_s,
    ]
