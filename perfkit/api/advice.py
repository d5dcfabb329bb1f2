"""What to do next: the advice that one line profile gives, with clean times of the same source."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.analyse import advice
from perfkit.api import chosen
from perfkit.errors import StoreError, UsageError
from perfkit.model import AdviceReport, TimingRun

if TYPE_CHECKING:
    from perfkit.api.bench import Bench
    from perfkit.model import ProfileRun

LEAST_SHARE = advice.LEAST_SHARE


def advise(bench: Bench, wanted: str = "baseline", *, least_share: float = LEAST_SHARE) -> AdviceReport:
    """Say what to do about the hot lines of a stored line profile.

    Nothing is measured, and no stage is run.

    Parameters
    ----------
    bench
        Whose runs are looked at.
    wanted
        A variant, whose latest line profile is taken; a run's id, or an unambiguous part of one; or a
        comparison's, for its baseline's.
    least_share
        Of the run, 0 to 1: what is worth a look.

    Raises
    ------
    UsageError
        If there is no such line profile; the message says how to make one.
    """
    if Path(wanted).suffix in (".prof", ".pstats", ".lprof") and wanted not in bench.store.run_ids():
        raise UsageError(
            f"{wanted} is a profiler's own file and tells nothing of lines that perfkit can read with their "
            "source: run perfkit profile VARIANT --with line, then perfkit advise VARIANT"
        )
    run, *_ = chosen.profile_runs(  # of a comparison, the baseline's comes first
        bench,
        [wanted],
        taker="perfkit advise",
        needs="a line profile",
        maker="line",
        fits=(lambda one: one.profiler == "line" and bool(one.lines),),
        side="baseline" if chosen.is_comparison(bench, wanted) else None,
    )
    clean = _clean(bench, run)
    median = sorted(clean, key=lambda one: one.run_s)[(len(clean) - 1) // 2] if clean else None
    run, edited = _with_source(bench, run)
    found = advice.advise(run, median, least_share=least_share)
    return AdviceReport(
        run=run.id,
        variant=run.variant,
        parameters=run.parameters,
        traced_s=run.traced_s,
        clean_run="" if median is None else median.id,
        clean_of=len(clean),
        clean_parameters={} if median is None else median.parameters,
        clean_s=None if median is None else median.run_s,
        edited=edited,
        advice=found,
        others=advice.others(run, median, found, least_share=least_share),
        least_share=least_share,
        warnings=run.warnings,
    )


def _clean(bench: Bench, run: ProfileRun) -> list[TimingRun]:
    """Return the clean runs of a profile's source with the parameters of the latest one, taken as it was."""
    found: list[TimingRun] = []
    for run_id in reversed(bench.store.run_ids()):
        with contextlib.suppress(StoreError):
            if bench.store.run_kind(run_id) is not TimingRun:
                continue
            one = bench.store.read_run(run_id, TimingRun)
            same = (
                one.variant.source_sha256 == run.variant.source_sha256
                and one.variant.name == run.variant.name
            )
            if same and (not found or _taken(one) == _taken(found[0])):
                found.append(one)
    return found


def _taken(run: TimingRun) -> tuple[object, ...]:
    """Return how a run was measured: cold and warm ones, say, do not mix."""
    return run.parameters, run.launch, run.repeats, run.cpu is None


def _with_source(bench: Bench, run: ProfileRun) -> tuple[ProfileRun, bool]:
    """Return the profile with its file's text, and whether the file has another text now.

    A profile that did not keep the whole text gets it from the disk only if that is the text that ran.
    """
    file = bench.project.root / run.variant.path
    try:
        content = file.read_bytes()
    except OSError:
        return run, True
    if hashlib.sha256(content).hexdigest() != run.variant.source_sha256:
        return run, True
    if run.variant.path in run.sources:
        return run, False
    with contextlib.suppress(SyntaxError, UnicodeDecodeError):
        text = importlib.util.decode_source(content)
        run = dataclasses.replace(run, sources={**run.sources, run.variant.path: text})
    return run, False
