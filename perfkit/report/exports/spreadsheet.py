"""Tables as comma-separated values (RFC 4180), full precision, for spreadsheets and data frames.

A text that a spreadsheet would take for a formula gets an apostrophe before it. What is not known is empty.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from perfkit.model import Difference, FunctionCost, FunctionDelta, SideLine, StageDelta
    from perfkit.report.exports.benchmarks import Timed

_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")  # the last four are the first ones in full width

_TIMINGS = (
    "run", "variant", "pair", "side", "place_in_pair", "started_at", "seed", "launch", "repeats", "cpu",
    "what", "stage", "calls", "time_s", "in_main_thread", "cpu_s", "peak_rss_bytes",
)  # fmt: skip
_COST = ("file", "line", "name", "qualified", "calls", "primitive_calls", "self_s", "cumulative_s")
_FUNCTIONS = (
    "how", "similarity", *(f"before_{one}" for one in _COST), *(f"after_{one}" for one in _COST),
    "saved_self_s", "saved_cumulative_s", "share", "partner", "rolled_into",
)  # fmt: skip
_LINE = ("line", "text", "hits", "time_s", "share")
_LINES = (
    "stage", "before_function", "after_function", "before_file", "after_file", "how", "kind",
    *(f"before_{one}" for one in _LINE), *(f"after_{one}" for one in _LINE),
)  # fmt: skip


def timings(timed: Sequence[Timed]) -> bytes:
    """Render timed runs: one row for each time that a process took.

    ``what`` is ``process`` (from its start to its end), ``import``, ``inputs``, ``run``, or ``stage``. Stages
    lie in ``run``, and ``run`` in ``process``.
    """
    return _table(_TIMINGS, (row for one in timed for row in _times(one)))


def _times(timed: Timed) -> Iterator[list[Any]]:
    run, pair = timed.run, timed.pair
    place = pair.order.index(timed.side) + 1 if pair is not None and timed.side is not None else None
    index = pair.index if pair is not None else None
    of_run = [run.id, run.variant.name, index, timed.side, place, run.started_at, run.seed, run.launch]
    of_run += [run.repeats, run.cpu]
    for what, time_s in (("process", run.process_s), ("import", run.import_s), ("inputs", run.inputs_s)):
        yield [*of_run, what, "", None, time_s, True, None, None]
    yield [*of_run, "run", "", None, run.run_s, True, run.cpu_s, run.peak_rss_bytes]
    for one in run.stages:
        yield [*of_run, "stage", one.path, one.calls, one.total_s, one.in_main_thread, None, None]


def functions(difference: Difference) -> bytes:
    """Render the functions of a difference: one row each, over all stages."""
    return _table(_FUNCTIONS, (_function(one) for one in difference.functions))


def functions_by_stage(difference: Difference) -> bytes:
    """Render the functions of a difference stage by stage, with what none of them covers.

    ``row`` is ``function``; ``more`` for those of a stage that are not listed; or ``rest`` for what no
    function's own time covers. All ``saved_self_s`` add up to what was saved under the profiler.
    """
    return _table(("stage", "row", *_FUNCTIONS), (row for one in difference.stages for row in _stage(one)))


def _stage(stage: StageDelta) -> Iterator[list[Any]]:
    for one in stage.functions:
        yield [stage.path, "function", *_function(one)]
    if stage.more:
        yield [stage.path, "more", *_alone(saved_self_s=stage.more_saved_s)]
    yield [
        stage.path,
        "rest",
        *_alone(
            before_self_s=stage.rest_before_s,
            after_self_s=stage.rest_after_s,
            saved_self_s=stage.rest_before_s - stage.rest_after_s,
        ),
    ]


def _alone(**cells: float) -> list[Any]:
    return [cells.get(column) for column in _FUNCTIONS]


def _function(delta: FunctionDelta) -> list[Any]:
    return [
        delta.how,
        delta.similarity,
        *_cost(delta.before),
        *_cost(delta.after),
        delta.saved_self_s,
        delta.saved_cumulative_s,
        delta.share,
        delta.partner,
        delta.rolled_into,
    ]


def _cost(cost: FunctionCost | None) -> list[Any]:
    return [None] * len(_COST) if cost is None else [getattr(cost, column) for column in _COST]


def lines(difference: Difference) -> bytes:
    """Render the lines of a difference: one row each, before beside after."""
    return _table(
        _LINES,
        (
            [
                function.stage,
                function.before,
                function.after,
                function.before_file,
                function.after_file,
                function.how,
                line.kind,
                *_side(line.before),
                *_side(line.after),
            ]
            for function in difference.lines
            for line in function.lines
        ),
    )


def _side(line: SideLine | None) -> list[Any]:
    if line is None:
        return [None] * len(_LINE)
    return [line.number, line.text, line.hits, line.time_s, line.share]


def _table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    made = io.StringIO(newline="")
    writer = csv.writer(made)
    writer.writerow(columns)
    writer.writerows([_cell(one) for one in row] for row in rows)
    return made.getvalue().encode("utf-8", "backslashreplace")


def _cell(value: str | float | bool | None) -> str:
    """Write one cell; a number never gets an apostrophe, a text that begins like a formula does."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return repr(value)
