"""Data frames taken row by row."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from perfkit.analyse.advice.nodes import replaced
from perfkit.analyse.advice.patterns import SINGLE, VERY_FEW, Found, Pattern
from perfkit.analyse.advice.vectorise import rows_of
from perfkit.analyse.syntax import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.analyse.advice.loops import Loop
    from perfkit.analyse.advice.module import Function
    from perfkit.analyse.advice.view import Site, View

ROWS = Pattern(
    "data frame taken row by row (iterrows, itertuples)",
    "Compute with whole columns; where that cannot be, go through the columns' values, not through rows.",
    whole_loop=True,
)
APPLIES = Pattern(
    "Python function for each row or value of a data frame (apply, map)",
    "It is a loop in Python: compute with whole columns.",
    min_hits=SINGLE,
)
CELLS = Pattern(
    "single cells of a data frame read or written in a loop (.loc, .iloc, .at)",
    "Take the columns out as arrays before the loop, or write the whole column once after it.",
)
GROUPS = Pattern(
    "data frame searched again for each group",
    "Each search goes through all rows: let groupby split them once.",
    min_hits=VERY_FEW,
)

_INDEXERS = ("loc", "iloc", "at", "iat")


def recognise(view: View) -> Iterator[Found]:
    """Yield what a function does with a data frame row by row."""
    for site in view.sites:
        match site.node:
            case ast.For() as loop:
                yield from _rows(view, site, loop)
            case ast.Call(func=ast.Attribute(attr="apply" | "map" | "applymap")):
                yield from _applied(view, site)
            case ast.Subscript() if site.loops:
                yield from _cells(view, site)
                yield from _groups(view, site)


def _rows(view: View, site: Site, node: ast.For) -> Iterator[Found]:
    """Find ``for _, row in df.iterrows()``."""
    match node.iter:
        case ast.Call(func=ast.Attribute(value=frame, attr="iterrows" | "itertuples" as how)):
            pass
        case _:
            return
    loop = next((one.loops[-1] for one in view.sites if one.loops and one.loops[-1].node is node), None)
    if loop is None:
        return
    if any(one.arg == "name" and getattr(one.value, "value", "") is None for one in node.iter.keywords):
        return  # plain tuples are the quick way
    row = node.target.elts[-1] if isinstance(node.target, ast.Tuple) and how == "iterrows" else node.target
    columns = _columns(loop, row)
    text = ast.unparse(frame)
    if columns:
        variables = ", ".join(one if one.isidentifier() else f"value_{at}" for at, one in enumerate(columns))
        values = ", ".join(f"{text}[{one!r}]" for one in columns)
        sketch = f"for {variables} in zip({values}):" if len(columns) > 1 else f"for {variables} in {values}:"
    else:
        sketch = f"for values in {text}.itertuples(index=False, name=None):"
    yield Found(
        pattern=ROWS,
        node=node,
        statement=site.statement,
        loop=loop,
        sketch=sketch,
        evidence=f"`{text}.{how}()` makes a {'Series' if how == 'iterrows' else 'tuple'} of each row.",
    )


def _columns(loop: Loop, row: ast.expr) -> list[str]:
    """Return the columns that a loop takes from its rows; empty if it does anything else with them."""
    found: dict[str, None] = {}
    used = 0
    for one in loop.body:
        match one:
            case ast.Subscript(value=ast.Name(), slice=ast.Constant(value=str(name))) if (
                rows_of(loop, one.value) is not None
            ):
                found[name] = None
                used += 1
            case ast.Attribute(value=ast.Name(), attr=name) if rows_of(loop, one.value) is not None:
                found[name] = None
                used += 1
    mentioned = sum(
        isinstance(one, ast.Name) and isinstance(row, ast.Name) and one.id == row.id for one in loop.body
    )
    return list(found) if used == mentioned else []


def _applied(view: View, site: Site) -> Iterator[Found]:
    """Find ``df.apply(f, axis=1)``, and arithmetic that is applied to a column value by value."""
    node = site.node
    assert isinstance(node, ast.Call)  # noqa: S101  for mypy: matched
    assert isinstance(node.func, ast.Attribute)  # noqa: S101
    if not node.args:
        return
    function, whole = node.args[0], node.func.value
    by_row = any(
        one.arg == "axis" and isinstance(one.value, ast.Constant) and one.value.value in (1, "columns")
        for one in node.keywords
    )
    if node.func.attr == "apply" and by_row and not view.is_kind(whole, "array", "tensor", "list"):
        body, row = _body(view, function)
        made = _by_columns(body, row, whole) if body is not None and row else None
        what = "row"
    elif view.is_kind(whole, "series") and node.func.attr in ("apply", "map"):
        body, row = _body(view, function)
        if body is None or not row or not _is_arithmetic(body):
            return
        made = ast.unparse(
            replaced(body, lambda one: whole if isinstance(one, ast.Name) and one.id == row else None)
        )
        what = "value"
    else:
        return
    called = f"({ast.unparse(function)})" if isinstance(function, ast.Lambda) else ast.unparse(function)
    text = made or f"[{called}(row) for row in {ast.unparse(whole)}.to_dict('records')]"
    if isinstance(site.statement, ast.Assign) and site.statement.value is node:
        text = f"{ast.unparse(site.statement.targets[0])} = {text}"
    yield Found(
        pattern=APPLIES,
        node=node,
        statement=site.statement,
        loop=site.inner,
        sketch=text,
        evidence=f"{_name(function)} runs once for each {what} of `{ast.unparse(whole)}`.",
    )


def _name(function: ast.expr) -> str:
    """Name a function at the beginning of a sentence."""
    text = ast.unparse(function)
    return f"`{text}`" if len(text) < 40 else "The function"  # noqa: PLR2004


def _body(view: View, function: ast.expr) -> tuple[ast.expr | None, str]:
    """Return what a function of one parameter returns, if that is all that it does, and its parameter."""
    if isinstance(function, ast.Lambda) and len(function.args.args) == 1:
        return function.body, function.args.args[0].arg
    if isinstance(function, ast.Name) and function.id in view.module.by_name:
        found: Function = view.module.by_name[function.id]
        body = [
            one
            for one in found.body
            if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
        ]
        if len(found.args.args) == 1 and len(body) == 1 and isinstance(body[0], ast.Return):
            return body[0].value, found.args.args[0].arg
    return None, ""


def _by_columns(body: ast.expr, row: str, frame: ast.expr) -> str | None:
    """Return a row's arithmetic as that of columns."""
    if not _is_arithmetic(body):
        return None

    def put(one: ast.expr) -> ast.expr | None:
        match one:
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant() as key) if name == row:
                return ast.Subscript(frame, key)
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if name == row:
                return ast.Subscript(frame, ast.Constant(attr))
        return None

    made = replaced(body, put)
    return None if row in names(made) else ast.unparse(ast.fix_missing_locations(made))


def _is_arithmetic(node: ast.expr) -> bool:
    """Whether an expression is arithmetic and comparisons alone, as whole columns can do them."""
    allowed = (
        ast.BinOp
        | ast.UnaryOp
        | ast.Constant
        | ast.Name
        | ast.Subscript
        | ast.Attribute
        | ast.operator
        | ast.unaryop
        | ast.expr_context
        | ast.Compare
        | ast.cmpop
    )
    return all(
        isinstance(one, allowed) and not isinstance(one, ast.Not | ast.In | ast.NotIn | ast.Is | ast.IsNot)
        for one in ast.walk(node)
    ) and any(isinstance(one, ast.BinOp | ast.Compare) for one in ast.walk(node))


def _cells(view: View, site: Site) -> Iterator[Found]:
    """Find ``df.loc[i, "a"]`` in a loop that counts."""
    node = site.node
    match node:
        case ast.Subscript(value=ast.Attribute(value=frame, attr=attr), slice=index) if attr in _INDEXERS:
            pass
        case _:
            return
    if not view.module.uses("pandas") or view.is_kind(frame, "array", "list", "object"):
        return
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    row = parts[0]
    loop = site.inner
    if (
        loop is None
        or not loop.takes_items
        or not names(row) & loop.varying
        or not isinstance(row, ast.Name | ast.BinOp)
    ):
        return
    if isinstance(row, ast.Name) and row.id in loop.stored - loop.targets:
        given = [value for _, value in view.assigned(row.id)]
        if not given or not all(view.is_kind(one, "number") for one in given):
            return  # a mask, or many labels
    text = ast.unparse(frame)
    column = parts[1] if len(parts) > 1 else None
    simple = isinstance(site.statement, ast.Assign) and isinstance(column, ast.Constant)
    if isinstance(node.ctx, ast.Store) and simple and isinstance(site.statement, ast.Assign):
        stored = ast.unparse(site.statement.value)
        sketch = f"values.append({stored})\n{text}[{ast.unparse(parts[1])}] = values  # after the loop"
    elif isinstance(column, ast.Constant) and isinstance(column.value, str):
        name = column.value if column.value.isidentifier() else "values"
        sketch = (
            f"{name} = {text}[{column.value!r}].to_numpy()  # before the loop\n{name}[{ast.unparse(row)}]"
        )
    else:
        rest = f", {ast.unparse(column)}" if column is not None else ""
        sketch = f"values = {text}.to_numpy()  # before the loop\nvalues[{ast.unparse(row)}{rest}]"
        if isinstance(node.ctx, ast.Store):
            sketch += f" = ...\n{text}[:] = values  # after the loop"
    yield Found(
        pattern=CELLS,
        node=node,
        statement=site.statement,
        loop=loop,
        sketch=sketch,
        evidence=f"`{ast.unparse(node)}` looks up one place of the frame on each pass.",
    )


def _groups(view: View, site: Site) -> Iterator[Found]:
    """Find ``df[df["a"] == key]`` in a loop over the keys."""
    match site.node:
        case ast.Subscript(
            value=frame, slice=ast.Compare(left=column, ops=[ast.Eq()], comparators=[ast.Name(id=key)])
        ):
            pass
        case _:
            return
    loop = site.inner
    inner = column.value if isinstance(column, ast.Subscript | ast.Attribute) else None
    if loop is None or loop.kind == "while" or key not in loop.targets or inner is None:
        return
    whole = frame.value if isinstance(frame, ast.Attribute) and frame.attr == "loc" else frame
    if not view.is_kind(whole, "frame") or ast.unparse(inner) != ast.unparse(whole):
        return
    name = column.slice if isinstance(column, ast.Subscript) else ast.Constant(getattr(column, "attr", ""))
    yield Found(
        pattern=GROUPS,
        node=site.node,
        statement=site.statement,
        loop=loop,
        sketch=f"for {key}, part in {ast.unparse(whole)}.groupby({ast.unparse(name)}):",
        evidence=f"`{ast.unparse(column)} == {key}` compares all rows on each pass.",
    )
