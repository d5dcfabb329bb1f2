"""cProfile's own format: the files of several runs, added up."""

from __future__ import annotations

import marshal
import pstats
from typing import TYPE_CHECKING, Any

from perfkit.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Loaded:
    """What `pstats.Stats` takes besides a file's name."""

    def __init__(self, stats: dict[Any, Any]) -> None:
        self.stats = stats

    def create_stats(self) -> None:
        """Do nothing: the figures are there."""


def render(files: Mapping[str, bytes]) -> bytes:
    """Add up the figures of several ``.prof`` files.

    Parameters
    ----------
    files
        Their content, by a name for messages.

    Returns
    -------
    bytes
        Such a file, readable by `pstats`, snakeviz and gprof2dot.

    Raises
    ------
    StoreError
        If one is damaged.
    """
    total: pstats.Stats | None = None
    for name, content in files.items():
        one = _loaded(name, content)
        total = one if total is None else total.add(one)
    return marshal.dumps({} if total is None else total.stats)  # type: ignore[attr-defined]


def _loaded(name: str, content: bytes) -> pstats.Stats:
    try:
        # A file that perfkit's own worker wrote; pstats takes whatever makes statistics.
        return pstats.Stats(_Loaded(marshal.loads(content)))  # type: ignore[arg-type]  # noqa: S302
    except (EOFError, ValueError, TypeError, AttributeError) as error:
        raise StoreError(f"the profile {name} is damaged: {error}") from error
