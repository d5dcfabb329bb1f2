"""Small results of plain types as text: no timed process loads NumPy only to say what it returned.

Standard library alone. Every value comes back exactly as it was: floats by their bits, types by their names.
"""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_MOST = 1_000  # values
_MOST_CHARACTERS = 100_000


def write(value: object) -> str | None:
    """Return the text of a value made of None, bool, int, float, str, tuple, list and dict.

    Returns
    -------
    str or None
        None if it holds anything else, itself among it, or is large.
    """
    left = [_MOST]
    try:
        text = json.dumps(_coded(value, left, 0))
    except _NotPlainError:
        return None
    return text if len(text) <= _MOST_CHARACTERS else None


class _NotPlainError(Exception):
    pass


def _coded(value: Any, left: list[int], depth: int) -> list[Any]:
    left[0] -= 1
    if left[0] < 0 or depth > 20:  # noqa: PLR2004  deep enough for what is small
        raise _NotPlainError
    kind = type(value)
    if value is None:
        return ["none"]
    if kind is bool or kind is str:
        return [kind.__name__, value]
    if kind is int:
        return ["int", hex(value)]
    if kind is float:
        return ["float", value.hex()]
    if kind is list or kind is tuple:
        return [kind.__name__, [_coded(one, left, depth + 1) for one in value]]
    if kind is dict:
        pairs = [[_coded(k, left, depth + 1), _coded(v, left, depth + 1)] for k, v in value.items()]
        return ["dict", pairs]
    raise _NotPlainError


def read(text: str) -> object:
    """Return the value that `write` wrote.

    Raises
    ------
    ValueError
        If the text is not of its making.
    """
    try:
        return _decoded(json.loads(text))
    except (TypeError, KeyError, IndexError, RecursionError) as error:
        raise ValueError(f"not a written value: {error}") from error


def _decoded(coded: Any) -> Any:
    if coded[0] not in _DECODERS:
        raise ValueError(f"no such kind: {coded[0]!r}")
    return _DECODERS[coded[0]](coded[-1])


_DECODERS: dict[str, Callable[[Any], Any]] = {
    "none": lambda _: None,
    "bool": bool,
    "str": str,
    "int": lambda text: int(text, 16),
    "float": float.fromhex,
    "list": lambda parts: [_decoded(one) for one in parts],
    "tuple": lambda parts: tuple(_decoded(one) for one in parts),
    "dict": lambda pairs: {_decoded(key): _decoded(one) for key, one in pairs},
}
