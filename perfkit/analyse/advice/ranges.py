"""What a loop's variable becomes when the loop goes: the slice of an array that it runs over."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.analyse.advice import libraries

if TYPE_CHECKING:
    from perfkit.analyse.advice.loops import Loop
    from perfkit.analyse.advice.view import View


class CannotError(Exception):
    """Code that is not taken for something that whole arrays can do."""


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers that a loop's variable takes.

    Attributes
    ----------
    start
        A number, or an expression.
    stop
        An expression, if it is not the length of something.
    short
        What the stop is less than that length, if it is one.
    length
        The length's own text, such as ``len(x)``.
    half
        What is added to an outer loop's variable to get the start, if that is where it starts: half of all
        pairs.
    """

    variable: str
    start: ast.expr | None = None
    stop: ast.expr | None = None
    short: int = 0
    length: str = ""
    half: int | None = None

    def slice(self, shift: int, *, whole: bool) -> ast.Slice:
        """Return the slice for the variable plus a number.

        Parameters
        ----------
        shift
            The number.
        whole
            Whether the length that the stop is made of is that of the array that is sliced.

        Raises
        ------
        CannotError
            If it would begin before the array or end behind it.
        """
        lower: ast.expr | None = plus(self.start, shift) if self.start is not None else ast.Constant(shift)
        if isinstance(lower, ast.Constant) and isinstance(lower.value, int):
            if lower.value < 0:
                raise CannotError
            lower = lower if lower.value else None
        if self.stop is not None:
            return ast.Slice(lower=lower, upper=plus(self.stop, shift))
        ends = shift - self.short
        if not whole:
            return ast.Slice(lower=lower, upper=plus(ast.parse(self.length, mode="eval").body, ends))
        if ends > 0:
            raise CannotError
        return ast.Slice(lower=lower, upper=ast.UnaryOp(ast.USub(), ast.Constant(-ends)) if ends else None)


def plus(node: ast.expr, shift: int) -> ast.expr:
    """Add a number to an expression that may end in one."""
    match node:
        case ast.Constant(value=int(value)):
            return ast.Constant(value + shift)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=ast.Constant(value=int(value))):
            whole = (value if isinstance(op, ast.Add) else -value) + shift
            if whole == 0:
                return left
            sign = ast.Add() if whole > 0 else ast.Sub()
            return ast.BinOp(left, sign, ast.Constant(abs(whole)))
    if shift == 0:
        return node
    return ast.BinOp(node, ast.Add() if shift > 0 else ast.Sub(), ast.Constant(abs(shift)))


def of(loop: Loop, view: View) -> Range | None:
    """Return the numbers that a loop counts through; ``None`` if it does not count.

    Parameters
    ----------
    loop
        ``for i in range(...)``, or ``for i, item in enumerate(...)``.
    """
    match loop.iterable:
        case ast.Call(func=ast.Name(id="enumerate"), args=[_]) if isinstance(loop.target, ast.Tuple):
            first = loop.target.elts[0]
            length = f"len({ast.unparse(loop.iterable.args[0])})"
            return Range(first.id, length=length) if isinstance(first, ast.Name) else None
        case ast.Call(func=ast.Name(id="range" | "prange" | "tqdm" | "trange"), args=args):
            if not isinstance(loop.target, ast.Name):
                return None
            inner = args[0] if args else None
            match inner:
                case ast.Call(func=ast.Name(id="range"), args=inside):
                    args = inside
            return _counted(loop.target.id, args, view, loop)
    return None


def _counted(variable: str, args: list[ast.expr], view: View, loop: Loop) -> Range | None:
    """Return the numbers of ``range(...)``."""
    match args:
        case [stop]:
            start: ast.expr | None = None
        case [first, stop]:
            start = None if isinstance(first, ast.Constant) and first.value == 0 else first
        case _:
            return None
    half: int | None = None
    match start:
        case ast.Name(id=name) if name in view.counters(loop):
            half = 0
        case ast.BinOp(left=ast.Name(id=name), op=ast.Add(), right=ast.Constant(value=int(n))) if (
            name in view.counters(loop)
        ):
            half = n
    length, short = _length(stop, view)
    return Range(
        variable=variable,
        start=start if half is None else None,
        stop=None if length else stop,
        short=short,
        length=length,
        half=half,
    )


def _length(node: ast.expr, view: View, depth: int = 0) -> tuple[str, int]:  # noqa: PLR0911  one case a line
    """Return the text of the length that an expression is, and what it is short of it; empty for none."""
    match node:
        case ast.BinOp(left=left, op=ast.Sub(), right=ast.Constant(value=int(value))):
            length, short = _length(left, view, depth)
            return length, short + value
        case ast.Call(func=ast.Name(id="len"), args=[_]):
            return ast.unparse(node), 0
        case ast.Subscript(value=ast.Attribute(attr="shape"), slice=ast.Constant()):
            return ast.unparse(node), 0
        case ast.Call(func=ast.Attribute(attr="size"), args=[ast.Constant()]):
            return ast.unparse(node), 0
        case ast.Name(id=name) if depth < 2:  # noqa: PLR2004
            given = view.assigned(name)
            if len(given) == 1 and not given[0][0].loops:
                length, short = _length(given[0][1], view, depth + 1)
                return (name, short) if length else ("", 0)
            if not given and (unpacked := view.unpacked(name)) is not None and unpacked.endswith(".shape"):
                return name, 0
    return "", 0


def is_length(length: str, base: ast.expr, at: int, view: View, depth: int = 0) -> bool:
    """Whether a length's text is that of an array's axis: of itself, or of what it was made like.

    Parameters
    ----------
    length
        Such as ``len(x)``, ``x.shape[1]`` or a name that was assigned one of these.
    base
        The array.
    at
        Its axis.
    """
    text = ast.unparse(base)
    if length in ({f"len({text})", f"{text}.shape[0]", f"{text}.size(0)"} if at == 0 else set()):
        return True
    if length in (f"{text}.shape[{at}]", f"{text}.size({at})"):
        return True
    if depth > 3 or not isinstance(base, ast.Name):  # noqa: PLR2004
        return False
    if length.isidentifier():
        given = view.assigned(length)
        if len(given) == 1 and is_length(ast.unparse(given[0][1]), base, at, view, depth + 1):
            return True
        if view.unpacked(length) == f"{text}.shape":
            return view.place(length) == at
    made = view.assigned(base.id)
    return len(made) == 1 and _is_made_so(made[0][1], length, at, view, depth)


def _is_made_so(made: ast.expr, length: str, at: int, view: View, depth: int) -> bool:
    """Whether an array was made with that length, or like another that has it."""
    match made:
        case ast.Call(args=[first, *_]):
            name = view.module.called(made).rpartition(".")[2]
            if name.endswith("_like") or name in libraries.ELEMENTWISE:
                return is_length(length, first, at, view, depth + 1)
            shape = first.elts if isinstance(first, ast.Tuple | ast.List) else [first]
            return name in libraries.NEW_BY_SHAPE and at < len(shape) and ast.unparse(shape[at]) == length
        case ast.BinOp(left=left, right=right):
            return any(
                isinstance(one, ast.Name) and is_length(length, one, at, view, depth + 1)
                for one in (left, right)
            )
    return False
