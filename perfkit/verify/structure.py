"""Match the leaves of two checkpoints by their places, and tell where their form differs.

Form is everything but the values: exact types, keys and lengths, dtypes and shapes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.verify.dtypes import default_rtol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.model import Leaf

_COMPLEX = {"float16": "complex32", "float32": "complex64", "float64": "complex128"}
_FLOATS = frozenset({"builtins.float", "builtins.complex"})
_ALL = "all "  # what the dtype of a long list of plain values of one type begins with


@dataclass(slots=True)
class Match:
    """The leaves of one call on both sides, matched by their paths."""

    matched: list[tuple[Leaf, Leaf]]
    missing: list[Leaf]
    added: list[Leaf]
    declared: str

    @classmethod
    def of(cls, ours: Sequence[Leaf], theirs: Sequence[Leaf], declared: str = "") -> Match:
        """Match the leaves; the contender's floating-point ones may be of the declared dtype."""
        left, right = _by_place(ours), _by_place(theirs)
        matched = [(leaf, right[place]) for place, leaf in left.items() if place in right]
        missing = [leaf for place, leaf in left.items() if place not in right]
        added = [leaf for place, leaf in right.items() if place not in left]
        # What one side could not read has nothing below it there.
        closed = [b.path for b, c in matched if "opaque" in {b.kind, c.kind} or b.by != c.by]
        return cls(
            matched,
            [leaf for leaf in missing if not any(_is_below(leaf.path, path) for path in closed)],
            [leaf for leaf in added if not any(_is_below(leaf.path, path) for path in closed)],
            declared,
        )

    def form(self) -> tuple[str, str] | None:
        """Return the first place where types, structure, dtypes or shapes differ, and a sentence."""
        for b, c in self.matched:
            sentence = _form(b, c, self.declared)
            if sentence == _KEYS:
                return self._keys(b, c)
            if sentence:
                return b.path, sentence
        return self._unmatched("")

    def _keys(self, b: Leaf, c: Leaf) -> tuple[str, str]:
        """Say both sides' keys, where few, else one that one side lacks, else that their order differs."""
        if b.text != c.text:
            return b.path, f"baseline has {b.text or 'nothing'}, contender {c.text or 'nothing'}"
        return self._unmatched(b.path) or (b.path, "the keys differ in order")

    def _unmatched(self, below: str) -> tuple[str, str] | None:
        for leaves, sentence in (
            (self.missing, "the contender has no such value"),
            (self.added, "the baseline has no such value"),
        ):
            for leaf in leaves:
                if _is_below(leaf.path, below):
                    return leaf.path, sentence
        return None


_KEYS = "keys"


def is_container(leaf: Leaf) -> bool:
    """Tell whether a leaf stands for what the leaves below it hold."""
    return leaf.kind == "exact" and bool(leaf.digest)


def counted(count: int, noun: str) -> str:
    """Return ``1 value`` or ``3,000 values``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _form(b: Leaf, c: Leaf, declared: str) -> str:
    """Return what differs in type, dtype or shape; empty if nothing does."""
    types, dtypes = b.type != c.type, b.dtype != c.dtype
    if declared and (types or dtypes) and _is_as_declared(b, c, declared):
        types = dtypes = False
    if types:
        return f"baseline is {b.type}, contender {c.type}"
    if "opaque" in {b.kind, c.kind} or b.by != c.by:
        return ""  # there is nothing to compare: it was not read, or not into the same parts
    if b.kind != c.kind:
        # A long text is kept as an array of one and a short one as it is: same type, no doubt unequal.
        return "one is much longer than the other"
    if b.shape != c.shape and b.kind == "exact" and len(b.shape) == len(c.shape) == 1:
        return f"baseline has {counted(b.shape[0], 'element')}, contender {c.shape[0]:,}"
    if dtypes:
        return f"baseline is {b.dtype}, contender {c.dtype}"
    return _shape_or_keys(b, c)


def _shape_or_keys(b: Leaf, c: Leaf) -> str:
    if b.shape != c.shape:
        return f"baseline has shape {b.shape}, contender {c.shape}"
    return _KEYS if b.kind == "exact" and b.digest != c.digest else ""


def _is_as_declared(b: Leaf, c: Leaf, declared: str) -> bool:
    """Tell whether types and dtypes differ as declared: a float's precision, and nothing else.

    The precision shows in an array's dtype, in the type of a single NumPy number, and in what a container of
    such says of its elements.
    """
    if b.kind != c.kind:
        return False
    names = {declared, _COMPLEX.get(declared, declared)}
    types = b.type == c.type or (_is_float(b.type) and _last(c.type) in names)
    left, right = b.dtype.removeprefix(_ALL), c.dtype.removeprefix(_ALL)
    packed = b.dtype.startswith(_ALL) == c.dtype.startswith(_ALL)
    dtypes = left == right or (packed and _is_float(left) and _last(right) in names)
    return types and dtypes


def _is_float(name: str) -> bool:
    """Tell whether a dtype, or the type of a single number, is one of floating-point numbers."""
    return name in _FLOATS or (name.count(".") <= 1 and default_rtol(_last(name)) is not None)


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _by_place(leaves: Sequence[Leaf]) -> dict[tuple[str, int], Leaf]:
    """Key leaves by path and rank: a packed list is one leaf for the list and one for its numbers."""
    found: dict[tuple[str, int], Leaf] = {}
    ranks: dict[str, int] = {}
    for leaf in leaves:
        rank = ranks.get(leaf.path, 0)
        ranks[leaf.path] = rank + 1
        found[leaf.path, rank] = leaf
    return found


def _is_below(path: str, above: str) -> bool:
    return path.startswith(above) and path[len(above) : len(above) + 1] in {"", "[", "."}
