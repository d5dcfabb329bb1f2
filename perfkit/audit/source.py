"""Load the file to audit, or say in a sentence why it is none."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

LARGEST_BYTES = 2 * 1024**2
"""No report that a person can read is longer."""
_MARKDOWN = {".md", ".markdown", ".mdown", ".mkd", ".mdx", ".qmd"}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A report's text, and whether to read it as Markdown."""

    text: str
    markdown: bool


def load(path: Path) -> Source:
    """Read a report; its suffix tells Markdown from plain text.

    Parameters
    ----------
    path
        A UTF-8 text of at most `LARGEST_BYTES`.

    Raises
    ------
    UsageError
        If it is missing, no file, unreadable, empty, too large, or no UTF-8 text.
    """
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise UsageError(f"{path} is a folder: name the report in it")
        if not stat.S_ISREG(found.st_mode):
            raise UsageError(f"{path} is not a file, so there is nothing to audit")
        if found.st_size > LARGEST_BYTES:
            raise UsageError(
                f"{path} has {found.st_size / 1024**2:,.1f} MiB, and a report has at most "
                f"{LARGEST_BYTES // 1024**2} MiB"
            )
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)  # it may have grown since
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}") from None
    except PermissionError:
        raise UsageError(f"{path} cannot be read: no permission") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    return Source(text=_decoded(content, path), markdown=path.suffix.lower() in _MARKDOWN)


def _decoded(content: bytes, path: Path) -> str:
    if len(content) > LARGEST_BYTES:
        raise UsageError(f"{path} has more than {LARGEST_BYTES // 1024**2} MiB, and a report has no more")
    if content.startswith(_UTF16):
        raise UsageError(f"{path} is UTF-16 text: save it as UTF-8")
    if b"\0" in content:
        raise UsageError(f"{path} is a binary file, not a report")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path} is not UTF-8 text (line {line}): save it as UTF-8") from None
    if not text.strip():
        raise UsageError(f"{path} is empty: there is nothing to audit")
    return text
