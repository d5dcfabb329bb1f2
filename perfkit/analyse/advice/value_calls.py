"""What a call gives for all passes of a loop at once."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from perfkit.analyse.advice import libraries
from perfkit.analyse.advice.ranges import CannotError
from perfkit.analyse.advice.values import Value, same
from perfkit.analyse.syntax import names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perfkit.analyse.advice.vectorise import Vectoriser


_TESTS = frozenset({"isnan", "isfinite", "isinf", "greater", "less", "equal", "not_equal", "logical_not"})


def of_call(by: Vectoriser, node: ast.Call) -> Value:
    """Return a call for all passes; CannotError if there is none, or it is not known."""
    called = by.view.module.called(node)
    package, _, _ = called.partition(".")
    tail = called.rpartition(".")[2]
    if any(isinstance(one, ast.Starred) for one in node.args) or any(
        one.arg is None for one in node.keywords
    ):
        raise CannotError
    if any(names(one.value) & by.stored or one.arg in ("out", "where") for one in node.keywords):
        raise CannotError
    if not names(node) & (by.stored | by.changed):
        return _constant(by, node, called)
    if called.startswith("."):
        return _method(by, node, tail)
    if package in libraries.ARRAY_PACKAGES and "random" not in called:
        return _library_call(by, node, called, tail)
    if called.startswith("math."):
        library = by.library(tensor=False)
        if tail not in libraries.ELEMENTWISE:
            raise CannotError
        by.seen.arithmetic = True
        parts = by.aligned(*(by.value(one) for one in node.args))
        call = ast.Call(ast.Attribute(ast.Name(library), tail), [one.node for one in parts], [])
        return by.joined(call, *parts)
    if called in ("abs", "float", "int", "bool", "max", "min", "sum"):
        return _builtin(by, node, called)
    if len(node.args) == 1 and not node.keywords:  # a model that takes a batch of one takes many
        one = by.value(node.args[0])
        if (one.batch and not called.startswith(tuple("abcdefghijklmnopqrstuvwxyz"))) or (
            one.batch and called not in ("len", "print", "list", "str", "repr", "tuple", "type", "id")
        ):
            return replace(one, node=ast.Call(node.func, [one.node], []), trailing=None)
    raise CannotError


def _constant(by: Vectoriser, node: ast.Call, called: str) -> Value:
    """Return a call that gives the same on each pass."""
    pure = called.startswith(("math.", "numpy.", "scipy.", "torch.")) and ".rand" not in called
    if not pure and called not in (
        "len",
        "abs",
        "float",
        "int",
        "max",
        "min",
        "range",
        ".get_num_threads",
    ):
        raise CannotError
    return same(node, by.view.kind(node))


def _builtin(by: Vectoriser, node: ast.Call, called: str) -> Value:
    """Return a built-in function of all passes."""
    if node.keywords or not node.args:
        raise CannotError
    parts = [by.value(one) for one in node.args]
    first = parts[0]
    if len(parts) == 1 and called in ("max", "min", "sum"):
        return _reduced(by, first, called, node=None)
    if called == "abs":
        by.seen.arithmetic = True
        return replace(first, node=ast.Call(ast.Name("abs"), [first.node], []))
    if len(parts) == 1:
        if first.tensor and called == "int":
            return replace(first, node=ast.Call(ast.Attribute(first.node, "long"), [], []), trailing=0)
        if called == "float":
            by.seen.item |= first.tensor
            return replace(first, trailing=0)
        return replace(
            first, node=ast.Call(ast.Attribute(first.node, "astype"), [ast.Name(called)], []), trailing=0
        )
    if len(parts) == 2 and called in ("max", "min"):  # noqa: PLR2004
        by.seen.arithmetic = True
        parts = by.aligned(*parts)
        tensor = any(one.tensor for one in parts)
        name = ast.Attribute(ast.Name(by.library(tensor=tensor)), f"{called}imum")
        return by.joined(ast.Call(name, [one.node for one in parts], []), *parts)
    raise CannotError


def _library_call(by: Vectoriser, node: ast.Call, called: str, tail: str) -> Value:  # noqa: PLR0912  one case a line
    """Return a library's function of all passes."""
    if not node.args:
        raise CannotError
    if tail in ("dot", "matmul", "inner", "mv", "vdot") and len(node.args) == 2 and not node.keywords:  # noqa: PLR2004
        by.seen.calls.append(ast.unparse(node.func))
        return product(by, *node.args)
    parts = [by.value(one) for one in node.args]
    by.seen.calls.append(ast.unparse(node.func))
    if tail in libraries.ELEMENTWISE or (tail == "where" and len(parts) == 3):  # noqa: PLR2004
        parts = by.aligned(*parts)
        made = by.joined(ast.Call(node.func, [one.node for one in parts], node.keywords), *parts)
        return replace(made, boolean=tail in _TESTS)
    first = parts[0]
    if first.batch and len(parts) == 1 and tail in ("tensor", "as_tensor", "from_numpy", "Tensor"):
        return replace(first, node=ast.Call(node.func, [first.node], node.keywords), tensor=True)
    if first.batch or not first.many or any(one.many for one in parts[1:]):
        raise CannotError
    if tail in libraries.LAST_AXES and len(parts) == 1 and not node.keywords:
        by.seen.lapack = True
        if called.startswith("scipy.linalg"):
            routine: ast.expr = ast.Attribute(
                ast.Attribute(ast.Name(by.library(tensor=False)), "linalg"), tail
            )
        else:
            routine = node.func
        if first.trailing is not None and first.trailing < libraries.LAST_AXES[tail]:
            raise CannotError
        keeps = "fft" in tail or tail in ("inv", "pinv", "cholesky")
        call = ast.Call(routine, [first.node], [])
        least = libraries.LAST_AXES[tail] if keeps else 0
        return replace(first, node=call, trailing=first.trailing if keeps else None, least=least)
    if tail in libraries.REDUCTIONS | libraries.OF_ROWS and not node.keywords:
        if tail == "norm" and len(parts) > 1:
            raise CannotError
        if any(one.trailing != 0 for one in parts[1:]):
            raise CannotError  # several quantiles have an axis of their own
        rest = [one.node for one in parts[1:]]
        if rest and tail not in libraries.OF_ROWS:
            raise CannotError
        return _reduced(by, first, tail, node=node.func, rest=rest)
    raise CannotError


def _method(by: Vectoriser, node: ast.Call, tail: str) -> Value:
    """Return an array's method of all passes."""
    assert isinstance(node.func, ast.Attribute)  # noqa: S101  for mypy: `called` said so
    whole = by.value(node.func.value)
    if not whole.many:
        raise CannotError
    if tail == "item" and not node.args:
        by.seen.item = True
        return replace(whole, trailing=0, batch=False)
    if tail in ("detach", "clone", "copy", "cpu", "float", "double") and not node.args:
        if tail in ("copy", "clone"):
            return whole
        return replace(whole, node=ast.Call(ast.Attribute(whole.node, tail), [], []))
    if tail == "astype":
        return replace(whole, node=ast.Call(ast.Attribute(whole.node, tail), node.args, node.keywords))
    if tail in libraries.REDUCTIONS:
        if whole.batch:
            by_axis = [one for one in node.keywords if one.arg in ("dim", "axis")]
            if not by_axis:
                raise CannotError
            made = ast.Call(ast.Attribute(whole.node, tail), [], node.keywords)
            return replace(whole, node=made, trailing=None)
        if node.args or node.keywords:
            raise CannotError
        return _reduced(by, whole, tail, node=None)
    raise CannotError


def _reduced(
    by: Vectoriser, whole: Value, name: str, node: ast.expr | None, rest: Iterable[ast.expr] = ()
) -> Value:
    """Reduce each pass's value to a number."""
    if not whole.many or whole.trailing == 0 or whole.batch:
        raise CannotError
    if whole.tensor:
        if name == "median":
            raise CannotError  # along an axis it gives the places, too
        if name in ("max", "min"):
            name = f"a{name}"
            node = ast.Attribute(node.value, name) if isinstance(node, ast.Attribute) else node
    by.seen.reduced = True
    n = len(by.loops)
    word = "dim" if whole.tensor else "axis"
    source = whole.node
    axes: ast.expr = ast.Constant(n)
    if whole.trailing is None and n == 1 and name != "norm":
        length = ast.Call(ast.Name("len"), [whole.base or source], [])
        rows = [length, ast.UnaryOp(ast.USub(), ast.Constant(1))]
        source = ast.Call(ast.Attribute(source, "reshape"), rows, [])
    elif whole.trailing is None:
        by.seen.assumes.add(ast.unparse(whole.base or source))
        axes = ast.UnaryOp(ast.USub(), ast.Constant(1))
    elif whole.trailing > 1:
        axes = ast.Tuple([ast.Constant(n + one) for one in range(whole.trailing)])
    keywords = [ast.keyword(word, axes)]
    if node is not None:
        made = ast.Call(node, [source, *rest], keywords)
    else:
        made = ast.Call(ast.Attribute(source, name), [], keywords)
    return replace(whole, node=made, trailing=0)


def product(by: Vectoriser, left_node: ast.expr, right_node: ast.expr) -> Value:
    """Multiply matrices and vectors."""
    left, right = by.value(left_node), by.value(right_node)
    if len(by.loops) != 1 or left.batch or right.batch:
        raise CannotError
    for one in (left, right):
        if one.many and one.trailing not in (1, None):
            raise CannotError
    by.seen.lapack = True
    if left.many and right.many:
        if left.trailing is None or right.trailing is None:
            raise CannotError  # vectors or matrices
        both = ast.BinOp(left.node, ast.Mult(), right.node)
        made = ast.Call(ast.Attribute(both, "sum"), [], [ast.keyword("axis", ast.Constant(1))])
        return by.joined(made, replace(left, trailing=0), replace(right, trailing=0))
    row, matrix = (left, right) if left.many else (right, left)
    if matrix.trailing == 0 or not row.many:
        raise CannotError
    if row.trailing is None:
        by.seen.assumes.add(ast.unparse(row.node))
    turned = matrix.node if left.many or matrix.trailing == 1 else ast.Attribute(matrix.node, "T")
    trailing = None if matrix.trailing is None else matrix.trailing - 1
    multiplied = ast.BinOp(row.node, ast.MatMult(), turned)
    return Value(multiplied, many=True, trailing=trailing, tensor=row.tensor, base=row.base)
