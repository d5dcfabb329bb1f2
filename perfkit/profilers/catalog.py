"""Which profilers there are: perfkit's own, and what installed packages plug in."""

from __future__ import annotations

import importlib
from importlib import metadata
from typing import TYPE_CHECKING, Protocol

from perfkit.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.model import Profiled

GROUP = "perfkit.profilers"
"""The entry points' group: each names a module that is made like `perfkit.profilers.cprofile`."""

OURS = {
    "cprofile": "perfkit.profilers.cprofile",
    "line": "perfkit.profilers.line",
}


class ProfilerModule(Protocol):
    """What the parent needs of a profiler's module; its ``Profiler`` serves the worker.

    Attributes
    ----------
    TITLE
        The profiler's name for the reader.
    FILE
        Name of the file that it leaves in the run's folder.
    """

    TITLE: str
    FILE: str

    def read(self, folder: Path, root: Path) -> Profiled:
        """Read what the worker left in a run's folder; paths become relative to the project's root."""


def names() -> list[str]:
    """Return the names of all profilers, perfkit's own first."""
    return [*OURS, *sorted(one.name for one in metadata.entry_points(group=GROUP) if one.name not in OURS)]


def module_of(name: str) -> str:
    """Return the module of a profiler, for the worker.

    Raises
    ------
    UsageError
        If there is no such profiler.
    """
    if name in OURS:
        return OURS[name]
    for one in metadata.entry_points(group=GROUP):
        if one.name == name:
            return one.module
    raise UsageError(f"there is no profiler {name!r}; there is {', '.join(names())}")


def load(name: str) -> ProfilerModule:
    """Import a profiler's module.

    Raises
    ------
    UsageError
        If there is no such profiler, or it cannot be imported.
    """
    path = module_of(name)
    try:
        module: ProfilerModule = importlib.import_module(path)
    except ImportError as error:
        raise UsageError(f"the profiler {name!r} cannot be imported from {path}: {error}") from error
    for part in ("TITLE", "FILE", "Profiler", "read"):
        if not hasattr(module, part):
            raise UsageError(f"the profiler {name!r} is not usable: {path} has no {part}")
    return module


def title(name: str) -> str:
    """Return a profiler's name for the reader; that of a stored run may be gone, and is itself then."""
    try:
        return load(name).TITLE
    except UsageError:
        return name
