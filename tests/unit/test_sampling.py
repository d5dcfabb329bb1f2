"""How samples are taken is decided by a first pair, and every reason is given."""

from __future__ import annotations

import functools
import inspect
import itertools
from typing import Any

import pytest

from perfkit.measure import schedule, worker
from perfkit.measure.sampling import choose
from perfkit.model import Sampling, TimingRun
from tests import builders


def first(baseline_s: float = 1.0, contender_s: float = 0.5, **changes: Any) -> list[TimingRun]:
    return [
        builders.timing_run("b", run_s=baseline_s, **changes),
        builders.timing_run("c", "optimized", contender_s, **changes),
    ]


def chosen(runs: list[TimingRun], cores: int = 2, **asked: Any) -> Sampling:
    return choose(runs, **{"forking": False, "warm": None, "usable_cores": cores, **asked})


def test_what_uses_one_core_is_kept_on_one() -> None:
    found = chosen(first())
    assert found.pinned
    assert "on one core" in found.reasons[0]
    assert not found.is_default


@pytest.mark.parametrize(
    ("runs", "cores"),
    [(first(cpu_s=1.1), 2), (first(cpu_s=0.3), 2), (first(), 1)],
    ids=["several", "waits", "one there is"],
)
def test_what_uses_several_cores_is_not(runs: list[TimingRun], cores: int) -> None:
    assert chosen(runs, cores) == Sampling()
    assert chosen(runs, cores).is_default


def test_a_run_shorter_than_its_start_is_repeated_warm() -> None:
    found = chosen(first(0.0009, 0.0005, inputs_s=0.0))
    assert found.repeats == 100
    assert "tell of the start" in found.reasons[-1]
    assert not chosen(first(0.004, 0.0005)).repeats  # what the first call costs must stay visible


def test_warm_repeats_of_the_slower_side_have_a_limit() -> None:
    assert chosen(first(0.2, 0.0001, inputs_s=0.0), warm=0).repeats == 10
    assert chosen(first(100.0, 0.0001), warm=0).repeats == 1
    assert chosen(first(0.0009, 0.0005, inputs_s=0.5)).repeats == 3  # inputs take their time too


@pytest.mark.parametrize(("asked", "repeats"), [(0, 1), (7, 7), (None, 0)])
def test_warm_repeats_as_asked(asked: int | None, repeats: int) -> None:
    assert chosen(first(), warm=asked).repeats == repeats


def test_a_fork_group_outlasts_its_start() -> None:
    runs = first(0.2, 0.2, process_s=3.0, inputs_s=0.1)
    found = chosen(runs, forking=True)
    assert (found.launch, found.group) == ("fork", 16)  # 5.4 s of start, 0.6 s a pair
    assert chosen(first(10.0, 10.0), forking=True).group == 2


def test_a_plan_is_repeatable_and_balanced() -> None:
    plans = list(itertools.islice(schedule.plan(5), 40))
    assert plans == list(itertools.islice(schedule.plan(5), 40))
    for even, odd in zip(plans[::2], plans[1::2], strict=True):
        assert {even.order, odd.order} == {("baseline", "contender"), ("contender", "baseline")}
        assert even.cpu == odd.cpu
        assert even.hash_seed != odd.hash_seed
    assert [one.group for one in plans] == list(range(40))
    assert len({one.seed for one in plans}) == 40


def test_a_group_shares_its_layout_and_no_input() -> None:
    plans = list(itertools.islice(schedule.plan(5, 4), 12))
    assert [one.group for one in plans] == [0] * 4 + [1] * 4 + [2] * 4
    assert len({(one.hash_seed, one.padding) for one in plans}) == 3
    assert len({one.seed for one in plans}) == 12


def test_after_a_trial_everything_is_drawn_anew() -> None:
    before = next(schedule.plan(5))
    after = next(schedule.plan(5, after_trial=True))
    assert before.index == after.index == 0
    assert before.seed != after.seed


def _many(a, /, seed, b=2, *args, c, d=4, **more):
    return a, seed, b, args, c, d, more


FUNCTIONS = [
    lambda seed: seed,
    lambda seed, n=3: seed,
    lambda seed=0, *, n=3, name="x": seed,
    lambda seed, *, n: seed,
    lambda seed, **more: seed,
    lambda seed, n=3, *rest, k=1: seed,
    _many,
    functools.partial(_many, 1, c=5),
    functools.wraps(_many)(lambda *args, **more: None),
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_parameters_are_read_as_inspect_reads_them(function: Any) -> None:
    found, open_ended = worker._settable(function)
    parameters = inspect.signature(function).parameters.values()
    assert found == {
        one.name: worker._MISSING if one.default is one.empty else one.default
        for one in parameters
        if one.kind is one.KEYWORD_ONLY
        or (one.kind is one.POSITIONAL_OR_KEYWORD and one.default is not one.empty)
    }
    assert open_ended is any(one.kind is one.VAR_KEYWORD for one in parameters)
