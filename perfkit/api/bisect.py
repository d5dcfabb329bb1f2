"""Find the commit that made a benchmark slower: each question of the search is a paired comparison."""

from __future__ import annotations

import dataclasses
import math
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit import catalog
from perfkit.analyse import bisection, stats
from perfkit.api import bisect_benchmark
from perfkit.api.bench import TIMEOUT_S, Bench, ignore
from perfkit.api.descent import Descent
from perfkit.api.pairs import Measurement, Plan
from perfkit.catalog import repositories, revisions
from perfkit.errors import RunError, UsageError
from perfkit.measure import environment, interpreters
from perfkit.model import Bisection, BisectionStep, Event, Pipeline
from perfkit.store import new_id, timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perfkit.catalog.revisions import Repository
    from perfkit.model import (
        BisectionAnswer,
        BisectionQuestion,
        BisectionVerdict,
        Commit,
        Estimate,
        Parameters,
        Variant,
    )

BUDGET_S = 180.0
"""For each comparison."""


def bisect(
    good: str,
    bad: str,
    arguments: Sequence[str] = (),
    *,
    start: Path | None = None,
    stage: str = "",
    pipeline: str | None = None,
    variant: str = "",
    own: bool = False,
    python: str = "",
    budget_s: float = BUDGET_S,
    overrides: Parameters | None = None,
    seed: int = 0,
    timeout_s: float = TIMEOUT_S,
    listener: Callable[[Event], None] = ignore,
    command: Sequence[str] = (),
) -> Bisection:
    """Find the commit between two that made a benchmark, or one of its stages, slower.

    The last commit is compared with the first; if it is slower, a binary search along first parents compares
    the first with one commit after the other, into the branch that a merge brought in if it was the merge;
    the culprit is compared with its parent.

    Parameters
    ----------
    good, bad
        The first and the last commit: any words that git understands. The first is the last's ancestor.
    arguments
        The benchmark's file, and its own arguments. Without any, a configured pipeline is run.
    start
        The folder to which the file's path is relative; the current one without it.
    stage
        A stage that the benchmark declares, or a function: ``extract``, ``pkg.mod:Class.method``.
    pipeline, variant
        Which variant of which configured pipeline, where no file is named.
    own
        Whether each commit runs its own copy of the benchmark, instead of the one that lies here.
    python
        The interpreter; perfkit's own without it.
    budget_s
        For each comparison.
    overrides, seed, timeout_s, listener
        As for `perfkit.api.bench.Bench`.
    command
        What the user typed, for the report.

    Returns
    -------
    Bisection
        Its runs are in the store.

    Raises
    ------
    UsageError
        If a commit or the benchmark does not exist, or the first is no ancestor of the last.
    RunError
        If the first or the last commit cannot be built or run.
    """
    folder = (start or Path.cwd()).resolve()
    repository = revisions.find(folder)
    ends = _ends(repository, good, bad)
    project = catalog.open_project(folder)
    if arguments:
        what = bisect_benchmark.from_file(repository, folder, ends[1], arguments, own=own)
        chosen = Pipeline(name=what.pipeline, variants={})
    else:
        chosen = catalog.find_pipeline(project, pipeline)
        what = bisect_benchmark.from_pipeline(repository, project, chosen, variant)
    what = bisect_benchmark.with_stage(what, repository, ends[1], stage)
    if python:
        what = dataclasses.replace(what, python=interpreters.find(python).executable)
    bench = Bench(
        project=project,
        pipeline=dataclasses.replace(chosen, target=None),  # of a rewrite, and not of commits
        overrides=overrides or {},
        seed=seed,
        timeout_s=timeout_s,
        listener=listener,
    )
    return _Bisector(repository, bench, what, ends, budget_s).search(command)


# ---------------------------------------------------------------- what is asked


def _ends(repository: Repository, good: str, bad: str) -> tuple[Commit, Commit]:
    first, last = (revisions.resolve(repository, one) for one in (good, bad))
    if first == last:
        raise UsageError(f"{good} and {bad} are the same commit: there is nothing to search")
    if not revisions.is_ancestor(repository, first, last):
        if revisions.is_ancestor(repository, last, first):
            raise UsageError(f"{bad} is older than {good}: name the older, quicker one first")
        base = revisions.merge_base(repository, first, last, f"{good} and {bad}")
        short = repositories.commit(repository, base).short
        raise UsageError(
            f"{good} is no ancestor of {bad}: begin where they parted, perfkit bisect {short} {bad}"
        )
    return repositories.commit(repository, first), repositories.commit(repository, last)


# ---------------------------------------------------------------- asking

_OF_ENDS: dict[BisectionAnswer, BisectionVerdict] = {
    "slow": "range",
    "good": "not slower",
    "undecided": "inconclusive",
}


@dataclasses.dataclass(frozen=True, slots=True)
class _History:
    """A repository, as a search asks it."""

    repository: Repository

    def line(self, good: str, bad: str) -> Sequence[Commit]:
        return repositories.line(self.repository, good, bad)

    def commit(self, whole: str) -> Commit:
        return repositories.commit(self.repository, whole)

    def is_ancestor(self, old: str, new: str) -> bool:
        return repositories.is_ancestor(self.repository, old, new)

    def merge_base(self, one: str, other: str) -> str:
        return repositories.merge_base(self.repository, one, other)


class _Bisector:
    """One search."""

    def __init__(
        self,
        repository: Repository,
        bench: Bench,
        what: bisect_benchmark.Benchmark,
        ends: tuple[Commit, Commit],
        budget_s: float,
    ) -> None:
        self._repository = repository
        self._bench = bench
        self._what = what
        self._good, self._bad = ends
        self._budget_s = budget_s
        self._variants: dict[str, Variant] = {}
        self._steps: list[BisectionStep] = []
        self._notes: list[str] = []
        self._limit = 1.0

    def search(self, command: Sequence[str]) -> Bisection:
        """Ask until there is nothing more to ask."""
        started_at, begin = timestamp(), time.monotonic()
        verdict: BisectionVerdict = "inconclusive"
        suspects: tuple[Commit, ...] = ()
        parent: Commit | None = None
        descent = Descent(_History(self._repository), self._good, self._bad, self._between)
        interrupted = False
        try:
            whole = self._compare("ends")
            verdict = _OF_ENDS[whole.outcome]
            if whole.outcome == "slow" and whole.speedup is not None:
                self._limit = bisection.limit(self._size(whole.speedup).value)
                suspects, parent = descent.search()
                if parent is not None:
                    verdict = self._confirm(whole, suspects[0], parent)
        except KeyboardInterrupt:
            if not self._steps:
                raise
            interrupted, suspects = True, descent.suspects
            verdict = "not confirmed" if len(suspects) == 1 else verdict
        share, between = self._share(verdict)
        return Bisection(
            id=new_id("bisection"),
            verdict=verdict,
            pipeline=self._bench.pipeline.name,
            benchmark=self._what.place,
            arguments=self._what.arguments,
            stage=self._what.stage,
            good=self._good,
            bad=self._bad,
            candidates=descent.candidates,
            steps=tuple(self._steps),
            suspects=suspects,
            parent=parent,
            share=share,
            share_interval=between,
            changed=repositories.changed(self._repository, suspects[0]) if len(suspects) == 1 else (),
            error=bisection.ERROR,
            smallest_effect=stats.SMALLEST_EFFECT,
            budget_s=self._budget_s,
            seed=self._bench.seed,
            started_at=started_at,
            duration_s=time.monotonic() - begin,
            environment=environment.look(self._repository.root, self._files()),
            command=shlex.join(command),
            interrupted=interrupted,
            notes=(*self._notes, *descent.notes),
        )

    def _compare(self, kind: BisectionQuestion, pair: tuple[Commit, Commit] | None = None) -> BisectionStep:
        """Compare two commits directly, the ends if no others are named; what fails is an error."""
        against, commit = pair or (self._good, self._bad)
        plan = Plan(budget_s=self._budget_s, decided_is_enough=True, timed=self._what.stage)
        begin = time.monotonic()
        try:
            measured = self._measure(against, commit, plan)
        except (RunError, UsageError) as error:
            message = f"{error} (comparing {against.short} with {commit.short})"
            if isinstance(error, RunError):
                raise RunError(message, error.details) from error
            raise UsageError(message) from error
        step = self._step(kind, (against, commit), plan, begin, measured=measured)
        found = step.speedup
        answer: BisectionAnswer = "undecided"
        if found is not None:
            said = stats.verdict(found)
            answer = "slow" if said == "slower" else "undecided" if said == "inconclusive" else "good"
        reason = measured.stopped_because if answer == "undecided" else ""
        self._steps.append(dataclasses.replace(step, outcome=answer, reason=reason))
        return self._steps[-1]

    def _size(self, first: Estimate) -> Estimate:
        """Return how much slower the last commit is, from pairs that did not decide whether it is.

        What ends as soon as it shows a slowdown shows too large a one; and a limit that is not half-way is
        hard to tell from one of the two sides.
        """
        precision = bisection.precision(first)
        if stats.half_width(first) <= precision:
            return first
        plan = Plan(budget_s=self._budget_s, precision=precision, timed=self._what.stage)
        begin, pair = time.monotonic(), (self._good, self._bad)
        step = self._step("size", pair, plan, begin, measured=self._measure(*pair, plan))
        self._steps.append(dataclasses.replace(step, outcome="slow"))
        second = step.speedup
        return second if second is not None and second.value < 1 else first

    def _between(self, kind: BisectionQuestion, commit: Commit, error: float) -> BisectionAnswer:
        """Say whether a commit is good or slow; one that cannot be built or run is skipped."""
        plan = Plan(
            budget_s=self._budget_s,
            smallest_effect=math.inf,  # only the limit matters
            decided_is_enough=True,
            limits=(self._limit,),
            timed=self._what.stage,
            error=error,
        )
        begin, pair = time.monotonic(), (self._good, commit)
        try:
            measured = self._measure(*pair, plan)
        except (RunError, UsageError) as failed:
            step = self._step(kind, pair, plan, begin, reason=str(failed))
        else:
            step = self._step(kind, pair, plan, begin, measured=measured)
            answer = bisection.answer(measured.estimate(), self._limit)
            reason = measured.stopped_because if answer == "undecided" else ""
            step = dataclasses.replace(step, outcome=answer, reason=reason)
        self._steps.append(dataclasses.replace(step, limit=self._limit))
        return step.outcome

    def _confirm(self, whole: BisectionStep, culprit: Commit, parent: Commit) -> BisectionVerdict:
        """Compare the culprit with its parent, if these are not the ends, which have been compared."""
        if (culprit, parent) == (whole.commit, whole.against):
            return "found"
        try:
            found = self._compare("confirmation", (parent, culprit))
        except (RunError, UsageError) as failed:
            self._notes.append(f"The culprit could not be compared with {parent.short}: {failed}.")
            return "not confirmed"
        return "found" if found.outcome == "slow" else "not confirmed"

    def _share(self, verdict: BisectionVerdict) -> tuple[float | None, tuple[float, float] | None]:
        if verdict != "found":
            return None, None
        ends = [one for one in self._steps if one.kind in {"ends", "size"}]
        whole, culprit = ends[-1].speedup, self._steps[-1].speedup
        return (None, None) if whole is None or culprit is None else bisection.share(culprit, whole)

    # ------------------------------------------------------------ measuring

    def _measure(self, against: Commit, commit: Commit, plan: Plan) -> Measurement:
        self._announce(commit)
        sides = {"baseline": self._variant(against), "contender": self._variant(commit)}
        measured = Measurement(self._bench, sides, plan, comparing=False)  # type: ignore[arg-type]
        measured.measure()
        return measured

    def _announce(self, commit: Commit) -> None:
        """Tell that a commit is made ready, which may take long."""
        if commit.id not in self._variants:
            doing = f"{commit.short}: checking out and building"
            self._bench.listener(Event(phase="measuring", doing=doing, done=len(self._steps), of=None))

    def _step(
        self,
        kind: BisectionQuestion,
        pair: tuple[Commit, Commit],
        plan: Plan,
        begin: float,
        *,
        measured: Measurement | None = None,
        reason: str = "",
    ) -> BisectionStep:
        """Return what is known of a step but for its outcome."""
        return BisectionStep(
            kind=kind,
            commit=pair[1],
            against=pair[0],
            outcome="skipped",
            speedup=None if measured is None else measured.estimate(),
            limit=None,
            error=plan.error,
            reason=reason,
            duration_s=time.monotonic() - begin,
            baseline_runs=() if measured is None else tuple(one.id for one in measured.baseline_runs),
            contender_runs=() if measured is None else tuple(one.id for one in measured.contender_runs),
        )

    def _files(self) -> list[Path]:
        return [Path(one.root, one.path) for one in self._variants.values()][:1]

    def _variant(self, commit: Commit) -> Variant:
        """Return a commit's variant: checked out, built if need be, with the benchmark put in."""
        if commit.id not in self._variants:
            made, notes = bisect_benchmark.make(self._what, self._repository, commit)
            self._variants[commit.id] = made
            self._notes += [one for one in notes if one not in self._notes]
        return self._variants[commit.id]
