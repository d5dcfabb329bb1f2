"""What all profilers do with files: where profiled code lies, and what a worker saved."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from perfkit.errors import StoreError
from perfkit.model import Profiled


def relative(file: str, root: Path) -> str:
    """Return a path relative to the root where it lies in it; ``~`` and ``<string>`` stay what they are."""
    for base in (root, root.resolve()):
        if Path(file).is_relative_to(base):
            return Path(file).relative_to(base).as_posix()
    return file


def encode(found: Profiled) -> bytes:
    """Return what `decode` reads; the standard library alone does where msgspec is not installed."""
    try:
        import msgspec
    except ImportError:
        return json.dumps(dataclasses.asdict(found)).encode()
    return msgspec.json.encode(found)


def decode(path: Path) -> Profiled:
    """Read what a profiler's worker half wrote for perfkit.

    Raises
    ------
    StoreError
        When the file is missing or damaged.
    """
    import msgspec

    try:
        return msgspec.json.decode(path.read_bytes(), type=Profiled)
    except FileNotFoundError as error:
        raise StoreError(f"The profile {path} is missing.") from error
    except OSError as error:
        raise StoreError(f"The profile {path} cannot be read: {error.strerror}.") from error
    except msgspec.DecodeError as error:
        raise StoreError(f"The profile {path} is damaged: {error}.") from error
