"""Write what a run of pytest measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit import __version__, catalog
from perfkit.api import benchmarks
from perfkit.measure import environment
from perfkit.model import BenchmarkFile, BenchmarkHost
from perfkit.store import timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from perfkit.pytest_plugin.found import Found
    from perfkit.pytest_plugin.settings import Settings


def write(settings: Settings, found: Sequence[tuple[bool, Found]]) -> list[str]:
    """Write the files that were asked for; returns what to say of them.

    Parameters
    ----------
    found
        What each test measured, and whether it passed: only such timings are stored as ones to compare with.

    Raises
    ------
    StoreError
        If one cannot be written.
    """
    here = host(settings.root)
    said = []
    if settings.json is not None:
        benchmarks.write(settings.json, _content([one for _, one in found], here))
        said.append(f"wrote {settings.json}")
    if settings.save is not None:
        good = [one for passed, one in found if passed and one.timings]
        bad = sum(bool(one.timings) and not passed for passed, one in found)
        left = f"; left out: {bad} of failed tests" if bad else ""
        if not good:
            said.append(f"nothing to store in {settings.save}: no test that passed timed anything{left}")
        else:
            content = _content(good, here)
            said.append(f"{_stored(settings.save, len(content.timings))}{left}")
            benchmarks.write(settings.save, content)
    return said


def _stored(file: Path, count: int) -> str:
    timings = "1 timing" if count == 1 else f"{count} timings"
    if not file.exists():
        return f"stored {timings} in {file}"
    return f"replaced {file} by {timings}"


def _content(found: Sequence[Found], here: BenchmarkHost) -> BenchmarkFile:
    return BenchmarkFile(
        tool=f"perfkit {__version__}",
        started_at=timestamp(),
        host=here,
        timings=tuple(timing for one in found for timing in one.timings),
        comparisons=tuple(comparison for one in found for comparison in one.comparisons),
    )


def host(root: Path) -> BenchmarkHost:
    """Return what this run is made with."""
    seen = environment.look(catalog.open_project(root).root, ())
    return BenchmarkHost(
        python=seen.python,
        implementation=seen.implementation,
        cpu=seen.cpu,
        platform=seen.platform,
        commit=seen.git_commit,
        dirty=seen.git_dirty,
    )
