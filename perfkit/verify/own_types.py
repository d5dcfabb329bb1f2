"""Values of types that packages tell perfkit how to take apart: the plug-ins of ``perfkit.comparators``.

A plug-in says which values it handles and which parts they have; what is equal is decided by perfkit's own
rules on these parts. It can hide a difference by leaving a part out, so whatever it took apart carries its
name and version to the report. Whatever goes wrong in it leaves a value that is not checked, never an equal
one.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perfkit import plugins
from perfkit.errors import UsageError
from perfkit.verify.parts import Node, Opaque, Part, type_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.plugins import Plugin

_MOST_PARTS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Comparator:
    """A plug-in as it was when it was loaded; `problem` is why it could not be."""

    plugin: Plugin
    handles: Callable[[Any], object] | None = None
    parts: Callable[[Any], object] | None = None
    problem: str = ""


class _Loaded:
    """What this process has loaded; None until a value needs it."""

    comparators: tuple[_Comparator, ...] | None = None


def check() -> None:
    """See that what is plugged in can be used.

    Raises
    ------
    UsageError
        If one cannot; it names the distribution.
    """
    for one in _load():
        if one.problem:
            raise UsageError(one.problem)


def load() -> list[str]:
    """Load what is plugged in, now and not when a value first needs it; returns the modules that hold it."""
    comparators = _load()
    names = {getattr(one, "__module__", "") for both in comparators for one in (both.handles, both.parts)}
    names |= {one.plugin.module for one in comparators}
    return sorted(name for name in names if name in sys.modules)


def forget() -> None:
    """Forget what was loaded, so that it is looked for again."""
    _Loaded.comparators = None


def _load() -> tuple[_Comparator, ...]:
    if _Loaded.comparators is None:
        _Loaded.comparators = tuple(_one(plugin) for plugin in plugins.find(plugins.COMPARATORS))
    return _Loaded.comparators


def _one(plugin: Plugin) -> _Comparator:
    try:
        made = plugins.load(plugin, "handles", "parts")
        handles, parts = made.handles, made.parts
    except UsageError as error:
        return _Comparator(plugin=plugin, problem=str(error))
    except Exception as error:  # noqa: BLE001  an attribute that computes
        return _Comparator(plugin=plugin, problem=f"{plugin} is not usable: {plugins.said(error)}")
    for name, one in (("handles", handles), ("parts", parts)):
        if not callable(one):
            problem = f"{plugin} is not usable: {name} of {plugin.target} cannot be called"
            return _Comparator(plugin=plugin, problem=problem)
    return _Comparator(plugin=plugin, handles=handles, parts=parts)


def taken_apart(value: object) -> Part | None:
    """Return a value as a plug-in takes it apart; None if none handles it.

    Parameters
    ----------
    value
        Of a type for which perfkit has no rule of its own.

    Returns
    -------
    Node, Opaque or None
        A node names the plug-in in `by`. Opaque if a plug-in raises or cannot be used, if several handle the
        value, and if there are no parts.
    """
    comparators = _load()
    if not comparators:
        return None
    name = type_name(type(value))
    found: list[_Comparator] = []
    for one in comparators:
        if one.handles is None:
            return Opaque(f"{one.problem}; it may be meant for {name}")
        try:
            handled = bool(one.handles(value))
        except (Exception, SystemExit) as error:  # noqa: BLE001  whatever a plug-in raises
            return Opaque(f"{one.plugin} could not say whether it handles {name}: {plugins.said(error)}")
        if handled:
            found.append(one)
    if len(found) > 1:
        names = " and ".join(str(one.plugin) for one in found)
        return Opaque(f"{names} both handle {name}: which one counts cannot be told")
    return _apart(value, found[0], name) if found else None


def _apart(value: object, comparator: _Comparator, name: str) -> Part:
    plugin = comparator.plugin
    try:
        parts = comparator.parts(value) if comparator.parts is not None else None
        found = dict(parts.items()) if isinstance(parts, Mapping) else None
    except (Exception, SystemExit) as error:  # noqa: BLE001  whatever a plug-in raises
        return Opaque(f"{plugin} could not take {name} apart: {plugins.said(error)}")
    if found is None:
        return Opaque(f"{plugin} gave {type_name(type(parts))} and no mapping as the parts of {name}")
    wrong = _wrong(value, found)
    if wrong:
        return Opaque(f"{plugin} gave {wrong} of {name}")
    ordered = sorted(found.items())
    children = ((f".{key}" if key.isidentifier() else f"[{key!r}]", one) for key, one in ordered)
    names = [key for key, _ in ordered]
    return Node(tuple(children), (), text=", ".join(names), keys="\0".join(names), by=plugin.label)


def _wrong(value: object, parts: dict[Any, object]) -> str:
    """Return what is wrong with the parts of a value; empty if nothing is."""
    if not parts:
        return "no parts, so that there is nothing to compare,"
    if len(parts) > _MOST_PARTS:
        return f"{len(parts):,} parts, where an array would do,"
    for key, one in parts.items():
        if type(key) is not str:
            return f"a part that is named by {type_name(type(key))}, and by no text,"
        if one is value:
            return f"the value itself as the part {key!r}"
    return ""
