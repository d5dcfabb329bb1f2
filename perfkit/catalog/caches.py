"""Cached folders: there whole or not at all, made once however many processes want them, mended if changed.

Beside an entry ``NAME`` lie ``NAME.seal``, which lists its files as they were when it was finished and whose
age is that of the last use; ``NAME.lock``, held while somebody looks at it or makes it; and ``NAME.use``,
held, shared, by every process that uses it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from perfkit.errors import DiskFullError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Seal: TypeAlias = dict[str, list[int]]

_SEAL, _LOCK, _USE = ".seal", ".lock", ".use"
LOG = ".log"

SENT, LENT = OF_INTERPRETERS = ("sent", "lent")
"""Kinds that other interpreters use: perfkit itself, and what of its needs their environments lack."""
"""Beside an entry: what making it wrote."""
_COMPILED = "__pycache__"
_MARKS = {
    "CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n# perfkit's cache; perfkit remakes it.\n",
    ".gitignore": "*\n",
}
_in_use: dict[Path, int] = {}
"""Descriptors of the ``.use`` files that this process holds until it ends."""


def folder() -> Path:
    """Return perfkit's cache folder: ``$XDG_CACHE_HOME/perfkit``, or where the system keeps such things."""
    chosen = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not chosen.is_absolute():  # the specification says to ignore others
        chosen = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    return chosen / "perfkit"


def enter(entry: Path, make: Callable[[Path], None], remove: Callable[[Path], None] | None = None) -> Path:
    """Return a cached folder, made or mended if need be; until this process ends nobody removes it.

    Parameters
    ----------
    entry
        Where it lies.
    make
        Makes it, at that path; nothing is there then.
    remove
        Removes what is left of it; without one the folder is deleted.

    Raises
    ------
    StoreError
        If the cache cannot be written, or another process uses an entry whose files were changed.
    """
    with _refusing(entry):
        _mark(folder())
        entry.parent.mkdir(parents=True, exist_ok=True)
        with _locked(entry):
            try:
                _make_whole(entry, make, remove or shutil.rmtree)
                os.utime(_beside(entry, _SEAL))
            except BaseException:
                _let_go(entry)
                raise
            fcntl.flock(_use(entry), fcntl.LOCK_SH)
    return entry


def copy(entry: Path, into: Path) -> None:
    """Copy a cached folder's own files: not what a process that runs there just now has left in it."""
    own = _read(entry)
    into.mkdir(parents=True)
    for name in _files(entry):
        if own is None or name in own:
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(entry / name, into / name, follow_symlinks=False)


def is_whole(entry: Path) -> bool:
    """Say whether a cached folder is there, finished, and as it was."""
    seal = _read(entry)
    return seal is not None and not _differences(entry, seal)[0]


def entries(kind: str) -> list[Path]:
    """Return what lies in the cache of a kind, finished or not: in its folder or one below."""
    top = folder() / kind
    inner = [one for one in top.glob("*") if one.is_dir() and not _beside(one, _LOCK).exists()]
    return sorted(one.with_suffix("") for level in (top, *inner) for one in level.glob(f"*{_LOCK}"))


def unused_s(entry: Path) -> float:
    """Return since when nobody has entered it, seconds; infinite for what was never finished."""
    try:
        return time.time() - _beside(entry, _SEAL).stat().st_mtime
    except OSError:
        return float("inf")


def discard(
    entry: Path, remove: Callable[[Path], None] | None = None, *, dry_run: bool = False
) -> int | None:
    """Remove a cached folder that nobody uses.

    Returns
    -------
    int or None
        The bytes that it takes; None if another process uses it.
    """
    with _refusing(entry), _locked(entry):
        if entry in _in_use or not _alone(entry):
            return None
        try:
            size = sum(one.lstat().st_size for one in entry.rglob("*") if one.is_symlink() or one.is_file())
            if not dry_run:
                _clear(entry, remove or shutil.rmtree)
                for end in (_SEAL, _USE, LOG, _LOCK):
                    _beside(entry, end).unlink(missing_ok=True)
        finally:
            _let_go(entry)
        return size


# ---------------------------------------------------------------- making


def _make_whole(entry: Path, make: Callable[[Path], None], remove: Callable[[Path], None]) -> None:
    seal = _read(entry)
    changed, litter = ([], []) if seal is None else _differences(entry, seal)
    if seal is None or changed:
        if not _alone(entry):
            raise StoreError(
                f"{entry} was changed ({(changed or ['unfinished'])[0]}) while another perfkit uses it: "
                "wait until that one has ended"
            )
        _remake(entry, make, remove)
    elif litter and _alone(entry):  # what earlier runs wrote would be found by later ones
        for name in litter:
            _delete(entry / name)


def _remake(entry: Path, make: Callable[[Path], None], remove: Callable[[Path], None]) -> None:
    _clear(entry, remove)
    make(entry)
    draft = _beside(entry, f"{_SEAL}.{os.getpid()}")
    draft.write_text(json.dumps({name: _look(entry / name) for name in _files(entry)}))
    draft.replace(_beside(entry, _SEAL))


def _clear(entry: Path, remove: Callable[[Path], None]) -> None:
    # The seal goes first: what is half removed must not pass for whole.
    _beside(entry, _SEAL).unlink(missing_ok=True)
    if entry.exists() or remove is not shutil.rmtree:
        remove(entry)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _mark(top: Path) -> None:
    """Let backups pass the cache by, and git ignore it should it lie in a repository."""
    top.mkdir(parents=True, exist_ok=True)
    for name, text in _MARKS.items():
        if not (top / name).exists():
            (top / name).write_text(text)


# ---------------------------------------------------------------- looking


def _read(entry: Path) -> Seal | None:
    try:
        seal: Seal = json.loads(_beside(entry, _SEAL).read_text())
    except (OSError, ValueError):
        return None
    return seal if entry.is_dir() else None


def _differences(entry: Path, seal: Seal) -> tuple[list[str], list[str]]:
    """Return which files are not as they were, and which are new: what runs left behind."""
    there = set(_files(entry))
    changed = [name for name, was in seal.items() if name not in there or _look(entry / name) != was]
    return changed, sorted(there - seal.keys())


def _look(path: Path) -> list[int]:
    found = path.lstat()
    return [found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns]


def _files(top: Path) -> Iterator[str]:
    """Yield all files and links; compiled modules are not counted, Python checks those itself."""
    for place, folders, names in os.walk(top):
        links = [one for one in folders if Path(place, one).is_symlink()]
        folders[:] = [one for one in folders if one not in {_COMPILED, *links}]
        for name in (*names, *links):
            yield Path(place, name).relative_to(top).as_posix()


def _beside(entry: Path, end: str) -> Path:
    return entry.with_name(entry.name + end)


# ---------------------------------------------------------------- locks


@contextlib.contextmanager
def _locked(entry: Path) -> Iterator[None]:
    """Be the only one that looks at an entry; waits for whoever makes it."""
    file = _beside(entry, _LOCK)
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # Whoever held it may have removed the file: then this is the lock of nothing.
            if not _is(descriptor, file):
                continue
            yield
            return
        finally:
            os.close(descriptor)


def _is(descriptor: int, file: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), file.stat())
    except OSError:
        return False


def _use(entry: Path) -> int:
    """Return the descriptor by which this process tells that it uses an entry."""
    file = _beside(entry, _USE)
    held = _in_use.get(entry)
    if held is not None and _is(held, file):
        return held
    if held is not None:
        os.close(held)
    _in_use[entry] = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    return _in_use[entry]


def _alone(entry: Path) -> bool:
    """Say whether no other process uses an entry; if so none can begin to while it is locked."""
    known = entry in _in_use
    descriptor = _use(entry)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        if known:  # a failed conversion has let go of what was held
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            return False
        _let_go(entry)
        return False
    return True


def _let_go(entry: Path) -> None:
    """Use an entry no longer."""
    if entry in _in_use:
        os.close(_in_use.pop(entry))


@contextlib.contextmanager
def _refusing(entry: Path) -> Iterator[None]:
    """Turn an OSError into a StoreError that says what could not be done where."""
    try:
        yield
    except OSError as error:
        msg = f"the cached folder {entry} cannot be made: {error.strerror or error}"
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFullError(f"{msg}; free some space and run it again") from error
        raise StoreError(f"{msg}; XDG_CACHE_HOME can name another place for perfkit's cache") from error
