"""Which profilers there are: perfkit's own, and what installed packages plug in."""

from __future__ import annotations

import importlib
from importlib import metadata
from typing import TYPE_CHECKING, Protocol

from perfkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from perfkit.model import Profiled

GROUP = "perfkit.profilers"
"""The entry points' group: each names a module that is made like `perfkit.profilers.cprofile`."""

OURS = {
    "cprofile": "perfkit.profilers.cprofile",
    "line": "perfkit.profilers.line",
    "sampling": "perfkit.profilers.sampling",
    "memory": "perfkit.profilers.memory",
    "torch": "perfkit.profilers.torch_operators",
}


class ProfilerModule(Protocol):
    """What the parent needs of a profiler's module; its ``Profiler`` serves the worker.

    Attributes
    ----------
    TITLE
        The profiler's name for the reader.
    FILE
        Name of the file that it leaves in the run's folder; a run without that file has none.

    A module may have two things besides: a text ``VIEWER``, which says what opens the file, and a function
    ``check`` without arguments, which is called before anything is measured, and raises
    `perfkit.errors.UsageError` when the profiler cannot work here.
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


def chosen(names_: Sequence[str]) -> list[str]:
    """Return profilers' names, each once, after a look at whether all of them can work here.

    Parameters
    ----------
    names_
        As the user typed them; each may be several, separated by commas.

    Raises
    ------
    UsageError
        If there is no such profiler, or it cannot work here.
    """
    wanted = [name for one in names_ for name in map(str.strip, one.split(",")) if name]
    found = list(dict.fromkeys(wanted))
    if not found:
        raise UsageError(f"name a profiler; there is {', '.join(names())}")
    for name in found:
        check = getattr(load(name), "check", None)
        if check is not None:
            check()
    return found


def title(name: str) -> str:
    """Return a profiler's name for the reader; that of a stored run may be gone, and is itself then."""
    try:
        return load(name).TITLE
    except UsageError:
        return name


def viewer(name: str) -> str:
    """Return what opens a profiler's file; empty where that is not known."""
    try:
        return str(getattr(load(name), "VIEWER", ""))
    except UsageError:
        return ""
