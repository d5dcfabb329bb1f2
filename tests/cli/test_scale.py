"""``perfkit scale`` as a user meets it: a quadratic baseline, a contender that sorts, and each mistake."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_cli import perfkit, says
from tests.pipelines import project

if TYPE_CHECKING:
    from pathlib import Path

BASELINE = """
from perfkit import stage

def make_inputs(seed: int, *, n: int = 2400, text: str = "x"):
    if n == 77:
        raise ValueError("77 is not for me")
    return [(i * 7919 + seed) % (3 * n) for i in range(n)]

@stage("closest")
def closest(numbers):
    best = None
    for i, a in enumerate(numbers):
        for b in numbers[i + 1:]:
            if best is None or abs(a - b) < best:
                best = abs(a - b)
    return best

def run(inputs):
    return {"closest": closest(inputs)}
"""
OPTIMIZED = """
from perfkit import stage

@stage("closest")
def closest(numbers):
    ordered = sorted(numbers)
    for _ in range(40):
        ordered = sorted(ordered[::2] + ordered[1::2])
    return min(abs(b - a) for a, b in zip(ordered, ordered[1:]))

def run(inputs):
    if len(inputs) == 78:
        raise MemoryError("78 is too much")
    return {"closest": closest(inputs)}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return project(tmp_path, name="points", baseline=BASELINE, optimized=OPTIMIZED)


def test_growth_end_to_end(root: Path) -> None:
    arguments = ["scale", "baseline", "optimized", "--budget", "25", "--claim", "closest=n^2", "--json"]
    done = perfkit(root, *arguments, "--from", "150", "--output", "copy/mine.md")
    assert done.returncode in {0, 4}, done.stderr  # a loaded machine may not finish three rounds
    found = json.loads(done.stdout)
    assert found["scaling"]["sizes"] == [150, 300, 600, 1200, 2400]
    growth = {(one["variant"], one["stage"], one["quantity"]): one for one in found["growths"]}
    steep = growth["baseline", "closest", "time"]["exponent"]["value"]
    assert 1.5 < steep < 2.5
    flat = growth["optimized", "closest", "time"]["exponent"]
    assert flat is None or flat["value"] < steep - 0.3
    assert {one["law"] for one in found["claims"]} == {"n^2"}
    for block in found["scaling"]["blocks"]:
        assert sorted(block["order"]) == ["baseline", "optimized"]
    folder = root / "reports" / "points"
    text = (folder / "scale.md").read_text()
    assert "](scale.svg)" in text
    assert "O(n^2) claimed" in text
    assert (folder / "scale.svg").read_text().lstrip().startswith("<?xml")
    assert (root / "copy/mine.md").read_text() == text.replace("](scale.svg)", "](mine.svg)")
    assert (root / "copy/mine.svg").read_bytes() == (folder / "scale.svg").read_bytes()
    (stored,) = (folder / "scalings").iterdir()
    assert json.loads((stored / "scaling.json").read_text()) == found["scaling"]
    assert f"scaling {stored.name}" in perfkit(root, "list").stdout


def test_a_size_that_fails_is_left_out_and_said(root: Path) -> None:
    done = perfkit(root, "scale", "baseline", "optimized", "--sizes", "20,40,77,78,160", "--budget", "8")
    assert done.returncode in {0, 4}, done.stderr
    text = " ".join(done.stdout.split())
    assert (
        "n = 77 was left out: make_inputs of baselines/points.py raised ValueError: 77 is not for me" in text
    )
    assert "n = 78 was left out: optimized/points.py raised MemoryError: 78 is too much" in text


def test_a_budget_shorter_than_a_round_is_inconclusive(root: Path) -> None:
    done = perfkit(root, "scale", "baseline", "--sizes", "20,40,80,160,320", "--budget", "0.001")
    assert done.returncode == 4, done.stderr
    assert "1 round: too few for an interval" in " ".join(done.stdout.split())
    assert "inconclusive: 1 of 3 rounds" in done.stderr
    assert "3 rounds take about" in done.stderr


def test_sizes_in_the_configuration_make_it_part_of_the_comparison(root: Path) -> None:
    table = '[tool.perfkit.pipelines.points]\nsize = "n"\nsizes = [50, 100, 200, 400, 800]\n'
    (root / "pyproject.toml").write_text(table + 'claims = { closest = "n^2" }\n')
    arguments = [
        "compare",
        "baseline",
        "optimized",
        "--pairs",
        "1",
        "--no-profile",
        "--no-verify",
        "--set",
        "n=200",
    ]
    done = perfkit(root, *arguments, "--no-scale")
    assert "### Growth" not in (root / "reports/points/report.md").read_text()
    done = perfkit(root, *arguments)
    assert done.returncode in {0, 4}, done.stderr
    folder = root / "reports/points"
    text = (folder / "report.md").read_text()
    assert "### Growth with the size of the input" in text
    assert "5 sizes" not in text.split("## 3.")[0]
    assert (folder / "scale.svg").exists()
    done = perfkit(root, "report")
    assert (folder / "report.md").read_text() == text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--sizes", "100,200,400"], ["at least 5 sizes"]),
        (["--sizes", "100,200,200,400,800"], ["200 stands after 200"]),
        (["--sizes", "800,400,200,100,50"], ["sizes grow"]),
        (["--sizes", "0,1,2,3,4"], ["whole number above 0"]),
        (["--sizes", "100,many"], ["'many' is no whole number"]),
        (["--sizes", "1,2,3,4,5", "--steps", "9"], ["leave out --from"]),
        (["--from", "5000"], ["--from 5000 is not below --to 2400"]),
        (["--steps", "3"], ["3 is not in the range x>=5"]),
        (["--claim", "closest"], ["write STAGE=LAW"]),
        (["--claim", "closest=quick"], ["'quick' is no growth that perfkit knows"]),
        (["--claim", "other:closest=n"], ["speaks of variant 'other'"]),
        (["baseline"], ["named twice"]),
        (["no_such"], ["there is no variant 'no_such'"]),
        (["--set", "no_such=1"], ["has no parameter 'no_such'"]),
        (["--budget", "0"], ["0"]),
    ],
)
def test_mistakes_are_told_in_a_sentence(root: Path, arguments: list[str], words: list[str]) -> None:
    says(perfkit(root, "scale", "baseline", *arguments), 2, *words)


def test_a_size_must_be_known(tmp_path: Path) -> None:
    source = BASELINE.replace("n: int = 2400", "n: int = 2400, m: int = 3")
    root = project(tmp_path, name="points", baseline=source, optimized=OPTIMIZED)
    says(perfkit(root, "scale", "baseline"), 2, "which parameter of make_inputs is the size?", "n, m, text")
    (root / "pyproject.toml").write_text('[tool.perfkit.pipelines.points]\nsize = "text"\n')
    says(perfkit(root, "scale", "baseline"), 2, "'text' is 'x'; a size is a whole number")
    (root / "pyproject.toml").write_text("[tool.perfkit.pipelines.points]\nsizes = [1, 2, 3, 4]\n")
    says(perfkit(root, "scale", "baseline"), 2, "tool.perfkit.pipelines.points.sizes: at least 5 sizes")
    (root / "pyproject.toml").write_text('[tool.perfkit.pipelines.points]\nsizes = [1, "2", 3, 4, 5]\n')
    says(perfkit(root, "scale", "baseline"), 2, "Expected `int`", "sizes")


def test_a_variant_that_always_fails_is_a_failed_run(tmp_path: Path) -> None:
    root = project(
        tmp_path, name="points", baseline=BASELINE, optimized="def run(inputs):\n    return 1 / 0\n"
    )
    done = perfkit(root, "scale", "baseline", "optimized", "--sizes", "20,40,80,160,320")
    says(done, 3, "3 of 5 sizes fail", "ZeroDivisionError")


def test_an_interruption_keeps_and_reports_the_finished_rounds(root: Path) -> None:
    command = [sys.executable, "-m", "perfkit", "scale", "baseline", "--sizes", "20,40,80,160,320"]
    runs, deadline = root / "reports/points/runs", time.monotonic() + 120
    with subprocess.Popen(
        command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        while not runs.exists() or len(list(runs.iterdir())) < 7:  # in the second round
            assert time.monotonic() < deadline
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "kept and reported" in told
    text = (root / "reports/points/scale.md").read_text()
    assert "it was interrupted." in text
