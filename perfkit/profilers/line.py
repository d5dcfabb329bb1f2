"""line_profiler: what each line of the variant's own file cost, with the source as it ran.

The worker leaves line_profiler's own file, a pickle, for line_profiler's viewer, and `LINES`, which perfkit
reads: a pickle is code, and it holds no source.
"""

from __future__ import annotations

import dataclasses
import gc
import importlib.util
import sys
import types
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from line_profiler import LineProfiler

from perfkit.model import FunctionLines, LineCost, Profiled
from perfkit.profilers.outline import outline
from perfkit.profilers.paths import decode, encode, relative
from perfkit.profilers.unseen import Watch

if TYPE_CHECKING:
    from collections.abc import Callable

R = TypeVar("R")

TITLE = "line_profiler"
FILE = "profile.lprof"
"""line_profiler's own file in the run's folder."""

LINES = "lines.json"
"""What perfkit reads of it, with the source."""

_FUNCTION_FLAGS = 0x3  # inspect.CO_OPTIMIZED | CO_NEWLOCALS: a function's code, not a class body's


class Profiler:
    """Runs a function under line_profiler, in the worker.

    All functions of the variant's file are profiled: methods, decorated and nested ones as well. Lambdas and
    comprehensions count in the line that holds them.

    Parameters
    ----------
    module, file
        The variant's module and its file.

    Attributes
    ----------
    warnings
        After `run`: what the profiler could not see, one sentence each.
    """

    def __init__(self, module: types.ModuleType, file: Path) -> None:
        self.warnings: list[str] = []
        self._file = file
        self._source = importlib.util.decode_source(file.read_bytes())
        self._module = module
        self._stages: dict[int, str] = {}
        self._profiler = LineProfiler()
        # Decorated functions hide in closures, methods in descriptors, handlers in tables: the garbage
        # collector knows them all. (isinstance would ask lazy objects for their class, and wake them.)
        names = {str(file), str(file.resolve()), str(module.__file__)}
        for function in [one for one in gc.get_objects() if type(one) is types.FunctionType]:
            code = function.__code__
            if code.co_filename in names and not code.co_name.startswith("<"):
                function.__code__ = self._with_nested(code)
                self._add(function)
            if (stage := function.__dict__.get("__perfkit_stage__")) is not None:
                inner = _unwrapped(function).__code__
                if inner.co_filename in names:
                    self._stages[inner.co_firstlineno] = stage

    def _with_nested(self, code: types.CodeType) -> types.CodeType:
        """Have the functions that `code` will define profiled too; returns the code that defines those."""
        constants: list[object] = []
        for constant in code.co_consts:
            nested = constant
            if (
                isinstance(nested, types.CodeType)
                and nested.co_flags & _FUNCTION_FLAGS == _FUNCTION_FLAGS
                and not nested.co_name.startswith("<")
            ):
                cells = tuple(types.CellType() for _ in nested.co_freevars)
                stand_in = types.FunctionType(self._with_nested(nested), {}, nested.co_name, None, cells)
                self._add(stand_in)
                nested = stand_in.__code__
            constants.append(nested)
        return code.replace(co_consts=tuple(constants))

    def _add(self, function: types.FunctionType) -> None:
        """Profile a function: line_profiler marks its code, by which it knows it again."""
        wrapped = function.__dict__.pop("__wrapped__", None)  # it would warn that this is a wrapper
        self._profiler.add_function(function)
        if wrapped is not None:
            function.__wrapped__ = wrapped  # type: ignore[attr-defined]

    def run(self, function: Callable[[], R]) -> R:
        """Call `function` under the profiler.

        Returns
        -------
        R
            What `function` returned.

        Raises
        ------
        RuntimeError
            When another profiling tool is active in this process (Python 3.12 and later notice).
        """
        # Tracing belongs to a thread before 3.12 and must be switched on in each; since then, to all.
        with Watch(self._enabled if sys.version_info < (3, 12) else nullcontext) as watch:
            try:
                self._profiler.enable_by_count()
            except ValueError as error:
                msg = f"line_profiler cannot start while another profiling tool is active: {error}"
                raise RuntimeError(msg) from error
            try:
                result = function()
            finally:
                self._profiler.disable_by_count()
        if watch.threads:
            self.warnings.append(
                f"{watch.count()}: their lines' times overlap, and include waiting for the interpreter lock"
            )
        if watch.children:
            self.warnings.append("child processes ran: line_profiler does not see into them")
        return result

    def _enabled(self) -> Any:
        """Return a context in which the current thread is profiled."""
        return self._profiler

    def save(self, folder: Path) -> None:
        """Write line_profiler's file and perfkit's into `folder`."""
        stats = self._profiler.get_stats()
        stats.to_file(folder / FILE)
        found = Profiled(
            lines=self._functions(stats.timings, stats.unit), sources={str(self._file): self._source}
        )
        (folder / LINES).write_bytes(encode(found))

    def _functions(self, timings: Any, unit: float) -> tuple[FunctionLines, ...]:
        """Join the timings with the source; functions that never ran stay out unless they are stages."""
        by_first_line: dict[int, dict[int, tuple[int, float]]] = {}
        for (_, first_line, _), entries in timings.items():
            lines = by_first_line.setdefault(first_line, {})
            for line, hits, time in entries:
                before = lines.get(line, (0, 0.0))
                lines[line] = (before[0] + hits, before[1] + time * unit)
        text = self._source.split("\n")  # as Python counts lines: str.splitlines knows more ends
        functions = []
        for one in outline(self._source, self._module):
            lines = by_first_line.get(one.first_line, {})
            stage = self._stages.get(one.first_line, one.block_stage)
            if lines or stage is not None:
                functions.append(
                    FunctionLines(
                        name=one.name,
                        file=str(self._file),
                        first_line=one.first_line,
                        stage=stage,
                        source=tuple(text[one.first_line - 1 : one.last_line]),
                        lines=tuple(
                            LineCost(line=line, hits=hits, time_s=time)
                            for line, (hits, time) in sorted(lines.items())
                            if hits
                        ),
                        calls=one.calls,
                    )
                )
        return tuple(functions)


def _unwrapped(function: types.FunctionType) -> types.FunctionType:
    """Return the innermost function under decorators."""
    inner: Any = function
    while isinstance(getattr(inner, "__wrapped__", None), types.FunctionType):
        inner = inner.__wrapped__
    return inner  # type: ignore[no-any-return]


def read(folder: Path, root: Path) -> Profiled:
    """Read the functions that a worker saved; line_profiler's pickle is not touched.

    Parameters
    ----------
    folder
        The run's folder.
    root
        The project's root, to which the paths become relative.

    Raises
    ------
    StoreError
        When the file is missing or damaged.
    """
    found = decode(folder / LINES)
    return Profiled(
        lines=tuple(dataclasses.replace(one, file=relative(one.file, root)) for one in found.lines),
        sources={relative(file, root): text for file, text in found.sources.items()},
    )
