"""The two sides of a comparison as the user names them: variants, scripts, modules, callables, revisions."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit import catalog
from perfkit.api import revised
from perfkit.api.bench import TIMEOUT_S, Bench, ignore
from perfkit.api.named_stages import pointed
from perfkit.catalog import words
from perfkit.errors import UsageError
from perfkit.measure import interpreters
from perfkit.model import Pipeline

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable

    from perfkit.catalog import Project
    from perfkit.model import Event, Parameters, Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the user says of the sides.

    Attributes
    ----------
    words
        What the sides are called: names of variants, paths of scripts, ``-m pkg.tool``, ``pkg.mod:func``, git
        revisions; or one range of revisions, ``v1.2..feature``.
    commands
        Whole commands in any language, which are the sides that `words` leaves out.
    arguments
        Of scripts and modules; with revisions, the benchmark file and its arguments.
    pipeline
        Name of the configured pipeline, where there are several.
    stages
        Functions that are stages: ``extract``, ``Extractor.extract``, ``pkg.mod:Class.method``.
    find_stages
        Whether functions become stages where none is declared or named.
    inputs
        ``pkg.mod:make_inputs`` or ``file.py:make_inputs``: what makes the inputs of callables.
    pythons
        Interpreters: none, one for both sides, or one for each.
    dirty
        Whether the last side is the working tree as it is.
    benchmark
        Whose copy of the benchmark file revisions run: the ``baseline``'s, the ``contender``'s, each its
        ``own``, or the one that lies ``here``, in the working tree. Empty: the contender's of a file that is
        named, each its own of a configured pipeline's.
    keep_home
        Whether timed runs see the user's home folder.
    """

    words: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    pipeline: str | None = None
    stages: tuple[str, ...] = ()
    find_stages: bool = True
    inputs: str = ""
    pythons: tuple[str, ...] = ()
    dirty: bool = False
    benchmark: str = ""
    keep_home: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """What is compared.

    Attributes
    ----------
    names
        Of the variants, the baseline first; `bench` knows them.
    """

    bench: Bench
    names: tuple[str, ...] = field(default=())


def find(
    asked: Asked,
    *,
    start: Path | None = None,
    overrides: Parameters | None = None,
    seed: int = 0,
    timeout_s: float = TIMEOUT_S,
    listener: Callable[[Event], None] = ignore,
) -> Sides:
    """Find the sides that the user names.

    Parameters
    ----------
    start
        The folder whose project is meant, and in which scripts run; the current one without it.
    overrides, seed, timeout_s, listener
        As for `Bench`.

    Raises
    ------
    UsageError
        If there is no such thing, or the configuration is wrong.
    """
    folder = (start or Path.cwd()).resolve()
    project = catalog.open_project(folder)
    made, notes = _variants(asked, project, folder)
    first = made[0]
    pipeline = project.pipelines.get(first.pipeline) or Pipeline(name=first.pipeline, variants={})
    if asked.keep_home:
        pipeline = dataclasses.replace(pipeline, keep_home=True)
    place = words.Place(name="inputs", pipeline=pipeline.name, root=project.root, folder=folder)
    inputs = asked.inputs or pipeline.inputs
    bench = Bench(
        project=project,
        pipeline=pipeline,
        overrides=overrides or {},
        seed=seed,
        timeout_s=timeout_s,
        listener=listener,
        variants={one.name: one for one in made},
        notes=notes,
        inputs=words.callable_(inputs, place) if inputs else _own_inputs(first, pipeline),
    )
    _check_places(bench, made)
    return Sides(bench=bench, names=tuple(one.name for one in made))


def _own_inputs(first: Variant, pipeline: Pipeline) -> Variant | None:
    """Return the first side, if its own make_inputs serves all: a file that is given by its path."""
    return first if first.kind == "pipeline" and "baseline" not in pipeline.variants else None


def _variants(asked: Asked, project: Project, folder: Path) -> tuple[list[Variant], tuple[str, ...]]:
    """Return the sides, the baseline first; and what the reader should know of them."""
    notes: tuple[str, ...] = ()
    given = [*asked.words, *(f"{_COMMAND}{line}" for line in asked.commands)]
    if not given and not asked.dirty:
        raise UsageError("name what to run: a variant, a script, -m MODULE, pkg.mod:func, or --command LINE")
    configured = None if asked.dirty else _configured(asked, project, given)
    if configured is not None:
        if asked.arguments:
            raise UsageError(
                f"{given[0]!r} is a variant of pipeline {configured.name!r}: it takes no arguments"
            )
        made = [catalog.find_variant(project, configured, word) for word in given]
    elif not asked.dirty and any(_is_foreign(one, folder) for one in given):
        _see_no_clash(given, folder)
        made = _from_words(asked, project, folder, given)
    elif revised.are_revisions(tuple(given) or ("HEAD",), folder, needed=asked.dirty):
        here = dataclasses.replace(asked, words=asked.words or ("HEAD",))
        made, notes = revised.variants(here, project, folder)
    else:
        raise _nothing(asked, project, given, folder)
    made = [
        pointed(one, asked.stages, is_baseline=not nth, root=project.root, folder=folder)
        for nth, one in enumerate(made)
    ]
    return _distinct(_interpreted(made, asked.pythons), given), notes


def _configured(asked: Asked, project: Project, given: list[str]) -> Pipeline | None:
    """Return the pipeline whose variants all words are; None if there is none."""
    having = [one for one in project.pipelines.values() if set(given) <= set(one.variants)]
    if not having:
        return None
    if asked.pipeline is None and len(having) == 1:
        return having[0]
    named = catalog.find_pipeline(project, asked.pipeline)
    return named if named in having else None


def _nothing(asked: Asked, project: Project, given: list[str], folder: Path) -> UsageError:
    """Return the error for words of which one is nothing that there is, or which are not of one kind."""
    known = {name for one in project.pipelines.values() for name in one.variants}
    wrong = [one for one in given if one not in known and not revised.are_revisions((one,), folder)]
    if not wrong:
        return UsageError(
            f"{' and '.join(given)} are not of one kind: name two variants, two files or two revisions"
        )
    why = revised.why_not(wrong[0], folder)
    if project.pipelines:
        try:
            catalog.find_variant(project, catalog.find_pipeline(project, asked.pipeline), wrong[0])
        except UsageError as error:
            why = f"{error}; {why}"
    return UsageError(f"{wrong[0]!r} is no file, no pkg.mod:func, no variant and no git revision ({why})")


def _see_no_clash(given: list[str], folder: Path) -> None:
    """Refuse a word that is a file and a revision: either may be meant."""
    for word in given:
        bare = "/" not in word and not word.endswith(".py")
        if bare and (folder / word).is_file() and revised.are_revisions((word,), folder):
            raise UsageError(
                f"{word!r} is a file and a git revision: write ./{word} for the file, or the commit or "
                f"refs/heads/{word} for the revision"
            )


def _is_foreign(word: str, folder: Path) -> bool:
    return (
        word.startswith((_COMMAND, words.MODULE))
        or words.is_callable_word(word)
        or word.endswith(".py")
        or (folder / word).is_file()
    )


def _from_words(asked: Asked, project: Project, folder: Path, given: list[str]) -> list[Variant]:
    """Return variants that no configuration knows: of one pipeline, which is called after the first."""
    pipeline = asked.pipeline or _title(given[0])
    if re.fullmatch(r"\w[\w.+-]*", pipeline) is None:
        raise UsageError(f"--pipeline {pipeline!r} is no folder's name: write letters, digits, _ or -")
    sources = [_source(one, folder) for one in given]
    shared = sources[0] is not None and words.binds(sources[0], "make_inputs")
    made = []
    for word, source in zip(given, sources, strict=True):
        place = words.Place(
            name=_title(word),
            pipeline=pipeline,
            root=project.root,
            folder=folder,
            lenient=bool(asked.pythons),
        )
        if word.startswith(_COMMAND):
            one = words.command(word.removeprefix(_COMMAND), place)
        elif word.startswith(words.MODULE):
            one = words.module(word.removeprefix(words.MODULE).strip(), place)
        elif words.is_callable_word(word):
            one = words.callable_(word, place)
        else:
            serves = (shared or asked.inputs) and source is not None and words.binds(source, "run")
            one = words.script(word, place, "pipeline" if serves else "script")
        takes = one.kind in {"script", "module"}
        if asked.arguments and not takes and one.kind != "command":
            raise UsageError(f"{word} takes no arguments: only scripts and modules do")
        made.append(dataclasses.replace(one, arguments=asked.arguments) if takes else one)
    return made


def _source(word: str, folder: Path) -> ast.Module | None:
    """Return the syntax of a word that is a Python file."""
    file = folder / word
    if words.is_callable_word(word) or not word.endswith(".py") or not file.is_file():
        return None
    return words.parse(words.read(file), file)


_COMMAND = "$ "
"""How a word begins, in here, that is a whole command."""


def _title(word: str) -> str:
    """Return what a side is called: short, and fit for a file's name."""
    if word.startswith(_COMMAND):
        line = word.removeprefix(_COMMAND).split()
        text = Path(line[0]).name if line else "command"
    elif word.startswith(words.MODULE):
        text = word.removeprefix(words.MODULE).strip()
    elif words.is_callable_word(word):
        text = word.rpartition(":")[2]
    else:
        text = Path(word).stem
    return re.sub(r"[^\w.+-]", "_", text) or "side"


def _distinct(made: list[Variant], given: list[str]) -> list[Variant]:
    """Give sides that would be called the same other names: by their folder, module or interpreter."""
    names = {one.name for one in made}
    alike = all(one == made[0] for one in made)  # something may be compared with itself
    if len(names) == len(made) or alike:
        return made
    longer = [re.sub(r"[^\w.+-]", "_", one) for one in _told_apart(given)]
    if len(set(longer)) == len(made):
        return [dataclasses.replace(one, name=name) for one, name in zip(made, longer, strict=True)]
    pythons = [one.python for one in made]
    if len(set(pythons)) == len(made) and all(pythons):
        ends = interpreters.labels(pythons)
    else:
        ends = [str(at) for at in range(1, len(made) + 1)]
    return [dataclasses.replace(one, name=f"{one.name}-{end}") for one, end in zip(made, ends, strict=True)]


def _told_apart(given: list[str]) -> list[str]:
    """Return of commands the first word in which they differ, of all else the whole without its ending."""
    lines = [word.removeprefix(_COMMAND).split() for word in given if word.startswith(_COMMAND)]
    if len(lines) == len(given):
        for words_there in zip(*lines, strict=False):
            if len(set(words_there)) == len(given):
                return [Path(one).name for one in words_there]
    return [word.removeprefix(_COMMAND).removesuffix(".py").strip("./") for word in given]


def _interpreted(made: list[Variant], pythons: tuple[str, ...]) -> list[Variant]:
    """Give each side its interpreter."""
    if not pythons:
        return [_looked_at(one) for one in made]
    if len(pythons) not in {1, len(made)}:
        raise UsageError(f"give --python once for all sides, or {len(made)} times, once for each")
    each = pythons * len(made) if len(pythons) == 1 else pythons
    return [
        _looked_at(dataclasses.replace(one, python=python)) for one, python in zip(made, each, strict=True)
    ]


def _looked_at(variant: Variant) -> Variant:
    """See that a side's interpreter can be used, and name it as it names itself."""
    if not variant.python:
        return variant
    if variant.kind == "command":
        raise UsageError("a command names its own interpreter: leave --python out, or name a script instead")
    return dataclasses.replace(variant, python=interpreters.find(variant.python).executable)


def _check_places(bench: Bench, variants: list[Variant]) -> None:
    """See that each parameter set has a place in the arguments, and each place a parameter."""
    for variant in variants:
        name = variant.name
        if variant.kind not in {"script", "module", "command"}:
            continue
        text = " ".join([variant.target if variant.kind == "command" else "", *variant.arguments])
        known = [*bench.overrides, "seed"]
        for parameter in bench.overrides:
            if f"{{{parameter}}}" not in text:
                raise UsageError(
                    f"the arguments of {name} have no place for {parameter}: write {{{parameter}}} in them, "
                    f"as in -- --size {{{parameter}}}"
                )
        if variant.kind == "command":  # braces may be the shell's, or awk's
            continue
        for place in re.findall(r"\{([A-Za-z_]\w*)\}", text):
            if place not in known:
                raise UsageError(
                    f"the arguments of {name} name {{{place}}}: give it with --set {place}=VALUE"
                )
