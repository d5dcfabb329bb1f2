"""What a Python file shows of how it can be run, without running any of it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.catalog import words
from perfkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAIN = "__main__"
"""The entry of a whole file, as ``python FILE`` runs it."""
RUN, MAKE_INPUTS = "run", "make_inputs"
"""The two functions of a module that is made for perfkit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A file that is slow, as its source shows it; nothing of it is run.

    Attributes
    ----------
    file
        Absolute.
    functions
        The names that it gives functions at its top.
    called
        Those that its guard, ``if __name__ == "__main__"``, calls; None if it has no guard.
    works
        Whether it does anything at its top besides defining, importing and naming things.
    relative
        Whether it imports from its own package, which ``python FILE`` does not let it.
    """

    file: Path
    functions: tuple[str, ...]
    called: tuple[str, ...] | None
    works: bool
    relative: bool

    def entries(self) -> list[str]:
        """Return how it can be run, the likeliest first: functions, and the whole file."""
        whole = [MAIN] if self.called is not None or self.works or not self.functions else []
        serves = {RUN, MAKE_INPUTS} <= {*self.functions}
        first = [RUN] if serves else []
        others = [one for one in self.functions if one != MAKE_INPUTS]
        return list(dict.fromkeys([*first, *whole, *others]))

    def entry(self) -> str:
        """Return the entry that is meant if nobody says so; empty if that cannot be told."""
        found = self.entries()
        return found[0] if found[0] in {MAIN, RUN} or len(found) == 1 else ""


def look(path: str, start: Path, root: Path) -> Script:
    """Return what a file shows of itself.

    Parameters
    ----------
    path
        As the user typed it in the folder `start`.

    Raises
    ------
    UsageError
        If there is no such file, it is no Python, or lies outside of the project.
    """
    file = (start / path).resolve()
    if not file.is_file() or file.suffix != ".py":
        what = "is no Python file" if file.exists() else "does not exist"
        raise UsageError(f"{path} {what}: name the slow script, such as slow.py")
    if not file.is_relative_to(root):
        raise UsageError(f"{path} lies outside of {root}: run perfkit init in the script's own project")
    tree = words.parse(words.read(file), file)
    functions = [one.name for one in tree.body if isinstance(one, ast.FunctionDef)]
    imported = [one for one in (RUN, MAKE_INPUTS) if words.binds(tree, one)]
    guard = next((one for one in tree.body if _is_guard(one)), None)
    return Script(
        file=file,
        functions=tuple(dict.fromkeys([*functions, *imported])),
        called=None if guard is None else tuple(_called(guard)),
        works=any(not isinstance(one, _DEFINING) and not _is_docstring(one) for one in tree.body),
        relative=any(isinstance(one, ast.ImportFrom) and one.level for one in ast.walk(tree)),
    )


_DEFINING = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Import,
    ast.ImportFrom,
    ast.Assign,
    ast.AnnAssign,
    ast.If,
    ast.Try,
)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_guard(node: ast.stmt) -> bool:
    if not (isinstance(node, ast.If) and isinstance(node.test, ast.Compare)):
        return False
    sides = [node.test.left, *node.test.comparators]
    names = [one.id for one in sides if isinstance(one, ast.Name)]
    return names == ["__name__"] and any(isinstance(one, ast.Constant) and one.value == MAIN for one in sides)


def _called(guard: ast.stmt) -> Iterator[str]:
    for node in ast.walk(guard):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id
