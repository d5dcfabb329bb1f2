"""What an expression may be: an array, a list, a data frame..."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Kind:
    """What an expression is.

    Attributes
    ----------
    name
        ``array`` (NumPy's), ``tensor`` (torch's), ``number``, ``str``, ``list``, ``tuple``, ``dict``,
        ``set``,        ``frame`` and ``series`` (pandas'), ``lines`` (an open file), ``rng``, or ``object``.
    ndim
        Of an array, if it is known.
    item
        What a list, set or dictionary holds.
    parts
        What a tuple holds by place, or a dictionary by key.
    of
        An object's class in the file.
    """

    name: str
    ndim: int | None = None
    item: Kind | None = None
    parts: tuple[tuple[object, Kind | None], ...] = ()
    of: str = ""

    @property
    def is_array(self) -> bool:
        """Whether it is NumPy's or torch's."""
        return self.name in ("array", "tensor")

    def part(self, key: object) -> Kind | None:
        """Return the kind at a place or a key."""
        return next((kind for at, kind in self.parts if at == key and type(at) is type(key)), self.item)


PENDING = Kind("pending")
"""For a name whose kind is being worked out: it decides nothing about itself."""

NUMBER = Kind("number")
TEXT = Kind("str")


def unified(kinds: Iterable[Kind | None]) -> Kind | None:
    """Return what all of them are; ``None`` if they differ, one is not known, or there are none."""
    found: Kind | None = None
    for kind in kinds:
        if kind is None:
            return None
        if kind is PENDING:
            found = found or kind
        elif found is None or found is PENDING or found == kind:
            found = kind
        elif found.name != kind.name or found.of != kind.of:
            return None
        else:
            same_parts = [at for at, _ in found.parts] == [at for at, _ in kind.parts]
            found = Kind(
                found.name,
                ndim=found.ndim if found.ndim == kind.ndim else None,
                # An empty list agrees with any.
                item=kind.item
                if found.item is None
                else found.item
                if kind.item in (None, found.item)
                else None,
                parts=tuple((at, unified([one, kind.part(at)])) for at, one in found.parts)
                if same_parts
                else (),
                of=found.of,
            )
    return found
