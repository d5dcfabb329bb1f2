"""Recognisers of rewrites that work on whole arrays instead of one element at a time.

Each takes the code before and after, and returns its evidence, one sentence without the full stop, or
``None``. It claims nothing unless the slow way is in `before` and gone from `after`, and the fast way is new
in `after`.
"""

from __future__ import annotations

import ast
import builtins
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
    names,
    subscripts,
    tail,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perfkit.analyse.syntax import Code, Site

# What a scalar operation is called on whole arrays.
_ON_ARRAYS = {
    "abs": words("abs absolute fabs"),
    "max": words("max amax maximum nanmax"),
    "min": words("min amin minimum nanmin"),
    "sum": words("sum mean nansum nanmean"),
    "+=": words("sum mean nansum nanmean cumsum"),
    "pow": words("power square"),
    **{name: (name,) for name in words("sqrt exp log log2 log10 sin cos tan tanh floor hypot")},
}
_REDUCTIONS = words(
    "mean std var sum min max amin amax median norm prod argmax argmin any all percentile quantile average"
    " ptp count_nonzero nanmean cumsum sort"
)
_DRAWS = words(
    "random uniform normal integers randint standard_normal choice rand randn permutation exponential poisson"
)
_PRODUCTS_OF_PAIRS = words("einsum cdist pdist squareform euclidean_distances pairwise_distances")
_MASKED = words("where maximum minimum clamp clip relu copyto putmask select greater heaviside")


def loop_to_arrays(before: Code, after: Code) -> str | None:
    """Recognise scalar arithmetic in an element loop that became operations on whole arrays."""
    old: list[Site] = []
    new: list[Site] = []
    kinds: list[str] = []
    for kind, on_arrays in _ON_ARRAYS.items():
        scalar = [site for site in before.sites if site.varies and _is_scalar(site.node, kind)]
        still = [site for site in after.sites if site.varies and _is_scalar(site.node, kind)]
        had = [site for site in before.calls(*on_arrays) if _on_arrays(site)]
        has = [site for site in after.calls(*on_arrays) if _on_arrays(site)]
        if scalar and has and not still and not had:
            old += scalar
            new += has
            kinds.append(kind)
    if not old:
        return None
    depth = max(len(site.loops) for site in old)
    loop = "a loop over the items" if depth == 1 else f"a loop {depth} deep"
    return f"in {functions(old)}, {loop} with {listed(kinds)} became {called(new)} on whole arrays"


def _is_scalar(node: ast.AST, kind: str) -> bool:
    """Whether a node is a scalar operation: a built-in, one of math's, or a sum that a loop adds up."""
    if kind == "+=":
        return (
            isinstance(node, ast.AugAssign)
            and isinstance(node.op, ast.Add)
            and isinstance(node.target, ast.Name)
        )
    return isinstance(node, ast.Call) and call_name(node) in (kind, f"math.{kind}")


def _on_arrays(site: Site) -> bool:
    """Whether a call is one of an array library's functions or methods, and not once per item."""
    return not site.varies and (
        is_library_call(site.node) or isinstance(getattr(site.node, "func", 0), ast.Attribute)
    )


def call_per_item_to_batch(before: Code, after: Code) -> str | None:
    """Recognise a library call per item that became one call for many."""
    old: list[Site] = []
    new: list[Site] = []
    per_item = [site for site in before.sites if site.varies and _is_batchable(site.node)]
    for name in dict.fromkeys(tail(site.node) for site in per_item):
        same = _same_when_batched(name)
        has = [site for site in after.calls(*same) if _is_batched(site)]
        had = [site for site in before.calls(*same) if _is_batched(site)]
        still = [site for site in after.calls(*same) if site.varies]
        if has and not had and not still:
            old += [site for site in per_item if tail(site.node) == name]
            new += has
    if not old:
        return None
    return f"{called(old)} ran once per item in {functions(old)}; now {_verb('take', new)} many at once"


def _is_batchable(node: ast.AST) -> bool:
    """Whether a call takes one item: an array library's, a reduction, or ``f(x[i : i + 1])``."""
    if not isinstance(node, ast.Call) or tail(node) in _DRAWS:
        return False
    if is_library_call(node):
        return tail(node) not in ("array", "asarray", "zeros", "empty", "ones", "tensor", "arange", "append")
    if isinstance(node.func, ast.Attribute):
        return tail(node) in _REDUCTIONS and any(True for _ in subscripts(node.func.value))
    return _is_call_of_own(node) and any(
        isinstance(one.slice, ast.Slice) for one in node.args if isinstance(one, ast.Subscript)
    )


def _is_call_of_own(node: ast.Call) -> bool:
    """Whether a call goes to a plain name that is no built-in."""
    return isinstance(node.func, ast.Name) and not hasattr(builtins, node.func.id)


def _same_when_batched(name: str) -> set[str]:
    """Return what a per-item call may be called when it takes many items."""
    return (
        {name, f"r{name}", f"{name}n", f"r{name}n", f"{name}2"}
        if "fft" in name and "freq" not in name
        else {name}
    )


def _is_batched(site: Site) -> bool:
    """Whether a call takes many items: outside element loops, and a reduction along an axis only."""
    if site.varies or not isinstance(site.node, ast.Call):
        return False
    axis = has_keyword(site.node, "axis", "dim", "axes") or _axis_by_position(site.node)
    return axis or tail(site.node) not in _REDUCTIONS


def _axis_by_position(node: ast.Call) -> bool:
    """Whether a reduction's axis is its positional argument: ``x.sum(1)`` or ``np.sum(x, 1)``."""
    at = 1 if is_library_call(node) else 0
    return len(node.args) > at and isinstance(node.args[at], ast.Constant | ast.UnaryOp | ast.Tuple)


def item_at_a_time_to_product(before: Code, after: Code) -> str | None:
    """Recognise a model that was called with one row at a time and is now a matrix product of many."""
    old, still = before.find(_takes_single_row), after.find(_takes_single_row)
    had, has = ([site for site in code.sites if is_matrix_product(site.node)] for code in (before, after))
    if not old or still or had or not has or any(site.varies for site in has):
        return None
    return (
        f"{called(old)} took one row at a time in {functions(old)}; "
        f"a matrix product in {functions(has)} takes many"
    )


def _takes_single_row(site: Site) -> bool:
    """Whether a node is ``model(x[i : i + 1])`` in a loop over the rows."""
    node = site.node
    return (
        isinstance(node, ast.Call)
        and site.varies
        and _is_call_of_own(node)
        and any(_is_single_row(argument) for argument in node.args)
    )


def _is_single_row(node: ast.AST) -> bool:
    """Whether a node is ``x[i : i + 1]``."""
    match node:
        case ast.Subscript(
            slice=ast.Slice(
                lower=ast.Name(id=lower),
                upper=ast.BinOp(left=ast.Name(id=upper), op=ast.Add(), right=ast.Constant(value=1)),
            )
        ):
            return lower == upper
    return False


def indexing_to_slices(before: Code, after: Code) -> str | None:
    """Recognise differences of elements, ``x[i + 1] - x[i]``, that became those of slices or broadcasts."""
    old = before.find(lambda site: _is_element_difference(site, before))
    still = after.find(lambda site: _is_element_difference(site, after))
    if not old or still or _shifted(before):
        return None
    if new := _shifted(after):
        return f"differences of elements in {functions(old)} became those of shifted slices ({listed(new)})"
    broadcast = [site for site in after.sites if _is_broadcast_difference(site.node) and not site.varies]
    if broadcast and not any(_is_broadcast_difference(site.node) for site in before.sites):
        example = ast.unparse(broadcast[0].node)
        return f"differences of elements in {functions(old)} became one by broadcasting ({example})"
    return None


def _is_element_difference(site: Site, code: Code) -> bool:
    """Whether a node is ``x[i] - x[j]``: two elements of one array, indexed by a loop's variables."""
    if not site.loops or not isinstance(site.node, ast.BinOp) or not isinstance(site.node.op, ast.Sub):
        return False
    left, right = (_element(side, code) for side in (site.node.left, site.node.right))
    if left is None or right is None or ast.unparse(left.value) != ast.unparse(right.value):
        return False
    varying = {name for loop in site.loops for name in loop.varying}
    return mentions(left.slice, varying) and mentions(right.slice, varying)


def _element(node: ast.expr, code: Code) -> ast.Subscript | None:
    """Return the subscript that an expression is, or that the name it is was assigned."""
    if isinstance(node, ast.Name) and len(values := code.assigned.get(node.id, [])) == 1:
        node = values[0]
    return node if isinstance(node, ast.Subscript) else None


def _shifted(code: Code) -> list[str]:
    """Return slices of one array that are shifted against each other, if a difference is taken anywhere."""
    has_difference = any(
        isinstance(site.node, ast.BinOp | ast.AugAssign) and isinstance(site.node.op, ast.Sub)
        for site in code.sites
    ) or bool(code.calls("subtract"))
    by_base: dict[str, list[str]] = {}
    for site in code.sites:
        if isinstance(site.node, ast.Subscript) and not site.varies and _has_shift(site.node.slice):
            found = by_base.setdefault(ast.unparse(site.node.value), [])
            if (text := ast.unparse(site.node)) not in found:
                found.append(text)
    pairs = [texts for texts in by_base.values() if len(texts) > 1]
    if pairs and has_difference:
        return pairs[0][:3]
    return [ast.unparse(site.node) for site in code.calls("diff") if is_library_call(site.node)][:1]


def _has_shift(index: ast.AST) -> bool:
    """Whether an index has a slice that starts at one, or ends before the end: ``[1:]``, ``[:, :-1]``."""
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    for part in parts:
        match part:
            case ast.Slice(lower=ast.Constant(value=int(value)), upper=None) if value > 0:
                return True
            case ast.Slice(lower=None, upper=ast.UnaryOp(op=ast.USub(), operand=ast.Constant())):
                return True
    return False


def _is_broadcast_difference(node: ast.AST) -> bool:
    """Whether a node is a difference of which a side has a new axis: ``x[:, None] - y``."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Sub):
        return False
    return any(
        isinstance(side, ast.Subscript)
        and any(
            (isinstance(part, ast.Constant) and part.value is None) or call_name(part).endswith("newaxis")
            for part in (side.slice.elts if isinstance(side.slice, ast.Tuple) else [side.slice])
        )
        for side in (node.left, node.right)
    )


def pairs_to_product(before: Code, after: Code) -> str | None:
    """Recognise a loop over pairs that became a matrix product or a distance routine."""
    old = before.find(_is_of_pair)
    still = after.find(_is_of_pair)
    new = after.find(_compares_all_pairs)
    if not old or still or not new or before.find(_compares_all_pairs):
        return None
    now = "a matrix product" if any(is_matrix_product(site.node) for site in new) else called(new)
    return f"the loop over pairs in {functions(old)} became {now} in {functions(new)}"


def _is_of_pair(site: Site) -> bool:
    """Whether a node combines elements of one array that two nested loops are at."""
    if len(site.loops) < 2 or not isinstance(site.node, ast.BinOp | ast.Call):  # noqa: PLR2004  a pair
        return False
    outer, inner = (_targets(loop.node) for loop in site.loops[-2:])
    by_base: dict[str, list[set[str]]] = {}
    for one in subscripts(site.node):
        by_base.setdefault(ast.unparse(one.value), []).append(names(one.slice))
    return any(
        any(index & outer and not index & inner for index in indices)
        and any(index & inner and not index & outer for index in indices)
        for indices in by_base.values()
    )


def _targets(loop: ast.AST) -> set[str]:
    """Return the variables of a loop or a comprehension."""
    if isinstance(loop, ast.For | ast.AsyncFor):
        return names(loop.target)
    return {name for one in getattr(loop, "generators", ()) for name in names(one.target)}


def _compares_all_pairs(site: Site) -> bool:
    """Whether a node is a product or a distance of all against all."""
    routine = isinstance(site.node, ast.Call) and tail(site.node) in _PRODUCTS_OF_PAIRS
    return not site.varies and (routine or is_matrix_product(site.node))


def item_to_tensor(before: Code, after: Code) -> str | None:
    """Recognise ``.item()`` for each element that became an operation on the whole tensor."""
    old = [site for site in before.calls("item") if site.varies]
    still = [site for site in after.calls("item") if site.varies]
    new = [site for site in after.calls(*_MASKED, "argmax") if _on_arrays(site)]
    had = [site for site in before.calls(*_MASKED) if _on_arrays(site)]
    new = [site for site in new if tail(site.node) not in {tail(one.node) for one in had}]
    if not old or still or not new:
        return None
    return f".item() was called for each element in {functions(old)}; {_verb('take', new)} the whole array"


def complex_to_real_fft(before: Code, after: Code) -> str | None:
    """Recognise a complex Fourier transform that became a real one."""
    full, real = ("fft", "fft2", "fftn"), ("rfft", "rfft2", "rfftn")
    old, new = before.calls(*full), after.calls(*real)
    if not old or not new or before.calls(*real) or after.calls(*full):
        return None
    return f"{called(old)} in {functions(old)} became {called(new)}, which computes half the spectrum"


def sort_to_selection(before: Code, after: Code) -> str | None:
    """Recognise a full sort or a median that became a selection."""
    ordering = ("sort", "sorted", "argsort", "median", "percentile", "quantile")
    selecting = ("partition", "argpartition", "kthvalue", "topk", "nsmallest", "nlargest")
    old = before.calls(*ordering)
    new = [site for site in after.calls(*selecting) if not _is_text(site)]
    had = [site for site in before.calls(*selecting) if not _is_text(site)]
    if not old or not new or had or after.calls(*ordering):
        return None
    return f"{called(old)} in {functions(old)} became {called(new)}, which selects without sorting all"


def _is_text(site: Site) -> bool:
    """Whether a call is ``text.partition(" ")``."""
    arguments = getattr(site.node, "args", [])
    return any(isinstance(one, ast.Constant) and isinstance(one.value, str | bytes) for one in arguments[:1])


def draws_at_once(before: Code, after: Code) -> str | None:
    """Recognise random numbers drawn item by item that became draws of many."""
    old = [site for site in before.calls(*_DRAWS) if site.loops]
    new = [site for site in after.calls(*_DRAWS) if not site.loops]
    had = [site for site in before.calls(*_DRAWS) if not site.loops]
    if not old or not new or had or any(site.loops for site in after.calls(*_DRAWS)):
        return None
    return f"{called(old)} drew for one item at a time in {functions(old)}; {_verb('draw', new)} for many"


def _verb(verb: str, sites: Iterable[Site]) -> str:
    """Return the calls' names and a verb in the right number: ``np.mean takes``, ``min and max take``."""
    sites = list(sites)
    one = len({call_name(site.node) for site in sites}) == 1
    return f"{called(sites)} {verb}s" if one else f"{called(sites)} {verb}"
