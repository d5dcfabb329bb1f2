"""See that what a caller gives makes sense, before anything is measured for it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from perfkit.errors import UsageError
from perfkit.python import callables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.model import Parameters


def number(name: str, value: Any, *, least: float = 0.0, open_end: bool = False) -> float:
    """Return a number that is not below the least one, and above it if that end is open."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UsageError(f"{name} is a number, not {callables.shown(value)}")
    if value < least or (open_end and value == least):
        raise UsageError(f"{name} is {'above' if open_end else 'at least'} {least:g}, not {value:g}")
    return float(value)


def share(name: str, value: Any, *, or_none: bool = False) -> float:
    """Return a share between 0 and 1, both left out; 0 too if none of it makes sense."""
    found = number(name, value, open_end=not or_none)
    if found >= 1:
        raise UsageError(f"{name} is a share below 1, such as 0.05 for 5 %, not {value:g}")
    return found


def whole(name: str, value: Any, *, least: int = 0) -> int:
    """Return a whole number that is not below the least one."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise UsageError(f"{name} is a whole number, not {callables.shown(value)}")
    found = int(value.__index__())
    if found < least:
        raise UsageError(f"{name} is at least {least}, not {found}")
    return found


def choice(name: str, value: Any, known: Sequence[str]) -> str:
    """Return one of the words that there are."""
    if value not in known:
        raise UsageError(
            f"{name} is one of {', '.join(one for one in known if one)}, not {callables.shown(value)}"
        )
    return str(value)


def parameters(given: Mapping[str, Any] | None) -> Parameters:
    """Return the parameters of make_inputs: names with a number, a text, a truth value or None each."""
    if given is not None and not isinstance(given, Mapping):
        raise UsageError(
            f"set is a dictionary, such as set={{'n_samples': 500}}, not {callables.shown(given)}"
        )
    found: Parameters = {}
    for name, value in (given or {}).items():
        if not isinstance(name, str) or not name.isidentifier():
            raise UsageError(f"set: {name!r} is no name of a parameter; write set={{'n_samples': 500}}")
        if value is None or type(value) in {bool, int, str}:
            found[name] = value
        elif isinstance(value, float) and math.isfinite(value):
            found[name] = float(value)
        elif hasattr(value, "__index__"):  # NumPy's
            found[name] = int(value.__index__())
        else:
            raise UsageError(
                f"set: {name} is {callables.shown(value)}, but a parameter is a finite number, a text, True, "
                "False or None: make_inputs makes all else from these"
            )
    return found


def pipeline(name: Any) -> str | None:
    """Return the name of a pipeline, which is that of its folder in ``reports/``, too."""
    if name is None:
        return None
    if not isinstance(name, str):
        raise UsageError(f"pipeline is a name, not {callables.shown(name)}")
    if name in {"", ".", ".."} or any(sign in name for sign in "/\\\0"):
        raise UsageError(f"pipeline: {name!r} is no name for a folder below reports/; write pipeline='words'")
    return name


def words(name: str, given: Any) -> tuple[str, ...]:
    """Return one text or several as several."""
    found = (given,) if isinstance(given, str) else tuple(given or ())
    for one in found:
        if not isinstance(one, str):
            raise UsageError(f"{name} holds texts, not {callables.shown(one)}")
    return found
