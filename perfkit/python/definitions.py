"""What a notebook's functions are made of: their source, and that of all that they use."""

from __future__ import annotations

import ast
import builtins
import enum
import functools
import inspect
import linecache
import math
import re
import symtable
import sys
import textwrap
from dataclasses import dataclass
from pathlib import PurePath
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from perfkit.errors import UsageError
from perfkit.python import callables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_MOST_CHARACTERS = 20_000
"""Of a constant's text: what is longer is data, which make_inputs makes."""
_OF_A_MODULE = {"__name__", "__file__", "__doc__", "__builtins__", "__spec__", "__loader__", "__package__"}


class Kind(enum.Enum):
    """How a definition may be divided among modules."""

    COPIED = "an import or an immutable constant: each module may have its own"
    SHARED = "a function, a class, or a value that may change: one module has it, the others import it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One name of the notebook, as source that gives it the same meaning in a module.

    Attributes
    ----------
    needs
        Names that it uses, when it is made or when it is called.
    writes
        Names that it assigns as ``global``.
    futures
        What the cell that it comes from had imported from ``__future__``.
    """

    name: str
    source: str
    kind: Kind
    needs: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    futures: frozenset[str] = frozenset()


def collect(
    names: Iterable[str], namespace: Mapping[str, object], cells: Sequence[str]
) -> dict[str, Definition]:
    """Return the definitions of names and of all that these use.

    Parameters
    ----------
    names
        Of functions, classes or other callables.
    namespace
        The notebook's.
    cells
        Text of the cells that were run, the latest last: where classes are looked up.

    Returns
    -------
    dict of str to Definition
        What is used stands before what uses it, except where two use each other.

    Raises
    ------
    UsageError
        If one cannot be made again from source; the message names it, who uses it, and says what to do.
    """
    found: dict[str, Definition] = {}
    begun: set[str] = set()

    def visit(name: str, user: str) -> None:
        if name in begun:
            return
        begun.add(name)
        wanted = _Wanted(name=name, value=namespace[name], user=user, namespace=namespace, cells=cells)
        made = _define(wanted)
        for needed in sorted(made.needs):
            visit(needed, name)
        found[name] = made

    for name in names:
        visit(name, "")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """One name of the notebook whose definition is wanted, and what uses it; empty for the user."""

    name: str
    value: Any
    user: str
    namespace: Mapping[str, object]
    cells: Sequence[str]


def _define(wanted: _Wanted) -> Definition:
    """Return the definition of one name; UsageError if there is none."""
    name, value, namespace, user = wanted.name, wanted.value, wanted.namespace, wanted.user
    if isinstance(value, ModuleType):
        return Definition(name=name, source=f"import {value.__name__} as {name}", kind=Kind.COPIED)
    imported = _imported(name, value)
    if imported is not None:
        return Definition(name=name, source=imported, kind=Kind.COPIED)
    if isinstance(value, type):
        return _class(wanted)
    inner = inspect.unwrap(value) if callable(value) else value
    inner = getattr(inner, "py_func", inner)  # numba's
    if isinstance(inner, FunctionType):
        return _function(wanted, inner)
    needs: set[str] = set()
    text = _expression(value, namespace, needs)
    if text is None:
        elsewhere = [one for one in callables.places(value) if one[0] != "__main__"]
        if not elsewhere:
            raise UsageError(_not_known(name, value, user))
        module, attribute = elsewhere[0]
        return Definition(name=name, source=_import(module, attribute, name), kind=Kind.COPIED)
    if len(text) > _MOST_CHARACTERS:
        raise UsageError(f"{_uses(user, name)}{_size(value)}, which is data: make it in make_inputs")
    shared = not isinstance(value, bool | int | float | complex | str | bytes | None | PurePath | re.Pattern)
    return Definition(
        name=name,
        source=f"{name} = {text}",
        kind=Kind.SHARED if shared else Kind.COPIED,
        needs=frozenset(needs),
    )


# ---------------------------------------------------------------- what other modules have


def _imported(name: str, value: object) -> str | None:
    """Return how a module imports something; None if it is not another module's."""
    if getattr(value, "__module__", None) == "__main__" or not callable(value):
        return None
    try:
        module, _, qualified = callables.word(value).partition(":")
    except UsageError:
        return None
    # What a package itself offers is imported from there: perfkit's stage, pandas' DataFrame.
    for package in (module[: match.start()] for match in re.finditer(r"\.|$", module)):
        if getattr(sys.modules.get(package), qualified, None) is value:
            return _import(package, qualified, name)
    return _import(module, qualified, name)


def _import(module: str, qualified: str, name: str) -> str:
    if "." not in qualified:
        renamed = "" if qualified == name else f" as {name}"
        return f"from {module} import {qualified}{renamed}"
    return f"import {module} as _from_{name}\n{name} = _from_{name}.{qualified}"


# ---------------------------------------------------------------- functions and classes


def _function(wanted: _Wanted, inner: FunctionType) -> Definition:
    """Return a function's definition, with its decorators, as its cell has it."""
    name, value, user = wanted.name, wanted.value, wanted.user
    if inner.__name__ == "<lambda>":
        raise UsageError(f"{_uses(user, name)}a lambda: write it as def {name}(...)")
    if "<locals>" in inner.__qualname__:
        raise UsageError(
            f"{_uses(user, name)}a function that {inner.__qualname__.partition('.')[0]} made, which a fresh "
            f"process cannot make again: write def {name}(...) in a cell"
        )
    try:
        source = textwrap.dedent(inspect.getsource(inner)).strip()
        tree = ast.parse(source)
    except (OSError, TypeError, SyntaxError) as error:
        raise UsageError(
            f"{_uses(user, name)}a function whose source is not known: define it in a cell of a notebook, or "
            "in a module"
        ) from error
    defined = tree.body[0]
    if not isinstance(defined, ast.FunctionDef | ast.AsyncFunctionDef):
        raise UsageError(f"{_uses(user, name)}not made by def: write def {name}(...) in a cell")
    if value is not inner and not defined.decorator_list:
        raise UsageError(
            f"{_uses(user, name)}{defined.name}, wrapped after its definition: write the wrapper as a "
            f"decorator above def {defined.name}(...)"
        )
    return _named(wanted, defined.name, source, _futures(inner.__code__))


def _named(wanted: _Wanted, defined: str, source: str, futures: frozenset[str]) -> Definition:
    """Return the definition of what a cell defines; another name for it must not hide a newer one."""
    name, value, namespace, user = wanted.name, wanted.value, wanted.namespace, wanted.user
    if defined != name:
        if namespace.get(defined) is not value:
            raise UsageError(
                f"{_uses(user, name)}an earlier version of {defined}, a name that now means another: give "
                "each version a name of its own"
            )
        return Definition(
            name=name, source=f"{name} = {defined}", kind=Kind.SHARED, needs=frozenset({defined})
        )
    read, writes = used(source)
    return Definition(
        name=name,
        source=source,
        kind=Kind.SHARED,
        needs=frozenset(one for one in read - {name} if one in namespace and _is_own(one, namespace)),
        writes=frozenset(writes),
        futures=futures,
    )


def _is_own(name: str, namespace: Mapping[str, object]) -> bool:
    """Whether a name is the notebook's, and not Python's own."""
    return name not in _OF_A_MODULE and namespace[name] is not getattr(builtins, name, _NOTHING)


_NOTHING = object()


def _futures(code: CodeType) -> frozenset[str]:
    import __future__

    flags = {name: getattr(__future__, name).compiler_flag for name in __future__.all_feature_names}
    mandatory = {"nested_scopes", "generators"}
    return frozenset(name for name, flag in flags.items() if name not in mandatory and code.co_flags & flag)


def _class(wanted: _Wanted) -> Definition:
    """Return a class's definition, as the latest cell with one has it."""
    name, value, namespace, user = wanted.name, wanted.value, wanted.namespace, wanted.user
    if issubclass(value, tuple) and hasattr(value, "_fields") and value.__bases__ == (tuple,):
        fields, defaults = list(value._fields), list(value._field_defaults.values())
        needs: set[str] = set()
        text = _expression(defaults, namespace, needs)
        if text is not None:
            made = f'__import__("collections").namedtuple({value.__name__!r}, {fields!r}, defaults={text})'
            return Definition(name=name, source=f"{name} = {made}", kind=Kind.SHARED, needs=frozenset(needs))
    texts = [*_texts_of(value), *reversed(wanted.cells)]
    for text in texts:
        found = _class_in(text, value.__qualname__)
        if found is not None and _fits(found[0], value):
            code = next(iter(_codes(value)), None)
            futures = _futures(code) if code is not None else frozenset()
            return _named(wanted, value.__name__, found[1], futures)
    raise UsageError(
        f"{_uses(user, name)}a class whose source is not known: define it in a cell of the notebook, or in a "
        "module"
    )


def _codes(value: type) -> list[CodeType]:
    """Return the code of a class's own methods."""
    found = []
    for one in vars(value).values():
        function = getattr(one, "__func__", None) or getattr(one, "fget", None) or one
        function = inspect.unwrap(function) if callable(function) else function
        code = getattr(function, "__code__", None)
        if isinstance(code, CodeType) and not code.co_filename.startswith("<string"):
            found.append(code)
    return found


def _texts_of(value: type) -> list[str]:
    return ["".join(linecache.getlines(code.co_filename)) for code in _codes(value)]


def _class_in(text: str, name: str) -> tuple[ast.ClassDef, str] | None:
    """Return the last definition of a class at the top of a cell, with its source."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return None
    for node in reversed(tree.body):
        if isinstance(node, ast.ClassDef) and node.name == name:
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            return node, "\n".join(text.splitlines()[first - 1 : node.end_lineno])
    return None


def _fits(node: ast.ClassDef, value: type) -> bool:
    """Whether a class has what its definition says: a later cell may have failed halfway."""
    names = [one.name for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
    names += [
        target.id
        for one in node.body
        if isinstance(one, ast.Assign)
        for target in one.targets
        if isinstance(target, ast.Name)
    ]
    fields = [
        one.target.id
        for one in node.body
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
    ]
    annotated = inspect.get_annotations(value)
    return all(hasattr(value, one) for one in names) and all(
        one in annotated or hasattr(value, one) for one in fields
    )


def used(source: str) -> tuple[set[str], set[str]]:
    """Return the global names that a piece of source uses, and those that its functions assign."""
    needs: set[str] = set()
    writes: set[str] = set()

    def look(table: symtable.SymbolTable) -> None:
        top = table.get_type() == "module"
        for symbol in table.get_symbols():
            if (top and symbol.is_referenced()) or (not top and symbol.is_global()):
                needs.add(symbol.get_name())
            if not top and symbol.is_declared_global() and symbol.is_assigned():
                writes.add(symbol.get_name())
        for child in table.get_children():
            look(child)

    look(symtable.symtable(source, "cell", "exec"))
    return needs, writes


# ---------------------------------------------------------------- values


def _expression(value: Any, namespace: Mapping[str, object], needs: set[str]) -> str | None:  # noqa: PLR0911
    """Return source that makes an equal value, if there is any; adds the names that it uses to `needs`."""
    kind = type(value)
    if value is None or value is Ellipsis or kind in {bool, int, str, bytes, range}:
        return repr(value)
    if kind in {float, complex}:
        return repr(value) if math.isfinite(abs(value)) else f"{kind.__name__}({str(value)!r})"
    if kind in {list, tuple, set, frozenset}:
        parts = [_expression(one, namespace, needs) for one in value]
        if any(one is None for one in parts):
            return None
        inside = "".join(f"{one}, " for one in parts)
        if kind in {set, frozenset}:
            return f"{kind.__name__}(({inside}))"
        return f"[{inside}]" if kind is list else f"({inside})"
    if kind is dict:
        pairs = [[_expression(one, namespace, needs) for one in pair] for pair in value.items()]
        if any(one is None for pair in pairs for one in pair):
            return None
        return f"{{{', '.join(f'{key}: {one}' for key, one in pairs)}}}"
    if kind is re.Pattern:
        return f'__import__("re").compile({value.pattern!r}, {value.flags})'
    if isinstance(value, PurePath) and kind.__module__.partition(".")[0] == "pathlib":
        return f'__import__("pathlib").{kind.__name__}({str(value)!r})'
    if kind is functools.partial:
        return _partial(value, namespace, needs)
    if callable(value):
        name = next((name for name, one in namespace.items() if one is value and name[:1] != "_"), None)
        if name is not None:
            needs.add(name)
        return name
    return None


def _partial(value: functools.partial[Any], namespace: Mapping[str, object], needs: set[str]) -> str | None:
    parts = [_expression(one, namespace, needs) for one in (value.func, *value.args)]
    named = {name: _expression(one, namespace, needs) for name, one in value.keywords.items()}
    if any(one is None for one in (*parts, *named.values())):
        return None
    given = [*(one for one in parts if one), *(f"{name}={one}" for name, one in named.items())]
    return f'__import__("functools").partial({", ".join(given)})'


# ---------------------------------------------------------------- refusals


def _uses(user: str, name: str) -> str:
    return f"{user} uses {name}, " if user else f"{name} is "


def _not_known(name: str, value: object, user: str) -> str:
    return (
        f"{_uses(user, name)}{_size(value)} that the notebook computed: a fresh process does not have it; "
        "make it in make_inputs and take it from there, or compute it in a function"
    )


def _size(value: Any) -> str:
    """Say what an object is: ``an ndarray of shape (1000, 3)``."""
    kind = type(value).__name__
    article = "an" if kind[:1].lower() in "aeiou" or kind.startswith("nd") else "a"
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        return f"{article} {kind} of shape {shape}"
    items = f" of {len(value):,} items" if isinstance(value, list | tuple | dict | set | frozenset) else ""
    return f"{article} {kind}{items}"
