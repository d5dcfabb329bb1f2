"""The same project under two roots: places that both profiles have in common."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from perfkit.profilers.places import below, common_folder, normalised

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from perfkit.model.tables import FunctionTable


def align(before: FunctionTable, after: FunctionTable) -> tuple[FunctionTable, FunctionTable]:
    """Give two profiles' own files places that are relative to the same folder of their project.

    Each profile alone takes the common folder of its own files for the root, which is another one as soon as
    one of the two ran a file elsewhere. Here the roots are those under which most files are in both.

    Parameters
    ----------
    before, after
        Tables of `load_file`, made without a root.

    Returns
    -------
    tuple of FunctionTable
        The same with other places; unchanged where no file of the one is in the other.
    """
    sides = (_own(before), _own(after))
    roots = _roots(sides[0].values(), sides[1].values())
    if roots is None:
        return before, after
    inner = [
        {index: path[len(root) :] for index, path in side.items() if path.startswith(root)}
        for side, root in zip(sides, roots, strict=True)
    ]
    shared = common_folder([*inner[0].values(), *inner[1].values()])
    first, second = (
        _placed(table, {index: below(path, shared) if shared else path for index, path in found.items()})
        for table, found in zip((before, after), inner, strict=True)
    )
    return first, second


def _own(table: FunctionTable) -> dict[int, str]:
    """Return the paths of the project's own files, by index; those of a notebook's cells have no folder."""
    paths = {index: normalised(file) for index, file in enumerate(table.files) if table.own[index]}
    return {index: path for index, path in paths.items() if not table.places[index].startswith("<")}


def _roots(before: Iterable[str], after: Iterable[str]) -> tuple[str, str] | None:
    """Return what precedes the paths that both sides share, as most of them have it."""
    known: dict[str, str | None] = {}
    for path in after:
        for end in _ends(path):
            known[end] = None if end in known else path  # None: it is the end of several
    votes: Counter[tuple[str, str]] = Counter()
    for path in before:
        for end in _ends(path):
            other = known.get(end)
            if other is not None:
                votes[path[: len(path) - len(end)], other[: len(other) - len(end)]] += 1
                break
    if not votes:
        return None
    return max(votes, key=lambda one: (votes[one], -len(one[0]) - len(one[1]), one))


def _ends(path: str) -> Iterator[str]:
    """Yield the ends of a path, whole names only, the longest first."""
    while path:
        yield path
        path = path.partition("/")[2]


def _placed(table: FunctionTable, found: dict[int, str]) -> FunctionTable:
    """Return a table with other places, unless two files would then have one."""
    places = list(table.places)
    taken = {place for index, place in enumerate(places) if index not in found}
    for index, place in found.items():
        if place not in taken:
            places[index] = place
            taken.add(place)
    return replace(table, places=places)
