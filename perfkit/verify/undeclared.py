"""Values of functions that became stages though their source does not say so.

What a declared stage returns is a promise, its type included. A helper that happens to be a stage promised
nothing: whether its numbers lie in a list or in an array is no part of its result, so they are kept as arrays
on both sides.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_PLAIN = {np.dtype(np.float64), np.dtype(np.int64), np.dtype(np.bool_)}
_MOST_LEVELS = 8
_WHOLE_TO = 2.0**53
"""Up to here floats hold every whole number."""


def settled(value: object, levels: int = _MOST_LEVELS) -> object:
    """Return a value with its lists of numbers as arrays, and NumPy's single numbers as Python's.

    Examples
    --------
    >>> settled([[1.0, 2.0], [3.0, 4.0]])
    array([[1., 2.],
           [3., 4.]])
    >>> settled((np.float64(0.5), ["a"]))
    (0.5, ['a'])
    """
    kind = type(value)
    if isinstance(value, np.generic) and value.dtype in _PLAIN:
        return value.item()
    if not levels or kind not in {list, tuple, dict}:
        return value
    held: Any = value
    if kind is dict:
        return {key: settled(one, levels - 1) for key, one in held.items()}
    numbers = _numbers(held) if held and kind is list else None  # a tuple is several results
    if numbers is not None:
        return numbers
    inner = [settled(one, levels - 1) for one in held]
    return tuple(inner) if kind is tuple else inner


def _numbers(held: list[Any]) -> np.ndarray[Any, Any] | None:
    """Return a list as an array, if it holds numbers alone, and in rows of one length."""
    first: Any = held
    while type(first) in {list, tuple} and len(first):
        first = first[0]
    if not isinstance(first, bool | int | float | complex | np.generic | np.ndarray):
        return None
    try:
        found = np.asarray(held)
    except (ValueError, TypeError, OverflowError):  # rows of several lengths, or something else among them
        return None
    if found.dtype.kind == "f" and isinstance(first, int) and np.abs(found).max(initial=0) >= _WHOLE_TO:
        return None  # whole numbers too large for any integer of NumPy's: floats would round them
    return found if found.dtype.kind in "biufc" else None
