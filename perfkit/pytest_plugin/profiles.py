"""Profile one call of a function in this process, after it was timed."""

from __future__ import annotations

import re
from pathlib import Path
from types import FunctionType, MethodType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def take(
    call: Callable[[], object], function: Callable[..., object], profilers: Sequence[str], folder: Path
) -> tuple[list[Path], list[str]]:
    """Profile one more call under each profiler.

    Parameters
    ----------
    call
        Makes the call.
    function
        What it calls, whose lines are meant.
    profilers
        ``cprofile`` and ``line``.
    folder
        Where the files go; made if it is not there.

    Returns
    -------
    tuple
        The files, and what could not be profiled, one sentence each.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    problems: list[str] = []
    for name in profilers:
        file = folder / ("profile.prof" if name == "cprofile" else "profile.lprof")
        try:
            problem = _functions(call, file) if name == "cprofile" else _lines(call, function, file)
        except (ValueError, RuntimeError) as error:  # since Python 3.12: another tool is active
            problem = f"{name} cannot profile while another tool does: {error}"
        if problem:
            problems.append(problem)
        else:
            files.append(file)
    return files, problems


def _functions(call: Callable[[], object], file: Path) -> str:
    import cProfile

    profile = cProfile.Profile()
    profile.enable()
    try:
        call()
    finally:
        profile.disable()
    profile.dump_stats(file)
    return ""


def _lines(call: Callable[[], object], function: Callable[..., object], file: Path) -> str:
    inner = function.__func__ if isinstance(function, MethodType) else function
    while hasattr(inner, "__wrapped__"):
        inner = inner.__wrapped__
    if not isinstance(inner, FunctionType):
        return f"line_profiler sees Python functions only, and {type(inner).__name__} is none"
    from line_profiler import LineProfiler

    code = inner.__code__  # line_profiler marks it, and a marked one is slower for good
    try:
        profiler = LineProfiler()
        profiler.add_function(inner)
        profiler.enable_by_count()
        try:
            call()
        finally:
            profiler.disable_by_count()
        profiler.dump_stats(str(file))
    finally:
        inner.__code__ = code
    return ""


def folder_name(test: str) -> str:
    """Return a folder's name for a test: ``tests.test_a.py.test_b-1-x`` for one with parameters."""
    readable = re.sub(r"[^\w.]+", "-", test.replace("::", ".").replace("/", ".")).strip("-.")
    return readable[:_LONGEST] or "test"


_LONGEST = 150
