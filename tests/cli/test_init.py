"""``perfkit init``: from a slow script to a comparison, with flags and on a terminal."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_cli import perfkit, says

MODULE = """
from helper import twice

def make_inputs(seed, *, n: int = 2000):
    return [float(seed + i) for i in range(n)]

def run(inputs):
    return {"total": sum(twice(x) for x in inputs)}
"""
GUARDED = """
import sys

def work(n):
    return [i / 3 for i in range(n)]

def main():
    print(sum(work(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)))

if __name__ == "__main__":
    main()
"""
CALLABLE = """
def numbers(seed, *, n: int = 2000):
    return [float(seed + i) for i in range(n)]

def count(numbers):
    return sum(x * x for x in numbers)
"""


@pytest.mark.parametrize(
    ("source", "flags", "kind"),
    [
        (MODULE, [], "pipeline"),
        (GUARDED, ["--", "3000"], "script"),
        (CALLABLE, ["--entry", "count", "--inputs", "numbers"], "callable"),
    ],
    ids=["module", "script", "callable"],
)
def test_a_comparison_works_at_once(tmp_path: Path, source: str, flags: list[str], kind: str) -> None:
    (tmp_path / "slow.py").write_text(source)
    (tmp_path / "helper.py").write_text("def twice(x): return 2 * x\n")
    (tmp_path / "pyproject.toml").write_text("# mine\n[project]\nname = 'x'  # keep\n")
    done = perfkit(tmp_path, "init", "--script", "slow.py", "--yes", *flags)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "1. Make slow_optimized.py faster.",
        "2. perfkit compare baseline optimized",
        "3. Read reports/slow/report.md: how much faster, where, why, and still right?",
    ]
    assert (tmp_path / "pyproject.toml").read_text().startswith("# mine\n[project]\nname = 'x'  # keep\n")
    assert (tmp_path / "slow_optimized.py").read_text() == source
    done = perfkit(
        tmp_path, "compare", "baseline", "optimized", "--pairs", "1", "--no-profile", "--json"
    )  # fmt: skip
    assert done.returncode == 4, done.stderr  # one pair decides nothing
    comparison = json.loads(done.stdout)["comparison"]
    assert comparison["baseline"].get("kind", "pipeline") == kind
    for verification in comparison["scrutiny"]["verifications"]:
        assert {one["verdict"] for one in verification["stages"]} <= {"identical"}
    assert (tmp_path / "reports" / "slow" / "report.md").is_file()
    says(perfkit(tmp_path, "init", "--script", "slow.py", "--yes", *flags), 2, "there is a pipeline 'slow'")


def test_stored_runs_are_ignored_by_git_and_the_report_is_not(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / "slow.py").write_text(GUARDED)
    assert perfkit(tmp_path, "init", "--script", "slow.py").returncode == 0
    for path in (
        "runs/1/run.json",
        "comparisons/1/x",
        ".staging/1/x",
        "report.html",
        "report.md",
        "stages.svg",
    ):
        (tmp_path / "reports" / "slow" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "reports" / "slow" / path).touch()
    told = ["git", "ls-files", "--others", "--exclude-standard", "reports"]
    done = subprocess.run(told, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["reports/slow/report.md", "reports/slow/stages.svg"]


def test_what_is_missing_is_named_with_its_flag(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(CALLABLE)
    says(perfkit(tmp_path, "init"), 2, "where no terminal answers", "--script FILE", "--contender-name")
    says(perfkit(tmp_path, "init", "--yes"), 2, "with --yes: give --script FILE")
    says(perfkit(tmp_path, "init", "--script", "slow.py"), 2, "with --entry: __main__ for the whole file")
    says(perfkit(tmp_path, "init", "--script", "slow.py", "--entry", "count"), 2, "with --inputs")
    says(perfkit(tmp_path, "init", "--script", "no.py"), 2, "no.py does not exist")
    (tmp_path / "pyproject.toml").write_text("[tool.perfkit]\nno_such_key = 1\n")
    says(perfkit(tmp_path, "init", "--script", "slow.py"), 2, "unknown key `no_such_key`")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["pyproject.toml", "slow.py"]


def test_from_a_folder_below_the_root(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "slow.py").write_text(GUARDED)
    done = perfkit(tmp_path / "lib", "init", "--script", "slow.py", "--contender-name", "fast")
    assert done.returncode == 0, done.stderr
    assert "1. Make slow_fast.py faster." in done.stdout
    assert 'fast = { script = "lib/slow_fast.py" }' in (tmp_path / "pyproject.toml").read_text()


# ---------------------------------------------------------------- on a terminal


def on_a_terminal(root: Path, answers: str, *arguments: str) -> tuple[int, str]:
    """Run ``perfkit init`` on a terminal of its own; returns its status and all that it showed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "perfkit", "init", *arguments],
        cwd=root, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        env={**os.environ, "TERM": "dumb"},
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, answers.encode())
    shown = b""
    while True:
        try:
            read = os.read(ours, 4096)
        except OSError:  # Linux's way to say that nobody writes any more
            break
        if not read:
            break
        shown += read
    os.close(ours)
    return process.wait(timeout=60), shown.decode()


def test_it_asks_on_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(CALLABLE)
    status, shown = on_a_terminal(tmp_path, "no.py\nslow.py\nnope\ncount\nnumbers\nwords\nfast\ny\n")
    assert status == 0, shown
    assert "no.py does not exist" in shown
    assert "It can be run as numbers, count." in shown
    assert "no function 'nope' at its top" in shown
    assert "2. perfkit compare baseline fast" in shown
    text = (tmp_path / "pyproject.toml").read_text()
    assert "[tool.perfkit.pipelines.words.variants]" in text
    assert 'fast = { callable = "slow_fast.py:count", inputs = "slow.py:numbers" }' in text


def test_a_return_takes_what_is_proposed_and_a_no_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(GUARDED)
    status, shown = on_a_terminal(tmp_path, "\n\n\n\nn\n")
    assert status == 2
    assert "nothing was written" in shown
    assert 'baseline = { script = "slow.py" }' in shown
    assert [one.name for one in tmp_path.iterdir()] == ["slow.py"]
    status, shown = on_a_terminal(tmp_path, "\n\n\n\n\n")
    assert status == 0, shown
    assert (tmp_path / "slow_optimized.py").read_text() == GUARDED


def test_an_interrupted_question_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(GUARDED)
    status, shown = on_a_terminal(tmp_path, "\n\n\x04")  # the end of what is typed
    assert status == 130
    assert "interrupted; nothing was written" in shown
    assert [one.name for one in tmp_path.iterdir()] == ["slow.py"]
