"""Copies of a working tree as it is, named by what is in them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.catalog import caches
from perfkit.catalog.git import git
from perfkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 1 << 20
_REPORTS, _RUNS = "reports", "runs"  # where runs are stored: reports/PIPELINE/runs


def snapshot(source: Path, home: Path) -> str:
    """Copy a working tree into the cache, unless a copy is there: tracked files, and new ones not ignored.

    Parameters
    ----------
    home
        The folder of the cache where its copies lie.

    Returns
    -------
    str
        The digest of its files, which is the copy's name in `home`.

    Raises
    ------
    UsageError
        If a file cannot be read, or changes again and again.
    GitError
        If git cannot list the files.
    """
    digest = _copy(source, None)
    if not caches.is_whole(home / digest):
        digest = _fresh(source, home)
    # Should somebody have removed it since, it is made again.
    caches.enter(home / digest, lambda root: _again(source, root, digest))
    return digest


def _fresh(source: Path, home: Path) -> str:
    """Copy the working tree; returns the digest of what was copied, which is its name."""
    home.mkdir(parents=True, exist_ok=True)
    draft = home / f".draft-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        draft.mkdir()
        digest = _copy(source, draft)
        if not caches.is_whole(home / digest):
            caches.enter(home / digest, lambda root: _move(draft, root))
        return digest
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _move(draft: Path, root: Path) -> None:
    draft.rename(root)


def _again(source: Path, root: Path, digest: str) -> None:
    root.mkdir(parents=True)
    if _copy(source, root) != digest:
        raise UsageError(f"the files of {source} change while they are copied: wait until they do not")


def _copy(source: Path, into: Path | None) -> str:
    """Return the digest of the working tree's files, and copy them if a folder is given."""
    digest = hashlib.sha256()
    for name in sorted(set(_listed(source))):
        path = source / name
        place = None if into is None else into / name
        if place is not None:
            place.parent.mkdir(parents=True, exist_ok=True)
        try:
            if path.is_symlink():
                kind, content = "link", _link(path, source, place)
            else:
                kind, content = _file(path, place)
        except FileNotFoundError:
            continue  # removed meanwhile, or not yet committed as removed
        except PermissionError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}") from error
        digest.update(f"{name}\0{kind}\0{content}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()[:40]


def _listed(top: Path) -> Iterator[str]:
    """Yield the tracked and the new files of a working tree, and those of the repositories inside of it."""
    tracked = git(top, "ls-files", "-z", "--cached").split("\0")
    new = git(top, "ls-files", "-z", "--others", "--exclude-standard").split("\0")
    for name in filter(None, (*tracked, *(one for one in new if not is_report(top, one)))):
        path = top / name
        if path.is_dir() and not path.is_symlink():
            if (path / ".git").exists():
                yield from (f"{name.rstrip('/')}/{one}" for one in _listed(path))
        else:
            yield name


def is_report(top: Path, name: str) -> bool:
    """Tell whether a new file is one that perfkit wrote: each run would make another working tree of it."""
    parts = Path(name).parts
    return any(
        one == _REPORTS and (top / Path(*parts[: at + 2]) / _RUNS).is_dir() for at, one in enumerate(parts)
    )


def _link(path: Path, source: Path, place: Path | None) -> str:
    """Copy a link; one that leads out of the tree by a relative path leads there from the copy too."""
    target = path.readlink()
    if not target.is_absolute() and not Path(os.path.normpath(path.parent / target)).is_relative_to(source):
        target = Path(os.path.normpath(path.parent / target))
    if place is not None:
        place.symlink_to(target)
    return str(target)


def _file(path: Path, place: Path | None) -> tuple[str, str]:
    """Return whether a file is executable and its digest, and copy it."""
    digest = hashlib.sha256()
    with contextlib.ExitStack() as stack:
        reader = stack.enter_context(path.open("rb"))
        writer = None if place is None else stack.enter_context(place.open("wb"))
        while chunk := reader.read(_CHUNK):
            digest.update(chunk)
            if writer is not None:
                writer.write(chunk)
        executable = bool(os.fstat(reader.fileno()).st_mode & 0o100)
    if place is not None:
        shutil.copystat(path, place)
    return "executable" if executable else "file", digest.hexdigest()
