"""Timed runs: each is in the store when it is returned."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
import site
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.api.alone import alone
from perfkit.api.bench import job, keep, with_seed
from perfkit.errors import UsageError
from perfkit.measure import schedule
from perfkit.measure.forks import ForkServer
from perfkit.measure.spawn import spawn, worker_environment
from perfkit.model import Event, Sampling, TimingRun
from perfkit.store import timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from perfkit.api.bench import Bench
    from perfkit.measure.spawn import Finished
    from perfkit.model import Job, PairPlan, Side, Variant


class Sampler:
    """Takes samples; keeps the fork servers of one group while it lasts.

    Parameters
    ----------
    sampling
        How.
    """

    def __init__(self, bench: Bench, sampling: Sampling) -> None:
        self._bench = bench
        self._sampling = sampling
        self._group = -1
        self._servers: dict[Side, ForkServer] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Sampler:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_group()

    def take(
        self,
        variant: Variant,
        plan: PairPlan,
        result_into: Path | None = None,
        *,
        side: Side = "baseline",
    ) -> TimingRun:
        """Time a variant once; the run is in the store when this returns.

        Parameters
        ----------
        side
            A variant that is compared with itself has a process of its own on each side.
        result_into
            An existing folder for what ``run`` returned, if it will be compared.

        Raises
        ------
        ForkingUnsafeError
            If forks are wanted and the variant cannot be forked.
        PerfkitError
            If the run fails.
        """
        if plan.group != self._group:
            self._end_group()
            self._group = plan.group
        staged = self._bench.store.stage()
        try:
            started_at = timestamp()
            made = job(self._bench, "time", variant, plan, staged=staged, repeats=self._sampling.repeats)
            with _own_folders(keep_home=self._bench.pipeline.keep_home) as own:
                finished = self._finish(made, plan, own, side)
            return keep(
                self._bench,
                variant,
                plan,
                finished,
                started_at=started_at,
                staged=staged,
                sampling=self._sampling,
                result_into=result_into,
            )
        except BaseException:
            self._bench.store.discard(staged)
            raise

    def _finish(self, made: Job, plan: PairPlan, own: dict[str, str], side: Side) -> Finished:
        environment = worker_environment(plan.hash_seed, plan.padding)
        cpu, timeout_s = self._cpu(plan), self._bench.timeout_s
        if self._sampling.launch == "spawn":
            return spawn(made, {**environment, **own}, timeout_s, cpu)
        server = self._servers.get(side)
        if server is None:
            # The server outlives this run: what its import finds and makes must last as long.
            keep_home = self._bench.pipeline.keep_home
            for_import = self._stack.enter_context(_own_folders(keep_home=keep_home))
            first = dataclasses.replace(made, folder=str(Path(for_import["TMPDIR"]).parent))
            server = self._stack.enter_context(
                ForkServer(first, {**environment, **for_import}, timeout_s, cpu)
            )
            self._servers[side] = server
        return server.run(made, own)

    def _cpu(self, plan: PairPlan) -> int | None:
        if not self._sampling.pinned or not hasattr(os, "sched_getaffinity"):
            return None
        usable = sorted(os.sched_getaffinity(0))
        # All pairs of a group come from the same two processes, which stay where they are.
        drawn = plan.cpu if self._sampling.launch == "spawn" else plan.hash_seed
        return usable[drawn % len(usable)]

    def _end_group(self) -> None:
        self._servers.clear()
        self._stack.close()


_CACHES = {"XDG_CACHE_HOME": ".cache", "XDG_CONFIG_HOME": ".config", "XDG_DATA_HOME": ".local/share"}
"""Folders of the home that may have been put elsewhere."""


@contextlib.contextmanager
def _own_folders(*, keep_home: bool) -> Iterator[dict[str, str]]:
    """Make an empty temporary folder and an empty home for one process: nothing left there serves the next.

    Their paths are equally long for every process, as the size of the environment is part of its layout.
    """
    with tempfile.TemporaryDirectory(prefix="perfkit-", ignore_cleanup_errors=True) as folder:
        own = {}
        for variable, name in (("TMPDIR", "tmp"), *(() if keep_home else (("HOME", "home"),))):
            own[variable] = os.path.join(folder, name)  # noqa: PTH118  a variable's text
            os.mkdir(own[variable])  # noqa: PTH102
        if not keep_home:
            for variable, name in _CACHES.items():
                if variable in os.environ:
                    own[variable] = os.path.join(own["HOME"], name)  # noqa: PTH118
            own["PYTHONUSERBASE"] = site.getuserbase()  # packages of the user's are found through HOME
        yield own


def time_once(bench: Bench, variant: Variant, plan: PairPlan) -> TimingRun:
    """Time a variant once, cleanly, in a fresh process; the run is in the store when this returns."""
    with Sampler(bench, Sampling()) as sampler:
        return sampler.take(variant, plan)


def stored_runs(bench: Bench, variant_name: str, wanted: str) -> list[TimingRun]:
    """Return a stored clean run, or those of one variant in a stored comparison.

    Parameters
    ----------
    variant_name
        Whose runs of a comparison are taken; the baseline's if it has none of that name.
    wanted
        Id of a run or of a comparison, or an unambiguous part of it.

    Raises
    ------
    UsageError
        If there is no such run, or several, or it is a profile.
    """
    store = bench.store
    comparisons = [one for one in store.comparison_ids() if wanted in one]
    runs = [one for one in store.run_ids() if wanted in one]
    where = f"of pipeline {bench.pipeline.name!r}"
    if len(comparisons) == 1:
        found = store.read_comparison(comparisons[0])
        side = "contender_run" if found.contender.name == variant_name else "baseline_run"
        return [store.read_run(getattr(pair, side), TimingRun) for pair in found.pairs]
    if len(comparisons) + len(runs) != 1:
        fits = "fits several" if comparisons or runs else "is no stored comparison or run"
        raise UsageError(f"{wanted!r} {fits} {where}: perfkit list shows what is there")
    if store.run_kind(runs[0]) is not TimingRun:
        raise UsageError(
            f"{runs[0]} is a profile: its times are the tracer's, and nothing is compared with them"
        )
    return [store.read_run(runs[0], TimingRun)]


@alone
def run(bench: Bench, variant_name: str, *, times: int = 1) -> list[TimingRun]:
    """Time a variant in fresh processes.

    Parameters
    ----------
    variant_name
        Such as ``baseline``.
    times
        How many processes. They differ in their hash seed and memory layout, not in their inputs.

    Raises
    ------
    PerfkitError
        If the variant does not exist or a run fails; the runs before it are kept.
    """
    variant = bench.variant(variant_name)
    runs = []
    for plan in itertools.islice(schedule.plan(bench.seed), times):
        bench.listener(
            Event(phase="measuring", doing=f"{variant_name}, run {plan.index + 1}", done=plan.index, of=times)
        )
        runs.append(time_once(bench, variant, with_seed(plan, bench.seed)))
    return runs
