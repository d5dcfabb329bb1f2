"""A readable piece of a function: its head, the lines that matter, and what surrounds them."""

from __future__ import annotations

import ast
import bisect
from typing import TYPE_CHECKING

from perfkit.analyse.attribution import tree_of
from perfkit.model import CodeBlock

if TYPE_CHECKING:
    from collections.abc import Collection

    from perfkit.model import FunctionLines

MAX_LINES = 24


def excerpt(function: FunctionLines, lines: Collection[int], hot: Collection[int]) -> CodeBlock:
    """Cut a piece from a function, without its docstring, that fits on a page.

    Parameters
    ----------
    function
        With its source as it ran.
    lines
        The lines of the file to choose from; the function's head is kept in any case.
    hot
        The lines of the file that must be kept, with the heads of the loops and blocks around them.

    Returns
    -------
    CodeBlock
        At most about `MAX_LINES` lines; ``# ... n lines left out`` stands for the others.
    """
    tree = tree_of(function)
    first = function.first_line
    everything = range(first, first + len(function.source))
    docstring, head = docstring_of(tree, first), head_of(tree, first)
    body = [line for line in everything if line not in docstring]
    choice = [line for line in body if line in lines or line in head]
    kept = set(head) | {line for line in hot if line in choice}
    kept |= heads_around(tree, first, kept)
    if len(choice) <= MAX_LINES:
        kept |= set(choice)
    else:
        centre = sorted(hot) or [max(head, default=first)]
        for line in sorted(choice, key=lambda one: (min(abs(one - at) for at in centre), one)):
            if len(kept) >= MAX_LINES:
                break
            kept.add(line)
    return _joined(function, body, kept)


def _joined(function: FunctionLines, body: list[int], kept: set[int]) -> CodeBlock:
    """Join the lines that are kept, with a mark where some are left out."""
    indent = function.source[0][: len(function.source[0]) - len(function.source[0].lstrip())]
    text: list[str] = []
    gap: list[int] = []
    cut = False
    for line in [*body, None]:
        if line is not None and line not in kept:
            gap.append(line)
            continue
        left_out = [function.source[one - function.first_line] for one in gap]
        if any(one.strip() for one in left_out) and len(gap) > 1:
            following = left_out[-1] if line is None else function.source[line - function.first_line]
            margin = " " * (len(following) - len(following.lstrip()))
            text.append(f"{margin}# ... {len(gap)} lines left out")
            cut = True
        else:
            text += left_out  # a mark would take as much room
        gap = []
        if line is not None:
            text.append(function.source[line - function.first_line])
    return CodeBlock(
        file=function.file,
        function=function.name,
        first_line=function.first_line,
        text="\n".join(one.removeprefix(indent).rstrip() for one in text).rstrip(),
        cut=cut,
    )


def docstring_of(tree: ast.Module, first: int) -> range:
    """Return the lines of a function's docstring, where its first line is line `first` of the file."""
    match tree.body:
        case [
            ast.FunctionDef(body=[ast.Expr(value=ast.Constant(value=str())) as node, _, *_])
            | ast.AsyncFunctionDef(body=[ast.Expr(value=ast.Constant(value=str())) as node, _, *_])
        ]:
            return range(first + node.lineno - 1, first + (node.end_lineno or node.lineno))
    return range(0)


def head_of(tree: ast.Module, first: int) -> range:
    """Return the lines of a function's decorators and signature."""
    match tree.body:
        case [ast.FunctionDef(body=[node, *_]) | ast.AsyncFunctionDef(body=[node, *_])]:
            return range(first, first + max(node.lineno - 1, 1))
    return range(first, first + 1)


def heads_around(tree: ast.Module, first: int, lines: Collection[int]) -> set[int]:
    """Return the first lines of the loops, conditions and blocks around some lines."""
    at = sorted(line - first + 1 for line in lines)

    def holds_one(node: ast.stmt) -> bool:
        """Whether the next of the lines, from the node's first on, lies within it."""
        following = bisect.bisect_left(at, node.lineno)
        return following < len(at) and at[following] <= (node.end_lineno or 0)

    return {
        first + node.lineno - 1
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and hasattr(node, "body") and holds_one(node)
    }
