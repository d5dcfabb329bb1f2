"""The two sides of a comparison as the user names them: variants, scripts, modules, callables, revisions."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit import catalog
from perfkit.api.bench import TIMEOUT_S, Bench, ignore

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.model import Event, Parameters


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
    project = catalog.open_project(start or Path.cwd())
    pipeline = catalog.find_pipeline(project, asked.pipeline)
    bench = Bench(
        project=project,
        pipeline=pipeline,
        overrides=overrides or {},
        seed=seed,
        timeout_s=timeout_s,
        listener=listener,
    )
    for word in asked.words:
        bench.variant(word)
    return Sides(bench=bench, names=asked.words)
