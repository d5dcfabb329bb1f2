"""``perfkit profile --with``: perfkit's own profilers, and those that packages plug in."""

from __future__ import annotations

import importlib.util
import json
import textwrap
from pathlib import Path

import pytest

from tests.cli.test_cli import perfkit, says
from tests.pipelines import project

PLUGIN = '''
"""Counts how often each stage was entered."""
import json
import os
from perfkit.model import FunctionCost, Profiled

TITLE = "entries"
FILE = "entries.json"
VIEWER = "any editor"


class Profiler:
    def __init__(self, module, file):
        self.warnings = [f"ran {module.__name__} of {file.name}"]
        self.watcher = self
        self.counts = {}

    def opened(self, path):
        self.counts[path] = self.counts.get(path, 0) + 1

    def called(self, path, function, args, kwargs):
        self.counts[path] += 100

    def closed(self, path):
        self.counts[path] += 1000

    def run(self, function):
        return function()

    def save(self, folder):
        (folder / FILE).write_text(json.dumps([self.counts, os.getpid()]))


def read(folder, root):
    counts, worker = json.loads((folder / FILE).read_text())
    assert worker != os.getpid()
    return Profiled(
        functions=tuple(
            FunctionCost(
                file="~", line=0, name=path, calls=count, primitive_calls=count, self_s=0.0, cumulative_s=0.0
            )
            for path, count in counts.items()
        )
    )
'''


def plugged(folder: Path, name: str = "entries", source: str = PLUGIN, module: str | None = None) -> str:
    """Lay out an installed distribution that plugs a profiler in; returns the path to add."""
    (folder / f"{name}_plugin.py").write_text(textwrap.dedent(source))
    info = folder / f"perfkit_{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: perfkit-{name}\nVersion: 1.0\n")
    target = f"{name}_plugin" if module is None else module
    (info / "entry_points.txt").write_text(f"[perfkit.profilers]\n{name} = {target}\n")
    return str(folder)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return project(tmp_path / "project")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "site").mkdir()
    return tmp_path / "site"


def test_profilers_are_chosen_by_name(root: Path) -> None:
    done = perfkit(root, "profile", "baseline", "--with", "sampling,memory", "--with", "sampling, cprofile")
    assert done.returncode == 0, done.stderr
    runs = sorted((root / "reports" / "squares" / "runs").iterdir())
    found = [json.loads((one / "run.json").read_text())["run"] for one in runs]
    assert [one["profiler"] for one in found] == ["sampling", "memory", "cprofile"]
    assert "samples, at most one each" in done.stdout
    assert "stage square  square baselines/squares.py" in done.stdout
    if Path("/proc/self/clear_refs").exists():
        assert "resident memory of" in done.stdout
        assert [one["path"] for one in found[1]["memory"]] == ["", "square", "total"]
    tree = found[0]["tree"]
    assert sum(tree["self_s"]) == pytest.approx(found[0]["traced_s"], rel=0.05, abs=2e-3)
    assert "profile.speedscope.json (open with speedscope)" in done.stderr
    has_memray = importlib.util.find_spec("memray") is not None
    assert (runs[1] / "memray.bin").exists() == has_memray == (found[1]["file"] == "memray.bin")
    assert ("memray.bin (open with memray flamegraph)" in done.stderr) == has_memray


def test_two_sides_and_json(root: Path) -> None:
    done = perfkit(root, "profile", "baseline", "optimized", "--with", "sampling", "--json")
    assert done.returncode == 0, done.stderr
    runs = json.loads(done.stdout)
    assert [(one["variant"]["name"], one["profiler"]) for one in runs] == [
        ("baseline", "sampling"),
        ("optimized", "sampling"),
    ]
    stages = {frame["name"] for frame in runs[0]["tree"]["frames"] if frame["kind"] == "stage"}
    assert stages <= {"square", "total"}
    assert all(one["parameters"] == {"n": 20_000} for one in runs)
    listed = perfkit(root, "list", "--runs").stdout
    assert listed.count("-sampling-") == 2


def test_lines_alone_find_their_size(root: Path) -> None:
    done = perfkit(root, "profile", "baseline", "--with", "line", "--line-limit", "2", "--json")
    assert done.returncode == 0, done.stderr
    (run,) = json.loads(done.stdout)
    assert run["profiler"] == "line"
    assert {one["name"] for one in run["lines"]} >= {"square", "total", "run"}
    assert [one.name for one in (root / "reports" / "squares" / "runs").iterdir()] == [run["id"]]


def test_mistakes_are_one_sentence(root: Path) -> None:
    says(
        perfkit(root, "profile", "baseline", "--with", "cprofile,yappi"),
        2,
        "there is no profiler 'yappi'; there is cprofile, line, sampling, memory, torch",
    )
    says(perfkit(root, "profile", "baseline", "--with", ","), 2, "name a profiler")
    says(perfkit(root, "profile", "baseline", "--with", "line", "--line-limit", "0"), 2, "nothing to do")
    assert not (root / "reports").exists()


def test_a_pipeline_without_torch_is_told_so(root: Path) -> None:
    done = perfkit(root, "profile", "baseline", "--with", "torch")
    status = 3 if importlib.util.find_spec("torch") else 2
    says(done, status, "torch", "leave it out of --with")


def test_a_plugged_in_profiler_runs_in_the_worker(root: Path, site: Path) -> None:
    path = plugged(site)
    done = perfkit(root, "profile", "baseline", "--with", "entries", "--json", PYTHONPATH=path)
    assert done.returncode == 0, done.stderr
    (run,) = json.loads(done.stdout)
    assert {one["name"]: one["calls"] for one in run["functions"]} == {"square": 1101, "total": 1101}
    assert run["warnings"] == ["ran baselines.squares of squares.py"]
    assert run["file"] == "entries.json"
    done = perfkit(root, "profile", "baseline", "--with", "entries", PYTHONPATH=path)
    assert "baseline under entries" in done.stdout
    assert "entries.json (open with any editor)" in done.stderr
    says(perfkit(root, "profile", "baseline", "--with", "x", PYTHONPATH=path), 2, "memory, torch, entries")
    says(perfkit(root, "profile", "baseline", "--with", "entries"), 2, "there is no profiler 'entries'")


@pytest.mark.parametrize(
    ("change", "status", "sentence"),
    [
        (("self.counts = {}", "raise OSError('no licence')"), 3, "could not start: OSError: no licence"),
        (("(folder / FILE)", "(folder / 'x' / FILE)"), 3, "could not keep what it found: FileNotFoundError"),
        (("assert worker != os.getpid()", "1 / 0"), 3, "cannot read what it has left: ZeroDivisionError"),
        (("def read(", "def reed("), 2, "perfkit-entries 1.0 is not usable: entries_plugin has no read"),
        (("import os", "import no_such_module"), 2, "perfkit-entries 1.0 cannot be imported"),
        (("import os", "import ("), 2, "cannot be imported from entries_plugin: SyntaxError"),
        (("def read(", "def check():\n    from perfkit.errors import UsageError\n"
          "    raise UsageError('needs a licence')\n\n\ndef read("), 2, "needs a licence"),
    ],
    ids=["start", "save", "read", "incomplete", "import", "syntax", "check"],
)  # fmt: skip
def test_a_broken_plug_in_is_one_sentence(
    root: Path, site: Path, change: tuple[str, str], status: int, sentence: str
) -> None:
    path = plugged(site, source=PLUGIN.replace(*change, 1))
    done = perfkit(root, "profile", "baseline", "--with", "entries", PYTHONPATH=path)
    says(done, status, sentence)
    runs = root / "reports" / "squares" / "runs"
    assert not runs.exists() or not list(runs.iterdir())


def test_a_comparisons_profiles_hold_stacks(root: Path) -> None:
    done = perfkit(
        root, "compare", "baseline", "optimized", "--pairs", "1", "--no-verify", "--line-limit", "0", "--json"
    )
    assert done.returncode in {0, 4}, done.stderr
    ids = json.loads(done.stdout)["comparison"]["profiles"]
    assert [one.split("-", 2)[2].rpartition("-")[0] for one in ids] == [
        "baseline-cprofile",
        "optimized-cprofile",
        "baseline-sampling",
        "optimized-sampling",
    ]
    report = (root / "reports" / "squares" / "report.md").read_text()
    assert "speedscope" in report
