"""From what a caller passes, callables among it, to sides: by the words of the command line."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perfkit import catalog
from perfkit.api import sides
from perfkit.api.bench import TIMEOUT_S
from perfkit.errors import UsageError
from perfkit.python import callables, cells, checked, progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from perfkit.api.sides import Sides
    from perfkit.model import Event, Parameters, Variant

    Listener = Callable[[Event], None]

_CELLS = "cells"
"""The folder with a notebook's functions, in that of their pipeline."""


_OF_WORKERS = "PERFKIT_PADDING"
"""A variable that measured processes have, and no others."""
_BENCHMARKS = ("contender", "baseline", "own", "here")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a caller says of the sides and of how to run them.

    Attributes
    ----------
    things
        The sides: words as on the command line, paths, or callables.
    make_inputs, inputs
        One of them: what makes the inputs of callables, itself or by its words.
    """

    things: tuple[object, ...]
    make_inputs: object = None
    inputs: object = None
    commands: Any = ()
    arguments: Any = ()
    pipeline: str | None = None
    set: Mapping[str, Any] | None = None
    seed: int = 0
    timeout: float = 0.0
    stages: Any = ()
    find_stages: bool = True
    python: Any = ()
    keep_home: bool = False
    dirty: bool = False
    benchmark: str | None = None
    listener: Listener | None = None
    progress: bool = False

    def listening(self) -> AbstractContextManager[Listener]:
        """Return what shows progress, or tells the caller, while it is entered."""
        return progress.listening(self.listener, showing=self.progress)

    def find(self, listener: Listener) -> Found:
        """Find the sides.

        Raises
        ------
        UsageError
            If there is no such thing, a callable cannot be imported, or a value makes no sense.
        """
        if _OF_WORKERS in os.environ:
            raise UsageError(
                "perfkit was called while a process that perfkit measures imports this file or runs it: put "
                'the call below if __name__ == "__main__":'
            )
        pipeline = checked.pipeline(self.pipeline)
        overrides, seed = checked.parameters(self.set), checked.whole("seed", self.seed)
        timeout_s = checked.number("timeout", self.timeout, open_end=True)
        if self.make_inputs is not None and self.inputs is not None:
            raise UsageError("make_inputs and inputs say the same thing: leave one of them out")
        maker = self.make_inputs if self.make_inputs is not None else self.inputs
        *given, inputs = self._words((*self.things, maker))
        asked = sides.Asked(
            words=tuple(given),
            commands=checked.words("commands", self.commands),
            arguments=checked.words("arguments", self.arguments),
            pipeline=pipeline,
            stages=checked.words("stages", self.stages),
            find_stages=bool(self.find_stages),
            inputs=inputs,
            pythons=checked.words("python", self.python),
            keep_home=bool(self.keep_home),
            dirty=bool(self.dirty),
            benchmark=checked.choice("benchmark", self.benchmark or "", ("", *_BENCHMARKS)),
        )
        found = sides.find(asked, overrides=overrides, seed=seed, timeout_s=timeout_s, listener=listener)
        if any(callable(one) for one in self.things):
            found = _importing(found)
        return Found(sides=found, words=tuple(typed(asked, overrides, seed, timeout_s)))

    def _words(self, things: Sequence[object]) -> list[str]:
        """Turn everything into words; what a notebook's cells define is written into modules."""
        found: list[str] = []
        in_cells: dict[int, str] = {}
        for at, thing in enumerate(things):
            if thing is None and at == len(things) - 1:
                found.append("")
            elif isinstance(thing, str | Path):
                found.append(str(thing))
            else:
                name = cells.name_in_notebook(thing) if callable(thing) else ""
                own = name and callables.is_interactive(thing)
                try:
                    found.append("" if own else _shortened(callables.word(thing)))
                except UsageError:
                    if not name:
                        raise
                    own = True
                    found.append("")
                if own:
                    in_cells[at] = name
        if not in_cells:
            return found
        folder = catalog.open_project(Path.cwd()).reports(self.pipeline or next(iter(in_cells.values())))
        made = cells.modules(list(in_cells.values()), cells.namespace())
        files = made.write(folder / _CELLS)
        for at, name in in_cells.items():
            found[at] = f"{_nearby(files[name])}:{name}"
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The sides, and the words that ask for the same on the command line."""

    sides: Sides
    words: tuple[str, ...]

    def two(self) -> tuple[str, str]:
        """Return the names of the two sides; UsageError if there are more or fewer."""
        if len(self.sides.names) != 2:  # noqa: PLR2004  a baseline and a contender
            raise UsageError(
                f"name two sides, the baseline first, not {len(self.sides.names)}: variants, scripts, "
                "callables, or commands=(LINE, LINE)"
            )
        return self.sides.names[0], self.sides.names[1]

    def one(self) -> str:
        """Return the name of the one side; UsageError if there are more."""
        if len(self.sides.names) != 1:
            raise UsageError(f"name one thing to run, not {len(self.sides.names)}")
        return self.sides.names[0]


def _importing(found: Sides) -> Sides:
    """Let fresh processes import from where this one does: from the folder of a script or a notebook."""
    folders = tuple(_own_path())

    def told(variant: Variant) -> Variant:
        packages = tuple(dict.fromkeys([*variant.packages, *folders]))
        return dataclasses.replace(variant, packages=packages)

    inputs = found.bench.inputs
    bench = dataclasses.replace(
        found.bench,
        variants={name: told(one) for name, one in found.bench.variants.items()},
        inputs=None if inputs is None else told(inputs),
    )
    return dataclasses.replace(found, bench=bench)


def _own_path() -> Iterator[str]:
    """Yield the folders from which this process imports, and a fresh one by itself would not."""
    installed = [Path(one).resolve() for one in (sys.prefix, sys.base_prefix, sys.exec_prefix)]
    for entry in sys.path:
        folder = Path(entry or os.curdir).resolve()
        if folder.is_dir() and not any(folder.is_relative_to(one) for one in installed):
            yield str(folder)


def _shortened(word: str) -> str:
    """Write a file as the user would type it here."""
    file, _, name = word.rpartition(":")
    return f"{_nearby(Path(file))}:{name}" if file.endswith(".py") else word


def _nearby(file: Path) -> str:
    here = Path.cwd()
    return file.relative_to(here).as_posix() if file.is_relative_to(here) else file.as_posix()


def typed(asked: sides.Asked, overrides: Parameters, seed: int, timeout_s: float) -> Iterator[str]:
    """Yield the words of the command line that say the same of the sides."""
    for word in asked.words:
        yield from ("-m", word.removeprefix("-m ").strip()) if word.startswith("-m ") else (word,)
    options: list[tuple[str, object]] = [
        *(("--command", one) for one in asked.commands),
        *([("--pipeline", asked.pipeline)] if asked.pipeline is not None else []),
        *(("--stage", one) for one in asked.stages),
        *([("--inputs", asked.inputs)] if asked.inputs else []),
        *(("--python", one) for one in asked.pythons),
        *([("--benchmark", asked.benchmark)] if asked.benchmark else []),
        *(("--set", f"{name}={_value(value)}") for name, value in overrides.items()),
        *([("--seed", seed)] if seed else []),
        *([("--timeout", f"{timeout_s:g}")] if timeout_s != TIMEOUT_S else []),
    ]
    for name, value in options:
        yield from (name, str(value))
    yield from () if asked.find_stages else ("--no-find-stages",)
    yield from ("--keep-home",) if asked.keep_home else ()
    yield from ("--dirty",) if asked.dirty else ()
    if asked.arguments:
        yield from ("--", *asked.arguments)


def _value(value: object) -> str:
    """Write a parameter so that the command line reads the same from it."""
    text = json.dumps(value)
    return value if isinstance(value, str) and not _reads_as_json(value) else text


def _reads_as_json(text: str) -> bool:
    if text in {"True", "False", "None"}:
        return True
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
