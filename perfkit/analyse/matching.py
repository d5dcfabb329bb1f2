"""Which function of one profile became which of another, by the surest evidence that there is.

What no evidence settles stays without a partner: a wrong pair is worse than none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse import callers
from perfkit.analyse.declared import mapped_pairs, replaced_pairs
from perfkit.analyse.pairing import Pairing
from perfkit.analyse.same_bodies import pair_bodies, pair_inner
from perfkit.analyse.same_names import pair_same_names, pair_unchanged_files
from perfkit.model import Matching

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perfkit.analyse.sides import Side
    from perfkit.model import FunctionTable

_STAGE = re.compile(r"@[\w.]*stage\(\s*[rRuU]?(?:\"([^\"\n]+)\"|'([^'\n]+)')")


def match(
    before: FunctionTable,
    after: FunctionTable,
    *,
    mapped: Mapping[str, str] | None = None,
) -> Matching:
    """Match the functions of two profiles.

    In this order: what the user says, what the code says, module and qualified name, a body that nobody else
    has, and most of a body.

    Parameters
    ----------
    before, after
        The profiles; the more sources they hold, the more of what was renamed, moved or edited is found.
    mapped
        Pairs that the user names: old qualified name to new one, each with its file before it if need be
        (``models/net.py:Net.forward``); a class stands for its methods of the same name.

    Returns
    -------
    Matching
        The same pairs whichever side is first, ``replaces`` aside, and the same each time.

    Raises
    ------
    UsageError
        When a name of `mapped` fits no function of its profile, or several.
    """
    pairing = Pairing(before, after)
    if mapped:
        pairing.recover()
        pairing.pair(mapped_pairs(pairing.before, pairing.after, mapped), "mapped")
    if any("replaces" in text for text in after.sources.values()):
        pairing.recover()
        taken = set(np.flatnonzero(pairing.partner >= 0).tolist())
        found = replaced_pairs(pairing.before, pairing.after, taken)
        pairing.pair([pair for pair in found if not pairing.taken[pair[1]]], "replaces")
    pair_unchanged_files(pairing)
    pairing.recover()
    pair_same_names(pairing)
    pair_bodies(pairing)
    pair_inner(pairing)
    suggested = np.full(len(before.names), -1, np.int32)
    for i, j in _suggestions(pairing):
        suggested[i] = j
        pairing.how[i] = "suggested"
    return Matching(
        partner=pairing.partner,
        how=pairing.how,
        similarity=pairing.similarity,
        suggested=suggested,
        into_before=callers.nearest_matched(before, pairing.partner >= 0),
        into_after=callers.nearest_matched(after, pairing.taken),
    )


def _suggestions(pairing: Pairing) -> list[tuple[int, int]]:
    """Suggest partners for functions that are written in Python and have a name."""
    candidates, named = [], []
    for side, free in zip(pairing.sides, pairing.free(), strict=True):
        chosen = free & ~side.built_in
        functions = np.flatnonzero(chosen).tolist()
        chosen[[at for at in functions if side.table.names[at].startswith("<")]] = False
        candidates.append(chosen)
        stage = {at: _stage(side, at) for at in functions}
        named.append([stage.get(at, "") for at in range(side.n)])
    return callers.suggestions(
        pairing.before.table,
        pairing.after.table,
        pairing.partner,
        (candidates[0], candidates[1]),
        (named[0], named[1]),
    )


def _stage(side: Side, at: int) -> str:
    """Return the stage that a function's decorator names; empty if it has none."""
    found = side.definition(at) if side.table.own[side.table.file[at]] else None
    if found is None:
        return ""
    marker = _STAGE.search(found[0].above(found[1], int(side.table.line[at])))
    return "" if marker is None else marker.group(1) or marker.group(2)
