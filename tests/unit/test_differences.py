"""What functions saved: rows that add up, exactly zero for the same profile, and how each was matched."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.analyse.differences import Deltas, of_stages, whole
from perfkit.model import FunctionCost, FunctionTable, Matching, StageCosts

if TYPE_CHECKING:
    from collections.abc import Sequence

Row = tuple[str, int, float]
"""Name, calls and self time."""


def table(rows: Sequence[Row]) -> FunctionTable:
    count = len(rows)
    none = np.zeros(0, np.int32)
    return FunctionTable(
        title="t",
        python="3.11",
        files=["/somewhere/a.py"],
        places=["a.py"],
        own=np.array([True]),
        main=0,
        file=np.zeros(count, np.int32),
        line=np.arange(1, count + 1, dtype=np.int32),
        names=[name.rpartition(".")[2] for name, _, _ in rows],
        qualified=[name for name, _, _ in rows],
        calls=np.array([calls for _, calls, _ in rows], np.int64),
        primitive_calls=np.array([calls for _, calls, _ in rows], np.int64),
        self_s=np.array([self_s for _, _, self_s in rows]),
        cumulative_s=np.array([2 * self_s for _, _, self_s in rows]),
        caller=none,
        callee=none,
        edge_calls=np.zeros(0, np.int64),
        edge_self_s=np.zeros(0),
        edge_cumulative_s=np.zeros(0),
    )


def matching(partner: Sequence[int], after: int, suggested: Sequence[int] | None = None) -> Matching:
    count = len(partner)
    guesses = suggested or [-1] * count
    return Matching(
        partner=np.array(partner, np.int32),
        how=[
            "same name" if one >= 0 else ("suggested" if guess >= 0 else "vanished")
            for one, guess in zip(partner, guesses, strict=True)
        ],
        similarity=np.full(count, np.nan, np.float32),
        suggested=np.array(guesses, np.int32),
        into_before=np.array([0 if one < 0 else -1 for one in partner], np.int32),
        into_after=np.array([0 if at not in partner else -1 for at in range(after)], np.int32),
    )


def test_matched_vanished_and_new_functions_are_listed_by_what_they_saved_or_cost() -> None:
    before = table([("run", 1, 1.0), ("slow", 10, 7.0), ("gone", 3, 2.0), ("same", 1, 0.5)])
    after = table([("run", 1, 0.9), ("slow", 2, 1.0), ("same", 1, 0.5), ("cache", 4, 3.0)])
    deltas = Deltas(before, after, matching([0, 1, -1, 2], 4), saving_s=5.0)
    rows, more, more_saved_s = deltas.functions(whole(before), whole(after))
    assert [(one.how, one.saved_self_s) for one in rows] == [
        ("same name", 6.0),
        ("new", -3.0),
        ("vanished", 2.0),
        ("same name", pytest.approx(0.1)),
        ("same name", 0.0),
    ]
    assert (more, more_saved_s) == (0, 0.0)
    slow, cache, gone = rows[:3]
    assert slow.before is not None
    assert slow.after is not None
    assert (slow.before.calls, slow.after.calls, slow.before.file) == (10, 2, "a.py")
    assert slow.saved_cumulative_s == 12.0
    assert slow.share == pytest.approx(6 / 5)
    assert cache.before is None
    assert (cache.rolled_into, gone.rolled_into) == ("run", "run")
    assert gone.after is None


def test_a_guess_is_told_on_both_sides_and_counts_as_new_and_vanished() -> None:
    before, after = table([("run", 1, 1.0), ("old", 1, 4.0)]), table([("run", 1, 1.0), ("new", 1, 1.0)])
    deltas = Deltas(before, after, matching([0, -1], 2, suggested=[-1, 1]), saving_s=3.0)
    rows, _, _ = deltas.functions(whole(before), whole(after))
    assert [(one.how, one.partner, one.saved_self_s) for one in rows[:2]] == [
        ("suggested", "new", 4.0),
        ("suggested", "old", -1.0),
    ]


def test_nothing_saved_gives_no_shares() -> None:
    before, after = table([("run", 1, 1.0)]), table([("run", 1, 2.0)])
    rows, _, _ = Deltas(before, after, matching([0], 1), saving_s=-1.0).functions(whole(before), whole(after))
    assert rows[0].share is None
    assert rows[0].saved_self_s == -1.0


def test_a_matched_function_may_run_in_a_stage_of_one_side_only() -> None:
    before, after = table([("f", 2, 2.0)]), table([("f", 1, 1.0)])
    stages = of_stages(before, [stage("fit", [("f", 2, 2.0)])])
    row = Deltas(before, after, matching([0], 1), saving_s=1.0).stage("fit", stages["fit"], None)
    (one,) = row.functions
    assert (one.how, one.after, one.saved_self_s) == ("same name", None, 2.0)
    assert (row.before_s, row.after_s) == (2.5, 0.0)


def test_parts_of_a_split_stage_add_up() -> None:
    costs = of_stages(table([("f", 2, 2.0)]), [stage("s", [("f", 2, 2.0)]), stage("s", [("f", 1, 1.0)])])
    assert (costs["s"].total_s, costs["s"].rest_s) == (4.0, 1.0)
    assert (costs["s"].calls[0], costs["s"].self_s[0]) == (3, 3.0)


def stage(path: str, rows: Sequence[Row]) -> StageCosts:
    functions = tuple(
        FunctionCost(
            file="/somewhere/a.py",
            line=at,
            name=name,
            calls=calls,
            primitive_calls=calls,
            self_s=self_s,
            cumulative_s=self_s,
        )
        for at, (name, calls, self_s) in enumerate(rows, start=1)
    )
    covered = math.fsum(self_s for _, _, self_s in rows)
    return StageCosts(path=path, total_s=covered + 0.5, rest_s=0.5, functions=functions)


times = st.floats(0, 1e6, allow_subnormal=False)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[FunctionTable, FunctionTable, Matching]:
    before = draw(st.lists(times, max_size=30))
    after = draw(st.lists(times, max_size=30))
    order = draw(st.permutations(range(len(after))))
    partner = [at if draw(st.booleans()) else -1 for at in order[: len(before)]]
    partner += [-1] * (len(before) - len(partner))
    return (
        table([(f"f{at}", 1, one) for at, one in enumerate(before)]),
        table([(f"g{at}", 1, one) for at, one in enumerate(after)]),
        matching(partner, len(after)),
    )


@given(pairs(), st.integers(1, 40))
def test_what_is_listed_and_what_is_not_add_up_to_the_stage(
    made: tuple[FunctionTable, FunctionTable, Matching], most: int
) -> None:
    before, after, found = made
    row = Deltas(before, after, found, saving_s=1.0).stage("", whole(before), whole(after), most)
    total = math.fsum(
        [
            *(one.saved_self_s for one in row.functions),
            row.more_saved_s,
            row.rest_before_s,
            -row.rest_after_s,
        ]
    )
    scale = row.before_s + row.after_s
    assert total == pytest.approx(row.before_s - row.after_s, rel=1e-9, abs=1e-9 * scale)
    assert len(row.functions) <= most
    saved = [abs(one.saved_self_s) for one in row.functions]
    assert saved == sorted(saved, reverse=True)


@given(st.lists(st.tuples(st.integers(1, 100), times), max_size=30))
def test_a_profile_and_itself_differ_by_exactly_nothing(costs: list[tuple[int, float]]) -> None:
    one = table([(f"f{at}", calls, self_s) for at, (calls, self_s) in enumerate(costs)])
    same = matching(list(range(len(costs))), len(costs))
    row = Deltas(one, one, same, saving_s=0.0).stage("", whole(one), whole(one))
    assert all(each.saved_self_s == 0.0 == each.saved_cumulative_s for each in row.functions)
    assert row.more_saved_s == 0.0
    assert row.before_s == row.after_s
