"""One function as the recognisers see it: its statements, the loops around them, what changes in those."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from perfkit.analyse.advice.loops import Loop, source_of
from perfkit.analyse.advice.module import Function, parameters
from perfkit.analyse.syntax import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.analyse.advice.kind import Kind
    from perfkit.analyse.advice.kinds import Kinds
    from perfkit.analyse.advice.module import Caller, Module

Condition: TypeAlias = tuple[ast.If, bool, int]


_COMPILERS = ("numba.", "jax.", "torch.jit.", "torch.compile", "cython.")


@dataclass(frozen=True, eq=False)
class Site:
    """A node, the statement that it is part of, and the loops around it, outermost first.

    Attributes
    ----------
    conditions
        The ``if`` around it: each with whether this is its ``else``, and how many loops are around it.
    """

    node: ast.AST
    statement: ast.stmt
    loops: tuple[Loop, ...]
    conditions: tuple[Condition, ...] = ()

    @property
    def line(self) -> int:
        """Line of the file."""
        return getattr(self.node, "lineno", self.statement.lineno)

    @property
    def inner(self) -> Loop | None:
        """The innermost loop."""
        return self.loops[-1] if self.loops else None

    def varies(self, node: ast.AST | None = None) -> bool:
        """Whether it, or another node there, depends on the item of one of the loops."""
        found = names(self.node if node is None else node)
        return any(loop.takes_items and found & loop.varying for loop in self.loops)


@dataclass
class View:
    """A function with all that the file says about it."""

    module: Module
    kinds: Kinds
    function: Function
    around: tuple[Loop, ...] = ()
    _sites: list[Site] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read the function; one that is compiled has no slow loops."""
        if any(
            self.module.dotted(one.func if isinstance(one, ast.Call) else one).startswith(_COMPILERS)
            for one in self.function.decorator_list
        ):
            return
        for statement in self.function.body:
            self._read(statement, statement, self.around, ())

    @property
    def sites(self) -> list[Site]:
        """Every node of the function, nested functions and lambdas left out."""
        return self._sites

    def calls(self, *wanted: str) -> Iterator[tuple[Site, ast.Call, str]]:
        """Yield the calls in loops, with what they call; only of the names wanted, if any are given."""
        for site in self._sites:
            if isinstance(site.node, ast.Call) and site.loops:
                called = self.module.called(site.node)
                if not wanted or called in wanted:
                    yield site, site.node, called

    def kind(self, node: ast.expr | None) -> Kind | None:
        """Return what an expression is, if the source shows it."""
        return self.kinds.of(node, self.function)

    def is_kind(self, node: ast.expr | None, *wanted: str) -> bool:
        """Whether an expression is of one of those kinds."""
        found = self.kind(node)
        return found is not None and found.name in wanted

    def assigned(self, name: str) -> list[tuple[Site, ast.expr]]:
        """Return the plain assignments to a name in this function."""
        found = []
        for site in self._sites:
            match site.node:
                case ast.Assign(targets=[ast.Name(id=one)], value=value) if one == name:
                    found.append((site, value))
                case ast.AnnAssign(target=ast.Name(id=one), value=ast.expr() as value) if one == name:
                    found.append((site, value))
        return found

    def unpacked(self, name: str) -> str | None:
        """Return the source of what a name is unpacked from: ``x.shape`` for ``n, m = x.shape``."""
        for site in self._sites:
            match site.node:
                case ast.Assign(targets=[ast.Tuple(elts=elements)], value=value):
                    if any(isinstance(one, ast.Name) and one.id == name for one in elements):
                        return ast.unparse(value)
        return None

    def place(self, name: str) -> int:
        """Return the place at which a name is unpacked from a tuple; -1 if it is not."""
        for site in self._sites:
            match site.node:
                case ast.Assign(targets=[ast.Tuple(elts=elements)]):
                    names_ = [one.id if isinstance(one, ast.Name) else "" for one in elements]
                    if name in names_:
                        return names_.index(name)
        return -1

    def counters(self, loop: Loop) -> set[str]:
        """Return the variables of the loops around a loop."""
        for site in self._sites:
            if site.node is loop.node:
                return {name for one in site.loops for name in one.targets}
        return set()

    def _read(
        self,
        node: ast.AST,
        statement: ast.stmt,
        loops: tuple[Loop, ...],
        conditions: tuple[Condition, ...],
    ) -> None:
        """Collect the sites of a node and below."""
        if isinstance(node, Function | ast.ClassDef | ast.Lambda):
            return
        if isinstance(node, ast.stmt):
            statement = node
        self._sites.append(Site(node, statement, loops, conditions))
        for child, inside, tests in _children(node, loops, conditions):
            self._read(child, statement, inside, tests)


def views(module: Module, kinds: Kinds) -> dict[int, View]:
    """Read all functions of a file, by the line where they begin.

    A function that is called only from loops over items, with something of the item, is itself the inside of
    such a loop: it gets that loop around it.
    """
    first = {function: line for line, function in module.functions.items()}
    plain = {function: View(module, kinds, function) for function in first}
    found = dict(plain)
    for _ in range(3):  # as often as such calls are nested, in all practice
        for name, function in module.by_name.items():
            calls = module.callers.get(name, [])
            loops = [_caller_loop(one, function, found) for one in calls if one.function is not function]
            if loops and None not in loops and function not in (one.function for one in calls):
                loop = loops[0]
                assert loop is not None  # noqa: S101  for mypy
                targets = frozenset.intersection(*(one.targets for one in loops if one is not None))
                if targets:
                    rows = frozenset.intersection(*(one.rows for one in loops if one is not None))
                    made = Loop(function, "caller", targets, caller=loop.caller, rows=rows)
                    found[function] = View(module, kinds, function, (made,))
    return {first[function]: view for function, view in found.items()}


def _caller_loop(one: Caller, function: Function, found: dict[Function, View]) -> Loop | None:
    """Return the loop that a call stands for, if it is in one and passes something of its item."""
    if one.function is None or one.function not in found:
        return None
    site = next((each for each in found[one.function].sites if each.node is one.call), None)
    if site is None or not any(loop.takes_items for loop in site.loops):
        return None
    given = [(parameter.arg, value) for parameter, value in passed(one.call, function)]
    varying = frozenset(name for name, value in given if site.varies(value))
    rows = frozenset(name for name, value in given if _is_row(value, site, found[one.function]))
    return Loop(function, "caller", varying, caller=one, rows=rows) if varying else None


def _is_row(value: ast.expr, site: Site, view: View) -> bool:
    """Whether an expression is the item of an array that the innermost loop is at."""
    loop = site.inner
    if loop is None:
        return False
    whole: ast.expr | None = None
    match value:
        case ast.Subscript(value=base, slice=ast.Name(id=index)) if index in loop.targets:
            whole = None if names(base) & loop.stored else base
        case ast.Name(id=name) if name in loop.targets:
            whole = source_of(name, loop)
    return whole is not None and view.is_kind(whole, "array", "tensor")


def passed(call: ast.Call, function: Function) -> Iterator[tuple[ast.arg, ast.expr]]:
    """Yield a function's parameters with what a call passes for them."""
    yield from zip(parameters(function), call.args, strict=False)
    by_name = {one.arg: one for one in [*parameters(function), *function.args.kwonlyargs]}
    for keyword in call.keywords:
        if keyword.arg in by_name:
            yield by_name[keyword.arg], keyword.value


def _children(
    node: ast.AST, loops: tuple[Loop, ...], conditions: tuple[Condition, ...]
) -> Iterator[tuple[ast.AST, tuple[Loop, ...], tuple[Condition, ...]]]:
    """Yield a node's children with what is around them: what a loop runs over is outside of it."""
    match node:
        case ast.For() | ast.AsyncFor():
            loop = Loop(node, "for", frozenset(names(node.target)), node.iter, node.target)
            yield node.iter, loops, conditions
            yield from ((child, (*loops, loop), conditions) for child in (node.target, *node.body))
            yield from ((child, loops, conditions) for child in node.orelse)
        case ast.While():
            loop = Loop(node, "while", frozenset())
            yield from ((child, (*loops, loop), conditions) for child in (node.test, *node.body))
            yield from ((child, loops, conditions) for child in node.orelse)
        case ast.If():
            yield node.test, loops, conditions
            yield from ((child, loops, (*conditions, (node, False, len(loops)))) for child in node.body)
            yield from ((child, loops, (*conditions, (node, True, len(loops)))) for child in node.orelse)
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            for generator in node.generators:
                yield generator.iter, loops, conditions
                loop = Loop(
                    node,
                    "comprehension",
                    frozenset(names(generator.target)),
                    generator.iter,
                    generator.target,
                )
                loops = (*loops, loop)
                yield from ((child, loops, conditions) for child in generator.ifs)
            values = [
                child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.comprehension)
            ]
            yield from ((child, loops, conditions) for child in values)
        case _:
            yield from ((child, loops, conditions) for child in ast.iter_child_nodes(node))
