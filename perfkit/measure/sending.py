"""perfkit itself, sent along to an interpreter that does not have it: a folder that holds nothing else.

Perfkit's own site-packages must never come onto another interpreter's path: they are another environment's,
often of another Python. What a worker needs of perfkit is copied into the cache, and compiled there once by
each interpreter, so that no measured process compiles it.
"""

from __future__ import annotations

import functools
import hashlib
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import perfkit
from perfkit.catalog import caches
from perfkit.measure.interpreters import environment_for, probe

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS = ("measure", "model", "profilers", "verify")
"""The packages that a worker may need; modules of perfkit's own folder come with them."""

_TIMEOUT_S = 120.0


def folder(python: str) -> str:
    """Return the folder that an interpreter finds perfkit in, and nothing else.

    Parameters
    ----------
    python
        Absolute path of the interpreter.

    Raises
    ------
    UsageError
        If it is no interpreter that perfkit can measure with.
    StoreError
        If the copy cannot be written.
    """
    found = _copied()
    _compiled(found, python)
    return str(found)


@functools.cache
def _copied() -> Path:
    """Copy what a worker needs, once for each state of perfkit's sources."""
    package = Path(perfkit.__file__).parent
    files = {file.relative_to(package): file.read_bytes() for file in _files(package)}
    digest = hashlib.blake2b(digest_size=12)
    for name, content in files.items():
        digest.update(f"{name}\0{len(content)}\0".encode() + content)

    def make(place: Path) -> None:
        for name, content in files.items():
            copy = place / "perfkit" / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content)

    return caches.enter(caches.folder() / caches.SENT / digest.hexdigest(), make)


def _files(package: Path) -> Iterator[Path]:
    yield from sorted(package.glob("*.py"))
    for part in PARTS:
        yield from sorted((package / part).rglob("*.py"))


@functools.cache
def _compiled(place: Path, executable: str) -> None:
    """Have an interpreter compile the copy; where it cannot, each process compiles what it needs."""
    python = probe(executable)
    # Among the compiled modules, which the cache does not count as a change.
    done = place / "perfkit" / "__pycache__" / f"all-{python.cache_tag}-{python.optimize}"
    if done.exists() and "PYTHONPYCACHEPREFIX" not in os.environ:
        return
    try:
        subprocess.run(  # noqa: S603  the user's own interpreter
            [executable, "-m", "compileall", "-q", str(place)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=_TIMEOUT_S,
            env=environment_for(executable, os.environ),
        )
        done.touch()
    except (OSError, subprocess.SubprocessError):
        return
