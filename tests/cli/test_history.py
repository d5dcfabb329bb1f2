"""``perfkit history`` and ``perfkit prune`` as a user meets them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from perfkit.store import Store
from tests import histories
from tests.cli.test_cli import perfkit, says
from tests.pipelines import project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = project(tmp_path / "project", name="demo")
    histories.write(made, [10.0, 10.1, 10.0, 9.9, 5.0, 5.1, 5.0, 4.9])
    return made


def test_a_history_end_to_end(root: Path) -> None:
    done = perfkit(root, "history", "optimized", "--output", "out/mine.md")
    assert done.returncode == 0, done.stderr
    assert "Change at aaaaaaaaa: the speedup fell from" in done.stdout
    assert "not paired" in done.stdout
    assert "●" in done.stdout
    assert "written: out/mine.md" in done.stderr
    assert (root / "out" / "mine.svg").is_file()
    narrow = perfkit(root, "history", COLUMNS="60")
    assert narrow.returncode == 0
    assert all(len(line) <= 60 for line in narrow.stdout.splitlines())
    data = json.loads(perfkit(root, "history", "--json", "--stage", "count").stdout)
    assert data["stage"] == "count"
    assert [one["index"] for one in data["series"][0]["shifts"] if one["stage"] == "count"] == [4]


def test_a_long_history_shows_its_newest_rows(root: Path) -> None:
    histories.write(root, [4.0] * 40, pairs=1, pipeline="long")
    done = perfkit(root, "history", "--pipeline", "long")
    assert "10 earlier comparisons are not shown" in done.stdout
    assert sum("aaaaaaaaa  2026-" in line for line in done.stdout.splitlines()) == 30


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nope"], ["has the contender 'nope': there is optimized"]),
        (["--stage", "nope"], ["there is no stage 'nope': there is count, read"]),
        (["--since", "2030-01-01"], ["started since 2030-01-01"]),
        (["--since", "soon"], ["soon"]),
        (["--output", "x.pdf"], ["--output ends in .md, .html or .svg"]),
        (["--pipeline", "nope"], ["there is no pipeline 'nope'"]),
    ],
)
def test_mistakes_in_history(root: Path, arguments: list[str], words: list[str]) -> None:
    says(perfkit(root, "history", *arguments), 2, *words)


def test_an_empty_project_says_what_to_do(tmp_path: Path) -> None:
    says(perfkit(tmp_path, "history"), 2, "run perfkit compare first")
    assert not (tmp_path / "reports").exists()


def test_the_list_tells_commit_and_outcome(root: Path) -> None:
    done = perfkit(root, "list")
    assert "at aaaaaaaaa: " in done.stdout
    assert "outputs verified" in done.stdout


def test_pruning_end_to_end(root: Path) -> None:
    store = Store(root / "reports" / "demo")
    before = store.comparison_ids()
    shown = perfkit(root, "prune", "--keep", "3", "--dry-run")
    assert shown.returncode == 0, shown.stderr
    assert "5 comparisons and 30 runs" in shown.stdout
    assert before[0] in shown.stdout
    assert before[-1] not in shown.stdout
    assert store.comparison_ids() == before
    says_so = perfkit(root, "prune", "--keep", "3")  # stdin is no terminal
    assert says_so.returncode == 2
    assert "add --yes" in says_so.stderr
    assert store.comparison_ids() == before
    done = perfkit(root, "prune", "--keep", "3", "--yes")
    assert done.returncode == 0, done.stderr
    assert "removed 5 comparisons and 30 runs" in done.stdout
    assert store.comparison_ids() == before[5:]
    assert "there is nothing to remove" in perfkit(root, "prune", "--keep", "3", "--yes").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["--keep N", "--older-than 30d"]),
        (["--older-than", "30"], ["write 30d, 12h or 8w"]),
        (["--keep", "-1"], ["-1"]),
        (["--keep", "1", "--pipeline", "nope"], ["there is no pipeline 'nope'"]),
    ],
)
def test_mistakes_in_pruning(root: Path, arguments: list[str], words: list[str]) -> None:
    done = perfkit(root, "prune", *arguments)
    says(done, 2, *words)
