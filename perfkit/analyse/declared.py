"""Which function replaces which, as the user's configuration or the code itself says."""

from __future__ import annotations

import ast
import difflib
import re
import textwrap
from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse.outlines import STRING
from perfkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perfkit.analyse.sides import Side

_COMMENT = re.compile(r"\#\s*perfkit:\s*replaces\s+(\S+)")
_COMMENT_OR_STRING = re.compile(rf"{STRING}|#[^\n]*", re.DOTALL)
_MOST_TOLD = 5


def mapped_pairs(before: Side, after: Side, mapped: Mapping[str, str]) -> list[tuple[int, int]]:
    """Look up the pairs that a map names.

    Parameters
    ----------
    mapped
        Old qualified name to new one, each with its file before it if need be: ``models/net.py:Net.forward``.
        A class stands for its methods of the same name.

    Returns
    -------
    list of (before, after)

    Raises
    ------
    UsageError
        When a name fits no function of its profile, or several; all such names are told at once.
    """
    pairs: list[tuple[int, int]] = []
    wrong: list[str] = []
    for old, new in mapped.items():
        found = [named(side, name) for side, name in ((before, old), (after, new))]
        members = [_members(side, name) for side, name in ((before, old), (after, new))]
        pairs += [(members[0][one], members[1][one]) for one in members[0] if one in members[1]]
        if len(found[0]) == len(found[1]) == 1:
            pairs.append((found[0][0], found[1][0]))
            continue
        if all(members) and max(map(len, found)) <= 1:
            continue  # classes, whose own bodies did not both run
        for which, side, name, functions in (("old", before, old, found[0]), ("new", after, new, found[1])):
            if len(functions) != 1:
                wrong.append(_explain(which, side, name, functions))
    if wrong:
        more = f"; and {len(wrong) - _MOST_TOLD} more" if len(wrong) > _MOST_TOLD else ""
        told = "; ".join(wrong[:_MOST_TOLD])
        raise UsageError(f"The map of functions does not fit the profiles: {told}{more}.")
    for which, position in (("old", 0), ("new", 1)):
        seen: set[int] = set()
        for pair in pairs:
            if pair[position] in seen:
                side = (before, after)[position]
                raise UsageError(
                    f"The map of functions names the {which} function {side.labels[pair[position]]!r} twice, "
                    "and a function has one partner: leave one of the two out."
                )
            seen.add(pair[position])
    return pairs


def replaced_pairs(before: Side, after: Side, taken: set[int]) -> list[tuple[int, int]]:
    """Find the pairs that the sources after declare; of two that replace the same function, the first.

    Parameters
    ----------
    taken
        Functions before that have a partner already.
    """
    pairs: list[tuple[int, int]] = []
    used = set(taken)
    for at, old in replacements(after).items():
        found = [one for one in named(before, old) if one not in used]
        if len(found) == 1:
            used.add(found[0])
            pairs.append((found[0], at))
    return pairs


def replacements(side: Side) -> dict[int, str]:
    """Return the names that the project's functions say they replace, in the order of files and lines.

    They say so by a keyword of a decorator, ``@stage("name", replaces="old")``, or by a comment above or
    beside the ``def``, ``# perfkit: replaces old``.
    """
    table = side.table
    telling = [file for file, text in table.sources.items() if table.own[file] and "replaces" in text]
    if not telling:
        return {}
    at_hand = np.flatnonzero(np.isin(table.file, telling))
    places = table.places
    order = sorted(at_hand.tolist(), key=lambda at: (places[int(table.file[at])], int(table.line[at]), at))
    return {at: name for at in order if (name := _declared(side, at))}


def _declared(side: Side, at: int) -> str:
    """Return the name that a function says it replaces; empty if it says nothing."""
    found = side.definition(at)
    if found is None:
        return ""
    outline, index = found
    above = outline.above(index, int(side.table.line[at]))
    signature, body = outline.cut(index)
    beside = signature + body.partition("\n")[0]
    if "replaces" not in above + beside:
        return ""
    for token in _COMMENT_OR_STRING.finditer(f"{above}\n{beside}"):
        text = token.group()
        if text.startswith("#") and (comment := _COMMENT.search(text)) is not None:
            return comment.group(1)
    try:
        tree = ast.parse(f"{textwrap.dedent(above)}\ndef decorated(): ...")
    except (SyntaxError, ValueError):
        return ""
    for node in ast.walk(tree):
        match node:
            case ast.keyword(arg="replaces", value=ast.Constant(value=str(name))):
                return name
    return ""


def named(side: Side, name: str) -> list[int]:
    """Return the functions that a name fits: by qualified name, or else by code name.

    Where several do, those of the variant's own file are meant, or else those of the project.

    Parameters
    ----------
    name
        With its file and a colon before it if need be.
    """
    place, _, label = name.rpartition(":")
    table = side.table
    for labels in (side.labels, table.names):
        found = [at for at, one in enumerate(labels) if one == label]
        if place:
            found = [at for at in found if _lies_in(table.places[table.file[at]], place)]
        for nearer in (
            [at for at in found if table.file[at] == table.main],
            [at for at in found if table.own[table.file[at]]],
        ):
            if nearer:
                found = nearer
                break
        if found:
            return found
    return []


def _lies_in(place: str, wanted: str) -> bool:
    """Whether a place is the one that is wanted, or ends so; a module's dotted name will do."""
    path = place.replace("\\", "/")
    forms = (wanted, wanted.replace(".", "/") + ".py")
    return any(path == one or path.endswith("/" + one) for one in forms)


def _members(side: Side, name: str) -> dict[str, int]:
    """Return the functions within a class, by the rest of their names; those that are there once."""
    place, _, label = name.rpartition(":")
    found: dict[str, list[int]] = {}
    for at, one in enumerate(side.labels):
        if one.startswith(label + ".") and (
            not place or _lies_in(side.table.places[side.table.file[at]], place)
        ):
            found.setdefault(one[len(label) + 1 :], []).append(at)
    return {rest: ats[0] for rest, ats in found.items() if len(ats) == 1}


def _explain(which: str, side: Side, name: str, found: Sequence[int]) -> str:
    """Say what is wrong with a name, and which may have been meant."""
    table = side.table
    if found:
        place = table.places[table.file[found[0]]]
        label = name.rpartition(":")[2]
        return (
            f"the {which} name {name!r} fits {len(found)} functions (say which file, as in '{place}:{label}')"
        )
    known = list(dict.fromkeys(one for at, one in enumerate(side.labels) if table.own[table.file[at]]))
    known = known or list(dict.fromkeys(side.labels))
    close = difflib.get_close_matches(name.rpartition(":")[2], known, n=2, cutoff=0.6)
    hint = f" (did you mean {' or '.join(map(repr, close))}?)" if close else ""
    return f"no function of the {which} profile is called {name!r}{hint}"
