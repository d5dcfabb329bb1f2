"""What kind of thing an expression is, as far as the source shows it: an array, a list, a data frame...

Nothing is guessed. A name has a kind only if all that is assigned to it agrees; a parameter by its
annotation, by all calls of the function in the file, or by what only arrays can be asked for.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from perfkit.analyse.advice import kind_calls, libraries
from perfkit.analyse.advice.annotations import annotated
from perfkit.analyse.advice.bindings import attributes, bindings
from perfkit.analyse.advice.kind import NUMBER, PENDING, TEXT, Kind, unified
from perfkit.analyse.advice.module import Function, own, parameters

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perfkit.analyse.advice.module import Module


_MOST_DEPTH = 40


class Kinds:
    """The kinds of the expressions of one file."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self._names: dict[tuple[Function | None, str], Kind | None] = {}
        self._bindings: dict[Function | None, dict[str, list[tuple[ast.expr, str]]]] = {}
        self._returned: dict[Function, Kind | None] = {}
        self._fields: dict[tuple[str, str], Kind | None] = {}
        self._set_by: dict[str, dict[str, list[tuple[ast.expr, Function]]]] = {}
        self._depth = 0

    def of(self, node: ast.expr | None, function: Function | None) -> Kind | None:
        """Return what an expression in a function, or outside of all, is; ``None`` if that is not known."""
        if node is None or self._depth > _MOST_DEPTH:
            return None
        self._depth += 1
        try:
            return self._of(node, function)
        finally:
            self._depth -= 1

    # ------------------------------------------------------------ expressions

    def _of(self, node: ast.expr, function: Function | None) -> Kind | None:  # noqa: PLR0911, PLR0912  one case a line
        """Return what an expression is, by its form."""
        match node:
            case ast.Name(id=name):
                return self._name(name, function)
            case ast.Constant(value=value):
                return TEXT if isinstance(value, str) else NUMBER if isinstance(value, int | float) else None
            case ast.JoinedStr():
                return TEXT
            case ast.List(elts=elements) | ast.Set(elts=elements):
                return Kind(
                    "list" if isinstance(node, ast.List) else "set",
                    item=unified(self.of(one, function) for one in elements) if elements else None,
                )
            case ast.Tuple(elts=elements):
                return Kind("tuple", parts=tuple(enumerate(self.of(one, function) for one in elements)))
            case ast.Dict(keys=keys, values=values):
                parts = tuple(
                    (key.value, self.of(value, function))
                    for key, value in zip(keys, values, strict=True)
                    if isinstance(key, ast.Constant)
                )
                whole = len(parts) == len(keys)
                return Kind("dict", parts=parts if whole else (), item=unified(one for _, one in parts))
            case ast.ListComp(elt=element) | ast.SetComp(elt=element):
                return Kind(
                    "list" if isinstance(node, ast.ListComp) else "set", item=self.of(element, function)
                )
            case ast.DictComp(value=value):
                return Kind("dict", item=self.of(value, function))
            case ast.BinOp():
                return self._operation(node, function)
            case ast.UnaryOp(operand=operand):
                return NUMBER if isinstance(node.op, ast.Not) else self.of(operand, function)
            case ast.Compare(left=left, comparators=[right, *_]):
                return self._broadcast(self.of(left, function), self.of(right, function), NUMBER)
            case ast.IfExp(body=body, orelse=other):
                return unified([self.of(body, function), self.of(other, function)])
            case ast.Subscript(value=value, slice=index):
                return self._item(self.of(value, function), index, function)
            case ast.Attribute():
                return self._attribute(node, function)
            case ast.Call():
                return kind_calls.of_call(self, node, function)
        return None

    def _operation(self, node: ast.BinOp, function: Function | None) -> Kind | None:
        """Return the kind of ``left + right`` and its like."""
        left, right = self.of(node.left, function), self.of(node.right, function)
        if left is PENDING and isinstance(node.op, ast.Add):
            left = right  # what grows by something is of its kind
        if left is not None and left.name == "str" and isinstance(node.op, ast.Add | ast.Mod | ast.Mult):
            return TEXT
        if left is not None and left.name in ("list", "tuple") and isinstance(node.op, ast.Add | ast.Mult):
            return replace(left, parts=()) if left.name == "list" else Kind("tuple")
        if isinstance(node.op, ast.MatMult):
            both = left if left is not None and left.is_array else right
            return None if both is None else replace(both, ndim=None)
        return self._broadcast(left, right, NUMBER)

    @staticmethod
    def _broadcast(left: Kind | None, right: Kind | None, otherwise: Kind) -> Kind | None:
        """Return the kind of an operation on both, element by element."""
        for one, other in ((left, right), (right, left)):
            if one is not None and one.is_array:
                if other is None:
                    return replace(one, ndim=None)
                if other.is_array:
                    known = one.ndim is not None and other.ndim is not None
                    return replace(one, ndim=max(one.ndim or 0, other.ndim or 0) if known else None)
                return one
        for one in (left, right):
            if one is not None and one.name in ("series", "frame"):
                return one
        return otherwise if left == right == NUMBER else None

    def _item(self, whole: Kind | None, index: ast.expr, function: Function | None) -> Kind | None:  # noqa: PLR0911  one case a line
        """Return the kind of ``whole[index]``."""
        if whole is None:
            return None
        if whole is PENDING:
            parts = index.elts if isinstance(index, ast.Tuple) else [index]
            return whole if any(isinstance(one, ast.Slice) for one in parts) else None
        if whole.is_array:
            return self._element(whole, index, function)
        if whole.name in ("list", "tuple", "str") and isinstance(index, ast.Slice):
            return whole if whole.name != "tuple" else Kind("tuple", item=whole.item)
        if whole.name == "frame":
            match index:
                case ast.Constant(value=str()):
                    return Kind("series")
                case ast.List() | ast.Compare() | ast.BinOp() | ast.UnaryOp() | ast.Call():
                    return whole
                case ast.Name():
                    chosen = self.of(index, function)
                    return (
                        whole if chosen is not None and chosen.name in ("array", "series", "list") else None
                    )
            return None
        if whole.name == "str":
            return TEXT
        key = index.value if isinstance(index, ast.Constant) else None
        return whole.part(key)

    def _element(self, whole: Kind, index: ast.expr, function: Function | None) -> Kind | None:
        """Return the kind of what an index takes from an array."""
        ndim = whole.ndim
        for one in index.elts if isinstance(index, ast.Tuple) else [index]:
            if isinstance(one, ast.Slice) or ndim is None:
                continue
            if isinstance(one, ast.Constant) and one.value is None:
                ndim += 1
            elif isinstance(one, ast.Constant | ast.UnaryOp) or self.of(one, function) == NUMBER:
                ndim -= 1
            else:
                ndim = None  # a mask, many indices, or one that is not known
        return NUMBER if ndim is not None and ndim <= 0 else replace(whole, ndim=ndim)

    def _attribute(self, node: ast.Attribute, function: Function | None) -> Kind | None:  # noqa: PLR0911  one case a line
        """Return the kind of ``value.attr``."""
        dotted = self.module.dotted(node)
        if dotted in libraries.CONSTANTS:
            return NUMBER
        value = self.of(node.value, function)
        if value is None:
            return None
        if value.name == "object":
            return self._field(value.of, node.attr)
        if value.is_array and node.attr in ("T", "real", "imag", "data", "grad"):
            return value
        if node.attr == "shape" and value.is_array:
            return Kind("tuple", item=NUMBER)
        if node.attr in ("size", "ndim") and value.is_array:
            return NUMBER
        if node.attr == "values" and value.name in ("frame", "series"):
            return Kind("array", ndim=2 if value.name == "frame" else 1)
        return None

    def _field(self, owner: str, attribute: str) -> Kind | None:
        """Return the kind of an attribute of a class of the file."""
        key = (owner, attribute)
        if key not in self._fields:
            self._fields[key] = None  # one that depends on itself is not known until it is
            self._fields[key] = self._found_field(owner, attribute)
        return self._fields[key]

    def _found_field(self, owner: str, attribute: str) -> Kind | None:
        """Look an attribute up in the body and the methods of its class."""
        found = self.module.classes.get(owner)
        if found is None:
            return None
        for one in found.body:
            match one:
                case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation) if name == attribute:
                    return annotated(annotation, self)
        if owner not in self._set_by:
            self._set_by[owner] = attributes(found)
        return unified(self.of(value, method) for value, method in self._set_by[owner].get(attribute, ()))

    # ------------------------------------------------------------ names

    def _name(self, name: str, function: Function | None) -> Kind | None:
        """Return the kind of a name, worked out once."""
        key = (function, name)
        if key not in self._names:
            self._names[key] = PENDING
            found = self._bound(name, function)
            if found is PENDING:  # all that is known of it is what it is itself: ask again from elsewhere
                del self._names[key]
                return found
            self._names[key] = found
        return self._names[key]

    def _bound(self, name: str, function: Function | None) -> Kind | None:
        """Return what all that is assigned to a name agrees on."""
        bindings = self._all_bindings(function).get(name, [])
        found = [self._binding(value, how, function) for value, how in bindings]
        parameter = self._parameter(name, function) if function is not None else False
        if not isinstance(parameter, bool):
            found.append(parameter)
        elif not bindings:
            return self._name(name, None) if function is not None else None
        return unified(found)

    def bound_outside(self, name: str) -> list[tuple[ast.expr, str]]:
        """Return what is assigned to a name outside of all functions."""
        return self._all_bindings(None).get(name, [])

    def _all_bindings(self, function: Function | None) -> dict[str, list[tuple[ast.expr, str]]]:
        """Return what is assigned to the names of a function, or outside of all."""
        if function not in self._bindings:
            nodes: Iterable[ast.AST] = (
                own(function)
                if function is not None
                else (
                    node
                    for one in self.module.top
                    if not isinstance(one, Function | ast.ClassDef)
                    for node in ast.walk(one)
                )
            )
            self._bindings[function] = bindings(nodes)
        return self._bindings[function]

    def _binding(self, value: ast.expr, how: str, function: Function | None) -> Kind | None:
        """Return what a name gets; `how` is a path into the value: ``*.1`` is an item's second part."""
        if how == "annotation":
            return annotated(value, self)
        if how == "nothing":
            return None
        path = how.split(".") if how else []
        if path[:1] == ["*"]:
            match value:
                case ast.Call(func=ast.Name(id="enumerate"), args=[first, *_]) if len(path) > 1:
                    return (
                        NUMBER if path[1] == "0" else self._inside(self.elements(first, function), path[2:])
                    )
                case ast.Call(func=ast.Name(id="zip"), args=args) if len(path) > 1 and int(path[1]) < len(
                    args
                ):
                    return self._inside(self.elements(args[int(path[1])], function), path[2:])
            return self._inside(self.elements(value, function), path[1:])
        return self._inside(self.of(value, function), path)

    @staticmethod
    def _inside(kind: Kind | None, path: list[str]) -> Kind | None:
        """Follow a path into what is unpacked."""
        for one in path:
            if kind is None:
                return None
            kind = (
                replace(kind, ndim=None if kind.ndim is None else kind.ndim - 1)
                if kind.is_array
                else kind.part(int(one))
            )
        return kind

    def elements(self, iterable: ast.expr, function: Function | None) -> Kind | None:  # noqa: PLR0911  one case a line
        """Return the kind of what a loop over an expression yields."""
        match iterable:
            case ast.Call(func=ast.Name(id="range")):
                return NUMBER
            case ast.Call(
                func=ast.Name(id="reversed" | "sorted" | "list" | "tuple" | "set" | "tqdm"), args=[one, *_]
            ):
                return self.elements(one, function)
            case ast.Call(func=ast.Attribute(value=value, attr="items")):
                whole = self.of(value, function)
                return None if whole is None else Kind("tuple", parts=((0, None), (1, whole.item)))
            case ast.Call(func=ast.Attribute(value=value, attr="values")):
                whole = self.of(value, function)
                return None if whole is None else whole.item
        whole = self.of(iterable, function)
        if whole is None:
            return None
        if whole.is_array:
            if whole.ndim == 1:
                return NUMBER if whole.name == "array" else replace(whole, ndim=0)
            return replace(whole, ndim=None if whole.ndim is None else whole.ndim - 1)
        if whole.name in ("str", "lines"):
            return TEXT
        if whole.name == "tuple" and whole.parts:
            return unified(one for _, one in whole.parts)
        return whole.item if whole.name != "dict" else None

    def _parameter(self, name: str, function: Function) -> Kind | Literal[False] | None:
        """Return the kind of a parameter; False if there is none of that name."""
        every = [*parameters(function), *function.args.kwonlyargs]
        found = next((one for one in every if one.arg == name), None)
        if found is None:
            return False if name not in _starred(function) else None
        if found.annotation is not None:
            return annotated(found.annotation, self)
        if function in self.module.owners:
            if name == "self":
                return Kind("object", of=self.module.owners[function].name)
        elif (passed := self._passed(found, function)) is not None:
            return passed
        return self._by_use(name, function)

    def _passed(self, parameter: ast.arg, function: Function) -> Kind | None:
        """Return what all callers in the file pass for a parameter; what make_inputs returns, for run's."""
        at = (
            [one.arg for one in parameters(function)].index(parameter.arg)
            if parameter in parameters(function)
            else -1
        )
        if function.name == "run" and at == 0 and (maker := self.module.by_name.get("make_inputs")):
            return self.returned(maker)
        calls = self.module.callers.get(function.name, [])
        if self.module.by_name.get(function.name) is not function:
            return None
        found = []
        for one in calls:
            value = next((each.value for each in one.call.keywords if each.arg == parameter.arg), None)
            if value is None and 0 <= at < len(one.call.args):
                value = one.call.args[at]
            if value is None or any(isinstance(each, ast.Starred) for each in one.call.args):
                return None
            found.append(self.of(value, one.function))
        return unified(found) if found else None

    def _by_use(self, name: str, function: Function) -> Kind | None:
        """Return the kind of a parameter that is asked for what only arrays have."""
        if not self.module.uses("numpy", "torch", "scipy"):
            return None
        asked = False
        for node in own(function):
            match node:
                case ast.Attribute(value=ast.Name(id=one), attr="shape" | "ndim" | "dtype") if one == name:
                    asked = True
                case ast.Subscript(value=ast.Name(id=one), slice=ast.Tuple(elts=parts)) if one == name:
                    asked |= any(isinstance(part, ast.Slice) for part in parts)
                case ast.Attribute(value=ast.Name(id=one), attr=attr) if one == name:
                    if attr in (
                        "loc",
                        "iloc",
                        "columns",
                        "index",
                        "sparse",
                        "tocsr",
                        "tocoo",
                        "indptr",
                        "nnz",
                    ):
                        return None  # a data frame or a sparse matrix has a shape, too
        numpy_only = self.module.uses("numpy") and not self.module.uses("torch")
        return Kind("array" if numpy_only else "tensor") if asked and self._single_library() else None

    def _single_library(self) -> bool:
        """Whether what has a shape can only be NumPy's, or only torch's."""
        others = ("pandas", "sympy", "jax", "xarray", "polars", "tensorflow", "dask", "cupy", "networkx")
        numpy, torch = self.module.uses("numpy", "scipy"), self.module.uses("torch")
        return numpy != torch and not self.module.uses(*others)

    def returned(self, function: Function) -> Kind | None:
        """Return the kind of what a function of the file returns."""
        if function not in self._returned:
            self._returned[function] = None
            nodes = list(own(function))
            if function.returns is not None:
                found = annotated(function.returns, self)
            elif isinstance(function, ast.AsyncFunctionDef) or any(
                isinstance(one, ast.Yield | ast.YieldFrom) for one in nodes
            ):
                found = None
            else:
                values = [one.value for one in nodes if isinstance(one, ast.Return)]
                found = unified(self.of(one, function) for one in values) if values else None
            self._returned[function] = found
        return self._returned[function]


def _starred(function: Function) -> set[str]:
    """Return the names of ``*args`` and ``**kwargs``."""
    return {one.arg for one in (function.args.vararg, function.args.kwarg) if one is not None}
