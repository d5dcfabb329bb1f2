"""Profile variants: where the time goes, never how much faster."""

from __future__ import annotations

import contextlib
import dataclasses
import platform
import re
import time
from typing import TYPE_CHECKING

from perfkit.api import interpreters
from perfkit.api.alone import alone
from perfkit.api.bench import spawn_job, with_seed
from perfkit.errors import PerfkitError, RunError, StoreError, UsageError
from perfkit.measure import schedule, sizing
from perfkit.model import Event, ProfileRun
from perfkit.profilers import catalog
from perfkit.store import new_id, timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from perfkit.api.bench import Bench
    from perfkit.model import PairPlan, Parameters, Profiled, Variant
    from perfkit.store import Store

LINE_LIMIT_S = 60.0
DEFAULT = ("cprofile", "line")
"""The profilers of `profile`."""

FOR_REPORTS = ("cprofile", "sampling", "line")
"""Those of a comparison: its report tells of functions, draws true stacks, and quotes lines."""


@alone
def profile(
    bench: Bench,
    variant_names: Sequence[str],
    *,
    profilers: Sequence[str] = DEFAULT,
    line_limit_s: float = LINE_LIMIT_S,
    clean_s: float | None = None,
    into: list[ProfileRun] | None = None,
) -> list[ProfileRun]:
    """Profile variants, in processes of their own: line_profiler at a size that fits, all others at the full.

    The first variant named sets the size of the line profiles; the others run at the same.

    Parameters
    ----------
    profilers
        Their names, in the order in which they run; ``line`` comes last in any case.
    line_limit_s
        About how long the first variant's line profile may take; 0 for none.
    clean_s
        What a clean run of the first variant takes, if known; else its time under another profiler stands
        for it, or one clean run is made.
    into
        A list to append each run to as soon as it is stored, for a caller that keeps what is finished.

    Returns
    -------
    list of ProfileRun
        Per profiler, each variant's.

    Raises
    ------
    PerfkitError
        If a variant or a profiler does not exist, or a run fails; the runs before it are kept.
    """
    names = catalog.chosen(profilers)
    by_line = "line" in names and line_limit_s > 0
    at_full = [name for name in names if name != "line"]
    if not at_full and not by_line:
        raise UsageError(
            "there is nothing to do: the line profile's limit is 0, and no other profiler is named"
        )
    variants = [bench.variant(name) for name in variant_names]
    plan = with_seed(next(schedule.plan(bench.seed)), bench.seed)
    steps = len(variants) * (len(at_full) + by_line)
    runs: list[ProfileRun] = []

    def announce(variant: Variant, name: str) -> None:
        doing = f"{variant.name} under {catalog.title(name)}"
        bench.listener(Event(phase="profiling", doing=doing, done=len(runs), of=steps))

    def keep(run: ProfileRun) -> None:
        runs.append(run)
        if into is not None:
            into.append(run)

    for name in at_full:
        for variant in variants:
            announce(variant, name)
            keep(_profile(bench, name, variant, plan, bench.overrides))
    if by_line:
        announce(variants[0], "line")
        parameters, took_s = _full_size(bench, variants[0], plan, runs)
        expected_s = took_s if clean_s is None else clean_s
        first = _line_profile(bench, variants[0], plan, parameters, clean_s=expected_s, limit_s=line_limit_s)
        keep(first)
        size = bench.size_parameter(first.parameters)
        sized = {} if size is None else {size: first.parameters[size]}
        for variant in variants[1:]:
            announce(variant, "line")
            keep(_profile(bench, "line", variant, plan, {**bench.overrides, **sized}))
    return runs


def _full_size(
    bench: Bench, variant: Variant, plan: PairPlan, runs: Sequence[ProfileRun]
) -> tuple[Parameters, float]:
    """Return a variant's parameters at the full size, and what it takes: from a run, or a new one."""
    known = min((run for run in runs if run.variant == variant), key=lambda run: run.traced_s, default=None)
    if known is not None:
        return known.parameters, known.traced_s
    staged = bench.store.stage()
    try:
        reply = spawn_job(bench, "time", variant, plan, overrides=bench.overrides, staged=staged).reply
    finally:
        bench.store.discard(staged)
    return reply.parameters, reply.run_s


def _line_profile(
    bench: Bench, variant: Variant, plan: PairPlan, at_full: Parameters, *, clean_s: float, limit_s: float
) -> ProfileRun:
    """Line-profile a variant at the largest size that fits the limit."""
    size = bench.size_parameter(at_full)
    full = at_full[size] if size is not None else None
    if size is None or type(full) is not int:
        return _profile(bench, "line", variant, plan, bench.overrides)

    def at(n: int) -> ProfileRun:
        return _profile(bench, "line", variant, plan, {**bench.overrides, size: n})

    begin = time.monotonic()
    n = sizing.first_size(full, clean_s, limit_s)
    while True:
        run_begin = time.monotonic()
        try:
            found = at(n)
            took_s = time.monotonic() - run_begin
            break
        except RunError as error:
            if error.phase != "inputs" or n >= full:
                raise
            n = min(full, 2 * n)  # too small for this pipeline
    # Small inputs show what is paid once rather than what is paid per item: go as far up as the limit allows.
    while True:
        run_begin = time.monotonic()
        larger = sizing.enlarged_size(n, took_s, full, limit_s - (run_begin - begin))
        if larger is None:
            return found
        n, found = larger, at(larger)
        took_s = time.monotonic() - run_begin


def _profile(
    bench: Bench, profiler: str, variant: Variant, plan: PairPlan, overrides: Parameters
) -> ProfileRun:
    """Run a variant once under a profiler; the run is in the store when this returns."""
    module = catalog.load(profiler)
    staged = bench.store.stage()
    try:
        started_at = timestamp()
        reply = spawn_job(
            bench,
            "profile",
            variant,
            plan,
            overrides=overrides,
            staged=staged,
            profiler=catalog.module_of(profiler),
        ).reply
        found = _read(module, profiler, staged, bench.project.root)
        run = ProfileRun(
            id=new_id(variant.name, re.sub(r"[^\w.-]", "_", profiler)),
            variant=variant,
            inputs_from=bench.inputs_of(variant).path,
            profiler=profiler,
            seed=plan.seed,
            parameters=reply.parameters,
            started_at=started_at,
            file=module.FILE if (staged / module.FILE).is_file() else "",
            traced_s=reply.run_s,
            stages=reply.stages,
            warnings=reply.warnings,
            python=interpreters.version(variant) or platform.python_version(),
            **{field.name: getattr(found, field.name) for field in dataclasses.fields(found)},
        )
        bench.store.write_run(run, staged)
    except BaseException:
        bench.store.discard(staged)
        raise
    return run


def _read(module: catalog.ProfilerModule, profiler: str, folder: Path, root: Path) -> Profiled:
    """Read what a profiler left; one that was plugged in may fail in any way."""
    try:
        return module.read(folder, root)
    except PerfkitError:
        raise
    except Exception as error:
        what = type(error).__name__ + (f": {error}" if str(error) else "")
        raise RunError(f"the profiler {profiler!r} cannot read what it has left: {what}") from error


def find(bench: Bench, wanted: str) -> ProfileRun:
    """Return the stored cProfile run of that id, or the latest of the variant of that name.

    Raises
    ------
    UsageError
        If there is none.
    """
    store = bench.store
    if wanted in store.run_ids():
        if store.run_kind(wanted) is not ProfileRun:
            raise UsageError(f"run {wanted} is no profile; perfkit list --runs shows them")
        found = store.read_run(wanted, ProfileRun)
        if found.profiler != "cprofile":
            raise UsageError(f"run {wanted} is a {found.profiler} profile: snakeviz shows those of cProfile")
        return found
    name = bench.variant(wanted).name
    latest = latest_profiles(store).get((name, "cprofile"))
    if latest is None:
        raise UsageError(f"there is no stored profile of {name!r}: run perfkit profile {name} first")
    return latest


def latest_profiles(store: Store) -> dict[tuple[str, str], ProfileRun]:
    """Return the latest profile run of each variant and profiler, skipping what cannot be read."""
    found: dict[tuple[str, str], ProfileRun] = {}
    for run_id in store.run_ids():
        with contextlib.suppress(StoreError):
            if store.run_kind(run_id) is ProfileRun:
                run = store.read_run(run_id, ProfileRun)
                found[run.variant.name, run.profiler] = run
    return found
