"""What a search through the history runs at each commit, and a commit's variant of it."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit import catalog
from perfkit.catalog import builds, layouts, revisions, words
from perfkit.errors import UsageError
from perfkit.model import Variant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.catalog import Project
    from perfkit.catalog.revisions import Repository
    from perfkit.model import Commit, Pipeline, VariantKind


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """What is run at each commit.

    Attributes
    ----------
    place
        Its path in the repository, with forward slashes.
    content
        The same at each commit; None for each commit's own.
    kind
        A script, or a module with ``run(inputs)``.
    arguments
        Of a script.
    pipeline
        Name of its pipeline.
    top
        Folder of the project in the repository, from which it is imported; empty for the root.
    python
        Absolute path of the interpreter; empty for perfkit's own.
    stage
        Whose time is compared; empty for the whole run.
    stage_word
        The function that is this stage, where no source declares it.
    """

    place: str
    content: bytes | None
    kind: VariantKind
    arguments: tuple[str, ...] = ()
    pipeline: str
    top: str = ""
    python: str = ""
    stage: str = ""
    stage_word: str = ""


def from_file(
    repository: Repository, folder: Path, bad: Commit, arguments: Sequence[str], *, own: bool
) -> Benchmark:
    """Return the benchmark whose file is named: the copy that lies here, or else the last commit's.

    Parameters
    ----------
    folder
        To which its path is relative.
    arguments
        The file, and its own arguments.
    own
        Whether each commit runs its own copy.

    Raises
    ------
    UsageError
        If there is no such file, or it takes no arguments.
    """
    file = (folder / arguments[0]).resolve()
    place = revisions.benchmark_place(repository, file)
    if file.is_file():
        content = words.read(file)
    else:
        content = words.read(_of_last(repository, bad, place, arguments[0]))
    tree = words.parse(content, file)
    serves = words.binds(tree, "run") and words.binds(tree, "make_inputs")
    if serves and arguments[1:]:
        raise UsageError(f"{place} has run(inputs), and takes no arguments: set its parameters with --set")
    return Benchmark(
        place=place,
        content=None if own else content,
        kind="pipeline" if serves else "script",
        arguments=tuple(arguments[1:]),
        pipeline=re.sub(r"[^\w.+-]", "_", file.stem),  # as a comparison calls it
    )


def _of_last(repository: Repository, bad: Commit, place: str, word: str) -> Path:
    """Return the last commit's copy of a file that is not here."""
    found = revisions.checkout(repository, bad.id).root / place
    if not found.is_file():
        raise UsageError(f"{word} does not exist, neither here nor in {bad.short}: name a Python file")
    return found


def from_pipeline(repository: Repository, project: Project, chosen: Pipeline, variant: str) -> Benchmark:
    """Return what a configured pipeline's variant is, of which each commit runs its own copy.

    Parameters
    ----------
    variant
        Its name; the optimized one without it, or else the baseline.

    Raises
    ------
    UsageError
        If there is none, or it is no file of the repository.
    """
    name = variant or next((one for one in ("optimized", "baseline") if one in chosen.variants), "")
    found = catalog.find_variant(project, chosen, name or next(iter(chosen.variants), ""))
    top = repository.relative(project.root)
    if found.kind != "pipeline" or top is None:
        raise UsageError(
            f"{found.name} of pipeline {chosen.name!r} is no file of the repository: name one after --"
        )
    top = "" if top == "." else top
    return Benchmark(
        place=f"{top}/{found.path}".lstrip("/"), content=None, kind="pipeline", pipeline=chosen.name, top=top
    )


def with_stage(what: Benchmark, repository: Repository, bad: Commit, stage: str) -> Benchmark:
    """Note whose time is compared: a stage that the benchmark declares, or a function."""
    if not stage:
        return what
    content = what.content or words.read(_of_last(repository, bad, what.place, what.place))
    tree = words.parse(content, Path(what.place))
    name = stage.rpartition(":")[2].rpartition(".")[2]
    if ":" not in stage and words.binds(tree, "stage"):
        return dataclasses.replace(what, stage=stage)
    return dataclasses.replace(what, stage=name, stage_word=stage)


def make(what: Benchmark, repository: Repository, commit: Commit) -> tuple[Variant, tuple[str, ...]]:
    """Make a commit ready to run: checked out, built if need be, with the benchmark put in.

    Returns
    -------
    tuple
        The variant, and what its files lack, a sentence each.

    Raises
    ------
    UsageError
        If the commit lacks what is run.
    RunError
        If it cannot be checked out or built.
    """
    plain = revisions.checkout(repository, commit.id)
    ready = revisions.with_benchmark(plain, what.place, what.content)
    root = ready.root / what.top
    file = ready.root / what.place
    project = what.top or layouts.project_of(ready.root, what.place)
    made = Variant(
        name=commit.short,
        pipeline=what.pipeline,
        path=file.relative_to(root).as_posix(),
        source_sha256=hashlib.sha256(words.read(file)).hexdigest(),
        kind=what.kind,
        arguments=what.arguments,
        root=str(root),
        folder=str(root) if what.kind == "script" else "",
        python=what.python,
        revision=commit.id,
        packages=builds.import_paths(ready, what.python, project=project),
    )
    if what.stage_word:
        made = dataclasses.replace(made, points=(words.point(what.stage_word, made),))
    return made, ready.notes
