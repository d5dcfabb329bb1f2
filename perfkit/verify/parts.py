"""What a value turns out to be: the vocabulary between the rules that look at values and the walk."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

Children: TypeAlias = "Iterable[tuple[str, object]]"
"""Steps of the path, as Python would write them (``['a']``, ``.x``, ``[3]``), each with its value."""


ROWS = "[:]"
"""Stands in a path for a record's index, where a list of records is kept by column: the index comes last."""


@dataclass(frozen=True, slots=True)
class UnreadFile:
    """A file that a script left and that is no text: alike if its bytes are, and else there is no telling."""

    sha256: str


@dataclass(frozen=True, slots=True)
class Exact:
    """A value that its text says completely."""

    text: str


@dataclass(frozen=True, slots=True)
class Opaque:
    """A value that cannot be compared, and why."""

    text: str


@dataclass(frozen=True, slots=True)
class Array:
    """Numbers or texts; `type`, `dtype` and `shape` where they are not those of the value or its `data`."""

    data: NDArray[Any]
    dtype: str = ""
    shape: tuple[int, ...] | None = None
    type: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A container: `shape` its length, `keys` all that must agree besides, `text` the same for the reader.

    `by` is the plug-in that took it apart; empty for perfkit itself.
    """

    children: Children
    shape: tuple[int, ...]
    dtype: str = ""
    text: str = ""
    keys: str = ""
    note: str = ""
    by: str = ""


Part: TypeAlias = Exact | Opaque | Array | Node

_known: dict[type, bool] = {}


def is_library(kind: type) -> bool:
    """Tell whether a class is of the standard library or an installed package, not of the user's own code."""
    found = _known.get(kind)
    if found is None:
        name = str(kind.__module__)
        found = _known[kind] = name.partition(".")[0] in sys.stdlib_module_names or _is_installed(name)
    return found


def _is_installed(module: str) -> bool:
    for name in (module, module.partition(".")[0]):
        file = getattr(sys.modules.get(name), "__file__", None)
        if isinstance(file, str) and not {"site-packages", "dist-packages"}.isdisjoint(PurePath(file).parts):
            return True
    return False


def type_name(kind: type) -> str:
    """Return the name that a type is compared by.

    ``module.qualified_name`` for the standard library and installed packages. A class of the user's own code
    has no module in its name: baseline and contender define theirs in different modules, and mean the same.
    The standard library's private modules do not count: where a class lies there changes between versions.
    """
    if not is_library(kind):
        return kind.__qualname__
    top, *inner = str(kind.__module__).split(".")
    if top in sys.stdlib_module_names:
        inner = [one for one in inner if not one.startswith("_")]
    return ".".join((top, *inner, kind.__qualname__))
