"""Profile variants: where the time goes, never how much faster."""

from __future__ import annotations

import contextlib
import dataclasses
import platform
import time
from typing import TYPE_CHECKING

from perfkit.api.bench import spawn_job, with_seed
from perfkit.errors import RunError, StoreError, UsageError
from perfkit.measure import schedule, sizing
from perfkit.model import Event, ProfileRun
from perfkit.profilers import catalog
from perfkit.store import new_id, timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.api.bench import Bench
    from perfkit.model import PairPlan, Parameters, Variant
    from perfkit.store import Store

LINE_LIMIT_S = 60.0


def profile(
    bench: Bench,
    variant_names: Sequence[str],
    *,
    line_limit_s: float = LINE_LIMIT_S,
    clean_s: float | None = None,
    into: list[ProfileRun] | None = None,
) -> list[ProfileRun]:
    """Profile variants, in processes of their own: cProfile at the full size, line_profiler at one that fits.

    The first variant named sets the size of the line profiles; the others run at the same.

    Parameters
    ----------
    line_limit_s
        About how long the first variant's line profile may take; 0 for none.
    clean_s
        What a clean run of the first variant takes, if known; else its time under cProfile stands for it.
    into
        A list to append each run to as soon as it is stored, for a caller that keeps what is finished.

    Returns
    -------
    list of ProfileRun
        Per variant cProfile's, then the line profile.

    Raises
    ------
    PerfkitError
        If a variant does not exist or a run fails; the runs before it are kept.
    """
    variants = [bench.variant(name) for name in variant_names]
    plan = with_seed(next(schedule.plan(bench.seed)), bench.seed)
    steps = len(variants) * (1 + (line_limit_s > 0))
    runs = [] if into is None else into

    def announce(doing: str) -> None:
        bench.listener(Event(phase="profiling", doing=doing, done=len(runs), of=steps))

    for variant in variants:
        announce(f"{variant.name} under cProfile")
        runs.append(_profile(bench, "cprofile", variant, plan, bench.overrides))
    if line_limit_s > 0:
        announce(f"{variants[0].name} under line_profiler")
        expected_s = runs[0].traced_s if clean_s is None else clean_s
        first = _line_profile(bench, variants[0], plan, runs[0], clean_s=expected_s, limit_s=line_limit_s)
        runs.append(first)
        size = bench.size_parameter(first.parameters)
        sized = {} if size is None else {size: first.parameters[size]}
        for variant in variants[1:]:
            announce(f"{variant.name} under line_profiler")
            runs.append(_profile(bench, "line", variant, plan, {**bench.overrides, **sized}))
    return runs


def _line_profile(
    bench: Bench, variant: Variant, plan: PairPlan, at_full: ProfileRun, *, clean_s: float, limit_s: float
) -> ProfileRun:
    """Line-profile a variant at the largest size that fits the limit."""
    size = bench.size_parameter(at_full.parameters)
    full = at_full.parameters[size] if size is not None else None
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
        found = module.read(staged, bench.project.root)
        run = ProfileRun(
            id=new_id(variant.name, profiler),
            variant=variant,
            inputs_from=bench.inputs_path(),
            profiler=profiler,
            seed=plan.seed,
            parameters=reply.parameters,
            started_at=started_at,
            file=module.FILE,
            traced_s=reply.run_s,
            stages=reply.stages,
            warnings=reply.warnings,
            python=platform.python_version(),
            **{field.name: getattr(found, field.name) for field in dataclasses.fields(found)},
        )
        bench.store.write_run(run, staged)
    except BaseException:
        bench.store.discard(staged)
        raise
    return run


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
