"""Walk any value into leaves that can be stored and compared without the code that made it.

Nothing is pickled, no iterator is consumed, and no method of the value's own decides what is equal: builtin
containers are read by the builtin type's methods, instances of the user's classes by their attributes, or as
a plug-in takes them apart (`perfkit.verify.own_types`).
The walk keeps its own stack, so that depth is no matter of Python's recursion limit.
"""

from __future__ import annotations

import array as array_module
import collections
import concurrent.futures
import contextlib
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import io
import itertools
import pathlib
import random
import re
import threading
import types
import uuid
import weakref
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import xxhash

from perfkit.model import Leaf
from perfkit.verify import foreign, own_types
from perfkit.verify.arrays import ArrayStore, WriteError, pack_texts
from perfkit.verify.dtypes import TEXTS
from perfkit.verify.parts import ROWS, Array, Exact, Node, Opaque, Part, UnreadFile, is_library, type_name
from perfkit.verify.summary import summarise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Rule: TypeAlias = Callable[[Any], Part]

PACKED_FROM = 65
"""Lists of this many plain values of one type are kept as one array."""

MAX_DEPTH = 1000
"""Levels of nesting; paths grow with the depth, so that more would cost its square."""

_LONG_TEXT = 1000  # characters of a text, from which on it is kept as an array of one
_LONG_KEY = 200
_LONG_INT = 4000  # bits; Python refuses to write much longer ones in decimal
_SHOWN_KEYS = 8
_OBJECTS = 10_000  # elements of an object array that are looked at one by one
_PLAIN = frozenset({str, bytes, bool, int, float, complex, type(None)})
_LAZY = ("__next__", "__anext__", "__await__")
_HEAP_TYPE, _IMMUTABLE_TYPE = 1 << 9, 1 << 8  # Py_TPFLAGS_*


_END: tuple[str | None, object] = (None, None)


class _NoTextError(Exception):
    """A key of a dictionary or an element of a set has no text that says it completely."""


# ---------------------------------------------------------------- the walk


def walk(value: object, store: ArrayStore, max_leaves: int) -> list[Leaf]:
    """Describe `value`, as it is now, by leaves in an order that depends on its content alone.

    Parameters
    ----------
    value
        Anything.
    store
        Keeps the arrays.
    max_leaves
        Where the walk gives up; the last leaf then says so.

    Returns
    -------
    list of Leaf
        Depth first; a container comes before what it holds.

    Raises
    ------
    WriteError
        When an array cannot be written. A value that cannot be read is an opaque leaf instead.
    """
    found: list[Leaf] = []
    opened: dict[int, str] = {}  # the containers around the present value, by identity
    stack: list[tuple[object, str, Iterator[tuple[str, object]]]] = [(None, "", iter((("", value),)))]
    while stack:
        owner, above, children = stack[-1]
        step, child = next(children, _END)
        if step is None:
            stack.pop()
            opened.pop(id(owner), None)
            continue
        path = above + step
        if len(found) >= max_leaves:
            found.append(_leaf(path, child, Opaque("there are too many values to keep one by one"), store))
            break
        if id(child) in opened:
            found.append(_leaf(path, child, Exact(f"the object at {opened[id(child)] or 'the top'}"), store))
            continue
        if len(stack) > MAX_DEPTH:
            found.append(_leaf(path, child, Opaque(f"nested deeper than {MAX_DEPTH} levels"), store))
            continue
        part, more = _describe(child)
        found.append(_leaf(path, child, part, store))
        if more is not None:
            opened[id(child)] = path
            stack.append((child, path, iter(more)))
    return found


def _describe(value: object) -> tuple[Part, list[tuple[str, object]] | None]:
    """Return what `value` is, and what it holds, read out now."""
    if isinstance(value, Array):  # a rule's own answer: the packed elements of a container
        return value, None
    if isinstance(value, UnreadFile):
        return Exact(value.sha256), None
    try:
        part = _part(value)
        if not isinstance(part, Node):
            return part, _extras(value) or None
        return part, [*part.children, *(() if part.by else _extras(value))]
    except Exception as error:  # noqa: BLE001  whatever a value's own code raises
        return _unreadable(error), None


def _part(value: object) -> Part:
    kind = type(value)
    if issubclass(kind, enum.Enum):
        return _enum(value)
    rule = _RULES.get(kind) or foreign.rule_for(kind)
    if rule is not None:
        return rule(value)
    lazy = any(hasattr(kind, method) for method in _LAZY)
    plugged_in = None if lazy else own_types.taken_apart(value)
    if plugged_in is not None:
        return plugged_in
    rules = (_RULES.get(cls) or foreign.rule_for(cls) for cls in kind.__mro__)
    rule = next((one for one in rules if one is not None), None)
    return _unknown(value, lazy=lazy) if rule is None else rule(value)


def _unknown(value: object, *, lazy: bool) -> Part:
    """Return what a value is for whose type there is no rule."""
    kind = type(value)
    if lazy:
        return Opaque(f"lazy: {kind.__qualname__} is not consumed to be compared")
    if dataclasses.is_dataclass(kind) or (not is_library(kind) and _is_pure(kind)):
        return _instance(value)
    return Opaque(f"type {type_name(kind)} is not known to perfkit")


def _unreadable(error: Exception) -> Opaque:
    try:
        text = str(error)
    except Exception:  # noqa: BLE001  a broken __str__ hides nothing else
        text = ""
    return Opaque(f"could not be read: {type(error).__name__}: {text}"[:_LONG_TEXT])


def _leaf(path: str, value: object, part: Part, store: ArrayStore) -> Leaf:
    name = (part.type if isinstance(part, Array) else "") or type_name(type(value))
    if isinstance(part, Opaque):
        return Leaf(path=path, kind="opaque", type=name, text=_printable(part.text))
    if isinstance(part, Exact):
        return Leaf(path=path, kind="exact", type=name, text=_printable(part.text))
    name += part.note
    if isinstance(part, Node):
        digest = xxhash.xxh3_128_hexdigest(part.keys.encode("utf-8", "surrogatepass"))
        text = _printable(part.text)
        shape, dtype = part.shape, part.dtype
        return Leaf(
            path=path,
            kind="exact",
            type=name,
            dtype=dtype,
            shape=shape,
            digest=digest,
            text=text,
            by=_printable(part.by),
        )
    dtype = part.dtype or _dtype_name(part.data.dtype)
    try:
        kept = store.keep(part.data, by_element=dtype not in TEXTS)
        summary = summarise(part.data, dtype)
    except WriteError:
        raise
    except Exception as error:  # noqa: BLE001  memory that can no longer be read
        return _leaf(path, value, _unreadable(error), store)
    return Leaf(
        path=path,
        kind="array",
        type=name,
        dtype=dtype,
        shape=part.data.shape if part.shape is None else part.shape,
        digest=kept.digest,
        file=kept.file,
        text=kept.text,
        summary=summary,
        sampled=kept.sampled,
    )


def _printable(text: str) -> str:
    """Return the text with lone surrogates escaped: JSON cannot hold them."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


# ---------------------------------------------------------------- plain values


def _int(value: int) -> Part:
    return Exact(int.__repr__(value) if int.bit_length(value) < _LONG_INT else hex(value))


def _float(value: float) -> Part:
    return Array(np.array(float(value)))


def _complex(value: complex) -> Part:
    return Array(np.array(complex(value)))


def _text(value: str) -> Part:
    value = str.__str__(value)
    return Exact(repr(value)) if len(value) < _LONG_TEXT else Array(pack_texts([value]), "str", ())


def _bytes(value: bytes | bytearray | memoryview) -> Part:
    value = bytes(value)
    return Exact(repr(value)) if len(value) < _LONG_TEXT else Array(pack_texts([value]), "bytes", ())


def _moment(value: datetime.datetime | datetime.time) -> Part:
    zone = value.tzinfo
    return Exact(f"{value.isoformat()} fold={value.fold}" + (f" {zone}" if zone is not None else ""))


def _duration(value: datetime.timedelta) -> Part:
    nanoseconds = getattr(value, "nanoseconds", 0)  # pandas has them
    return Exact(f"{value.days} days, {value.seconds} s, {value.microseconds} µs, {nanoseconds} ns")


def _enum(value: Any) -> Part:
    return Exact(f"{type(value).__qualname__}.{value._name_} = {canonical(value._value_)}")


def _opaque(reason: str) -> Rule:
    return lambda _: Opaque(reason)


# ---------------------------------------------------------------- numpy


def _array(value: np.ndarray[Any, Any]) -> Part:
    data = np.ndarray.view(value, np.ndarray)
    kind = data.dtype
    if kind.names is not None:  # by field: padding has no meaning, and each field has its own scale
        parts = [(f"[{name!r}]", data[name]) for name in kind.names]
        return Node(parts, data.shape, "structured", ", ".join(kind.names), "\0".join(map(repr, kind.names)))
    if kind.kind == "T" or kind.hasobject:
        return _objects(data)
    if kind.kind == "V" and kind.name != f"void{8 * kind.itemsize}":  # bfloat16 and kin, of ml_dtypes
        return Array(data.view(f"u{kind.itemsize}"), kind.name)
    return Array(data)


def _objects(data: np.ndarray[Any, Any]) -> Part:
    elements = data.reshape(-1).tolist()
    if len(elements) >= PACKED_FROM:
        packed = _pack(elements, data.shape)
        if packed is not None:
            return Node((("", packed),), data.shape, f"{data.dtype} of {packed.type}")
    if len(elements) > _OBJECTS:
        return Opaque(f"an array of {len(elements):,} Python objects of several types")
    places = np.ndindex(data.shape)
    steps = ("[" + ", ".join(map(str, place)) + "]" if place else "[()]" for place in places)
    return Node(zip(steps, elements, strict=True), data.shape, str(data.dtype))


def _masked(value: Any) -> Part:
    mask = np.ma.getmaskarray(value)
    return Node(((".mask", mask), (".compressed()", value.compressed().view(np.ndarray))), value.shape)


def _numpy_scalar(value: np.generic) -> Part:
    return _array(np.asarray(value))


def _dtype_name(dtype: np.dtype[Any]) -> str:
    return dtype.name if dtype.isnative and dtype.kind in "biufcmM" else dtype.str


# ---------------------------------------------------------------- containers


def _sequence(elements: list[Any], text: str = "") -> Part:
    kind = ""
    if len(elements) >= PACKED_FROM:
        packed = _pack(elements, (len(elements),))
        if packed is not None:
            return Node((("", packed),), (len(elements),), f"all {packed.type}", text, text)
        table = None if text else _table(elements)
        if table is not None:
            return table
        kind = "mixed"
    return Node(((f"[{i}]", one) for i, one in enumerate(elements)), (len(elements),), kind, text, text)


def _table(elements: list[Any]) -> Node | None:
    """Return records of one form, plain values in each place, by column; ``None`` for anything else.

    Many small dictionaries are then a few arrays instead of several leaves each.
    """
    kind = type(elements[0])
    if kind not in {dict, tuple, list} or {*map(type, elements)} != {kind}:
        return None
    first = elements[0]
    if {*map(len, elements)} != {len(first)} or not 0 < len(first) < PACKED_FROM:
        return None
    columns: list[tuple[str, list[Any]]]
    if kind is dict:
        if {*map(type, itertools.chain.from_iterable(elements))} != {str}:
            return None
        try:
            columns = [(canonical(key), [one[key] for one in elements]) for key in sorted(first)]
        except KeyError:
            return None
        text = ", ".join(name for name, _ in columns[:_SHOWN_KEYS]) + (
            ", ..." if columns[_SHOWN_KEYS:] else ""
        )
    else:
        columns = [(str(i), list(column)) for i, column in enumerate(zip(*elements, strict=True))]
        text = f"{len(first)} in each"
    if not all(_PLAIN.issuperset(map(type, column)) for _, column in columns):
        return None
    children = [
        (f"{ROWS}[{_short(name)}]", _pack(column, (len(column),)) or column) for name, column in columns
    ]
    keys = "\0".join(name for name, _ in columns)
    return Node(children, (len(elements),), f"all {type_name(kind)}", text, keys)


def _pack(elements: list[Any], shape: tuple[int, ...]) -> Array | None:
    """Return one array for plain values of one type; ``None`` for anything else."""
    kind = type(elements[0])
    if not all(type(one) is kind for one in elements):
        return None
    name = type_name(kind)
    if kind in {str, bytes}:
        return Array(pack_texts(elements), kind.__name__, shape, name)
    if kind is int and not all(-(2**63) <= one < 2**63 for one in elements):
        return Array(pack_texts([hex(one) for one in elements]), "int", shape, name)
    if kind in {bool, int, float, complex}:
        return Array(np.array(elements, dtype=np.int64 if kind is int else kind), shape=shape, type=name)
    if issubclass(kind, (np.inexact, np.integer, np.bool_)):
        # timedelta64 counts as an integer here, but its unit is the value's own
        return None if issubclass(kind, np.timedelta64) else Array(np.array(elements), shape=shape, type=name)
    return None


def _list(value: list[Any]) -> Part:
    return _sequence(list(list.__iter__(value)))


def _tuple(value: tuple[Any, ...]) -> Part:
    elements = list(tuple.__iter__(value))
    names = getattr(type(value), "_fields", None)
    if not isinstance(names, tuple) or len(names) != len(elements):
        return _sequence(elements)
    parts = [(f".{name}", one) for name, one in zip(names, elements, strict=True)]
    return Node(parts, (len(elements),), text=", ".join(names), keys="\0".join(names))


def _deque(value: collections.deque[Any]) -> Part:
    return _sequence(list(value), f"maxlen={value.maxlen}")


def _dict(value: dict[Any, Any]) -> Part:
    return _keyed(dict.items(value), in_order=False)


def _ordered_dict(value: collections.OrderedDict[Any, Any]) -> Part:
    return _keyed(collections.OrderedDict.items(value), in_order=True)


def _keyed(items: Iterable[tuple[object, object]], *, in_order: bool) -> Part:
    try:
        parts = [(canonical(key), one) for key, one in items]
    except _NoTextError as error:
        return Opaque(f"a dictionary with a key of {error}")
    ordered = sorted(parts, key=lambda part: part[0])
    names = [name for name, _ in (parts if in_order else ordered)]
    text = ", ".join(names[:_SHOWN_KEYS]) + (", ..." if len(names) > _SHOWN_KEYS else "")
    children = ((f"[{_short(name)}]", one) for name, one in ordered)
    return Node(children, (len(names),), text=text, keys="\0".join(names))


def _set(elements: Iterable[Any]) -> Part:
    try:
        names = sorted(canonical(one) for one in elements)
    except _NoTextError as error:
        return Opaque(f"a set with an element of {error}")
    # As texts in their order, so that the comparator can count those that differ.
    return Node((("", Array(pack_texts(names), "str", (len(names),), "element")),), (len(names),))


def _real_set(value: set[Any]) -> Part:
    return _set(set.__iter__(value))


def _frozenset(value: frozenset[Any]) -> Part:
    return _set(frozenset.__iter__(value))


def _slice(value: slice) -> Part:
    return Node(((".start", value.start), (".stop", value.stop), (".step", value.step)), ())


def _short(name: str) -> str:
    if len(name) <= _LONG_KEY:
        return name
    return f"{name[:60]}...{xxhash.xxh3_64_hexdigest(name.encode('utf-8', 'surrogatepass'))}"


def canonical(value: object) -> str:
    """Return a text that says a hashable value and its type completely; plain ones as Python writes them."""
    kind = type(value)
    if kind in {str, bytes, bool, type(None), float, complex}:
        return repr(value)
    if type(value) is tuple:
        inner = [canonical(one) for one in value]
        return f"({', '.join(inner)}{',' if len(inner) == 1 else ''})"
    part, more = _describe(value)
    if isinstance(part, Opaque):
        raise _NoTextError(part.text)
    if isinstance(part, Exact):
        text = part.text if kind is int else f"{type_name(kind)}({part.text})"
    elif isinstance(part, Array) and part.data.ndim == 0 and part.data.dtype.kind in "biuf":
        text = f"{type_name(kind)}({part.data.item()!r})"
    elif isinstance(part, Array):
        # Exactly: an element of a set is never equal within a tolerance.
        dtype = part.dtype or part.data.dtype.str
        text = f"{type_name(kind)}({dtype} {part.data.tobytes().hex()})"
    else:
        text = f"{type_name(kind)} {part.keys!r}"
    if more is None:
        return text
    return text + "(" + ", ".join(f"{step}={canonical(one)}" for step, one in more) + ")"


# ---------------------------------------------------------------- instances


def _instance(value: object) -> Part:
    parts = _attributes(value)
    names = [name for name, _ in parts]
    return Node(((f".{name}", one) for name, one in parts), (), text=", ".join(names), keys="\0".join(names))


def _attributes(value: object) -> list[tuple[str, object]]:
    """Return slots and ``__dict__``, by name, without asking the class's own attribute lookup."""
    found: dict[str, object] = {}
    for cls in type(value).__mro__:
        if not cls.__flags__ & _HEAP_TYPE:
            continue  # a C type's members, such as defaultdict.default_factory
        for name, member in vars(cls).items():
            if isinstance(member, types.MemberDescriptorType) and name not in found:
                try:
                    found[name] = member.__get__(value)
                except AttributeError:
                    continue  # a slot that was never set
    with contextlib.suppress(AttributeError):  # a class with slots alone
        found.update(object.__getattribute__(value, "__dict__"))
    return sorted(((_printable(str(name)), one) for name, one in found.items()), key=lambda part: part[0])


def _extras(value: object) -> list[tuple[str, object]]:
    """Return the attributes that an instance of a user's subclass of a builtin has besides."""
    kind = type(value)
    if is_library(kind) or issubclass(kind, enum.Enum):
        return []
    if not any(cls in _RULES for cls in kind.__mro__):
        return []
    return [(f".{name}", one) for name, one in _attributes(value)]


def _is_pure(kind: type) -> bool:
    """Tell whether attributes hold all of an instance's state: no base made in C adds a layout of its own."""
    base = kind.__base__
    while base is not None:
        if kind.__basicsize__ > base.__basicsize__:
            flags = kind.__flags__ & (_HEAP_TYPE | _IMMUTABLE_TYPE)
            if flags != _HEAP_TYPE or {"__weakref__", "__dict__", "__slots__"}.isdisjoint(vars(kind)):
                return False
        kind, base = base, base.__base__
    return True


_FUNCTION = _opaque("a function: perfkit compares no code")
_LOCK = _opaque("a lock or its like: it holds no output")
_FILE = _opaque("an open file")
_FUTURE = _opaque("lazy: a future is not awaited to be compared")

_RULES: dict[type, Rule] = {
    # bool comes before int, and pandas' Timestamp before datetime, by the order of inheritance.
    type(None): lambda _: Exact("None"),
    type(Ellipsis): lambda _: Exact("Ellipsis"),
    type(NotImplemented): lambda _: Exact("NotImplemented"),
    bool: lambda value: Exact(str(value)),
    int: _int,
    float: _float,
    complex: _complex,
    str: _text,
    bytes: _bytes,
    bytearray: _bytes,
    memoryview: _bytes,
    type: lambda value: Exact(type_name(value)),
    range: lambda value: Exact(f"range({value.start}, {value.stop}, {value.step})"),
    slice: _slice,
    pathlib.PurePath: lambda value: Exact(repr(pathlib.PurePath.__str__(value))),
    datetime.datetime: _moment,
    datetime.date: lambda value: Exact(value.isoformat()),
    datetime.time: _moment,
    datetime.timedelta: _duration,
    datetime.tzinfo: lambda value: Exact(str(value)),
    decimal.Decimal: lambda value: Exact(decimal.Decimal.__str__(value)),
    fractions.Fraction: lambda value: Exact(f"{hex(value.numerator)} / {hex(value.denominator)}"),
    uuid.UUID: lambda value: Exact(hex(value.int)),
    re.Pattern: lambda value: Exact(f"{value.pattern!r} flags={value.flags}"),
    np.dtype: lambda value: Exact(value.str if value.names is None else str(value.descr)),
    np.generic: _numpy_scalar,
    np.ma.MaskedArray: _masked,
    np.ndarray: _array,
    array_module.array: lambda value: Array(np.array(value)),
    list: _list,
    tuple: _tuple,
    collections.deque: _deque,
    dict: _dict,
    collections.OrderedDict: _ordered_dict,
    types.MappingProxyType: lambda value: _dict(dict(value)),
    type({}.keys()): lambda value: _sequence(list(value)),
    type({}.values()): lambda value: _sequence(list(value)),
    type({}.items()): lambda value: _sequence(list(value)),
    set: _real_set,
    frozenset: _frozenset,
    types.SimpleNamespace: _instance,
    random.Random: lambda value: Node(((".getstate()", value.getstate()),), ()),
    types.FunctionType: _FUNCTION,
    types.BuiltinFunctionType: _FUNCTION,
    types.MethodType: _FUNCTION,
    types.MethodWrapperType: _FUNCTION,
    functools.partial: _FUNCTION,
    types.ModuleType: _opaque("a module"),
    type(threading.Lock()): _LOCK,
    type(threading.RLock()): _LOCK,
    threading.Condition: _LOCK,
    threading.Semaphore: _LOCK,
    threading.Event: _LOCK,
    threading.Thread: _opaque("a thread"),
    concurrent.futures.Future: _FUTURE,
    io.IOBase.__base__: _FILE,  # type: ignore[dict-item]  # what all files derive from
    weakref.ReferenceType: _opaque("a weak reference"),
}
