"""What a loop's passes work out, as one expression for all of them."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from perfkit.analyse.advice.ranges import CannotError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.analyse.advice.kind import Kind


@dataclass(frozen=True, slots=True)
class Value:
    """An expression for all passes at once.

    Attributes
    ----------
    node
        Its source.
    many
        Whether it has the loops' axes, in front; else it is the same on each pass.
    trailing
        How many axes one pass's value has; ``None`` if that is not known.
    batch
        Whether one pass's value already had the axis, of length 1: ``model(x[i : i + 1])``.
    tensor
        Whether it is torch's.
    base
        An array in it that is as long as the loop.
    least
        How many axes one pass's value has at least.
    boolean
        Whether it is true or false for certain: a number is so only where Python asks.
    """

    node: ast.expr
    many: bool = False
    trailing: int | None = 0
    batch: bool = False
    tensor: bool = False
    base: ast.expr | None = None
    least: int = 0
    boolean: bool = False


@dataclass(slots=True)
class Seen:
    """What a statement was seen to do.

    Attributes
    ----------
    bases
        Arrays, with the loops whose variables index them.
    calls
        Library functions that took a row or an element.
    """

    bases: dict[str, set[tuple[int, ...]]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    item: bool = False
    reduced: bool = False
    lapack: bool = False
    batch: bool = False
    frame: bool = False
    arithmetic: bool = False
    half: bool = False
    tensor: bool = False
    assumes: set[str] = field(default_factory=set)
    alike: set[str] = field(default_factory=set)


def same(node: ast.expr, kind: Kind | None) -> Value:
    """Return an expression that is the same on each pass; CannotError if what it is is not known."""
    if kind is None or not (kind.is_array or kind.name in ("number", "str")):
        raise CannotError
    return Value(node, trailing=own_axes(kind), tensor=kind.name == "tensor")


def own_axes(kind: Kind | None) -> int | None:
    """Return how many axes a value has that is the same on each pass; one that is not known has none."""
    if kind is None or not kind.is_array:
        return 0
    return kind.ndim


def indexed(base: ast.expr, index: Sequence[ast.expr]) -> ast.expr:
    """Return ``base[index]``, without what says nothing."""
    parts = list(index)
    while parts and isinstance(parts[-1], ast.Slice) and _is_whole(parts[-1]):
        parts.pop()
    if not parts:
        return base
    return ast.Subscript(base, parts[0] if len(parts) == 1 else ast.Tuple(parts))


def _is_whole(part: ast.Slice) -> bool:
    """Whether a slice is ``:``."""
    return part.lower is None and part.upper is None and part.step is None
