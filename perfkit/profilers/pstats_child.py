"""Reads one profile in a process of its own: marshal, its format, may crash or eat memory on hostile input.

This file is run as a script with ``-I -S``: it imports the standard library alone, reads the profile from
stdin, checks every shape and type, and writes columns to the file that it is told. Its one line on stdout
says in JSON how it went. `pstats_file` starts it, and trusts nothing that it wrote.
"""

from __future__ import annotations

import gc
import json
import marshal
import os
import resource
import struct
import sys
from array import array
from itertools import accumulate, repeat
from typing import IO, Any, Final

SCHEMA: Final = 1
"""Of the columns' file; another one is made anew."""

LAYOUT: Final = (
    ("calls", "q", "functions"),
    ("primitive_calls", "q", "functions"),
    ("self_s", "d", "functions"),
    ("cumulative_s", "d", "functions"),
    ("edge_calls", "q", "edges"),
    ("edge_self_s", "d", "edges"),
    ("edge_cumulative_s", "d", "edges"),
    ("file_ends", "q", "files"),
    ("name_ends", "q", "names"),
    ("file", "i", "functions"),
    ("line", "i", "functions"),
    ("name", "i", "functions"),
    ("edges_in", "i", "functions"),
    ("caller", "i", "edges"),
)
"""The columns in the order in which they lie in the file: name, type of `array`, and what there is one of.

`file_ends` and `name_ends` say where each string ends in the text that follows, in characters. The edges lie
in the order of their callees, each of which has `edges_in` of them. A `caller` of -1 is no known function.
"""

HEADER: Final = struct.Struct("=8s7q")
"""A mark, the schema, and how many functions, edges, files, names, bytes of text, functions without times."""

MARK: Final = b"perfkitP"
UNTOLD: Final = 16  # characters of a foreign value that a message shows


class _WrongError(Exception):
    """What is wrong with the profile, for a sentence that begins with its path."""


def main() -> None:
    """Read stdin, write columns: the arguments are their file, and the most bytes and CPU seconds."""
    target, memory_bytes, cpu_s = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    _confine(memory_bytes, cpu_s)
    gc.disable()  # there are millions of objects, and nothing to collect
    try:
        with open(target, "wb") as handle:  # noqa: PTH123  pathlib would be loaded for this alone
            write(read(sys.stdin.buffer.read()), handle)
        said = {"wrong": ""}
    except _WrongError as error:
        said = {"wrong": str(error)}
    except MemoryError:
        said = {"wrong": "needs more memory to read than a profile of its size should"}
    except OSError as error:
        said = {"unwritten": error.strerror or str(error)}
    os.write(1, json.dumps(said).encode())
    os._exit(0)  # freeing the objects one by one takes as long as reading them


def _confine(memory_bytes: int, cpu_s: int) -> None:
    """Lower this process's own limits, where the system has them."""
    for name, limit in (("RLIMIT_AS", memory_bytes), ("RLIMIT_CPU", cpu_s), ("RLIMIT_CORE", 0)):
        try:
            kind = getattr(resource, name)
            hard = resource.getrlimit(kind)[1]
            if hard == resource.RLIM_INFINITY or hard > limit:
                hard = limit + 1  # at the soft limit of CPU time the signal says which limit it was
            resource.setrlimit(kind, (min(limit, hard), hard))
        except (AttributeError, ValueError, OSError):
            continue  # macOS refuses some; the parent's time limit holds everywhere


def read(content: bytes) -> dict[str, Any]:
    """Turn a profile's content into columns: arrays by name, and the strings ``files`` and ``names``.

    Raises
    ------
    _WrongError
        When it is not what a profile should be.
    """
    try:
        stats = marshal.loads(content)  # noqa: S302  this process is here for that
    except EOFError:
        raise _WrongError("ends too early: it was cut off while it was written or copied") from None
    except (ValueError, TypeError, RecursionError) as error:
        raise _WrongError(f"is not a profile, or damaged ({str(error)[:80]})") from None
    del content
    if type(stats) is not dict:
        raise _WrongError(f"holds {_kind(stats)}, not a table of functions")
    columns: dict[str, Any] = {name: array(kind) for name, kind, _ in LAYOUT}
    columns["untimed"] = 0
    files: dict[Any, int] = {}
    names: dict[Any, int] = {}
    index: dict[Any, int] = {}
    _functions(stats, columns, files, names, index)
    _edges(stats, columns, index)
    columns["files"] = _strings(files, "file")
    columns["names"] = _strings(names, "name")
    return columns


def _functions(
    stats: dict[Any, Any],
    columns: dict[str, Any],
    files: dict[Any, int],
    names: dict[Any, int],
    index: dict[Any, int],
) -> None:
    """Fill what there is one of a function; the arrays refuse what is not a number of their kind."""
    file_ids, lines, name_ids = columns["file"], columns["line"], columns["name"]
    primitive, calls = columns["primitive_calls"], columns["calls"]
    own, with_callees = columns["self_s"], columns["cumulative_s"]
    key: Any = None
    try:
        for number, (key, value) in enumerate(stats.items()):
            file, line, name = _only(tuple, key)
            cc, nc, tt, ct, callers = _only(tuple, value)
            _only(dict, callers)
            file_ids.append(files.setdefault(file, len(files)))
            lines.append(line)
            name_ids.append(names.setdefault(name, len(names)))
            primitive.append(cc)
            calls.append(nc)
            own.append(tt)
            with_callees.append(ct)
            index[key] = number
    except (TypeError, ValueError):
        raise _WrongError(
            f"holds a table, but not of functions: its entry {_kind(key)} is not (file, line, name) "
            "with calls, times and callers"
        ) from None
    except OverflowError:
        raise _WrongError(f"holds a number that is too large, in its entry {_kind(key)}") from None


def _only(kind: type, value: Any) -> Any:
    """Return a value of exactly that type."""
    if type(value) is not kind:
        raise TypeError
    return value


def _edges(stats: dict[Any, Any], columns: dict[str, Any], index: dict[Any, int]) -> None:
    """Fill what there is one of an edge from a caller to a callee."""
    edges_in, caller_ids, calls = columns["edges_in"], columns["caller"], columns["edge_calls"]
    own, with_callees = columns["edge_self_s"], columns["edge_cumulative_s"]
    find = index.get
    key: Any = None
    try:
        for entry in stats.items():
            key, (_, _, tt, ct, callers) = entry
            edges_in.append(len(callers))
            if not callers:
                continue
            caller_ids.extend(map(find, callers, repeat(-1)))
            costs = list(callers.values())
            if type(costs[0]) is int:  # of a very old profile, or of the module `profile`: calls only
                calls.extend(costs)
                whole = sum(costs) or 1
                own.extend([tt * one / whole for one in costs])
                with_callees.extend([ct * one / whole for one in costs])
                columns["untimed"] += 1
                continue
            # cProfile writes (calls, primitive calls), of functions the other way round: the larger is all.
            first, second, edge_tt, edge_ct = zip(*costs, strict=True)
            calls.extend(map(max, first, second))
            own.extend(edge_tt)
            with_callees.extend(edge_ct)
    except (TypeError, ValueError):
        raise _WrongError(f"holds callers of {_kind(key)} that are not calls and times") from None
    except OverflowError:
        raise _WrongError(f"holds a number that is too large, in the callers of {_kind(key)}") from None


def _strings(found: dict[Any, int], what: str) -> list[str]:
    """Return the strings in their order; Python 2 wrote bytes."""
    strings = []
    for one in found:
        if type(one) is bytes:
            strings.append(one.decode("utf-8", "surrogateescape"))
        elif type(one) is str:
            strings.append(one)
        else:
            raise _WrongError(f"holds a table, but not of functions: {_kind(one)} stands for a {what}")
    return strings


def write(columns: dict[str, Any], handle: IO[bytes]) -> None:
    """Write the columns to a file, as `LAYOUT` says, and the text of all strings after them."""
    strings = [*columns["files"], *columns["names"]]
    ends = array("q", accumulate(map(len, strings)))
    split = len(columns["files"])
    columns["file_ends"], columns["name_ends"] = ends[:split], ends[split:]
    text = "".join(strings).encode("utf-8", "surrogatepass")
    counts = [len(columns[name]) for name in ("calls", "caller", "file_ends", "name_ends")]
    handle.write(HEADER.pack(MARK, SCHEMA, *counts, len(text), columns["untimed"]))
    for name, _, _ in LAYOUT:
        columns[name].tofile(handle)
    handle.write(text)


def _kind(value: Any) -> str:
    """Say what a foreign value is, however large or strange it is."""
    if isinstance(value, tuple) and value and all(type(one) in {str, int} for one in value[:4]):
        return "(" + ", ".join(ascii(one)[:UNTOLD] for one in value[:4]) + ")"
    if isinstance(value, str | bytes | int | float):
        return f"{ascii(value)[:UNTOLD]} ({type(value).__name__})"
    return f"a {type(value).__name__}"


if __name__ == "__main__":
    main()
