"""Where profiled code lies, told in the same words on every machine."""

from __future__ import annotations

from pathlib import Path


def relative(file: str, root: Path) -> str:
    """Return a path relative to the root where it lies in it; ``~`` and ``<string>`` stay what they are."""
    for base in (root, root.resolve()):
        if Path(file).is_relative_to(base):
            return Path(file).relative_to(base).as_posix()
    return file
