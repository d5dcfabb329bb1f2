"""From a word to a variant: a script, a module, a callable or a command that has never heard of perfkit."""

from __future__ import annotations

import ast
import hashlib
import re
import sys
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.errors import UsageError
from perfkit.model import StagePoint, Variant

if TYPE_CHECKING:
    from perfkit.model import VariantKind

_CALLABLE = re.compile(r"(?P<module>[A-Za-z_][\w.]*|.*\.py):(?P<name>[A-Za-z_][\w.]*)")
MODULE = "-m "
"""How a word begins that names a module, as for python."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a variant will be called, and where its word is looked up.

    Attributes
    ----------
    name, pipeline
        Of the variant, and of its pipeline.
    root
        The project's, absolute.
    folder
        In which it runs and to which paths are relative, absolute.
    lenient
        Whether modules may be missing here, since another interpreter runs it.
    """

    name: str
    pipeline: str
    root: Path
    folder: Path
    lenient: bool = False


def is_callable_word(word: str) -> bool:
    """Tell whether a word reads as ``pkg.mod:func`` or ``file.py:func``."""
    return _CALLABLE.fullmatch(word) is not None


def variant(word: str, kind: VariantKind, at: Place) -> Variant:
    """Return the variant of a kind that a word names; UsageError if there is none."""
    if kind == "command":
        return command(word, at)
    if kind == "module":
        return module(word, at)
    return callable_(word, at) if kind == "callable" else script(word, at, kind)


def command(line: str, at: Place) -> Variant:
    """Return the variant that is a whole command.

    Parameters
    ----------
    line
        As a shell would read it.

    Raises
    ------
    UsageError
        If it is empty.
    """
    if not line.strip():
        raise UsageError("a command is empty: write what a shell would run, such as './a.out 500'")
    return Variant(
        name=at.name,
        pipeline=at.pipeline,
        path="",
        source_sha256=hashlib.sha256(line.encode()).hexdigest(),
        kind="command",
        target=line,
        folder=str(at.folder),
    )


def module(word: str, at: Place) -> Variant:
    """Return the variant that ``python -m`` would run.

    Parameters
    ----------
    word
        The module's dotted name.

    Raises
    ------
    UsageError
        If there is no such module.
    """
    found = find_module(word, at)
    if found is not None and found.name == "__init__.py":
        found = find_module(f"{word}.__main__", at)
        if found is None:
            raise UsageError(f"python -m {word} cannot run a package without {word}/__main__.py")
    if found is None and not at.lenient:
        raise UsageError(f"there is no module {word!r} in {at.folder} or where Python looks for modules")
    return _variant(found, "module", word, at)


def callable_(word: str, at: Place) -> Variant:
    """Return the variant that is one callable.

    Parameters
    ----------
    word
        ``pkg.mod:func``, ``pkg.mod:Class.method`` or ``path/file.py:func``.

    Raises
    ------
    UsageError
        If there is no such module or file. Whether it has the callable shows when it is imported.
    """
    read = _CALLABLE.fullmatch(word)
    if read is None:
        raise UsageError(f"{word!r} names no callable: write pkg.mod:func or path/file.py:func")
    where, qualified = read["module"], read["name"]
    if where.endswith(".py"):
        file = _existing(where, at.folder)
        return _variant(file, "callable", f":{qualified}", at)
    found = find_module(where, at)
    if found is None and not at.lenient and where.partition(".")[0] not in sys.builtin_module_names:
        raise UsageError(f"there is no module {where!r} in {at.folder} or where Python looks for modules")
    return _variant(found, "callable", word, at)


def script(word: str, at: Place, kind: VariantKind = "script") -> Variant:
    """Return the variant that is a file: a script, or a module with ``run``.

    Parameters
    ----------
    word
        Its path, relative to `folder` or absolute.

    Raises
    ------
    UsageError
        If there is no such file.
    """
    file = _existing(word, at.folder)
    return _variant(file, kind, "", at)


def _existing(word: str, folder: Path) -> Path:
    file = (folder / word).resolve()
    if not file.is_file():
        what = "is a folder" if file.is_dir() else "does not exist"
        raise UsageError(f"{word} {what}: name a Python file")
    return file


def _variant(file: Path | None, kind: VariantKind, target: str, at: Place) -> Variant:
    path, digest = "", ""
    packages: tuple[str, ...] = ()
    if file is not None:
        content = read(file)
        digest = hashlib.sha256(content).hexdigest()
        if file.suffix == ".py":
            parse(content, file)
        path = file.relative_to(at.root).as_posix() if file.is_relative_to(at.root) else file.as_posix()
        if kind in {"callable", "module"} and file.is_relative_to(at.root / "src"):
            packages = (str(at.root / "src"),)
    return Variant(
        name=at.name,
        pipeline=at.pipeline,
        path=path,
        source_sha256=digest or hashlib.sha256(target.encode()).hexdigest(),
        kind=kind,
        target=target,
        folder="" if kind == "pipeline" else str(at.folder),
        packages=packages,
    )


def find_module(dotted: str, at: Place) -> Path | None:
    """Return a module's file, without importing anything; None if there is none, or it is built in."""
    places: list[str] | None = [str(at.folder), str(at.root), str(at.root / "src"), *sys.path]
    name, spec = "", None
    for part in dotted.split("."):
        name = f"{name}.{part}" if name else part
        spec = None if places is None else PathFinder.find_spec(name, places)
        if spec is None:
            return None
        inner = spec.submodule_search_locations
        places = None if inner is None else list(inner)
    return Path(spec.origin) if spec is not None and spec.origin and Path(spec.origin).is_file() else None


def read(file: Path) -> bytes:
    """Return a file's content.

    Raises
    ------
    UsageError
        If it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error


def parse(source: bytes, file: Path) -> ast.Module:
    """Return a source's syntax.

    Raises
    ------
    UsageError
        If it is no Python.
    """
    try:
        return ast.parse(source, str(file))
    except (SyntaxError, ValueError) as error:
        where = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        said = error.msg if isinstance(error, SyntaxError) else str(error)
        ours = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise UsageError(f"{file}{where} is no Python {ours}, which perfkit runs on: {said}") from error


def binds(tree: ast.Module, name: str) -> bool:
    """Tell whether a module gives a name a value at its top, by a definition, an assignment or an import."""
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=found) | ast.ClassDef(name=found) if found == name:
                return True
            case ast.Assign(targets=targets) if any(
                isinstance(one, ast.Name) and one.id == name for one in targets
            ):
                return True
            case ast.ImportFrom(names=names) if any((one.asname or one.name) == name for one in names):
                return True
    return False


def point(word: str, variant: Variant) -> StagePoint:
    """Return the stage that the user names: ``extract``, ``Class.method``, ``pkg.mod:Class.method``.

    Raises
    ------
    UsageError
        If the word is nothing of that kind.
    """
    where, colon, function = word.rpartition(":")
    parts = function.split(".")
    if not all(one.isidentifier() for one in parts) or (colon and not where):
        raise UsageError(f"{word!r} names no function: write extract, Class.method, or pkg.mod:Class.method")
    return StagePoint(file=where or variant.path, function=function, name=parts[-1])
