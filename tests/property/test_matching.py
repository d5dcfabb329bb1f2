"""What holds of matchings whatever the profiles are."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.matching import standard_library
from benchmarks.mutations import make, table
from perfkit.analyse.matching import match

if TYPE_CHECKING:
    from perfkit.model import FunctionTable, Matching

PLACES = ["a.py", "pkg/a.py", "pkg/b.py", "lib/b.py", "~"]
NAMES = ["f", "g", "<lambda>", "<listcomp>", "<built-in f at 0x1f>", "<built-in f at 0x2f>", "é", ""]
STATEMENTS = [
    "return x",
    "y = [f(a) for a in x]",
    "for a in x: g(a, y)",
    "y += x.total * 3",
    "raise E(x)",
    "z = h(x, y)",
]


@st.composite
def tables(draw: st.DrawFn) -> FunctionTable:
    """Tables of few names, so that they collide: with sources and without, with edges and cycles."""
    sources: dict[str, str] = {}
    functions: list[tuple[str, int, str]] = []
    for place in draw(st.lists(st.sampled_from(PLACES[:-1]), unique=True, max_size=3)):
        lines: list[str] = []
        for name in draw(st.lists(st.sampled_from(["f", "g", "h"]), max_size=4)):
            lines += ["# note"] * draw(st.integers(0, 1))
            functions.append((place, len(lines) + 1, name))
            statements = draw(st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=5))
            lines += [f"def {name}(x, y):", *(f"    {one}" for one in statements)]
        sources[place] = "\n".join(lines)
    if draw(st.booleans()):
        sources = dict(list(sources.items())[:1])
    functions += draw(
        st.lists(
            st.tuples(st.sampled_from(PLACES), st.integers(0, 30), st.sampled_from(NAMES)),
            max_size=6,
            unique=True,
        )
    )
    n = len(functions)
    edges = (
        draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), unique=True, max_size=8))
        if n
        else []
    )
    qualified = [draw(st.sampled_from(["", f"C.{name}", name])) for _, _, name in functions]
    given_names = qualified if draw(st.booleans()) else None
    return table(sources, functions, qualified=given_names, edges=edges, own=draw(st.booleans()))


def found_pairs(found: Matching) -> set[tuple[int, int]]:
    return {(i, int(j)) for i, j in enumerate(found.partner) if j >= 0}


@settings(deadline=None)
@given(tables(), tables())
def test_matchings_are_one_to_one_and_say_how(before: FunctionTable, after: FunctionTable) -> None:
    found = match(before, after)
    partners = [int(j) for j in found.partner if j >= 0]
    assert len(set(partners)) == len(partners)
    assert all(j < len(after.names) for j in partners)
    for i, how in enumerate(found.how):
        assert (found.partner[i] < 0) == (how in ("vanished", "suggested"))
        assert (found.suggested[i] >= 0) == (how == "suggested")
        assert np.isnan(found.similarity[i]) or 0 <= found.similarity[i] <= 1
        into = int(found.into_before[i])
        assert into == -1 or (found.partner[i] < 0 <= found.partner[into])
    taken = set(partners)
    for j, into in enumerate(found.into_after.tolist()):
        assert into == -1 or (j not in taken and into in taken)
    assert not taken & {int(j) for j in found.suggested if j >= 0}


@settings(deadline=None)
@given(tables(), tables())
def test_either_side_may_come_first(before: FunctionTable, after: FunctionTable) -> None:
    there, back = match(before, after), match(after, before)
    assert {(j, i) for i, j in found_pairs(back)} == found_pairs(there)
    assert all(there.how[i] == back.how[j] for i, j in found_pairs(there))
    again = match(before, after)
    assert again.partner.tolist() == there.partner.tolist()
    assert again.how == there.how


@settings(deadline=None)
@given(tables(), st.randoms(use_true_random=False))
def test_a_profile_elsewhere_is_itself(before: FunctionTable, chance: object) -> None:
    after = dataclasses.replace(
        before,
        files=[f"/elsewhere/{one}" if one != "~" else one for one in before.files],
        sources={file: text + "\n# the end" for file, text in before.sources.items()},
    )
    found = match(before, after)
    keys = [
        (int(one.file[i]), int(one.line[i]), one.names[i], one.qualified[i])
        for one, at in ((before, range(len(before.names))), (after, found.partner.tolist()))
        for i in at
    ]
    half = len(before.names)
    assert set(found.how) <= {"same name"}
    assert keys[:half] == keys[half:]


def test_real_code_mutated_may_be_matched_backwards() -> None:
    files = standard_library()
    for seed in (1, 2, 3):
        case = make(files, 150, seed)
        there, back = match(case.before, case.after), match(case.after, case.before)
        assert {(j, i) for i, j in found_pairs(back)} == found_pairs(there)
        assert len(found_pairs(there)) > 100
