"""What a call returns: of a built-in, a library's function, a method."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from perfkit.analyse.advice import libraries
from perfkit.analyse.advice.kind import NUMBER, TEXT, Kind
from perfkit.analyse.advice.module import Function

if TYPE_CHECKING:
    from perfkit.analyse.advice.kinds import Kinds

_PASS_THROUGH = (
    "copy",
    "astype",
    "detach",
    "clone",
    "cpu",
    "float",
    "double",
    "to",
    "contiguous",
    "numpy",
    "clip",
)
_TEXT_METHODS = (
    "strip",
    "lstrip",
    "rstrip",
    "lower",
    "upper",
    "replace",
    "join",
    "decode",
    "format",
    "title",
)
_FRAME_METHODS = [
    "copy",
    "drop",
    "dropna",
    "fillna",
    "sort_values",
    "reset_index",
    "set_index",
    "merge",
    "rename",
    "assign",
    "query",
    "head",
    "tail",
    "sample",
    "drop_duplicates",
    "astype",
]


def of_call(kinds: Kinds, node: ast.Call, function: Function | None) -> Kind | None:  # noqa: PLR0911  one case a line
    """Return what a call gives; ``None`` if that is not known."""
    called = kinds.module.called(node)
    if called.startswith("."):
        return _method(kinds, node, called[1:], function)
    if "." in called:
        return _library(kinds, node, called, function)
    if called in kinds.module.classes:
        return Kind("object", of=called)
    if called in kinds.module.by_name:
        return kinds.returned(kinds.module.by_name[called])
    first = kinds.of(node.args[0], function) if node.args else None
    match called:
        case "len" | "int" | "float" | "abs" | "round" | "ord" | "bool" | "hash":
            return first if called == "abs" and first is not None else NUMBER
        case "sum" | "min" | "max":
            is_numbers = first is not None and first.item == NUMBER
            return (
                NUMBER if is_numbers or (len(node.args) > 1 and _all_numbers(kinds, node, function)) else None
            )
        case "str" | "repr" | "chr":
            return TEXT
        case "list" | "sorted":
            return Kind("list", item=kinds.elements(node.args[0], function) if node.args else None)
        case "set" | "frozenset":
            return Kind("set", item=kinds.elements(node.args[0], function) if node.args else None)
        case "dict":
            return Kind("dict")
        case "open":
            return Kind("lines")
    return None


def _all_numbers(kinds: Kinds, node: ast.Call, function: Function | None) -> bool:
    """Whether all arguments are numbers."""
    return all(kinds.of(one, function) == NUMBER for one in node.args)


def _library(kinds: Kinds, node: ast.Call, called: str, function: Function | None) -> Kind | None:  # noqa: PLR0911, PLR0912  one case a line
    """Return what a library's function gives."""
    package, _, name = called.partition(".")
    tail = called.rpartition(".")[2]
    if package == "math":
        return NUMBER
    if package == "pandas":
        return {"Series": Kind("series")}.get(name) or (
            Kind("frame") if name == "DataFrame" or name.startswith("read_") else None
        )
    if called in ("numpy.random.default_rng", "numpy.random.RandomState"):
        return Kind("rng")
    if package not in libraries.ARRAY_PACKAGES:
        return Kind("str") if called in ("json.dumps", "os.path.join") else None
    array = Kind("tensor" if package == "torch" else "array")
    first = kinds.of(node.args[0], function) if node.args else None
    if tail in libraries.NEW_BY_SHAPE:
        return replace(array, ndim=_length(kinds, node.args[0] if node.args else None, function))
    if tail in libraries.RANDOM and called.startswith(("numpy.random.", "torch.rand")):
        return _drawn(kinds, node, tail, array, function)
    if tail in (
        "arange",
        "linspace",
        "logspace",
        "ravel",
        "flatnonzero",
        "bincount",
        "fftfreq",
        "rfftfreq",
    ):
        return replace(array, ndim=1)
    if tail in ("eye", "identity", "column_stack", "vstack"):
        return replace(array, ndim=2)
    if (
        tail in libraries.ELEMENTWISE
        or tail.endswith("_like")
        or tail in ("where", "asarray", "ascontiguousarray")
    ):
        known = [kinds.of(one, function) for one in node.args]
        if known and all(one == NUMBER for one in known):
            return NUMBER
        dims = [one.ndim for one in known if one is not None and one.is_array]
        counted = [one for one in dims if one is not None]
        return replace(array, ndim=max(counted) if counted and len(counted) == len(dims) else None)
    if tail in libraries.REDUCTIONS:
        return _reduced(kinds, node, first if first is not None and first.is_array else array)
    if tail in ("array", "tensor") and first is not None:
        if first.name == "list" and first.item in (NUMBER, TEXT):
            return replace(array, ndim=1)
        return replace(array, ndim=first.ndim if first.is_array else None)
    return array if tail in libraries.NEW else None


def _reduced(kinds: Kinds, node: ast.Call, whole: Kind) -> Kind | None:
    """Return the kind of a reduction of `whole`."""
    by_axis = [one for one in node.keywords if one.arg in ("axis", "dim")]
    if any(one.arg in ("keepdims", "keepdim") for one in node.keywords):
        return whole
    first = 1 if kinds.module.dotted(node.func) else 0
    if by_axis or len(node.args) > first:
        ndim = None if whole.ndim is None else whole.ndim - 1
        return NUMBER if ndim == 0 else replace(whole, ndim=ndim)
    return NUMBER if whole.name == "array" else replace(whole, ndim=0)


def _drawn(kinds: Kinds, node: ast.Call, tail: str, array: Kind, function: Function | None) -> Kind:  # noqa: PLR0911  one case a line
    """Return the kind of a random draw."""
    sized = next((one.value for one in node.keywords if one.arg == "size"), None)
    if sized is not None:
        return replace(array, ndim=_length(kinds, sized, function))
    if tail in ("rand", "randn"):
        return replace(array, ndim=len(node.args)) if node.args else NUMBER
    if tail == "permutation":
        return replace(array, ndim=1)
    if tail in ("random", "standard_normal", "random_sample") and node.args:
        return replace(array, ndim=_length(kinds, node.args[0], function))
    if tail in ("uniform", "normal", "integers", "randint", "choice") and len(node.args) < 2:  # noqa: PLR2004
        return NUMBER
    if tail in ("uniform", "normal") and len(node.args) == 3:  # noqa: PLR2004  low, high, size
        return replace(array, ndim=_length(kinds, node.args[2], function))
    return NUMBER if len(node.args) < 3 and tail != "choice" else array  # noqa: PLR2004


def _length(kinds: Kinds, shape: ast.expr | None, function: Function | None) -> int | None:
    """Return how many dimensions a shape has."""
    if isinstance(shape, ast.Tuple | ast.List):
        return None if any(isinstance(one, ast.Starred) for one in shape.elts) else len(shape.elts)
    return 1 if shape is not None and kinds.of(shape, function) == NUMBER else None


def _method(kinds: Kinds, node: ast.Call, name: str, function: Function | None) -> Kind | None:  # noqa: PLR0911  one case a line
    """Return what a method gives."""
    receiver = node.func.value if isinstance(node.func, ast.Attribute) else None
    whole = kinds.of(receiver, function)
    if name == "tolist":
        return Kind("list", item=NUMBER if whole is not None and whole.ndim == 1 else None)
    if name in ("split", "rsplit", "splitlines", "readlines") and (whole is None or whole.name != "array"):
        text = not node.args or isinstance(node.args[0], ast.Constant)
        return Kind("list", item=TEXT) if text else None
    if whole is None:
        return TEXT if name in ("strip", "lstrip", "rstrip", "lower", "upper") else None
    if whole.name == "object" and (found := kinds.module.classes.get(whole.of)) is not None:
        methods = [one for one in found.body if isinstance(one, Function) and one.name == name]
        return kinds.returned(methods[0]) if methods else None
    if whole.name == "rng":
        return _drawn(kinds, node, name, Kind("array"), function) if name in libraries.RANDOM else None
    if whole.is_array:
        return _array_method(kinds, node, name, whole, function)
    if whole.name == "str":
        return TEXT if name in _TEXT_METHODS else None
    if whole.name == "dict":
        match name:
            case "get" | "setdefault":
                key = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
                return whole.part(key)
            case "copy":
                return whole
    if whole.name in ("frame", "series"):
        if name in ("to_numpy",):
            return Kind("array", ndim=2 if whole.name == "frame" else 1)
        return whole if name in _FRAME_METHODS else None
    return whole if whole.name in ("list", "set") and name == "copy" else None


def _array_method(
    kinds: Kinds, node: ast.Call, name: str, whole: Kind, function: Function | None
) -> Kind | None:
    """Return what an array's method gives."""
    if name in _PASS_THROUGH:
        return replace(whole, name="array") if name == "numpy" else whole
    if name in ("ravel", "flatten"):
        return replace(whole, ndim=1)
    if name in ("reshape", "view"):
        shape = node.args[0] if len(node.args) == 1 else ast.Tuple(elts=list(node.args))
        return replace(whole, ndim=_length(kinds, shape, function))
    if name == "item":
        return NUMBER
    if name in libraries.REDUCTIONS:
        return _reduced(kinds, node, whole)
    return (
        replace(whole, ndim=None) if name in ("transpose", "squeeze", "unsqueeze", "repeat", "dot") else None
    )
