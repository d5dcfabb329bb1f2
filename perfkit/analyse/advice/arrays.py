"""Loops over arrays that whole arrays could do: element by element, row by row, pair by pair."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from perfkit.analyse.advice.nodes import same
from perfkit.analyse.advice.patterns import SINGLE, Found, Pattern
from perfkit.analyse.advice.statements import rewrite
from perfkit.analyse.syntax import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.analyse.advice.loops import Loop
    from perfkit.analyse.advice.statements import Rewritten
    from perfkit.analyse.advice.view import Site, View

ELEMENTS = Pattern(
    "array worked on element by element",
    "Let one operation work on the whole array: slices and broadcasting instead of indices.",
    whole_loop=True,
)
ROWS = Pattern(
    "NumPy or torch called for one row or number at a time",
    "Call it once for all rows, along an axis.",
    whole_loop=True,
)
PAIRS = Pattern(
    "all pairs in two nested loops",
    "Work out all pairs at once, in blocks of rows if they do not fit the memory: a matrix product, cdist, "
    "or broadcasting.",
    whole_loop=True,
)
SAMPLES = Pattern(
    "Fourier transform or linear algebra for one sample at a time",
    "Call it once for all samples: it works on the last axes of a whole stack.",
    whole_loop=True,
)
ITEMS = Pattern(
    "numbers taken out of an array or a tensor one at a time (.item(), float())",
    "Keep them in the array, and let one operation work on all of it.",
    whole_loop=True,
)
BATCHES = Pattern(
    "model called for one row at a time",
    "Hand the model all rows, or a large batch of them, in one call.",
    whole_loop=True,
)
NEIGHBOURS = Pattern(
    "each item compared with the one before it, in Python",
    "Take the differences of all neighbours at once; masks and cumulative sums of them find groups and their "
    "borders.",
    whole_loop=True,
)
BUILTINS = Pattern(
    "Python's own sum, min, max or sorted on an array",
    "They take its items out one at a time: use NumPy's or torch's, which stay inside.",
    min_hits=SINGLE,
)
PER_ITEM = Pattern(
    "Python function for each element or row (np.vectorize, np.apply_along_axis)",
    "It is a loop in Python, whatever its name: write the function so that it takes whole arrays.",
    min_hits=SINGLE,
)


def recognise(view: View) -> Iterator[Found]:
    """Yield what a function's lines do one at a time that whole arrays could do."""
    found = [one for site in view.sites if site.loops and _is_unit(site) for one in _whole(view, site)]
    for one in found:
        if one.pattern is not ELEMENTS or one.minor or _is_all(view, one, found):
            yield one
    for site in view.sites:
        if site.loops and _is_unit(site):
            yield from _neighbours(view, site)
        yield from _per_item(view, site)
        yield from _builtin(view, site)


def _is_all(view: View, one: Found, found: list[Found]) -> bool:
    """Whether the other statements of a loop can do without it as well: else it stays, and little is won."""
    loop = one.loop
    if loop is None or loop.kind != "for":
        return True
    known = {each.statement for each in found}
    return all(
        site.node in known or isinstance(site.node, ast.If | ast.Pass | ast.For)
        for site in view.sites
        if isinstance(site.node, ast.stmt) and site.inner is loop
    )


def _is_unit(site: Site) -> bool:
    """Whether a site is rewritten as one: a simple statement, an ``if``, a comprehension's element."""
    node = site.node
    if isinstance(node, ast.Assign | ast.AugAssign | ast.Expr | ast.If | ast.Return):
        return site.loops[-1].kind != "comprehension"
    inner = site.loops[-1].node
    if isinstance(inner, ast.ListComp | ast.GeneratorExp) and node is inner.elt:
        return len(inner.generators) == 1 and not inner.generators[0].ifs
    return False


def _whole(view: View, site: Site) -> Iterator[Found]:
    """Find a statement that whole arrays could do."""
    made = rewrite(view, site)
    if made is None:
        return
    seen = made.with_.seen
    works = bool(seen.calls or seen.item or seen.reduced or seen.lapack or seen.batch)
    if not isinstance(site.node, ast.If):  # a mere comparison goes where what it decides on goes
        works = works or seen.arithmetic
    if not (seen.bases or seen.names):
        return
    pattern = _pattern(made)
    sketch = _distances(site, made) or made.text
    yield Found(
        pattern=pattern,
        node=site.node.test if isinstance(site.node, ast.If) else site.node,
        statement=site.statement,
        loop=made.loops[-1],
        sketch=sketch,
        evidence=_evidence(made),
        names=frozenset(seen.names),
        makes=frozenset(names(site.node.targets[0])) if isinstance(site.node, ast.Assign) else frozenset(),
        tensor=seen.tensor,
        minor=not works,  # an item is only taken, or put
    )


def _neighbours(view: View, site: Site) -> Iterator[Found]:
    """Find ``x - previous`` in a loop that ends its passes with ``previous = x``, x being of an array."""
    loop = site.loops[-1]
    if loop.kind != "for" or not loop.takes_items or loop.leaves_early:
        return
    own = ast.walk(site.node.test if isinstance(site.node, ast.If) else site.node)
    for one in own:
        match one:
            case ast.BinOp(left=item, op=ast.Sub(), right=ast.Name(id=previous)) if previous in loop.stored:
                pass
            case _:
                continue
        sets = [
            each
            for each in loop.body
            if isinstance(each, ast.Assign) and names(each.targets[0]) == {previous}
        ]
        if len(sets) != 1 or not same(sets[0].value, item) or sets[0].lineno < site.line:
            continue
        whole = _all_items(view, item, loop)
        if whole is None:
            continue
        library = {value: key for key, value in view.module.imports.items()}.get("numpy", "np")
        difference = f"{library}.diff({whole})"
        text = difference
        for test in ast.walk(site.node):
            match test:
                case ast.Compare(left=left, ops=[_], comparators=[other]) if left is one and not (
                    names(other) & loop.stored
                ):
                    text = f"{library}.flatnonzero({ast.unparse(test).replace(ast.unparse(one), difference)})"
        yield Found(
            pattern=NEIGHBOURS,
            node=site.node.test if isinstance(site.node, ast.If) else site.node,
            statement=site.statement,
            loop=loop,
            sketch=text,
            evidence=f"`{previous}` is `{ast.unparse(item)}` of the pass before.",
            takes_all=True,
        )
        return


def _all_items(view: View, item: ast.expr, loop: Loop) -> str | None:
    """Return the array of what an expression is on all passes, if the numbers come from an array."""
    match item:
        case ast.Name(id=name) if name in loop.targets and loop.iterable is not None:
            source = _array_of(view, loop.iterable)
            return source if isinstance(loop.target, ast.Name) else None
        case ast.Subscript(value=whole, slice=ast.Name(id=name)) if name in loop.targets and not (
            names(whole) & loop.stored
        ):
            source = _array_of(view, whole)
            match loop.iterable:
                case ast.Call(func=ast.Name(id="range")):
                    return source
                case ast.expr() as rows if source is not None:
                    return f"{source}[{_array_of(view, rows) or ast.unparse(rows)}]"
    return None


def _array_of(view: View, node: ast.expr) -> str | None:
    """Return the array that an expression is, or that it was made a list of by ``tolist``."""
    if view.is_kind(node, "array"):
        return ast.unparse(node)
    match node:
        case ast.Subscript(value=value, slice=index):
            inner = _array_of(view, value)
            return None if inner is None else f"{inner}[{ast.unparse(index)}]"
        case ast.Name(id=name):
            given = [value for _, value in view.assigned(name)]
            if (
                len(given) == 1
                and isinstance(given[0], ast.Call)
                and view.module.called(given[0]) == ".tolist"
            ):
                assert isinstance(given[0].func, ast.Attribute)  # noqa: S101  for mypy: a method
                return ast.unparse(given[0].func.value)
    return None


def _pattern(made: Rewritten) -> Pattern:
    """Return which pattern a statement shows that can do without its loops."""
    seen = made.with_.seen
    if len(made.loops) > 1 and any(len(axes) > 1 and _differ(axes) for axes in seen.bases.values()):
        return PAIRS
    if seen.batch:
        return BATCHES
    if seen.item:
        return ITEMS
    if seen.lapack:
        return SAMPLES
    return ROWS if seen.calls or seen.reduced else ELEMENTS


def _differ(axes: set[tuple[int, ...]]) -> bool:
    """Whether an array is indexed by one loop's variable here, and by another's there."""
    return any(not set(one) & set(other) for one in axes for other in axes)


def _evidence(made: Rewritten) -> str:
    """Say what in the source shows it."""
    seen = made.with_.seen
    loop = made.loops[-1]
    what = ", ".join(f"`{one}`" for one in sorted(seen.bases) or sorted(seen.names))
    if loop.kind == "caller" and loop.caller is not None:
        said = f"It is called for each item by the loop around line {loop.caller.call.lineno}"
    else:
        depth = {1: "a loop", 2: "two nested loops", 3: "three nested loops"}[len(made.loops)]
        said = f"{depth[0].upper()}{depth[1:]} over {what}"
    if seen.calls:
        said += f", with {' and '.join(f'`{one}`' for one in dict.fromkeys(seen.calls))} on each pass"
    if seen.half:
        said += "; all at once works out both of each pair's directions"
    if len(seen.alike) > 1:
        taken = " and ".join(f"`{one}`" for one in sorted(seen.alike))
        said += f"; {taken} are taken to have as many axes"
    if seen.assumes:
        taken = " and ".join(f"`{one}`" for one in sorted(seen.assumes))
        said += f"; each row of {taken} is taken to have one axis"
    return f"{said}."


def _distances(site: Site, made: Rewritten) -> str:
    """Return the sketch of Euclidean distances of all pairs; empty if the statement is something else."""
    if len(made.loops) != 2 or not isinstance(site.node, ast.Assign):  # noqa: PLR2004
        return ""
    value = site.node.value
    difference = _euclidean(value)
    match difference:
        case ast.BinOp(left=ast.Subscript(value=one), op=ast.Sub(), right=ast.Subscript(value=other)) if (
            ast.unparse(site.node.targets[0]).isidentifier()
        ):
            target = ast.unparse(site.node.targets[0])
            return f"{target} = scipy.spatial.distance.cdist({ast.unparse(one)}, {ast.unparse(other)})"
    return ""


def _euclidean(node: ast.expr) -> ast.expr | None:
    """Return the difference that a Euclidean distance is taken of."""
    match node:
        case ast.Call(func=ast.Attribute(attr="norm"), args=[difference], keywords=[]):
            return difference
        case ast.Call(func=ast.Attribute(attr="sqrt"), args=[inner]):
            total: ast.expr = inner
            match inner:
                case ast.Call(func=ast.Attribute(value=value, attr="sum"), args=[], keywords=[]):
                    total = value
                case ast.Call(func=ast.Attribute(attr="sum"), args=[value], keywords=[]):
                    total = value
                case _:
                    return None
            match total:
                case ast.BinOp(left=difference, op=ast.Pow(), right=ast.Constant(value=2)):
                    return difference
    return None


def _builtin(view: View, site: Site) -> Iterator[Found]:
    """Find ``sum(x)`` where x is an array."""
    match site.node:
        case ast.Call(func=ast.Name(id="sum" | "min" | "max" | "sorted" as name), args=[whole], keywords=[]):
            pass
        case _:
            return
    kind = view.kind(whole)
    if kind is None or not kind.is_array or kind.ndim == 0 or (kind.ndim != 1 and name != "sum"):
        return
    text = ast.unparse(whole)
    library = "torch" if kind.name == "tensor" else "np"
    axis = "" if kind.ndim == 1 else "dim=0" if kind.name == "tensor" else "axis=0"
    made = f"{library}.sort({text})" if name == "sorted" else f"{_bracketed(whole)}.{name}({axis})"
    statement = site.statement
    if isinstance(statement, ast.Assign) and statement.value is site.node:
        made = f"{ast.unparse(statement.targets[0])} = {made}"
    yield Found(
        pattern=BUILTINS,
        node=site.node,
        statement=statement,
        loop=site.inner,
        sketch=made,
        evidence=f"`{text}` is an array, and `{name}` goes through it in Python.",
    )


def _bracketed(node: ast.expr) -> str:
    """Return an expression's source, in brackets if a method's name cannot follow it."""
    plain = isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Call)
    return ast.unparse(node) if plain else f"({ast.unparse(node)})"


def _per_item(view: View, site: Site) -> Iterator[Found]:
    """Find np.vectorize and np.apply_along_axis, and calls of what np.vectorize made."""
    node = site.node
    if not isinstance(node, ast.Call):
        return
    called = view.module.called(node)
    text, why = "", ""
    match called, node.args:
        case "numpy.apply_along_axis", [function, axis, whole, *rest]:
            why = f"`{ast.unparse(function)}` runs once for each slice of `{ast.unparse(whole)}`"
            inside = ", ".join(ast.unparse(one) for one in (whole, *rest))
            text = f"{ast.unparse(function)}({inside}, axis={ast.unparse(axis)})"
            if isinstance(function, ast.Lambda) and len(function.args.args) == 1:
                text = _inlined(function, whole)
        case "numpy.apply_over_axes", _:
            return
        case _:
            made = _vectorised(view, node)
            if made is None:
                return
            function = made
            why = f"`{ast.unparse(function)}` runs once for each element"
            inside = ", ".join(ast.unparse(one) for one in node.args)
            text = f"{ast.unparse(function)}({inside})"
            if isinstance(function, ast.Lambda) and len(function.args.args) == len(node.args) == 1:
                text = _inlined(function, node.args[0])
    statement = site.statement
    if isinstance(statement, ast.Assign) and statement.value is node:
        text = f"{ast.unparse(statement.targets[0])} = {text}"
    yield Found(
        pattern=PER_ITEM,
        node=node,
        statement=statement,
        loop=site.inner,
        sketch=f"{text}  # written for whole arrays",
        evidence=f"{why}.",
    )


def _inlined(function: ast.Lambda, whole: ast.expr) -> str:
    """Return a lambda's body with a whole array for its parameter."""
    from perfkit.analyse.advice.nodes import replaced

    name = function.args.args[0].arg
    return ast.unparse(
        replaced(function.body, lambda one: whole if isinstance(one, ast.Name) and one.id == name else None)
    )


def _vectorised(view: View, node: ast.Call) -> ast.expr | None:
    """Return the function that a call runs for each element, if np.vectorize made what is called."""
    made: ast.expr | None = None
    if isinstance(node.func, ast.Call):
        made = node.func
    elif isinstance(node.func, ast.Name):
        name = node.func.id
        function = view.module.by_name.get(name)
        if function is not None:
            for one in function.decorator_list:
                plain = one.func if isinstance(one, ast.Call) else one
                if view.module.dotted(plain) == "numpy.vectorize":
                    return node.func
            return None
        found = [value for _, value in view.assigned(name)] or [
            one.value
            for one in view.module.top
            if isinstance(one, ast.Assign) and names(one.targets[0]) == {name}
        ]
        made = found[0] if len(found) == 1 else None
    if isinstance(made, ast.Call) and view.module.called(made) in ("numpy.vectorize", "numpy.frompyfunc"):
        return made.args[0] if made.args else None
    return None
