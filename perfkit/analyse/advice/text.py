"""Text taken apart line by line, and exceptions that are the rule."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from perfkit.analyse.advice.patterns import Found, Pattern, found_at
from perfkit.analyse.syntax import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.analyse.advice.loops import Loop
    from perfkit.analyse.advice.view import Site, View

FIELDS = Pattern(
    "text parsed line by line",
    "Let one call read all lines: pandas.read_csv, numpy.loadtxt, or the bytes as one array.",
)
DATES = Pattern(
    "date or time parsed for each line",
    "strptime and its like take microseconds for each text: parse the whole column at once, cut out fixed "
    "places, or keep what was parsed, as times recur.",
)
EXPRESSIONS = Pattern(
    "regular expression looked up on each pass",
    "Compile it once before the loop, and call the compiled one's own method.",
)
EXCEPTIONS = Pattern(
    "exception raised again and again in ordinary work",
    "Raising costs many times what a test does: ask first, or use get, setdefault or a defaultdict.",
)

OFTEN = 0.1
"""Share of the passes of a ``try`` that must end in its ``except``."""

_SPLITS = ("split", "rsplit", "partition", "splitlines")
_DATES = frozenset(
    [
        "datetime.datetime.strptime",
        "datetime.strptime",
        "time.strptime",
        "pandas.to_datetime",
        "dateutil.parser.parse",
        "pandas.Timestamp",
    ]
)
_SEARCHES = (
    "re.match",
    "re.search",
    "re.fullmatch",
    "re.findall",
    "re.finditer",
    "re.sub",
    "re.split",
    "re.subn",
)


def recognise(view: View) -> Iterator[Found]:
    """Yield what a function does with text on each pass, and exceptions that may be the rule."""
    for site in view.sites:
        if site.loops and isinstance(site.node, ast.Call):
            yield from _dates(view, site, site.node)
            yield from _fields(view, site, site.node)
            yield from _expressions(view, site, site.node)
        if site.loops and isinstance(site.node, ast.Assign | ast.Expr | ast.AugAssign):
            yield from _parts(view, site)
        if site.loops and isinstance(site.node, ast.Try):
            yield from _exceptions(view, site, site.node)


def _dates(view: View, site: Site, node: ast.Call) -> Iterator[Found]:
    """Find ``strptime`` and its like."""
    called = view.module.called(node)
    if called not in _DATES or not node.args or not site.varies(node):
        return
    if called.startswith("pandas.") and not view.is_kind(node.args[0], "str"):
        return  # it may be given a whole column
    value = ast.unparse(node.args[0])
    call = ast.unparse(node)
    sketch = f"if {value} not in parsed: parsed[{value}] = {call}\nparsed[{value}]"
    yield found_at(DATES, site, sketch, f"`{ast.unparse(node.func)}` runs for each item of the loop.")


def _lines(view: View, site: Site) -> Loop | None:
    """Return the loop over lines of text that a site is in."""
    for loop in reversed(site.loops):
        if loop.iterable is None:
            continue
        whole = _whole(loop)
        if _is_cut(view, whole):
            continue  # the parts of one line
        kind = view.kinds.elements(whole, view.function)
        if kind is not None and kind.name == "str" and loop.takes_items and not view.is_kind(whole, "str"):
            return loop
        match whole:
            case ast.Call(func=ast.Attribute(attr="splitlines" | "readlines")):
                return loop
    return None


def _is_cut(view: View, whole: ast.expr, depth: int = 0) -> bool:
    """Whether something is a text that was split, but not at its line ends."""
    match whole:
        case ast.Call(func=ast.Attribute(attr="split" | "rsplit"), args=args):
            return not (args and isinstance(args[0], ast.Constant) and args[0].value in ("\n", "\r\n"))
        case ast.Subscript(value=value):
            return _is_cut(view, value, depth)
        case ast.Name(id=name) if depth == 0:
            return any(_is_cut(view, value, 1) for _, value in view.assigned(name))
    return False


def _whole(loop: Loop) -> ast.expr:
    """Return what a loop's lines are taken from."""
    match loop.iterable:
        case ast.Call(func=ast.Name(id="enumerate"), args=[inner, *_]):
            return inner
    return loop.iterable if loop.iterable is not None else ast.Name("lines")


def _fields(view: View, site: Site, node: ast.Call) -> Iterator[Found]:
    """Find where a line is split, or a field of it becomes a number, if both happen."""
    loop = _lines(view, site)
    if loop is not None and (_is_split(view, node, loop) or _number(view, node, loop)):
        yield from _parsed(view, site, loop)


def _parts(view: View, site: Site) -> Iterator[Found]:
    """Find what else is done with the fields of a line that is split."""
    loop = _lines(view, site)
    if loop is None:
        return
    fields = {
        name
        for one in loop.body
        if isinstance(one, ast.Assign)
        and isinstance(one.value, ast.Call)
        and _is_split(view, one.value, loop)
        for name in names(one.targets[0])
    }
    if names(site.statement) & fields:
        yield from _parsed(view, site, loop)


def _parsed(view: View, site: Site, loop: Loop) -> Iterator[Found]:
    """Yield the pattern, if the loop splits its lines and makes numbers of their fields."""
    splits = [one for one in loop.body if isinstance(one, ast.Call) and _is_split(view, one, loop)]
    numbers = [one for one in loop.body if isinstance(one, ast.Call) and _number(view, one, loop)]
    if not splits or not numbers:
        return
    separator = ast.unparse(splits[0].args[0]) if splits[0].args else "None"
    lines = ast.unparse(_whole(loop))
    fields = sorted({int(one) for one in (_number(view, each, loop) for each in numbers) if one.isdigit()})
    at = f", usecols={fields}" if fields else ""
    if view.module.uses("pandas"):
        source = lines if _is_file(view, loop) else f'io.StringIO("\\n".join({lines}))'
        sketch = f"columns = pd.read_csv({source}, sep={separator}{at}, header=None, quoting=csv.QUOTE_NONE)"
    else:
        sketch = f"columns = np.loadtxt({lines}, delimiter={separator}{at}, comments=None)"
    yield found_at(
        FIELDS,
        site,
        sketch,
        f"The loop over `{lines}` splits each line, and makes numbers of {len(numbers)} of its fields.",
    )


def _is_file(view: View, loop: Loop) -> bool:
    """Whether a loop runs over an open file."""
    return view.is_kind(_whole(loop), "lines")


def _is_split(view: View, node: ast.Call, loop: Loop) -> bool:
    """Whether a call takes a line of the loop apart."""
    if (
        not isinstance(node.func, ast.Attribute)
        or node.func.attr not in _SPLITS
        or view.module.dotted(node.func)
    ):
        return False
    return bool(names(node.func.value) & loop.targets)


def _number(view: View, node: ast.Call, loop: Loop) -> str:
    """Return which field of a line a call makes a number of; ``?`` for one that is not written down."""
    if view.module.called(node) not in ("int", "float") or len(node.args) != 1:
        return ""
    if not names(node) & loop.varying:
        return ""
    for one in ast.walk(node.args[0]):
        match one:
            case ast.Subscript(slice=ast.Constant(value=int(at))):
                return str(at)
    return "?" if isinstance(node.args[0], ast.Name) and view.is_kind(node.args[0], "str") else ""


def _expressions(view: View, site: Site, node: ast.Call) -> Iterator[Found]:
    """Find ``re.sub("...", ...)`` and its like."""
    called = view.module.called(node)
    if called not in _SEARCHES or not node.args or not isinstance(node.args[0], ast.Constant):
        return
    if not site.varies(node) and not any(names(node) & loop.stored for loop in site.loops):
        return
    if len(node.args) > (2 if called in ("re.match", "re.search", "re.fullmatch", "re.findall") else 3):
        return  # flags without their name
    rest = ", ".join(
        [
            *(ast.unparse(one) for one in node.args[1:]),
            *(ast.unparse(one) for one in node.keywords if one.arg != "flags"),
        ]
    )
    flags = "".join(f", {ast.unparse(one.value)}" for one in node.keywords if one.arg == "flags")
    method = called.rpartition(".")[2]
    module = ast.unparse(node.func).rpartition(".")[0] or "re"
    yield found_at(
        EXPRESSIONS,
        site,
        f"pattern = {module}.compile({ast.unparse(node.args[0])}{flags})  # before the loop\n"
        f"pattern.{method}({rest})",
        f"`{ast.unparse(node.func)}` looks its pattern up in a table on each call, before it searches.",
    )


def _exceptions(view: View, site: Site, node: ast.Try) -> Iterator[Found]:
    """Find a ``try`` around one look-up or conversion; how often it fails is for the line profile to say."""
    if len(node.body) != 1 or len(node.handlers) != 1 or node.handlers[0].type is None:
        return
    kind = ast.unparse(node.handlers[0].type)
    statement = node.body[0]
    lookups = [
        one
        for one in ast.walk(statement)
        if isinstance(one, ast.Subscript)
        and not isinstance(one.slice, ast.Slice)
        and view.is_kind(one.value, "dict")
    ]
    conversions = [
        one
        for one in ast.walk(statement)
        if isinstance(one, ast.Call) and view.module.called(one) in ("int", "float")
    ]
    if kind == "KeyError" and lookups:
        first = lookups[0]
        table, key = ast.unparse(first.value), ast.unparse(first.slice)
        sketch = (
            f"found = {table}.get({key})"
            if isinstance(first.ctx, ast.Load) and not isinstance(statement, ast.AugAssign)
            else f"{table}[{key}] = {table}.get({key}, 0) + ..."
        )
        what = ast.unparse(first)
    elif kind == "ValueError" and conversions:
        inner = ast.unparse(conversions[0].args[0]) if conversions[0].args else "text"
        sketch = f"if {inner}.isdigit():  # or another test that tells numbers here"
        what = ast.unparse(conversions[0])
    else:
        return
    yield Found(
        pattern=EXCEPTIONS,
        node=node.handlers[0],
        statement=node.handlers[0].body[0],
        loop=site.inner,
        sketch=sketch,
        evidence=f"`{what}` raises {kind} in more than a tenth of the passes.",
    )
