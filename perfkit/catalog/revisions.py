"""Git revisions as folders that can be run: commits, the working tree as it is, and either with a benchmark.

Nothing that is the user's is touched: no file, no index, no stash, no HEAD, and no hook runs. A commit is a
detached worktree in the cache, which ``git worktree list`` shows; the others are copies.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from perfkit.catalog import caches, snapshots, submodules
from perfkit.catalog.git import GitError, git
from perfkit.catalog.repositories import (
    Repository,
    commit,
    find,
    is_ancestor,
    is_range,
    is_revision,
    line,
    merge_base,
    resolve,
    resolve_range,
)
from perfkit.errors import RunError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Checkout",
    "Repository",
    "benchmark_place",
    "checkout",
    "find",
    "has_changes",
    "is_ancestor",
    "is_range",
    "is_revision",
    "line",
    "merge_base",
    "prune_caches",
    "resolve",
    "resolve_range",
    "with_benchmark",
    "with_files",
    "working_tree",
]

WORKTREES, SNAPSHOTS, OVERLAYS = "worktrees", "snapshots", "overlays"
BUILDS, STANDINS = "builds", "standins"
_OUTSIDE = ".perfkit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """The files of a revision, in a folder of their own.

    Attributes
    ----------
    root
        The folder; absolute. Whatever runs may write there: new files are gone the next time, and changed
        ones are mended.
    revision
        A whole commit, or ``DIGEST+dirty`` for a working tree.
    title
        For the reader: ``1a2b3c4 Read each file once``.
    content
        Says which files these are: the same wherever they are the same.
    repository
        From which it comes.
    notes
        What is not as in the user's working tree, a sentence each.
    overlaid
        Files that were put in, relative to the root.
    pristine
        The same without them; None where there are none.
    """

    root: Path
    revision: str
    title: str
    content: str
    repository: Repository
    notes: tuple[str, ...] = ()
    overlaid: tuple[str, ...] = ()
    pristine: Checkout | None = None


# ---------------------------------------------------------------- commits


def checkout(repository: Repository, revision: str) -> Checkout:
    """Put a commit's files into a folder of the cache, or find them there.

    Parameters
    ----------
    revision
        A commit's whole name, or any word that means one.

    Raises
    ------
    UsageError
        If there is no such commit.
    RunError
        If git cannot write its files.
    StoreError
        If the cache cannot be written.
    """
    found = commit(repository, resolve(repository, revision))
    entry = caches.folder() / WORKTREES / repository.id / found.id

    def make(root: Path) -> None:
        try:
            git(repository.root, "worktree", "add", "--detach", "--force", str(root), found.id)
        except GitError as error:
            msg = f"git cannot check out {found.short}: {error}"
            raise RunError(msg, error.said) from error
        submodules.fill(repository.root, root, found.id)

    if caches.is_whole(entry) and not _is_at(entry, found.id):
        caches.discard(entry, _remove_worktree)  # the repository was moved, or cloned anew
    caches.enter(entry, make, lambda root: _remove_worktree(root, repository.root))
    return Checkout(
        root=entry,
        revision=found.id,
        title=f"{found.short} {found.subject}".strip(),
        content=found.tree,
        repository=repository,
        notes=(*submodules.missing(entry, found.id), *submodules.pointers(entry)),
    )


def _is_at(root: Path, commit_id: str) -> bool:
    """Say whether a folder is still a worktree of its repository, at that commit."""
    with contextlib.suppress(GitError):
        return git(root, "rev-parse", "HEAD").strip() == commit_id
    return False


def _remove_worktree(root: Path, repository: Path | None = None) -> None:
    """Remove a worktree and what its repository knows of it; the user's other ones are left alone."""
    if repository is None:
        with contextlib.suppress(OSError):
            administration = Path((root / ".git").read_text().removeprefix("gitdir:").strip())
            repository = administration.parent.parent  # .git/worktrees/NAME
    if root.exists():
        shutil.rmtree(root)
    if repository is not None and repository.is_dir():
        with contextlib.suppress(GitError):  # it knows nothing of it
            git(repository, "worktree", "remove", "--force", "--force", str(root))


# ---------------------------------------------------------------- the working tree


def has_changes(repository: Repository) -> bool:
    """Say whether the working tree differs from HEAD: changed, staged or new files."""
    return bool(_status(repository))


def working_tree(repository: Repository) -> Checkout:
    """Copy the working tree as it is into the cache: tracked files, and new ones that git does not ignore.

    What is edited afterwards does not change the copy.

    Raises
    ------
    UsageError
        If a file cannot be read.
    StoreError
        If the cache cannot be written.
    """
    home = caches.folder() / SNAPSHOTS / repository.id
    source = repository.root
    try:
        digest = snapshots.snapshot(source, home)
    except GitError as error:
        raise UsageError(f"git cannot list the files of {source}: {error}") from error
    changed = len(_status(repository))
    head = (
        git(source, "log", "-1", "--format=%h").strip()
        if is_revision(repository, "HEAD")
        else "no commit yet"
    )
    how = "no changes" if not changed else f"{changed} changed {'file' if changed == 1 else 'files'}"
    return Checkout(
        root=home / digest,
        revision=f"{digest}+dirty",
        title=f"working tree at {head}, {how}",
        content=digest,
        repository=repository,
    )


def _status(repository: Repository) -> list[str]:
    """Return the files that differ from HEAD, perfkit's own reports left out."""
    text = git(repository.root, "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all")
    found = [(one[:2], one[3:]) for one in text.split("\0") if one]
    return [name for state, name in found if state != "??" or not snapshots.is_report(repository.root, name)]


# ---------------------------------------------------------------- benchmarks


def benchmark_place(repository: Repository, file: Path) -> str:
    """Return where a benchmark belongs in every checkout: where it lies in the repository, or beside all."""
    return repository.relative(file) or f"{_OUTSIDE}/{file.name}"


def with_benchmark(given: Checkout, file: str, content: bytes | None) -> Checkout:
    """Return a checkout in which a benchmark has that content, so that two revisions can be asked the same.

    Parameters
    ----------
    given
        Stays as it is.
    file
        Relative to the root, with forward slashes.
    content
        None for the revision's own.

    Raises
    ------
    UsageError
        If the revision lacks the file and no content is given, or the path leads out of the checkout.
    """
    if content is None:
        if not _place(given.root, file).is_file():
            raise UsageError(f"{file} does not exist in {given.title}: another copy must serve")
        return given
    return with_files(given, {file: content})


def with_files(given: Checkout, files: Mapping[str, bytes]) -> Checkout:
    """Return a checkout in which some files have another content; see `with_benchmark`."""
    different = {
        name: content for name, content in files.items() if _differs(_place(given.root, name), content)
    }
    if not different:
        return given
    digest = hashlib.sha256(given.content.encode())
    for name, content in sorted(different.items()):
        digest.update(f"\n{name}\0{hashlib.sha256(content).hexdigest()}".encode(errors="surrogateescape"))
    key = digest.hexdigest()[:40]

    def make(root: Path) -> None:
        caches.copy(given.root, root)
        for name, content in different.items():
            place = _place(root, name)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.unlink(missing_ok=True)
            place.write_bytes(content)

    entry = caches.enter(caches.folder() / OVERLAYS / given.repository.id / key, make)
    return dataclasses.replace(
        given,
        root=entry,
        content=key,
        overlaid=(*given.overlaid, *different),
        pristine=given.pristine or given,
    )


def _differs(place: Path, content: bytes) -> bool:
    try:
        return place.is_symlink() or place.read_bytes() != content
    except OSError:
        return True


def _place(root: Path, name: str) -> Path:
    """Return where a file lies; UsageError if that is not in the checkout, by its name or by a link."""
    pure = PurePosixPath(name)
    if not name or pure.is_absolute() or ".." in pure.parts or pure.parts[:1] == (".git",):
        raise UsageError(f"{name!r} is no file of a checkout: write its path from the repository's root")
    if not (root / name).parent.resolve().is_relative_to(root.resolve()):
        raise UsageError(f"{name} lies behind a link that leads out of the repository: name the file itself")
    return root / name


# ---------------------------------------------------------------- the cache


def prune_caches(older_than_s: float, *, dry_run: bool = False) -> list[tuple[Path, int]]:
    """Remove cached revisions, copies and builds that nobody has used for so long.

    What a running perfkit uses stays, however old.

    Parameters
    ----------
    older_than_s
        0 for all of them.
    dry_run
        Whether to say only what would be removed.

    Returns
    -------
    list of tuple
        Each folder, and the bytes that it took.
    """
    gone = []
    for kind in (WORKTREES, SNAPSHOTS, OVERLAYS, BUILDS, STANDINS, *caches.OF_INTERPRETERS):
        remove = _remove_worktree if kind == WORKTREES else None
        for entry in caches.entries(kind):
            if caches.unused_s(entry) >= older_than_s:
                size = caches.discard(entry, remove, dry_run=dry_run)
                if size is not None:
                    gone.append((entry, size))
    return gone
