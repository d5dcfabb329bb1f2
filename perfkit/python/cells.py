"""Put functions that a notebook's cells define into modules, from which fresh processes import them.

Each side has a module of its own, so that what one side imports costs the other nothing, and the two can be
read, profiled and compared as files. What several of them use stands in one module that they share.
"""

from __future__ import annotations

import contextlib
import contextvars
import hashlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.python.definitions import Definition, Kind, collect
from perfkit.store import replace_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_SHARED = "notebook_shared"
_DIGITS = 12  # of the folder's digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Modules:
    """The text of modules.

    Attributes
    ----------
    texts
        By module name.
    homes
        By the name of a function: the module that defines it.
    """

    texts: dict[str, str]
    homes: dict[str, str]

    def write(self, folder: Path) -> dict[str, Path]:
        """Write the modules below a folder; what has the same text lies in the same place.

        Returns
        -------
        dict of str to Path
            By the name of a function: its file.

        Raises
        ------
        StoreError
            If they cannot be written.
        """
        digest = hashlib.sha256("\0".join(f"{name}\0{text}" for name, text in self.texts.items()).encode())
        place = folder / digest.hexdigest()[:_DIGITS]
        for name, text in self.texts.items():
            file = place / f"{name}.py"
            if not file.is_file() or file.read_text(encoding="utf-8") != text:
                replace_file(file, text.encode())
        return {name: place / f"{module}.py" for name, module in self.homes.items()}


def interactive() -> bool:
    """Whether this process is a notebook's or a prompt's: what it defines lies in no file."""
    main = sys.modules["__main__"]
    return not hasattr(main, "__file__") and getattr(main, "__spec__", None) is None


def namespace() -> Mapping[str, object]:
    """Return the names that the notebook or the prompt has."""
    return vars(sys.modules["__main__"])


def name_in_notebook(thing: object) -> str:
    """Return the name by which the notebook knows an object; empty for none."""
    if not interactive():
        return ""
    own = getattr(thing, "__name__", "")
    there = namespace()
    if isinstance(own, str) and there.get(own) is thing:
        return own
    return next((name for name, one in there.items() if one is thing and name[:1] != "_"), "")


@contextlib.contextmanager
def besides(text: str) -> Iterator[None]:
    """Look up classes in the text of a cell, too, that the notebook's history does not hold."""
    token = _BESIDES.set(text)
    try:
        yield
    finally:
        _BESIDES.reset(token)


_BESIDES = contextvars.ContextVar("besides", default="")


def modules(names: Sequence[str], there: Mapping[str, object]) -> Modules:
    """Return modules that define functions of a notebook.

    Parameters
    ----------
    names
        Of functions or other callables.
    there
        The notebook's names.

    Raises
    ------
    UsageError
        If something cannot be made again from source; the message says what, and what to do.
    """
    history = there.get("In")
    ran = [one for one in history if isinstance(one, str)] if isinstance(history, list) else []
    found = collect(names, there, [*ran, _BESIDES.get()])
    roots = list(dict.fromkeys(names))
    reach = {root: _reach(root, found) for root in roots}
    shared = _shared(found, reach)
    texts, homes = {}, {}
    for root in roots:
        homes[root] = _SHARED if root in shared else f"notebook_{root}"
    for root in roots:
        if homes[root] != _SHARED:
            own = [one for name, one in found.items() if name in reach[root] and name not in shared]
            texts[homes[root]] = _text(own, shared)
    if shared:
        needed = {name for one in shared for name in found[one].needs}
        copied = {name for name in needed if found[name].kind is Kind.COPIED}
        texts[_SHARED] = _text([one for name, one in found.items() if name in shared | copied], set())
    return Modules(texts=texts, homes=homes)


def _reach(root: str, found: Mapping[str, Definition]) -> set[str]:
    """Return all that a definition uses, itself included."""
    reached, waiting = set(), [root]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += found[name].needs
    return reached


def _shared(found: Mapping[str, Definition], reach: Mapping[str, set[str]]) -> set[str]:
    """Return what several modules use, and what uses a name that functions assign."""
    written = {name for one in found.values() for name in one.writes}
    shared = {
        name
        for name, one in found.items()
        if (one.kind is Kind.SHARED and sum(name in each for each in reach.values()) > 1)
        or (written and (name in written or one.needs & written or one.writes))
    }
    while True:  # what a shared module uses cannot stand in one that imports it
        needed = {name for one in shared for name in found[one].needs if found[name].kind is Kind.SHARED}
        if needed <= shared:
            return shared
        shared |= needed


def _text(own: Sequence[Definition], shared: set[str]) -> str:
    """Return a module's text: imports first, then the definitions, each after what it uses."""
    futures = sorted({name for one in own for name in one.futures})
    imported = sorted({name for one in own for name in one.needs if name in shared})
    lines = ['"""Written by perfkit from the cells of a notebook."""', ""]
    lines += [f"from __future__ import {name}" for name in futures] + ([""] if futures else [])
    copied = [one.source for one in own if one.kind is Kind.COPIED]
    lines += sorted(copied, key=lambda one: not one.startswith(("from", "import")))
    lines += [f"from {_SHARED} import {', '.join(imported)}"] if imported else []
    for one in own:
        if one.kind is Kind.SHARED:
            gap = ["", ""] if one.source.startswith(("def", "class", "async", "@")) else []
            lines += [*gap, one.source]
    return "\n".join(lines) + "\n"
