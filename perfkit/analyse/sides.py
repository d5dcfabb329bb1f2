"""One of two profiles that are matched: what its functions are called, and what their sources say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse.bodies import Body, body_of
from perfkit.analyse.outlines import Outline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from perfkit.model import FunctionTable

BUILT_IN = "~"

_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")
_ROLE = re.compile(r"@[\w.]+\.(setter|deleter|getter)\b")
_COMPREHENSION = re.compile(r"<(?:list|dict|set)comp>\.(?:<locals>\.)?(?=.)")


class Side:
    """A function table, and what is derived from it when it is asked for.

    Parameters
    ----------
    table
        Of the profile.
    modules : (number of files,) int64
        Numbers of the modules that the files are; the same on both sides for the same module.

    Attributes
    ----------
    module : (n,) int64
        Of each function.
    labels : list of str
        Of each function its qualified name, given or recovered from the source, or else its code name.
    known : (n,) bool
        Whether the label is a qualified name.
    built_in, has_source : (n,) bool
    """

    def __init__(self, table: FunctionTable, modules: NDArray[np.int64]) -> None:
        self.table = table
        self.modules = modules
        self.module = modules[table.file] if len(modules) else np.zeros(0, np.int64)
        self._outlines: dict[int, Outline] = {}
        self._bodies: dict[int, Body | None] = {}
        self._files_of: dict[int, list[int]] = {}
        self.labels: list[str] = [q or n for q, n in zip(table.qualified, table.names, strict=True)]
        built_in = np.array([file == BUILT_IN for file in table.files], bool)
        self.built_in: NDArray[np.bool_] = built_in[table.file] if len(modules) else np.zeros(0, bool)
        with_source = np.zeros(len(modules), bool)
        with_source[list(table.sources)] = True
        self.has_source: NDArray[np.bool_] = with_source[table.file] if len(modules) else np.zeros(0, bool)
        self.known = np.fromiter(map(bool, table.qualified), bool, self.n) | self.built_in

    @property
    def n(self) -> int:
        """Number of functions."""
        return len(self.table.names)

    def recover(self, free: NDArray[np.bool_]) -> None:
        """Complete the labels: qualified names from the sources, addresses and comprehensions left out.

        Parameters
        ----------
        free : (n,) bool
            The functions whose labels are wanted.
        """
        chosen = np.flatnonzero(free & ~self.known & self.has_source)
        if len(chosen):
            # from the top of each file, for which an outline is quickest
            chosen = chosen[np.lexsort((self.table.line[chosen], self.table.file[chosen]))]
        for at in chosen.tolist():
            found = self._recovered(at)
            if found:
                self.labels[at] = found
                self.known[at] = True
        for at in np.flatnonzero(free & self.built_in).tolist():
            if "0x" in self.labels[at]:
                self.labels[at] = _ADDRESS.sub("0x", self.labels[at])
        if "comp>." in "\n".join(self.labels):
            # 3.12 and later inline them, so that what they hold is named without them.
            self.labels = [_COMPREHENSION.sub("", one) if "comp>." in one else one for one in self.labels]

    def _recovered(self, at: int) -> str:
        name, line = self.table.names[at], int(self.table.line[at])
        if name == "<module>":
            return name
        outline = self.outline(int(self.table.file[at]))
        if outline is None:
            return ""
        if name.startswith("<"):
            return outline.scope_at(line, name) + name
        index = outline.find(name, line)
        return outline.qualified(index) if index >= 0 else ""

    def outline(self, file: int) -> Outline | None:
        """Return what a file defines; None without its source."""
        if file not in self._outlines:
            text = self.table.sources.get(file)
            if text is None:
                return None
            self._outlines[file] = Outline(text)
        return self._outlines[file]

    def role(self, at: int) -> str:
        """Return which of a property's functions, which share its name, one is: ``setter``, ``deleter``."""
        outline = self.outline(int(self.table.file[at]))
        found = None if outline is None else _ROLE.search(outline.decorators(int(self.table.line[at])))
        return "" if found is None else found.group(1)

    def definition(self, at: int) -> tuple[Outline, int] | None:
        """Return where a function is defined; None if the source is not at hand, or not the one that ran."""
        outline = self.outline(int(self.table.file[at]))
        if outline is None:
            return None
        index = outline.find(self.table.names[at], int(self.table.line[at]))
        return (outline, index) if index >= 0 else None

    def body(self, at: int) -> Body | None:
        """Return a function's body; None for classes, lambdas, comprehensions and what has no source."""
        if at not in self._bodies:
            found = None if self.table.names[at].startswith("<") else self.definition(at)
            self._bodies[at] = (
                None if found is None or found[0].is_class(found[1]) else body_of(found[0], found[1])
            )
        return self._bodies[at]

    def scope(self, at: int) -> str:
        """Return the qualified name of what a function is defined in, with its point; empty at the top."""
        label, name = self.labels[at], self.table.names[at]
        return label[: -len(name)] if label.endswith(name) else ""

    def count(self, module: int, label: str) -> int:
        """Return how many functions of that name a module defines, be they in the profile or not."""
        if not self._files_of:
            for file in self.table.sources:
                self._files_of.setdefault(int(self.modules[file]), []).append(file)
        outlines = (self.outline(file) for file in self._files_of.get(module, ()))
        return sum(one.count(label) for one in outlines if one is not None)


def same_modules(before: FunctionTable, after: FunctionTable) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give numbers to the files of two profiles, the same to those that are the same module.

    The variants' own files are; so are files at the same place; and then the project's files whose places
    end alike, the longest such ends first, where only one on each side has it.

    Returns
    -------
    tuple of two int64 arrays, one number for each file
    """
    numbers: dict[str, int] = {}
    sides = [
        np.array([numbers.setdefault(place, len(numbers)) for place in table.places], np.int64)
        for table in (before, after)
    ]
    tables = (before, after)
    lone: list[dict[str, list[int]]] = []
    for table, ids, other in zip(tables, sides, reversed(sides), strict=True):
        there = set(other.tolist())
        own: dict[str, list[int]] = {}
        for file in np.flatnonzero(table.own).tolist():
            if file != table.main and int(ids[file]) not in there:
                own.setdefault(table.places[file], []).append(file)
        lone.append(own)
    for ours, theirs in _ends_alike(list(lone[0]), list(lone[1])):
        for file in lone[1][theirs]:
            sides[1][file] = sides[0][lone[0][ours][0]]
    if before.main >= 0 and after.main >= 0:
        main = len(numbers)
        sides[0][before.main] = sides[1][after.main] = main
    return sides[0], sides[1]


def _ends_alike(before: Sequence[str], after: Sequence[str]) -> list[tuple[str, str]]:
    """Pair paths that share an end of so many parts which no other has, the longest ends first."""
    left = [{place: tuple(place.replace("\\", "/").split("/")) for place in side} for side in (before, after)]
    found: list[tuple[str, str]] = []
    deepest = max((len(parts) for side in left for parts in side.values()), default=0)
    for depth in range(deepest, 0, -1):
        ends: list[dict[tuple[str, ...], list[str]]] = [{}, {}]
        for side, by_end in zip(left, ends, strict=True):
            for place, parts in side.items():
                if len(parts) >= depth:
                    by_end.setdefault(parts[-depth:], []).append(place)
        for end, ours in ends[0].items():
            theirs = ends[1].get(end, [])
            if len(ours) == len(theirs) == 1:
                found.append((ours[0], theirs[0]))
                del left[0][ours[0]], left[1][theirs[0]]
    return found
