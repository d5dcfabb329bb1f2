"""Chrome's trace event format, as Perfetto and chrome://tracing read it.

Each profile is a process, each call a complete event (``X``): its children stand in it one after the other,
and what is left of it is its own. Times are microseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perfkit.report.exports import trees

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perfkit.model import CallTree, StackFrame
    from perfkit.report.exports.trees import Titled


_GRID_NS = 125  # an eighth of a microsecond is whole as a double and in nanoseconds: readers' sums are exact


def render(profiles: Sequence[Titled], *, name: str) -> bytes:
    """Render call trees as one trace; they begin at 0 beside each other, as their threads do.

    Parameters
    ----------
    profiles
        One, or before and after.
    name
        Of all of them together.
    """
    events = []
    for pid, (title, tree) in enumerate(profiles, start=1):
        events += [
            _label(pid, 1, "process_name", "name", trees.title(title, tree)),
            _label(pid, 1, "process_labels", "labels", trees.ORDER),
            _label(pid, 1, "process_sort_index", "sort_index", pid),
            _label(pid, 1, "thread_name", "name", "main thread"),
            *_calls(pid, tree),
        ]
    return trees.as_json(
        {"displayTimeUnit": "ms", "otherData": {"title": name, "note": trees.ORDER}, "traceEvents": events}
    )


def _label(pid: int, tid: int, kind: str, key: str, value: str | int) -> dict[str, Any]:
    return {"name": kind, "ph": "M", "ts": 0, "pid": pid, "tid": tid, "args": {key: value}}


def _calls(pid: int, tree: CallTree) -> Iterator[dict[str, Any]]:
    """Lay the calls out, so that no child reaches beyond its parent; what is below the grid is left out."""
    took_ns = trees.whole_ns(tree)
    thread = [1] * len(took_ns)
    free_ns = [0] * len(took_ns)  # where a node's next child begins
    top_ns, threads = 0, 1  # the same for the main thread's roots
    for node in trees.depth_first(tree):
        parent, frame = tree.parent[node], tree.frames[tree.frame[node]]
        if took_ns[node] <= 0:
            continue
        if parent >= 0:
            begin_ns, thread[node] = free_ns[parent], thread[parent]
            free_ns[parent] += took_ns[node]
        elif trees.is_thread(frame):
            threads += 1
            begin_ns, thread[node] = 0, threads
            yield _label(pid, threads, "thread_name", "name", frame.name)
        else:
            begin_ns = top_ns
            top_ns += took_ns[node]
        free_ns[node] = begin_ns
        begin, end = round(begin_ns / _GRID_NS), round((begin_ns + took_ns[node]) / _GRID_NS)
        if begin == end:
            continue
        yield {
            "name": _name(frame),
            "cat": frame.kind,
            "ph": "X",
            "ts": begin * _GRID_NS / 1000,
            "dur": (end - begin) * _GRID_NS / 1000,
            "pid": pid,
            "tid": thread[node],
        }


def _name(frame: StackFrame) -> str:
    """Return a call's name with its place: readers add up, and tell apart, by the name alone."""
    file, line = trees.place(frame)
    return f"{trees.name(frame)} ({file}:{line})" if file else trees.name(frame)
