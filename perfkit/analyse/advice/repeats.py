"""Work that gives the same on each pass, and copies that nobody needs."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from perfkit.analyse.advice import libraries
from perfkit.analyse.advice.nodes import root
from perfkit.analyse.advice.patterns import Found, Pattern
from perfkit.analyse.syntax import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.analyse.advice.kind import Kind
    from perfkit.analyse.advice.loops import Loop
    from perfkit.analyse.advice.view import Site, View

SAME = Pattern(
    "the same work on each pass",
    "Nothing that it depends on changes in the loop: do it once, before the loop.",
)
COPIES = Pattern(
    "copy or conversion on each pass that the loop does not need",
    "Convert all of it once before the loop, or leave it as it is.",
)
DRAWS = Pattern(
    "random numbers drawn for one item at a time",
    "Draw those of all items in one call.",
)

_PURE_BUILTINS = frozenset({"sorted", "set", "frozenset", "sum", "min", "max", "list", "tuple", "dict"})
_PURE_PACKAGES = ("numpy.", "scipy.", "re.compile", "math.")
_IMPURE = (
    "random",
    "empty",
    "save",
    "load",
    "seterr",
    "errstate",
    "memmap",
    "fromfile",
    "copyto",
    "testing",
    "zeros",
    "ones",
    "full",
    "array",
    "print",
)
_ASKING = frozenset(
    {"len", "sum", "min", "max", "sorted", "any", "all", "enumerate", "zip", "isinstance", "print"}
)
_CONVERSIONS = {"numpy.asarray", "numpy.array", "numpy.ascontiguousarray"}


def recognise(view: View) -> Iterator[Found]:
    """Yield what a function does on each pass of a loop, though it need not."""
    for site in view.sites:
        if site.loops and isinstance(site.node, ast.expr):
            yield from _same(view, site)
            yield from _copy(view, site)
            yield from _draw(view, site)


def _same(view: View, site: Site) -> Iterator[Found]:
    """Find a call that gives the same on each pass."""
    node, loop = site.node, site.inner
    if not isinstance(node, ast.Call) or loop is None or loop.kind == "caller" or not _is_pure(view, node):
        return
    if _is_iterable_of(loop, node) or not _is_unchanged(view, node, loop):
        return
    if not _is_only_asked(view, site, node, loop):
        return
    name = _free_name(view, node)
    statement = site.statement
    if isinstance(statement, ast.Assign) and statement.value is node:
        sketch = f"{ast.unparse(statement)}  # before the loop"
    else:
        sketch = f"{name} = {ast.unparse(node)}  # before the loop"
    yield Found(
        pattern=SAME,
        node=node,
        statement=statement,
        loop=loop,
        sketch=sketch,
        evidence=f"`{ast.unparse(node)}` depends on nothing that the loop changes.",
    )


def _is_pure(view: View, node: ast.Call) -> bool:  # noqa: PLR0911  one case a line
    """Whether a call has no effect but its result, and that result is worth keeping."""
    called = view.module.called(node)
    if any(isinstance(one, ast.Lambda | ast.Await | ast.Yield) for one in ast.walk(node)):
        return False
    inner = [one for one in ast.walk(node) if isinstance(one, ast.Call) and one is not node]
    if any(not _is_pure_inside(view, one) for one in inner):
        return False
    if called in _PURE_BUILTINS:
        plain = len(node.args) == 1 and not isinstance(
            node.args[0], ast.List | ast.Tuple | ast.Set | ast.Dict
        )
        return plain and _is_of_data(view.kind(node.args[0])) and not node.keywords
    if not called.startswith(_PURE_PACKAGES) or any(one in called for one in _IMPURE):
        return False
    if called.startswith("math.") or called.count(".") == 0:
        return False  # cheaper than what keeping it would gain
    if called == "re.compile":
        return True
    # Of an array library: a result that takes an array to compute.
    return any(_is_of_data(view.kind(one)) for one in node.args)


def _is_pure_inside(view: View, node: ast.Call) -> bool:
    """Whether a call within another has no effect but its result."""
    called = view.module.called(node)
    return called in ("len", "range", "abs", "int", "float") or (
        called.startswith(("numpy.", "math.")) and not any(one in called for one in _IMPURE)
    )


def _is_of_data(kind: Kind | None) -> bool:
    """Whether something takes work that grows with its size."""
    return kind is not None and (
        (kind.is_array and kind.ndim != 0) or kind.name in ("list", "set", "dict", "series", "frame")
    )


def _is_only_asked(view: View, site: Site, node: ast.Call, loop: Loop) -> bool:
    """Whether a result that could be changed never is: made anew, it is another each time."""
    called = view.module.called(node)
    if called in ("sum", "min", "max", "re.compile") or called.rpartition(".")[2] in libraries.REDUCTIONS:
        return True
    statement = site.statement
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if value is node:
            stores = [one for one in loop.body if isinstance(one, ast.Name) and one.id == name]
            again = sum(isinstance(one.ctx, ast.Store) for one in stores) > 1
            return not again and name not in loop.changed and not _escapes(view, name, loop)
        case ast.Return(value=value) | ast.Expr(value=ast.Yield(value=value)) if value is node:
            return False
    if called in _PURE_BUILTINS:  # a copy, which its receiver may keep or change
        return any(
            isinstance(one, ast.Compare)
            and isinstance(one.ops[0], ast.In | ast.NotIn)
            and node in one.comparators
            for one in ast.walk(statement)
        ) or any(isinstance(one, ast.Subscript) and one.value is node for one in ast.walk(statement))
    return any(
        isinstance(one, ast.BinOp | ast.Compare) and node in ast.walk(one) for one in ast.walk(statement)
    )


def _escapes(view: View, name: str, loop: Loop) -> bool:
    """Whether an object is handed to something that may keep or change it."""
    for one in loop.body:
        match one:
            case ast.Call(args=args, keywords=keywords):
                handed = [*args, *(keyword.value for keyword in keywords)]
                if any(isinstance(each, ast.Name) and each.id == name for each in handed):
                    called = view.module.called(one)
                    if called not in _ASKING and not called.startswith(("numpy.", "math.", "scipy.")):
                        return True
            case ast.Return(value=value) | ast.Yield(value=value) | ast.Assign(value=value) if (
                value is not None and name in _kept(value)
            ):
                return True
    return False


def _kept(value: ast.expr) -> set[str]:
    """Return the names that an expression is, or holds as its items."""
    match value:
        case ast.Name(id=name):
            return {name}
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            return {name for one in elements for name in _kept(one)}
        case ast.Dict(values=elements):
            return {name for one in elements for name in _kept(one)}
        case ast.Subscript(value=inner):
            return _kept(inner)
    return set()


def _is_iterable_of(loop: Loop, node: ast.AST) -> bool:
    """Whether a node is part of what a loop runs over, which is worked out once."""
    return loop.iterable is not None and node in set(ast.walk(loop.iterable))


def _is_unchanged(view: View, node: ast.Call, loop: Loop) -> bool:
    """Whether nothing that an expression depends on can change from pass to pass."""
    used = {one for one in names(node) if one not in view.module.imports}
    if used & (loop.stored | loop.changed):
        return False
    if any(isinstance(one, ast.Attribute) and not view.module.dotted(one) for one in ast.walk(node)):
        return False  # an object's attribute: whoever is called may set it
    for one in loop.body:
        if not isinstance(one, ast.Call) or one is node:
            continue
        handed = [*one.args, *(keyword.value for keyword in one.keywords)]
        called = view.module.called(one)
        known = "." in called.strip(".") or called in _PURE_BUILTINS | {
            "len",
            "range",
            "enumerate",
            "zip",
            "print",
            "abs",
            "int",
            "float",
            "str",
            "isinstance",
            "any",
            "all",
        }
        # A function that is handed a list or an array may change it.
        if not known and any(isinstance(each, ast.Name) and each.id in used for each in handed):
            return False
    # What other names share with it cannot be seen: only plain names of this function are trusted.
    shared = {
        target.id
        for assigned in (each for each in loop.body if isinstance(each, ast.Assign))
        for target in assigned.targets
        if isinstance(target, ast.Name) and isinstance(assigned.value, ast.Name) and assigned.value.id in used
    }
    return not shared & loop.changed


def _free_name(view: View, node: ast.Call) -> str:
    """Return a name for a result that the function does not use."""
    taken = {one.id for site in view.sites for one in [site.node] if isinstance(one, ast.Name)}
    wanted = {"re.compile": "pattern", "sorted": "in_order", "set": "members"}.get(
        view.module.called(node), "known"
    )
    return wanted if wanted not in taken else f"{wanted}_once"


def _copy(view: View, site: Site) -> Iterator[Found]:
    """Find copies and conversions that could be made once, or not at all."""
    node, loop = site.node, site.inner
    if not isinstance(node, ast.Call) or loop is None or not loop.takes_items:
        return
    called = view.module.called(node)
    sketch = why = ""
    match node.func, node.args:
        case ast.Attribute(value=ast.Subscript(value=ast.Name(id=whole), slice=index), attr="astype"), [
            dtype
        ]:
            if _is_fixed(view, whole, loop) and _is_item(index, loop) and not names(dtype) & loop.stored:
                made = f"{whole}.astype({ast.unparse(dtype)})"
                sketch = (
                    f"{whole}_converted = {made}  # before the loop\n{whole}_converted[{ast.unparse(index)}]"
                )
                why = f"`{ast.unparse(node)}` converts one part of `{whole}` on each pass"
        case _, [ast.Call(func=ast.Attribute(value=inner, attr="tolist"))] if called in _CONVERSIONS:
            kind = view.kind(inner)
            if not node.keywords and kind is not None and kind.name == "array" and kind.ndim is not None:
                sketch = ast.unparse(inner)
                why = f"`{ast.unparse(node)}` makes a list of an array, and an array of the list"
        case _, [ast.Subscript(value=ast.Name(id=whole), slice=index) as part] if called == "numpy.array":
            if _is_fixed(view, whole, loop) and site.varies(index) and _is_only_read(view, site, node, loop):
                sketch = _statement_with(site, node, ast.unparse(part))
                why = f"`{ast.unparse(part)}` is an array already, and `{ast.unparse(node.func)}` copies it"
        case ast.Attribute(
            value=ast.Subscript(value=ast.Name(id=whole), slice=index) as part, attr="copy"
        ), []:
            if _is_fixed(view, whole, loop) and site.varies(index) and _is_only_read(view, site, node, loop):
                sketch = _statement_with(site, node, ast.unparse(part))
                why = f"`{ast.unparse(node)}` is only read, and nothing changes `{whole}`"
    if sketch:
        yield Found(
            pattern=COPIES, node=node, statement=site.statement, loop=loop, sketch=sketch, evidence=f"{why}."
        )


def _is_item(index: ast.expr, loop: Loop) -> bool:
    """Whether an index takes the loop's own item: then all parts together are no more than the whole."""
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    return any(isinstance(one, ast.Name) and one.id in loop.targets for one in parts)


def _is_fixed(view: View, name: str, loop: Loop) -> bool:
    """Whether a name is an array that the loop does not change."""
    return view.is_kind(ast.Name(name), "array") and name not in loop.stored | loop.changed


def _is_only_read(view: View, site: Site, node: ast.Call, loop: Loop) -> bool:  # noqa: PLR0911  one case a line
    """Whether a copy that is assigned to a name is never changed, kept or handed on."""
    match site.statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if value is node:
            pass
        case _:
            return False
    if name in loop.changed or len(view.assigned(name)) != 1:
        return False
    for one in loop.body:
        match one:
            case ast.Call(args=args) if any(isinstance(each, ast.Name) and each.id == name for each in args):
                called = view.module.called(one)
                if called.rpartition(".")[2] not in libraries.REDUCTIONS | libraries.ELEMENTWISE | {
                    "len",
                    "dot",
                }:
                    return False
            case ast.Return() | ast.Yield() | ast.List() | ast.Tuple() | ast.Dict() if name in names(one):
                return False
            case ast.Assign(value=ast.Name(id=other)) if other == name:
                return False
            case ast.Assign(value=ast.Subscript(value=ast.Name(id=other))) if other == name:
                return False  # a view of it may be changed
    return True


def _statement_with(site: Site, node: ast.Call, text: str) -> str:
    """Return a statement with another text in the place of a call."""
    match site.statement:
        case ast.Assign(targets=[target], value=value) if value is node:
            return f"{ast.unparse(target)} = {text}"
    return text


def _draw(view: View, site: Site) -> Iterator[Found]:
    """Find a draw whose distribution and size are the same for all items."""
    node, loop = site.node, site.inner
    if not isinstance(node, ast.Call) or loop is None or loop.kind not in ("for", "comprehension"):
        return
    if not loop.takes_items and not _counts(loop):
        return
    called = view.module.called(node)
    tail = called.rpartition(".")[2]
    receiver = node.func.value if isinstance(node.func, ast.Attribute) else None
    is_generator = called.startswith(".") and view.is_kind(receiver, "rng")
    if tail not in libraries.DRAWS_IN_ORDER or not (is_generator or called.startswith("numpy.random.")):
        return
    if loop.leaves_early or _is_many(node, tail) or (receiver is not None and root(receiver) in loop.stored):
        return
    arguments = [*node.args, *(one.value for one in node.keywords if one.arg != "size")]
    if any(names(one) & loop.varying for one in arguments):
        return
    yield Found(
        pattern=DRAWS,
        node=node,
        statement=site.statement,
        loop=loop,
        sketch=_drawn(node, tail, loop),
        evidence=f"`{ast.unparse(node)}` asks the generator on each pass; all at once gives the same numbers "
        "where nothing else draws from it between two passes.",
    )


def _counts(loop: Loop) -> bool:
    """Whether a loop counts up to a number that is not written down."""
    match loop.iterable:
        case ast.Call(func=ast.Name(id="range"), args=[stop]):
            return not isinstance(stop, ast.Constant)
    return False


def _is_many(node: ast.Call, tail: str) -> bool:
    """Whether a draw is of many numbers already, more than an item's own."""
    plain = {"rand": 0, "randn": 0, "random": 0, "standard_normal": 0, "random_sample": 0}.get(tail, 2)
    return len(node.args) > plain


def _drawn(node: ast.Call, tail: str, loop: Loop) -> str:
    """Return the draw of all items at once."""
    match loop.iterable:
        case ast.Call(func=ast.Name(id="range"), args=[stop]):
            length = ast.unparse(stop)
        case ast.Call(func=ast.Name(id="enumerate" | "zip"), args=[first, *_]):
            length = f"len({ast.unparse(first)})"
        case _:
            length = f"len({ast.unparse(loop.iterable)})" if loop.iterable is not None else "n"
    size = next((one.value for one in node.keywords if one.arg == "size"), None)
    if isinstance(size, ast.Tuple):
        shape = f"({length}, {', '.join(ast.unparse(one) for one in size.elts)})"
    elif size is None:
        shape = length
    elif isinstance(size, ast.Attribute) and size.attr == "shape":
        shape = f"({length}, *{ast.unparse(size)})"
    else:
        shape = f"({length}, {ast.unparse(size)})"
    kept = [ast.unparse(one) for one in node.args]
    kept += [f"{one.arg}={ast.unparse(one.value)}" for one in node.keywords if one.arg != "size"]
    word = "" if tail in ("rand", "randn") else "size="
    return f"draws = {ast.unparse(node.func)}({', '.join([*kept, word + shape])})  # before the loop"
