"""What a script writes into files is a result as much as what it prints, and is read when it has ended."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from perfkit.verify.parts import UnreadFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from perfkit.model import FileUse

STAGE = "file "
"""How the name begins under which a file's content is compared."""

_MOST_BYTES = 256 * 1024**2
_MOST_FILES = 100


def contents(
    files: Iterable[FileUse], root: str, since_ns: int, told: Callable[[Iterable[str]], object]
) -> Iterator[tuple[str, object]]:
    """Yield what was written, by the file's name: lines as for what is printed, and arrays.

    Parameters
    ----------
    files
        Of the process.
    root
        To which their paths are relative.
    since_ns
        When the run began, as the file system counts: what is older was not written by it.
    told
        Turns lines of text into what is compared.
    """
    temporary = os.path.realpath(tempfile.gettempdir()) + os.sep
    inside = os.path.realpath(root).startswith(temporary)
    names = sorted({one.path for one in files if one.mode == "write"})
    for name in names[:_MOST_FILES]:
        path = Path(root, name)
        if not inside and os.path.realpath(path).startswith(temporary):
            continue
        with contextlib.suppress(OSError):
            found = path.stat()
            if stat.S_ISREG(found.st_mode) and found.st_mtime_ns >= since_ns:
                yield name, _content(path, found.st_size, told)


def _content(path: Path, size: int, told: Callable[[Iterable[str]], object]) -> object:
    if path.suffix in {".npy", ".npz"} and size <= _MOST_BYTES:
        with contextlib.suppress(ValueError, OSError):
            loaded = np.load(path, allow_pickle=False)
            return dict(loaded) if path.suffix == ".npz" else loaded
    with path.open("rb") as file:
        if size <= _MOST_BYTES:
            content = file.read()
            if b"\0" not in content[:8192]:
                with contextlib.suppress(UnicodeDecodeError):
                    return told(content.decode().splitlines())
            return UnreadFile(hashlib.sha256(content).hexdigest())
        return UnreadFile(hashlib.file_digest(file, "sha256").hexdigest())


def now_ns(folder: Path) -> int:
    """Return the present time as the file system of a folder counts it, which may be coarser than a clock."""
    file = folder / "now"
    file.touch()
    found = file.stat().st_mtime_ns
    file.unlink()
    return found
