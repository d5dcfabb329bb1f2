"""Revisions as folders: right files, whole or not at all, and nothing of the user's is touched."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from perfkit.catalog import caches, revisions
from perfkit.catalog.repositories import commits
from perfkit.errors import StoreError, UsageError
from tests.repositories import History

YEAR_S = 365 * 86400.0


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)


@pytest.fixture
def history(tmp_path: Path) -> History:
    """main: first - second - merge of side - fourth; tag v1 is first."""
    made = History(tmp_path / "a project")
    made.commit("first", {"pkg/__init__.py": "A = 1\n", ".gitignore": "*.log\n", "bench.py": "print(1)\n"})
    made.git("tag", "-a", "v1", "-m", "one")
    made.git("checkout", "--quiet", "-b", "side")
    made.commit("on the side", {"pkg/side.py": "S = 1\n"})
    made.git("checkout", "--quiet", "main")
    made.commit("second", {"pkg/__init__.py": "A = 2\n"})
    made.git("merge", "--quiet", "--no-ff", "-m", "merge side", "side")
    made.commit("fourth: ünïcode", {"pkg/__init__.py": "A = 4\n"})
    return made


def subjects(repository: revisions.Repository, good: str, bad: str) -> list[str]:
    found = revisions.line(
        repository, revisions.resolve(repository, good), revisions.resolve(repository, bad)
    )
    return [one.subject for one in found]


# ---------------------------------------------------------------- words


def test_words_become_commits(history: History) -> None:
    repository = revisions.find(history.root / "pkg")
    assert repository.root == history.root
    head = history.git("rev-parse", "HEAD")
    first = history.git("rev-parse", "v1^{commit}")
    for word in ("HEAD", "main", head, head[:9], "@", ":/fourth"):
        assert revisions.resolve(repository, word) == head
    assert revisions.resolve(repository, "v1") == first  # the commit, not the tag's own object
    assert revisions.resolve_range(repository, "v1..main") == (first, head)
    assert revisions.resolve_range(repository, "v1..") == (first, head)
    side = history.git("rev-parse", "side")
    assert revisions.resolve_range(repository, "HEAD~2...side") == (first, side)
    assert revisions.is_range(repository, "v1...side")
    assert not revisions.is_range(repository, "main")
    for word in (
        "",
        "-q",
        "--all",
        "bench.py",
        "../a project",
        "..",
        "...",
        "main....side",
        "HEAD:bench.py",
        "x..y",
    ):
        assert not revisions.is_revision(repository, word), word


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("mian", "did you mean 'main'"),
        ("V1", "did you mean 'v1'"),
        ("HEAD~99", "'HEAD' is there, but not what is asked of it"),
        ("HEAD:bench.py", "it is a blob, and no commit"),
        ("0" * 40, "there is no revision"),
        ("--all", "there is no revision '--all'"),
        ("zzzzzz", "there is no revision"),
    ],
)
def test_a_revision_that_is_none(history: History, word: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        revisions.resolve(revisions.find(history.root), word)


def test_a_remote_branch_is_proposed(history: History) -> None:
    history.git("update-ref", "refs/remotes/origin/speed", "HEAD")
    with pytest.raises(UsageError, match="did you mean 'origin/speed'"):
        revisions.resolve(revisions.find(history.root), "speed")


def test_where_there_is_nothing_to_resolve(
    tmp_path: Path, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    with pytest.raises(UsageError, match="in no git repository"):
        revisions.find(outside)
    with pytest.raises(UsageError, match="bare"):
        revisions.find(history.root / ".git")
    empty = History(tmp_path / "empty")
    with pytest.raises(UsageError, match="no commit yet"):
        revisions.resolve(revisions.find(empty.root), "HEAD")
    shallow = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{history.root}", str(shallow)], check=True)
    with pytest.raises(UsageError, match=r"shallow clone.*unshallow"):
        revisions.resolve(revisions.find(shallow), "HEAD~2")
    history.git("checkout", "--quiet", "--orphan", "other")
    history.commit("unrelated")
    with pytest.raises(UsageError, match="no commit in common"):
        revisions.resolve_range(revisions.find(history.root), "main...other")
    monkeypatch.setenv("PATH", str(outside))
    with pytest.raises(UsageError, match="git was not found"):
        revisions.find(history.root)


def test_a_hook_of_git_does_not_lead_astray(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = History(tmp_path / "other")
    other.commit("elsewhere")
    monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.root / ".git/index"))
    assert revisions.find(history.root).root == history.root
    assert (revisions.checkout(revisions.find(history.root), "main").root / "pkg/side.py").is_file()


def test_the_line_of_first_parents(history: History) -> None:
    repository = revisions.find(history.root)
    assert subjects(repository, "v1", "main") == ["second", "merge side", "fourth: ünïcode"]
    assert subjects(repository, "side", "main") == ["merge side", "fourth: ünïcode"]
    assert subjects(repository, "main", "main") == []
    assert not revisions.is_ancestor(repository, "main", "side")
    merge = commits(repository, "-1", "main~1")[0]
    assert len(merge.parents) == 2
    assert merge.author == "A"


# ---------------------------------------------------------------- checkouts


def test_a_commit_is_checked_out_and_nothing_else_changes(history: History, tmp_path: Path) -> None:
    hook = history.root / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch '{tmp_path}/hooked'\n")
    hook.chmod(0o755)
    history.write({"pkg/__init__.py": "A = 'edited'\n", "new.py": "", "staged.py": "", "old.log": ""})
    history.git("add", "staged.py")
    before = history.state()
    repository = revisions.find(history.root)
    made = revisions.checkout(repository, "v1")
    assert (made.root / "pkg/__init__.py").read_text() == "A = 1\n"
    assert not (made.root / "new.py").exists()
    assert made.revision == history.git("rev-parse", "v1^{commit}")
    assert made.title.endswith(" first")
    assert made.notes == ()
    assert revisions.checkout(repository, made.revision).root == made.root
    assert revisions.has_changes(repository)
    assert history.state() == before
    assert not (tmp_path / "hooked").exists()


def test_a_second_call_does_not_make_it_again(history: History) -> None:
    repository = revisions.find(history.root)
    first = revisions.checkout(repository, "v1").root / "pkg/__init__.py"
    made = first.stat().st_ctime_ns
    revisions.checkout(repository, "v1")
    assert first.stat().st_ctime_ns == made


def test_changed_files_are_mended_and_left_ones_removed(history: History) -> None:
    repository = revisions.find(history.root)
    root = revisions.checkout(repository, "v1").root
    module, left, compiled = root / "pkg/__init__.py", root / "out/result.txt", root / "pkg/__pycache__/x.pyc"
    for one in (left, compiled):
        one.parent.mkdir()
        one.write_text("left by a run")
    revisions.checkout(repository, "v1")
    assert not left.exists()
    assert compiled.exists()
    was = module.stat()
    module.write_text("A = 9\n")  # as long as before, and as old
    os.utime(module, ns=(was.st_atime_ns, was.st_mtime_ns))
    revisions.checkout(repository, "v1")
    assert module.read_text() == "A = 1\n"
    assert not compiled.exists()
    module.unlink()
    revisions.checkout(repository, "v1")
    assert module.read_text() == "A = 1\n"


@pytest.mark.parametrize("damage", ["no seal", "half", "no folder", "no administration"])
def test_a_half_made_checkout_is_made_again(history: History, damage: str) -> None:
    repository = revisions.find(history.root)
    root = revisions.checkout(repository, "v1").root
    caches._let_go(root)
    if damage in {"no seal", "half"}:
        root.with_name(root.name + ".seal").unlink()
    if damage == "half":
        (root / "bench.py").unlink()
        (root / ".git").unlink()
    if damage == "no folder":
        shutil.rmtree(root)
    if damage == "no administration":
        shutil.rmtree(history.root / ".git/worktrees")
    revisions.checkout(repository, "v1")
    assert (root / "bench.py").read_text() == "print(1)\n"
    assert (
        subprocess.run(["git", "status", "--short"], cwd=root, capture_output=True, check=True).stdout == b""
    )
    assert history.git("worktree", "list").count("\n") == 1


_HOLD = """
import sys
from pathlib import Path
from perfkit.catalog import revisions
print(revisions.checkout(revisions.find(Path(sys.argv[1])), sys.argv[2]).root, flush=True)
sys.stdin.read()
"""


def test_processes_that_want_the_same_at_once(history: History) -> None:
    def one(_: int) -> str:
        done = subprocess.run(
            [sys.executable, "-c", _HOLD, str(history.root), "main"],
            input="",
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(one, range(4)))
    assert len(found) == 1
    assert (Path(found.pop()) / "pkg/side.py").is_file()
    history.state()  # no lock is left


def test_what_another_process_uses_stays(history: History) -> None:
    repository = revisions.find(history.root)
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(history.root), "main"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        root = Path(holder.stdout.readline().strip())
        assert revisions.prune_caches(0) == []
        (root / "out.txt").write_text("its own")
        revisions.checkout(repository, "main")
        assert (root / "out.txt").exists()
        caches._let_go(root)
        (root / "bench.py").write_text("changed")
        with pytest.raises(StoreError, match=r"bench.py.*another perfkit uses it"):
            revisions.checkout(repository, "main")
    finally:
        holder.communicate("")
    revisions.checkout(repository, "main")
    assert (root / "bench.py").read_text() == "print(1)\n"


def test_a_submodule_that_is_here_comes_along(history: History, tmp_path: Path) -> None:
    library = History(tmp_path / "library")
    old = library.commit("one", {"lib.py": "L = 1\n"})
    history.git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library.root), "vendor/lib"
    )
    history.commit("with a submodule")
    new = library.commit("two", {"lib.py": "L = 2\n"})
    repository = revisions.find(history.root)
    made = revisions.checkout(repository, "HEAD")
    assert (made.root / "vendor/lib/lib.py").read_text() == "L = 1\n"
    assert made.notes == ()
    assert old != new
    history.git("update-index", "--cacheinfo", f"160000,{new},vendor/lib")
    history.git("commit", "--quiet", "-m", "a commit of it that was never fetched")
    lacking = revisions.checkout(repository, "HEAD")
    assert "submodule vendor/lib is empty" in lacking.notes[0]


def test_pointers_of_lfs_are_told(history: History) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4\n"
    history.commit("lfs", {"data.bin": pointer, ".gitattributes": "*.bin filter=lfs -text\n"})
    made = revisions.checkout(revisions.find(history.root), "HEAD")
    assert "data.bin is a git LFS pointer" in made.notes[0]


def test_a_cache_that_cannot_be_written(history: History, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(StoreError, match=r"cannot be made: .*; XDG_CACHE_HOME can name another place"):
        revisions.checkout(revisions.find(history.root), "v1")


# ---------------------------------------------------------------- the working tree


def test_the_working_tree_as_it_is(history: History) -> None:
    repository = revisions.find(history.root)
    clean = revisions.working_tree(repository)
    assert "no changes" in clean.title
    assert not revisions.has_changes(repository)
    history.write({"pkg/__init__.py": "A = 'edited'\n", "new/x.py": "", "staged.py": "", "a.log": ""})
    history.git("add", "staged.py")
    (history.root / "bench.py").unlink()
    (history.root / "outward").symlink_to("../elsewhere")
    (history.root / "inward").symlink_to("pkg")
    (history.root / "new/x.py").chmod(0o755)
    before = history.state()
    made = revisions.working_tree(repository)
    assert history.state() == before
    assert made.revision.endswith("+dirty")
    assert made.revision != clean.revision
    assert "6 changed files" in made.title
    assert (made.root / "pkg/__init__.py").read_text() == "A = 'edited'\n"
    assert {one.name for one in made.root.iterdir()} == {
        ".gitignore",
        "pkg",
        "new",
        "staged.py",
        "outward",
        "inward",
    }
    assert os.access(made.root / "new/x.py", os.X_OK)
    assert (made.root / "outward").readlink() == history.root.parent / "elsewhere"
    assert (made.root / "inward").readlink() == Path("pkg")
    history.write({"pkg/__init__.py": "A = 'edited again'\n"})
    assert (made.root / "pkg/__init__.py").read_text() == "A = 'edited'\n"
    assert revisions.working_tree(repository).revision != made.revision
    history.write({"pkg/__init__.py": "A = 'edited'\n"})
    assert revisions.working_tree(repository).root == made.root


def test_reports_of_earlier_runs_are_no_part_of_the_working_tree(history: History) -> None:
    repository = revisions.find(history.root)
    clean = revisions.working_tree(repository)
    history.write({"reports/bench/runs/1/run.json": "{}", "reports/bench/report.md": ""})
    assert revisions.working_tree(repository) == clean
    assert not revisions.has_changes(repository)
    history.write({"reports/quarterly/sales.csv": "1"})  # the user's own
    made = revisions.working_tree(repository)
    assert (made.root / "reports/quarterly/sales.csv").exists()
    assert not (made.root / "reports/bench").exists()
    assert "1 changed file" in made.title


def test_a_snapshot_is_of_content_and_mode_alone(history: History) -> None:
    repository = revisions.find(history.root)
    first = revisions.working_tree(repository)
    os.utime(history.root / "bench.py", (1, 1))
    assert revisions.working_tree(repository).revision == first.revision
    (history.root / "bench.py").chmod(0o755)
    assert revisions.working_tree(repository).revision != first.revision


def test_a_repository_inside_of_the_working_tree_is_copied(history: History) -> None:
    inner = History(history.root / "vendor/inner")
    inner.commit("x", {"inner.py": "I = 1\n"})
    made = revisions.working_tree(revisions.find(history.root))
    assert (made.root / "vendor/inner/inner.py").read_text() == "I = 1\n"
    assert not (made.root / "vendor/inner/.git").exists()


# ---------------------------------------------------------------- benchmarks


def test_both_sides_run_the_same_benchmark(history: History) -> None:
    repository = revisions.find(history.root)
    plain = revisions.checkout(repository, "v1")
    made = revisions.with_benchmark(plain, "bench.py", b"print(2)\n")
    assert (made.root / "bench.py").read_text() == "print(2)\n"
    assert (made.root / "pkg/__init__.py").read_text() == "A = 1\n"
    assert (plain.root / "bench.py").read_text() == "print(1)\n"
    assert made.revision == plain.revision
    assert made.content != plain.content
    assert made.pristine == plain
    assert revisions.with_benchmark(plain, "bench.py", b"print(2)\n").root == made.root
    assert revisions.with_benchmark(plain, "bench.py", b"print(1)\n") == plain
    assert revisions.with_benchmark(plain, "bench.py", None) == plain
    new = revisions.with_benchmark(plain, "benchmarks/deep/new.py", b"pass\n")
    assert (new.root / "benchmarks/deep/new.py").read_text() == "pass\n"
    both = revisions.with_benchmark(made, "other.py", b"pass\n")
    assert both.pristine == plain
    assert both.overlaid == ("bench.py", "other.py")


def test_a_benchmark_that_cannot_be(history: History, tmp_path: Path) -> None:
    (history.root / "away").symlink_to(tmp_path)
    history.commit("a link")
    plain = revisions.checkout(revisions.find(history.root), "HEAD")
    with pytest.raises(UsageError, match=r"lacking.py does not exist in [0-9a-f]{7} a link"):
        revisions.with_benchmark(plain, "lacking.py", None)
    for name in ("../x.py", "/x.py", "", ".git/hooks/x", "away/x.py"):
        with pytest.raises(UsageError):
            revisions.with_benchmark(plain, name, b"")
    assert not (tmp_path / "x.py").exists()


def test_where_a_benchmark_belongs(history: History, tmp_path: Path) -> None:
    repository = revisions.find(history.root)
    assert revisions.benchmark_place(repository, history.root / "pkg/bench.py") == "pkg/bench.py"
    assert revisions.benchmark_place(repository, tmp_path / "mine.py") == ".perfkit/mine.py"


# ---------------------------------------------------------------- the cache


def test_what_nobody_uses_is_pruned(history: History, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    history.git("worktree", "add", "--quiet", str(mine), "side")
    shutil.move(mine, tmp_path / "unplugged")  # as if on a disk that is not here
    code = """
import sys
from pathlib import Path
from perfkit.catalog import revisions
repository = revisions.find(Path(sys.argv[1]))
made = revisions.checkout(repository, "v1")
revisions.with_benchmark(made, "bench.py", b"other")
revisions.working_tree(repository)
"""
    subprocess.run([sys.executable, "-c", code, str(history.root)], check=True)
    assert revisions.prune_caches(YEAR_S) == []
    would = revisions.prune_caches(0, dry_run=True)
    assert {one.parent.parent.name for one, _ in would} == {"worktrees", "snapshots", "overlays"}
    assert all(size > 0 for _, size in would)
    assert all(one.is_dir() for one, _ in would)
    old = would[0][0]
    os.utime(old.with_name(old.name + ".seal"), (1, 1))
    assert [one for one, _ in revisions.prune_caches(YEAR_S)] == [old]
    revisions.prune_caches(0)
    left = [one for one in (tmp_path / "cache/perfkit").rglob("*") if not one.is_dir()]
    assert {one.name for one in left} == {"CACHEDIR.TAG", ".gitignore"}
    listed = history.git("worktree", "list")
    assert "perfkit/worktrees" not in listed
    assert str(mine) in listed  # the user's own is not ours to prune
    history.state()


def test_a_repository_that_is_gone_does_not_keep_the_cache(history: History) -> None:
    root = revisions.checkout(revisions.find(history.root), "v1").root
    caches._let_go(root)
    shutil.rmtree(history.root)
    assert [one for one, _ in revisions.prune_caches(0)] == [root]
    assert not root.exists()
