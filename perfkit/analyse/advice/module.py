"""What a file says about its names: its imports, functions and classes, and who calls whom."""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from perfkit.analyse.attribution import tree_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from perfkit.model import FunctionLines

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

_BY_CONVENTION = {
    "np": "numpy",
    "numpy": "numpy",
    "torch": "torch",
    "nn": "torch.nn",
    "pd": "pandas",
    "pandas": "pandas",
    "scipy": "scipy",
    "math": "math",
    "re": "re",
    "json": "json",
}
"""What short names stand for in a profile that kept no more than the functions' own text."""


@dataclass(frozen=True, slots=True)
class Caller:
    """One place that calls a function of the file."""

    function: Function | None
    call: ast.Call


@dataclass
class Module:
    """One file of a profile.

    Attributes
    ----------
    imports
        What a name that was imported stands for, such as ``numpy.fft`` for ``fft``.
    functions
        By the file's line where they begin, decorators included.
    owners
        The class that a method belongs to.
    top
        Statements outside of functions and classes.
    """

    imports: dict[str, str] = field(default_factory=dict)
    functions: dict[int, Function] = field(default_factory=dict)
    owners: dict[Function, ast.ClassDef] = field(default_factory=dict)
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    by_name: dict[str, Function] = field(default_factory=dict)
    top: list[ast.stmt] = field(default_factory=list)

    @classmethod
    def of(cls, source: str | None, functions: Iterable[FunctionLines]) -> Module:
        """Read a file, or what a profile kept of it: the text of the functions that ran.

        Parameters
        ----------
        source
            The file's text as it ran; ``None`` where it was not kept, or is no Python.
        functions
            Of that file.
        """
        made = cls()
        tree = _parsed(source)
        if tree is not None:
            made.top = tree.body
            made._collect(tree, None, outermost=True)
            for node in ast.walk(tree):
                made._import(node)
            return made
        made.imports = dict(_BY_CONVENTION)
        for one in functions:
            body = tree_of(one).body
            if body and isinstance(body[0], Function):
                # The tree is cached and others read it: move a copy to its place in the file.
                moved = ast.increment_lineno(copy.deepcopy(body[0]), one.first_line - 1)
                node = ast.Module(body=[moved], type_ignores=[])
                made._collect(node, None, outermost="." not in one.name)
                for each in ast.walk(node):
                    made._import(each)
        return made

    def _collect(self, parent: ast.AST, owner: ast.ClassDef | None, *, outermost: bool) -> None:
        """Find functions and classes below a node."""
        for child in ast.iter_child_nodes(parent):
            if isinstance(child, Function):
                first = min([child.lineno, *(one.lineno for one in child.decorator_list)])
                self.functions[first] = child
                if owner is not None:
                    self.owners[child] = owner
                elif outermost:
                    self.by_name[child.name] = child
                self._collect(child, None, outermost=False)
            elif isinstance(child, ast.ClassDef):
                self.classes[child.name] = child
                self._collect(child, child, outermost=False)
            else:
                self._collect(child, owner, outermost=outermost)

    def _import(self, node: ast.AST) -> None:
        """Note what an import statement binds."""
        if isinstance(node, ast.Import):
            for one in node.names:
                self.imports[one.asname or one.name.partition(".")[0]] = (
                    one.name if one.asname else one.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for one in node.names:
                self.imports[one.asname or one.name] = f"{node.module}.{one.name}"

    def uses(self, *packages: str) -> bool:
        """Whether the file imports one of these packages."""
        return any(one.partition(".")[0] in packages for one in self.imports.values())

    def dotted(self, node: ast.AST) -> str:
        """Return what a dotted name stands for: ``numpy.fft.fft2``; empty if it was not imported."""
        parts: list[str] = []
        at = node
        while isinstance(at, ast.Attribute):
            parts.append(at.attr)
            at = at.value
        if not isinstance(at, ast.Name) or at.id not in self.imports:
            return ""
        return ".".join([self.imports[at.id], *reversed(parts)])

    def called(self, node: ast.AST) -> str:
        """Return what a call calls, as `dotted`; a built-in by its name; a method as ``.mean``."""
        if not isinstance(node, ast.Call):
            return ""
        if found := self.dotted(node.func):
            return found
        if isinstance(node.func, ast.Attribute):
            return f".{node.func.attr}"
        return node.func.id if isinstance(node.func, ast.Name) else ""

    @cached_property
    def callers(self) -> dict[str, list[Caller]]:
        """By name of a function of the file: the calls of it; None for one that is passed on instead."""
        found: dict[str, list[Caller]] = {name: [] for name in self.by_name}
        passed: set[str] = set()
        for function, node in self._everything():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in found:
                found[node.func.id].append(Caller(function, node))
        called = {one.call.func for calls in found.values() for one in calls}
        for _, node in self._everything():
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node not in called:
                passed.add(node.id)
        return {name: calls for name, calls in found.items() if name not in passed}

    def _everything(self) -> Iterator[tuple[Function | None, ast.AST]]:
        """Yield all nodes of functions and of the file itself, each with its function."""
        inside: set[ast.AST] = set()
        for function in self.functions.values():
            for node in own(function):
                inside.add(node)
                yield function, node
        for statement in self.top:
            if not isinstance(statement, Function | ast.ClassDef):
                yield from ((None, node) for node in ast.walk(statement) if node not in inside)


def own(function: Function) -> Iterator[ast.AST]:
    """Walk a function's body, but not the functions and classes defined in it."""
    waiting: list[ast.AST] = list(reversed(function.body))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, Function | ast.ClassDef):
            waiting.extend(reversed(list(ast.iter_child_nodes(node))))


def parameters(function: Function) -> list[ast.arg]:
    """Return a function's parameters by position."""
    return [*function.args.posonlyargs, *function.args.args]


def _parsed(source: str | None) -> ast.Module | None:
    """Parse a file's text; None if it is no Python."""
    if source is None:
        return None
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None
