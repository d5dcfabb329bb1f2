"""Tell a CI system how a comparison ended: files that it reads, and lines for whoever prints them."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit import catalog
from perfkit.analyse import gates, stage_places
from perfkit.errors import PerfkitError, RunError
from perfkit.model import Gates
from perfkit.report import ci, comment, github, junit
from perfkit.report.ci import Place
from perfkit.store import named_errors, replace_file, timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.api.bench import Bench
    from perfkit.model import Gate, Report, Variant, VerificationReport
    from perfkit.report.ci import CiView

SUMMARY, WORKSPACE = "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE"
_SUMMARY_BYTES = 1024 * 1024 - 1024
"""GitHub refuses a step's summary above 1 MiB, all that the step wrote together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlets:
    """Where a CI system reads how it went.

    Attributes
    ----------
    junit, comment
        Files to write; None for none.
    github
        Whether GitHub Actions reads along.
    """

    junit: Path | None = None
    comment: Path | None = None
    github: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was written, and what remains to be printed.

    Attributes
    ----------
    lines
        Workflow commands, one a line, each at the beginning of it.
    """

    written: tuple[Path, ...] = ()
    lines: tuple[str, ...] = ()


def on_github() -> bool:
    """Say whether this process is a step of GitHub Actions that has a summary."""
    return bool(os.environ.get(SUMMARY))


def tell(bench: Bench, report: Report, outlets: Outlets) -> Told:
    """Tell how a comparison ended.

    Parameters
    ----------
    report
        As `perfkit.api.reports.load` returns it.

    Raises
    ------
    StoreError
        If something cannot be written.
    """
    return _tell(ci.comparison(report, _places(bench, report.comparison.contender)), outlets)


def tell_verification(
    bench: Bench, report: VerificationReport, judged: Sequence[Gate], outlets: Outlets
) -> Told:
    """Tell how a verification of its own ended.

    Parameters
    ----------
    judged
        What it is held to.

    Raises
    ------
    StoreError
        If something cannot be written.
    """
    return _tell(ci.verification(report, judged, _places(bench, report.contender)), outlets)


def tell_failure(
    error: BaseException,
    outlets: Outlets,
    *,
    pipeline: str | None,
    asked: Gates | None = None,
    command: str = "",
    start: Path | None = None,
) -> Told:
    """Tell that there is no result, because a run failed, or was stopped, or something was wrong.

    Parameters
    ----------
    pipeline
        Its name, as the user gave it; the project's only or default one without it.
    asked
        The gates, which nothing is known of now.
    command
        What the user typed.
    start
        The folder whose project is meant; the current one without it.

    Raises
    ------
    StoreError
        If something cannot be written.
    """
    sentence = "interrupted" if isinstance(error, KeyboardInterrupt) else str(error)
    view = ci.failure(
        pipeline or _default_pipeline(start or Path.cwd()),
        sentence,
        details=error.details if isinstance(error, RunError) else "",
        held=gates.names(asked or Gates()),
        command=command,
        started_at=timestamp(),
    )
    return _tell(view, outlets)


def _default_pipeline(folder: Path) -> str:
    """Return the pipeline that is meant without a name; empty if there is none, which others complain of."""
    try:
        return catalog.find_pipeline(catalog.open_project(folder), None).name
    except (PerfkitError, OSError):
        return ""


def _tell(view: CiView, outlets: Outlets) -> Told:
    written = []
    if outlets.junit is not None:
        written.append(replace_file(outlets.junit, junit.render(view).encode()))
    if outlets.comment is not None:
        written.append(replace_file(outlets.comment, comment.render(view).encode()))
    if not outlets.github:
        return Told(written=tuple(written))
    summary = os.environ.get(SUMMARY)
    if summary:
        written += _append(Path(summary), view)
    return Told(written=tuple(written), lines=github.commands(view))


def _append(file: Path, view: CiView) -> list[Path]:
    """Append to a step's summary, unless what others wrote there leaves no room."""
    with named_errors("write", file):
        left = _SUMMARY_BYTES - (file.stat().st_size if file.exists() else 0)
        if left < comment.FEWEST_BYTES:
            return []
        with file.open("ab") as handle:
            handle.write(comment.render(view, limit_bytes=left - 1, hidden_marker=False).encode() + b"\n")
    return [file]


# ---------------------------------------------------------------- places


def _places(bench: Bench, contender: Variant) -> dict[str, Place]:
    """Return where the contender's stages begin, by the baseline's names, as far as its sources say so."""
    if not contender.path:
        return {}
    source = _source(bench, contender)
    name = _name(bench, contender, contender.path)
    if source is None:
        return {"": Place(file=name)}
    lines, functions = stage_places.declared(source), stage_places.functions(source)
    found = {stage: Place(file=name, line=line) for stage, line in lines.items()}
    for point in contender.points:
        if point.file == contender.path and point.function in functions:
            found[point.name] = Place(file=name, line=functions[point.function])
    for ours, one in bench.pipeline.stages.items():
        theirs = one.contender[-1] if one.contender else one.fused_into
        if (place := found.get(theirs.rpartition("/")[2])) is not None:
            found[ours.rpartition("/")[2]] = place
    called = contender.target.rpartition(":")[2] if contender.kind == "callable" else "run"
    return {**found, "": Place(file=name, line=functions.get(called))}


def _source(bench: Bench, variant: Variant) -> str | None:
    """Return a variant's source, if it still is the one that ran."""
    try:
        content = bench.file(variant).read_bytes()
        return content.decode() if hashlib.sha256(content).hexdigest() == variant.source_sha256 else None
    except (OSError, UnicodeDecodeError):
        return None


def _name(bench: Bench, variant: Variant, path: str) -> str:
    """Return a file as GitHub knows it: relative to the checkout; another revision's has the same name."""
    workspace = os.environ.get(WORKSPACE)
    file = bench.file(variant).resolve()
    if workspace and file.is_relative_to(Path(workspace).resolve()):
        return file.relative_to(Path(workspace).resolve()).as_posix()
    return path
