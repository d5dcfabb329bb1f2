"""Small questions about nodes of a syntax tree."""

from __future__ import annotations

import ast
import copy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def root(node: ast.AST) -> str:
    """Return the name that an item, a slice, an attribute or a method's result is taken from."""
    while isinstance(node, ast.Subscript | ast.Attribute | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def bound(target: ast.expr) -> set[str]:
    """Return the names that an assignment binds; the assignment of an item binds none."""
    return {
        one.id for one in ast.walk(target) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
    }


def same(one: ast.AST, other: ast.AST) -> bool:
    """Whether two nodes are the same code."""
    return ast.unparse(one) == ast.unparse(other)


def replaced(node: ast.expr, test: Callable[[ast.expr], ast.expr | None]) -> ast.expr:
    """Return a copy of an expression in which each node that `test` answers for is its answer."""

    class _Replace(ast.NodeTransformer):
        def visit(self, one: ast.AST) -> ast.AST:
            answer = test(one) if isinstance(one, ast.expr) else None
            return self.generic_visit(one) if answer is None else answer

    made = _Replace().visit(copy.deepcopy(node))
    assert isinstance(made, ast.expr)  # noqa: S101  for mypy: an expression's answer is one
    return made
