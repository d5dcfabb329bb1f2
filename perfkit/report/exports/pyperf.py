"""pyperf's JSON: a suite of benchmarks, each process a run with one value."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from perfkit.report.exports.benchmarks import one_line
from perfkit.report.exports.trees import as_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.model import Environment, TimingRun
    from perfkit.report.exports.benchmarks import Benchmark

VERSION = "1.0"
"""Of the format, since pyperf 1.0."""


def fits(benchmark: Benchmark) -> bool:
    """Return whether pyperf takes it: a time of 0 is none to it."""
    return all(value > 0 for value in benchmark.values_s)


def render(benchmarks: Sequence[Benchmark], environment: Environment | None) -> bytes:
    """Render benchmarks as a suite that `pyperf.BenchmarkSuite.load` reads.

    Parameters
    ----------
    benchmarks
        All of which `fits`.
    environment
        What they ran on; None where it was not kept.
    """
    common: dict[str, str | int] = {"unit": "second", **_machine(environment)}
    return as_json(
        {
            "version": VERSION,
            "metadata": common,
            "benchmarks": [
                {
                    "metadata": {"name": one.name, "perfkit_variant": one_line(one.variant)},
                    "runs": [
                        _run(run, value, whole=not one.stage)
                        for run, value in zip(one.runs, one.values_s, strict=True)
                    ],
                }
                for one in benchmarks
            ],
        }
    )


def _machine(environment: Environment | None) -> dict[str, str | int]:
    if environment is None:
        return {}
    found: dict[str, str | int] = {
        "cpu_model_name": environment.cpu,
        "cpu_count": environment.cores,
        "platform": environment.platform,
        "python_implementation": environment.implementation.lower(),
        "python_version": environment.python,
        "perfkit_version": environment.packages.get("perfkit", ""),
        "perfkit_git_commit": environment.git_commit,
    }
    return {
        key: one_line(value) if isinstance(value, str) else value for key, value in found.items() if value
    }


def _run(run: TimingRun, value: float, *, whole: bool) -> dict[str, Any]:
    """Render one process; its own figures stand with all of ``run``, not again with each stage."""
    metadata: dict[str, str | int | float] = {
        "date": run.started_at,
        "loops": run.repeats or 1,
        "python_hash_seed": run.hash_seed,
        "load_avg_1min": run.load_before,
        "perfkit_run": run.id,
        "perfkit_seed": run.seed,
        "perfkit_launch": run.launch,
        "perfkit_parameters": json.dumps(run.parameters, sort_keys=True),
    }
    if run.cpu is not None:
        metadata["cpu_affinity"] = str(run.cpu)
    if whole:
        metadata["duration"] = run.process_s
        if run.peak_rss_bytes:
            metadata["mem_max_rss"] = run.peak_rss_bytes
    found: dict[str, Any] = {"metadata": metadata, "values": [value]}
    if whole and run.repeats:
        found["warmups"] = [[1, run.first_s]]
    return found
