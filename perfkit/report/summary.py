"""The whole result as JSON, for other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from perfkit.model import SCHEMA

if TYPE_CHECKING:
    from perfkit.model import Report


def render(report: Report) -> str:
    """Render a report as JSON: the comparison, what was found, and each pair's times.

    Parameters
    ----------
    report
        What to render; the profiles are left out but for their ids.

    Returns
    -------
    str
        Indented by two, ends with a newline.
    """
    pairs = [
        {
            "index": pair.plan.index,
            "order": pair.plan.order,
            "seed": pair.plan.seed,
            "baseline": _times(report, pair.baseline_run),
            "contender": _times(report, pair.contender_run),
        }
        for pair in report.comparison.pairs
    ]
    content = {
        "schema": SCHEMA,
        "comparison": report.comparison,
        "breakdown": report.breakdown,
        "pairs": pairs,
        "gates": report.gates,
        "files": report.files,
        "growth": report.growth,
    }
    return as_json(content)


def as_json(record: object) -> str:
    """Render records as JSON, indented by two, with a newline at the end."""
    return msgspec.json.format(msgspec.json.encode(record), indent=2).decode() + "\n"


def _times(report: Report, run_id: str) -> dict[str, object]:
    run = report.timing_runs[run_id]
    return {
        "run": run_id,
        "run_s": run.run_s,
        "process_s": run.process_s,
        "stages_s": {stage.path: stage.total_s for stage in run.stages},
        "metrics": run.metrics,
    }
