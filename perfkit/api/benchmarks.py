"""Files of timings that test runs left: perfkit's own, and pytest-benchmark's."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from perfkit.analyse import in_process
from perfkit.errors import StoreError, UsageError
from perfkit.model import SCHEMA, BenchmarkFile, BenchmarkHost, InProcessTiming
from perfkit.store import named_errors, replace_file

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "pytest"
"""Beside the pipelines' folders in ``reports/``."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")

_Seconds = Annotated[float, msgspec.Meta(ge=0)]
_Count = Annotated[int, msgspec.Meta(ge=1)]


class _Stats(msgspec.Struct):
    median: _Seconds
    rounds: _Count
    iterations: _Count = 1
    data: list[_Seconds] | None = None


class _Options(msgspec.Struct):
    disable_gc: bool | None = None


class _Benchmark(msgspec.Struct):
    fullname: str
    stats: _Stats
    options: _Options = msgspec.field(default_factory=_Options)


class _Cpu(msgspec.Struct):
    brand_raw: str = ""


class _Machine(msgspec.Struct):
    python_version: str = ""
    python_implementation: str = ""
    system: str = ""
    release: str = ""
    cpu: _Cpu = msgspec.field(default_factory=_Cpu)


class _Commit(msgspec.Struct):
    id: str | None = None
    dirty: bool | None = None


class _Theirs(msgspec.Struct):
    benchmarks: list[_Benchmark]
    version: str = ""
    datetime: str = ""
    machine_info: _Machine = msgspec.field(default_factory=_Machine)
    commit_info: _Commit = msgspec.field(default_factory=_Commit)


def place(reports: Path, name: str) -> Path:
    """Return where the timings of that name lie.

    Parameters
    ----------
    reports
        The project's ``reports`` folder.

    Raises
    ------
    UsageError
        If no file can have that name.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name for stored timings: use letters, digits and . _ + -")
    return reports / FOLDER / f"{name}.json"


def share(option: str, text: str) -> float:
    """Return ``20%`` or ``0.2`` as a share; a bare 20 could mean either.

    Raises
    ------
    UsageError
        If it is neither.
    """
    text = text.strip()
    try:
        number = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf or (number >= 1 and not text.endswith("%")):
        raise UsageError(f"{option}: {text!r} is no percentage; write 20% or 0.2")
    return number


def write(file: Path, content: BenchmarkFile) -> Path:
    """Write timings, whole or not at all; returns the file.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    return replace_file(file, msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n")


def read(file: Path) -> BenchmarkFile:
    """Read timings: a file that perfkit's pytest plugin wrote, or one of pytest-benchmark's.

    Raises
    ------
    StoreError
        If it cannot be read, is damaged, or holds something else.
    """
    with named_errors("read", file):
        content = file.read_bytes()
    try:
        found: Any = msgspec.json.decode(content)
    except msgspec.DecodeError as error:
        raise StoreError(f"{file} holds no timings: it is no JSON ({error})") from error
    if not isinstance(found, dict) or not ({"benchmarks", "timings"} & found.keys()):
        raise StoreError(
            f"{file} holds no timings: write it with pytest --perfkit-json or pytest --benchmark-json"
        )
    if "timings" not in found:
        return _foreign(file, found)
    if isinstance(found.get("schema"), int) and found["schema"] > SCHEMA:
        raise StoreError(
            f"{file} was written by a newer perfkit (schema {found['schema']}; this one reads up to "
            f"{SCHEMA}): upgrade perfkit to read it"
        )
    try:
        return msgspec.convert(found, BenchmarkFile)
    except msgspec.ValidationError as error:
        raise StoreError(f"{file} is damaged ({error}): save the timings again") from error


def _foreign(file: Path, found: dict[str, Any]) -> BenchmarkFile:
    try:
        theirs = msgspec.convert(found, _Theirs)
    except msgspec.ValidationError as error:
        raise StoreError(f"{file} is no file of pytest-benchmark's as perfkit knows them: {error}") from error
    machine, commit = theirs.machine_info, theirs.commit_info
    host = BenchmarkHost(
        python=machine.python_version,
        implementation=machine.python_implementation,
        cpu=machine.cpu.brand_raw,
        platform=f"{machine.system} {machine.release}".strip(),
        commit=commit.id if commit.id and commit.id not in {"unversioned", "unknown"} else "",
        dirty=commit.dirty,
    )
    return BenchmarkFile(
        tool=f"pytest-benchmark {theirs.version}".strip(),
        started_at=theirs.datetime,
        host=host,
        timings=tuple(map(_timing, theirs.benchmarks)),
    )


def _timing(one: _Benchmark) -> InProcessTiming:
    values = one.stats.data or []
    low, high = in_process.interval(values) or (None, None)
    off = one.options.disable_gc
    return InProcessTiming(
        test=one.fullname,
        median_s=one.stats.median,
        low_s=low,
        high_s=high,
        values_s=tuple(values),
        samples=one.stats.rounds,
        calls=one.stats.iterations,
        garbage_collected=None if off is None else not off,
    )
