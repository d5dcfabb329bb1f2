"""Sides that are git revisions: each in a folder of its own, both with the same benchmark."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit import catalog
from perfkit.catalog import builds, layouts, revisions, words
from perfkit.errors import UsageError
from perfkit.measure import interpreters

if TYPE_CHECKING:
    from perfkit.api.sides import Asked
    from perfkit.catalog import Project
    from perfkit.catalog.revisions import Checkout, Repository
    from perfkit.model import Variant, VariantKind

WORKING_TREE, MERGE_BASE = "working-tree", "merge-base"


def are_revisions(given: tuple[str, ...], folder: Path, *, needed: bool = False) -> bool:
    """Tell whether all words are revisions, or one is a range of two.

    Parameters
    ----------
    needed
        Whether there must be a repository.

    Raises
    ------
    UsageError
        If there is none.
    """
    try:
        repository = revisions.find(folder)
    except UsageError:
        if needed:
            raise
        return False
    return bool(given) and all(revisions.is_revision(repository, one) for one in given)


def why_not(word: str, folder: Path) -> str:
    """Return why a word is no revision."""
    try:
        repository = revisions.find(folder)
        if ".." in word:
            revisions.resolve_range(repository, word)
        else:
            revisions.resolve(repository, word)
    except UsageError as error:
        return str(error)
    return ""


def variants(asked: Asked, project: Project, folder: Path) -> tuple[list[Variant], tuple[str, ...]]:
    """Return the sides that revisions are, the baseline first; and what is not as in the working tree.

    Parameters
    ----------
    asked
        Its arguments are the benchmark's file and that file's own arguments; without any, the configured
        pipeline's baseline is the benchmark.
    folder
        To which the benchmark's path is relative.

    Raises
    ------
    UsageError
        If a revision does not exist or lacks the benchmark.
    RunError
        If one cannot be checked out or built.
    """
    repository = revisions.find(folder)
    names, checkouts, notes = _checkouts(asked, repository)
    pythons = _pythons(asked.pythons, len(names))
    file, arguments = _benchmark(asked, project, repository, folder)
    place = revisions.benchmark_place(repository, file)
    content = _content(asked.benchmark or ("contender" if asked.arguments else "own"), checkouts, place, file)
    pipeline = asked.pipeline or re.sub(r"[^\w.+-]", "_", file.stem)
    made = []
    for name, one, python in zip(names, checkouts, pythons, strict=True):
        ready = revisions.with_benchmark(one, place, content)
        at = words.Place(name=name, pipeline=pipeline, root=ready.root, folder=ready.root)
        side = words.script(place, at, _kind(ready, place))
        if arguments and side.kind == "pipeline":
            raise UsageError(
                f"{place} has run(inputs), and takes no arguments: set its parameters with --set"
            )
        made.append(
            dataclasses.replace(
                side,
                arguments=arguments,
                root=str(ready.root),
                folder=str(ready.root),
                revision=one.revision,
                packages=builds.import_paths(ready, python, project=layouts.project_of(ready.root, place)),
            )
        )
    notes += [f"{one.title}: {note}" for one in checkouts for note in one.notes]
    return made, tuple(dict.fromkeys(notes))


def _kind(ready: Checkout, place: str) -> VariantKind:
    file = ready.root / place
    tree = words.parse(words.read(file), file)
    return "pipeline" if words.binds(tree, "run") and words.binds(tree, "make_inputs") else "script"


def _pythons(given: tuple[str, ...], sides: int) -> list[str]:
    """Return each side's interpreter, for which it is built; empty for perfkit's own."""
    if len(given) not in {0, 1, sides}:  # said before anything is built
        raise UsageError(f"give --python once for all sides, or {sides} times, once for each")
    found = [interpreters.find(one).executable for one in given] or [""]
    return found * sides if len(found) == 1 else found


def _checkouts(asked: Asked, repository: Repository) -> tuple[list[str], list[Checkout], list[str]]:
    """Return what the sides are called, their files, and what the reader should know of the names.

    A side is called as the user calls it, but fit for a file's name; where two branches parted is neither.
    """
    given = names = list(asked.words)
    parted = False
    if len(given) == 1 and revisions.is_range(repository, given[0]):
        names = [one or "HEAD" for one in re.split(r"\.{2,3}", given[0], maxsplit=1)]
        given = list(revisions.resolve_range(repository, given[0]))
        parted = revisions.resolve(repository, names[0]) != given[0]
    made = [revisions.checkout(repository, revisions.resolve(repository, one)) for one in given]
    notes = []
    if parted:
        notes.append(f"{MERGE_BASE} is where {names[0]} and {names[1]} parted: {made[0].title}")
        names[0] = MERGE_BASE
    names = [re.sub(r"[^\w.+-]", "_", one) for one in names]
    if asked.dirty:
        clean = not revisions.has_changes(repository) and revisions.is_revision(repository, "HEAD")
        made.append(revisions.checkout(repository, "HEAD") if clean else revisions.working_tree(repository))
        names.append(WORKING_TREE)
    return names, made, notes


def _benchmark(
    asked: Asked, project: Project, repository: Repository, folder: Path
) -> tuple[Path, tuple[str, ...]]:
    """Return the benchmark's file, and its arguments."""
    if asked.arguments:
        return (folder / asked.arguments[0]).resolve(), asked.arguments[1:]
    try:
        pipeline = catalog.find_pipeline(project, asked.pipeline)
    except UsageError as error:
        typed = " ".join(asked.words)
        raise UsageError(
            f"say what to run in both revisions, as in perfkit compare {typed} -- bench.py ({error})"
        ) from error
    name = "baseline" if "baseline" in pipeline.variants else next(iter(pipeline.variants), None)
    if name is None or not pipeline.variants[name].endswith(".py"):
        raise UsageError(
            f"pipeline {pipeline.name!r} has no file to run in both revisions: name one after --"
        )
    del repository
    return project.root / pipeline.variants[name], ()


def _content(whose: str, checkouts: list[Checkout], place: str, file: Path) -> bytes | None:
    """Return the benchmark that all sides run; None if each runs its own."""
    if whose == "own":
        return None
    source = checkouts[0] if whose == "baseline" else checkouts[-1]
    inside = source.root / place
    if whose in {"baseline", "contender"} and inside.is_file():
        return words.read(inside)
    if not file.is_file():
        raise UsageError(
            f"{place} exists neither in {source.title} nor in your working tree: name a file that does"
        )
    return words.read(file)  # it is newer than both revisions
