"""Where a source file says that a stage begins: the line of the function, or of the ``with`` block."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


def declared(source: str) -> dict[str, int]:
    """Return the line of each stage that a source marks with ``stage("name")``, by the stage's own name.

    A decorated function's line is that of its ``def``. A name that is marked at several places is left out,
    for there is no telling which is meant.

    Parameters
    ----------
    source
        Of a module; one that is no Python has no stages.
    """
    found: dict[str, set[int]] = {}
    for node in _walk(source):
        if isinstance(node, _Function):
            for one in node.decorator_list:
                if (name := _named(one)) is not None:
                    found.setdefault(name, set()).add(node.lineno)
        elif isinstance(node, ast.With | ast.AsyncWith):
            for item in node.items:
                if (name := _named(item.context_expr)) is not None:
                    found.setdefault(name, set()).add(node.lineno)
    return {name: min(lines) for name, lines in found.items() if len(lines) == 1}


def functions(source: str) -> dict[str, int]:
    """Return the line of each function's last ``def``, by its qualified name without ``<locals>``."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return {}
    return dict(_functions(tree, ""))


def _walk(source: str) -> Iterator[ast.AST]:
    try:
        yield from ast.walk(ast.parse(source))
    except (SyntaxError, ValueError):
        return


def _functions(parent: ast.AST, prefix: str) -> Iterator[tuple[str, int]]:
    for child in ast.iter_child_nodes(parent):
        if isinstance(child, _Function | ast.ClassDef):
            name = prefix + child.name
            if isinstance(child, _Function):
                yield name, child.lineno
            yield from _functions(child, f"{name}.")
        else:
            yield from _functions(child, prefix)


def _named(node: ast.expr) -> str | None:
    """Return the literal name of a ``stage("name")`` or ``perfkit.stage("name")``."""
    match node:
        case ast.Call(
            func=ast.Name(id="stage") | ast.Attribute(attr="stage"), args=[ast.Constant(value=str(name)), *_]
        ):
            return name
        case _:
            return None
