"""pytest-benchmark's JSON, as it stores and compares it; its statistics by its own definitions."""

from __future__ import annotations

import statistics
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any

from perfkit.report.exports.trees import as_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.model import Environment
    from perfkit.report.exports.benchmarks import Benchmark

VERSION = "5.3.1"
"""The release whose definitions these are."""


def render(benchmarks: Sequence[Benchmark], environment: Environment | None, *, project: str) -> bytes:
    """Render benchmarks as a file that ``pytest-benchmark compare`` reads.

    What is to be compared has the same ``group``: a stage of the baseline and that of the contender.

    Parameters
    ----------
    environment
        What they ran on; None where it was not kept.
    project
        Its name.
    """
    return as_json(
        {
            "machine_info": _machine(environment),
            "commit_info": _commit(environment, project),
            "benchmarks": [_benchmark(one) for one in benchmarks],
            "datetime": min((run.started_at for one in benchmarks for run in one.runs), default=""),
            "version": VERSION,
        }
    )


def _machine(environment: Environment | None) -> dict[str, Any]:
    """Fill the fields that are known; those that were not kept are empty."""
    python = environment.python if environment is not None else ""
    return {
        "node": "",
        "processor": environment.cpu if environment is not None else "",
        "machine": "",
        "python_compiler": "",
        "python_implementation": environment.implementation if environment is not None else "",
        "python_implementation_version": python,
        "python_version": python,
        "python_build": [],
        "release": environment.platform if environment is not None else "",
        "system": "",
        "cpu": {"brand_raw": environment.cpu, "count": environment.cores} if environment is not None else {},
    }


def _commit(environment: Environment | None, project: str) -> dict[str, Any]:
    known = environment is not None and environment.git_commit
    return {
        "id": environment.git_commit if environment is not None and known else "unversioned",
        "time": None,
        "author_time": None,
        "dirty": bool(environment is not None and environment.git_dirty),
        "project": project,
        "branch": "(unknown)",
    }


def _benchmark(one: Benchmark) -> dict[str, Any]:
    first = one.runs[0]
    return {
        "group": one.group,
        "name": one.name,
        "fullname": f"{first.variant.path}::{one.name}",
        "params": {"variant": one.variant},
        "param": one.variant,
        "extra_info": {
            "perfkit_runs": [run.id for run in one.runs],
            "perfkit_seeds": [run.seed for run in one.runs],
            "perfkit_launch": first.launch,
            "perfkit_parameters": first.parameters,
        },
        "options": {
            "disable_gc": False,
            "timer": "perf_counter",
            "min_rounds": len(one.values_s),
            "warmup": bool(first.repeats),
        },
        "stats": {**summary(one.values_s), "data": list(one.values_s), "iterations": first.repeats or 1},
    }


def summary(values: Sequence[float]) -> dict[str, Any]:
    """Return pytest-benchmark's statistics of one value or more, seconds where it is not said otherwise.

    ``ops`` is rounds a second; ``outliers`` counts values further than a standard deviation from the mean,
    and those beyond Tukey's fences.
    """
    data = sorted(values)
    mean = statistics.mean(data)
    deviation = statistics.stdev(data) if len(data) > 1 else 0
    q1, q3 = _quartiles(data)
    low, high = q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1)
    by_deviation = sum(not mean - deviation <= one <= mean + deviation for one in data)
    by_quartiles = sum(not low <= one <= high for one in data)
    total = sum(values)
    return {
        "min": data[0],
        "max": data[-1],
        "mean": mean,
        "stddev": deviation,
        "rounds": len(data),
        "median": statistics.median(data),
        "iqr": q3 - q1,
        "q1": q1,
        "q3": q3,
        "iqr_outliers": by_quartiles,
        "stddev_outliers": by_deviation,
        "outliers": f"{by_deviation};{by_quartiles}",
        "ld15iqr": data[bisect_left(data, low)],
        "hd15iqr": data[bisect_right(data, high) - 1],
        "ops": len(data) / total if total else 0,
        "total": total,
    }


def _quartiles(data: Sequence[float]) -> tuple[float, float]:
    """Return the first and third quartile; for an odd number of values by weights, as its Stats does."""
    n, rest = divmod(len(data), 4)
    if len(data) == 1:
        return data[0], data[0]
    if rest == 1:
        return 0.25 * data[n - 1] + 0.75 * data[n], 0.75 * data[3 * n] + 0.25 * data[3 * n + 1]
    if rest == 3:  # noqa: PLR2004
        return 0.75 * data[n] + 0.25 * data[n + 1], 0.25 * data[3 * n + 1] + 0.75 * data[3 * n + 2]
    half = len(data) // 2
    return statistics.median(data[:half]), statistics.median(data[half:])
