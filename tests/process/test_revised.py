"""Sides that are revisions: their names, the interpreter each is built for, and whose files they are."""

from __future__ import annotations

import os
import sys
import venv
from pathlib import Path

import pytest

from perfkit.api import bisect_benchmark, revised, sides
from perfkit.catalog import builds, caches, repositories, revisions
from perfkit.errors import UsageError
from tests.repositories import History


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)


@pytest.fixture
def history(tmp_path: Path) -> History:
    """main: first - third; feature: first - second."""
    made = History(tmp_path / "project")
    made.commit("first", {"bench.py": "print(1)\n", "an other.py": "print(1)\n", ".gitignore": "reports\n"})
    made.git("checkout", "--quiet", "-b", "feature")
    made.commit("second: 1..2", {"work.py": "A = 2\n"})
    made.git("checkout", "--quiet", "main")
    made.commit("third", {"work.py": "A = 3\n"})
    return made


def found(history: History, *words: str, dirty: bool = False, pythons: tuple[str, ...] = ()) -> sides.Sides:
    asked = sides.Asked(words=words, arguments=("bench.py",), dirty=dirty, pythons=pythons)
    return sides.find(asked, start=history.root)


def test_where_two_branches_parted_is_called_neither(history: History) -> None:
    made = found(history, "main...feature")
    assert made.names == ("merge-base", "feature")
    first = history.git("rev-parse", "main~1")
    assert made.bench.variant("merge-base").revision == first
    assert made.bench.notes == (f"merge-base is where main and feature parted: {first[:7]} first",)


def test_a_branch_that_has_not_moved_since_keeps_its_name(history: History) -> None:
    history.git("branch", "--force", "main2", "main~1")
    made = found(history, "main2...feature")
    assert (made.names, made.bench.notes) == (("main2", "feature"), ())
    assert found(history, "main..feature").names == ("main", "feature")


def test_dots_in_what_is_no_range(history: History) -> None:
    made = found(history, ":/1..2", dirty=True)
    assert made.names == ("__1..2", revised.WORKING_TREE)
    assert made.bench.variant("__1..2").revision == history.git("rev-parse", "feature")


def test_a_range_and_the_working_tree_are_three_sides(history: History) -> None:
    assert found(history, "main..feature", dirty=True).names == ("main", "feature", revised.WORKING_TREE)


def test_each_side_is_built_for_its_own_interpreter(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venv.create(tmp_path / "other", with_pip=False, symlinks=True)
    other = str(tmp_path / "other/bin/python")
    built = []

    def paths(checkout: revisions.Checkout, python: str = "", *, project: str = "") -> tuple[str, ...]:
        built.append((checkout.revision, python))
        return (str(checkout.root / project),)

    monkeypatch.setattr(builds, "import_paths", paths)
    made = found(history, "main", "feature", pythons=(other, sys.executable))
    variants = [made.bench.variant(name) for name in made.names]
    assert built == [(one.revision, one.python) for one in variants]
    assert built[0][1] != built[1][1]
    built.clear()
    with pytest.raises(UsageError, match="give --python once for all sides, or 2 times"):
        found(history, "main", "feature", pythons=(other, other, other))
    assert built == []


def test_what_a_run_under_way_has_left_does_not_get_into_a_copy(history: History, tmp_path: Path) -> None:
    plain = revisions.checkout(revisions.find(history.root), "main")
    (plain.root / "left").mkdir()
    (plain.root / "left/memo.txt").write_text("42")
    made = revisions.with_benchmark(plain, "bench.py", b"print(2)\n")
    there = {one.name for one in made.root.iterdir()}
    assert there == {"bench.py", "an other.py", "work.py", ".gitignore", ".git"}
    caches.copy(plain.root, tmp_path / "source")
    assert {one.name for one in (tmp_path / "source").iterdir()} == there


def test_a_search_is_stored_where_a_comparison_is(history: History) -> None:
    repository = revisions.find(history.root)
    last = repositories.commit(repository, history.git("rev-parse", "HEAD"))
    what = bisect_benchmark.from_file(repository, history.root, last, ("an other.py",), own=False)
    asked = sides.Asked(words=("main", "feature"), arguments=("an other.py",))
    assert what.pipeline == sides.find(asked, start=history.root).bench.pipeline.name == "an_other"


def test_a_word_that_is_a_file_and_a_branch_is_refused(history: History) -> None:
    (history.root / "feature").write_text("print(1)\n")
    with pytest.raises(UsageError, match=r"'feature' is a file and a git revision: write \./feature"):
        found(history, "main", "feature")


def test_the_working_tree_without_changes_is_the_commit(history: History) -> None:
    made = found(history, "main", dirty=True)
    assert made.bench.variant(revised.WORKING_TREE).revision == history.git("rev-parse", "HEAD")
