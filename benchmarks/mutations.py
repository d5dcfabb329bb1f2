"""Two versions of real source files, whose functions were renamed, moved and edited, and the truth of it.

Functions are taken from files that are given; a seed decides what becomes of each. What the matching sees
are two function tables and the sources, as after profiling both versions; what it must find is known.
"""

from __future__ import annotations

import ast
import random
import re
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from perfkit.model import FunctionTable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KINDS = {
    "unchanged": 0.26,
    "renamed": 0.14,
    "moved": 0.12,
    "renamed and moved": 0.12,
    "edited": 0.12,
    "renamed and edited": 0.12,
    "removed": 0.06,
    "added": 0.06,
}
"""What becomes of functions, and of which share of them."""

EDITED = 0.3
"""Share of a function's lines that an edit changes."""

MOST_PER_FILE = 12

_LEAST_LEFT = 2  # statements of a function from which one is deleted
_NOTED = 0.3  # share of functions that get comments above

_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_AFFIXES = ("{}_fast", "fast_{}", "{}_vectorised", "_{}", "{}_impl", "{}2", "{}_batched", "new_{}")
_SWAPS = ((" + ", " - "), (" - ", " + "), (" * ", " / "), (" < ", " <= "), (" > ", " >= "), (" == ", " != "),
          (" and ", " or "), ("True", "False"), ("None", "()"), ("0", "1"), ("1", "2"))  # fmt: skip


@dataclass(eq=False)
class Chunk:
    """One function: its lines, decorators included, before and after."""

    file: str
    owner: str
    name: str
    lines: list[str]
    kind: str = "unchanged"
    new_name: str = ""
    new_file: str = ""
    new_lines: list[str] = field(default_factory=list)
    line_before: int = 0
    line_after: int = 0

    @property
    def words(self) -> int:
        """How many words the body has."""
        return len(re.findall(r"\w+", _code("\n".join(self.lines))))


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """A problem and its solution.

    Attributes
    ----------
    truth
        Of each function before: its index after, or -1.
    kinds
        Of each function before, what became of it.
    sizes
        Of each function before, the words of its body.
    added
        Indices after of functions that were not there before.
    """

    before: FunctionTable
    after: FunctionTable
    truth: list[int]
    kinds: list[str]
    sizes: list[int]
    added: list[int]


def make(files: Mapping[str, str], n: int, seed: int, *, qualified: bool = False) -> Case:
    """Make two versions of files, with `n` functions before.

    Parameters
    ----------
    files
        Text by place, such as ``json/decoder.py``.
    n
        How many functions the first version's profile holds.
    seed
        Decides which functions, and what becomes of each.
    qualified
        Whether the tables hold qualified names; those of cProfile's own files do not.

    Raises
    ------
    ValueError
        When the files hold too few functions.
    """
    chance = random.Random(seed)  # noqa: S311  no secret
    segments, chunks = _chosen(files, round(n / (1 - KINDS["added"])), chance)
    names = sorted({one.name for one in chunks})
    statements = _statements(chunks)
    kinds = [kind for kind, share in KINDS.items() for _ in range(round(share * len(chunks)))]
    kinds += ["unchanged"] * (len(chunks) - len(kinds))
    chance.shuffle(kinds)
    places = sorted(segments)
    taken = {(one.file, one.owner, one.name) for one in chunks}
    for one, kind in zip(chunks, kinds, strict=False):
        _mutate(one, kind, chance, names=names, statements=statements, places=places, taken=taken)
    for place in places:
        _follow_renames([one for one in chunks if one.file == place])
    before, after = _emit(segments, chunks, chance)
    return _case(before, after, chunks, chance, qualified=qualified)


# ------------------------------------------------------------------------------------------ choice


def _chosen(
    files: Mapping[str, str], n: int, chance: random.Random
) -> tuple[dict[str, list[str | Chunk]], list[Chunk]]:
    """Choose functions, and cut their files into lines and chunks."""
    chosen: dict[str, list[tuple[str, _Function]]] = {}
    places = sorted(files)
    chance.shuffle(places)
    count = 0
    for place in places:
        if count >= n:
            break
        try:
            tree = ast.parse(files[place])
        except SyntaxError:
            continue
        lines = files[place].replace("\r\n", "\n").split("\n")
        found = [
            (owner, node)
            for owner, node in _functions(tree)
            if _parses(textwrap.dedent("\n".join(lines[_first(node) - 1 : node.end_lineno])))
        ]
        take = min(len(found), MOST_PER_FILE, n - count)
        if take:
            chosen[place] = sorted(chance.sample(found, take), key=lambda one: one[1].lineno)
            count += take
    if count < n:
        msg = f"the files hold {count} functions, not {n}"
        raise ValueError(msg)
    segments: dict[str, list[str | Chunk]] = {}
    chunks: list[Chunk] = []
    for place, functions in chosen.items():
        lines = files[place].replace("\r\n", "\n").split("\n")
        parts: list[str | Chunk] = []
        at = 0
        for owner, node in functions:
            first = _first(node) - 1
            parts += lines[at:first]
            at = node.end_lineno or node.lineno
            chunk = Chunk(file=place, owner=owner, name=node.name, lines=lines[first:at])
            chunks.append(chunk)
            parts.append(chunk)
        segments[place] = [*parts, *lines[at:]]
    return segments, chunks


def _functions(tree: ast.Module) -> list[tuple[str, _Function]]:
    """List a file's functions, and methods of its classes, that do not share a line; each with its class."""
    found: list[tuple[str, _Function]] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.append(("", node))
        elif isinstance(node, ast.ClassDef):
            found += [
                (node.name, one)
                for one in node.body
                if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
            ]
    return [(owner, node) for owner, node in found if not _is_stub(node)]


def _is_stub(node: _Function) -> bool:
    """Whether nothing ever runs: ``...``, as overloads have, or no line of its own."""
    last = node.body[-1]
    return (
        isinstance(last, ast.Expr) and isinstance(last.value, ast.Constant) and len(node.body) == 1
    ) or last.lineno == node.lineno


def _first(node: _Function) -> int:
    return min([node.lineno, *(one.lineno for one in node.decorator_list)])


def _statements(chunks: Sequence[Chunk]) -> list[str]:
    """Collect simple statements of real functions, from which insertions are drawn."""
    found: dict[str, None] = {}
    for one in chunks:
        for line in one.lines:
            text = line.strip()
            if re.match(r"[\w.]+(\[[^\]]*\])? [-+*/]?= \S|[\w.]+\(.*\)$", text) and _parses(text):
                found[text] = None
    return list(found)


# ---------------------------------------------------------------------------------------- mutation


def _mutate(
    one: Chunk,
    kind: str,
    chance: random.Random,
    *,
    names: Sequence[str],
    statements: Sequence[str],
    places: Sequence[str],
    taken: set[tuple[str, str, str]],
) -> None:
    """Decide on a function's new lines, name and file; names that its new file has already are not taken."""
    one.kind, one.new_name, one.new_file = kind, one.name, one.file
    one.new_lines = list(one.lines)
    if "edited" in kind:
        one.new_lines = edit(one.new_lines, statements, chance)
    if "renamed" in kind:
        stem = one.name.strip("_") or "f"
        other = chance.choice([chance.choice(names).strip("_") or "g", chance.choice(_AFFIXES).format(stem)])
        one.new_name = f"{other}_{chance.randrange(100)}" if other == one.name or other in names else other
    if "moved" in kind:
        package = one.file.partition("/")[0]
        near = [place for place in places if place.startswith(f"{package}/") and place != one.file]
        fresh = f"{package}/_parts_{chance.randrange(10)}.py"
        one.new_file = chance.choice([chance.choice(near) if near else fresh, fresh])
    if one.new_name != one.name or one.new_file != one.file:
        number = 0
        while (one.new_file, one.owner, one.new_name) in taken:
            number += 1
            if "renamed" in kind:
                one.new_name = f"{one.name}_{number}"
            else:
                one.new_file = f"{one.file.partition('/')[0]}/_more_{number}.py"
        taken.add((one.new_file, one.owner, one.new_name))


def edit(lines: Sequence[str], statements: Sequence[str], chance: random.Random) -> list[str]:
    """Edit about `EDITED` of a function's lines: names, operators, calls; statements replaced, added, gone.

    Parameters
    ----------
    lines
        The function's, decorators included; they must parse when dedented.
    statements
        From which new ones are drawn.
    """
    code = [line for line in _code("\n".join(lines)).split("\n") if line.strip()]
    goal = max(1, round(EDITED * len(code)))
    now, changed = list(lines), 0
    for _ in range(20 * goal):
        if changed >= goal:
            break
        tried = chance.choice((_rename_local, _change, _change, _replace, _insert, _insert, _delete))(
            now, statements, chance
        )
        if tried is None or not _parses(textwrap.dedent("\n".join(tried[0]))):
            continue
        now, changed = tried[0], changed + tried[1]
    return now


def _simple(lines: Sequence[str]) -> list[int]:
    """Return the indices of the lines that hold one whole statement, docstrings left out."""
    tree = ast.parse(textwrap.dedent("\n".join(lines)))
    return sorted(
        node.lineno - 1
        for node in ast.walk(tree)
        if isinstance(
            node, ast.Assign | ast.AugAssign | ast.Expr | ast.Return | ast.Raise | ast.AnnAssign | ast.Assert
        )
        and node.lineno == node.end_lineno
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    )


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _rename_local(
    lines: list[str], _statements: Sequence[str], chance: random.Random
) -> tuple[list[str], int] | None:
    tree = ast.parse(textwrap.dedent("\n".join(lines)))
    local = sorted(
        {one.id for one in ast.walk(tree) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    )
    if not local:
        return None
    name = chance.choice(local)
    new = chance.choice((f"{name}_", f"new_{name}", chance.choice(("out", "tmp", "acc", "block", "values"))))
    found = [re.sub(rf"(?<![\w.\"']){re.escape(name)}(?![\w\"'])", new, line) for line in lines]
    return found, sum(one != other for one, other in zip(found, lines, strict=True))


def _change(
    lines: list[str], _statements: Sequence[str], chance: random.Random
) -> tuple[list[str], int] | None:
    at = chance.choice(_simple(lines) or [len(lines) - 1])
    line = lines[at]
    ways = [line.replace(old, new, 1) for old, new in _SWAPS if old in line]
    ways += [re.sub(r"\.(\w+)", r".\1_", line, count=1)] if "." in line else []
    if (found := re.match(r"(\s*[\w., ]+ = |\s*return )(.+)$", line)) is not None:
        ways += [
            f"{found[1]}{wrap.format(found[2])}" for wrap in ("np.asarray({})", "({}).copy()", "list({})")
        ]
    ways = [one for one in ways if one != line]
    if not ways:
        return None
    return [*lines[:at], chance.choice(ways), *lines[at + 1 :]], 1


def _replace(
    lines: list[str], statements: Sequence[str], chance: random.Random
) -> tuple[list[str], int] | None:
    simple = _simple(lines)
    if len(simple) <= 1:
        return None
    at = chance.choice(simple)
    return [*lines[:at], _indent(lines[at]) + chance.choice(statements), *lines[at + 1 :]], 1


def _insert(
    lines: list[str], statements: Sequence[str], chance: random.Random
) -> tuple[list[str], int] | None:
    at = chance.choice(_simple(lines) or [-1])
    if at < 0:
        return None
    return [*lines[:at], _indent(lines[at]) + chance.choice(statements), *lines[at:]], 1


def _delete(
    lines: list[str], _statements: Sequence[str], chance: random.Random
) -> tuple[list[str], int] | None:
    simple = _simple(lines)
    if len(simple) <= _LEAST_LEFT:
        return None
    at = chance.choice(simple)
    return [*lines[:at], *lines[at + 1 :]], 1


def _follow_renames(chunks: Sequence[Chunk]) -> None:
    """Name renamed functions anew where functions of the same file call them, and in their own lines."""
    for one in chunks:
        lines = one.new_lines
        at = next(i for i, line in enumerate(lines) if re.match(r"\s*(async\s+)?def\b", line))
        for other in chunks:
            if other.new_name == other.name or other.owner not in ("", one.owner):
                continue
            pattern = re.compile(
                rf"(?<![\w.\"']){re.escape(other.name)}(?=\()"
                if not other.owner
                else rf"(?<=self\.){re.escape(other.name)}\b|(?<=cls\.){re.escape(other.name)}\b"
            )
            lines = [
                line if i <= at and other is not one else pattern.sub(other.new_name, line)
                for i, line in enumerate(lines)
            ]
        lines[at] = re.sub(rf"(\bdef\s+){re.escape(one.name)}\b", rf"\g<1>{one.new_name}", lines[at])
        one.new_lines = lines


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


def _code(text: str) -> str:
    """Return a function's source without its docstring, comments and decorators."""
    tree = ast.parse(textwrap.dedent(text))
    node = tree.body[0]
    assert isinstance(node, _Function)  # noqa: S101  chunks are functions
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None and node.body[1:] else node.body
    return "\n".join(ast.unparse(one) for one in body)


# -------------------------------------------------------------------------------------- the files


def _emit(
    segments: Mapping[str, list[str | Chunk]], chunks: Sequence[Chunk], chance: random.Random
) -> tuple[dict[str, str], dict[str, str]]:
    """Write both versions of the files, and note where each function begins."""
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    for place, parts in segments.items():
        old: list[str] = []
        new: list[str] = []
        new += [f"# a note {i}" for i in range(chance.randrange(6))]
        for part in parts:
            if isinstance(part, str):
                old.append(part)
                new.append(part)
                continue
            indent = _indent(part.lines[0])
            if part.kind == "added":
                old.append(f"{indent}pass")
            else:
                part.line_before = len(old) + 1
                old += part.lines
            if part.kind == "removed" or "moved" in part.kind:
                new.append(f"{indent}pass")
            else:
                if chance.random() < _NOTED and not part.lines[0].lstrip().startswith("@"):
                    new += [f"{indent}# see below"] * chance.randrange(1, 4)
                part.line_after = len(new) + 1
                new += part.new_lines
        before[place], after[place] = "\n".join(old), "\n".join(new)
    for one in chunks:
        if "moved" in one.kind:
            text = after.get(one.new_file, "")
            head = f"\n\nclass {one.owner}:\n" if one.owner else "\n\n"
            text += head if text else head.lstrip("\n")
            one.line_after = text.count("\n") + 1
            after[one.new_file] = text + "\n".join(one.new_lines)
    return before, after


def _case(
    before: dict[str, str],
    after: dict[str, str],
    chunks: Sequence[Chunk],
    chance: random.Random,
    *,
    qualified: bool,
) -> Case:
    ours = [one for one in chunks if one.kind != "added"]
    theirs = [one for one in chunks if one.kind != "removed"]
    chance.shuffle(ours)
    chance.shuffle(theirs)
    index = {id(one): i for i, one in enumerate(theirs)}
    dot = [f"{one.owner}." if one.owner else "" for one in ours]
    dot_after = [f"{one.owner}." if one.owner else "" for one in theirs]
    return Case(
        before=table(
            before,
            [(one.file, one.line_before, one.name) for one in ours],
            qualified=[o + c.name for o, c in zip(dot, ours, strict=True)] if qualified else None,
            edges=_edges([(one.name, one.file, one.lines) for one in ours]),
        ),
        after=table(
            after,
            [(one.new_file, one.line_after, one.new_name) for one in theirs],
            qualified=[o + c.new_name for o, c in zip(dot_after, theirs, strict=True)] if qualified else None,
            edges=_edges([(one.new_name, one.new_file, one.new_lines) for one in theirs]),
        ),
        truth=[index.get(id(one), -1) for one in ours],
        kinds=[one.kind for one in ours],
        sizes=[one.words for one in ours],
        added=[index[id(one)] for one in theirs if one.kind == "added"],
    )


def _edges(functions: Sequence[tuple[str, str, Sequence[str]]]) -> list[tuple[int, int]]:
    """Guess who calls whom from names that are followed by a parenthesis."""
    by_name: dict[str, list[int]] = {}
    for i, (name, _, _) in enumerate(functions):
        by_name.setdefault(name, []).append(i)
    found: dict[tuple[int, int], None] = {}
    for i, (_, file, lines) in enumerate(functions):
        for name in re.findall(r"(\w+)\(", "\n".join(lines)):
            callees = by_name.get(name, [])
            near = [j for j in callees if functions[j][1] == file] or (callees if len(callees) == 1 else [])
            found.update(((i, j), None) for j in near)
    return list(found)


def table(
    sources: Mapping[str, str],
    functions: Sequence[tuple[str, int, str]],
    *,
    qualified: Sequence[str] | None = None,
    edges: Sequence[tuple[int, int]] = (),
    root: str = "/lib",
    own: bool = False,
    main: str = "",
    title: str = "",
) -> FunctionTable:
    """Make a function table as a profile's reader would.

    Parameters
    ----------
    sources
        Text by place.
    functions
        Place, line and code name of each.
    edges
        Callers and callees, by index.
    root
        Folder that the places lie in.
    main
        Place of the variant's own file.
    """
    places = list(dict.fromkeys([*sources, *(place for place, _, _ in functions)]))
    at = {place: i for i, place in enumerate(places)}
    n, m = len(functions), len(edges)
    caller, callee = (np.array([one[side] for one in edges], np.int32) for side in (0, 1))
    return FunctionTable(
        title=title,
        python="3.11.9",
        files=[one if one == "~" else f"{root}/{one}" for one in places],
        places=places,
        own=np.full(len(places), own) & np.array([one != "~" for one in places], bool),
        main=at[main] if main else -1,
        sources={at[place]: text for place, text in sources.items()},
        file=np.array([at[place] for place, _, _ in functions], np.int32),
        line=np.array([line for _, line, _ in functions], np.int32),
        names=[name for _, _, name in functions],
        qualified=list(qualified) if qualified is not None else [""] * n,
        calls=np.ones(n, np.int64),
        primitive_calls=np.ones(n, np.int64),
        self_s=np.full(n, 1e-3),
        cumulative_s=np.full(n, 2e-3),
        caller=caller,
        callee=callee,
        edge_calls=np.ones(m, np.int64),
        edge_self_s=np.full(m, 1e-3),
        edge_cumulative_s=np.linspace(1e-3, 2e-3, m) if m else np.zeros(0),
    )
