"""The text of the project's own files, kept with a profile: what is on the disk later may be another."""

from __future__ import annotations

import importlib.util
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import perfkit

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_BYTES = 1 << 20  # a file: more is data


OURS = tuple(str(Path(perfkit.__file__).parent / one) for one in ("markers.py", "measure/", "profilers/"))
"""How the files of perfkit begin that run in the profiled process."""

_THEIRS = [*map(Path, sysconfig.get_paths().values()), Path(perfkit.__file__).parent]


def is_own(file: str) -> bool:
    """Tell whether a file belongs neither to Python, nor to an installed package, nor to us."""
    path = Path(file)
    return path.is_absolute() and not any(path.is_relative_to(one) for one in _THEIRS)


def sources(files: Iterable[str]) -> dict[str, str]:
    """Return the text of those files that belong neither to Python, nor to an installed package, nor to us.

    Parameters
    ----------
    files
        Paths, as code objects name them.
    """
    found = {}
    for file in sorted(set(files)):
        if not is_own(file):
            continue
        path = Path(file)
        try:
            if path.stat().st_size <= _MOST_BYTES:
                found[file] = importlib.util.decode_source(path.read_bytes())
        except (OSError, SyntaxError, UnicodeDecodeError):
            continue  # made at run time, or gone: there is no text to keep
    return found
