"""A loop: what it runs over, what changes from pass to pass, whether it takes items one at a time."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from perfkit.analyse.advice.module import Function, own
from perfkit.analyse.advice.nodes import bound, root
from perfkit.analyse.syntax import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.analyse.advice.module import Caller

_MUTATORS = frozenset(
    [
        "append",
        "extend",
        "insert",
        "pop",
        "remove",
        "clear",
        "sort",
        "reverse",
        "update",
        "add",
        "discard",
        "setdefault",
        "popitem",
        "appendleft",
        "popleft",
        "fill",
        "resize",
        "partition",
        "shuffle",
        "put",
        "write",
        "seek",
        "step",
        "zero_",
        "add_",
        "mul_",
        "copy_",
        "drop",
        "setflags",
        "read",
        "readline",
        "next",
        "__next__",
        "send",
        "push",
    ]
)
_MANY = 16
"""A loop over fewer numbers than that, given as such, is none over items."""


@dataclass(frozen=True, eq=False)
class Loop:
    """A loop or a comprehension's ``for``; or a function that another one's loop calls.

    Attributes
    ----------
    targets
        Names that differ from pass to pass by themselves.
    iterable
        What it runs over; ``None`` for ``while`` and for a loop of a caller.
    caller
        The call, where the loop is in another function.
    rows
        Of the targets of a caller's loop, those that get an array's items in turn.
    """

    node: ast.AST
    kind: Literal["for", "while", "comprehension", "caller"]
    targets: frozenset[str]
    iterable: ast.expr | None = None
    target: ast.expr | None = None
    caller: Caller | None = None
    rows: frozenset[str] = frozenset()

    @cached_property
    def body(self) -> list[ast.AST]:
        """Everything that runs on each pass."""
        match self.node:
            case ast.For(body=body) | ast.AsyncFor(body=body) | ast.While(body=body):
                inside: list[ast.AST] = list(body)
                if isinstance(self.node, ast.While):
                    inside.append(self.node.test)
                return [one for statement in inside for one in ast.walk(statement)]
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return list(own(self.node))
        return list(ast.walk(self.node))

    @cached_property
    def stored(self) -> frozenset[str]:
        """Names that are assigned on each pass, the loop's own variables included."""
        found = {
            one.id
            for one in self.body
            if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store | ast.Del)
        }
        return frozenset(found | self.targets)

    @cached_property
    def changed(self) -> frozenset[str]:
        """Names whose objects may be changed on a pass: items set, mutating methods called, ``out=``."""
        found: set[str] = set()
        for one in self.body:
            match one:
                case ast.Subscript(ctx=ast.Store() | ast.Del()) | ast.Attribute(ctx=ast.Store() | ast.Del()):
                    found.add(root(one))
                case ast.AugAssign(target=target):
                    found.add(root(target))
                case ast.Call(func=ast.Attribute(value=value, attr=attr)) if (
                    attr in _MUTATORS or attr.endswith("_")
                ):
                    found.add(root(value))
                case ast.keyword(arg="out", value=value):
                    found |= names(value)
        return frozenset(found - {""})

    @cached_property
    def varying(self) -> frozenset[str]:
        """Names that depend on the item that the loop is at."""
        found = set(self.targets)
        size = -1
        while len(found) != size:
            size = len(found)
            for one in self.body:
                match one:
                    case (
                        ast.AugAssign(target=target, value=value)
                        | ast.AnnAssign(target=target, value=ast.expr() as value)
                        | ast.NamedExpr(target=target, value=value)
                        | ast.For(target=target, iter=value)
                        | ast.comprehension(target=target, iter=value)
                    ) if names(value) & found:
                        found |= bound(target)
                    case ast.Assign(targets=targets, value=value) if names(value) & found:
                        for target in targets:
                            found |= bound(target)
        return frozenset(found)

    @cached_property
    def leaves_early(self) -> bool:
        """Whether a pass may end the loop: then not all items are looked at."""
        if isinstance(self.node, Function) or self.kind == "comprehension":
            return False
        return any(
            isinstance(one, ast.Return | ast.Yield | ast.YieldFrom | ast.Await) for one in self.body
        ) or any(isinstance(one, ast.Break) for one in _own_statements(self.node))

    @cached_property
    def takes_items(self) -> bool:
        """Whether it takes items one at a time: no blocks (a named step), no literal's few, no repeats."""
        if self.kind == "caller":
            return True
        used = any(
            isinstance(one, ast.Name) and one.id in self.targets and isinstance(one.ctx, ast.Load)
            for one in self.body
        )
        return self.iterable is not None and used and _yields_items(self.iterable)


def source_of(name: str, loop: Loop) -> ast.expr | None:
    """Return what a loop takes the items from that it assigns to a name, one at a time."""
    match loop.iterable, loop.target:
        case ast.Call(func=ast.Name(id="enumerate"), args=[whole]), ast.Tuple(elts=[_, ast.Name(id=one)]):
            return whole if one == name else None
        case ast.Call(func=ast.Name(id="zip"), args=sources), ast.Tuple(elts=elements):
            at = [one.id if isinstance(one, ast.Name) else "" for one in elements]
            return sources[at.index(name)] if name in at and len(sources) == len(elements) else None
        case ast.Call(func=ast.Name(id="enumerate" | "range")), _:
            return None
        case ast.expr() as whole, ast.Name(id=one):
            return whole if one == name else None
    return None


def _yields_items(iterable: ast.expr) -> bool:
    """Whether running over an expression means to take many items, one at a time."""
    match iterable:
        case ast.Call(func=ast.Name(id="range"), args=[_, _, step]):
            return isinstance(step, ast.Constant | ast.UnaryOp)  # a named step is a block's size
        case ast.Call(func=ast.Name(id="range"), args=[ast.Constant(value=int(n))]):
            return n >= _MANY
        case ast.Call(func=ast.Name(id="enumerate" | "zip" | "reversed" | "tqdm"), args=[first, *_]):
            return _yields_items(first)
        case ast.Tuple() | ast.List() | ast.Set() | ast.Dict() | ast.Constant():
            return False
    return True


def _own_statements(loop: ast.AST) -> Iterator[ast.AST]:
    """Walk a loop's body without the loops in it, whose ``break`` is their own."""
    waiting = list(getattr(loop, "body", []))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.For | ast.While | ast.AsyncFor):
            waiting.extend(ast.iter_child_nodes(node))
