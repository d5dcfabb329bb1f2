"""The stages that the user names with ``--stage``: looked up before anything is run."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.catalog import words
from perfkit.errors import UsageError
from perfkit.measure import staging

if TYPE_CHECKING:
    import ast
    from collections.abc import Sequence

    from perfkit.model import StagePoint, Variant


def pointed(
    variant: Variant, stages: Sequence[str], *, is_baseline: bool, root: Path, folder: Path
) -> Variant:
    """Give a side the stages that the user names.

    Parameters
    ----------
    stages
        ``extract``, ``Class.method``, ``pkg.mod:Class.method``; or ``extract=extract_fast``, where the
        function is called otherwise in what is not the baseline.
    root, folder
        Of the project, and where the user is.

    Raises
    ------
    UsageError
        If a function is not there, or cannot be a stage.
    """
    if not stages:
        return variant
    if variant.kind == "command":
        raise UsageError("a command has no stages that could be named: only its whole process is timed")
    points = []
    for word in stages:
        ours, _, theirs = word.partition("=")
        point = words.point(ours, variant)
        if theirs and not is_baseline:
            point = dataclasses.replace(words.point(theirs, variant), name=point.name)
        points.append(_placed(point, variant, root, folder))
    for longer in (lambda one: one.function, _with_module):
        names = [one.name for one in points]
        points = [
            one if names.count(one.name) == 1 else dataclasses.replace(one, name=longer(one))
            for one in points
        ]
    return dataclasses.replace(variant, points=tuple(points))


def _with_module(point: StagePoint) -> str:
    module = point.file.removesuffix(".py").replace("/", ".").rpartition(".")[2]
    return f"{module}.{point.function}"


def _placed(point: StagePoint, variant: Variant, root: Path, folder: Path) -> StagePoint:
    """Return a stage with its file as the worker wants it; UsageError if it cannot be one."""
    base = Path(variant.root) if variant.root else root
    if point.file == variant.path:
        file: Path | None = base / variant.path if variant.path else None
    elif point.file.endswith(".py"):
        file = (folder / point.file).resolve()
        if not file.is_file():
            raise UsageError(f"--stage {point.file}:{point.function}: {point.file} does not exist")
        point = dataclasses.replace(point, file=os.path.relpath(file, base))
    else:
        place = words.Place(name="", pipeline="", root=base, folder=folder, lenient=bool(variant.python))
        file = words.find_module(point.file, place)
        if file is None and not place.lenient:
            raise UsageError(
                f"--stage {point.file}:{point.function}: there is no module {point.file!r} in {folder} "
                "or where Python looks for modules"
            )
    if file is not None and file.suffix == ".py":
        _check(point, file, words.parse(words.read(file), file))
    return point


def _check(point: StagePoint, file: Path, tree: ast.Module) -> None:
    there: dict[str, staging.Function] = {}
    for name, function in staging.functions(tree):
        if name not in there or not staging.why_not(function):  # of several of one name the last that can be
            there[name] = function
    shown = point.file if point.file else file.name
    if point.function not in there:
        known = ", ".join(there) or "none"
        raise UsageError(
            f"{shown} has no function {point.function!r} that could be a stage; it has: {known} "
            "(--stage OLD=NEW names one that is called otherwise on the other side)"
        )
    why = staging.why_not(there[point.function])
    if why:
        raise UsageError(f"{point.function!r} of {shown} cannot be a stage: it {why}")
