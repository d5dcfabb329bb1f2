"""The summary at the end of a run of pytest."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from perfkit.analyse import unpaired
from perfkit.model import BenchmarkFile
from perfkit.pytest_plugin import files
from perfkit.report import in_process, units
from perfkit.report.layout import grid

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from perfkit.model import Unpaired
    from perfkit.pytest_plugin.found import Found
    from perfkit.pytest_plugin.settings import Settings
    from perfkit.report.text import Table

_NARROWEST = 100  # a log has room; pytest takes 80 columns for one


def say(
    terminal: pytest.TerminalReporter, settings: Settings, found: Sequence[Found], saying: Sequence[str]
) -> None:
    """Write the summary.

    Parameters
    ----------
    found
        What each test measured.
    saying
        What else is to be said, a line each.
    """
    terminal.section("perfkit")
    width = max(_NARROWEST, terminal._tw.fullwidth)
    timings = [timing for one in found for timing in one.timings]
    comparisons = [comparison for one in found for comparison in one.comparisons]
    lines: list[str] = []
    if timings:
        lines += [*_folded(in_process.ONE_PROCESS, width), *_table(in_process.timings(timings), width), ""]
    for name, pairs in _beside(found).items():
        lines += [*_against(name, pairs, settings, width), ""]
    if comparisons:
        lines += [in_process.FRESH, *_table(in_process.paired(comparisons), width), ""]
    profiles = [profile for one in found for profile in one.profiles]
    lines += [f"profile: {_nearby(one)}" for one in profiles]
    lines += dict.fromkeys(f"no profile: {problem}" for one in found for problem in one.problems)
    lines += saying
    while lines and not lines[-1]:
        lines.pop()
    for line in lines:
        terminal.write_line(line)


def _beside(found: Sequence[Found]) -> dict[str, list[Unpaired]]:
    pairs: dict[str, list[Unpaired]] = {}
    for one in found:
        for name, pair in one.beside:
            pairs.setdefault(name, []).append(pair)
    return pairs


def _against(name: str, pairs: Sequence[Unpaired], settings: Settings, width: int) -> list[str]:
    from perfkit.pytest_plugin.settings import load

    then = load(settings.root, name).content
    when = f" of {units.moment(then.started_at)}" if then.started_at else ""
    here = BenchmarkFile(tool="perfkit", host=files.host(settings.root))
    lines = _folded(f"Beside {name}{when} ({then.tool}). {in_process.NOT_PAIRED}", width)
    lines += [
        line for one in unpaired.changed(then, here) for line in _folded(f"Between them: {one}.", width)
    ]
    if all(one.before is None for one in pairs):
        return [*lines, f"None of the tests that ran has a timing in {name}."]
    return [*lines, *_table(in_process.unpaired(pairs), width)]


def _folded(text: str, width: int) -> list[str]:
    from textwrap import wrap

    return wrap(text, width)


def _table(table: Table, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None, legacy_windows=False)
    with console.capture() as captured:
        console.print(grid(table))
    return [line.rstrip() for line in captured.get().splitlines()]


def _nearby(path: str) -> str:
    file = Path(path)
    return os.path.relpath(file) if file.is_relative_to(Path.cwd()) else path
