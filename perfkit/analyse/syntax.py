"""What the techniques' recognisers need to know of source code: its expressions, and the loops around them.

The loop that matters is the *element loop*, which takes items one at a time. A loop over blocks
(``range(0, n, 125)``), over a literal tuple, or that merely repeats, is none.
"""

from __future__ import annotations

import ast
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

LIBRARIES = frozenset({"np", "numpy", "torch", "scipy", "sp", "nn", "F", "fft", "linalg", "special", "pd"})
"""Names by which the array libraries are called."""

_ELEMENT_SOURCES = frozenset(
    {"range", "enumerate", "zip", "reversed", "sorted", "items", "keys", "values", "arange"}
    | {"split", "splitlines", "readlines", "open"}
)

_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Around: TypeAlias = tuple[tuple["Loop", ...], bool]


@dataclass(frozen=True, slots=True)
class Loop:
    """An element loop.

    Attributes
    ----------
    varying
        Names whose values differ from pass to pass: the loop's variables and what is computed from them.
    iterable
        Source of what it runs over; empty where the loop is elsewhere and calls this function.
    """

    node: ast.AST
    varying: frozenset[str]
    iterable: str


@dataclass(frozen=True, slots=True)
class Site:
    """One node of the syntax tree, its function, and the element loops around it, outermost first.

    Attributes
    ----------
    repeated
        Whether any loop is around it, be it an element loop or not.
    """

    node: ast.AST
    function: str
    loops: tuple[Loop, ...]
    repeated: bool

    @property
    def varies(self) -> bool:
        """Whether the node depends on the item that an element loop is at."""
        return any(mentions(self.node, loop.varying) for loop in self.loops)


@dataclass(slots=True)
class Code:
    """The functions of one side.

    Attributes
    ----------
    sites
        Every node of every function.
    assigned
        What is assigned to a name anywhere: its right-hand sides.
    """

    sites: list[Site] = field(default_factory=list)
    assigned: dict[str, list[ast.expr]] = field(default_factory=dict)

    @classmethod
    def parse(cls, sources: Sequence[str]) -> Code | None:
        """Read sources, each a function or a block; ``None`` if one of them is no Python."""
        try:
            trees = [parse(source) for source in sources]
        except (SyntaxError, ValueError, RecursionError):
            return None
        code = cls()
        for tree in trees:
            code._read(tree, "", ((), False))
        # A function that an element loop calls runs once per item: read it again as a part of that loop.
        done: set[str] = set()
        while True:
            called = {
                call_name(one.node) for one in code.sites if one.loops and isinstance(one.node, ast.Call)
            }
            functions = {one.node.name: one for one in code.sites if isinstance(one.node, _Function)}
            todo = [functions[name] for name in sorted(called & functions.keys()) if name not in done]
            if not todo:
                return code
            for one in todo:
                node = one.node
                assert isinstance(node, _Function)  # noqa: S101  for mypy: `functions` holds no others
                done.add(node.name)
                inside = set(ast.walk(node))
                code.sites = [site for site in code.sites if site.node not in inside]
                parameters = {
                    parameter.arg for parameter in ast.walk(node.args) if isinstance(parameter, ast.arg)
                }
                loop = Loop(node, _tainted(node, parameters), "")
                code._read(node, "", ((*one.loops, loop), True))

    def _read(self, node: ast.AST, function: str, around: Around) -> None:
        """Collect the sites of `node` and below, and what is assigned there."""
        self.sites.append(Site(node, function, *around))
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self.assigned.setdefault(name, []).append(value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                self.assigned.setdefault(name, []).append(value)
        if isinstance(node, _Function):  # a nested function's name says less than that of the one it serves
            function = function or node.name
        for child, around_child in _children(node, around):
            self._read(child, function, around_child)

    def find(self, test: Callable[[Site], bool]) -> list[Site]:
        """Return the sites that pass a test."""
        return [site for site in self.sites if test(site)]

    def calls(self, *wanted: str) -> list[Site]:
        """Return the calls of functions or methods by the last part of their names."""
        return [site for site in self.sites if isinstance(site.node, ast.Call) and tail(site.node) in wanted]

    def is_list(self, name: str) -> bool:
        """Whether a name is a list wherever it is assigned."""
        returning = {
            site.node.name
            for site in self.sites
            if isinstance(site.node, _Function)
            and site.node.returns is not None
            and _is_list_type(site.node.returns)
        }
        values = self.assigned.get(name, [])
        return bool(values) and all(
            isinstance(value, ast.List | ast.ListComp)
            or (isinstance(value, ast.Call) and tail(value) in {"list", "sorted", *returning})
            for value in values
        )

    def is_assigned(self, name: str, kind: type[ast.expr], *constructors: str) -> bool:
        """Whether a name is somewhere assigned a literal of that kind or the result of a constructor."""
        return any(
            isinstance(value, kind) or (isinstance(value, ast.Call) and tail(value) in constructors)
            for value in self.assigned.get(name, ())
        )


def parse(source: str) -> ast.Module:
    """Parse source that may be indented; textwrap.dedent would stumble over strings at the margin.

    Raises
    ------
    SyntaxError, ValueError, RecursionError
        As `ast.parse`.
    """
    if not source[:1].isspace() or not source.strip() or source.startswith("\n"):
        return ast.parse(textwrap.dedent(source))
    tree = ast.parse(f"if True:\n{source}")
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt | ast.expr):
            node.lineno, node.end_lineno = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    return ast.Module(body=tree.body[0].body, type_ignores=[]) if isinstance(tree.body[0], ast.If) else tree


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text: a table of names, written briefly."""
    return tuple(text.split())


def names(node: ast.AST) -> set[str]:
    """Return all names that occur in a node."""
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def mentions(node: ast.AST, wanted: Iterable[str]) -> bool:
    """Whether any of the names occurs in a node."""
    return not names(node).isdisjoint(wanted)


def call_name(node: ast.AST) -> str:
    """Return a call's dotted name: ``np.fft.fft2``; a method of an expression is ``.mean``."""
    parts: list[str] = []
    at: ast.AST = node.func if isinstance(node, ast.Call) else node
    while isinstance(at, ast.Attribute):
        parts.append(at.attr)
        at = at.value
    parts.append(at.id if isinstance(at, ast.Name) else "")
    return ".".join(reversed(parts))


def tail(node: ast.AST) -> str:
    """Return the last part of a call's name."""
    return call_name(node).rpartition(".")[2]


def is_library_call(node: ast.AST) -> bool:
    """Whether a call goes to an array library by its module's name."""
    return isinstance(node, ast.Call) and call_name(node).partition(".")[0] in LIBRARIES


def has_keyword(node: ast.AST, *wanted: str) -> bool:
    """Whether a call has one of the keyword arguments."""
    return isinstance(node, ast.Call) and any(keyword.arg in wanted for keyword in node.keywords)


def subscripts(node: ast.AST) -> Iterator[ast.Subscript]:
    """Yield the subscripts in a node."""
    return (one for one in ast.walk(node) if isinstance(one, ast.Subscript))


def is_matrix_product(node: ast.AST) -> bool:
    """Whether a node is ``a @ b`` or a call that multiplies matrices."""
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.MatMult)
    products = {"matmul", "dot", "mm", "bmm", "addmm", "tensordot", "inner", "gemm"}
    return isinstance(node, ast.Call) and tail(node) in products


def _children(node: ast.AST, around: Around) -> Iterator[tuple[ast.AST, Around]]:
    """Yield a node's children, each with the loops around it: a loop's iterable is outside of it."""
    loops, _ = around
    match node:
        case ast.For() | ast.AsyncFor():
            inside = ((*loops, *_element_loop(node, node.target, node.iter)), True)
            yield node.iter, around
            yield from ((child, inside) for child in (node.target, *node.body))
            yield from ((child, around) for child in node.orelse)
        case ast.While():
            changed = [one.target for one in ast.walk(node) if isinstance(one, ast.AugAssign)]
            counters = {name for target in changed for name in names(target)}
            inside = ((*loops, Loop(node, _tainted(node, counters), ast.unparse(node.test))), True)
            yield from ((child, inside) for child in ast.iter_child_nodes(node))
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            for generator in node.generators:
                yield generator.iter, around
                around = ((*around[0], *_element_loop(node, generator.target, generator.iter)), True)
                yield from ((child, around) for child in generator.ifs)
            yield from (
                (child, around) for child in ast.iter_child_nodes(node) if child not in node.generators
            )
        case _:
            yield from ((child, around) for child in ast.iter_child_nodes(node))


def _is_list_type(annotation: ast.expr) -> bool:
    """Whether an annotation is ``list`` or ``list[...]``."""
    return ast.unparse(annotation).partition("[")[0] in ("list", "List")


def _element_loop(node: ast.AST, target: ast.expr, iterable: ast.expr) -> tuple[Loop, ...]:
    """Return the loop if it takes items one at a time."""
    targets = names(target)
    if not _yields_elements(iterable) or not _uses(node, targets):
        return ()
    # An unknown function yields elements, or slices: slices are used as indices.
    unknown = isinstance(iterable, ast.Call) and tail(iterable) not in _ELEMENT_SOURCES
    if unknown and any(mentions(one.slice, targets) for one in subscripts(node)):
        return ()
    return (Loop(node, _tainted(node, targets), ast.unparse(iterable)),)


def _yields_elements(iterable: ast.expr) -> bool:
    """Whether running over an expression means to take items one at a time."""
    match iterable:
        case ast.Call(func=ast.Name(id="range"), args=[_, _, step]):
            return isinstance(step, ast.Constant | ast.UnaryOp)  # a named step is a block's size
        case ast.Call(func=ast.Name(id="enumerate" | "zip" | "reversed"), args=[first, *_]):
            return _yields_elements(first)
        case ast.Tuple() | ast.List() | ast.Set() | ast.Dict() | ast.Constant():
            return False
    return True


def _uses(node: ast.AST, targets: set[str]) -> bool:
    """Whether a loop uses its variables: one that does not merely repeats."""
    return any(
        isinstance(one, ast.Name) and one.id in targets and isinstance(one.ctx, ast.Load)
        for one in ast.walk(node)
    )


def _tainted(node: ast.AST, start: Iterable[str]) -> frozenset[str]:
    """Return the names that depend on those of `start` within a loop or a function."""
    found = set(start)
    size = -1
    while len(found) != size:
        size = len(found)
        for one in ast.walk(node):
            match one:
                case ast.Assign(targets=targets, value=value) if mentions(value, found):
                    for target in targets:
                        found |= _bound(target)
                case (
                    ast.AugAssign(target=target, value=value)
                    | ast.AnnAssign(target=target, value=ast.expr() as value)
                    | ast.NamedExpr(target=target, value=value)
                    | ast.For(target=target, iter=value)
                    | ast.comprehension(target=target, iter=value)
                ) if mentions(value, found):
                    found |= _bound(target)
    return frozenset(found)


def _bound(target: ast.expr) -> set[str]:
    """Return the names that an assignment binds; an assignment to an item binds none."""
    return (
        set()
        if isinstance(target, ast.Subscript | ast.Attribute)
        else {
            one.id for one in ast.walk(target) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
        }
    )


def listed(texts: Iterable[str], limit: int = 4) -> str:
    """Return distinct texts as a list in words: ``a, b and c``; ``a, b, c, d and 2 more``."""
    distinct = list(dict.fromkeys(texts))
    if len(distinct) > limit:
        distinct = [*distinct[:limit], f"{len(distinct) - limit} more"]
    return " and ".join(filter(None, [", ".join(distinct[:-1]), distinct[-1]])) if distinct else ""


def functions(sites: Iterable[Site]) -> str:
    """Name the functions that sites lie in."""
    return listed(site.function or "the stage's block" for site in sites)


def called(sites: Iterable[Site]) -> str:
    """Name what sites call: ``np.mean, np.std and np.max``."""
    return listed(call_name(site.node).removeprefix(".") for site in sites)
