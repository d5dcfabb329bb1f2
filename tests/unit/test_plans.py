"""The pure parts of measuring: the schedule and the choice of an input size."""

from __future__ import annotations

import itertools
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from perfkit.measure import schedule, sizing


def first(n: int, seed: int = 0) -> list:
    return list(itertools.islice(schedule.plan(seed), n))


def test_the_same_seed_gives_the_same_plan() -> None:
    assert first(20, 3) == first(20, 3)
    assert first(20, 3) != first(20, 4)


@given(st.integers(0, 2**31))
def test_each_block_of_two_has_both_orders(seed: int) -> None:
    plans = first(10, seed)
    for a, b in zip(plans[::2], plans[1::2], strict=True):
        assert {a.order, b.order} == {("baseline", "contender"), ("contender", "baseline")}
    assert [plan.index for plan in plans] == list(range(10))


def test_both_kinds_of_block_occur_and_seeds_are_fresh() -> None:
    plans = first(200)
    starts = Counter(plan.order[0] for plan in plans[::2])
    assert min(starts.values()) > 25
    assert len({plan.seed for plan in plans}) == 200
    assert len({plan.hash_seed for plan in plans}) == 200
    assert all(0 < plan.hash_seed < 2**32 and 0 <= plan.padding < schedule.MAX_PADDING for plan in plans)


def test_a_quick_pipeline_is_profiled_at_full_size() -> None:
    assert sizing.first_size(1000, clean_s=0.5, limit_s=60) == 1000


def test_a_slow_one_begins_small_and_grows_once() -> None:
    n = sizing.first_size(3000, clean_s=35, limit_s=60)
    assert 50 <= n <= 150
    larger = sizing.enlarged_size(n, took_s=2.0, full=3000, left_s=58.0)
    assert larger is not None
    assert n < larger < 3000
    assert sizing.enlarged_size(n, took_s=40.0, full=3000, left_s=20.0) is None
    assert sizing.enlarged_size(3000, took_s=1.0, full=3000, left_s=58.0) is None


@given(st.integers(1, 10**6), st.floats(1e-3, 1e4), st.floats(1e-3, 1e3))
def test_sizes_stay_in_range(full: int, clean_s: float, limit_s: float) -> None:
    n = sizing.first_size(full, clean_s, limit_s)
    assert 1 <= n <= full
    larger = sizing.enlarged_size(n, clean_s, full, limit_s)
    assert larger is None or n < larger <= full
