"""What a CI system is told of a comparison: cases with an outcome each, which its formats all render.

A case fails only where a gate fails, so that what a CI system shows and the exit status agree.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from perfkit.report import claims, equality, gates, method, speed, units
from perfkit.report.equality import FAILING, PASSED, RESULT
from perfkit.report.text import Column, Line, Row, Table, clean, code, line, plain, prose, strong

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from perfkit.model import Finding, Gate, GateOutcome, Report, Scrutiny, VerificationReport

Group: TypeAlias = Literal["gates", "speed", "outputs", "honesty", "run"]
CaseOutcome: TypeAlias = Literal["passed", "failed", "undecided", "not checked", "error"]
RUN = "run"
TIMED, RETURNED = "results of the timed runs", "result of run"
"""Outputs that are no stage's."""

_MARKS: dict[CaseOutcome, str] = {
    "passed": "✅",
    "failed": "❌",
    "undecided": "❔",
    "not checked": "⚪",
    "error": "❌",
}
_SEVERITY: tuple[CaseOutcome, ...] = ("passed", "not checked", "undecided", "error", "failed")
_SHORT = {"equal within tolerance": "within tolerance", "statistically equivalent": "equivalent"}
"""Verdicts where room is short."""
_VERDICTS: dict[str, CaseOutcome] = {
    "different": "failed",
    "inconclusive": "undecided",
    "not checked": "not checked",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in a source file.

    Attributes
    ----------
    file
        As the CI system knows it: relative to the repository's root.
    line
        From 1; None if only the file is known.
    """

    file: str
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing that was looked at.

    Attributes
    ----------
    words
        What was found, one sentence.
    details
        More of it, in several lines; empty for none.
    time_s
        How long the contender took for it; 0 for what is no run.
    """

    group: Group
    name: str
    outcome: CaseOutcome
    words: str
    details: str = ""
    place: Place | None = None
    time_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CiView:
    """What a renderer for CI gets.

    Attributes
    ----------
    outcome
        Of all gates together; ``error`` if a run failed.
    headline
        What was shown, one sentence each.
    gates, cases
        What it is held to; and everything that was looked at, the gates among it.
    stages
        Each stage's times, speedup and output; None without timed runs.
    urgent
        Of the rows of `stages`: those that a short rendering must not leave out.
    method
        How it was measured, one sentence each.
    facts
        By name, in plain words, for formats that have properties.
    """

    pipeline: str
    title: Line
    outcome: CaseOutcome
    headline: tuple[Line, ...]
    gates: tuple[Gate, ...]
    cases: tuple[Case, ...]
    stages: Table | None = None
    urgent: frozenset[int] = frozenset()
    method: tuple[Line, ...] = ()
    commands: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    started_at: str = ""
    duration_s: float = 0.0

    @property
    def mark(self) -> str:
        """The sign of the outcome."""
        return _MARKS[self.outcome]


def mark(outcome: CaseOutcome) -> str:
    """Return the sign of an outcome."""
    return _MARKS[outcome]


def comparison(report: Report, places: Mapping[str, Place] | None = None) -> CiView:
    """Build what CI is told of a comparison.

    Parameters
    ----------
    report
        With its gates, judged.
    places
        Of the contender's functions: by the baseline's path of a stage or the last part of it, and of ``run``
        under an empty name.
    """
    places = places or {}
    compared, found = report.comparison, report.breakdown
    timed = [row.path for row in found.rows if row.kind in {"stage", "other thread"}]
    outputs = tuple(_outputs(compared.scrutiny, places, timed))
    run = found.run
    aim = claims.aim(report)
    remarks = method.method(report)
    stages, urgent = _stages(report, outputs)
    return CiView(
        pipeline=compared.pipeline.name,
        title=_title(compared.pipeline.name, compared.contender.name, compared.baseline.name),
        outcome=gates.worst(report.gates),
        headline=(claims.headline(report), *([aim.sentence] if aim else [])),
        gates=report.gates,
        cases=(
            *_gates(report.gates, places),
            _speed(report, places),
            *outputs,
            *_honesty(compared.scrutiny.findings, places),
        ),
        stages=stages,
        urgent=urgent,
        method=(*method.machine_warnings(compared.environment.machine), *remarks.design),
        commands=remarks.commands,
        facts={
            "comparison": compared.id,
            "baseline": compared.baseline.name,
            "contender": compared.contender.name,
            "speedup": units.ratio(run),
            "interval": units.interval(run),
            "verdict": found.verdict,
            "outputs": _verified(compared.scrutiny, timed),
            "command": compared.command,
            "commit": compared.environment.git_commit or "",
        },
        started_at=compared.started_at,
        duration_s=compared.duration_s,
    )


def verification(
    report: VerificationReport, judged: Sequence[Gate], places: Mapping[str, Place] | None = None
) -> CiView:
    """Build what CI is told of a verification of its own.

    Parameters
    ----------
    judged
        What it is held to.
    places
        As for `comparison`.
    """
    places = places or {}
    found = equality.judge(report.scrutiny)
    words = (
        line(strong("Verified"), found.proviso, ": ", claims.compared(found), ", and none differs.")
        if found.verified
        else line(strong("Not verified"), ": ", found.why, ".")
    )
    return CiView(
        pipeline=report.pipeline.name,
        title=_title(report.pipeline.name, report.contender.name, report.baseline.name),
        outcome=gates.worst(judged),
        headline=(words, line("Nothing was timed.")),
        gates=tuple(judged),
        cases=(
            *_gates(judged, places),
            *_outputs(report.scrutiny, places, ()),
            *_honesty(report.scrutiny.findings, places),
        ),
        commands=report.command,
        facts={
            "verification": report.id,
            "baseline": report.baseline.name,
            "contender": report.contender.name,
            "outputs": _verified(report.scrutiny, ()),
            "command": report.command,
            "commit": report.environment.git_commit or "",
        },
        started_at=report.started_at,
        duration_s=report.duration_s,
    )


def failure(
    pipeline: str,
    sentence: str,
    *,
    details: str = "",
    held: Iterable[str] = (),
    command: str,
    started_at: str,
) -> CiView:
    """Build what CI is told where there is no report, because a run failed or was stopped.

    Parameters
    ----------
    pipeline
        Its name; empty if that is not known.
    sentence, details
        What happened.
    held
        Names of the gates that were asked for, which nothing is known of.
    """
    unjudged = [
        Case(group="gates", name=name, outcome="undecided", words="not judged: there is no result to judge")
        for name in held
    ]
    where = line(" of ", code(pipeline)) if pipeline else line()
    return CiView(
        pipeline=pipeline,
        title=line("Performance", where),
        outcome="error",
        headline=(line(strong("No result"), ": ", prose(sentence.rstrip(".")), "."),),
        gates=(),
        cases=(
            Case(group="run", name="comparison", outcome="error", words=sentence, details=details),
            *unjudged,
        ),
        commands=command,
        facts={"command": command},
        started_at=started_at,
    )


def _title(pipeline: str, contender: str, baseline: str) -> Line:
    return line("Performance of ", code(pipeline), ": ", code(contender), " against ", code(baseline))


def _verified(scrutiny: Scrutiny, timed: Sequence[str]) -> str:
    found = equality.judge(scrutiny, timed)
    return f"verified{plain(found.proviso)}" if found.verified else f"not verified: {plain(found.why)}"


# ---------------------------------------------------------------- cases


def _gates(judged: Iterable[Gate], places: Mapping[str, Place]) -> Iterator[Case]:
    for one in judged:
        outcome: GateOutcome = one.outcome
        place = _at(places, one.stage) if one.stage else None
        yield Case(group="gates", name=one.name, outcome=outcome, words="; ".join(one.reasons), place=place)


def _speed(report: Report, places: Mapping[str, Place]) -> Case:
    """Make a case of the verdict on speed; a limit that was asked for stands in its place as a gate."""
    asked = report.comparison.gates
    allowed = asked is not None and "" in asked.slower
    outcomes: dict[str, CaseOutcome] = {
        "slower": "passed" if allowed else "failed",
        "inconclusive": "undecided",
    }
    return Case(
        group="speed",
        name=RUN,
        outcome=outcomes.get(report.breakdown.verdict, "passed"),
        words=plain(claims.headline(report)),
        place=places.get(""),
        time_s=report.breakdown.contender_s,
    )


def _outputs(scrutiny: Scrutiny, places: Mapping[str, Place], timed: Iterable[str]) -> Iterator[Case]:
    """Make a case of each stage's equality: the worst verdict over all inputs but the edge inputs."""
    ordinary = [one for one in scrutiny.verifications if one.kind != "edge" and one.stages]
    if not ordinary:
        words = "outputs were not compared"
        yield Case(group="outputs", name="outputs", outcome="not checked", words=words)
    worst: dict[str, Case] = {}

    def add(case: Case) -> None:
        before = worst.get(case.name)
        if before is None or _SEVERITY.index(case.outcome) > _SEVERITY.index(before.outcome):
            worst[case.name] = case

    for verified in ordinary:
        on = "" if verified.kind == "main" else f" (input: {verified.name})"
        for one in verified.stages:
            outcome: CaseOutcome = "passed" if one.verdict in PASSED else _VERDICTS[one.verdict]
            why = f": {one.reason.rstrip('.')}" if one.reason else ""
            words = f"{one.verdict}{on}{why}"
            add(
                Case(
                    group="outputs",
                    name=_called(one.stage),
                    outcome=outcome,
                    words=words,
                    place=_at(places, "" if one.stage == RESULT else one.stage),
                )
            )
    for path in timed if ordinary else ():
        if path not in worst:
            words = "not checked: no output of it was recorded"
            add(Case(group="outputs", name=path, outcome="not checked", words=words, place=_at(places, path)))
    yield from worst.values()
    if scrutiny.timed is not None:
        found = scrutiny.timed
        why = f": {found.reason.rstrip('.')}" if found.reason else ""
        yield Case(
            group="outputs",
            name=TIMED,
            outcome="passed" if found.verdict in PASSED else _VERDICTS[found.verdict],
            words=f"{found.verdict}{why}",
            place=places.get(""),
        )


def _at(places: Mapping[str, Place], stage: str) -> Place | None:
    return places.get(stage) or places.get(stage.rpartition("/")[2])


def _called(stage: str) -> str:
    return RETURNED if stage == RESULT else stage


def _honesty(findings: Iterable[Finding], places: Mapping[str, Place]) -> Iterator[Case]:
    """Make a case of each honesty check: the worst that it found."""
    worst: dict[str, Case] = {}
    for one in findings:
        outcome: CaseOutcome = "passed"
        if one.verdict in FAILING:
            outcome = "failed"
        elif one.verdict == "inconclusive":
            outcome = "undecided"
        words = ": ".join(part for part in (one.verdict, one.sentence) if part)
        before = worst.get(one.check)
        if before is None or _SEVERITY.index(outcome) > _SEVERITY.index(before.outcome):
            place = _at(places, one.stage) if one.stage else None
            worst[one.check] = Case(
                group="honesty", name=one.check, outcome=outcome, words=words, place=place
            )
    yield from worst.values()


# ---------------------------------------------------------------- the stages


def _stages(report: Report, outputs: Sequence[Case]) -> tuple[Table, frozenset[int]]:
    """Set each stage's output beside its speed; and say which rows matter most."""
    by_name = {one.name: one for one in outputs}
    rows = [row for row in report.breakdown.rows if row.kind != "other thread"]
    table = speed.breakdown(report).table.only(
        "stage", "baseline", "contender", "speedup", "interval", "verdict"
    )
    cells = []
    urgent = set()
    for index, (row, shown) in enumerate(zip(rows, table.rows, strict=True)):
        case = by_name.get(row.path) if row.kind == "stage" else None
        if row.kind == "total":
            case = by_name.get(_called(RESULT))
        word = clean(case.words.partition(":")[0]) if case else ""
        output = line(f"{_MARKS[case.outcome]} {_SHORT.get(word, word)}") if case else line(units.NONE)
        cells.append(Row(cells=(*shown.cells, output), strong=shown.strong))
        if row.kind == "total" or row.verdict == "slower" or (case and case.outcome != "passed"):
            urgent.add(index)
    columns = (*table.columns, Column(key="output", title="output", whole=True))
    return Table(columns=columns, rows=tuple(cells)), frozenset(urgent)
