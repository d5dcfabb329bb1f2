"""What an annotation says that a name is."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from perfkit.analyse.advice.kind import NUMBER, TEXT, Kind

if TYPE_CHECKING:
    from perfkit.analyse.advice.kinds import Kinds

_BY_ANNOTATION = {
    **dict.fromkeys(("ndarray", "NDArray", "ArrayLike"), Kind("array")),
    **dict.fromkeys(("Tensor", "FloatTensor", "LongTensor"), Kind("tensor")),
    **dict.fromkeys(("int", "float", "bool", "complex"), NUMBER),
    "str": TEXT,
    "DataFrame": Kind("frame"),
    "Series": Kind("series"),
    "Generator": Kind("rng"),
}
_CONTAINERS = {
    **dict.fromkeys(("list", "List"), "list"),
    **dict.fromkeys(("set", "Set", "frozenset"), "set"),
    **dict.fromkeys(("dict", "Dict", "defaultdict"), "dict"),
    **dict.fromkeys(("tuple", "Tuple"), "tuple"),
}


def annotated(node: ast.expr, kinds: Kinds, depth: int = 0) -> Kind | None:  # noqa: PLR0911, PLR0912  one case a line
    """Return the kind that an annotation names."""
    if depth > 5:  # noqa: PLR2004  aliases of aliases
        return None
    match node:
        case ast.Constant(value=str(text)):
            try:
                return annotated(ast.parse(text, mode="eval").body, kinds, depth + 1)
            except (SyntaxError, ValueError):
                return None
        case ast.BinOp(op=ast.BitOr(), left=left, right=ast.Constant(value=None)):
            return annotated(left, kinds, depth + 1)
        case ast.Subscript(value=value, slice=index):
            name = ast.unparse(value).rpartition(".")[2]
            inner = index.elts if isinstance(index, ast.Tuple) else [index]
            if name in ("Optional", "Annotated", "Final"):
                return annotated(inner[0], kinds, depth + 1)
            parts = [annotated(one, kinds, depth + 1) for one in inner]
            if _CONTAINERS.get(name) == "tuple":
                is_any = len(inner) > 1 and isinstance(inner[1], ast.Constant) and inner[1].value is ...
                if is_any:
                    return Kind("tuple", item=parts[0])
                return Kind("tuple", parts=tuple(enumerate(parts)))
            if name in _CONTAINERS:
                return Kind(_CONTAINERS[name], item=parts[-1])
            return _BY_ANNOTATION.get(name)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            if name in kinds.module.classes:
                return Kind("object", of=name)
            if name in _CONTAINERS:
                return Kind(_CONTAINERS[name])
            if name in _BY_ANNOTATION:
                return _BY_ANNOTATION[name]
            alias = kinds.bound_outside(name)
            return annotated(alias[0][0], kinds, depth + 1) if len(alias) == 1 and not alias[0][1] else None
    return None
