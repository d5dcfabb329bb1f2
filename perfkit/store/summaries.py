"""Records in short, as the index holds them: what a history and a list need, and nothing computed."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from perfkit import model
from perfkit.model import Comparison, Environment, Machine, Scaling, Scrutiny, VerificationReport
from perfkit.model.history import StoredRecord, StoredTiming
from perfkit.model.runs import StageTiming

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.model import Equivalence
    from perfkit.model.history import Room

RECORDS: dict[Room, str] = {
    "runs": "run.json",
    "comparisons": "comparison.json",
    "verifications": "verification.json",
    "scalings": "scaling.json",
}
"""By room: the file that makes a folder a record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A record as the index holds it.

    Attributes
    ----------
    environment
        Of what has one; a run has none.
    run_s
        Of a timed run.
    stages
        Of a timed run, as JSON.
    short
        Of a comparison: `Comparison` without what `comparison` drops, as JSON.
    """

    record: StoredRecord
    environment: Environment | None = None
    run_s: float | None = None
    stages: bytes | None = None
    short: bytes | None = None


class _Named(msgspec.Struct):
    name: str
    source_sha256: str


class _Run(msgspec.Struct):
    """What all kinds of run have; the rest is not decoded."""

    variant: _Named
    started_at: str
    run_s: float | None = None
    stages: tuple[StageTiming, ...] = ()
    profiler: str = ""


class _RunFile(msgspec.Struct):
    kind: str
    run: _Run


def summarise(record: StoredRecord, content: bytes) -> Summary:
    """Read a record's file.

    Parameters
    ----------
    record
        Its pipeline, room, id and size.
    content
        Of the file.

    Raises
    ------
    msgspec.DecodeError
        If the content is not such a record; `msgspec.ValidationError` is one.
    """
    if record.room == "runs":
        return _run(record, content)
    if record.room == "comparisons":
        return _comparison(record, content)
    if record.room == "verifications":
        report = msgspec.json.decode(content, type=VerificationReport)
        found = dataclasses.replace(
            record,
            kind="verification",
            variant=report.contender.name,
            source_sha256=(report.baseline.source_sha256, report.contender.source_sha256),
            started_at=report.started_at,
            refers_to=tuple(dict.fromkeys(_verified(report.scrutiny))),
        )
        return Summary(record=found, environment=report.environment)
    scaling = msgspec.json.decode(content, type=Scaling)
    found = dataclasses.replace(
        record,
        kind="scaling",
        variant=", ".join(one.name for one in scaling.variants),
        source_sha256=tuple(one.source_sha256 for one in scaling.variants),
        started_at=scaling.started_at,
        refers_to=tuple(run for block in scaling.blocks for run in block.runs),
    )
    return Summary(record=found, environment=scaling.environment)


def _run(record: StoredRecord, content: bytes) -> Summary:
    file = msgspec.json.decode(content, type=_RunFile)
    run, timed = file.run, file.kind == "timing"
    if timed and run.run_s is None:
        raise msgspec.ValidationError("a timed run without run_s")
    found = dataclasses.replace(
        record,
        kind=file.kind,
        variant=run.variant.name,
        profiler=run.profiler,
        source_sha256=(run.variant.source_sha256,),
        started_at=run.started_at,
    )
    if not timed:
        return Summary(record=found)
    return Summary(record=found, run_s=run.run_s, stages=msgspec.json.encode(run.stages))


def _comparison(record: StoredRecord, content: bytes) -> Summary:
    whole = msgspec.json.decode(content, type=Comparison)
    pairs = [*whole.pairs, *([whole.trial] if whole.trial is not None else [])]
    runs = [run for pair in pairs for run in (pair.baseline_run, pair.contender_run)]
    refers_to = [*runs, *whole.profiles, *_verified(whole.scrutiny), *([whole.scaling] * bool(whole.scaling))]
    found = dataclasses.replace(
        record,
        kind="comparison",
        variant=whole.contender.name,
        source_sha256=(whole.baseline.source_sha256, whole.contender.source_sha256),
        started_at=whole.started_at,
        refers_to=tuple(dict.fromkeys(refers_to)),
    )
    return Summary(record=found, environment=whole.environment, short=msgspec.json.encode(_short(whole)))


def _verified(scrutiny: Scrutiny) -> Iterator[str]:
    for one in scrutiny.verifications:
        yield from (run for run in (one.baseline_run, one.contender_run) if run)


def _short(whole: Comparison) -> Comparison:
    """Drop what neither a speedup nor the verdict on the outputs rests on."""
    scrutiny = whole.scrutiny
    verifications = tuple(
        dataclasses.replace(
            one,
            stages=tuple(_bare(stage) for stage in one.stages),
            baseline_metrics={},
            contender_metrics={},
        )
        for one in scrutiny.verifications
        if one.kind != "edge"  # no part of what "verified" means
    )
    environment = whole.environment
    return dataclasses.replace(
        whole,
        pairs=tuple(dataclasses.replace(one, result=None) for one in whole.pairs),
        scrutiny=dataclasses.replace(
            scrutiny,
            verifications=verifications,
            differential=tuple(_bare(one) for one in scrutiny.differential),
            weak_checks=(),
            untried=(),
        ),
        environment=dataclasses.replace(
            environment,
            machine=Machine(),
            runtimes={
                side: dataclasses.replace(one, installed={}) for side, one in environment.runtimes.items()
            },
        ),
    )


def _bare(one: Equivalence) -> Equivalence:
    """Keep the verdict and the reason alone."""
    return dataclasses.replace(
        one, shapes="", values=0, worst_abs=None, worst_rel=None, worst_at="", rtol=None, tolerance_reason=""
    )


def timing(run_id: str, variant: str, run_s: float, stages: str) -> StoredTiming:
    """Read a timed run back from what `summarise` made of it."""
    return StoredTiming(
        id=run_id,
        variant=variant,
        run_s=run_s,
        stages=msgspec.json.decode(stages, type=tuple[StageTiming, ...]),
    )


def size_bytes(folder: Path) -> int:
    """Return what a folder takes on the disk, itself included."""
    found = _blocks(folder.lstat())
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                found += size_bytes(folder / entry.name)
            else:
                found += _blocks(entry.stat(follow_symlinks=False))
    return found


def _blocks(found: os.stat_result) -> int:
    # POSIX: in units of 512 bytes, whatever the file system's own block is.
    return 512 * found.st_blocks


def shape() -> str:
    """Return a digest of the code that defines the records: with other code, a summary may lack something."""
    digest = hashlib.sha256()
    for file in (*sorted(Path(model.__file__).parent.glob("*.py")), Path(__file__)):
        digest.update(file.read_bytes())
    return digest.hexdigest()
