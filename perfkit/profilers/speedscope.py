"""speedscope's file format: stacks in the order of time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TextIO

from perfkit.profilers.stacks import Stacks, Thread, stack_frame

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from perfkit.model import StackFrame

_SCHEMA = "https://www.speedscope.app/file-format-schema.json"


def write(file: Path, lanes: Sequence[Stacks]) -> None:
    """Write the stacks of all threads, each thread a profile of its own.

    A stack is written as what opens and closes from the one before: long runs repeat themselves.
    """
    frames: dict[StackFrame, int] = {}
    lanes = [lane for lane in lanes if lane.entries]
    with file.open("w", encoding="utf-8") as out:
        out.write(f'{{"$schema": "{_SCHEMA}", "exporter": "perfkit", "activeProfileIndex": 0, "profiles": [')
        for index, lane in enumerate(lanes):
            out.write(", " if index else "")
            _profile(out, lane, frames)
        shared = [_frame(one) for one in frames]
        out.write(f'], "shared": {{"frames": {json.dumps(shared)}}}}}\n')


def _profile(out: TextIO, lane: Stacks, frames: dict[StackFrame, int]) -> None:
    root = lane.entries[0]
    name = f"thread {root.name}" if isinstance(root, Thread) else "main thread"
    numbers = [frames.setdefault(stack_frame(one), len(frames)) for one in lane.entries]
    out.write(
        f'{{"type": "evented", "name": {json.dumps(name)}, "unit": "seconds", "startValue": 0, "events": ['
    )
    now = 0.0
    before: list[int] = []
    comma = ""
    for node, seconds in lane.timeline():
        stack = _path(lane, node)
        same = next(
            (i for i, (one, other) in enumerate(zip(before, stack, strict=False)) if one != other),
            min(len(before), len(stack)),
        )
        for kind, nodes in (("C", reversed(before[same:])), ("O", stack[same:])):
            comma = _events(out, kind, (numbers[one] for one in nodes), now, comma)
        before = stack
        now += seconds
    _events(out, "C", (numbers[one] for one in reversed(before)), now, comma)
    out.write(f'], "endValue": {now:.6f}}}')


def _events(out: TextIO, kind: str, numbers: Iterable[int], at: float, comma: str) -> str:
    for number in numbers:
        out.write(f'{comma}{{"type":"{kind}","frame":{number},"at":{at:.6f}}}')
        comma = ",\n"
    return comma


def _path(lane: Stacks, node: int) -> list[int]:
    found = []
    while node >= 0:
        found.append(node)
        node = lane.parents[node]
    return found[::-1]


def _frame(frame: StackFrame) -> dict[str, str | int]:
    name = f"[{frame.name}]" if frame.kind == "stage" else frame.name
    return (
        {"name": name} if frame.file in {"", "~"} else {"name": name, "file": frame.file, "line": frame.line}
    )
