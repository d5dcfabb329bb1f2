"""plotly.js, packed: it opens itself in the reader's browser once the page is on the screen."""

from __future__ import annotations

import base64
import gzip
import hashlib
from functools import cache


@cache
def packed() -> str:
    """Return the library, compressed to a third of its size and written in base64."""
    return base64.b64encode(gzip.compress(_source().encode(), 6, mtime=0)).decode()


@cache
def fingerprint() -> str:
    """Return what the page's policy on scripts allows it by."""
    return allowed(_source())


def allowed(script: str) -> str:
    """Return the source expression of a Content-Security-Policy that allows exactly this script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


@cache
def _source() -> str:
    from plotly.offline import get_plotlyjs  # takes a moment, and only a page with charts needs it

    # A browser hashes what it has parsed, where line ends are single.
    return str(get_plotlyjs()).replace("\r\n", "\n").replace("\r", "\n")
