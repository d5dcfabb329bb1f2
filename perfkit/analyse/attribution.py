"""Whose time is it: the lines of a line profile, attributed to the stages they serve.

A line's time includes the functions that it calls; where those are profiled themselves, their time is theirs
alone. line_profiler records no callers, so a function called from several lines is divided among them in
proportion to the lines' times.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from perfkit.analyse.syntax import parse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perfkit.model import FunctionLines, ProfileRun

_CALLED_BY_CALLING = ("__call__", "forward")


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A function that serves a stage.

    Attributes
    ----------
    lines
        The lines of it that do: all, or those of the stage's block.
    weight
        The share of those lines' time that belongs to this stage, 0 to 1.
    own_s
        By line: seconds for this stage, without the profiled functions that the line calls.
    is_root
        Whether the function is the stage, or holds its block.
    """

    function: FunctionLines
    lines: frozenset[int]
    weight: float
    own_s: dict[int, float]
    is_root: bool

    @property
    def total_own_s(self) -> float:
        """Seconds for this stage outside of other profiled functions."""
        return sum(self.own_s.values())


class Attribution:
    """The functions of one line profile, and how their time flows from callers to callees.

    Parameters
    ----------
    run
        A line profile.
    """

    def __init__(self, run: ProfileRun) -> None:
        self._run = run
        self._functions = {one.name: one for one in run.lines}
        self._times = {one.name: {cost.line: cost.time_s for cost in one.lines} for one in run.lines}
        self._calls = self._call_lines()
        self._called_s: dict[str, float] = {}
        for caller, calls in self._calls.items():
            for callee, lines in calls.items():
                time_s = sum(self._times[caller].get(line, 0.0) for line in lines)
                self._called_s[callee] = self._called_s.get(callee, 0.0) + time_s

    def _call_lines(self) -> dict[str, dict[str, frozenset[int]]]:
        """Find on which lines each function calls, or passes on, each of those that it names."""
        found = {
            caller.name: {
                callee: _mentions(caller, callee)
                for callee in caller.calls
                if callee in self._functions and callee != caller.name
            }
            for caller in self._functions.values()
        }
        seen = {callee for calls in found.values() for callee, lines in calls.items() if lines}
        for caller, calls in found.items():
            costliest = max(self._times[caller], key=self._times[caller].__getitem__, default=None)
            for callee in calls.keys() - seen:
                # Nobody is seen to call it: it runs through an object of which the sources say nothing.
                if costliest is not None and not callee.endswith(".__init__"):
                    calls[callee] = frozenset({costliest})
        return found

    def _flow(self, caller: str, callee: str, lines: frozenset[int]) -> float:
        """Return the share of the callee's time that comes from those lines of the caller."""
        total = self._called_s.get(callee, 0.0)
        calling = self._calls[caller][callee] & lines
        return sum(self._times[caller].get(line, 0.0) for line in calling) / total if total else 0.0

    def _own_s(self, name: str, line: int) -> float:
        """Return a line's seconds without those of the profiled functions that it calls."""
        own = self._times[name].get(line, 0.0)
        for callee, lines in self._calls[name].items():
            if line in lines:
                own -= sum(self._times[callee].values()) * self._flow(name, callee, frozenset({line}))
        return max(own, 0.0)

    def serving(self, path: str) -> tuple[Serving, ...]:
        """Return the functions that serve a stage, the costliest first.

        Those are the stage's function, or the one that holds its block, and all functions of the file that
        are reached from there and are no stages themselves.

        Parameters
        ----------
        path
            The stage's path; empty for ``run``, outside of all stages.
        """
        roots = self._roots(path)
        lines = {name: served for name, (served, _) in roots.items()}
        weights = {name: weight for name, (_, weight) in roots.items()}
        for _ in self._functions:  # as often as the longest chain of calls has links
            flowing = {name: weight for name, (_, weight) in roots.items()}
            for caller, weight in weights.items():
                for callee in self._calls[caller]:
                    if callee not in roots and not _is_decorated(self._functions[callee]):
                        lines.setdefault(callee, _outside_blocks(self._functions[callee]))
                        flow = weight * self._flow(caller, callee, lines[caller])
                        flowing[callee] = min(flowing.get(callee, 0.0) + flow, 1.0)
            if flowing == weights:
                break
            weights = flowing
        found = [
            Serving(
                function=self._functions[name],
                lines=lines[name],
                weight=weight,
                own_s={
                    line: weight * self._own_s(name, line)
                    for line in self._times[name]
                    if line in lines[name]
                },
                is_root=name in roots,
            )
            for name, weight in weights.items()
            if weight > 0
        ]
        return tuple(sorted(found, key=lambda one: (-one.total_own_s, one.function.first_line)))

    def _roots(self, path: str) -> dict[str, tuple[frozenset[int], float]]:
        """Return the stage's functions: their lines for it, and the share of their time under this path."""
        if not path:
            return {"run": (_outside_blocks(self._functions["run"]), 1.0)} if "run" in self._functions else {}
        name = path.rpartition("/")[2]
        same = {one.path: one.total_s for one in self._run.stages if one.path.rpartition("/")[2] == name}
        total = sum(same.values())
        share = same.get(path, 0.0) / total if total else 1.0
        roots = {}
        for function in self._functions.values():
            if name in (blocks := _blocks(function)):
                inner = [lines for other, lines in blocks.items() if other != name and lines < blocks[name]]
                roots[function.name] = (blocks[name].difference(*inner), share)
            elif function.stage == name:
                roots[function.name] = (_outside_blocks(function), share)
        return roots


def text_of(function: FunctionLines, lines: Iterable[int] | None = None) -> str:
    """Return a function's source, or that of some of its lines."""
    wanted = (
        range(len(function.source)) if lines is None else sorted(line - function.first_line for line in lines)
    )
    return "\n".join(function.source[at] for at in wanted)


def tree_of(function: FunctionLines) -> ast.Module:
    """Return a function's syntax tree; its line 1 is the function's first. Empty if it cannot be parsed."""
    return _parse(function.source)


@lru_cache(maxsize=256)
def _parse(source: tuple[str, ...]) -> ast.Module:
    """Parse a function's source."""
    try:
        return parse("\n".join(source))
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module(body=[], type_ignores=[])


def _is_decorated(function: FunctionLines) -> bool:
    """Whether a function is a stage as a whole, rather than holding a stage's block."""
    return function.stage is not None and function.stage not in _blocks(function)


def _blocks(function: FunctionLines) -> dict[str, frozenset[int]]:
    """Return the lines of each ``with stage("name")`` in a function, by name."""
    found: dict[str, frozenset[int]] = {}
    for node in ast.walk(tree_of(function)):
        if isinstance(node, ast.With):
            lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            for item in node.items:
                match item.context_expr:
                    case ast.Call(
                        func=ast.Name(id="stage") | ast.Attribute(attr="stage"),
                        args=[ast.Constant(value=str(name)), *_],
                    ):
                        here = frozenset(function.first_line + line - 1 for line in lines)
                        found[name] = found.get(name, frozenset()) | here
    return found


def _outside_blocks(function: FunctionLines) -> frozenset[int]:
    """Return a function's lines that are in no stage's block."""
    lines = frozenset(range(function.first_line, function.first_line + len(function.source)))
    return lines.difference(*_blocks(function).values())


def _mentions(caller: FunctionLines, callee: str) -> frozenset[int]:
    """Return the lines on which a function's body calls another or passes it on."""
    owner, _, simple = callee.rpartition(".")
    is_method = bool(owner) and not owner.endswith("<locals>")
    tree = tree_of(caller)
    function = tree.body[0] if tree.body else None
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return frozenset()
    local = {argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)} | {
        one.id for one in ast.walk(function) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
    }
    found = set()
    for node in (one for statement in function.body for one in ast.walk(statement)):
        match node:
            case ast.Name(id=name) if name == simple and not is_method:
                found.add(node.lineno)
            case ast.Name(id=name) if simple == "__init__" and name == owner.rpartition(".")[2]:
                found.add(node.lineno)
            case ast.Attribute(attr=name) if name == simple and is_method:
                found.add(node.lineno)
            case ast.Call(func=ast.Name(id=name)) if name in local and simple in _CALLED_BY_CALLING:
                found.add(node.lineno)
    return frozenset(caller.first_line + line - 1 for line in found)
