"""Builders of records for tests: every field has a plausible default, so a test names only what matters."""

from __future__ import annotations

import dataclasses
from typing import Any

from perfkit import model


def variant(name: str = "baseline", **changes: Any) -> model.Variant:
    folder = "baselines" if name == "baseline" else "optimized"
    made = model.Variant(
        name=name, pipeline="demo", path=f"{folder}/demo.py", source_sha256="0" * 63 + str(len(name) % 10)
    )
    return dataclasses.replace(made, **changes)


def stages(**totals_s: float) -> tuple[model.StageTiming, ...]:
    """Build stage timings; ``a__b=1.0`` stands for the path ``a/b``."""
    return tuple(
        model.StageTiming(path=name.replace("__", "/"), calls=1, total_s=total)
        for name, total in totals_s.items()
    )


def timing_run(run_id: str, side: str = "baseline", run_s: float = 1.0, **changes: Any) -> model.TimingRun:
    made = model.TimingRun(
        id=run_id,
        variant=variant(side),
        inputs_from="baselines/demo.py",
        seed=1,
        hash_seed=7,
        parameters={"n": 100},
        started_at="2026-01-02T03:04:05+00:00",
        process_s=run_s + 0.5,
        import_s=0.3,
        inputs_s=0.1,
        run_s=run_s,
        cpu_s=run_s,
        peak_rss_bytes=100 * 1024**2,
        load_before=0.5,
        stages=stages(work=run_s * 0.9),
        metrics={},
        disturbance=model.Disturbance(waited_s=0.0, switches=0, major_faults=0, stolen_s=0.0),
    )
    return dataclasses.replace(made, **changes)


def environment(**changes: Any) -> model.Environment:
    made = model.Environment(
        python="3.11.7",
        implementation="CPython",
        platform="Linux-6.1-x86_64",
        cpu="Test CPU",
        cores=2,
        usable_cores=2,
        memory_bytes=8 * 1024**3,
        load=(0.1, 0.2, 0.3),
        governor="performance",
        packages={"numpy": "2.4.0", "perfkit": "0.1.0"},
        variables={"OMP_NUM_THREADS": "2"},
        git_commit="a" * 40,
        git_dirty=False,
    )
    return dataclasses.replace(made, **changes)


def pair_plan(index: int = 0, **changes: Any) -> model.PairPlan:
    order: tuple[model.Side, model.Side] = ("baseline", "contender")
    if index % 2:
        order = ("contender", "baseline")
    made = model.PairPlan(
        index=index, order=order, seed=100 + index, hash_seed=200 + index, padding=10 * index, group=index
    )
    return dataclasses.replace(made, **changes)


def pair(index: int = 0) -> model.Pair:
    return model.Pair(plan=pair_plan(index), baseline_run=f"b{index}", contender_run=f"c{index}")


def comparison(n_pairs: int = 3, **changes: Any) -> model.Comparison:
    made = model.Comparison(
        id="20260102-030405-abcd",
        pipeline=model.Pipeline(
            name="demo",
            variants={"baseline": "baselines/demo.py", "optimized": "optimized/demo.py"},
            size="n",
            target=10.0,
        ),
        baseline=variant("baseline"),
        contender=variant("optimized"),
        parameters={"n": 100},
        overrides={},
        seed=0,
        started_at="2026-01-02T03:04:05+00:00",
        duration_s=12.0,
        budget_s=180.0,
        precision=0.05,
        pairs=tuple(pair(i) for i in range(n_pairs)),
        stopped_because="the interval is narrower than ±5 %",
        scrutiny=model.Scrutiny(),
        profiles=(),
        environment=environment(),
        command="perfkit compare baseline optimized --pipeline demo",
        alpha=0.005,
        sampling=model.Sampling(),
    )
    return dataclasses.replace(made, **changes)


def estimate(
    value: float = 2.0, low: float | None = 1.9, high: float | None = 2.1, **changes: Any
) -> model.Estimate:
    """Build an estimate from five pairs; without `low` and `high`, from one."""
    none = low is None or high is None
    changes = {"sure_low": low, "sure_high": high, **changes}
    made = model.Estimate(
        value=value,
        low=low,
        high=high,
        confidence=0.0 if none else 0.95,
        n=1 if none else 5,
        method="no interval" if none else "Student's t on the log ratios, which assumes them about normal",
    )
    return dataclasses.replace(made, **changes)


def stage_row(
    path: str, baseline_s: float | None, contender_s: float | None, kind: str = "stage", **changes: Any
) -> model.StageRow:
    """Build a row of the breakdown; its speedup is the ratio of the times, give or take 3 %."""
    known = baseline_s and contender_s and baseline_s > 0 and contender_s > 0
    ratio = baseline_s / contender_s if known and baseline_s and contender_s else 0.0
    made = model.StageRow(
        path=path,
        depth=path.count("/") + (kind == "own code"),
        kind=kind,  # type: ignore[arg-type]
        baseline_s=baseline_s,
        contender_s=contender_s,
        baseline_calls=1.0,
        contender_calls=1.0,
        speedup=estimate(ratio, ratio * 0.97, ratio * 1.03) if known else None,
        saved_s=(baseline_s or 0.0) - (contender_s or 0.0),
        saved_share=None,
        verdict="faster" if ratio * 0.97 > 1 else "slower" if 0 < ratio * 1.03 < 1 else "inconclusive",
    )
    return dataclasses.replace(made, **changes)


def _shared(row: model.StageRow, saving: float) -> model.StageRow:
    """Give a row its share of the saving; where it has a speedup, with intervals of 3 %."""
    share = row.saved_s / saving if saving else None
    if row.speedup is None or row.speedup.low is None or share is None:
        return dataclasses.replace(row, saved_share=share)
    return dataclasses.replace(
        row,
        saved_share=share,
        saved_s_interval=(row.saved_s - 0.03 * abs(row.saved_s), row.saved_s + 0.03 * abs(row.saved_s)),
        saved_share_interval=(share - 0.03 * abs(share), share + 0.03 * abs(share)),
        baseline_s_interval=_about(row.baseline_s),
        contender_s_interval=_about(row.contender_s),
    )


def _about(time_s: float | None) -> tuple[float, float] | None:
    return None if time_s is None else (time_s - 0.02 * abs(time_s), time_s + 0.02 * abs(time_s))


def breakdown(
    rows: list[model.StageRow] | None = None, run: model.Estimate | None = None, **changes: Any
) -> model.Breakdown:
    """Build a breakdown around its rows, the total among them; the shares are filled in."""
    if rows is None:
        rows = [
            stage_row("work", 1.8, 0.9, biggest=True),
            stage_row("", 0.2, 0.1, "outside stages"),
            stage_row("", 2.0, 1.0, "total"),
        ]
    total = next(row for row in rows if row.kind == "total")
    baseline_s, contender_s = total.baseline_s or 0.0, total.contender_s or 0.0
    saving = baseline_s - contender_s
    rows = [_shared(row, saving) for row in rows]
    run = run or total.speedup or estimate()
    rows = [dataclasses.replace(row, speedup=run) if row.kind == "total" else row for row in rows]
    made = model.Breakdown(
        rows=tuple(rows),
        run=run,
        process=estimate(1.5, 1.45, 1.55),
        baseline_s=baseline_s,
        contender_s=contender_s,
        baseline_process_s=baseline_s + 0.5,
        contender_process_s=contender_s + 0.5,
        baseline_import_s=0.3,
        contender_import_s=0.3,
        baseline_inputs_s=0.1,
        contender_inputs_s=0.1,
        baseline_cpu_s=baseline_s,
        contender_cpu_s=contender_s,
        baseline_peak_bytes=100 * 1024**2,
        contender_peak_bytes=80 * 1024**2,
        verdict="faster",
    )
    return dataclasses.replace(made, **changes)


def equivalence(stage: str = "work", verdict: str = "identical", **changes: Any) -> model.Equivalence:
    made = model.Equivalence(stage=stage, verdict=verdict, shapes="float64 (100, 3)", values=300)  # type: ignore[arg-type]
    return dataclasses.replace(made, **changes)


def verification(*checked: model.Equivalence, **changes: Any) -> model.Verification:
    made = model.Verification(
        parameters={"n": 100},
        seed=1,
        baseline_run="vb",
        contender_run="vc",
        stages=checked or (equivalence("work"), equivalence("result")),
        baseline_metrics={},
        contender_metrics={},
    )
    return dataclasses.replace(made, **changes)


def scrutiny(*verifications: model.Verification, **changes: Any) -> model.Scrutiny:
    return model.Scrutiny(verifications=verifications, **changes)


def report(
    compared: model.Comparison | None = None, found: model.Breakdown | None = None, **changes: Any
) -> model.Report:
    """Build a report whose timing runs match the comparison's pairs."""
    compared = compared or comparison(n_pairs=5, scrutiny=scrutiny(verification()))
    found = found or breakdown()
    runs = {}
    for index, one in enumerate(compared.pairs):
        wobble = 1 + 0.01 * ((index * 7) % 5 - 2)
        runs[one.baseline_run] = timing_run(one.baseline_run, "baseline", found.baseline_s * wobble)
        runs[one.contender_run] = timing_run(one.contender_run, "optimized", found.contender_s * (2 - wobble))
    made = model.Report(
        comparison=compared, breakdown=found, timing_runs=runs, profile_runs=(), optimisations=(), files=()
    )
    return dataclasses.replace(made, **changes)
