"""Whatever stands in /proc and /sys, a look at the machine ends; and what holds for every set of pairs."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as some

from perfkit.analyse.resolution import pairs_needed, resolution
from perfkit.measure.machine import activity, overview
from perfkit.measure.machine.system import System, core_list
from perfkit.report.text import clean
from tests.unit.test_machine import EVERYTHING, SERVER

WORDS = some.one_of(
    some.text(max_size=40),
    some.binary(max_size=40).map(lambda one: one.decode("latin-1")),
    some.integers(-(2**70), 2**70).map(str),
    some.lists(some.integers(-5, 2**40).map(str), max_size=12).map(" ".join),
    some.floats().map(str),
)


@settings(max_examples=40, deadline=None)
@given(
    some.dictionaries(some.sampled_from(sorted(SERVER)), WORDS),
    some.dictionaries(some.just("OMP_NUM_THREADS"), WORDS),
)
def test_any_text_in_any_file(files: dict[str, str], variables: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for path, text in {**SERVER, **files}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(text.encode("utf-8", "surrogatepass"))
        found = overview.look(root, variables=variables, tick_s=1e-7)
        before = activity.snapshot(System(root))
        activity.between(before, activity.snapshot(System(root)))
    assert sorted([one.name for one in found.checks] + list(found.unseen)) == sorted(EVERYTHING)
    for one in found.checks:
        assert one.seen
        assert clean(one.seen) == one.seen or one.name in {"governor", "clock source", "threads"}
        assert (one.level == "ok") == (one.advice == "")


@given(some.sets(some.integers(0, 2000), min_size=1, max_size=30))
def test_core_lists_come_back(cores: set[int]) -> None:
    assert core_list(",".join(map(str, sorted(cores)))) == cores


@settings(max_examples=80, deadline=None)
@given(
    some.lists(some.tuples(some.floats(-3, 3), some.sampled_from([1, -1])), max_size=80),
    some.floats(0.01, 100),
)
def test_what_holds_for_every_set_of_pairs(pairs: list[tuple[float, int]], seconds_per_pair: float) -> None:
    values, orders = [one for one, _ in pairs], [order for _, order in pairs]
    made = resolution(values, orders, seconds_per_pair=seconds_per_pair, run_s=0.02)
    mirrored = resolution([-one for one in values], orders, seconds_per_pair=seconds_per_pair, run_s=0.02)
    assert made.detections == mirrored.detections  # which of two equal programs is first means nothing
    assert math.isclose(made.sides.p_value, mirrored.sides.p_value)
    assert math.isfinite(made.scatter)
    assert 0 < made.sides.p_value <= 1
    for larger, smaller in zip(made.detections, made.detections[1:], strict=False):
        assert larger.positive >= smaller.positive >= 0.5
        assert (larger.pairs or math.inf) <= (smaller.pairs or math.inf)
    for one in made.detections:
        assert one.seconds is None or one.seconds <= made.limit_s
    if not made.detections or all(one.pairs is None for one in made.detections):
        assert made.problem


@given(some.floats(0.5, 1.0), some.floats(0.5, 1.0))
@settings(max_examples=60, deadline=None)
def test_surer_pairs_never_need_more(left: float, right: float) -> None:
    low, high = sorted((left, right))
    assert (pairs_needed(high, most=2000) or math.inf) <= (pairs_needed(low, most=2000) or math.inf)
