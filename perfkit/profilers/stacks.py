"""Call stacks, merged into a tree as they are taken."""

from __future__ import annotations

from array import array
from types import CodeType
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from perfkit.model import CallTree, StackFrame

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


MOST_CHANGES = 300_000
"""From one stack to another, of which the order is kept: about five minutes, and a file of 40 MB."""


class BuiltIn(NamedTuple):
    """A function that is not written in Python, or what stands for one."""

    name: str


class Stage(NamedTuple):
    """A stage, by its path."""

    path: str


class Thread(NamedTuple):
    """The root of what ran in another thread than the main one."""

    name: str


Entry: TypeAlias = CodeType | BuiltIn | Stage | Thread


class Stacks:
    """The stacks of one thread, as they come: a tree, and the order in which its nodes were seen.

    Attributes
    ----------
    entries, parents
        By node, parents first; the parent of a root is -1.
    self_s, samples
        By node.
    untold_s
        How long it went on after the order had become too long to be kept.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.parents: list[int] = []
        self.self_s: list[float] = []
        self.samples: list[int] = []
        self.untold_s = 0.0
        self._children: dict[tuple[int, object], int] = {}
        self._order = array("l")
        self._spans = array("d")

    def add(self, stack: Sequence[Entry], seconds: float, *, samples: int = 1) -> None:
        """Add a stack, the outermost entry first, that lasted so long."""
        node = -1
        for entry in stack:
            # Equal code objects are not the same function, and comparing them takes long.
            key = (node, id(entry) if isinstance(entry, CodeType) else entry)
            found = self._children.get(key)
            if found is None:
                found = self._children[key] = len(self.entries)
                self.entries.append(entry)
                self.parents.append(node)
                self.self_s.append(0.0)
                self.samples.append(0)
            node = found
        if node < 0:
            return
        self.self_s[node] += seconds
        self.samples[node] += samples
        if self._order and self._order[-1] == node and not self.untold_s:
            self._spans[-1] += seconds
        elif len(self._order) >= MOST_CHANGES:
            self.untold_s += seconds
        else:
            self._order.append(node)
            self._spans.append(seconds)

    def timeline(self) -> Iterator[tuple[int, float]]:
        """Yield the nodes in the order of time, each with the seconds it lasted."""
        return zip(self._order, self._spans, strict=True)


def call_tree(lanes: Iterable[Stacks], interval_s: float) -> CallTree:
    """Join the stacks of all threads: each thread's are below roots of their own.

    Parameters
    ----------
    interval_s
        Between samples, as it was asked for.
    """
    frames: dict[StackFrame, int] = {}
    children: dict[tuple[int, int], int] = {}
    frame: list[int] = []
    parent: list[int] = []
    self_s: list[float] = []
    samples: list[int] = []
    for lane in lanes:
        place: list[int] = []
        for node, entry in enumerate(lane.entries):
            above = -1 if lane.parents[node] < 0 else place[lane.parents[node]]
            key = (above, frames.setdefault(stack_frame(entry), len(frames)))
            found = children.get(key)  # the lambdas of a line are one entry
            if found is None:
                found = children[key] = len(frame)
                frame.append(key[1])
                parent.append(above)
                self_s.append(0.0)
                samples.append(0)
            place.append(found)
            self_s[found] += lane.self_s[node]
            samples[found] += lane.samples[node]
    return CallTree(
        frames=tuple(frames),
        frame=tuple(frame),
        parent=tuple(parent),
        self_s=tuple(self_s),
        samples=tuple(samples),
        interval_s=interval_s,
    )


def stack_frame(entry: Entry) -> StackFrame:
    """Return the record of an entry."""
    match entry:
        case Stage(path):
            return StackFrame(file="", line=0, name=path, kind="stage")
        case BuiltIn(name):
            return StackFrame(file="~", line=0, name=name, kind="built-in")
        case Thread(name):
            return StackFrame(file="", line=0, name=f"thread {name}")
        case code:
            return StackFrame(file=code.co_filename, line=code.co_firstlineno, name=code.co_qualname)
