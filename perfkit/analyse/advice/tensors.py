"""What torch is asked for in small portions: single numbers, conversions, operations on few numbers."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from perfkit.analyse.advice import libraries
from perfkit.analyse.advice.nodes import replaced
from perfkit.analyse.advice.patterns import VERY_FEW, Found, Pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.analyse.advice.view import Site, View

NUMBERS = Pattern(
    "number taken out of a tensor on each pass (.item(), float())",
    "Keep what the passes give as tensors, and take the numbers out once after the loop.",
)
CONVERSIONS = Pattern(
    "array and tensor converted into each other on each pass",
    "Convert all of it once before the loop, and take parts of the result.",
)
SMALL = Pattern(
    "torch on so few numbers that its own cost a call is most of the time",
    "Give each call more numbers (a larger batch, all rows), or write the few operations in NumPy; and "
    "measure with torch.set_num_threads(1): tensors this small seldom gain by more threads.",
)

GRAPH = Pattern(
    "gradient taken through operations on single numbers",
    "Each operation on one number is a step of the backward pass, too: with whole tensors there, this line "
    "gets quick of itself.",
    min_hits=VERY_FEW,
)

SMALL_S = 0.0005
"""A line that takes longer a pass than this, under the profiler, may well have much to compute."""

_TO_TENSOR = frozenset(
    {"torch.tensor", "torch.as_tensor", "torch.from_numpy", "torch.Tensor", "torch.FloatTensor"}
)


def recognise(view: View) -> Iterator[Found]:
    """Yield what a function asks of torch in small portions."""
    if not view.module.uses("torch"):
        return
    for site, node, called in view.calls():
        if _is_kept(site) and _numbers(view, node, called):
            yield _found(NUMBERS, site, _kept(site, node), f"`{ast.unparse(node)}` runs on each pass")
        elif text := _conversion(view, site, node, called):
            yield _found(CONVERSIONS, site, text, f"`{ast.unparse(node)}` runs on each pass")
    for site in view.sites:
        if (
            site.loops
            and isinstance(site.node, ast.Expr | ast.Assign | ast.AugAssign)
            and _works(view, site.node)
        ):
            yield _found(
                SMALL,
                site,
                "torch.set_num_threads(1)  # before the loop",
                f"`{ast.unparse(site.node)}` runs on each pass, and takes little time on each",
            )


def backward(view: View) -> Iterator[Found]:
    """Yield where a function lets torch go backwards; whether through single numbers is for others to see."""
    for site in view.sites:
        match site.node:
            case ast.Call(func=ast.Attribute(attr="backward"), args=[]) if view.module.uses("torch"):
                yield _found(GRAPH, site, ast.unparse(site.node), "")


def _found(pattern: Pattern, site: Site, sketch: str, evidence: str) -> Found:
    """Say that a site shows a pattern."""
    return Found(
        pattern=pattern,
        node=site.node,
        statement=site.statement,
        loop=site.inner,
        sketch=sketch,
        evidence=f"{evidence}.",
    )


def _is_kept(site: Site) -> bool:
    """Whether a statement collects what it works out: appends it, or adds it up."""
    match site.statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="append"))) | ast.AugAssign():
            return True
        case ast.Assign(targets=[ast.Subscript()]):
            return True
    return False


def _numbers(view: View, node: ast.Call, called: str) -> bool:
    """Whether a call makes a Python number of a tensor."""
    if called == ".item":
        return not node.args and not node.keywords
    return called in ("float", "int", "bool") and len(node.args) == 1 and view.is_kind(node.args[0], "tensor")


def _kept(site: Site, node: ast.Call) -> str:
    """Return the statement with the tensor itself."""
    inner = node.func.value if isinstance(node.func, ast.Attribute) else node.args[0]
    kept = ast.Call(ast.Attribute(inner, "detach"), [], [])
    if not isinstance(site.statement, ast.Expr | ast.Assign | ast.AugAssign):
        return ast.unparse(inner)
    made = replaced(
        ast.Lambda(ast.arguments([], [], None, [], [], None, []), site.statement.value),
        lambda one: kept if isinstance(one, ast.Call) and ast.unparse(one) == ast.unparse(node) else None,
    )
    assert isinstance(made, ast.Lambda)  # noqa: S101  for mypy: what went in
    text = ast.unparse(made.body)
    match site.statement:
        case ast.Assign(targets=[target]):
            text = f"{ast.unparse(target)} = {text}"
        case ast.AugAssign(target=target):
            text = f"{ast.unparse(target)} += {text}"
    return text


def _conversion(view: View, site: Site, node: ast.Call, called: str) -> str:
    """Return the cure of a conversion that depends on the item; empty if there is none."""
    if called in _TO_TENSOR and node.args and site.varies(node):
        match node.args[0]:
            case ast.Subscript(value=ast.Name(id=whole), slice=index) if view.is_kind(
                ast.Name(whole), "array", "list"
            ):
                if any(whole in loop.stored for loop in site.loops):
                    return ""
                made = ast.unparse(ast.Call(node.func, [ast.Name(whole)], node.keywords))
                return f"{whole}_tensor = {made}  # before the loop\n{whole}_tensor[{ast.unparse(index)}]"
            case ast.Name(id=item) if (loop := site.inner) is not None and item in loop.targets:
                if (
                    loop.takes_items
                    and isinstance(loop.iterable, ast.Name)
                    and view.is_kind(loop.iterable, "array")
                ):
                    whole = ast.unparse(loop.iterable)
                    made = ast.unparse(ast.Call(node.func, [loop.iterable], node.keywords))
                    return f"for {item} in {made}:  # {whole} converted once"
    if called == ".numpy" and not node.args and isinstance(node.func, ast.Attribute):
        match node.func.value:
            case ast.Subscript(value=ast.Name(id=whole), slice=index) if view.is_kind(
                ast.Name(whole), "tensor"
            ):
                if site.varies(node) and not any(whole in loop.stored for loop in site.loops):
                    made = f"{whole}_array = {whole}.numpy()  # before the loop"
                    return f"{made}\n{whole}_array[{ast.unparse(index)}]"
    return ""


def _works(view: View, statement: ast.stmt) -> bool:
    """Whether a statement is a step of a training, or calls torch's functions."""
    for one in ast.walk(statement):
        if not isinstance(one, ast.Call):
            continue
        called = view.module.called(one)
        if called == ".backward" and not one.args:
            return True
        if called in (".step", ".zero_grad") and isinstance(one.func, ast.Attribute):
            return _is_optimiser(view, one.func.value)
        if called.startswith("torch.nn.functional.") or _is_module(view, one.func):
            return True
        if called.startswith("torch.") and called.count(".") == 1:
            return called.rpartition(".")[2] in libraries.ELEMENTWISE | libraries.REDUCTIONS | {
                "matmul",
                "mm",
                "dot",
            }
    return False


def _is_module(view: View, node: ast.expr) -> bool:
    """Whether a name is one of torch's modules, or of a class of the file that derives from them."""
    if not isinstance(node, ast.Name):
        return False
    given = [value for _, value in view.assigned(node.id)]
    if any(isinstance(one, ast.Call) and view.module.called(one).startswith("torch.nn.") for one in given):
        return True
    kind = view.kind(node)
    found = view.module.classes.get(kind.of) if kind is not None else None
    return found is not None and any(view.module.dotted(one) == "torch.nn.Module" for one in found.bases)


def _is_optimiser(view: View, node: ast.expr) -> bool:
    """Whether a name was assigned one of torch's optimisers."""
    if not isinstance(node, ast.Name):
        return False
    given = [value for _, value in view.assigned(node.id)]
    return any(
        isinstance(one, ast.Call) and view.module.called(one).startswith("torch.optim.") for one in given
    )
