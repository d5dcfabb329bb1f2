"""Gates and what CI reads, on the command line: the exit status, the files, the annotations."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.pipelines import project
from tests.unit.test_ci_formats import parsed, suite

SLEEPY = """
import time
from perfkit import stage

def make_inputs(seed: int, *, n: int = 3):
    return list(range(n))

@stage("load")
def load(numbers):
    time.sleep({load})
    return numbers

@stage("solve")
def solve(numbers):
    time.sleep({solve})
    return {value}

def run(inputs):
    return {{"total": solve(load(inputs))}}
"""
BASELINE = SLEEPY.format(load=0.01, solve=0.02, value="sum(numbers)")
FAST = ["--pairs", "9", "--no-profile"]


def perfkit(root: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    return subprocess.run(
        [sys.executable, "-m", "perfkit", *arguments],
        cwd=root,
        env={**environment, "COLUMNS": "100", **variables},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def commands(done: subprocess.CompletedProcess[str]) -> list[tuple[str, dict[str, str], str]]:
    return [parsed(one) for one in done.stderr.splitlines() if one.startswith("::")]


def outcomes(file: Path) -> dict[str, str]:
    """Return what became of each gate."""
    cases = suite(file.read_text()).findall("testcase")
    return {
        one.attrib["name"]: one[0].tag if len(one) else "passed"
        for one in cases
        if one.attrib["classname"].endswith(".gates")
    }


@pytest.fixture(scope="module")
def slower(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compare with a contender that loads in a third of the time and solves in four times as much."""
    root = project(
        tmp_path_factory.mktemp("slower"),
        name="sleepy",
        baseline=BASELINE,
        optimized=SLEEPY.format(load=0.003, solve=0.08, value="sum(numbers)"),
    )
    done = perfkit(
        *(root, "compare", "baseline", "optimized", *FAST),
        *("--fail-if-slower", "900%", "--fail-if-slower", "solve=20%", "--fail-if-slower", "load=20%"),
        *("--junit", "ci/junit.xml", "--comment", "ci/comment.md"),
        GITHUB_STEP_SUMMARY=str(root / "step.md"),
        GITHUB_WORKSPACE=str(root.parent),
    )
    (root / "stderr.txt").write_text(done.stderr)
    (root / "status.txt").write_text(str(done.returncode))
    return root


def test_each_limit_is_a_gate_of_its_own(slower: Path) -> None:
    assert (slower / "status.txt").read_text() == "1", (slower / "stderr.txt").read_text()
    assert outcomes(slower / "ci/junit.xml") == {
        "run at most 900 % slower": "passed",
        "solve at most 20 % slower": "failure",
        "load at most 20 % slower": "passed",
        "no output differs": "passed",
    }
    assert "gate failed: solve is surely more than 20 % slower" in (slower / "stderr.txt").read_text()


def test_github_is_told_where(slower: Path) -> None:
    told = [parsed(one) for one in (slower / "stderr.txt").read_text().splitlines() if one.startswith("::")]
    ((level, properties, message),) = told
    assert level == "error"
    assert properties["file"] == f"{slower.name}/optimized/sleepy.py"
    assert properties["line"] == "14"  # where solve is defined
    assert message.startswith("solve at most 20 % slower: ")
    assert (slower / "step.md").read_text().startswith("### ❌ Performance of `sleepy`")


def test_the_comment_can_be_found_again(slower: Path) -> None:
    text = (slower / "ci/comment.md").read_text()
    assert text.startswith("<!-- perfkit: sleepy -->\n")
    assert "| **solve at most 20\u00a0% slower** | **❌\u00a0failed** |" in text


def test_a_stored_comparison_remembers_what_it_was_held_to(slower: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(slower, tmp_path / "copy"))
    before = (root / "reports/sleepy/report.md").read_text()
    assert "solve at most 20\u00a0% slower" in before
    done = perfkit(root, "report", "--json", "--junit", "again.xml", "--comment", "again.md")
    assert done.returncode == 1
    content = json.loads(done.stdout)
    assert content["comparison"]["gates"]["slower"] == {"": 9.0, "solve": 0.2, "load": 0.2}
    assert [one["outcome"] for one in content["gates"]] == ["passed", "failed", "passed", "passed"]
    assert (root / "reports/sleepy/report.md").read_text() == before
    from_elsewhere = (root / "ci/junit.xml").read_text()  # GitHub's checkout was the folder above
    assert (root / "again.xml").read_text() == from_elsewhere.replace(
        f"{slower.name}/optimized/", "optimized/"
    )
    assert (root / "again.md").read_text() == (root / "ci/comment.md").read_text()
    assert not commands(done)  # a second summary of the same comparison only where it is asked for
    assert commands(perfkit(root, "report", "--github"))


def test_an_interval_that_holds_the_limit_is_no_pass(tmp_path: Path) -> None:
    root = project(tmp_path, name="sleepy", baseline=BASELINE, optimized=BASELINE)
    done = perfkit(
        *(root, "compare", "baseline", "optimized", "--pairs", "2", "--no-profile", "--no-verify"),
        *("--fail-if-slower", "0%", "--junit", "junit.xml", "--github"),
    )
    assert done.returncode == 4, done.stderr  # equal sides, and two pairs: the interval holds 1
    assert outcomes(tmp_path / "junit.xml") == {"run at most 0 % slower": "skipped"}
    assert {level for level, _, _ in commands(done)} == {"warning"}
    assert "not decided" in done.stderr


def test_a_small_loss_that_is_allowed_is_fine(tmp_path: Path) -> None:
    slower = SLEEPY.format(load=0.01, solve=0.04, value="sum(numbers)")
    root = project(tmp_path, name="sleepy", baseline=BASELINE, optimized=slower)
    arguments = ["compare", "baseline", "optimized", *FAST, "--no-verify"]
    done = perfkit(root, *arguments)
    assert done.returncode == 1, done.stderr
    assert "optimized is slower than baseline" in done.stderr
    done = perfkit(root, *arguments, "--fail-if-slower", "400%")
    assert done.returncode == 0, done.stderr


def test_a_speedup_that_is_asked_for_stands_in_the_place_of_the_target(tmp_path: Path) -> None:
    quick = SLEEPY.format(load=0.001, solve=0.002, value="sum(numbers)")
    root = project(tmp_path, name="sleepy", baseline=BASELINE, optimized=quick)
    (root / "pyproject.toml").write_text("[tool.perfkit.pipelines.sleepy]\ntarget = 1000.0\n")
    arguments = ["compare", "baseline", "optimized", *FAST, "--no-verify"]
    assert perfkit(root, *arguments).returncode == 1
    done = perfkit(root, *arguments, "--fail-below", "1.5x", "--junit", "junit.xml")
    assert done.returncode == 0, done.stderr
    assert outcomes(root / "junit.xml") == {"run not slower": "passed", "speedup of at least 1.5x": "passed"}
    assert "target of 1.5x" in (root / "reports/sleepy/report.md").read_text()


def test_outputs_that_must_be_verified(tmp_path: Path) -> None:
    returning = SLEEPY.format(load=0.01, solve=0.02, value="(n for n in numbers)").replace(
        "solve(load", "sum(solve(load"
    )
    returning = returning.replace("(inputs))}", "(inputs)))}")
    root = project(tmp_path, name="sleepy", baseline=returning, optimized=returning)
    done = perfkit(root, "verify", "baseline", "optimized", "--junit", "junit.xml")
    assert done.returncode == 4, done.stderr  # a generator cannot be compared
    assert outcomes(root / "junit.xml")["outputs verified"] == "skipped"
    done = perfkit(root, "verify", "baseline", "optimized", "--require-verified", "--junit", "junit.xml")
    assert done.returncode == 1, done.stderr
    assert outcomes(root / "junit.xml")["outputs verified"] == "failure"
    assert "not verified: solve was not checked" in done.stderr


def test_a_run_that_failed_is_told_as_well(tmp_path: Path) -> None:
    raising = BASELINE.replace('return {"total"', 'raise ValueError("100 %: no")\n    return {"total"')
    root = project(tmp_path, name="sleepy", baseline=BASELINE, optimized=raising)
    done = perfkit(
        *(root, "compare", "baseline", "optimized", *FAST, "--fail-if-slower", "2%", "--require-verified"),
        *("--junit", "junit.xml", "--comment", "comment.md"),
        GITHUB_STEP_SUMMARY=str(root / "step.md"),
    )
    assert done.returncode == 3
    found = suite((root / "junit.xml").read_text())
    assert found.attrib["errors"] == "1"
    assert "100 %: no" in found.find("testcase/error").attrib["message"]  # type: ignore[union-attr]
    names = ["run at most 2 % slower", "outputs verified"]
    assert outcomes(root / "junit.xml") == dict.fromkeys(names, "skipped")
    assert commands(done)[0][0] == "error"
    assert "100 %: no" in commands(done)[0][2]
    assert (root / "comment.md").read_text().startswith("<!-- perfkit: sleepy -->\n")
    other = "optimized/other.py"  # a side that the project does not know has a pipeline of its own name
    (root / other).write_text("raise SystemExit(3)\n")
    done = perfkit(root, "compare", other, other, "--comment", "other.md")
    assert done.returncode == 3, done.stderr
    assert (root / "other.md").read_text().startswith("<!-- perfkit: other -->\n")
    assert "**No result**" in (root / "step.md").read_text()
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--fail-if-slower", "2"], "write 2% or 0.02"),
        (["--fail-if-slower", "-1%"], "write 2% or 0.02"),
        (["--fail-if-slower", "=2%"], "write 2% or 0.02"),
        (["--fail-if-slower", "nan"], "write 2% or 0.02"),
        (["--fail-if-slower", "2%", "--fail-if-slower", "3%"], "the run has two limits"),
        (["--fail-below", "0.9"], "0.9"),
        (["--fail-below", "nan"], "nan"),
        (["--require-verified", "--no-verify"], "leave out --no-verify"),
    ],
)
def test_wrong_use_is_said_before_anything_is_measured(
    arguments: list[str], words: str, tmp_path: Path
) -> None:
    root = project(tmp_path, name="sleepy", baseline=BASELINE, optimized=BASELINE)
    done = perfkit(root, "compare", "baseline", "optimized", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert not (root / "reports").exists()


def test_a_stage_that_there_is_not_ends_with_the_first_pair(tmp_path: Path) -> None:
    root = project(tmp_path, name="sleepy", baseline=BASELINE, optimized=BASELINE)
    done = perfkit(root, "compare", "baseline", "optimized", "--fail-if-slower", "slove=2%")
    assert done.returncode == 2
    assert "there is no stage 'slove': did you mean 'solve'?" in done.stderr
    assert "1 finished pair is kept" in done.stderr


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    root = project(tmp_path, name="sleepy", baseline=BASELINE, optimized=BASELINE)
    (root / "taken").mkdir()
    done = perfkit(root, "compare", "baseline", "nothing", "--junit", "taken/x.xml")
    assert done.returncode == 2
    assert ElementTree.parse(root / "taken/x.xml").getroot().tag == "testsuites"  # noqa: S314
    (root / "file").write_text("")
    done = perfkit(root, "compare", "baseline", "nothing", "--junit", "file/x.xml")
    assert done.returncode == 2
    assert "cannot write file/x.xml" in done.stderr
    assert "nothing" in done.stderr.splitlines()[-1]  # the first error is the one to end with
    assert "Traceback" not in done.stderr
