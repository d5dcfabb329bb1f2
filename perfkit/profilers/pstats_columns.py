"""What the child process wrote of a profile, checked and turned into columns: see `pstats_child`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from perfkit.profilers import pstats_child

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_SECONDS = 1e15
"""A time that is larger, in whatever unit, is damage."""

_DTYPES = {"q": np.int64, "d": np.float64, "i": np.int32}
_NONSENSE = "made its reader write nonsense"
_YEAR_S = 3.156e7
_LONGEST_S = 30 * _YEAR_S


class NonsenseError(Exception):
    """What is wrong with the columns, for a sentence that begins with the profile's path."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """A profile as it was recorded: n functions and m edges; the strings each once.

    Attributes
    ----------
    file, line, name : (n,) int32
        `file` and `name` are indices into `files` and `names`.
    calls, primitive_calls : (n,) int64
    self_s, cumulative_s : (n,) float64
    caller, callee : (m,) int32
        Indices of functions.
    edge_calls : (m,) int64
    edge_self_s, edge_cumulative_s : (m,) float64
    notes
        What was odd about it, one sentence each.
    """

    files: list[str]
    names: list[str]
    file: NDArray[np.int32]
    line: NDArray[np.int32]
    name: NDArray[np.int32]
    calls: NDArray[np.int64]
    primitive_calls: NDArray[np.int64]
    self_s: NDArray[np.float64]
    cumulative_s: NDArray[np.float64]
    caller: NDArray[np.int32]
    callee: NDArray[np.int32]
    edge_calls: NDArray[np.int64]
    edge_self_s: NDArray[np.float64]
    edge_cumulative_s: NDArray[np.float64]
    notes: tuple[str, ...]


def checked(raw: bytes | memoryview, name: str) -> Columns:
    """Return the columns that bytes stand for, every index and number of them checked."""
    try:
        counts, columns, text = _split(raw)
    except ValueError:
        raise NonsenseError(_NONSENSE) from None
    strings = _strings(text, np.concatenate([columns["file_ends"], columns["name_ends"]]))
    n, known = counts["functions"], columns["caller"] >= 0
    indices = (("file", "files"), ("name", "names"), ("caller", "functions"))
    for column, of in indices:
        if columns[column].size and (columns[column].max() >= counts[of] or columns[column].min() < -1):
            raise NonsenseError(_NONSENSE)
    if (n and min(columns["file"].min(), columns["name"].min()) < 0) or (
        columns["edges_in"].sum(dtype=np.int64) != counts["edges"] or (columns["edges_in"] < 0).any()
    ):
        raise NonsenseError(_NONSENSE)
    _check_numbers(columns)
    callee = np.repeat(np.arange(n, dtype=np.int32), columns["edges_in"])
    edges = {name: columns[name] for name in ("caller", "edge_calls", "edge_self_s", "edge_cumulative_s")} | {
        "callee": callee
    }
    unknown = int(known.size - np.count_nonzero(known))
    if unknown:
        edges = {name: column[known] for name, column in edges.items()}
    return Columns(
        files=strings[: counts["files"]],
        names=strings[counts["files"] :],
        **{
            name: columns[name]
            for name in ("file", "line", "name", "calls", "primitive_calls", "self_s", "cumulative_s")
        },
        **edges,
        notes=_notes(columns, unknown, counts["untimed"], name),
    )


def _split(raw: bytes | memoryview) -> tuple[dict[str, int], dict[str, Any], memoryview]:
    """Cut bytes into what they hold: counts, columns, text."""
    view = memoryview(raw)
    start = pstats_child.HEADER.size
    if len(view) < start:
        raise ValueError("no header")
    mark, schema, *numbers, text_bytes, untimed = pstats_child.HEADER.unpack(view[:start])
    counts = dict(zip(("functions", "edges", "files", "names"), numbers, strict=True))
    sizes = [(name, _DTYPES[code], counts[of]) for name, code, of in pstats_child.LAYOUT]
    whole = start + text_bytes + sum(np.dtype(dtype).itemsize * size for _, dtype, size in sizes)
    if (mark, schema, whole) != (pstats_child.MARK, pstats_child.SCHEMA, len(view)) or min(
        *numbers, text_bytes
    ) < 0:
        raise ValueError("another file, or a part of one")
    columns = {}
    for name, dtype, size in sizes:
        columns[name] = np.frombuffer(view, dtype=dtype, count=size, offset=start)
        start += columns[name].nbytes
    return counts | {"untimed": untimed}, columns, view[start:]


def _strings(text: memoryview, ends: NDArray[np.int64]) -> list[str]:
    """Cut a text into strings; lone surrogates, from file names that are no UTF-8, stay what they are."""
    try:
        whole = str(text, "utf-8", "surrogatepass")
    except UnicodeDecodeError:
        raise NonsenseError(_NONSENSE) from None
    if (ends.size and (ends[-1] != len(whole) or ends[0] < 0)) or (np.diff(ends) < 0).any():
        raise NonsenseError(_NONSENSE)
    bounds = ends.tolist()
    return [whole[begin:end] for begin, end in zip([0, *bounds], bounds, strict=False)]


def _check_numbers(columns: dict[str, NDArray[Any]]) -> None:
    """Refuse what no clock and no counter can have said."""
    for name in ("self_s", "cumulative_s", "edge_self_s", "edge_cumulative_s"):
        column = columns[name]
        # A NaN is the largest and the smallest of its column, and not below anything.
        if column.size and not max(abs(float(column.max())), abs(float(column.min()))) <= MOST_SECONDS:
            raise NonsenseError("holds a time that is not a number of seconds (NaN, infinite, or above 1e15)")
    for name in ("calls", "primitive_calls", "edge_calls"):
        if columns[name].size and columns[name].min() < 0:
            raise NonsenseError("holds a negative number of calls")
    if columns["line"].size and columns["line"].min() < 0:
        raise NonsenseError("holds a negative line number")


def _notes(columns: dict[str, NDArray[Any]], unknown: int, untimed: int, name: str) -> tuple[str, ...]:
    """Say what is odd about a profile that can be read nevertheless."""
    notes = []
    negative = int(np.count_nonzero((columns["self_s"] < 0) | (columns["cumulative_s"] < 0)))
    if negative:
        notes.append(
            f"{_count(negative, 'function')} of {name} took less than no time: the clock went backwards. "
            "The times are kept as they were recorded."
        )
    if unknown:
        notes.append(
            f"{_count(unknown, 'caller')} in {name} {'is' if unknown == 1 else 'are'} missing among its "
            "functions: their calls are left out of callers and callees."
        )
    if untimed:
        notes.append(
            f"{name} says how often the callers of {_count(untimed, 'function')} called, not for how long: "
            "their time is divided by calls."
        )
    total = float(columns["self_s"].sum())
    if total == 0:
        notes.append(f"No time is recorded in {name}.")
    elif total > _LONGEST_S:
        notes.append(f"The times of {name} are no seconds: they add up to {total / _YEAR_S:,.0f} years.")
    return tuple(notes)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
