"""What the formats of call stacks share: a walk through a tree, its stacks, its times, its labels."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from perfkit.model import CallTree, StackFrame

Titled: TypeAlias = "tuple[str, CallTree]"
"""A tree, and whose it is in words."""

BUILT_IN_FILE = "~"
ORDER = "Merged call stacks: lengths are times, the order is not that of the run."
APPROXIMATE = "stacks approximated from callers and callees"


def title(name: str, tree: CallTree) -> str:
    """Return a profile's name, which says so if its stacks were guessed."""
    return f"{name} ({APPROXIMATE})" if tree.approximate else name


def depth_first(tree: CallTree) -> list[int]:
    """Return the nodes so that each subtree stands together, its root first; siblings keep their order."""
    children: list[list[int]] = [[] for _ in tree.frame]
    waiting: list[int] = []
    for node, parent in enumerate(tree.parent):
        (waiting if parent < 0 else children[parent]).append(node)
    waiting.reverse()
    found = []
    while waiting:
        node = waiting.pop()
        found.append(node)
        waiting.extend(reversed(children[node]))
    return found


def stack(tree: CallTree, node: int) -> list[int]:
    """Return a node's stack as indices into the tree's frames, the outermost first."""
    found = []
    while node >= 0:
        found.append(tree.frame[node])
        node = tree.parent[node]
    return found[::-1]


def whole_ns(tree: CallTree) -> list[int]:
    """Return what each node took with its children, in whole nanoseconds: so sums hold to the last digit."""
    found = [round(one * 1e9) for one in tree.self_s]
    for node in range(len(found) - 1, -1, -1):  # parents stand before their children
        if tree.parent[node] >= 0:
            found[tree.parent[node]] += found[node]
    return found


def name(frame: StackFrame) -> str:
    """Return what a frame is called; a stage stands in brackets, as no function does."""
    return f"[{frame.name}]" if frame.kind == "stage" else frame.name


def is_thread(frame: StackFrame) -> bool:
    """Return whether a frame stands for another thread than the main one: it ran beside the others."""
    return frame.kind == "function" and not frame.file and frame.name.startswith("thread ")


def place(frame: StackFrame) -> tuple[str, int]:
    """Return the file and the line of a frame; an empty file for what has none."""
    return ("", 0) if frame.file == BUILT_IN_FILE else (frame.file, frame.line)


def as_json(content: object) -> bytes:
    """Write JSON on one line; half a surrogate pair, which UTF-8 cannot hold, as its escape."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace") + b"\n"
