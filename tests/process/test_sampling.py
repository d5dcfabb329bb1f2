"""Forked and warm samples from real processes: what they are, when they are refused, how they end."""

from __future__ import annotations

import dataclasses
import itertools
import os
import sys
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from perfkit import catalog
from perfkit.api import timing
from perfkit.api.bench import Bench
from perfkit.api.pairs import Measurement, Plan
from perfkit.api.timing import Sampler
from perfkit.errors import PerfkitError, RunError
from perfkit.measure import schedule
from perfkit.measure.forks import ForkingUnsafeError, ForkServer
from perfkit.model import Sampling
from tests.pipelines import project, running

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.model import TimingRun

forking = pytest.mark.skipif(sys.platform != "linux", reason="forks are taken on Linux alone")
FORK = Sampling(launch="fork", group=4)

COUNTER = """
import os, random, tempfile
seen = []

def run(inputs):
    seen.append(1)
    marker = os.path.join(tempfile.gettempdir(), "marker")
    found = os.path.exists(marker)
    open(marker, "w").close()
    home = os.path.expanduser("~")
    return {
        "calls": len(seen), "pid": os.getpid(), "parent": os.getppid(), "found": float(found),
        "home": float(bool(os.listdir(home))), "draw": random.random(), "first": inputs[0],
    }
"""


def bench(root: Path, **settings: object) -> Bench:
    found = catalog.open_project(root)
    return Bench(project=found, pipeline=catalog.find_pipeline(found, None), **settings)  # type: ignore[arg-type]


def take(root: Path, sampling: Sampling, n: int = 4, variant: str = "optimized") -> list[TimingRun]:
    place = bench(root)
    with Sampler(place, sampling) as sampler:
        plans = itertools.islice(schedule.plan(0, sampling.group), n)
        return [sampler.take(place.variant(variant), plan) for plan in plans]


def measured(root: Path, plan: Plan, **settings: object) -> Measurement:
    place = bench(root, **settings)
    sides = {"baseline": place.variant("baseline"), "contender": place.variant("optimized")}
    made = Measurement(place, sides, plan, comparing=True)  # type: ignore[arg-type]
    made.measure()
    return made


@forking
def test_forks_are_pristine_and_of_one_parent_a_group(tmp_path: Path) -> None:
    runs = take(project(tmp_path, optimized=COUNTER), FORK, n=8)
    metrics = [run.metrics for run in runs]
    assert [one["calls"] for one in metrics] == [1.0] * 8
    assert [one["found"] for one in metrics] == [0.0] * 8
    assert [one["home"] for one in metrics] == [0.0] * 8
    assert len({one["pid"] for one in metrics}) == 8
    parents = [one["parent"] for one in metrics]
    assert parents[:4] == [parents[0]] * 4
    assert parents[4:] == [parents[4]] * 4
    assert parents[0] != parents[4]
    assert {run.launch for run in runs} == {"fork"}


@forking
def test_a_fork_draws_and_is_given_what_a_fresh_process_is(tmp_path: Path) -> None:
    root = project(tmp_path, optimized=COUNTER)
    forked = [run.metrics for run in take(root, FORK)]
    spawned = [run.metrics for run in take(root, dataclasses.replace(FORK, launch="spawn"))]
    for name in ("draw", "first", "calls", "found", "home"):
        assert [one[name] for one in forked] == [one[name] for one in spawned]


@forking
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise ValueError('no')", "raised ValueError: no (seed"),
        ("os._exit(7)", "ended with exit status 7 without a reply"),
        ("os.kill(os.getpid(), 9)", "was killed by SIGKILL (out of memory?)"),
        ("os.write(int(sys.argv[-1]) if len(sys.argv) > 2 else 2, b'x'); sys.exit(3)", "SystemExit"),
    ],
)
def test_a_fork_that_ends_badly(tmp_path: Path, body: str, words: str) -> None:
    root = project(tmp_path, optimized=running(body))
    with pytest.raises(PerfkitError, match=r"optimized/squares\.py") as caught:
        take(root, FORK)
    assert words in str(caught.value)
    assert bench(root).store.run_ids() == []


@forking
def test_a_fork_that_hangs_is_killed_with_its_server(tmp_path: Path) -> None:
    root = project(tmp_path, optimized=running("time.sleep(600)"))
    place = bench(root, timeout_s=2.0)
    with (
        pytest.raises(RunError, match="did not finish within 2 s"),
        Sampler(place, FORK) as sampler,
    ):
        sampler.take(place.variant("optimized"), next(schedule.plan(0, 4)))
    assert not [
        one
        for one in psutil.Process().children(recursive=True)
        if "measure.worker" in " ".join(one.cmdline())
    ]


@forking
def test_an_import_that_fails_is_told_as_in_a_process_of_its_own(tmp_path: Path) -> None:
    root = project(tmp_path, optimized="import nowhere_to_be_found")
    with pytest.raises(RunError, match="could not be imported: ModuleNotFoundError"):
        take(root, FORK)


@forking
def test_threads_of_the_import_forbid_forks(tmp_path: Path) -> None:
    threaded = """
    import threading, time
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    def run(inputs): return {"mean": 0.5, "total": sum(x * x for x in inputs)}
    """
    root = project(tmp_path, optimized=threaded)
    with pytest.raises(ForkingUnsafeError, match="leaves 1 thread running"):
        take(root, FORK)
    found = measured(root, Plan(forking=True, pairs=2))
    assert found.sampling.launch == "spawn"
    assert "forks were asked for, but importing it leaves 1 thread running" in found.sampling.reasons[0]
    assert len(found.pairs) == 2


@forking
@pytest.mark.parametrize(
    ("held", "words"),
    [
        ("open(__file__)", "optimized/squares.py open, which all forks would share"),
        ("__import__('socket').socket()", "a socket open"),
        ("__import__('mmap').mmap(-1, 4096)", "shared memory open"),
    ],
)
def test_what_forks_would_share_forbids_them(tmp_path: Path, held: str, words: str) -> None:
    root = project(tmp_path, optimized=f"HELD = {held}\ndef run(inputs): return {{'mean': 0.5}}")
    with pytest.raises(ForkingUnsafeError, match="importing it leaves") as caught:
        take(root, FORK)
    assert words in str(caught.value)


@forking
def test_what_the_import_makes_at_home_lasts_as_long_as_its_group(tmp_path: Path) -> None:
    cached = """
    import tempfile
    from pathlib import Path
    CACHE = Path.home() / ".cache" / "x"
    CACHE.mkdir(parents=True)
    FOLDER = Path(tempfile.mkdtemp())
    def run(inputs): return {"there": float(CACHE.is_dir() and FOLDER.is_dir())}
    """
    assert [run.metrics["there"] for run in take(project(tmp_path, optimized=cached), FORK)] == [1.0] * 4


@forking
def test_a_later_group_that_cannot_fork_starts_the_comparison_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    class Moody(ForkServer):
        def __init__(self, *arguments: Any) -> None:
            made.append(1)
            if len(made) == 5:
                raise ForkingUnsafeError("importing it leaves 1 thread running")
            super().__init__(*arguments)

    monkeypatch.setattr(timing, "ForkServer", Moody)
    found = measured(project(tmp_path), Plan(forking=True, pairs=12))
    assert len(made) == 5
    assert {run.launch for run in (*found.baseline_runs, *found.contender_runs)} == {"spawn"}
    assert [pair.plan.group for pair in found.pairs] == list(range(12))


@forking
def test_a_comparison_takes_forks_where_asked(tmp_path: Path) -> None:
    found = measured(project(tmp_path), Plan(forking=True, pairs=6))
    assert {run.launch for run in (*found.baseline_runs, *found.contender_runs)} == {"fork"}
    assert found.trial is not None
    assert len(found.pairs) == 6
    assert {pair.result.verdict for pair in found.pairs if pair.result} == {"identical"}


def test_warm_repeats_have_inputs_of_their_own_and_leave_the_first_out(tmp_path: Path) -> None:
    warm = """
    import time
    calls, seeds = [], []
    def run(inputs):
        calls.append(1)
        seeds.append(inputs[0])
        if len(calls) == 1:
            time.sleep(0.3)
        return {"calls": len(calls), "seeds": len(set(seeds))}
    """
    (run,) = take(project(tmp_path, optimized=warm), Sampling(repeats=4), n=1)
    assert run.metrics == {"calls": 5.0, "seeds": 5.0}
    assert run.repeats == 4
    assert run.first_s >= 0.3
    assert run.run_s < run.first_s
    assert run.process_s >= run.first_s


def test_stages_of_warm_repeats_add_up_to_one_call(tmp_path: Path) -> None:
    (run,) = take(project(tmp_path), Sampling(repeats=5), n=1)
    assert [stage.calls for stage in run.stages] == [1, 1]
    assert sum(stage.total_s for stage in run.stages) <= run.run_s


def test_a_run_that_is_too_short_is_taken_warm_and_says_so(tmp_path: Path) -> None:
    found = measured(project(tmp_path), Plan(pairs=2), overrides={"n": 20})
    assert found.sampling.repeats > 1
    assert found.trial is not None
    assert {run.repeats for run in found.baseline_runs} == {found.sampling.repeats}


@pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2, reason="needs two cores"
)
def test_both_sides_of_a_block_are_kept_on_one_core(tmp_path: Path) -> None:
    runs = take(project(tmp_path), Sampling(pinned=True), n=8)
    cores = [run.cpu for run in runs]
    assert None not in cores
    assert cores[::2] == cores[1::2]


def test_a_budget_shorter_than_one_pair_leaves_one(tmp_path: Path) -> None:
    slow = running("time.sleep(0.2); return {'total': 1, 'mean': 0.5}")
    found = measured(project(tmp_path, optimized=slow), Plan(budget_s=0.05))
    assert len(found.pairs) == 1
    assert found.stopped_because == "the budget of 0.05 s is shorter than one pair takes"
