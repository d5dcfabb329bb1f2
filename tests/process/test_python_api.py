"""The Python functions on real processes: callables of modules and scripts, what is stored, what fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

import perfkit
from perfkit.errors import RunError
from tests.pipelines import project
from tests.unit.test_docs import DOCS, blocks

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.model import Event

FUNCTIONS = """
def make_inputs(seed, *, n=300):
    return [(seed + i * i) % 97 for i in range(n)], 2

def slow(numbers, times):
    seen = []
    for number in numbers:
        for other in seen:
            if other == number:
                break
        else:
            seen.append(number)
    return sum(seen) * times

def fast(numbers, times):
    return sum(set(numbers)) * times

def wrong(numbers, times):
    return sum(set(numbers)) * times + 1

def broken(numbers, times):
    raise ValueError("no numbers")
"""


@pytest.fixture
def functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import a module that lies in a folder of its own, which only this process's path names."""
    import importlib

    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "functions_of_a_test.py").write_text(FUNCTIONS)
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "functions_of_a_test", raising=False)
    yield importlib.import_module("functions_of_a_test")
    sys.modules.pop("functions_of_a_test", None)


def test_two_functions_are_compared_and_found_again(functions: Any, tmp_path: Path) -> None:
    events: list[Event] = []
    result = perfkit.compare(
        functions.slow,
        functions.fast,
        make_inputs=functions.make_inputs,
        set={"n": 2000},
        pairs=3,
        profile=False,
        find_stages=False,
        listener=events.append,
        output=tmp_path / "copy.md",
    )
    assert result.verdict in {"faster", "inconclusive"}  # three pairs on a loaded machine
    assert result.speedup.n == 3
    assert result.equality.verified
    assert [stage.kind for stage in result.stages] == ["total"]
    assert result.comparison.parameters == {"n": 2000}
    assert result.comparison.command == (
        "perfkit compare --pairs 3 --no-profile functions_of_a_test:slow functions_of_a_test:fast "
        "--inputs functions_of_a_test:make_inputs --set n=2000 --no-find-stages"
    )
    assert {one.phase for one in events} == {"measuring", "verifying"}
    assert "slow" in (tmp_path / "copy.md").read_text()
    assert (tmp_path / "copy.svg").is_file()
    assert result.files[0].name == "report.md"

    again = perfkit.load()
    assert isinstance(again, perfkit.ComparisonResult)
    assert again.to_dict() == result.to_dict()
    assert repr(again) == repr(result)
    part = perfkit.load(result.id[-6:], pipeline="slow")
    assert isinstance(part, perfkit.ComparisonResult)
    assert part.id == result.id
    assert json.loads((result.files[0].parent / "summary.json").read_text())["comparison"]["id"] == result.id

    page = result.report(tmp_path / "page.html")
    assert page.read_text().startswith("<!doctype html>")
    one = perfkit.load(result.comparison.pairs[0].baseline_run)
    assert isinstance(one, perfkit.TimingResult)
    assert one.runs[0].variant.name == "slow"


def test_a_wrong_function_fails_its_gate(functions: Any) -> None:
    result = perfkit.verify(
        functions.slow, functions.wrong, make_inputs=functions.make_inputs, find_stages=False
    )
    assert (result.exit_code, result.ok) == (1, False)
    assert result.equality.verdict == "different"
    assert result.failed[0].startswith("the output differs")
    again = perfkit.load(result.id)
    assert isinstance(again, perfkit.VerificationResult)
    assert again.to_dict() == result.to_dict()


def test_a_function_that_raises_is_one_sentence(functions: Any) -> None:
    with pytest.raises(RunError, match="ValueError: no numbers"):
        perfkit.run(functions.broken, make_inputs=functions.make_inputs)


def test_a_pipeline_is_timed_and_profiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project(tmp_path))
    timed = perfkit.run("baseline", times=2, set={"n": 500})
    assert [run.parameters for run in timed.runs] == [{"n": 500}] * 2
    profiled = perfkit.profile("baseline", "optimized", profilers="cprofile", set={"n": 500})
    assert [run.variant.name for run in profiled.runs] == ["baseline", "optimized"]
    assert all(file.is_file() for file in profiled.files)
    assert "square" in profiled._repr_html_()
    again = perfkit.load(profiled.runs[0].id)
    assert isinstance(again, perfkit.ProfileResult)
    assert again.runs == profiled.runs[:1]


def _script(folder: Path, name: str, text: str) -> subprocess.CompletedProcess[str]:
    (folder / name).write_text(textwrap.dedent(text))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(
        [sys.executable, name], cwd=folder, capture_output=True, text=True, check=False, env=environment
    )


def test_a_scripts_own_functions_are_measured_by_its_file(tmp_path: Path) -> None:
    done = _script(
        tmp_path,
        "script.py",
        """
        import perfkit

        def work():
            return sum(range(2000))

        if __name__ == "__main__":
            print(perfkit.run(work, times=2).runs[1].variant.path)
            perfkit.run(lambda: 0)
        """,
    )
    assert done.stdout.strip() == "script.py", done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith("perfkit.errors.UsageError: a lambda has no name")


def test_a_script_without_its_guard_ends_with_a_sentence(tmp_path: Path) -> None:
    """Its import in the first process would start a second, and so on."""
    done = _script(tmp_path, "script.py", "import perfkit\ndef work():\n    return 1\nperfkit.run(work)\n")
    assert done.returncode == 1
    assert 'put the call below if __name__ == "__main__":' in done.stderr.splitlines()[-1]


def test_the_scripts_of_the_page_run(tmp_path: Path) -> None:
    files = {}
    for language, text in blocks(DOCS / "python.md"):
        if language == "python":
            files[text.partition("\n")[0].removeprefix("# ")] = text
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    for name in ("prove.py", "prove_words.py"):
        done = _script(tmp_path, name, files[name])
        assert done.returncode == 0, done.stderr
        assert "achieved a" in done.stdout or "verified on" in done.stdout
    assert (tmp_path / "sums.md").read_text().startswith("# Performance report")
    assert (tmp_path / "sums.html").is_file()
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "test_sums.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert tested.returncode == 0, tested.stdout
