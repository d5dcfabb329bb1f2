"""A real history is searched: real commits, real processes, a planted slowdown."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.repositories import History

WORK = """
def total(n):
    found = 0
    for one in range(n * {}):
        found += one * one % 7
    return found
"""
BENCH = """
from project.work import total

print(total(60_000))
"""


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    """Sixteen commits after the first: one takes twice as long, one cannot be imported, one is a merge."""
    made = History(tmp_path_factory.mktemp("bisect") / "project")
    made.commit("start", {"project/__init__.py": "", "project/work.py": WORK.format(1), "README": ""})
    made.git("tag", "good")
    for at in range(1, 16):
        if at == 4:
            made.git("checkout", "--quiet", "-b", "side")
            made.commit("on the side", {"project/side.py": "SIDE = 1\n"})
            made.git("checkout", "--quiet", "main")
            made.commit("beside it", {"beside.txt": ""})
            made.git("merge", "--quiet", "--no-ff", "-m", "merge side", "side")
        elif at == 7:
            made.commit("cannot be imported", {"project/work.py": "import no_such_module\n"})
        elif at == 8:
            made.commit("mended", {"project/work.py": WORK.format(1)})
        elif at == 9:
            made.commit("Count twice", {"project/work.py": WORK.format(2)})
            made.git("tag", "culprit")
        else:
            made.commit(f"step {at}", {"README": f"{at}\n"})
    made.git("checkout", "--quiet", "-b", "fork", "good")
    made.commit("elsewhere", {"README": "elsewhere\n"})
    made.git("checkout", "--quiet", "main")
    return made


def perfkit(history: History, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "perfkit", *arguments],
        cwd=history.root,
        env={**os.environ, "XDG_CACHE_HOME": str(history.root.parent / "cache"), "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_commit_that_made_it_slower_is_found(history: History) -> None:
    history.write({"bench.py": BENCH, ".git/info/exclude": "reports\n"})  # newer than all commits
    before = history.state()
    report = history.root.parent / "report.md"
    done = perfkit(
        history,
        "bisect",
        "good",
        "main",
        "--json",
        "--budget",
        "60",
        "--output",
        str(report),
        "--",
        "bench.py",
    )
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    culprit = history.git("rev-parse", "culprit")
    assert made["verdict"] == "found"
    assert [one["id"] for one in made["suspects"]] == [culprit]
    assert made["parent"]["id"] == history.git("rev-parse", "culprit~1")
    assert made["changed"] == [{"path": "project/work.py", "added": 1, "removed": 1}]
    assert made["candidates"] == 16
    asked = [one["commit"]["subject"] for one in made["steps"] if one["kind"] == "search"]
    assert 2 <= len(asked) <= 5
    confirmation = made["steps"][-1]
    assert confirmation["kind"] == "confirmation"
    assert 0.25 < confirmation["speedup"]["value"] < 0.8
    for step in made["steps"]:
        for run in step["baseline_runs"]:
            stored = json.loads((history.root / "reports/bench/runs" / run / "run.json").read_text())
            assert stored["run"]["variant"]["revision"] == step["against"]["id"]
    state = history.state()
    assert {one for one in state["files"] if not one.startswith("reports")} == set(before["files"])  # type: ignore[attr-defined, call-overload]
    assert {**state, "files": None} == {**before, "files": None}
    text = report.read_text()
    assert f"`{culprit[:7]}` made `bench.py` **" in text
    assert "Count twice: A, 2026-01-02." in text
    assert "| `project/work.py` | 1 | 1 |" in text
    assert f"git show {culprit[:7]}" in text


def test_a_commit_that_cannot_be_imported_is_skipped(history: History) -> None:
    history.write({"bench.py": BENCH})
    done = perfkit(history, "bisect", "culprit~3", "culprit", "--budget", "60", "--", "bench.py")
    assert done.returncode == 0, done.stderr + done.stdout
    assert "cannot be imported" in done.stdout
    assert "skipped" in done.stdout
    assert "ModuleNotFoundError" in done.stdout
    assert "Count twice" in done.stdout


def test_nothing_became_slower(history: History) -> None:
    history.write({"bench.py": BENCH})
    done = perfkit(history, "bisect", "good", "side", "--budget", "5", "--", "bench.py")
    assert done.returncode == 4
    assert "inconclusive:" in done.stderr
    assert "Steps" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["main", "good", "--", "bench.py"], "good is older than main"),
        (["good", "good", "--", "bench.py"], "are the same commit"),
        (["goood", "main", "--", "bench.py"], "did you mean 'good'"),
        (
            ["fork", "main", "--", "bench.py"],
            "is no ancestor of main: begin where they parted, perfkit bisect",
        ),
        (["culprit", "side", "--", "bench.py"], "side is older than culprit"),
        (["good", "main", "--", "nowhere.py"], "nowhere.py does not exist, neither here nor in"),
        (["good", "main"], "there is no pipeline"),
        (["good", "main", "--stage", "nothing", "--budget", "2", "--", "bench.py"], "nothing"),
    ],
)
def test_what_makes_no_sense_is_said(history: History, arguments: list[str], says: str) -> None:
    history.write({"bench.py": BENCH})
    done = perfkit(history, "bisect", *arguments)
    assert done.returncode in {2, 3}, done.stdout
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_stage_is_searched_by_its_own_time(history: History) -> None:
    history.write({"bench.py": f"import time\n\ntime.sleep(0.05)\n{BENCH}"})
    done = perfkit(
        history,
        *("bisect", "culprit~1", "culprit", "--json", "--budget", "60"),
        *("--stage", "project.work:total", "--", "bench.py"),
    )
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert (made["verdict"], made["stage"]) == ("found", "total")
    assert made["steps"][0]["speedup"]["value"] < 0.65
