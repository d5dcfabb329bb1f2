"""Lists that are searched, scanned or sorted again and again."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from perfkit.analyse.advice.module import own
from perfkit.analyse.advice.nodes import root, same
from perfkit.analyse.advice.patterns import FEW, VERY_FEW, Found, Pattern, found_at
from perfkit.analyse.advice.view import passed
from perfkit.analyse.syntax import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.analyse.advice.loops import Loop
    from perfkit.analyse.advice.view import Site, View

MEMBERS = Pattern(
    "list searched on each pass (in, index, count)",
    "Each search goes through the list: keep a set or a dictionary beside it, and ask that.",
)
ENDS = Pattern(
    "list changed at its beginning (pop(0), insert(0, ...))",
    "Each change moves all other items: use collections.deque, which has both ends at hand.",
)
SCANS = Pattern(
    "all items gone through again for each group",
    "Go through them once, and put each into its group: a dictionary of lists, or a sort by the key.",
    min_hits=VERY_FEW,
)
SORTS = Pattern(
    "sorted again on each pass",
    "Sort once, outside of the loop; for a smallest or largest item, min, max or heapq is enough.",
    min_hits=FEW,
)
PICKS = Pattern(
    "best item picked by going through all that are left, again and again",
    "Sort the items once, or let heapq.nlargest or heapq.nsmallest pick as many as are wanted.",
    min_hits=VERY_FEW,
)


def recognise(view: View) -> Iterator[Found]:
    """Yield what a function searches, scans or sorts on each pass of a loop."""
    for site in view.sites:
        if site.loops:
            yield from _member(view, site)
            yield from _ends(view, site)
            yield from _scan(site)
            yield from _sort(view, site)
            yield from _pick(view, site)
    yield from _sorted_for_callers(view)


def _list(view: View, node: ast.expr, site: Site) -> str:
    """Return the name of a list that is longer than one that is written down; empty if it is none."""
    if not isinstance(node, ast.Name) or not view.is_kind(node, "list"):
        return ""
    given = [value for _, value in view.assigned(node.id)]
    if any(isinstance(one, ast.List) and one.elts for one in given) and not _grows(view, node.id):
        return ""
    loop = site.inner
    if any(_is_changed(each, node.id) for each in site.loops):
        return ""
    # A list that is made anew on each pass is searched once.
    return "" if loop is None or node.id in loop.stored else node.id


def _grows_within(site: Site, name: str) -> bool:
    """Whether a loop around a site adds items to a list."""
    return any(
        isinstance(one, ast.Call)
        and isinstance(one.func, ast.Attribute)
        and one.func.attr in ("append", "extend", "insert")
        and root(one.func.value) == name
        for loop in site.loops
        for one in loop.body
    )


def _is_changed(loop: Loop, name: str) -> bool:
    """Whether a loop changes a list otherwise than by adding to it: what is kept beside it would be wrong."""
    for one in loop.body:
        match one:
            case ast.Subscript(value=ast.Name(id=it), ctx=ast.Store() | ast.Del()) if it == name:
                return True
            case ast.Call(
                func=ast.Attribute(
                    value=ast.Name(id=it), attr="pop" | "remove" | "clear" | "sort" | "reverse"
                )
            ) if it == name:
                return True
    return False


def _grows(view: View, name: str) -> bool:
    """Whether items are added to a list."""
    return any(
        isinstance(site.node, ast.Call)
        and isinstance(site.node.func, ast.Attribute)
        and site.node.func.attr in ("append", "extend", "insert")
        and root(site.node.func.value) == name
        for site in view.sites
    )


def _member(view: View, site: Site) -> Iterator[Found]:
    """Find ``x in items`` and ``items.index(x)`` of a list."""
    match site.node:
        case ast.Compare(left=left, ops=[ast.In() | ast.NotIn() as op], comparators=[whole]):
            name = _list(view, whole, site)
            if name and _is_hashable(view, left) and (site.varies(left) or _varies_anyhow(left, site)):
                kept = f"{name}_set"
                word = "in" if isinstance(op, ast.In) else "not in"
                beside = (
                    f"{kept} = set({name})  # before the loop"
                    if not _grows_within(site, name)
                    else (f"{kept} = set()  # beside {name}: add what is appended")
                )
                yield found_at(
                    MEMBERS,
                    site,
                    f"{beside}\n{ast.unparse(left)} {word} {kept}",
                    f"`{name}` is a list, and `{ast.unparse(site.node)}` goes through it.",
                )
        case ast.Call(func=ast.Attribute(value=whole, attr="index" | "count" as method), args=[item]):
            name = _list(view, whole, site)
            if not name or not _is_hashable(view, item):
                return
            if not (site.varies(item) or _varies_anyhow(item, site)):
                return
            text = ast.unparse(item)
            sketches = {
                "index": f"place = {{item: i for i, item in enumerate({name})}}  # before the loop\n"
                f"place[{text}]",
                "count": f"counts = collections.Counter({name})  # before the loop\ncounts[{text}]",
            }
            yield found_at(
                MEMBERS,
                site,
                sketches[method],
                f"`{name}` is a list, and `{ast.unparse(site.node)}` goes through it.",
            )


def _is_hashable(view: View, node: ast.expr) -> bool:
    """Whether something may be asked of a set: what is known to be a list, a set or an array may not."""
    kind = view.kind(node)
    return kind is None or kind.name not in ("list", "set", "dict", "array", "tensor", "frame", "series")


def _varies_anyhow(node: ast.expr, site: Site) -> bool:
    """Whether a node depends on what any loop around it changes."""
    return any(names(node) & (loop.stored | loop.varying) for loop in site.loops)


def _ends(view: View, site: Site) -> Iterator[Found]:
    """Find ``items.pop(0)`` and ``items.insert(0, x)`` of a list."""
    match site.node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="pop"), args=[ast.Constant(value=0)]):
            change = "popleft()"
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id=name), attr="insert"), args=[ast.Constant(value=0), item]
        ):
            change = f"appendleft({ast.unparse(item)})"
        case _:
            return
    loop = site.inner
    made_anew = loop is not None and name in loop.stored and name not in loop.targets
    if view.is_kind(ast.Name(name), "list") and not made_anew:
        yield found_at(
            ENDS,
            site,
            f"{name} = collections.deque({name})  # before the loop\n{name}.{change}",
            f"`{name}` is a list: `{ast.unparse(site.node)}` moves all that is left of it.",
        )


def _scan(site: Site) -> Iterator[Found]:
    """Find ``[x for x in items if key(x) == group]`` in a loop over the groups."""
    node = site.node
    if not isinstance(node, ast.ListComp | ast.GeneratorExp) or len(node.generators) != 1:
        return
    generator = node.generators[0]
    loop = site.inner
    if loop is None or loop.kind != "for" or not loop.takes_items or len(generator.ifs) != 1:
        return
    if names(generator.iter) & loop.stored:
        return
    match generator.ifs[0]:
        case ast.Compare(left=one, ops=[ast.Eq()], comparators=[other]):
            pass
        case _:
            return
    inner = names(generator.target)
    key, group = (one, other) if names(one) & inner else (other, one)
    if not names(key) & inner or names(group) & inner or not names(group) & loop.targets:
        return
    head = f"for {ast.unparse(generator.target)} in {ast.unparse(generator.iter)}:"
    yield found_at(
        SCANS,
        site,
        "groups = collections.defaultdict(list)  # before the loop\n"
        f"{head} groups[{ast.unparse(key)}].append({ast.unparse(node.elt)})\n"
        f"{_assigned_to(site)}groups[{ast.unparse(group)}]",
        f"`{ast.unparse(generator.iter)}` is gone through for each `{ast.unparse(group)}`.",
    )


def _assigned_to(site: Site) -> str:
    """Return the beginning of an assignment whose value a site is."""
    match site.statement:
        case ast.Assign(targets=[target], value=value) if value is site.node:
            return f"{ast.unparse(target)} = "
    return ""


def _sort(view: View, site: Site) -> Iterator[Found]:
    """Find what is sorted on each pass though it has grown by one item, or is asked for its end only."""
    node, loop = site.node, site.inner
    match node:
        case ast.Subscript(
            value=ast.Call(func=ast.Name(id="sorted"), args=[whole], keywords=keywords) as call
        ):
            index = node.slice
            match index:
                case ast.Constant(value=0):
                    function = "min"
                case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=1)):
                    function = "max"
                case ast.Slice(lower=None, upper=ast.expr() as n, step=None) if not isinstance(
                    n, ast.UnaryOp
                ):
                    function = f"heapq.nsmallest({ast.unparse(n)}, "
                case _:
                    return
            if (
                any(one.arg == "reverse" for one in keywords)
                or names(call) & set()
                or not _is_of_size(view, whole)
            ):
                return
            opening = function if function.startswith("heapq") else f"{function}("
            more = "".join(f", {one.arg}={ast.unparse(one.value)}" for one in keywords)
            yield found_at(
                SORTS,
                site,
                f"{opening}{ast.unparse(whole)}{more})",
                f"`{ast.unparse(node)}` sorts all to get at one end.",
            )
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="sort")):
            item = _added(loop, name) if loop is not None and view.is_kind(ast.Name(name), "list") else ""
            if item and not node.keywords:
                yield found_at(
                    SORTS,
                    site,
                    f"bisect.insort({name}, {item})",
                    f"`{name}` is sorted again for each item that is added to it.",
                )


def _is_of_size(view: View, whole: ast.expr) -> bool:
    """Whether something that is sorted is more than a literal's few items."""
    return not isinstance(whole, ast.List | ast.Tuple | ast.Set) and not view.is_kind(whole, "str")


def _added(loop: Loop, name: str) -> str:
    """Return the one item that a loop appends to a list on each pass; empty if that is not all it adds."""
    found = [
        ast.unparse(one.args[0])
        for one in loop.body
        if isinstance(one, ast.Call)
        and isinstance(one.func, ast.Attribute)
        and one.func.attr in ("append", "extend")
        and isinstance(one.func.value, ast.Name)
        and one.func.value.id == name
        and one.args
    ]
    is_append = any(
        isinstance(one, ast.Attribute) and one.attr == "extend" and root(one) == name for one in loop.body
    )
    return found[0] if len(found) == 1 and not is_append and name not in loop.stored else ""


def _sorted_for_callers(view: View) -> Iterator[Found]:
    """Find a parameter that is sorted though a caller's loop passes the same one each time."""
    name = view.function.name
    calls = view.module.callers.get(name, [])
    if view.module.by_name.get(name) is not view.function or not calls:
        return
    for site in view.sites:
        match site.node:
            case ast.Call(func=ast.Name(id="sorted"), args=[ast.Name(id=parameter)]):
                pass
            case ast.Call(func=ast.Attribute(attr="sort" | "median"), args=[ast.Name(id=parameter), *_]) if (
                view.module.dotted(site.node.func) in ("numpy.sort", "numpy.median")
            ):
                pass
            case _:
                continue
        for one in calls:
            given = [value for each, value in passed(one.call, view.function) if each.arg == parameter]
            if not given or one.function is None or not isinstance(given[0], ast.Name):
                continue
            around = _loop_around(view, one.function, one.call)
            if around is None or given[0].id in around.stored | around.changed:
                continue
            text = ast.unparse(given[0])
            function = ast.unparse(site.node.func) if isinstance(site.node, ast.Call) else "sorted"
            yield found_at(
                SORTS,
                site,
                f"{text} = {function}({text})  # before the loop around line {one.call.lineno}",
                f"The loop around line {one.call.lineno} hands the same `{text}` to `{name}` on each pass.",
            )
            return


def _loop_around(view: View, function: ast.AST, call: ast.Call) -> Loop | None:
    """Return the innermost loop of another function of the file around a call."""
    from perfkit.analyse.advice.view import View as Other

    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) or call not in set(own(function)):
        return None
    for site in Other(view.module, view.kinds, function).sites:
        if site.node is call:
            return site.inner
    return None


def _pick(view: View, site: Site) -> Iterator[Found]:
    """Find ``items.pop(best)`` where `best` was found by going through all items."""
    match site.node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="pop"), args=[ast.Name(id=best)]):
            pass
        case _:
            return
    loop = site.inner
    if loop is None or loop.kind == "comprehension" or name in loop.stored:
        return
    for one in loop.body:
        match one:
            case ast.For(target=ast.Name(id=at), iter=ast.Call(func=ast.Name(id="range"), args=[stop])) if (
                same(stop, ast.parse(f"len({name})", mode="eval").body)
            ):
                chosen = any(
                    isinstance(each, ast.Assign)
                    and same(each.targets[0], ast.Name(best))
                    and same(each.value, ast.Name(at))
                    for each in ast.walk(one)
                )
                if chosen:
                    count = _count(loop)
                    yield Found(
                        pattern=PICKS,
                        node=one,
                        statement=one,
                        loop=next(
                            (each.inner for each in view.sites if each.node in one.body and each.inner),
                            site.inner,
                        ),
                        sketch=f"order = sorted(range(len({name})), key=...){count}  # once, before the loop",
                        evidence=f"`{name}` is gone through for each item that is taken from it.",
                    )
                    return


def _count(loop: Loop) -> str:
    """Return ``[:k]`` where the loop says how many items are wanted."""
    if isinstance(loop.node, ast.While):
        for one in ast.walk(loop.node.test):
            match one:
                case ast.Compare(ops=[ast.Lt()], comparators=[ast.Name(id=name)]):
                    return f"[:{name}]"
    return ""
