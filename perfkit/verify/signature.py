"""Read the parameters of ``make_inputs`` from a source, where it says them plainly, without running it."""

from __future__ import annotations

import ast
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perfkit.model import Parameters

_NAME = "make_inputs"


def stated(source: bytes, overrides: Parameters) -> Parameters | None:
    """Return all parameters with their values; None where the source alone does not tell.

    It tells if the name is bound once, by a plain function at the top of the module whose defaults are
    literals, and if nothing is overridden that it does not have.

    Parameters
    ----------
    source
        The module that defines it.
    overrides
        What the user set.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return None
    bound = [node for node in ast.walk(tree) if _binds(node)]
    function = bound[0] if len(bound) == 1 else None
    if not isinstance(function, ast.FunctionDef) or function not in tree.body or function.decorator_list:
        return None
    if function.args.kwarg is not None or function.args.vararg is not None:
        return None
    positional = [*function.args.posonlyargs, *function.args.args]
    given = function.args.defaults
    pairs = [
        *zip(positional[len(positional) - len(given) :], given, strict=True),
        *zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True),
    ]
    found: Parameters = {}
    for argument, default in pairs:
        try:
            value = ast.literal_eval(default) if default is not None else overrides[argument.arg]
        except (KeyError, ValueError):
            return None
        if not (value is None or type(value) in (bool, int, str) or _is_finite(value)):
            return None
        found[argument.arg] = value
    found.pop("seed", None)
    return {**found, **overrides} if found.keys() >= overrides.keys() else None


def _is_finite(value: object) -> bool:
    return type(value) is float and math.isfinite(value)


def _binds(node: ast.AST) -> bool:
    """Tell whether a node gives the name a value, or may: ``import *`` and ``globals()`` do."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return node.name == _NAME
    if isinstance(node, ast.Name):
        return (node.id == _NAME and not isinstance(node.ctx, ast.Load)) or node.id == "globals"
    if isinstance(node, ast.alias):
        return node.name == "*" or (node.asname or node.name) == _NAME
    return isinstance(node, ast.Attribute) and node.attr in {
        "__kwdefaults__",
        "__defaults__",
        "__signature__",
    }
