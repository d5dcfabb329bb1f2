"""Collapsed stacks, one line each, as flamegraph.pl, inferno and speedscope read them.

``outer;inner 1200``, and for two profiles ``outer;inner 1200 300``, as difffolded.pl writes it. Weights are
whole microseconds. A frame's name holds neither ``;`` nor white space: they are written as in an address,
``%3B`` and ``%20``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.report.exports import trees

if TYPE_CHECKING:
    from perfkit.model import CallTree, StackFrame

_ROOT_OF_GUESSES = "(approximate)"
"""There is no place for a title, so the outermost frame says it."""


def render(tree: CallTree) -> bytes:
    """Render one profile; each frame with its place, ``extract(baselines/demo.py:12)``."""
    weights = _rounded(
        _weights(tree, [_with_place(one) for one in tree.frames], approximate=tree.approximate)
    )
    return _text([f"{stack} {weight}" for stack, weight in weights.items() if weight])


def render_difference(before: CallTree, after: CallTree) -> bytes:
    """Render two profiles side by side; 0 stands for a stack that one of them lacks.

    A stack of the one is that of the other if its names are the same. Of the project's own files neither
    the file nor the line counts, since the rewrite lies elsewhere.
    """
    approximate = before.approximate or after.approximate
    old, new = (
        _rounded(_weights(tree, [_elsewhere(one) for one in tree.frames], approximate=approximate))
        for tree in (before, after)
    )
    both = {stack: (old.get(stack, 0), new.get(stack, 0)) for stack in {**old, **new}}
    return _text([f"{stack} {one} {other}" for stack, (one, other) in both.items() if one or other])


def _weights(tree: CallTree, labels: list[str], *, approximate: bool) -> dict[str, float]:
    """Return seconds by stack; different nodes may have the same names."""
    labels = [escape(one) for one in labels]
    root = [_ROOT_OF_GUESSES] if approximate else []
    found: dict[str, float] = {}
    for node in trees.depth_first(tree):
        if tree.self_s[node] > 0:
            stack = ";".join([*root, *(labels[one] for one in trees.stack(tree, node))])
            found[stack] = found.get(stack, 0.0) + tree.self_s[node]
    return found


def _rounded(weights: dict[str, float]) -> dict[str, int]:
    return {stack: round(spent * 1e6) for stack, spent in weights.items()}


def _with_place(frame: StackFrame) -> str:
    file, line = trees.place(frame)
    return f"{trees.name(frame)}({file}:{line})" if file else trees.name(frame)


def _elsewhere(frame: StackFrame) -> str:
    """Return a label that is the same on both sides: paths of the project's own files are relative."""
    return _with_place(frame) if frame.file.startswith(("/", "<")) else trees.name(frame)


def escape(name: str) -> str:
    """Write a name without ``;``, white space or control characters; `urllib.parse.unquote` undoes it."""
    return "".join(
        char if char.isprintable() and char not in "%; " else _percent(char) for char in name or "?"
    )


def _percent(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogatepass"))


def _text(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
