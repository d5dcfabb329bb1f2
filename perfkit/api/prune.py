"""Remove what is stored and no longer wanted: whole comparisons with their runs, no part of what stays."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from perfkit.catalog.revisions import prune_caches
from perfkit.store import Store
from perfkit.store.index import consult
from perfkit.store.lock import measuring

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from perfkit.catalog import Project
    from perfkit.model.history import StoredRecord
    from perfkit.store.index import Index

DAY_S = 86_400.0
CACHES_S = 30 * DAY_S
"""Without an age, caches that nobody used for so long are removed."""
_REFERRING = ("comparisons", "verifications", "scalings")


class _Summary(msgspec.Struct):
    """Of summary.json: which comparison report.md tells of."""

    class _Comparison(msgspec.Struct):
        id: str

    comparison: _Comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What stays.

    Attributes
    ----------
    keep
        So many of the newest of each kind: comparisons, verifications, scalings, and runs of each variant
        that belong to none of these. None: the number decides nothing.
    older_than_s
        What started less than so many seconds ago. None: the age decides nothing.
    now
        The present time, with its zone.
    """

    keep: int | None
    older_than_s: float | None
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will be removed.

    Attributes
    ----------
    records
        In the order in which they go: what refers to others before these.
    caches
        Folders of cached revisions and builds, with the bytes that each takes.
    caches_older_than_s
        Which caches: those that nobody used for so long; None for none.
    notes
        What was left alone, and why, one sentence each.
    """

    records: tuple[StoredRecord, ...]
    caches: tuple[tuple[Path, int], ...]
    caches_older_than_s: float | None
    notes: tuple[str, ...]

    @property
    def size_bytes(self) -> int:
        """What all of it takes on the disk."""
        return sum(one.size_bytes for one in self.records) + sum(size for _, size in self.caches)


def plan(project: Project, rule: Rule, pipeline: str | None = None) -> Plan:
    """Decide what to remove; removes nothing.

    Parameters
    ----------
    pipeline
        Only this one, and no caches, which are no pipeline's own.
    """
    reports = project.root / "reports"

    def ask(index: Index) -> list[list[StoredRecord]]:
        return [index.records(one) for one in ([pipeline] if pipeline else index.pipelines())]

    found: list[StoredRecord] = []
    notes = []
    for records in consult(reports, ask):
        broken = [one for one in records if one.room in _REFERRING and one.problem]
        if broken:
            # What it refers to is not known, and may be anything.
            names = ", ".join(f"{one.room}/{one.id}" for one in broken)
            notes.append(
                f"pipeline {broken[0].pipeline} is left alone, because what belongs to {names} is not known: "
                f"{broken[0].problem}"
            )
        elif records:
            found += select(records, rule, _shown(reports / records[0].pipeline))
    age = None if pipeline else CACHES_S if rule.older_than_s is None else rule.older_than_s
    caches = () if age is None else tuple(prune_caches(age, dry_run=True))
    return Plan(records=tuple(found), caches=caches, caches_older_than_s=age, notes=tuple(notes))


def _shown(folder: Path) -> str:
    """Return the id of the comparison that report.md tells of; empty if that is not known."""
    try:
        return msgspec.json.decode((folder / "summary.json").read_bytes(), type=_Summary).comparison.id
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return ""


def select(records: Sequence[StoredRecord], rule: Rule, shown: str = "") -> list[StoredRecord]:
    """Choose what to remove of one pipeline.

    Parameters
    ----------
    records
        All of them; what refers to others can be read.
    shown
        Id of the comparison that report.md tells of, which stays.

    Returns
    -------
    list of StoredRecord
        What refers to others first. A run that a kept record refers to is not among them, nor the latest
        profile of a variant by a profiler, nor one that belongs to nothing and is younger than a day: its
        comparison may be under way.
    """
    rooms = {room: _newest(one for one in records if one.room == room) for room in (*_REFERRING, "runs")}
    kept: set[str] = {shown}
    for room in _REFERRING:
        kept |= {one.id for index, one in enumerate(rooms[room]) if not _is_over(one, index, rule)}
    # report.md and scale.md tell of the latest, where nothing says otherwise.
    if shown not in {one.id for one in rooms["comparisons"]}:
        kept |= {one.id for one in rooms["comparisons"][:1]}
    kept |= {one.id for one in rooms["scalings"][:1]}
    referring = [one for room in _REFERRING for one in rooms[room]]
    kept |= _referred(one for one in rooms["comparisons"] if one.id in kept)
    needed = _referred(one for one in referring if one.id in kept)
    belonging = _referred(referring)
    places: dict[tuple[str, str, str], int] = {}
    profiled: set[tuple[str, str, str]] = set()
    gone = [one for one in referring if one.id not in kept]
    for run in rooms["runs"]:
        key = (run.variant, run.kind, run.profiler)
        stays = run.id in needed or bool(run.problem)
        if run.kind == "profile" and key not in profiled:
            profiled.add(key)
            stays = True
        if run.id not in belonging:
            index = places[key] = places.get(key, -1) + 1
            stays |= not _is_over(run, index, rule) or _age_s(run, rule.now) < DAY_S
        if not stays:
            gone.append(run)
    return gone


def _newest(records: Iterable[StoredRecord]) -> list[StoredRecord]:
    return sorted(records, key=lambda one: (one.started_at, one.id), reverse=True)


def _referred(records: Iterable[StoredRecord]) -> set[str]:
    return {name for one in records for name in one.refers_to}


def _is_over(record: StoredRecord, index: int, rule: Rule) -> bool:
    """Say whether the rule no longer keeps a record, the `index`-th newest of its kind."""
    beyond = rule.keep is None or index >= rule.keep
    old = rule.older_than_s is None or _age_s(record, rule.now) >= rule.older_than_s
    return beyond and old


def _age_s(record: StoredRecord, now: datetime) -> float:
    """Return how long ago a record was started; 0 if that is not known, so that it stays."""
    try:
        started = datetime.fromisoformat(record.started_at)
    except ValueError:
        return 0.0
    return (now - (started if started.tzinfo else started.replace(tzinfo=UTC))).total_seconds()


def carry_out(project: Project, planned: Plan) -> Plan:
    """Remove what was planned; interrupted, it leaves what is whole.

    A comparison goes before its runs, and each record at once: what is left of an interrupted removal are
    runs that belong to nothing, which a later one removes.

    Returns
    -------
    Plan
        What was removed.

    Raises
    ------
    BusyError
        If another process measures into one of the pipelines: its comparison is not written yet.
    StoreError
        If something cannot be removed; the rest stays.
    """
    for pipeline in dict.fromkeys(one.pipeline for one in planned.records):
        store = Store(project.reports(pipeline))
        with measuring(store.folder):
            for one in (each for each in planned.records if each.pipeline == pipeline):
                store.remove(one.room, one.id)
    age = planned.caches_older_than_s
    return dataclasses.replace(planned, caches=() if age is None else tuple(prune_caches(age)))
