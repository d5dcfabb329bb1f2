"""`perfkit advise` as a user meets it: with clean times and without, and of a file that is edited."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.test_cli import perfkit, says
from tests.pipelines import project

SLOW = """
import numpy as np

from perfkit import stage

def make_inputs(seed: int, *, n: int = 3_000):
    return np.random.default_rng(seed).random(n)

@stage("square")
def square(x):
    total = 0.0
    for i in range(len(x)):
        total += x[i] * x[i]
    return total

@stage("distinct")
def distinct(x):
    found = []
    for value in (x * 400).astype(int).tolist():
        if value not in found:
            found.append(value)
    return found

def run(inputs):
    return {"total": square(inputs), "distinct": len(distinct(inputs))}
"""
FAST = """
import numpy as np

from perfkit import stage

@stage("square")
def square(x):
    return float(x @ x)

@stage("distinct")
def distinct(x):
    return list(dict.fromkeys((x * 400).astype(int).tolist()))

def run(inputs):
    return {"total": square(inputs), "distinct": len(distinct(inputs))}
"""
ELEMENTS = "array worked on element by element"
MEMBERS = "list searched on each pass (in, index, count)"


@pytest.fixture(scope="module")
def profiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = project(tmp_path_factory.mktemp("advised"), name="sums", baseline=SLOW, optimized=FAST)
    done = perfkit(root, "profile", "baseline", "optimized", "--line-limit", "20")
    assert done.returncode == 0, done.stderr
    return root


@pytest.fixture
def copy(profiled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(profiled, tmp_path / "copy"))


def advice_of(root: Path, *arguments: str) -> dict:
    done = perfkit(root, "advise", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_without_clean_runs_it_says_so_and_bounds_nothing(profiled):
    done = perfkit(profiled, "advise")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for word in (MEMBERS, ELEMENTS, "total += (x * x).sum()", "found_set = set()", "baselines/sums.py:"):
        assert word in done.stdout
    assert "of the time under the profiler" in done.stdout
    assert "There is no clean run of this source" in done.stdout
    assert "times as fast" not in done.stdout
    found = advice_of(profiled)
    assert {one["pattern"] for one in found["advice"]} == {MEMBERS, ELEMENTS}
    assert all(one["gain_bound"] is None for one in found["advice"])
    assert (found["clean_run"], found["clean_of"], found["edited"]) == ("", 0, False)


def test_with_clean_runs_the_gain_is_bounded(copy):
    assert perfkit(copy, "run", "baseline", "--times", "3").returncode == 0
    done = perfkit(copy, "advise")
    assert done.returncode == 0, done.stderr
    assert "the median of 3 clean runs" in done.stdout.replace("\n", " ")
    assert "is at most" in done.stdout
    found = advice_of(copy)
    assert found["clean_of"] == 3
    for one in found["advice"]:
        assert one["gain_bound"] == pytest.approx(1 / (1 - one["share"]))
    lines = {one["pattern"]: one for one in found["advice"]}
    assert lines[ELEMENTS]["text"] == "total += x[i] * x[i]"
    assert lines[ELEMENTS]["hits"] == 3000
    assert (lines[ELEMENTS]["stage"], lines[MEMBERS]["stage"]) == ("square", "distinct")


def test_runs_of_other_source_are_not_taken_for_clean_ones(copy):
    assert perfkit(copy, "run", "optimized").returncode == 0
    assert advice_of(copy)["clean_run"] == ""


def test_of_good_code_it_says_that_there_is_nothing(profiled):
    done = perfkit(profiled, "advise", "optimized")
    assert done.returncode == 0, done.stderr
    assert "No line with 1 % of the run or more shows a known pattern" in done.stdout
    assert advice_of(profiled, "optimized")["advice"] == []


def test_a_run_is_named_by_its_id_or_a_part_of_it(profiled):
    runs = [one.name for one in (profiled / "reports/sums/runs").iterdir()]
    (line,) = (one for one in runs if "baseline-line" in one)
    assert advice_of(profiled, line)["run"] == line
    assert advice_of(profiled, "baseline-line")["run"] == line
    (cprofile,) = (one for one in runs if "baseline-cprofile" in one)
    says(
        perfkit(profiled, "advise", cprofile),
        2,
        f"perfkit advise takes a line profile; {cprofile} is a cProfile profile",
        "perfkit profile VARIANT --with line makes one",
    )


def test_a_comparison_stands_for_its_baseline(copy):
    done = perfkit(
        copy, "compare", "baseline", "optimized", "--pairs", "2", "--no-verify", "--line-limit", "10"
    )
    assert done.returncode in {0, 4}, done.stderr
    (comparison,) = (one.name for one in (copy / "reports/sums/comparisons").iterdir())
    for name in (comparison, comparison[4:], "latest"):
        found = advice_of(copy, name)
        assert found["variant"]["name"] == "baseline"
        assert found["clean_of"] == 2


def test_an_edit_since_is_said_and_the_profiles_own_text_is_read(copy):
    file = copy / "baselines" / "sums.py"
    before = advice_of(copy)
    file.write_text("# A new first line.\n" + file.read_text().replace("total +=", "sum_ +="))
    found = advice_of(copy)
    assert found["edited"] is True
    assert found["advice"] == before["advice"]
    done = perfkit(copy, "advise")
    assert "or has another text now than in the profile" in done.stdout.replace("\n", " ")
    assert "total += x[i] * x[i]" in done.stdout
    (other,) = (one.name for one in (copy / "reports/sums/runs").iterdir() if "optimized-line" in one.name)
    (copy / "optimized" / "sums.py").unlink()
    done = perfkit(copy, "advise", other)
    assert done.returncode == 0, done.stderr
    assert "is gone" in done.stdout


def test_the_least_share_is_an_option(profiled):
    assert advice_of(profiled, "--least", "100")["advice"] == []
    assert len(advice_of(profiled, "--least", "0")["advice"]) >= 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nobody"], "'nobody' is no variant and no stored run or comparison"),
        (["--least", "101"], "101"),
        (["profile.prof"], "run perfkit profile VARIANT --with line, then perfkit advise VARIANT"),
        (["--pipeline", "sms"], "did you mean 'sums'?"),
    ],
)
def test_wrong_use_is_one_sentence(profiled, arguments, words):
    says(perfkit(profiled, "advise", *arguments), 2, words)


def test_nothing_profiled_yet(tmp_path):
    root = project(tmp_path, name="sums", baseline=SLOW, optimized=FAST)
    says(perfkit(root, "advise"), 2, "perfkit profile baseline")
    assert not (root / "reports").exists()


def test_names_do_not_steer_the_terminal(tmp_path):
    hostile = SLOW.replace("found = []", "found = []  # [bold red]x[/]")
    root = project(tmp_path, name="sums", baseline=hostile, optimized=FAST)
    assert perfkit(root, "profile", "baseline", "--with", "line", "--line-limit", "20").returncode == 0
    done = perfkit(root, "advise", "--least", "0")
    assert done.returncode == 0, done.stderr
    assert MEMBERS in done.stdout
