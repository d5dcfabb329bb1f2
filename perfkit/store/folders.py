"""Where runs and comparisons lie: folders that are there whole or not at all, and never rewritten.

``reports/<pipeline>/runs/<id>/`` holds one process: ``run.json``, its stdout and stderr, and what a profiler
left. ``reports/<pipeline>/comparisons/<id>/comparison.json`` says which runs belong together.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec
import psutil

from perfkit.errors import DiskFullError, StoreError
from perfkit.model import (
    SCHEMA,
    CheckpointRun,
    Comparison,
    ProfileRun,
    Scaling,
    TimingRun,
    VerificationReport,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    from perfkit.model.history import Room

    Run: TypeAlias = TimingRun | ProfileRun | CheckpointRun

T = TypeVar("T")

_KINDS: dict[str, type[Run]] = {"timing": TimingRun, "profile": ProfileRun, "checkpoints": CheckpointRun}
_STAGING = ".staging"


class _Header(msgspec.Struct):
    """The start of every stored record; the rest is read only if the schema is known."""

    schema: int


class _RunFile(msgspec.Struct):
    kind: str
    run: msgspec.Raw


def new_id(*words: str) -> str:
    """Return a fresh id that sorts by time and says what it names: ``20260102-030405678-baseline-1f3a5b``."""
    now = datetime.now(UTC).strftime("%Y%m%d-%H%M%S%f")[:-3]
    return "-".join([now, *words, secrets.token_hex(3)])


def timestamp() -> str:
    """Return the present time, UTC, ISO 8601 to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@contextmanager
def named_errors(what: str, path: Path) -> Iterator[None]:
    """Turn an OSError into a StoreError that says what could not be done where."""
    try:
        yield
    except OSError as error:
        msg = f"cannot {what} {path}: {error.strerror or error}"
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFullError(f"{msg}; free some space and run it again") from error
        raise StoreError(msg) from error


def replace_file(file: Path, content: bytes) -> Path:
    """Write a file whole or not at all; returns it.

    A link stays one: what it leads to is replaced. What is no file, as a terminal or a pipe, is written into.

    Raises
    ------
    StoreError
        If it cannot be written; what was there stays.
    """
    with named_errors("write", file):
        if file.is_dir():
            raise StoreError(f"cannot write {file}: it is a folder")
        if file.exists() and not file.is_file():
            file.write_bytes(content)
            return file
        place = file.resolve() if file.is_symlink() else file
        draft = place.with_name(f".{place.name}.{os.getpid()}-{secrets.token_hex(4)}")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(content)
            draft.replace(place)
        finally:
            draft.unlink(missing_ok=True)
    return file


class Store:
    """The stored runs and comparisons of one pipeline.

    Parameters
    ----------
    folder
        Such as ``reports/ml_training``; made on the first write.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    # ------------------------------------------------------------ writing

    def stage(self) -> Path:
        """Make a folder for a run under way: the worker writes there, `write_run` moves it to its place.

        Raises
        ------
        StoreError
            If the folder cannot be made.
        """
        place = self.folder / _STAGING / f"{os.getpid()}-{secrets.token_hex(4)}"
        with named_errors("make the folder", place):
            self._sweep()
            place.mkdir(parents=True)
        return place

    def discard(self, staged: Path) -> None:
        """Remove a staged folder that will not be kept."""
        shutil.rmtree(staged, ignore_errors=True)

    def write_run(self, run: Run, staged: Path) -> Path:
        """Put a run in its place, together with what lies in its staged folder.

        Returns
        -------
        Path
            The run's folder.

        Raises
        ------
        StoreError
            If it cannot be written (`DiskFullError` on a full disk); nothing is left half-written.
        """
        kind = next(name for name, record in _KINDS.items() if isinstance(run, record))
        content = msgspec.json.encode(
            {"schema": run.schema, "kind": kind, "run": msgspec.Raw(msgspec.json.encode(run))}
        )
        return self._commit(staged, "run.json", content, self.folder / "runs" / run.id)

    def write_comparison(self, comparison: Comparison) -> Path:
        """Put a comparison in its place; returns its folder.

        Raises
        ------
        StoreError
            As for `write_run`.
        """
        place = self.folder / "comparisons" / comparison.id
        return self._commit(self.stage(), "comparison.json", msgspec.json.encode(comparison), place)

    def write_verification(self, report: VerificationReport) -> Path:
        """Put a verification's report in its place; returns its folder.

        Raises
        ------
        StoreError
            As for `write_run`.
        """
        place = self.folder / "verifications" / report.id
        return self._commit(self.stage(), "verification.json", msgspec.json.encode(report), place)

    def write_scaling(self, scaling: Scaling) -> Path:
        """Put a scaling in its place; returns its folder.

        Raises
        ------
        StoreError
            As for `write_run`.
        """
        place = self.folder / "scalings" / scaling.id
        return self._commit(self.stage(), "scaling.json", msgspec.json.encode(scaling), place)

    def _commit(self, staged: Path, name: str, content: bytes, place: Path) -> Path:
        with named_errors("write", place):
            try:
                with (staged / name).open("wb") as handle:
                    handle.write(msgspec.json.format(content, indent=1))
                for file in staged.iterdir():
                    _sync(file)
                _sync(staged)
                place.parent.mkdir(parents=True, exist_ok=True)
                staged.rename(place)
                _sync(place.parent)
            except OSError:
                self.discard(staged)
                raise
        return place

    def remove(self, room: Room, name: str) -> None:
        """Remove a record for good: at every moment it is there whole, or not at all.

        Raises
        ------
        StoreError
            If it cannot be removed.
        """
        place = self.folder / room / name
        gone = self.stage() / name
        with named_errors("remove", place):
            try:
                place.rename(gone)
            except FileNotFoundError:  # somebody else did
                return
            finally:
                if not gone.exists():
                    self.discard(gone.parent)
            # So that after a power failure what refers to others has not outlived them.
            _sync(place.parent)
        self.discard(gone.parent)

    def _sweep(self) -> None:
        """Remove what processes that are gone left staged."""
        for leftover in (self.folder / _STAGING).glob("*-*"):
            pid = leftover.name.split("-")[0]
            if pid.isdigit() and not psutil.pid_exists(int(pid)):
                self.discard(leftover)

    # ------------------------------------------------------------ reading

    def run_folder(self, run_id: str) -> Path:
        """Return where a run lies."""
        return self.folder / "runs" / run_id

    def run_ids(self) -> list[str]:
        """Return the ids of all stored runs, oldest first."""
        return _names(self.folder / "runs")

    def comparison_ids(self) -> list[str]:
        """Return the ids of all stored comparisons, oldest first."""
        return _names(self.folder / "comparisons")

    def verification_ids(self) -> list[str]:
        """Return the ids of all stored verifications, oldest first."""
        return _names(self.folder / "verifications")

    def scaling_ids(self) -> list[str]:
        """Return the ids of all stored scalings, oldest first."""
        return _names(self.folder / "scalings")

    def read_run(self, run_id: str, kind: type[T]) -> T:
        """Read a run, which must be of that kind.

        Raises
        ------
        StoreError
            If it is missing, damaged, of a newer schema, or of another kind.
        """
        file = self.run_folder(run_id) / "run.json"
        stored = _read(file, _RunFile)
        if stored.kind not in _KINDS or _KINDS[stored.kind] is not kind:
            msg = f"{file} holds a run of kind {stored.kind!r}, not a {kind.__name__}"
            raise StoreError(msg)
        return _decode(bytes(stored.run), kind, file)

    def run_kind(self, run_id: str) -> type[Run] | None:
        """Return which kind of run an id names, or None for one that this perfkit does not know."""
        return _KINDS.get(_read(self.run_folder(run_id) / "run.json", _RunFile).kind)

    def read_comparison(self, comparison_id: str) -> Comparison:
        """Read a comparison.

        Raises
        ------
        StoreError
            If it is missing, damaged or of a newer schema.
        """
        return _read(self.folder / "comparisons" / comparison_id / "comparison.json", Comparison)

    def read_verification(self, verification_id: str) -> VerificationReport:
        """Read a verification's report.

        Raises
        ------
        StoreError
            If it is missing, damaged or of a newer schema.
        """
        file = self.folder / "verifications" / verification_id / "verification.json"
        return _read(file, VerificationReport)

    def read_scaling(self, scaling_id: str) -> Scaling:
        """Read a scaling.

        Raises
        ------
        StoreError
            If it is missing, damaged or of a newer schema.
        """
        return _read(self.folder / "scalings" / scaling_id / "scaling.json", Scaling)


def _names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir()) if folder.is_dir() else []


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(file: Path, kind: type[T]) -> T:
    with named_errors("read", file):
        content = file.read_bytes()
    header = _decode(content, _Header, file)
    if header.schema > SCHEMA:
        msg = (
            f"{file} was written by a newer perfkit (schema {header.schema}; this one reads up to {SCHEMA}): "
            "upgrade perfkit to read it"
        )
        raise StoreError(msg)
    return _decode(content, kind, file)


def _decode(content: bytes, kind: type[T], file: Path) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        msg = f"{file} is damaged ({error}): remove its folder, the other runs are not touched"
        raise StoreError(msg) from error
