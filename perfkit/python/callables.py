"""From a callable to the words by which another process imports it, such as ``pkg.mod:func``."""

from __future__ import annotations

import ast
import functools
import sys
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING

from perfkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator


def word(thing: object) -> str:
    """Return the words by which a fresh process gets at the same callable.

    Parameters
    ----------
    thing
        A function, class, built-in or any other callable that stands at the top level of a module, or a
        method of such a class. What has no name of its own, such as a `functools.partial`, is found by its
        identity among the modules that are loaded.

    Returns
    -------
    str
        ``pkg.mod:func``, or ``/path/file.py:func`` for one that the running script itself defines.

    Raises
    ------
    UsageError
        If another process cannot import it; the message says what to do.
    """
    if not callable(thing):
        raise UsageError(
            f"{type(thing).__name__} {shown(thing)} cannot be measured: pass a function, or words as on the "
            "command line, such as 'baseline' or 'pkg.mod:func'"
        )
    for module, qualified in _candidates(thing):
        where = _where(module)
        if where and "<" not in qualified and _leads_to(module, qualified, thing):
            return f"{where}:{qualified}"
    raise UsageError(_why_not(thing))


def is_interactive(thing: object) -> bool:
    """Whether something was defined at a prompt or in a notebook's cell: no file holds it."""
    return getattr(thing, "__module__", None) == "__main__" and not _where("__main__")


def name_of(thing: object) -> str:
    """Return what a callable is called, for the reader."""
    name = getattr(thing, "__qualname__", None) or getattr(thing, "__name__", None)
    return name if isinstance(name, str) else shown(thing)


def shown(thing: object) -> str:
    """Return what an object looks like, in a few characters."""
    try:
        text = " ".join(repr(thing).split())
    except Exception:  # noqa: BLE001  whatever a value's own code raises
        text = f"a {type(thing).__name__}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


_LONGEST = 60


def _candidates(thing: object) -> Iterator[tuple[str, str]]:
    """Yield the places where a callable may be found: where it says, then wherever it is."""
    module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", None)
    if module is None:  # a built-in type's method
        module = getattr(getattr(thing, "__objclass__", None), "__module__", None)
    if isinstance(module, str) and isinstance(name, str) and not isinstance(thing, functools.partial):
        yield module, name
    yield from places(thing)
    owner, name = getattr(thing, "__self__", None), getattr(thing, "__name__", None)
    if owner is not None and not isinstance(owner, ModuleType) and isinstance(name, str):
        yield from ((place, f"{holder}.{name}") for place, holder in places(owner))


_MAIN_AGAIN = "__mp_main__"
"""What multiprocessing, once imported, calls the running script too: no fresh process has it."""


def places(thing: object) -> list[tuple[str, str]]:
    """Return where an object stands at the top level of a module: public names first, the shortest first."""
    found = [
        (module, name)
        for module, loaded in list(sys.modules.items())
        if isinstance(loaded, ModuleType) and module != _MAIN_AGAIN
        for name, value in list(vars(loaded).items())
        if value is thing and name[:2] != "__" and (module != "__main__" or name in _assigned())
    ]
    return sorted(found, key=lambda one: (one[0][:1] == "_" or "._" in one[0], len(one[0]), one))


def _assigned() -> set[str]:
    """Return the names that the running script assigns at its top level: not those of a loop or a guard."""
    file = getattr(sys.modules["__main__"], "__file__", None)
    if not _where("__main__") or not isinstance(file, str):
        return set()
    body = ast.parse(Path(file).read_bytes()).body
    targets = [target for one in body if isinstance(one, ast.Assign) for target in one.targets]
    targets += [one.target for one in body if isinstance(one, ast.AnnAssign)]
    return {one.id for one in targets if isinstance(one, ast.Name)}


def _leads_to(module: str, qualified: str, thing: object) -> bool:
    """Whether a name leads back to the same object; a class method is bound anew at each look."""
    found: object = sys.modules.get(module)
    for part in qualified.split("."):
        found = getattr(found, part, None)
    bound = getattr(thing, "__self__", None) is not None
    return found is thing or (bound and type(found) is type(thing) and bool(found == thing))


def _where(module: str) -> str:
    """Return a module as another process imports it; the running script by its file, a prompt not at all."""
    if module != "__main__":
        return module
    main = sys.modules.get(module)
    spec = getattr(main, "__spec__", None)
    if spec is not None:  # python -m
        return str(spec.name)
    file = getattr(main, "__file__", None)
    if not isinstance(file, str) or not file.endswith(".py") or not Path(file).is_file():
        return ""
    return str(Path(file).resolve())


def _why_not(thing: object) -> str:
    """Say why another process cannot import a callable, and what to do."""
    name = getattr(thing, "__qualname__", "")
    owner = getattr(thing, "__self__", None)
    if isinstance(thing, functools.partial) or not isinstance(name, str) or not name:
        return (
            f"{shown(thing)} has no name that another process could import: give it one at the top level of "
            "a module, such as fast = partial(solve, method='lu'), and pass that"
        )
    if owner is not None and not isinstance(owner, type | ModuleType):
        return (
            f"{name} is bound to one {type(owner).__name__}, which another process does not have: write a "
            "function at the top level of a module that makes the object and calls it, or let make_inputs "
            f"make the object and pass {name.rpartition('.')[0] or type(owner).__name__}.{last_name(thing)}"
        )
    if name.endswith("<lambda>"):
        return "a lambda has no name that another process could import: define it with def in a module"
    if "<locals>" in name:
        outer, _, inner = name.rpartition(".<locals>.")
        return (
            f"{inner} is defined inside {outer}, where another process cannot import it: define it at the "
            "top level of its module"
        )
    module = getattr(thing, "__module__", None)
    if module == "__main__" and not _where("__main__"):
        return (
            f"{name} was defined at a prompt or in a notebook, and no file holds it: put it into a module, "
            "or use %%perfkit in a notebook (%load_ext perfkit)"
        )
    kind = "function" if isinstance(thing, FunctionType) else "object"
    return (
        f"the name {module}:{name} leads to another object than the {kind} that was passed: pass what that "
        "name leads to, or give this one a name of its own at the top level of a module"
    )


def last_name(thing: object) -> str:
    """Return the last part of a callable's name."""
    return name_of(thing).rpartition(".")[2]
