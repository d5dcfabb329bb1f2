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


def sources(files: Iterable[str]) -> dict[str, str]:
    """Return the text of those files that belong neither to Python, nor to an installed package, nor to us.

    Parameters
    ----------
    files
        Paths, as code objects name them.
    """
    theirs = [*map(Path, sysconfig.get_paths().values()), Path(perfkit.__file__).parent]
    found = {}
    for file in sorted(set(files)):
        path = Path(file)
        if not path.is_absolute() or any(path.is_relative_to(one) for one in theirs):
            continue
        try:
            if path.stat().st_size <= _MOST_BYTES:
                found[file] = importlib.util.decode_source(path.read_bytes())
        except (OSError, SyntaxError, UnicodeDecodeError):
            continue  # made at run time, or gone: there is no text to keep
    return found
