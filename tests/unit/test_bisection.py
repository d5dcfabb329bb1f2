"""The decisions of a search through the history, on simulated histories and simulated noise."""

from __future__ import annotations

import dataclasses
import itertools
import math
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from perfkit import model
from perfkit.analyse import bisection
from perfkit.api import bisect, pairs
from perfkit.api.bench import Bench
from perfkit.api.bisect_benchmark import Benchmark
from perfkit.api.descent import Descent
from perfkit.catalog import Project
from perfkit.errors import BuildError, RunError
from tests import builders

# ---------------------------------------------------------------- the pieces


def test_the_limit_lies_half_way_in_factors() -> None:
    assert bisection.limit(0.25) == 0.5
    assert math.isclose(bisection.limit(1 / 1.1) ** 2, 1 / 1.1)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.4, 0.6, "slow"),
        (0.8, 1.1, "good"),
        (0.9, 3.0, "good"),  # quicker than the first one
        (0.6, 0.8, "undecided"),
        (None, None, "undecided"),
        (0.5, 0.5, "undecided"),  # a clock too coarse to tell pairs apart
    ],
)
def test_an_answer_is_what_the_interval_carries(low: float | None, high: float | None, expected: str) -> None:
    found = builders.estimate(0.7, low, high)
    found = dataclasses.replace(found, sure_low=low, sure_high=high)
    assert bisection.answer(found, 0.7) == expected


def test_the_error_of_all_answers_never_exceeds_what_was_laid_down() -> None:
    for counts in ([4], [1, 1, 1, 1], [10, 3, 2], [2]):
        allowance, taken = bisection.Allowance(0.04), 0.0
        for count in counts:
            allowance.plan(count)
            taken += sum(allowance.take() for _ in range(3 * count))  # thrice as many as planned
        assert 0 < taken < 0.04
        assert math.isclose(taken + allowance.left, 0.04)


def test_an_answer_that_was_none_costs_nothing() -> None:
    allowance = bisection.Allowance(0.04)
    allowance.plan(4)
    first = allowance.take()
    allowance.give_back()
    assert allowance.left == pytest.approx(0.04)
    assert allowance.take() == first == 0.005


@pytest.mark.parametrize("n", [1, 2, 3, 7, 15, 64, 1000])
def test_a_search_finds_each_place_in_few_steps(n: int) -> None:
    for first_slow in {0, n // 3, n - 1}:
        search, asked = bisection.Search(n), []
        while (at := search.next()) is not None:
            asked.append(at)
            search.tell(at, "slow" if at >= first_slow else "good")
        assert list(search.suspects) == [first_slow]
        assert search.last_good == first_slow - 1
        assert len(asked) == len(set(asked)) <= bisection.questions(n)


def test_what_gives_no_answer_leaves_a_range() -> None:
    search = bisection.Search(9)
    for at in iter(search.next, None):
        search.tell(at, "skipped" if at in {3, 4} else "slow" if at >= 4 else "good")
    assert list(search.suspects) == [3, 4, 5]
    search = bisection.Search(9)
    for at in iter(search.next, None):
        search.tell(at, "undecided")
    assert list(search.suspects) == list(range(9))


def test_the_share_of_the_whole_slowdown() -> None:
    culprit, whole = builders.estimate(0.5, 0.4, 0.6), builders.estimate(0.25, 0.2, 0.3)
    value, between = bisection.share(culprit, whole)
    assert value == pytest.approx(0.5)
    assert between is not None
    assert between[0] < 0.5 < between[1]
    assert bisection.share(builders.estimate(0.5, None, None), whole)[1] is None


# ---------------------------------------------------------------- histories


@dataclass
class Graph:
    """A history: by name of a commit its parents, the first one first; the first commit is the first."""

    parents: dict[str, tuple[str, ...]]
    trees: dict[str, str] = field(default_factory=dict)

    def commit(self, whole: str) -> model.Commit:
        return model.Commit(
            id=whole,
            short=whole,
            tree=self.trees.get(whole, f"tree of {whole}"),
            parents=self.parents[whole],
            author="A",
            date="2026-01-02T03:04:05+00:00",
            subject=f"commit {whole}",
        )

    def _ancestors(self, one: str) -> set[str]:
        return {one}.union(*(self._ancestors(parent) for parent in self.parents[one]))

    def is_ancestor(self, old: str, new: str) -> bool:
        return old in self._ancestors(new)

    def merge_base(self, one: str, other: str) -> str:
        common = self._ancestors(one) & self._ancestors(other)
        return next(name for name in reversed(self.parents) if name in common)

    def line(self, good: str, bad: str) -> list[model.Commit]:
        found, at = [], bad
        while at != good and self.is_ancestor(good, at):
            found.append(self.commit(at))
            if not self.parents[at]:
                break
            at = self.parents[at][0]
        return found[::-1]

    def search(self, good: str, bad: str, slow: set[str], without: dict[str, str] | None = None) -> Descent:
        def ask(kind: str, commit: model.Commit, error: float) -> str:
            self.asked.append(commit.id)
            assert error > 0
            return (without or {}).get(commit.id) or ("slow" if commit.id in slow else "good")

        self.asked: list[str] = []
        found = Descent(self, self.commit(good), self.commit(bad), ask)  # type: ignore[arg-type]
        suspects, self.parent = found.search()
        self.found = [one.id for one in suspects]
        return found


# m1 - m2 - m3 ----- M - m4
#   \- s1 - s2 - s3 -/
MERGED = {
    "m1": (),
    "m2": ("m1",),
    "m3": ("m2",),
    "s1": ("m1",),
    "s2": ("s1",),
    "s3": ("s2",),
    "M": ("m3", "s3"),
    "m4": ("M",),
}


@pytest.mark.parametrize(
    ("slow", "found", "parent"),
    [
        ({"m3", "M", "m4"}, "m3", "m2"),
        ({"m4"}, "m4", "M"),
        ({"M", "m4"}, "M", "m3"),  # neither branch is slow by itself
        ({"s2", "s3", "M", "m4"}, "s2", "s1"),
        ({"s1", "s2", "s3", "M", "m4"}, "s1", "m1"),
    ],
)
def test_a_merge_is_searched_too(slow: set[str], found: str, parent: str) -> None:
    graph = Graph(MERGED)
    descent = graph.search("m1", "m4", slow)
    assert graph.found == [found]
    assert graph.parent == graph.commit(parent)
    assert len(graph.asked) == len(set(graph.asked))
    assert descent.candidates in {4, 7}


def test_the_first_commit_may_lie_on_the_branch_that_is_merged() -> None:
    graph = Graph(MERGED)
    graph.search("s1", "m4", {"m2", "m3", "M", "m4"})  # what the other line brought in
    assert graph.found == ["m2"]
    assert graph.parent == graph.commit("m1")
    graph.search("s1", "m4", {"s3", "M", "m4"})
    assert graph.found == ["s3"]


def test_a_branch_that_was_slow_before_it_began() -> None:
    graph = Graph(MERGED)
    found = graph.search("m2", "m4", {"m1", "s1", "s2", "s3", "M", "m4"})
    assert graph.found == ["M"]
    assert "slow already where it began" in found.notes[0]


def test_a_branch_that_cannot_be_judged() -> None:
    graph = Graph(MERGED)
    found = graph.search("m1", "m4", {"M", "m4"}, {"s3": "skipped"})
    assert graph.found == ["M"]
    assert "s3 could not be judged" in found.notes[0]


def test_commits_with_the_same_files_are_asked_once() -> None:
    line = {f"c{at}": (f"c{at - 1}",) if at else () for at in range(9)}
    graph = Graph(line, trees={"c4": "tree of c0", "c6": "tree of c8"})
    found = graph.search("c0", "c8", {"c5", "c6", "c7", "c8"})
    assert graph.found == ["c5"]
    assert not {"c4", "c6"} & set(graph.asked)
    assert "c4 has the same files as c0" in found.notes[0]


# ---------------------------------------------------------------- whole searches, with noise


class Machine:
    """Simulated time, and runs that take as long as their commit does, with noise."""

    def __init__(self, seed: int, noise: float, times_s: dict[str, float | BaseException]) -> None:
        self._draw = random.Random(seed)
        self._noise, self._times_s = noise, times_s
        self._ids = itertools.count()
        self.now = 0.0

    def __call__(self, _bench: object, _sampling: object) -> Machine:
        return self

    def __enter__(self) -> Machine:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def take(self, variant: model.Variant, *_: object, **__: object) -> model.TimingRun:
        time_s = self._times_s[variant.name]
        if isinstance(time_s, BaseException):
            raise time_s
        run_s = time_s * math.exp(self._draw.gauss(0, self._noise))
        self.now += run_s + 0.3
        stages = builders.stages(work=run_s / 2, rest=run_s / 2)
        return builders.timing_run(str(next(self._ids)), run_s=run_s, variant=variant, stages=stages)


@pytest.fixture
def simulate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    def run(
        seed: int,
        graph: Graph,
        times_s: dict[str, float | BaseException],
        *,
        noise: float = 0.03,
        budget_s: float = 300.0,
        stage: str = "",
    ) -> model.Bisection:
        machine = Machine(seed, noise, times_s)
        monkeypatch.setattr(pairs, "Sampler", machine)
        monkeypatch.setattr(pairs.time, "monotonic", lambda: machine.now)
        monkeypatch.setattr(bisect, "_History", lambda _: graph)
        monkeypatch.setattr(bisect.repositories, "changed", lambda *_: ())
        monkeypatch.setattr(bisect.environment, "look", lambda *_: builders.environment())

        def make(_what: object, _repository: object, commit: model.Commit) -> Any:
            broken = times_s[commit.id]
            if isinstance(broken, BuildError):
                raise broken
            return builders.variant(commit.short), ()

        monkeypatch.setattr(bisect.bisect_benchmark, "make", make)
        names = list(graph.parents)
        ends = graph.commit(names[0]), graph.commit(names[-1])
        bench = Bench(
            project=Project(root=tmp_path, pipelines={}),
            pipeline=model.Pipeline(name="demo", variants={}),
            seed=seed,
        )
        what = Benchmark(place="bench.py", content=b"", kind="script", pipeline="demo", stage=stage)
        repository: Any = dataclasses.make_dataclass("R", [("root", Path)])(tmp_path)
        return bisect._Bisector(repository, bench, what, ends, budget_s).search(("perfkit", "bisect"))

    return run


def straight(n: int) -> Graph:
    return Graph({f"c{at}": (f"c{at - 1}",) if at else () for at in range(n + 1)})


def test_the_right_commit_is_found_nearly_always_and_a_wrong_one_hardly_ever(simulate: Any) -> None:
    """A slowdown of 10 % under 3 % noise in each run: 5 % of the histories may end without an answer."""
    histories, right, wrong = 100, 0, 0
    for seed in range(histories):
        draw = random.Random(f"history {seed}")
        n = draw.randint(2, 60)
        culprit = draw.randint(1, n)
        times_s = {f"c{at}": 1.1 if at >= culprit else 1.0 for at in range(n + 1)}
        made = simulate(seed, straight(n), times_s)
        found = [one.id for one in made.suspects]
        right += made.verdict == "found" and found == [f"c{culprit}"]
        wrong += made.verdict == "found" and found != [f"c{culprit}"]
    assert right >= 0.95 * histories
    assert wrong <= 0.02 * histories


def test_where_nothing_became_slower_nothing_is_found(simulate: Any) -> None:
    verdicts = [
        simulate(seed, straight(8), {f"c{at}": 1.0 for at in range(9)}, budget_s=60.0).verdict
        for seed in range(100)
    ]
    assert "found" not in verdicts
    assert sum(one not in {"not slower", "inconclusive"} for one in verdicts) <= 3


def test_a_faster_last_commit_is_not_slower(simulate: Any) -> None:
    made = simulate(1, straight(8), {f"c{at}": 1.0 - at / 20 for at in range(9)})
    assert made.verdict == "not slower"
    assert made.suspects == ()
    assert [one.outcome for one in made.steps] == ["good"]


def test_what_cannot_be_built_or_run_is_skipped_and_may_leave_a_range(simulate: Any) -> None:
    times_s: dict[str, float | BaseException] = {f"c{at}": 2.0 if at >= 5 else 1.0 for at in range(10)}
    times_s["c4"] = BuildError("c4 cannot be built")
    times_s["c2"] = RunError("bench.py could not be imported: ImportError")
    made = simulate(2, straight(9), times_s)
    assert made.verdict == "range"
    assert [one.id for one in made.suspects] == ["c4", "c5"]
    skipped = {one.commit.id: one.reason for one in made.steps if one.outcome == "skipped"}
    assert skipped["c4"] == "c4 cannot be built"
    times_s["c4"] = 1.0
    assert simulate(2, straight(9), times_s).verdict == "found"


def test_a_first_commit_that_fails_is_an_error(simulate: Any) -> None:
    with pytest.raises(RunError, match=r"it broke \(comparing c0 with c3\)"):
        simulate(1, straight(3), {"c0": 1.0, "c1": 1.0, "c2": 1.0, "c3": RunError("it broke")})


def test_a_budget_that_does_not_do_is_told(simulate: Any) -> None:
    times_s = {"c0": 1.0, "c1": 1.0, "c2": 1.42, "c3": 1.42, "c4": 2.0}  # half-way lies 1.41
    made = simulate(3, straight(4), times_s, budget_s=60.0)
    undecided = [one for one in made.steps if one.outcome == "undecided"]
    assert [one.commit.id for one in undecided] == ["c2", "c3"]
    assert "budget of 60 s" in undecided[0].reason
    assert made.verdict == "range"
    assert [one.id for one in made.suspects] == ["c2", "c3", "c4"]


def test_the_culprit_may_have_made_a_part_of_the_slowdown(simulate: Any) -> None:
    times_s = {f"c{at}": 1.0 if at < 3 else 2.0 if at < 6 else 3.0 for at in range(9)}
    made = simulate(4, straight(8), times_s)
    assert [one.id for one in made.suspects] == ["c3"]
    assert made.share == pytest.approx(math.log(2) / math.log(3), abs=0.05)
    assert made.share_interval is not None
    assert made.share_interval[0] < made.share < made.share_interval[1]


def test_a_single_step_needs_no_second_comparison(simulate: Any) -> None:
    made = simulate(5, straight(1), {"c0": 1.0, "c1": 2.0})
    assert (made.verdict, len(made.steps), made.share) == ("found", 1, 1.0)


def test_a_stage_that_a_commit_lacks_is_skipped(simulate: Any) -> None:
    made = simulate(6, straight(4), {f"c{at}": 2.0 if at >= 3 else 1.0 for at in range(5)}, stage="work")
    assert (made.verdict, [one.id for one in made.suspects]) == ("found", ["c3"])


def test_an_interruption_keeps_what_is_known(simulate: Any) -> None:
    times_s: dict[str, float | BaseException] = {f"c{at}": 2.0 if at >= 5 else 1.0 for at in range(10)}
    times_s["c6"] = KeyboardInterrupt()
    made = simulate(7, straight(9), times_s)
    assert made.interrupted
    assert made.verdict == "range"
    assert [one.id for one in made.suspects] == ["c5", "c6", "c7", "c8", "c9"]
