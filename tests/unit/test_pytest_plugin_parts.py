"""The parts of the pytest plugin: its clock, intervals, claims, files, and earlier runs beside later ones."""

from __future__ import annotations

import json
import random
import statistics
from pathlib import Path
from typing import Any, NoReturn

import pytest

from perfkit.analyse import in_process, stats, unpaired
from perfkit.api import benchmarks
from perfkit.errors import StoreError, UsageError
from perfkit.model import BenchmarkFile, BenchmarkHost, Estimate, InProcessTiming
from perfkit.pytest_plugin import clock
from perfkit.pytest_plugin.outcome import Speedup
from perfkit.pytest_plugin.profiles import folder_name

STEP_S = 1e-7


class Machine:
    """A clock that moves in steps, and a function that takes its time on it."""

    def __init__(self, call_s: float, *, input_s: float = 0.0, noise: float = 0.0) -> None:
        self.now = 0.0
        self.call_s, self.input_s, self.noise = call_s, input_s, noise
        self.calls = self.most_inputs = 0
        self.random = random.Random(1)

    def read(self) -> float:
        self.now += STEP_S
        return round(self.now / STEP_S) * STEP_S

    def function(self, *_: object) -> None:
        self.calls += 1
        self.now += self.call_s * (1 + self.noise * self.random.random())

    def make(self) -> list[int]:
        self.now += self.input_s
        return [1]


def measured(machine: Machine, *, seconds: float = 0.01, own: bool = False) -> clock.Timed:
    batch = (
        clock.own_inputs(machine.function, machine.make, machine.read)
        if own
        else clock.same_arguments(machine.function, (1,), {}, machine.read)
    )
    return clock.measure(batch, seconds=seconds, small_batches=own, clock=machine.read)


@pytest.mark.parametrize("call_s", [2e-9, 1e-7, 1e-5, 1e-3])
@pytest.mark.parametrize("own", [False, True])
def test_the_clocks_steps_do_not_matter(call_s: float, own: bool) -> None:
    found = measured(Machine(call_s), own=own)
    assert found.median_s == pytest.approx(call_s, rel=2e-3)
    assert found.calls * call_s >= clock.STEPS * STEP_S * 0.999


def test_a_sample_is_as_long_as_fills_the_time() -> None:
    found = measured(Machine(1e-6, noise=0.1), seconds=1.0)
    assert clock.SAMPLES * 0.8 <= len(found.values_s) <= clock.SAMPLES * 1.5
    assert found.low_s is not None
    assert found.high_s is not None
    assert found.low_s <= found.median_s <= found.high_s


def test_a_slow_function_has_few_samples_and_no_interval() -> None:
    machine = Machine(5.0)
    found = measured(machine, seconds=1.0)
    assert found.low_s is None
    assert 1 <= len(found.values_s) < clock.FEWEST_SAMPLES
    assert machine.now < 2 * clock.PATIENCE


def test_inputs_are_waited_for_and_not_timed() -> None:
    machine = Machine(1e-6, input_s=1e-4)
    found = measured(machine, seconds=0.5, own=True)
    assert found.median_s == pytest.approx(1e-6, rel=2e-3)
    assert machine.now < 10 * 0.5 * clock.PATIENCE


def test_a_coarse_clock_has_its_step() -> None:
    ticks = iter(range(10**6))
    assert clock.step(lambda: next(ticks) // 1000 * 0.25) == 0.25


def test_what_takes_named_arguments_gets_them() -> None:
    seen = []
    clock.same_arguments(lambda *a, **k: seen.append((a, k)), (1,), {"b": 2}, lambda: 0.0)(3)
    assert seen == [((1,), {"b": 2})] * 3


@pytest.mark.parametrize(
    "given",
    [
        (0, {}, False),
        (3, {}, False),
        (9, {}, False),
        (0, {"a": 1}, False),
        (1, {}, True),
    ],
)
def test_an_empty_call_takes_time(given: tuple[int, dict[str, Any], bool]) -> None:
    arguments, named, own = given
    assert clock.empty_call(arguments, named, own=own) > 0


# ---------------------------------------------------------------- intervals


def drawn(rng: random.Random, n: int, *, alike: float) -> list[float]:
    values, state = [], rng.gauss(0, 1)
    for _ in range(n):
        state = alike * state + (1 - alike**2) ** 0.5 * rng.gauss(0, 1)
        values.append(100 + state)
    return values


@pytest.mark.parametrize(("alike", "least"), [(0.0, 0.93), (0.6, 0.88)])
def test_the_interval_covers_what_it_says_as_far_as_samples_tell(alike: float, least: float) -> None:
    """Of samples that resemble those before them, an interval of independent ones covers two thirds."""
    rng, rounds = random.Random(7), 400
    stretched = plain = 0
    for _ in range(rounds):
        values = drawn(rng, 50, alike=alike)
        low, high = in_process.interval(values) or (0, 0)
        stretched += low <= 100 <= high
        low, high = stats.interval(values, 0.95)
        plain += low <= 100 <= high
    assert stretched / rounds >= least
    assert not alike or plain < stretched - 0.15 * rounds


def test_the_interval_holds_its_median_and_needs_six() -> None:
    rng = random.Random(3)
    for n in range(6, 40):
        values = [rng.expovariate(1) for _ in range(n)]
        low, high = in_process.interval(values) or (0, 0)
        assert low <= statistics.median(values) <= high
    assert in_process.interval([1.0] * 5) is None


# ---------------------------------------------------------------- claims


def inconclusive(sentence: str) -> NoReturn:
    raise RuntimeError(sentence)


def speedup(low: float | None, high: float | None) -> Speedup:
    estimate = Estimate(
        value=2.0, low=low, high=high, confidence=0.95, n=9, method="", sure_low=low, sure_high=high
    )
    return Speedup(estimate, "slow → fast", inconclusive)


def test_a_speedup_is_compared_by_its_interval() -> None:
    found = speedup(1.8, 2.2)
    assert found > 1.7
    assert found >= 1.7
    assert not found < 1.7
    assert found < 2.3
    assert found <= 2.3
    assert not found > 2.3
    assert 1.7 < found  # noqa: SIM300  the other way round is what is tried
    assert (found.low, found.high, found.value, found.sure_low, found.sure_high) == (1.8, 2.2, 2.0, 1.8, 2.2)
    assert float(found) == 2.0
    assert repr(found.beyond(1.7)) == "<holds: slow → fast: 2.0x [1.8, 2.2], surely above 1.7x>"


@pytest.mark.parametrize("ends", [(1.8, 2.2), (None, None), (2.0, 2.0)])
def test_what_the_interval_holds_is_not_decided_in_either_direction(
    ends: tuple[float | None, float | None],
) -> None:
    found = speedup(*ends)
    assert found.beyond(2.0).state == "inconclusive"
    for ask in (lambda: found > 2, lambda: found < 2, lambda: found >= 2, lambda: not found <= 2):
        with pytest.raises(RuntimeError, match="slow → fast"):
            ask()


# ---------------------------------------------------------------- files


def timing(test: str = "test_a.py::test_b", median_s: float = 1.0, **more: Any) -> InProcessTiming:
    return InProcessTiming(test=test, median_s=median_s, samples=6, calls=1, **more)


def of(*timings: InProcessTiming, tool: str = "perfkit 1", **host: Any) -> BenchmarkFile:
    return BenchmarkFile(tool=tool, timings=timings, host=BenchmarkHost(**host))


def test_timings_are_read_as_they_were_written(tmp_path: Path) -> None:
    content = of(timing(low_s=0.9, high_s=1.1, values_s=(1.0, 1.1), tracers=("sys.settrace",)), python="3.11")
    assert benchmarks.read(benchmarks.write(tmp_path / "deep" / "a.json", content)) == content


def theirs(**changes: Any) -> dict[str, Any]:
    one = {
        "fullname": "test_a.py::test_b",
        "stats": {"median": 2.0, "rounds": 7, "iterations": 3, "data": [2.0, 1.9, 2.1, 2.0, 2.2, 1.8, 2.0]},
        "options": {"disable_gc": True},
    }
    return {
        "benchmarks": [{**one, **changes}],
        "version": "5.1.0",
        "datetime": "2026-01-02T03:04:05",
        "machine_info": {"python_version": "3.12.1", "cpu": {"brand_raw": "A processor", "count": 2}},
        "commit_info": {"id": "unversioned", "dirty": None},
    }


def test_a_file_of_pytest_benchmarks_is_read(tmp_path: Path) -> None:
    file = tmp_path / "theirs.json"
    file.write_text(json.dumps(theirs()))
    found = benchmarks.read(file)
    (one,) = found.timings
    assert found.tool == "pytest-benchmark 5.1.0"
    assert found.host == BenchmarkHost(python="3.12.1", cpu="A processor")
    assert (one.test, one.median_s, one.samples, one.calls) == ("test_a.py::test_b", 2.0, 7, 3)
    assert one.garbage_collected is False
    assert one.low_s is not None
    assert one.low_s <= 2.0
    file.write_text(json.dumps(theirs(stats={"median": 2.0, "rounds": 7})))
    assert benchmarks.read(file).timings[0].low_s is None


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "no JSON"),
        ("[1]", "holds no timings"),
        ('{"a": 1}', "holds no timings"),
        ('{"schema": 99, "timings": []}', "newer perfkit"),
        ('{"schema": 1, "timings": [{"test": 1}]}', "damaged"),
        ('{"benchmarks": [{"fullname": "a"}]}', "no file of pytest-benchmark's"),
        ('{"benchmarks": [{"fullname": "a", "stats": {"median": -1, "rounds": 1}}]}', "no file of pytest"),
    ],
)
def test_what_holds_no_timings_is_said_in_a_sentence(tmp_path: Path, content: str, sentence: str) -> None:
    file = tmp_path / "bad.json"
    file.write_text(content)
    with pytest.raises(StoreError, match=sentence):
        benchmarks.read(file)


def test_names_and_percentages_are_checked(tmp_path: Path) -> None:
    assert benchmarks.place(tmp_path, "v1.2+x") == tmp_path / "pytest" / "v1.2+x.json"
    for name in ("", "../a", "a/b", "a b", ".hidden"):
        with pytest.raises(UsageError, match="no name"):
            benchmarks.place(tmp_path, name)
    assert [benchmarks.share("--x", one) for one in ("20%", "0.2", " 150 % ", "0")] == [0.2, 0.2, 1.5, 0]
    for text in ("20", "x", "-1%", "nan", "inf%"):
        with pytest.raises(UsageError, match="write 20%"):
            benchmarks.share("--x", text)


def test_a_folder_is_named_after_a_test() -> None:
    assert folder_name("tests/test_a.py::TestB::test_c[1-x/y]") == "tests.test_a.py.TestB.test_c-1-x.y"
    assert folder_name("../..") == "test"


# ---------------------------------------------------------------- earlier beside later


def test_timings_are_matched_by_test_and_place() -> None:
    before = of(timing(median_s=3.0), timing(index=1, median_s=8.0), timing("gone"))
    after = of(timing(index=1, median_s=2.0), timing("new"))
    again, new, first, gone = unpaired.match(before, after)
    assert (again.name, again.ratio) == ("test_a.py::test_b #2", 4.0)
    assert (new.before, new.ratio) == (None, None)
    assert [first.after, gone.after] == [None, None]
    assert gone.name == "gone"


def test_a_traced_timing_has_no_ratio_and_other_differences_are_told() -> None:
    (traced,) = unpaired.match(of(timing()), of(timing(tracers=("sys.settrace",))))
    assert traced.ratio is None
    assert "now traced by sys.settrace" in traced.caveats[0]
    (other,) = unpaired.match(
        of(timing(own_inputs=True, garbage_collected=False)), of(timing(garbage_collected=True))
    )
    assert other.ratio == 1.0
    assert other.caveats == (
        "then each call had inputs of its own, now all had the same",
        "garbage collection was off then",
    )
    (unknown,) = unpaired.match(of(timing()), of(timing(garbage_collected=True)))
    assert unknown.caveats == ()


def test_what_else_changed_is_told() -> None:
    before = of(
        tool="pytest-benchmark 5", python="3.11", implementation="CPython", cpu="A", platform="Linux 6.1"
    )
    after = of(python="3.12", implementation="CPython", cpu="B", platform="Linux-6.1-x86")
    assert unpaired.changed(before, after) == (
        "another Python: CPython 3.11 then, CPython 3.12 now",
        "another processor: A then, B now",
        "another tool, which takes samples otherwise: pytest-benchmark 5 then, perfkit 1 now",
    )
    assert unpaired.changed(before, before) == ()
    assert unpaired.changed(before, of(tool="pytest-benchmark 6")) == ()


@pytest.mark.parametrize(("now", "slower"), [(1.19, False), (1.21, True), (0.5, False), (0.0, None)])
def test_slower_is_beyond_the_limit(now: float, slower: bool | None) -> None:
    (pair,) = unpaired.match(of(timing()), of(timing(median_s=now)))
    assert unpaired.slower(pair, 0.2) is slower
