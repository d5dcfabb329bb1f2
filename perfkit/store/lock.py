"""One perfkit at a time measures into a folder: two would disturb each other's times, and mix their runs."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from typing import TYPE_CHECKING

from perfkit.errors import BusyError
from perfkit.store.folders import named_errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAME = ".lock"
_held: set[Path] = set()


@contextlib.contextmanager
def measuring(folder: Path) -> Iterator[None]:
    """Keep other processes from measuring into a folder while the block runs.

    The system takes the lock back from a process that dies, so that a stale one never blocks. What measures
    inside what measures, in one process, holds the lock already.

    Parameters
    ----------
    folder
        A pipeline's, such as ``reports/ml_training``; made if it is not there, and removed if it is left
        empty.

    Raises
    ------
    BusyError
        If another process holds it.
    StoreError
        If the folder cannot be made or written to.
    """
    place = folder.resolve()
    if place in _held:
        yield
        return
    file = place / _NAME
    descriptor = _locked(file)
    _held.add(place)
    try:
        yield
    finally:
        _held.discard(place)
        with contextlib.suppress(OSError):
            file.unlink()
            with contextlib.suppress(OSError):
                (place / ".staging").rmdir()
            place.rmdir()  # only if nothing was kept in it
            place.parent.rmdir()
        if descriptor is not None:
            os.close(descriptor)


def _locked(file: Path) -> int | None:
    """Return the descriptor of a lock; None where the file system has no locks."""
    while True:
        with named_errors("make the folder", file.parent):
            file.parent.mkdir(parents=True, exist_ok=True)
        with named_errors("write", file):
            try:
                descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
            except FileNotFoundError:
                continue  # whoever held it before has just removed the empty folder
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 64).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise BusyError(
                f"another perfkit{f' (process {holder})' if holder else ''} is measuring into {file.parent}: "
                "wait until it has ended, then run this again"
            ) from None
        except OSError as error:
            os.close(descriptor)
            if error.errno in {errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS}:
                return None
            raise
        with contextlib.suppress(OSError):
            if os.fstat(descriptor).st_ino == file.stat().st_ino:
                os.ftruncate(descriptor, 0)
                os.write(descriptor, str(os.getpid()).encode())
                return descriptor
        os.close(descriptor)  # it was removed by its holder between our opening and our locking it
