"""Recognisers of rewrites of the algorithm: training by hand, memory, grouping, searching, text, threads.

The same contract as in `array_rewrites`: evidence, or ``None`` unless the slow way is in `before` and gone
from `after` (or rarer there), and the fast way is new in `after`.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from perfkit.analyse.syntax import (
    call_name,
    called,
    functions,
    has_keyword,
    is_library_call,
    is_matrix_product,
    listed,
    mentions,
    tail,
    words,
)

if TYPE_CHECKING:
    from perfkit.analyse.syntax import Code, Site

_BUILDERS = words("array asarray stack vstack hstack concatenate cat tensor as_tensor")
_PREALLOCATIONS = words("empty zeros full ones empty_like zeros_like full_like ones_like")
_DICTIONARIES = words("dict defaultdict Counter OrderedDict")
_GROUPINGS = words(
    "unique bincount reduceat searchsorted lexsort argsort sort histogram digitize groupby value_counts"
)
_THREADS = words("ThreadPoolExecutor ProcessPoolExecutor ThreadPool Pool Thread Process Parallel")
_PER_LINE = words(
    "match fullmatch search findall finditer split rsplit strip lstrip rstrip partition rpartition"
    " strptime fromisoformat loads startswith decode"
)
_BULK_TEXT = words("frombuffer fromstring genfromtxt loadtxt read_csv read_json translate findall")
_BULK_TEXT_BESIDE = words("view flatnonzero split splitlines")
_LOOKUPS = words(
    "set frozenset dict Counter defaultdict deque fromkeys sort argsort sorted unique searchsorted isin in1d"
    " bisect bisect_left bisect_right insort heapify"
)
_OPTIMISER_UPDATES = words("addcdiv_ addcmul_ lerp_ sub_ _foreach_addcdiv_ _foreach_sub_")


def autograd_to_gradient(before: Code, after: Code) -> str | None:
    """Recognise automatic differentiation that became a gradient written by hand, in a loop as before."""
    old = [
        site
        for site in before.calls("backward")
        if isinstance(getattr(site.node, "func", None), ast.Attribute)
    ]
    if not old or after.calls("backward", "grad", "value_and_grad", "vjp"):
        return None
    new = after.find(_is_backward_product)
    had = before.find(_is_backward_product)
    if not new or had or not any(site.repeated for site in after.sites):
        return None
    now = f"the gradient is written out in {functions(new)} ({ast.unparse(new[0].node)})"
    return f"{called(old)}() is gone from {functions(old)}; {now}"


def _is_backward_product(site: Site) -> bool:
    """Whether a node is a product with a transposed matrix, as backward passes are made of."""
    node = site.node
    if not is_matrix_product(node):
        return False
    operands = [node.left, node.right] if isinstance(node, ast.BinOp) else getattr(node, "args", [])
    return any(
        (isinstance(one, ast.Attribute) and one.attr in ("T", "mT"))
        or (isinstance(one, ast.Call) and tail(one) in ("t", "transpose"))
        for one in operands
    )


def optimiser_by_hand(before: Code, after: Code) -> str | None:
    """Recognise a library's optimiser that became its update written out."""
    old = before.find(lambda site: isinstance(site.node, ast.Call) and _is_optimiser(site.node))
    still = after.find(lambda site: isinstance(site.node, ast.Call) and _is_optimiser(site.node))
    new = after.find(_is_update)
    if not old or still or after.calls("zero_grad") or not new or before.find(_is_update):
        return None
    now = f"{functions(new[:1])} updates the parameters itself ({ast.unparse(new[0].node)})"
    return f"{called(old)} is gone from {functions(old)}; {now}"


def _is_optimiser(call: ast.Call) -> bool:
    """Whether a call makes a library's optimiser: ``torch.optim.Adam(...)``."""
    parts = call_name(call).split(".")
    return "optim" in parts[:-1] and parts[-1][:1].isupper()


def _is_update(site: Site) -> bool:
    """Whether a node moves parameters in place: ``self.parameters -= ...``."""
    match site.node:
        case ast.AugAssign(op=ast.Sub(), target=target):
            text = ast.unparse(target).lower()
            return any(word in text for word in ("param", "weight", "theta", "flat", "bias", "value"))
        case ast.Call():
            return tail(site.node) in _OPTIMISER_UPDATES
    return False


def buffers_reused(before: Code, after: Code) -> str | None:
    """Recognise operations that made a new array each time and now write into one that exists."""
    had = [site for site in before.sites if has_keyword(site.node, "out")]
    new = [site for site in after.sites if has_keyword(site.node, "out")]
    still = {call_name(site.node) for site in after.find(_allocates)}
    old = [site for site in before.find(_allocates) if call_name(site.node) not in still]
    if had or not old or not new:
        return None
    now = f"results are written into existing ones in {functions(new)} (out= in {len(new)} of the calls)"
    return f"{called(old)} made new arrays on each pass in {functions(old)}; {now}"


def _allocates(site: Site) -> bool:
    """Whether a library's function makes a new array on each pass of a loop, not for a single element."""
    return (
        site.repeated and not site.varies and is_library_call(site.node) and not has_keyword(site.node, "out")
    )


def list_to_array(before: Code, after: Code) -> str | None:
    """Recognise a list grown item by item that became an array filled in place."""
    old = [site for site in before.calls("append", "extend") if site.loops and _becomes_array(site, before)]
    still = [site for site in after.calls("append", "extend") if site.loops]
    if not old or still:
        return None
    was = f"{functions(old)} appended to {listed(_receiver(site) for site in old)} item by item"
    new = [site for site in _new_calls(before, after, _PREALLOCATIONS) if _is_filled(site, after)]
    return f"{was}; an array made beforehand is filled in {functions(new)} ({called(new)})" if new else None


def _is_filled(site: Site, code: Code) -> bool:
    """Whether the array that a call makes is written to, item by item or as a call's ``out``."""
    made = {name for name, values in code.assigned.items() if site.node in values}
    for one in code.sites:
        match one.node:
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()) if name in made:
                return True
            case ast.keyword(arg="out", value=value) if mentions(value, made):
                return True
    return False


def _receiver(site: Site) -> str:
    """Return the name of the object whose method is called."""
    return call_name(site.node).rpartition(".")[0]


def _becomes_array(site: Site, code: Code) -> bool:
    """Whether the list that a site appends to is made an array in the end."""
    return any(
        one.function == site.function
        and any(mentions(argument, {_receiver(site)}) for argument in _arguments(one))
        for one in code.calls(*_BUILDERS)
    )


def _arguments(site: Site) -> list[ast.expr]:
    """Return a call's positional arguments."""
    return site.node.args if isinstance(site.node, ast.Call) else []


def grouping_to_arrays(before: Code, after: Code) -> str | None:
    """Recognise groups collected one by one or key by key that became sorted or counted arrays."""
    by_key = [site for site in before.sites if _groups(site, before)]
    by_scan = [site for site in before.sites if _picks_group(site)]
    still = [site for site in after.sites if _groups(site, after) or _picks_group(site)]
    new = _new_calls(before, after, _GROUPINGS)
    new = [site for site in new if is_library_call(site.node) or tail(site.node) != "sort"]
    if len(still) >= len(by_key + by_scan) or not new or any(site.varies for site in new):
        return None
    if by_scan:
        was = f"{functions(by_scan)} went over all items for each group ({ast.unparse(by_scan[0].node)})"
    else:
        was = f"{functions(by_key)} collected groups key by key in a dictionary"
    return f"{was}; now {called(new)} in {functions(new)}"


def _picks_group(site: Site) -> bool:
    """Whether a node, in a loop over groups and one over all items, asks whether an item is of the group."""
    if len(site.loops) < 2:  # noqa: PLR2004  groups and items
        return False
    match site.node:
        case ast.Compare(left=ast.Subscript() as item, ops=[ast.Eq()], comparators=[ast.Name(id=group)]):
            groups, items = site.loops[-2], site.loops[-1]
            return group in groups.varying and mentions(item.slice, items.varying - groups.varying)
        case ast.Compare(left=ast.Name(id=item), ops=[ast.Eq()], comparators=[ast.Name(id=group)]):
            groups, items = site.loops[-2], site.loops[-1]
            is_item = item in items.varying - groups.varying and items.iterable.isidentifier()
            return is_item and group in groups.varying
    return False


def _groups(site: Site, code: Code) -> bool:
    """Whether a node adds one item to its group, in a loop over the items."""
    if not site.varies:
        return False
    match site.node:
        case ast.Call(func=ast.Attribute(attr="setdefault")):
            return True
        case ast.AugAssign(target=ast.Subscript(value=ast.Name(id=name))):
            return code.is_assigned(name, ast.Dict, *_DICTIONARIES)
        case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name))], value=value) if code.is_assigned(
            name, ast.Dict, *_DICTIONARIES
        ):
            return mentions(value, {name})  # counts[key] = counts.get(key, 0) + 1
        case ast.Call(
            func=ast.Attribute(attr="append" | "add", value=ast.Subscript(value=ast.Name(id=name)))
        ):
            return code.is_assigned(name, ast.Dict, *_DICTIONARIES)
    return False


def work_in_threads(before: Code, after: Code) -> str | None:
    """Recognise work that was split over several cores."""
    had = before.calls(*_THREADS) or [
        site for site in before.sites if has_keyword(site.node, "workers", "n_jobs")
    ]
    if had or not any(site.repeated or is_library_call(site.node) for site in before.sites):
        return None
    if new := after.calls(*_THREADS):
        return f"the work is split over threads or processes in {functions(new)} ({called(new)})"
    new = [site for site in after.sites if has_keyword(site.node, "workers", "n_jobs")]
    return f"{called(new)} in {functions(new)} works in several threads (workers=)" if new else None


def text_in_bulk(before: Code, after: Code) -> str | None:
    """Recognise text that was taken apart line by line and is now parsed in bulk."""
    old = [site for site in before.calls(*_PER_LINE) if _is_method_or_regex(site) and site.varies]
    still = [site for site in after.calls(*_PER_LINE) if _is_method_or_regex(site) and site.varies]
    new = [site for site in _new_calls(before, after, _BULK_TEXT) if not site.varies]
    if not old or len(still) * 2 > len(old) or not new:
        return None
    # A view or a search for separators is bulk parsing only beside an array made of the text's bytes.
    new += [site for site in _new_calls(before, after, _BULK_TEXT_BESIDE) if not site.varies]
    now = f"all is parsed at once with {called(new)} in {functions(new)}"
    return f"{functions(old)} took each line apart with {called(old)}; {now}"


def _is_method_or_regex(site: Site) -> bool:
    """Whether a call is a method or re's, not an array library's function of the same name."""
    return isinstance(getattr(site.node, "func", None), ast.Attribute) and not is_library_call(site.node)


def scan_to_lookup(before: Code, after: Code) -> str | None:
    """Recognise a list searched for each item that became a set, a dictionary, or a sorted order."""
    old = [site for site in before.sites if _scans(site, before)]
    still = [site for site in after.sites if _scans(site, after)]
    new = [site for site in _new_calls(before, after, _LOOKUPS) if not site.varies]
    literals = [site for site in after.sites if isinstance(site.node, ast.Set | ast.SetComp | ast.DictComp)]
    had = [site for site in before.sites if isinstance(site.node, ast.Set | ast.SetComp | ast.DictComp)]
    if not old or still or not (new or (literals and not had)):
        return None
    now = f"now {called(new) if new else 'a set or dictionary'} in {functions(new or literals)}"
    return f"{functions(old)} walked through a list for each item ({ast.unparse(old[0].node)}); {now}"


def _scans(site: Site, code: Code) -> bool:
    """Whether a node, in a loop over items, walks through a list or moves all of it."""
    if not site.loops:
        return False
    match site.node:
        case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[ast.Name(id=name)]):
            return code.is_list(name)
        case ast.Call(func=ast.Attribute(attr="remove" | "index" | "count", value=ast.Name(id=name))):
            return code.is_list(name)
        case ast.Call(func=ast.Attribute(attr="pop", value=ast.Name(id=name)), args=[ast.Constant(value=0)]):
            return code.is_list(name)
        case ast.Call(
            func=ast.Attribute(attr="insert", value=ast.Name(id=name)), args=[ast.Constant(value=0), _]
        ):
            return code.is_list(name)
    return False


def fewer_passes(before: Code, after: Code) -> str | None:
    """Recognise several loops over the same items that became fewer."""
    passes, fewer = _passes(before), _passes(after)
    for (function, iterable), count in passes.items():
        left = max((n for (_, other), n in fewer.items() if other == iterable), default=0)
        if count > 2 and 0 < left < count:  # noqa: PLR2004  two passes may be the better code
            return f"{function} went over {iterable} {count} times; now {left}"
    return None


def _passes(code: Code) -> dict[tuple[str, str], int]:
    """Count the loops over the same iterable in the same function, outside other loops."""
    loops = {
        (site.function, id(site.loops[0].node)): site.loops[0].iterable
        for site in code.sites
        if len(site.loops) == 1 and site.loops[0].iterable.isidentifier()
    }
    counts: dict[tuple[str, str], int] = {}
    for (function, _), iterable in loops.items():
        counts[function, iterable] = counts.get((function, iterable), 0) + 1
    return counts


def _new_calls(before: Code, after: Code, wanted: tuple[str, ...]) -> list[Site]:
    """Return the calls in `after` of functions that `before` does not call."""
    had = {tail(site.node) for site in before.calls(*wanted)}
    return [site for site in after.calls(*wanted) if tail(site.node) not in had]
