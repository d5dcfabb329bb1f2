"""Make a pipeline of a script that is there: its configuration, and a first contender to work on."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from perfkit import catalog
from perfkit.api import configuration
from perfkit.api.scripts import MAIN, MAKE_INPUTS, RUN, look
from perfkit.catalog import words
from perfkit.errors import UsageError
from perfkit.model import Pipeline
from perfkit.store import named_errors, replace_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perfkit.api.scripts import Script

Kind: TypeAlias = Literal["pipeline", "script", "module", "callable"]

BASELINE, CONTENDER = "baseline", "optimized"
IGNORED = ("/reports/*/*/", "/reports/*/report.html")
"""Lines of .gitignore: the folders of stored runs and what is made of them, and not report.md beside them."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
_CONFIGURATION, _GITIGNORE = "pyproject.toml", ".gitignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the user wants.

    Attributes
    ----------
    entry
        A function of the script, or ``__main__``. One that the script's guard calls means the whole file,
        unless `inputs` are given.
    name
        Of the pipeline; the script's own without one.
    contender_name
        Of the first contender; its file is called after it.
    contender
        A file that is the contender already; a copy of the script is made without it.
    inputs
        What makes the inputs of a function: a function of the script, ``file.py:func`` or ``pkg.mod:func``.
    arguments
        Of the script.
    """

    script: Script
    entry: str = ""
    name: str = ""
    contender_name: str = CONTENDER
    contender: str = ""
    inputs: str = ""
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What will be written.

    Attributes
    ----------
    kind
        How the script is run.
    contender
        The contender's file, relative to the root.
    files
        The content of each file, relative to the root, and what was there before; in the order of writing.
    lines
        What is added to pyproject.toml.
    command
        What compares the two, as a user types it.
    """

    root: Path
    pipeline: str
    kind: Kind
    script: str
    contender: str
    contender_name: str
    files: dict[str, tuple[bytes, bytes | None]] = field(default_factory=dict)
    lines: str = ""
    command: str = ""


def find_root(start: Path) -> Path:
    """Return the folder that a new pipeline belongs to: the project's, that of pyproject.toml, or this one.

    A pyproject.toml above the git repository is another project's.

    Raises
    ------
    UsageError
        If pyproject.toml cannot be read or its ``[tool.perfkit]`` is wrong.
    """
    start = start.resolve()
    known = catalog.open_project(start).root
    if known != start:
        return known
    for folder in (start, *start.parents):
        if (folder / _CONFIGURATION).is_file():
            return folder
        if (folder / ".git").exists():
            break
    return start


def candidates(root: Path) -> list[str]:
    """Return the Python files that may be the slow script, relative to the root."""
    found = [*root.glob("*.py"), *(root / "baselines").glob("*.py")]
    return sorted(
        one.relative_to(root).as_posix() for one in found if not one.name.startswith(("_", "test_"))
    )


# ---------------------------------------------------------------- the plan


def plan(wanted: Wanted, root: Path) -> Planned:
    """Say what would be written; nothing is.

    Raises
    ------
    UsageError
        If the pipeline or the contender's file is there already, an answer is missing or makes no sense, or
        pyproject.toml cannot be read or added to.
    """
    script = wanted.script
    path = script.file.relative_to(root).as_posix()
    name = wanted.name or script.file.stem
    _check_name("--name", name, "the pipeline")
    _check_name("--contender-name", wanted.contender_name, "the contender")
    if wanted.contender_name == BASELINE:
        raise UsageError(
            "--contender-name: the slow script is the baseline; call the contender something else"
        )
    _check_free(root, name, path)
    entry = wanted.entry or script.entry()
    kind = _kind(script, entry, wanted.inputs, path)
    if wanted.arguments and kind not in {"script", "module"}:
        raise UsageError(f"{entry} of {path} is called as a function, which takes no arguments of a script")
    contender = wanted.contender or _contender_path(script.file, wanted.contender_name, root, kind)
    files: dict[str, tuple[bytes, bytes | None]] = {}
    if wanted.contender:
        contender = look(wanted.contender, root, root).file.relative_to(root).as_posix()
    else:
        before = _read(root / contender)
        content = words.read(script.file)
        if before not in (None, content):
            raise UsageError(
                f"{contender} exists already: take it with --contender {contender}, or choose another "
                "--contender-name"
            )
        if before is None:
            files[contender] = (content, None)
    variants = {
        BASELINE: _variant(kind, root / path, root, entry=entry, wanted=wanted, inputs_of=path),
        wanted.contender_name: _variant(
            kind, root / contender, root, entry=entry, wanted=wanted, inputs_of=path
        ),
    }
    ignoring = _read(root / _GITIGNORE)
    ignored = _with_ignored(ignoring or b"")
    if ignored != ignoring:
        files[_GITIGNORE] = (ignored, ignoring)
    before = _read(root / _CONFIGURATION)
    made, lines = configuration.with_pipeline(before or b"", name, variants, root / _CONFIGURATION)
    files[_CONFIGURATION] = (made, before)
    return Planned(
        root=root,
        pipeline=name,
        kind=kind,
        script=path,
        contender=contender,
        contender_name=wanted.contender_name,
        files=files,
        lines=lines,
        command=f"perfkit compare {BASELINE} {wanted.contender_name}{_pipeline_option(root, name)}",
    )


def _check_name(flag: str, name: str, of: str) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(f"{flag}: the name of {of} is letters, digits, _ and -, not {name!r}")


def _check_free(root: Path, name: str, script: str) -> None:
    """See that there is no pipeline of that name, but for the one that the script alone is by convention."""
    project = catalog.open_project(root)
    known = project.pipelines.get(name) if project.root == root else None
    if known not in (None, Pipeline(name=name, variants={BASELINE: script})):
        raise UsageError(
            f"there is a pipeline {name!r} in {root} already: choose another --name; perfkit list shows it"
        )


def _pipeline_option(root: Path, name: str) -> str:
    """Return what the command needs besides: nothing, if this is the only pipeline or the default one."""
    project = catalog.open_project(root)
    if project.root != root:
        return ""
    others = set(project.pipelines) - {name}
    return "" if project.default == name or not (others or project.default) else f" --pipeline {name}"


def check_entry(script: Script, entry: str) -> None:
    """See that a script can be run so; UsageError if it cannot."""
    if entry != MAIN and entry not in script.functions:
        there = ", ".join(script.entries())
        raise UsageError(f"{script.file.name} has no function {entry!r} at its top; --entry may be {there}")


def needs_inputs(script: Script, entry: str, inputs: str) -> bool:
    """Tell whether it must be said what makes the inputs."""
    whole = entry == MAIN or entry in (script.called or ())
    return not (inputs or whole or MAKE_INPUTS in script.functions)


def _kind(script: Script, entry: str, inputs: str, path: str) -> Kind:
    """Return how a script is run.

    Raises
    ------
    UsageError
        If the entry is missing or not there, or a function has no inputs.
    """
    if not entry:
        there = ", ".join(one for one in script.functions if one != MAKE_INPUTS)
        raise UsageError(f"say how {path} is run, with --entry: {MAIN} for the whole file, or one of {there}")
    check_entry(script, entry)
    if entry == MAIN or (not inputs and entry in (script.called or ())):
        if inputs:
            raise UsageError("--inputs are for a function; a whole file has arguments, after --")
        return "module" if script.relative else "script"
    if entry == RUN and not inputs and MAKE_INPUTS in script.functions:
        return "pipeline"
    if not inputs and MAKE_INPUTS not in script.functions:
        raise UsageError(
            f"{entry} of {path} is called with inputs: name what makes them with --inputs, a function of the "
            f"script that takes a seed, or pkg.mod:func; or run the whole file, with --entry {MAIN}"
        )
    return "callable"


def _contender_path(script: Path, contender: str, root: Path, kind: Kind) -> str:
    """Return where the copy goes: beside the script, for its imports' sake, or where convention has it."""
    suffix = contender.replace("-", "_")
    if kind == "pipeline" and script.parent == root / "baselines":
        stem = script.stem if contender == CONTENDER else f"{script.stem}_{suffix}"
        return f"optimized/{stem}.py"
    return script.with_name(f"{script.stem}_{suffix}.py").relative_to(root).as_posix()


def _variant(
    kind: Kind, file: Path, root: Path, *, entry: str, wanted: Wanted, inputs_of: str
) -> str | dict[str, Any]:
    """Return what the configuration says of a variant."""
    path = file.relative_to(root).as_posix()
    arguments: Mapping[str, Any] = {"arguments": list(wanted.arguments)} if wanted.arguments else {}
    if kind == "pipeline":
        return path
    if kind == "script":
        return {"script": path, **arguments}
    if kind == "module":
        return {"module": _dotted(file, root), **arguments}
    inputs = wanted.inputs or MAKE_INPUTS
    if inputs.isidentifier():
        inputs = f"{_importable(root / inputs_of, root)}:{inputs}"
    return {"callable": f"{_importable(file, root)}:{entry}", "inputs": inputs}


def _importable(file: Path, root: Path) -> str:
    """Return how a callable's file is named: by its path, or as a module of its package."""
    return (
        _dotted(file, root) if (file.parent / "__init__.py").is_file() else file.relative_to(root).as_posix()
    )


def _dotted(file: Path, root: Path) -> str:
    parts = [file.stem]
    folder = file.parent
    while folder != root and (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    if folder not in {root, root / "src"}:
        raise UsageError(
            f"the package of {file.relative_to(root)}, {parts[0]}, lies not in {root} or its src folder"
        )
    return ".".join(parts)


def _with_ignored(content: bytes) -> bytes:
    """Return .gitignore with perfkit's lines, as it was but for those that it lacks."""
    there = {line.strip() for line in content.decode("utf-8", "surrogateescape").splitlines()}
    if {"reports/", "/reports/", "reports", "/reports"} & there:
        return content
    lacking = [one for one in IGNORED if one not in there]
    if not lacking:
        return content
    end = b"\r\n" if b"\r\n" in content else b"\n"
    head = content if not content or content.endswith(b"\n") else content + end
    return head + b"".join(line.encode() + end for line in lacking)


def _read(file: Path) -> bytes | None:
    """Return a file's content; None if there is none."""
    with named_errors("read", file):
        return file.read_bytes() if file.exists() else None


# ---------------------------------------------------------------- writing


def write(planned: Planned) -> None:
    """Write all that was planned, or nothing.

    Raises
    ------
    StoreError
        If something cannot be written.
    UsageError
        If a file has changed since it was planned, or perfkit cannot use what it would have written.
    """
    done: list[str] = []
    try:
        for path, (content, before) in planned.files.items():
            _check_unchanged(planned.root, path, before)
            done.append(path)
            replace_file(planned.root / path, content)
        project = catalog.open_project(planned.root)
        pipeline = catalog.find_pipeline(project, planned.pipeline)
        for name in (BASELINE, planned.contender_name):
            catalog.find_variant(project, pipeline, name)
    except BaseException:  # Ctrl-C, too
        for path in reversed(done):
            _restore(planned.root, path, planned.files[path][1])
        raise


def _check_unchanged(root: Path, path: str, before: bytes | None) -> None:
    if _read(root / path) != before:
        raise UsageError(f"{path} has changed meanwhile: run perfkit init again")


def _restore(root: Path, path: str, before: bytes | None) -> None:
    file = root / path
    if before is not None:
        replace_file(file, before)
        return
    file.unlink(missing_ok=True)
    if file.parent != root:
        with suppress(OSError):  # it holds something
            file.parent.rmdir()
