"""The text of files that a foreign profile names: what lies here now, where it still fits the profile."""

from __future__ import annotations

import importlib.util
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.profilers.pstats_columns import Columns

MOST_FILES = 2_000
MOST_BYTES = 32 << 20
"""Of text, all files together: half a second's work. The project's own come first, then the costly ones."""

MOST_BYTES_EACH = 1 << 20
"""More is data."""

FITTING = 0.8
"""Share of a file's functions that must be where the profile says, else it was edited since."""

_DECORATORS = 50  # lines from a function's first decorator to its def, at most
_CODE = {"<lambda>": "lambda", "<listcomp>": "[", "<setcomp>": "{", "<dictcomp>": "{", "<genexpr>": "("}
_PROTECTED = ("/proc/", "/sys/", "/dev/")


@dataclass(slots=True, kw_only=True)
class Texts:
    """What was found of a profile's files.

    Attributes
    ----------
    by_file
        By index of the file.
    notes
        What was left out, one sentence each.
    """

    by_file: dict[int, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def find(columns: Columns, own: Sequence[bool], recorded: float | None = None) -> Texts:
    """Read those of a profile's files that lie here under the recorded path and still fit it.

    Parameters
    ----------
    columns
        The profile.
    own
        Of each file, whether it belongs to the project.
    recorded
        When the profile was written, as its file says; seconds since the epoch.
    """
    functions = np.argsort(columns.file, kind="stable")
    ends = np.cumsum(np.bincount(columns.file, minlength=len(columns.files)))
    spent = np.bincount(columns.file, weights=columns.self_s, minlength=len(columns.files))
    order = np.lexsort((-spent, ~np.asarray(own, dtype=bool)))
    texts: dict[int, str] = {}
    edited, newer, left_out = [], [], 0
    files, total = 0, 0
    for index in order.tolist():
        path = columns.files[index]
        status = _status(path)
        if status is None:
            continue
        if files >= MOST_FILES or total + status.st_size > MOST_BYTES:
            left_out += 1
            continue
        files, total = files + 1, total + status.st_size
        text = _text(path)
        if text is None:
            continue
        inside = functions[ends[index - 1] if index else 0 : ends[index]].tolist()
        pairs = [(int(columns.line[one]), columns.names[columns.name[one]]) for one in inside]
        if not fits(text, pairs):
            edited.append(path)
            continue
        texts[index] = text
        if recorded is not None and own[index] and status.st_mtime > recorded:
            newer.append(path)
    return Texts(by_file=texts, notes=_notes(edited, newer, left_out))


def fits(text: str, functions: Sequence[tuple[int, str]]) -> bool:
    """Return whether enough functions are at their lines in a file.

    Parameters
    ----------
    text
        The file's.
    functions
        Line of the definition, as code objects have it, and code name.
    """
    lines = text.split("\n")
    checked = [(line, name) for line, name in functions if name != "<module>"]
    held = sum(_holds(lines, line, name) for line, name in checked)
    return held >= FITTING * len(checked)


def _holds(lines: Sequence[str], line: int, name: str) -> bool:
    """Return whether a function begins at a line: with its name, or with its decorators."""
    if not 1 <= line <= len(lines):
        return False
    first = lines[line - 1]
    if name in _CODE:
        return _CODE[name] in first
    if name[:1] == "<":
        return True  # of some newer Python
    begins = re.compile(rf"\s*(?:async\s+)?(?:c?p?def|class)\b.*(?<!\w){re.escape(name)}(?!\w)", re.DOTALL)
    if begins.match(first):
        return True
    if not first.lstrip().startswith("@"):
        return False
    return any(begins.match(one) for one in lines[line : line + _DECORATORS])


def _status(path: str) -> os.stat_result | None:
    """Return the status of a file of reasonable size that lies here; whoever wrote the profile named it."""
    if not path.startswith("/") or path.startswith(_PROTECTED) or "\0" in path:
        return None
    try:
        status = os.stat(path)  # noqa: PTH116  thousands of them
    except (OSError, ValueError):
        return None
    return status if stat.S_ISREG(status.st_mode) and status.st_size <= MOST_BYTES_EACH else None


def _text(path: str) -> str | None:
    """Return a file's text if it is Python: a profile may name any file, and reports show what they hold."""
    try:
        content = Path(path).read_bytes()
        if not path.endswith((".py", ".pyw", ".pyx")) and not re.match(rb"#![^\n]*python", content):
            return None
        return importlib.util.decode_source(content)
    except (OSError, SyntaxError, UnicodeDecodeError):
        return None


def _notes(edited: Sequence[str], newer: Sequence[str], left_out: int) -> tuple[str, ...]:
    notes = []
    if edited:
        notes.append(
            f"The text of {_files(edited)} is left out: functions are not where the profile says, so it was "
            "edited since."
        )
    if newer:
        notes.append(
            f"The text of {_files(newer)} is that of today: changed since the profile was written, though "
            "functions are where it says."
        )
    if left_out:
        notes.append(
            f"{left_out:,} files were not read: text is read of {MOST_FILES:,} files and "
            f"{MOST_BYTES >> 20} MiB at most, the project's own first, then those with the most time."
        )
    return tuple(notes)


def _files(paths: Sequence[str]) -> str:
    if len(paths) == 1:
        return paths[0]
    return f"{len(paths):,} files (such as {paths[0]})"
