"""Renderers that packages plug in: a report in, a file out. The plug-ins of ``perfkit.renderers``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit import plugins
from perfkit.errors import RunError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from perfkit.model import Report
    from perfkit.plugins import Plugin

OWN_SUFFIXES = frozenset({"", ".md", ".html"})
"""What perfkit writes itself, whatever is plugged in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renderer:
    """A plug-in that can be used.

    Attributes
    ----------
    suffix
        Of the files that it makes: ``.tex``.
    """

    plugin: Plugin
    suffix: str
    render: Callable[[Report], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A file's content.

    Attributes
    ----------
    binary
        Whether it is no text.
    """

    content: bytes
    binary: bool


def names(taken: Collection[str] = ()) -> list[str]:
    """Return the names of what is plugged in, without those that are taken; nothing is imported."""
    return sorted({one.name for one in plugins.find(plugins.RENDERERS)} - set(taken))


def named(name: str) -> Renderer | None:
    """Return the renderer of that name; None if there is none.

    Raises
    ------
    UsageError
        If it cannot be used, or two packages plug one of this name in.
    """
    found = [one for one in plugins.find(plugins.RENDERERS) if one.name == name]
    return _load(plugins.only(found)) if found else None


def of_suffix(suffix: str) -> Renderer | None:
    """Return the renderer that makes files of that suffix; None if there is none, or they are perfkit's own.

    Raises
    ------
    UsageError
        If several do, or one that is plugged in cannot be used: it may be the one that is meant.
    """
    if suffix in OWN_SUFFIXES:
        return None
    found = [
        one for one in map(_load, plugins.find(plugins.RENDERERS)) if one.suffix.lower() == suffix.lower()
    ]
    if len(found) > 1:
        both = " and ".join(str(one.plugin) for one in found)
        raise UsageError(f"{both} both make {suffix} files: choose one with perfkit export --to NAME")
    return found[0] if found else None


def _load(plugin: Plugin) -> Renderer:
    made = plugins.load(plugin, "SUFFIX", "render")
    suffix, render = made.SUFFIX, made.render
    if not isinstance(suffix, str) or not suffix.startswith(".") or "/" in suffix:
        raise UsageError(f"{plugin} is not usable: its SUFFIX is a text such as '.tex', not {suffix!r}")
    if not callable(render):
        raise UsageError(f"{plugin} is not usable: render of {plugin.target} cannot be called")
    return Renderer(plugin=plugin, suffix=suffix, render=render)


def render(renderer: Renderer, report: Report) -> Rendered:
    """Return the file that a renderer makes of a report.

    Raises
    ------
    RunError
        If it raises, or gives anything but text or bytes.
    """
    try:
        made = renderer.render(report)
    except (Exception, SystemExit) as error:
        raise RunError(f"{renderer.plugin} failed: {plugins.said(error)}") from error
    if isinstance(made, str):
        try:
            return Rendered(content=made.encode(), binary=False)
        except UnicodeEncodeError as error:
            raise RunError(f"{renderer.plugin} gave a text that UTF-8 cannot hold: {error}") from error
    if isinstance(made, bytes | bytearray | memoryview):
        return Rendered(content=bytes(made), binary=True)
    raise RunError(f"{renderer.plugin} gave {type(made).__name__}, and no text or bytes")
