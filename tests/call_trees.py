"""Call trees for tests, and a reader of folded stacks by the definition of their format."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from perfkit import model

if TYPE_CHECKING:
    from collections.abc import Mapping


def frame(text: str) -> model.StackFrame:
    """Build a frame: ``name file:line``, ``name ~`` for a built-in, ``[path]`` for a stage."""
    if text.startswith("[") and text.endswith("]"):
        return model.StackFrame(file="", line=0, name=text[1:-1], kind="stage")
    name, _, place = text.rpartition(" ")
    if place == "~":
        return model.StackFrame(file="~", line=0, name=name, kind="built-in")
    file, _, line = place.rpartition(":")
    return model.StackFrame(file=file, line=int(line or 0), name=name)


def tree(spent: Mapping[str, float], **changes: Any) -> model.CallTree:
    """Build a tree from seconds by stack, ``outer x.py:1;inner x.py:2``."""
    return tree_of(
        {tuple(frame(one) for one in stack.split(";")): time for stack, time in spent.items()}, **changes
    )


def tree_of(spent: Mapping[tuple[model.StackFrame, ...], float], **changes: Any) -> model.CallTree:
    """Build a tree from seconds by stack."""
    frames: dict[model.StackFrame, int] = {}
    nodes: dict[tuple[model.StackFrame, ...], int] = {}
    parent: list[int] = []
    self_s: list[float] = []
    for stack, time_s in spent.items():
        for depth in range(1, len(stack) + 1):
            if stack[:depth] not in nodes:
                nodes[stack[:depth]] = len(nodes)
                frames.setdefault(stack[depth - 1], len(frames))
                parent.append(nodes[stack[: depth - 1]] if depth > 1 else -1)
                self_s.append(0.0)
        self_s[nodes[stack]] += time_s
    made = model.CallTree(
        frames=tuple(frames),
        frame=tuple(frames[stack[-1]] for stack in nodes),
        parent=tuple(parent),
        self_s=tuple(self_s),
    )
    return dataclasses.replace(made, **changes)


EMPTY = tree({})
STILL = tree({"run x.py:1;[work]": 0.0})
WORK = tree(
    {
        "run baselines/demo.py:3": 0.1,
        "run baselines/demo.py:3;[work];step baselines/demo.py:8": 1.5,
        "run baselines/demo.py:3;[work];step baselines/demo.py:8;<built-in method math.sqrt> ~": 0.4,
    }
)
AWKWARD = tree_of(
    {
        tuple(model.StackFrame(file=file, line=1, name=name) for name in names): 0.25 * (index + 1)
        for index, (file, *names) in enumerate(
            [
                ("a b.py", "f;g", "h 12"),
                ("a;b.py", "f\ng", "h\r\x00\u2028"),
                ("C:\\x.py", "Größe 🐢", '"quoted"'),
                ("50%.py", "%3B", "<lambda>"),
                ("~", "no place", "f"),
                ("", "nowhere", "\u00a0"),
                ("x.py", *["deep"] * 300),
            ]
        )
    }
)


def read_folded(content: bytes) -> dict[tuple[str, ...], tuple[int, ...]]:
    """Read folded stacks: names between ``;``, then one weight or two after the last white space."""
    found: dict[tuple[str, ...], tuple[int, ...]] = {}
    for line in content.decode().split("\n")[:-1]:
        read = re.fullmatch(r"(\S+) (\d+)(?: (\d+))?", line)
        assert read is not None, line
        stack = tuple(unquote(one, errors="surrogatepass") for one in read[1].split(";"))
        assert stack not in found
        found[stack] = tuple(int(one) for one in read.groups()[1:] if one is not None)
    return found
