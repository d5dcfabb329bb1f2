"""What grows item by item: lists that become arrays, arrays and frames joined again and again, text."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from perfkit.analyse.advice.nodes import replaced, same
from perfkit.analyse.advice.patterns import FEW, Found, Pattern
from perfkit.analyse.syntax import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.analyse.advice.loops import Loop
    from perfkit.analyse.advice.view import Site, View

APPENDS = Pattern(
    "list grown by append that becomes an array",
    "Work out the whole column at once; or make the array beforehand and fill it in place.",
)
JOINS = Pattern(
    "array, data frame or list joined again on each pass",
    "Each pass copies all that is there already: collect the pieces in a list, and join them once after the "
    "loop.",
    min_hits=FEW,
)
TEXTS = Pattern(
    "text put together piece by piece",
    "Collect the pieces in a list, and join them once after the loop; each addition may copy the whole text.",
)

_BECOMES = frozenset(
    {"numpy.array", "numpy.asarray", "numpy.stack", "numpy.vstack", "torch.tensor", "torch.stack"}
)
_JOINING = frozenset(
    [
        "numpy.concatenate",
        "numpy.append",
        "numpy.vstack",
        "numpy.hstack",
        "numpy.column_stack",
        "numpy.dstack",
        "numpy.r_",
        "torch.cat",
        "torch.concat",
        "torch.vstack",
        "torch.hstack",
        "pandas.concat",
    ]
)


def recognise(view: View) -> Iterator[Found]:
    """Yield what a function lets grow by one item on each pass of a loop."""
    for site in view.sites:
        if site.loops and site.node is site.statement and site.loops[-1].kind != "comprehension":
            yield from _joined(view, site)
            yield from _text(view, site)
            yield from _appended(view, site)


def _appended(view: View, site: Site) -> Iterator[Found]:
    """Find a list that grows by append and becomes an array."""
    match site.node:
        case ast.Expr(
            value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=[value])
        ):
            pass
        case _:
            return
    loop = site.loops[-1]
    if loop.kind != "for" or not loop.takes_items or not view.is_kind(ast.Name(name), "list"):
        return
    is_row = isinstance(value, ast.List | ast.Tuple) or view.is_kind(
        value, "number", "array", "tensor", "list"
    )
    if not is_row:
        return  # what it is, and whether all are alike, is not known
    conditional = any(depth >= len(site.loops) for _, _, depth in site.conditions)
    if conditional and _inlined(view, loop, value) is None:
        return
    becoming = _becoming(view, name)
    if becoming is None or name in loop.stored or not _only_grows(view, name):
        return
    yield Found(
        pattern=APPENDS,
        node=site.node,
        statement=site.statement,
        loop=loop,
        sketch=_filled(view, site, name, value, becoming),
        evidence=f"`{name}` becomes an array by `{ast.unparse(becoming)}` when the loop is over.",
    )


def _only_grows(view: View, name: str) -> bool:
    """Whether a list's items are never changed or taken away while it grows."""
    for site in view.sites:
        match site.node:
            case ast.Subscript(value=ast.Name(id=one), ctx=ast.Store() | ast.Del()) if one == name:
                return False
            case ast.Call(func=ast.Attribute(value=ast.Name(id=one), attr=attr)) if one == name and attr in (
                "pop",
                "extend",
                "remove",
                "clear",
                "insert",
                "sort",
                "reverse",
            ):
                return False
    return True


def _becoming(view: View, name: str) -> ast.Call | None:
    """Return the call that makes an array of a list."""
    for site in view.sites:
        if isinstance(site.node, ast.Call) and view.module.called(site.node) in _BECOMES and site.node.args:
            first = site.node.args[0]
            if isinstance(first, ast.Name) and first.id == name:
                return site.node
    return None


def _filled(view: View, site: Site, name: str, value: ast.expr, becoming: ast.Call) -> str:
    """Return how an array would be made beforehand and filled, or the column made in one go."""
    loop = site.loops[-1]
    assert loop.iterable is not None  # noqa: S101  for mypy: a for loop
    kind = view.kind(value)
    index, length = _counter(loop)
    inlined = _inlined(view, loop, value)
    if kind is not None and kind.name == "number" and not site.conditions:
        whole = isinstance(value, ast.Call) and view.module.called(value) in ("int", "len", "round")
        shape, dtype = length, ", dtype=int" if whole else ""
    elif kind is not None and kind.is_array and not site.conditions:
        shape, dtype = f"({length}, *{_shaped(value)}.shape)", ""
    elif _is_flat(value) and isinstance(value, ast.List | ast.Tuple) and not site.conditions:
        shape, dtype = f"({length}, {len(value.elts)})", ""
    elif inlined is not None:
        text = f"{ast.unparse(inlined)} for {_text_of(loop.target)} in {ast.unparse(loop.iterable)}"
        if any(depth == len(site.loops) for _, _, depth in site.conditions):
            test, is_else, _ = site.conditions[-1]
            text += f" if {'not ' if is_else else ''}{ast.unparse(test.test)}"
        return f"{ast.unparse(becoming.func)}([{text}])"
    else:
        shape, dtype = f"({length}, *np.shape({ast.unparse(value)}))", ""
    library = "torch" if kind is not None and kind.name == "tensor" else "np"
    counts = "" if index in loop.targets else "  # i counts the passes"
    return (
        f"{name} = {library}.empty({shape}{dtype})  # before the loop\n"
        f"{name}[{index}] = {ast.unparse(value)}{counts}"
    )


def _is_flat(value: ast.expr) -> bool:
    """Whether an expression is a list of numbers, and of no further lists."""
    return isinstance(value, ast.List | ast.Tuple) and not any(
        isinstance(one, ast.List | ast.Tuple | ast.Starred) for one in value.elts
    )


def _shaped(value: ast.expr) -> str:
    """Return the first name in an expression, or all of it, whose shape is the expression's."""
    found = next((one for one in ast.walk(value) if isinstance(one, ast.Name)), None)
    return (
        found.id
        if found is not None and isinstance(value, ast.BinOp | ast.Name)
        else f"({ast.unparse(value)})"
    )


def _counter(loop: Loop) -> tuple[str, str]:
    """Return the name that counts a loop's passes, and how many there are."""
    match loop.iterable, loop.target:
        case ast.Call(func=ast.Name(id="range"), args=[stop]), ast.Name(id=name):
            return name, ast.unparse(stop)
        case ast.Call(func=ast.Name(id="enumerate"), args=[whole, *_]), ast.Tuple(
            elts=[ast.Name(id=name), _]
        ):
            return name, f"len({ast.unparse(whole)})"
        case ast.Call(func=ast.Name(id="zip"), args=[first, *_]), _:
            return "i", f"len({ast.unparse(first)})"
    plain = isinstance(loop.iterable, ast.Name | ast.Attribute)
    return "i", f"len({ast.unparse(loop.iterable)})" if plain and loop.iterable is not None else "n_passes"


def _inlined(view: View, loop: Loop, value: ast.expr) -> ast.expr | None:
    """Put what the loop assigned to a name, once, in the place of the name; None if that cannot be."""

    def put(one: ast.expr) -> ast.expr | None:
        if isinstance(one, ast.Name) and one.id in loop.stored and one.id not in loop.targets:
            given = view.assigned(one.id)
            if len(given) == 1 and one.id not in loop.changed:
                return given[0][1]
        return None

    made = replaced(value, put)
    left = names(made) & (loop.stored - loop.targets)
    short = len(ast.unparse(made)) < 100  # noqa: PLR2004  longer is harder to read than the loop
    return made if short and not left else None


def _text_of(node: ast.expr | None) -> str:
    """Return a loop's target as it is written."""
    return "_" if node is None else ast.unparse(node)


def _joined(view: View, site: Site) -> Iterator[Found]:
    """Find ``x = np.append(x, ...)`` and its like."""
    match site.node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            pass
        case _:
            return
    loop = site.loops[-1]
    pieces, function = _pieces(view, name, value)
    if not pieces or _begins_within(view, name, loop, site) or _is_read(view, name, site):
        return
    more = ", ".join(ast.unparse(one) for one in pieces)
    parts = f"{name}_parts"
    call = f"{parts}.append({more})" if len(pieces) == 1 else f"{parts}.extend([{more}])"
    if function == "+":
        sketch = (
            f"{name}.append({_only_item(pieces[0])})" if _only_item(pieces[0]) else f"{name}.extend({more})"
        )
        what = f"`{name} + ...` makes a new list"
    else:
        if function == "numpy.append":
            function = f"{ast.unparse(getattr(value, 'func', value)).rpartition('.')[0] or 'np'}.hstack"
        keywords = getattr(value, "keywords", [])
        kept = "".join(f", {one.arg}={ast.unparse(one.value)}" for one in keywords if one.arg)
        sketch = (
            f"{parts} = [{name}]  # before the loop\n{call}\n"
            f"{name} = {function}({parts}{kept})  # after the loop"
        )
        what = f"`{ast.unparse(value)}` copies `{name}`"
    yield Found(
        pattern=JOINS,
        node=site.node,
        statement=site.statement,
        loop=loop,
        sketch=sketch,
        evidence=f"{what} on each pass of the loop: the cost of all passes grows with their number's square.",
    )


def _only_item(node: ast.expr) -> str:
    """Return the item of a list that holds one."""
    if isinstance(node, ast.List) and len(node.elts) == 1 and not isinstance(node.elts[0], ast.Starred):
        return ast.unparse(node.elts[0])
    return ""


def _pieces(view: View, name: str, value: ast.expr) -> tuple[list[ast.expr], str]:
    """Return what a statement joins to the value that `name` had, and by which function."""

    def is_self(one: ast.expr) -> bool:
        return isinstance(one, ast.Name) and one.id == name

    match value:
        case ast.Call(func=function, args=[ast.List(elts=elements) | ast.Tuple(elts=elements), *_]):
            others = [one for one in elements if not is_self(one)]
            if view.module.called(value) in _JOINING and len(others) == len(elements) - 1:
                return others, ast.unparse(function)
        case ast.Call(args=[first, second, *_]) if view.module.called(value) == "numpy.append" and is_self(
            first
        ):
            return [second], "numpy.append"
        case ast.Call(func=ast.Attribute(value=first, attr="append" | "_append"), args=[second, *_]) if (
            is_self(first) and view.module.uses("pandas")
        ):
            # A list's own append returns None, which nobody assigns: this is a data frame's.
            return [second], "pd.concat"
        case ast.Subscript(value=ast.Attribute(attr="r_"), slice=ast.Tuple(elts=elements)):
            others = [one for one in elements if not is_self(one)]
            if len(others) == len(elements) - 1:
                return others, "np.concatenate"
        case ast.BinOp(left=first, op=ast.Add(), right=second) if is_self(first):
            if view.is_kind(first, "list"):
                return [second], "+"
    return [], ""


def _begins_within(view: View, name: str, loop: Loop, site: Site) -> bool:
    """Whether a name gets a new value on each pass before it grows, or is grown once per pass of no loop."""
    for other, value in view.assigned(name):
        if (
            loop in other.loops
            and other.statement is not site.statement
            and not _pieces(view, name, value)[0]
        ):
            return True
    return any(name in names(one) for one in [loop.target] if one is not None)


def _is_read(view: View, name: str, site: Site) -> bool:
    """Whether a loop needs on each pass what has grown so far: then it cannot be put together after it."""
    loop = site.loops[-1]
    return any(
        isinstance(one.node, ast.Name)
        and one.node.id == name
        and isinstance(one.node.ctx, ast.Load)
        and loop in one.loops
        and not _grows_there(one.statement, name)
        for one in view.sites
    )


def _grows_there(statement: ast.stmt, name: str) -> bool:
    """Whether a statement is one of those by which a name grows."""
    match statement:
        case ast.AugAssign(target=ast.Name(id=one)) | ast.Assign(targets=[ast.Name(id=one)]):
            return one == name
    return False


def _text(view: View, site: Site) -> Iterator[Found]:
    """Find ``text += ...``."""
    match site.node:
        case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=value):
            pass
        case ast.Assign(
            targets=[ast.Name(id=name)], value=ast.BinOp(left=left, op=ast.Add(), right=value)
        ) if same(left, ast.Name(name)):
            pass
        case _:
            return
    loop = site.loops[-1]
    if not view.is_kind(ast.Name(name), "str") or _begins_within(view, name, loop, site):
        return
    if _is_read(view, name, site):
        return
    yield Found(
        pattern=TEXTS,
        node=site.node,
        statement=site.statement,
        loop=loop,
        sketch=f'pieces.append({ast.unparse(value)})\n{name} = "".join(pieces)  # after the loop',
        evidence=f"`{name}` is text, and grows on each pass.",
    )
