"""Which profilers there are: perfkit's own, and what installed packages plug in."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Protocol

from perfkit import plugins
from perfkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from perfkit.model import Profiled
    from perfkit.plugins import Plugin

GROUP = plugins.PROFILERS
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
    return [*OURS, *sorted({one.name for one in plugins.find(GROUP)} - set(OURS))]


def module_of(name: str) -> str:
    """Return the module of a profiler, for the worker.

    Raises
    ------
    UsageError
        If there is no such profiler, or two packages plug one of this name in.
    """
    return OURS[name] if name in OURS else _plugged_in(name).module


def _plugged_in(name: str) -> Plugin:
    found = [one for one in plugins.find(GROUP) if one.name == name]
    if not found:
        raise UsageError(f"there is no profiler {name!r}; there is {', '.join(names())}")
    return plugins.only(found)


def load(name: str) -> ProfilerModule:
    """Import a profiler's module.

    Raises
    ------
    UsageError
        If there is no such profiler, or it cannot be used.
    """
    module: ProfilerModule
    if name not in OURS:
        module = plugins.load(_plugged_in(name), "TITLE", "FILE", "Profiler", "read")
        return module
    try:
        module = importlib.import_module(OURS[name])
    except ImportError as error:
        raise UsageError(f"the profiler {name!r} cannot be imported from {OURS[name]}: {error}") from error
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
