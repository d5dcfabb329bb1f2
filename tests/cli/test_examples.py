"""End to end on the bundled pipelines, at a small size: the whole job, verified."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.test_cli import perfkit

PROJECT = Path(__file__).parents[2]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("pipeline", "size"), [("ml_training", "n_samples=150"), ("log_analytics", "n_lines=3000")]
)
def test_a_bundled_pipeline(pipeline: str, size: str, tmp_path: Path) -> None:
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    for folder in ("baselines", "optimized"):
        shutil.copytree(PROJECT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    arguments = ["--pipeline", pipeline, "--set", size, "--pairs", "1", "--line-limit", "10"]
    done = perfkit(tmp_path, "compare", "baseline", "optimized", *arguments)
    assert done.returncode == 4, done.stderr  # one pair decides nothing about speed
    folder = tmp_path / "reports" / pipeline
    summary = json.loads((folder / "summary.json").read_text())
    scrutiny = summary["comparison"]["scrutiny"]
    proofs = [one for one in scrutiny["verifications"] if one["kind"] == "proof"]
    assert len(proofs) == len(summary["comparison"]["pipeline"]["proofs"])
    assert not [one for one in scrutiny["findings"] if one["verdict"] in {"trick", "different"}]
    for verification in (one for one in scrutiny["verifications"] if one["kind"] != "edge"):
        for stage in verification["stages"]:
            assert stage["verdict"] in {"identical", "equal within tolerance"}, stage
    report = (folder / "report.md").read_text()
    assert "verified" in report
    assert "BEFORE" in report.upper()
    paths = {row["path"] for row in summary["breakdown"]["rows"]}
    assert len(paths) > 4
