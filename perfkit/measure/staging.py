"""Make functions stages whose source does not say so: a decorator is put before them when they are compiled.

All that uses them then uses the stage, also a module that imports the function by name, and no line number
changes. Standard library alone; loaded only where there is something to mark.
"""

from __future__ import annotations

import ast
import os
import sys
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import CodeType, ModuleType
    from typing import Any

    Function = ast.FunctionDef | ast.AsyncFunctionDef

_FIRST = {"staticmethod", "classmethod"}
"""Decorators that must see the function itself last: a stage goes below them."""
_NO_CALLS = {"property", "cached_property", "overload", "setter", "getter", "deleter", "abstractmethod"}
"""Decorators whose functions are not called by name, or not at all."""


class NoStageError(Exception):
    """A function cannot be a stage; the text says which and why."""


def functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """Yield the functions of a module and the methods of its classes, by qualified name."""
    yield from _below(tree.body, "")


def _below(body: Sequence[ast.stmt], prefix: str) -> Iterator[tuple[str, Function]]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from _below(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, ast.If | ast.Try | ast.With):
            yield from _below(node.body, prefix)
            yield from _below(getattr(node, "orelse", []), prefix)


def why_not(function: Function) -> str:
    """Return why a function cannot be a stage; empty if it can."""
    if isinstance(function, ast.AsyncFunctionDef):
        return "is a coroutine function: its body runs after the call has returned"
    if _yields(function):
        return "is a generator function: its body runs after the call has returned"
    for decorator in function.decorator_list:
        if _name(decorator) in _NO_CALLS:
            return f"is a @{_name(decorator)}, which is not called as a function is"
    return ""


def _yields(function: Function) -> bool:
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)
    return False


def _name(decorator: ast.expr) -> str:
    if isinstance(decorator, ast.Call):
        decorator = decorator.func
    if isinstance(decorator, ast.Attribute):
        return decorator.attr
    return decorator.id if isinstance(decorator, ast.Name) else ""


def mark(tree: ast.Module, wanted: Mapping[str, str], path: str) -> None:
    """Put a stage before functions of a module.

    Parameters
    ----------
    tree
        Is changed.
    wanted
        By qualified name: the stage's.
    path
        The module's, for messages.

    Raises
    ------
    NoStageError
        If one is not there or cannot be a stage.
    """
    there: dict[str, Function] = {}
    for name, function in functions(tree):
        if name not in there or not why_not(function):  # of several of one name the last that can be
            there[name] = function
    for name, stage in wanted.items():
        if name not in there:
            raise NoStageError(
                f"{path} has no function {name!r} that could be a stage; it has: {', '.join(there) or 'none'}"
            )
        function = there[name]
        if why := why_not(function):
            raise NoStageError(f"{name!r} of {path} cannot be a stage: it {why}")
        place = 0
        while place < len(function.decorator_list) and _name(function.decorator_list[place]) in _FIRST:
            place += 1
        decorator = ast.parse(f"__import__('perfkit').stage({stage!r})", mode="eval").body
        where = function.decorator_list[0] if function.decorator_list else function
        for node in ast.walk(decorator):
            node.lineno = node.end_lineno = where.lineno  # type: ignore[attr-defined]
            node.col_offset = node.end_col_offset = where.col_offset  # type: ignore[attr-defined]
        function.decorator_list.insert(place, decorator)


class Marks:
    """Which functions are made stages, by file or by module.

    Parameters
    ----------
    root
        To which the files are relative.
    points
        The fields of `perfkit.model.StagePoint`, one by one.
    """

    def __init__(self, root: str, points: Sequence[Mapping[str, str]]) -> None:
        self._files: dict[str, dict[str, str]] = {}
        self._modules: dict[str, dict[str, str]] = {}
        for one in points:
            if one["file"].endswith(".py"):
                file = os.path.realpath(os.path.join(root, one["file"]))  # noqa: PTH118  no pathlib in the worker
                self._files.setdefault(file, {})[one["function"]] = one["name"]
            else:
                self._modules.setdefault(one["file"], {})[one["function"]] = one["name"]

    def of(self, file: str | None, module: str = "") -> dict[str, str]:
        """Return what is marked in a file, or in the module of that name."""
        found = self._files.get(os.path.realpath(file), {}) if file is not None else {}
        return {**found, **self._modules.get(module, {})}

    def compile(self, tree: ast.Module, file: str, module: str = "") -> None:
        """Mark what is wanted of a module."""
        wanted = self.of(file, module)
        if wanted:
            mark(tree, wanted, file)

    def install(self) -> None:
        """Mark the modules that are imported from now on."""
        sys.meta_path.insert(0, _Finder(self))


class _Finder:
    """Finds modules as Python does; those that hold marked functions are compiled with the marks."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        found = PathFinder.find_spec(name, path, target)
        if (
            found is not None
            and found.origin is not None
            and type(found.loader) is SourceFileLoader
            and self._marks.of(found.origin, name)
        ):
            found.loader = Loader(name, found.origin, self._marks)
            found.cached = None
            return found
        return None


class Loader(SourceFileLoader):
    """Compiles a module with its marks; bytecode on the disk, which has none, is not used."""

    def __init__(self, name: str, file: str, marks: Marks) -> None:
        super().__init__(name, file)
        self._marks = marks

    def get_code(self, fullname: str) -> CodeType:
        """Return the marked module's code."""
        file = self.get_filename(fullname)
        tree: Any = ast.parse(self.get_data(file), file)
        self._marks.compile(tree, file, fullname)
        code: CodeType = compile(tree, file, "exec", dont_inherit=True)
        return code
