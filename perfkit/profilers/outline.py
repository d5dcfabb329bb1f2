"""The functions that a source file defines: where they lie, which stage they hold, what they call."""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from perfkit.markers import stage as stage_marker

if TYPE_CHECKING:
    import types
    from collections.abc import Iterator

_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

_CALLED_BY_CALLING = ("__call__", "forward")  # forward: what torch.nn.Module runs when it is called


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A function of the file.

    Attributes
    ----------
    name
        Qualified, as in ``__qualname__``.
    first_line, last_line
        From its first decorator to its end.
    block_stage
        The first ``with stage("name")`` in its own body.
    calls
        Qualified names of functions of the same file that its own body calls or passes on.
    """

    name: str
    first_line: int
    last_line: int
    block_stage: str | None
    calls: tuple[str, ...]


def outline(source: str, module: types.ModuleType) -> tuple[Definition, ...]:
    """List the functions of a file, nested ones and methods included, in the order of their lines.

    Parameters
    ----------
    source
        The file's text.
    module
        The module made of it, which tells what a global name stands for.
    """
    nodes: dict[str, _Function] = {}
    classes: set[str] = set()
    _collect(ast.parse(source), "", nodes, classes)
    stage_names = {name for name, value in vars(module).items() if value is stage_marker}
    return tuple(
        Definition(
            name=name,
            first_line=min([node.lineno, *(one.lineno for one in node.decorator_list)]),
            last_line=node.end_lineno or node.lineno,
            block_stage=_block_stage(node, stage_names),
            calls=_calls(name, node, nodes, classes, set(vars(module)) | set(vars(builtins))),
        )
        for name, node in nodes.items()
    )


def _collect(parent: ast.AST, prefix: str, nodes: dict[str, _Function], classes: set[str]) -> None:
    """Find the functions and the classes below `parent`, under their qualified names."""
    for child in ast.iter_child_nodes(parent):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            name = prefix + child.name
            while name in nodes:  # defined twice, as a property and its setter are
                name += "'"
            nodes[name] = child
            _collect(child, f"{prefix}{child.name}.<locals>.", nodes, classes)
        elif isinstance(child, ast.ClassDef):
            classes.add(prefix + child.name)
            _collect(child, f"{prefix}{child.name}.", nodes, classes)
        else:
            _collect(child, prefix, nodes, classes)


def _own(function: _Function) -> Iterator[ast.AST]:
    """Walk a function's signature and body, but not the functions and classes defined in it."""
    waiting: list[ast.AST] = [function.args, *function.body]
    while waiting:
        node = waiting.pop(0)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node
            waiting[:0] = ast.iter_child_nodes(node)


def _block_stage(function: _Function, stage_names: set[str]) -> str | None:
    """Return the first literal name in a ``with stage("name")`` of the function's own body."""
    for node in _own(function):
        if isinstance(node, ast.With):
            for item in node.items:
                match item.context_expr:
                    case ast.Call(
                        func=ast.Name(id=marker) | ast.Attribute(attr=marker),
                        args=[ast.Constant(value=str(name)), *_],
                    ) if marker in stage_names or marker == "stage":
                        return name
    return None


def _calls(
    name: str, function: _Function, nodes: dict[str, _Function], classes: set[str], known: set[str]
) -> tuple[str, ...]:
    """Name the functions of the file that a function's own body mentions, in the order of the mention.

    An object of an unknown class that is called may be of any class of the file that can be called; the
    profile then tells which of those ran.
    """
    methods = {one for one in nodes if one.rpartition(".")[0] in classes}
    found: list[str] = []

    def add_class(one: str, names: tuple[str, ...] = ("__init__", *_CALLED_BY_CALLING)) -> None:
        found.extend(method for method in (f"{one}.{simple}" for simple in names) if method in nodes)

    for node in _own(function):
        match node:
            case ast.Name(id=simple):
                visible = [*(f"{scope}.<locals>.{simple}" for scope in _scopes(name)), simple]
                found.extend([one for one in visible if one in nodes][:1])
                if simple in classes:
                    add_class(simple)
            case ast.Attribute(attr=simple):
                found.extend(one for one in sorted(methods) if one.rpartition(".")[2] == simple)
            case ast.Call(func=ast.Name(id=simple)) if simple not in known:
                if not any(one in found for one in methods if one.endswith(_CALLED_BY_CALLING)):
                    for one in sorted(classes):
                        add_class(one, _CALLED_BY_CALLING)
    return tuple(dict.fromkeys(one for one in found if one != name))


def _scopes(name: str) -> list[str]:
    """Return a qualified name and those of the functions around it, the innermost first."""
    parts = name.split(".<locals>.")
    return [".<locals>.".join(parts[:end]) for end in range(len(parts), 0, -1)]
