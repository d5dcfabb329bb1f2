"""What a commit only points to: submodules, and files that git LFS keeps elsewhere."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

from perfkit.catalog.git import GitError, git

_POINTER = b"version https://git-lfs.github.com/spec/v1"
_GITLINK = "160000"


def _gitlinks(root: Path, commit_id: str) -> dict[str, str]:
    """Return the submodules of a commit: paths, and the commit of each."""
    found = {}
    for one in git(root, "ls-tree", "-r", "-z", "--full-tree", commit_id).split("\0"):
        about, _, path = one.partition("\t")
        if about.startswith(_GITLINK):
            found[path] = about.split()[2]
    return found


def fill(source: Path, into: Path, commit_id: str) -> None:
    """Write the files of submodules that the user has here; nothing is fetched."""
    if not (into / ".gitmodules").is_file():
        return
    for path, wanted in _gitlinks(source, commit_id).items():
        theirs = source / path
        if not (theirs / ".git").exists():
            continue
        with contextlib.suppress(GitError), tempfile.TemporaryDirectory() as scratch:
            git(theirs, "cat-file", "-e", wanted + "^{commit}")
            index = {"GIT_INDEX_FILE": str(Path(scratch, "index"))}
            (into / path).mkdir(parents=True, exist_ok=True)
            git(theirs, "read-tree", wanted, environment=index)
            git(theirs, "checkout-index", "--all", f"--prefix={into / path}/", environment=index)
            fill(theirs, into / path, wanted)


def missing(root: Path, commit_id: str) -> tuple[str, ...]:
    """Say of submodules that their files are not here."""
    if not (root / ".gitmodules").is_file():
        return ()
    lacking = [
        path
        for path in _gitlinks(root, commit_id)
        if not (root / path).is_dir() or not any((root / path).iterdir())
    ]
    return tuple(
        f"The submodule {path} is empty: its commit is not here. `git submodule update --init` fetches it."
        for path in lacking
    )


def pointers(root: Path) -> tuple[str, ...]:
    """Say of files that git LFS keeps elsewhere that they are not here."""
    listed = git(root, "ls-files", "-z", ":(attr:filter=lfs)").split("\0")
    found = []
    for name in filter(None, listed):
        with contextlib.suppress(OSError), (root / name).open("rb") as file:
            if file.read(len(_POINTER)) == _POINTER:
                found.append(name)
    if not found:
        return ()
    what = found[0] if len(found) == 1 else f"{found[0]} and {len(found) - 1} more"
    be = "is a git LFS pointer" if len(found) == 1 else "are git LFS pointers"
    return (f"{what} {be} without the content: install git-lfs and run `git lfs fetch --all`.",)
