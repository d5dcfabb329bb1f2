"""A file of cProfile or pstats as columns, read in a child process and kept for the next time.

The file is in marshal's format, which may crash or exhaust whoever reads it: see `pstats_child`. What that
process wrote is checked once more here, and kept under the digest of the profile's content.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import psutil
import xxhash

from perfkit.errors import StoreError
from perfkit.profilers import pstats_child
from perfkit.profilers.pstats_columns import NonsenseError, checked
from perfkit.store import named_errors, replace_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.profilers.pstats_columns import Columns

MOST_BYTES = 512 << 20
"""Of a profile: more than four million edges' worth of it is read by nobody."""

KEPT = 32
"""Profiles in the cache; the one used longest ago goes first."""

_BASE_MEMORY, _MEMORY_PER_BYTE = 512 << 20, 20  # a real profile takes 8 bytes of memory for one of the file
_BASE_CPU_S, _BYTES_PER_S = 20, 2_000_000  # and a second for 15,000,000
_WALL_PER_CPU = 6  # on a machine that is busy with other things
_DIGEST_BYTES = 16
_CHUNK = 1 << 20
_REMEDY = "name a file that python -m cProfile -o FILE wrote"


def read_columns(path: Path, cache: Path | None) -> Columns:
    """Read a profile, from the cache where it is there.

    Parameters
    ----------
    path
        Of the profile.
    cache
        Folder of profiles read before; made when it is needed. None: nothing is kept.

    Raises
    ------
    StoreError
        If the file cannot be read or is no profile.
    """
    notes: tuple[str, ...] = ()
    with _opened(path) as handle:
        digest = _digest(handle)
        kept = None if cache is None else cache / f"{digest}.columns"
        if kept is not None:
            found = _recall(kept, path)
            if found is not None:
                return found
        raw = _in_child(handle, path)
        if _digest(handle) != digest:
            raise StoreError(f"The profile {path} changed while it was read: wait for its writer to end.")
    try:
        columns = checked(raw, path.name)
    except NonsenseError as error:
        raise _unread(path, str(error)) from None
    if kept is not None:
        try:
            _keep(kept, raw)
        except StoreError as error:
            said = str(error)
            notes = (f"{said[:1].upper()}{said[1:]}; {path.name} will take as long to read the next time.",)
    return replace(columns, notes=columns.notes + notes) if notes else columns


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that looks like a profile; a device or a pipe might never end."""
    try:
        handle = open(path, "rb", buffering=0, opener=_without_waiting)  # noqa: SIM115  closed below
    except (OSError, ValueError) as error:  # the latter: a path with a NUL
        why = getattr(error, "strerror", None) or str(error)
        raise StoreError(f"The profile {path} cannot be read ({why}): {_REMEDY}.") from error
    with handle:
        status = os.fstat(handle.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise StoreError(f"{path} is not a regular file: {_REMEDY}.")
        if not status.st_size:
            raise StoreError(f"The profile {path} is empty: was its program killed? Record it again.")
        if status.st_size > MOST_BYTES:
            raise StoreError(
                f"{path} has {status.st_size >> 20} MiB, and a profile is read up to {MOST_BYTES >> 20} MiB: "
                "profile a shorter run."
            )
        if handle.read(1)[0] & 0x7F != ord("{"):  # the highest bit is marshal's own
            raise StoreError(f"{path} is not a profile of cProfile: {_REMEDY}.")
        yield handle


def _without_waiting(path: str, flags: int) -> int:
    """Open a pipe without waiting for a writer; it is refused afterwards."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _digest(handle: IO[bytes]) -> str:
    """Return the digest of a whole file, whose position is at its start afterwards."""
    digest = xxhash.xxh3_128()
    handle.seek(0)
    while chunk := handle.read(_CHUNK):
        digest.update(chunk)
    handle.seek(0)
    return digest.hexdigest()


# ------------------------------------------------------------ the child process


def _in_child(handle: IO[bytes], path: Path) -> bytes:
    """Have a child process read a profile; returns the columns that it wrote, unchecked."""
    size = os.fstat(handle.fileno()).st_size
    memory = min(_BASE_MEMORY + _MEMORY_PER_BYTE * size, psutil.virtual_memory().total * 3 // 4)
    cpu_s = _BASE_CPU_S + size // _BYTES_PER_S
    with (
        named_errors("write to the folder for temporary files", Path(tempfile.gettempdir())),
        tempfile.TemporaryDirectory(prefix="perfkit-", ignore_cleanup_errors=True) as folder,
    ):
        target = Path(folder) / "columns"
        try:
            done = subprocess.run(  # noqa: S603  our own interpreter and file
                [sys.executable, "-I", "-S", pstats_child.__file__, str(target), str(memory), str(cpu_s)],
                stdin=handle,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={name: value for name, value in os.environ.items() if name.endswith("LIBRARY_PATH")},
                timeout=_WALL_PER_CPU * cpu_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise _unread(path, f"was not read within {_WALL_PER_CPU * cpu_s} s") from None
        if done.returncode:
            raise _unread(path, _ending(done.returncode, cpu_s))
        said = _said(done.stdout)
        if said.get("wrong"):
            raise _unread(path, str(said["wrong"]))
        if "unwritten" in said:
            raise StoreError(
                f"cannot write to the folder for temporary files {folder}: {said['unwritten']}; "
                "free some space or set TMPDIR"
            )
        return target.read_bytes()


def _said(line: bytes) -> dict[str, Any]:
    """Read the child's one line; one that says nothing sensible has read nothing."""
    with contextlib.suppress(ValueError):
        said = json.loads(line)
        if isinstance(said, dict):
            return said
    return {"wrong": "made its reader fail"}


def _ending(status: int, cpu_s: int) -> str:
    """Say how a child process ended that gave no answer."""
    if status == -signal.SIGXCPU:
        return f"took more than the {cpu_s} s that a profile of its size may take to read"
    with contextlib.suppress(ValueError):
        return f"made its reader crash ({signal.Signals(-status).name})"
    return "made its reader fail"


def _unread(path: Path, why: str) -> StoreError:
    return StoreError(f"The profile {path} {why}: record it again, or {_REMEDY}.")


# ------------------------------------------------------------ the cache


def _recall(kept: Path, path: Path) -> Columns | None:
    """Read columns from the cache; None where there are none, or damaged ones."""
    try:
        content = kept.read_bytes()
    except OSError:
        return None
    raw = memoryview(content)[_DIGEST_BYTES:]
    if xxhash.xxh3_128_digest(raw) != content[:_DIGEST_BYTES]:
        return None
    with contextlib.suppress(NonsenseError):  # of an older perfkit
        found = checked(raw, path.name)
        with contextlib.suppress(OSError):
            os.utime(kept)
        return found
    return None


def _keep(kept: Path, raw: bytes) -> None:
    """Write columns to the cache, and remove what was used longest ago."""
    replace_file(kept, xxhash.xxh3_128_digest(raw) + raw)
    ages = []
    for entry in kept.parent.glob("*.columns*"):
        with contextlib.suppress(OSError):  # another process removed it
            ages.append((entry.stat().st_mtime, entry))
    for _, entry in sorted(ages, reverse=True)[KEPT:]:
        with contextlib.suppress(OSError):
            entry.unlink()
