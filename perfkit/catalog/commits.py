"""The order of the commits that were measured, as the project's repository has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.catalog.git import GitError, git
from perfkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_FORMAT = "%H%x00%s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A commit in the history.

    Attributes
    ----------
    place
        Ancestors first.
    subject
        The first line of its message.
    """

    place: int
    subject: str


def placed(root: Path, wanted: Iterable[str]) -> dict[str, Placed]:
    """Find where commits stand in the history.

    Parameters
    ----------
    root
        A folder in the repository.
    wanted
        Whole names of commits.

    Returns
    -------
    dict
        By name: those of them that the repository has; none where there is no repository or no git.
    """
    names = sorted({one for one in wanted if one})
    if not names:
        return {}
    try:
        # Names that the repository lacks are passed over; without one that it has, it would tell of HEAD.
        listed = git(
            root, "log", "--topo-order", "--reverse", f"--format={_FORMAT}", "--ignore-missing", *names
        )
    except (GitError, UsageError):
        return {}
    found = {}
    for place, one in enumerate(listed.splitlines()):
        name, _, subject = one.partition("\x00")
        found[name] = Placed(place=place, subject=subject)
    return {name: found[name] for name in names if name in found}
