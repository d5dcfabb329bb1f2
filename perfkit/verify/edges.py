"""Inputs at the edge of what a pipeline may meet, made from ordinary ones whatever their structure.

An input is anything that ``make_inputs`` returns. Its arrays, tensors and lists are found wherever they lie
in it, and a deep copy is made in which they are replaced.
"""

from __future__ import annotations

import copy
import dataclasses
import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator

Change = Callable[[NDArray[Any]], NDArray[Any] | None]

_MOST_NODES = 100_000  # of a structure that are looked at
_HUGE = {2: 1e2, 4: 1e15, 8: 1e120}  # by item size: large, but far from the end of the range
_OTHER_DTYPE = {"float64": "float32", "float32": "float64"}  # integers are often labels, with one right type


# ---------------------------------------------------------------- what lies in an input


def _children(value: object) -> Iterator[object]:
    """Yield what a container or an instance holds."""
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list | tuple | set | frozenset):
        yield from value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for one in dataclasses.fields(value):
            yield getattr(value, one.name, None)
    elif hasattr(value, "__dict__") and not isinstance(value, type) and not _is_tensor(value):
        yield from vars(value).values()


def _is_tensor(value: object) -> bool:
    kind = type(value)
    return (
        kind.__module__.partition(".")[0] == "torch" and hasattr(value, "detach") and hasattr(value, "shape")
    )


def _is_list_of(value: object, kind: type) -> bool:
    return type(value) is list and bool(value) and all(type(one) is kind for one in value)


def _series(inputs: object) -> list[Any]:
    """Return the arrays, dense tensors and lists in an input, each once."""
    found: list[Any] = []
    seen: set[int] = set()
    stack = [inputs]
    while stack and len(seen) < _MOST_NODES:
        value = stack.pop()
        if id(value) in seen or isinstance(value, str | bytes | int | float | complex | type(None)):
            continue
        seen.add(id(value))
        dense = _is_tensor(value) and str(getattr(value, "layout", "")) == "torch.strided"
        if type(value) is np.ndarray or dense or type(value) is list:
            found.append(value)
        if not _is_tensor(value) and type(value) is not np.ndarray:
            stack.extend(_children(value))
    return found


# ---------------------------------------------------------------- the edges


def _filled_middle(number: float) -> Change:
    def change(array: NDArray[Any]) -> NDArray[Any] | None:
        if array.dtype.kind != "f" or not array.size:
            return None
        found = array.copy()
        found.reshape(-1)[array.size // 2] = number
        return found

    return change


def _constant(array: NDArray[Any]) -> NDArray[Any] | None:
    if array.dtype.kind != "f" or not array.size:
        return None
    return np.full_like(array, array.reshape(-1)[0])


def _scaled(up: bool) -> Change:
    def change(array: NDArray[Any]) -> NDArray[Any] | None:
        if array.dtype.kind != "f" or array.dtype.itemsize not in _HUGE:
            return None
        factor = array.dtype.type(_HUGE[array.dtype.itemsize])
        with np.errstate(all="ignore"):
            found: NDArray[Any] = array * factor if up else array / factor
        return found

    return change


def _strided(array: NDArray[Any]) -> NDArray[Any] | None:
    if not array.ndim or not array.size:
        return None
    spread = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), dtype=array.dtype)
    view: NDArray[Any] = spread[..., ::2]
    view[...] = array
    return view


def _other_dtype(array: NDArray[Any]) -> NDArray[Any] | None:
    other = _OTHER_DTYPE.get(array.dtype.name)
    return None if other is None else array.astype(other)


def _one_other(array: NDArray[Any]) -> NDArray[Any] | None:
    if array.dtype.kind not in "fi" or not array.size or array.ndim == 0:
        return None
    found = array.copy()
    flat = found.reshape(-1)
    middle = array.size // 2
    # Another element's value, so that integers stay what they may be; moved on for floats.
    flat[middle] = flat[middle - 1] if array.dtype.kind == "i" else flat[middle] * 1.25 + flat[middle - 1]
    return found


def _repeated(array: NDArray[Any]) -> NDArray[Any] | None:
    if not array.ndim or len(array) < _FEWEST_ITEMS:
        return None
    half = len(array) // 2
    return np.concatenate([array[:half], array[:half], array[2 * half :]])


def _one_other_item(items: list[Any]) -> list[Any] | None:
    middle = len(items) // 2
    records = _changed_record(ONE_OTHER, items) if items else None
    if records is not None:
        return records
    if len(items) == 1 and _is_content(items[0]):
        return [_changed_text(ONE_OTHER, items[0])]
    return [*items[:middle], items[middle - 1], *items[middle + 1 :]] if len(items) > 1 else None


def _repeated_items(items: list[Any]) -> list[Any] | None:
    half = len(items) // 2
    return items[:half] + items[:half] + items[2 * half :] if len(items) >= _FEWEST_ITEMS else None


def _odd_text(items: list[Any]) -> list[Any] | None:
    if not _is_list_of(items, str):
        return _changed_record(ODD_TEXT, items) if items else None
    middle = len(items) // 2
    return [*items[:middle], _ODD, *items[middle + 1 :], ""]


def _near_texts(items: list[Any]) -> list[Any] | None:
    if not _is_list_of(items, str):
        return _changed_record(NEAR_TEXTS, items) if items else None
    found = _nearly_alike(items)
    return None if found == items else found


def _nearly_alike(texts: list[str]) -> list[str]:
    """Let every second text be the one before it with one character changed, in or about its middle.

    What tells texts apart by a part of them, or by too short a digest, takes the two for one.
    """
    found = list(texts)
    for at in range(1, len(found), 2):
        text, place = found[at - 1], len(found[at - 1]) // 2 + _ABOUT[at // 2 % len(_ABOUT)]
        for step in range(len(text)):
            i = (place + step) % len(text)
            other = next((one for one in reversed(text) if one != text[i] and one.isalnum()), "")
            if text[i].isalnum() and other:
                found[at] = text[:i] + other + text[i + 1 :]
                break
    return found


_ABOUT = (0, 1, -1, 2, -2)  # the middle: ends are what a key of a part would hold
_FEWEST_ITEMS = 4
_ODD = " Ab-c\u00e9.d'E,9\t"  # inner punctuation, a letter beyond ASCII, capitals, digits, blanks around it
ONE_OTHER = "one value changed"
"""No edge: an input that differs from another in one element alone."""
ODD_TEXT = "odd text"
NEAR_TEXTS = "nearly alike texts"


def _is_content(value: object) -> bool:
    """Tell whether a value is a text or bytes that a pipeline works on: a short one may be a setting."""
    return type(value) in (str, bytes) and len(value) >= _CONTENT  # type: ignore[arg-type]


def _changed_text(name: str, value: Any) -> Any:
    """Return a text or bytes with one place changed; the same where the change is for other things.

    One is replaced by its neighbour, from the middle on: what a text is made of stays so.
    """
    middle = len(value) // 2
    if name == ODD_TEXT and type(value) is str:
        return value[:middle] + _ODD + value[middle:]
    if name == ONE_OTHER:
        for i in itertools.chain(range(middle, len(value) - 1), range(middle)):
            if value[i] != value[i + 1]:
                return value[:i] + value[i + 1 : i + 2] + value[i + 1 :]
    return value


def _changed_record(name: str, items: list[Any]) -> list[Any] | None:
    """Return a list of dictionaries of one form with one value changed in the middle one, or odd texts."""
    first = items[0]
    if not first or not all(type(one) is dict and one.keys() == first.keys() for one in items):
        return None
    middle = len(items) // 2
    found = list(items)
    for key in first:
        here, beside = items[middle][key], items[middle - 1][key]
        if name == ONE_OTHER and type(here) in _PLAIN and type(here) is type(beside) and here != beside:
            found[middle] = {**items[middle], key: beside}
            return found
    texts = [key for key in first if all(type(one[key]) is str for one in items)]
    if name not in (ODD_TEXT, NEAR_TEXTS) or not texts:
        return None
    key = max(texts, key=lambda key: len({one[key] for one in items}))  # the others may be labels
    if name == NEAR_TEXTS:
        alike = _nearly_alike([one[key] for one in items])
        changed = [{**one, key: text} for one, text in zip(items, alike, strict=True)]
        return None if changed == items else changed
    found[middle] = {**items[middle], key: _ODD}
    return [*found, {**items[-1], key: ""}]


_CONTENT = 64  # characters
_PLAIN = (str, bytes, int, float, complex, bool)
_OF_LISTS: dict[str, Callable[[list[Any]], list[Any] | None]] = {
    ONE_OTHER: _one_other_item,
    "repeated items": _repeated_items,
    ODD_TEXT: _odd_text,
    NEAR_TEXTS: _near_texts,
}
"""Changes to lists of anything."""

EDGES: dict[str, Change] = {
    "repeated items": _repeated,
    ODD_TEXT: lambda _: None,
    NEAR_TEXTS: lambda _: None,
    "NaN": _filled_middle(float("nan")),
    "infinity": _filled_middle(float("inf")),
    "constant": _constant,
    "huge values": _scaled(up=True),
    "tiny values": _scaled(up=False),
    "non-contiguous": _strided,
    "other dtype": _other_dtype,
}
"""Changes to what is in an input. Empty inputs and single rows come from the size parameter."""

_OF_ARRAYS_ALONE = frozenset({"non-contiguous", "other dtype"})


def at_edge(name: str, inputs: object) -> object | None:
    """Return a copy of an input with its content changed; None if it holds nothing that the change fits.

    Parameters
    ----------
    name
        A key of `EDGES`, or `ONE_OTHER`.
    inputs
        What ``make_inputs`` returned.

    Raises
    ------
    Exception
        Whatever copying the input raises.
    """
    if _is_content(inputs):
        text = _changed_text(name, inputs)
        return None if text == inputs else text
    memo: dict[int, Any] = {}
    change = _one_other if name == ONE_OTHER else EDGES[name]
    for value in _series(inputs):
        changed = _changed_list(value, name, change) if type(value) is list else _changed(value, change)
        if changed is not None:
            memo[id(value)] = changed
    # deepcopy takes what the memo holds for an object's id in its place, however deep it lies.
    fits = bool(memo)
    if not fits and name not in (ONE_OTHER, ODD_TEXT):
        return None
    copied, texts = _with_changed_texts(copy.deepcopy(inputs, memo), name)
    return copied if fits or texts else None


def _with_changed_texts(copied: object, name: str) -> tuple[object, bool]:
    """Change the long texts and bytes that a copy holds outside lists; whether there are any."""
    if name not in (ONE_OTHER, ODD_TEXT):
        return copied, False  # no copy of a text is made for what cannot change one
    if isinstance(copied, tuple):
        parts = [_changed_text(name, one) if _is_content(one) else one for one in copied]
        changed = any(old is not new for old, new in zip(copied, parts, strict=True))
        make = getattr(type(copied), "_make", type(copied))
        copied = make(parts) if changed else copied
    else:
        changed = False
    stack, seen = [copied], set[int]()
    while stack and len(seen) < _MOST_NODES:
        owner: Any = stack.pop()
        if id(owner) in seen or isinstance(owner, _PLAIN):
            continue
        seen.add(id(owner))
        names = owner if isinstance(owner, dict) else getattr(owner, "__dict__", {})
        for key, value in list(names.items()) if not isinstance(owner, type) else ():
            text = _changed_text(name, value) if _is_content(value) else value
            if text is value:
                continue
            changed = True
            if isinstance(owner, dict):
                owner[key] = text
            else:
                object.__setattr__(owner, key, text)  # a frozen instance's too: it is a copy
        if not (_is_tensor(owner) or isinstance(owner, np.ndarray | list)):
            stack.extend(_children(owner))
    return copied, changed


def _changed_list(items: list[Any], name: str, change: Change) -> object | None:
    of_lists = _OF_LISTS.get(name)
    if of_lists is not None:
        return of_lists(items)
    if name in _OF_ARRAYS_ALONE or not _is_list_of(items, float):
        return None
    array = change(np.array(items))
    return None if array is None else array.tolist()


def _changed(value: Any, change: Change) -> object | None:
    if isinstance(value, np.ndarray):
        return change(value)
    return _changed_tensor(value, change)


def _changed_tensor(tensor: Any, change: Change) -> object | None:
    import torch  # loaded: this is one of its tensors

    try:
        array = tensor.detach().cpu().numpy()
    except (TypeError, RuntimeError):
        return None  # a dtype that NumPy lacks
    if change is _strided:
        if not tensor.ndim or not tensor.numel():
            return None
        return torch.stack([tensor.detach(), tensor.detach()], dim=-1)[..., 0]
    found = change(array)
    return None if found is None else torch.from_numpy(np.ascontiguousarray(found)).to(tensor.device)


# ---------------------------------------------------------------- the same objects, other content


def overwrite(target: object, source: object) -> bool:
    """Give `target`, the same objects, the content of `source`; False if that cannot be done throughout.

    A rewrite that remembers results by the address of its input is found by such a change.
    """
    stack = [(target, source)]
    count = 0
    while stack:
        into, one = stack.pop()
        count += 1
        if into is one:
            continue  # both inputs share it: a table of the pipeline's, say
        if type(into) is not type(one) or count > _MOST_NODES:
            return False
        if not _overwrite_one(into, one, stack):
            return False
    return True


def _overwrite_one(into: Any, one: Any, stack: list[tuple[object, object]]) -> bool:
    if isinstance(into, np.ndarray) or _is_tensor(into):
        return _overwrite_array(into, one)
    if isinstance(into, list):
        into[:] = one
        return True
    if isinstance(into, dict):
        into.clear()
        into.update(one)
        return True
    if isinstance(into, tuple):
        stack.extend(zip(into, one, strict=False))
        return len(into) == len(one)
    if isinstance(into, str | bytes | int | float | complex | bool | type(None)):
        return bool(into == one)  # cannot be overwritten, and need not be if it is the same
    return _overwrite_instance(into, one, stack)


def _overwrite_array(into: Any, one: Any) -> bool:
    if into.shape != one.shape or into.dtype != one.dtype:
        return False
    if isinstance(into, np.ndarray):
        if not into.flags.writeable:
            return False
        into[...] = one
    else:
        into.detach().copy_(one.detach())
    return True


def _overwrite_instance(into: Any, one: Any, stack: list[tuple[object, object]]) -> bool:
    if dataclasses.is_dataclass(into) or hasattr(into, "__dict__"):
        return _overwrite_attributes(into, one, stack)
    return False


def _overwrite_attributes(into: Any, one: Any, stack: list[tuple[object, object]]) -> bool:
    names = (
        [field.name for field in dataclasses.fields(into)]
        if dataclasses.is_dataclass(into)
        else list(vars(one))
    )
    for name in names:
        old, new = getattr(into, name, None), getattr(one, name)
        if isinstance(old, str | bytes | int | float | complex | bool | type(None)):
            object.__setattr__(into, name, new)  # a frozen instance's too: its identity is what matters
        else:
            stack.append((old, new))
    return True
