"""What installed packages plug into perfkit, found by their entry points. Light: a worker may load it.

The sentences of this module name the distribution, for that is what its user can update or remove.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from perfkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

PROFILERS = "perfkit.profilers"
RENDERERS = "perfkit.renderers"
COMPARATORS = "perfkit.comparators"

_NOUNS = {PROFILERS: "profiler", RENDERERS: "renderer", COMPARATORS: "comparator"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """One entry point.

    Attributes
    ----------
    noun
        What it is: ``renderer``.
    name
        Of the entry point.
    target
        What it names: ``module`` or ``module:object``.
    distribution, version
        Of the package that plugs it in.
    """

    noun: str
    name: str
    target: str
    distribution: str
    version: str

    def __str__(self) -> str:
        return f"the {self.noun} {self.name!r} of {self.origin}"

    @property
    def origin(self) -> str:
        """Return the distribution and its version: ``perfkit-polygons 1.0``."""
        return f"{self.distribution} {self.version}".rstrip()

    @property
    def label(self) -> str:
        """Return its name and its origin, for a record: ``polygons of perfkit-polygons 1.0``."""
        return f"{self.name} of {self.origin}"

    @property
    def module(self) -> str:
        """Return the module that it names."""
        return self.target.partition(":")[0].strip()


def find(group: str) -> tuple[Plugin, ...]:
    """Return what is plugged into a group, by name.

    Parameters
    ----------
    group
        Such as ``perfkit.renderers``.
    """
    from importlib import metadata  # costs 20 ms, which few commands need

    found = [
        Plugin(
            noun=_NOUNS[group],
            name=one.name,
            target=one.value,
            distribution=_told(one.dist, "name") or "an unnamed package",
            version=_told(one.dist, "version"),
        )
        for one in metadata.entry_points(group=group)
    ]
    return tuple(sorted(found, key=lambda one: (one.name, one.distribution)))


def _told(distribution: object, what: str) -> str:
    """Return a distribution's name or version; empty where its metadata are missing or damaged."""
    try:
        return str(getattr(distribution, what, "") or "")
    except Exception:  # noqa: BLE001  whatever reading damaged metadata raises, by the version of Python
        return ""


def load(plugin: Plugin, *needs: str) -> Any:
    """Import what a plug-in names; the same object at every call.

    Parameters
    ----------
    needs
        Attributes that it must have.

    Raises
    ------
    UsageError
        If it cannot be imported or lacks one of them.
    """
    made = _imported(plugin)
    for name in needs:
        if not hasattr(made, name):
            raise UsageError(f"{plugin} is not usable: {plugin.target} has no {name}")
    return made


@cache
def _imported(plugin: Plugin) -> Any:
    from importlib import metadata

    try:
        return metadata.EntryPoint(name=plugin.name, value=plugin.target, group="").load()
    except (Exception, SystemExit) as error:
        raise UsageError(f"{plugin} cannot be imported from {plugin.target}: {said(error)}") from error


def only(plugins: Sequence[Plugin]) -> Plugin:
    """Return the one plug-in of several of the same name.

    Raises
    ------
    UsageError
        If there are several: nobody can tell which is meant.
    """
    if len(plugins) > 1:
        origins = " and ".join(one.origin for one in plugins)
        raise UsageError(f"{origins} both plug in a {plugins[0].noun} {plugins[0].name!r}: remove one")
    return plugins[0]


def said(error: BaseException) -> str:
    """Return an exception's type and text in one line."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001  a broken __str__ must not hide the failure
        text = ""
    return " ".join(f"{type(error).__name__}: {text}".rstrip(": ").split())[:500]
