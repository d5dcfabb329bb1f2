"""An index of what is stored, in SQLite: made from the folders, and made again whenever it may be wrong.

The folders are the truth. Each time the index is asked it is first brought up to date: a record that is new,
or whose file has another time or size, is read; one that is gone is dropped. An index that is missing,
damaged, or made by other code is thrown away and built anew; where none can be written, one in memory serves.
It lies in a folder of its own, ``reports/.index/``, whose ``.gitignore`` keeps it out of every repository.

One process at a time uses it, by a lock on a file beside it: there is nobody in the way of throwing it away.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import os
import sqlite3
from typing import TYPE_CHECKING, TypeVar

import msgspec

from perfkit.model import SCHEMA, Comparison
from perfkit.model.history import StoredRecord, StoredTiming
from perfkit.store.summaries import RECORDS, Summary, shape, size_bytes, summarise, timing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from perfkit.model.history import Room

T = TypeVar("T")

FOLDER = ".index"
_FILE, _LOCK = "index.sqlite", "lock"
_TABLES = """
CREATE TABLE made (by TEXT);
CREATE TABLE record (
    pipeline TEXT, room TEXT, id TEXT,
    mtime_ns INTEGER, file_bytes INTEGER,
    kind TEXT, variant TEXT, profiler TEXT, started_at TEXT, source_sha256 TEXT,
    size_bytes INTEGER, refers_to TEXT, problem TEXT,
    git_commit TEXT, git_dirty INTEGER, cpu TEXT, platform TEXT, python TEXT,
    run_s REAL, stages TEXT, short TEXT,
    PRIMARY KEY (pipeline, room, id)
);
"""
_COLUMNS = 21
_NEVER = (-1, -1)


class Index:
    """What is stored, as `consult` hands it out.

    Parameters
    ----------
    reports
        The folder of all pipelines' reports.
    database
        With the index's tables.
    """

    def __init__(self, reports: Path, database: sqlite3.Connection) -> None:
        self._reports = reports
        self._database = database

    def pipelines(self) -> list[str]:
        """Return the names of the folders that hold a pipeline's records."""
        if not self._reports.is_dir():
            return []
        return sorted(
            one.name
            for one in self._reports.iterdir()
            if not one.name.startswith(".") and any((one / room).is_dir() for room in RECORDS)
        )

    def records(self, pipeline: str) -> list[StoredRecord]:
        """Return all records of a pipeline in short, by room and id."""
        rows = self._database.execute(
            "SELECT room, id, kind, variant, profiler, started_at, source_sha256, size_bytes, refers_to, "
            "problem FROM record WHERE pipeline = ? ORDER BY room, id",
            (pipeline,),
        )
        return [
            StoredRecord(
                pipeline=pipeline,
                room=room,
                id=name,
                kind=kind,
                variant=variant,
                profiler=profiler,
                started_at=started_at,
                source_sha256=_names(sources),
                size_bytes=size,
                refers_to=_names(refers_to),
                problem=problem,
            )
            for room, name, kind, variant, profiler, started_at, sources, size, refers_to, problem in rows
        ]

    def comparisons(self, pipeline: str) -> list[Comparison]:
        """Return a pipeline's comparisons that can be read, by id.

        In short: without verifications on edge inputs and what was untried, and of each stage's verdict
        without the errors; without the results of pairs and the machine's checks.
        """
        rows = self._database.execute(
            "SELECT short FROM record WHERE pipeline = ? AND room = 'comparisons' AND kind <> '' ORDER BY id",
            (pipeline,),
        )
        return [msgspec.json.decode(short, type=Comparison) for (short,) in rows]

    def timings(self, pipeline: str) -> dict[str, StoredTiming]:
        """Return the times of a pipeline's timed runs, by id."""
        rows = self._database.execute(
            "SELECT id, variant, run_s, stages FROM record "
            "WHERE pipeline = ? AND room = 'runs' AND kind = 'timing' ORDER BY id",
            (pipeline,),
        )
        return {name: timing(name, variant, run_s, stages) for name, variant, run_s, stages in rows}

    def update(self) -> None:
        """Bring the index up to date with what is stored."""
        known: dict[tuple[str, str], dict[str, tuple[int, int]]] = {}
        for pipeline, room, name, mtime, size in self._database.execute(
            "SELECT pipeline, room, id, mtime_ns, file_bytes FROM record"
        ):
            known.setdefault((pipeline, room), {})[name] = (mtime, size)
        gone: list[tuple[str, str, str]] = []
        fresh: list[tuple[str, Room, str, tuple[int, int]]] = []
        for pipeline in self.pipelines():
            for room, file in RECORDS.items():
                before = known.pop((pipeline, room), {})
                there = dict(_present(self._reports / pipeline / room, file))
                gone += [(pipeline, room, name) for name in before.keys() - there.keys()]
                fresh += [
                    (pipeline, room, name, state)
                    for name, state in there.items()
                    if before.get(name) != state
                ]
        gone += [(*place, name) for place, names in known.items() for name in names]
        if not gone and not fresh:
            return
        self._database.execute("BEGIN IMMEDIATE")
        self._database.executemany("DELETE FROM record WHERE pipeline = ? AND room = ? AND id = ?", gone)
        self._database.executemany(
            f"INSERT OR REPLACE INTO record VALUES ({', '.join('?' * _COLUMNS)})",  # noqa: S608  placeholders
            self._rows(fresh),
        )
        self._database.execute("COMMIT")

    def _rows(self, fresh: Sequence[tuple[str, Room, str, tuple[int, int]]]) -> Iterator[tuple[object, ...]]:
        for pipeline, room, name, state in fresh:
            # Gone between the listing and now: another process prunes.
            with contextlib.suppress(FileNotFoundError):
                summary = _read(self._reports, pipeline, room, name)
                # What cannot be read is tried again each time: a right may be given.
                seen = _NEVER if summary.record.problem else state
                yield (pipeline, room, name, *seen, *_row(summary))


def consult(reports: Path, ask: Callable[[Index], T]) -> T:
    """Ask the index, brought up to date.

    Parameters
    ----------
    reports
        The folder of all pipelines' reports.
    ask
        Gets the index, which is closed when it returns; called again if the index turns out to be damaged.

    Returns
    -------
    T
        What `ask` returned.
    """
    if not reports.is_dir():
        return _in_memory(reports, ask)
    try:
        with _locked(reports / FOLDER):
            file = reports / FOLDER / _FILE
            try:
                return _in_file(reports, file, ask)
            except (sqlite3.Error, msgspec.DecodeError, UnicodeDecodeError):
                _discard(file)
                return _in_file(reports, file, ask)
    except (OSError, sqlite3.Error):  # no right to write here, no space, no locks
        return _in_memory(reports, ask)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("# Made by perfkit from what lies beside this folder.\n*\n")
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _in_file(reports: Path, file: Path, ask: Callable[[Index], T]) -> T:
    code = shape()
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as database:
        made = database.execute("SELECT name FROM sqlite_master WHERE name = 'made'").fetchone()
        current = made is not None and database.execute("SELECT by FROM made").fetchone() == (code,)
        if current:
            return _asked(reports, database, ask)
    _discard(file)
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as database:
        # In one transaction, so that what is left by an interrupted building is empty.
        database.executescript(f"BEGIN; {_TABLES} COMMIT;")
        database.execute("INSERT INTO made VALUES (?)", (code,))
        return _asked(reports, database, ask)


def _in_memory(reports: Path, ask: Callable[[Index], T]) -> T:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        database.executescript(_TABLES)
        return _asked(reports, database, ask)


def _asked(reports: Path, database: sqlite3.Connection, ask: Callable[[Index], T]) -> T:
    index = Index(reports, database)
    index.update()
    return ask(index)


def _discard(file: Path) -> None:
    # The journal goes first: it must not be played back into another database.
    for one in (file.with_name(f"{file.name}-journal"), file):
        one.unlink(missing_ok=True)


def _present(folder: Path, file: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield the records of a room, with time and size of their files."""
    try:
        names = os.listdir(folder)  # noqa: PTH208  five thousand paths would cost more than the listing
    except (FileNotFoundError, NotADirectoryError):
        return
    for name in names:
        try:
            found = os.stat(f"{folder}/{name}/{file}")  # noqa: PTH116  likewise
        except (FileNotFoundError, NotADirectoryError):
            continue  # no record, or removed just now
        yield name, (found.st_mtime_ns, found.st_size)


def _read(reports: Path, pipeline: str, room: Room, name: str) -> Summary:
    folder = reports / pipeline / room / name
    record = StoredRecord(pipeline=pipeline, room=room, id=name, size_bytes=size_bytes(folder))
    try:
        content = (folder / RECORDS[room]).read_bytes()
        if msgspec.json.decode(content, type=_Header).schema > SCHEMA:
            problem = "it was written by a newer perfkit"
        else:
            return summarise(record, content)
    except FileNotFoundError:
        raise
    except OSError as error:
        problem = f"it cannot be read ({error.strerror or error})"
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        problem = f"it is damaged ({error})"
    return Summary(record=dataclasses.replace(record, problem=problem))


def _row(summary: Summary) -> tuple[object, ...]:
    """Return a summary as the columns after those that say which file it was made from."""
    record, environment = summary.record, summary.environment
    return (
        record.kind,
        record.variant,
        record.profiler,
        record.started_at,
        " ".join(record.source_sha256),
        record.size_bytes,
        " ".join(record.refers_to),
        record.problem,
        environment.git_commit if environment else None,
        environment.git_dirty if environment else None,
        environment.cpu if environment else None,
        environment.platform if environment else None,
        environment.python if environment else None,
        summary.run_s,
        summary.stages.decode() if summary.stages is not None else None,
        summary.short.decode() if summary.short is not None else None,
    )


def _names(joined: str) -> tuple[str, ...]:
    return tuple(joined.split())


class _Header(msgspec.Struct):
    schema: int
