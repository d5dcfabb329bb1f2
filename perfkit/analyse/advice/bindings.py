"""What is assigned to names, and to the attributes of a class."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from perfkit.analyse.advice.module import Function, own

if TYPE_CHECKING:
    from collections.abc import Iterable


def bindings(nodes: Iterable[ast.AST]) -> dict[str, list[tuple[ast.expr, str]]]:
    """Collect what is assigned to each name: the value, and the path into it."""
    found: dict[str, list[tuple[ast.expr, str]]] = {}

    def bind(target: ast.expr, value: ast.expr, how: str) -> None:
        match target:
            case ast.Name(id=name):
                is_none = isinstance(value, ast.Constant) and value.value is None and not how
                if not is_none:  # not yet known, rather than of another kind
                    found.setdefault(name, []).append((value, how))
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                same = not how and isinstance(value, ast.Tuple) and len(value.elts) == len(elements)
                for at, one in enumerate(elements):
                    if isinstance(one, ast.Starred):
                        bind(one.value, value, "nothing")
                    elif same and isinstance(value, ast.Tuple):
                        bind(one, value.elts[at], "")
                    else:
                        bind(one, value, f"{how}.{at}" if how else str(at))

    for node in nodes:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    bind(target, value, "")
            case ast.AnnAssign(target=target, annotation=annotation):
                bind(target, annotation, "annotation")
            case ast.NamedExpr(target=target, value=value):
                bind(target, value, "")
            case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
                bind(target, value, "*")
            case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
                bind(target, value, "" if isinstance(value, ast.Call) else "nothing")
            case ast.AugAssign(target=ast.Name(id=name), op=ast.Div()):
                found.setdefault(name, []).append((ast.BinOp(ast.Name(name), ast.Div(), node.value), ""))
            case ast.ExceptHandler(name=str(name)):
                found.setdefault(name, []).append((ast.Constant(value=...), "nothing"))
    return found


def attributes(owner: ast.ClassDef) -> dict[str, list[tuple[ast.expr, Function]]]:
    """Collect what a class's methods assign to the attributes of ``self``."""
    found: dict[str, list[tuple[ast.expr, Function]]] = {}
    for method in (one for one in owner.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)):
        for node in own(method):
            match node:
                case ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)], value=value):
                    found.setdefault(name, []).append((value, method))
                case ast.AnnAssign(
                    target=ast.Attribute(value=ast.Name(id="self"), attr=name), value=ast.expr() as value
                ):
                    found.setdefault(name, []).append((value, method))
                case ast.Tuple(elts=elements, ctx=ast.Store()):
                    for one in elements:
                        if isinstance(one, ast.Attribute):  # of a kind that is not worked out
                            found.setdefault(one.attr, []).append((ast.Constant(value=...), method))
    return found
