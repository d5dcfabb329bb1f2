"""``perfkit benchmarks``: files of timings, one or two."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from perfkit.api import benchmarks
from perfkit.model import BenchmarkFile, InProcessTiming


def file(folder: Path, name: str, **medians: float) -> str:
    timings = tuple(InProcessTiming(test=test, median_s=s, samples=6, calls=1) for test, s in medians.items())
    benchmarks.write(folder / name, BenchmarkFile(tool="perfkit 1", timings=timings))
    return name


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "perfkit", "benchmarks", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_two_files_stand_side_by_side(tmp_path: Path) -> None:
    before, after = file(tmp_path, "a.json", x=1.0, y=2.0), file(tmp_path, "b.json", x=0.5, z=1.0)
    done = run(tmp_path, before, after)
    assert done.returncode == 0, done.stderr
    assert "Not paired" in done.stdout
    rows = {line.split()[0]: line.split() for line in done.stdout.splitlines() if line[:1] in {"x", "y", "z"}}
    assert rows["x"][-1] == "2.00x"
    assert rows["y"][-3:] == [*rows["z"][-3:-1], "now"]  # "not measured now", "not measured then"
    found: dict[str, Any] = json.loads(run(tmp_path, before, after, "--json").stdout)
    assert found["paired"] is False
    assert [one["ratio"] for one in found["benchmarks"]] == [2.0, None, None]


def test_a_limit_is_a_gate(tmp_path: Path) -> None:
    before, after = file(tmp_path, "a.json", x=1.0), file(tmp_path, "b.json", x=1.3)
    failed = run(tmp_path, before, after, "--fail-if-slower", "20%")
    assert failed.returncode == 1
    assert "gate failed: x takes 30 % more than then (not paired)" in failed.stderr
    assert run(tmp_path, before, after, "--fail-if-slower", "40%").returncode == 0
    zero = run(tmp_path, before, file(tmp_path, "c.json", x=0.0), "--fail-if-slower", "40%")
    assert zero.returncode == 4
    assert "x has no ratio" in zero.stderr
    assert run(tmp_path, before, file(tmp_path, "d.json", other=1.0)).returncode == 4


def test_one_file_is_shown(tmp_path: Path) -> None:
    done = run(tmp_path, file(tmp_path, "a.json", x=1.0))
    assert done.returncode == 0
    assert "1.00 s [-]" in done.stdout
    assert "There are no timings" in run(tmp_path, file(tmp_path, "b.json")).stdout


def test_wrong_use_is_said(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{}")
    for arguments in (
        ["nowhere.json"],
        ["bad.json"],
        [file(tmp_path, "a.json", x=1.0), "--fail-if-slower", "2%"],
    ):
        done = run(tmp_path, *arguments)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
        assert "Traceback" not in done.stderr
