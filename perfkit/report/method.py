"""The section on how it was measured: what a sceptic needs to judge the figures and to repeat them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.report import claims, runtimes, units, variants
from perfkit.report.text import Column, Line, Row, Table, code, line, listed, prose, strong

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.model import Disturbance, Environment, Machine, Report

_SHORT_COMMIT = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """How the comparison was done.

    Attributes
    ----------
    pairs
        Every pair with its seed, its order and its times.
    differing, runtimes
        Whether the sides' interpreters and packages differ; in what, if they do.
    remarks
        What the profilers could not see, and the comparison's own notes.
    """

    design: tuple[Line, ...]
    pairs: Table
    environment: Table
    differing: Line
    runtimes: Table | None
    commands: str
    remarks: tuple[Line, ...]


def method(report: Report) -> Method:
    """Build the section on the method."""
    comparison = report.comparison
    warnings = {
        (run.variant.name, run.profiler, warning): None
        for run in report.profile_runs
        for warning in run.warnings
    }
    return Method(
        design=_design(report),
        pairs=_pairs(report),
        environment=_environment(comparison.environment),
        differing=runtimes.said(comparison.environment),
        runtimes=runtimes.table(comparison.environment, comparison.baseline.name, comparison.contender.name),
        commands=f"{comparison.command}\nperfkit report {comparison.id}",
        remarks=(
            *(line(f"{profiler} of ", code(name), ": ", prose(text)) for name, profiler, text in warnings),
            *(prose(note) for note in comparison.notes),
        ),
    )


def _design(report: Report) -> tuple[Line, ...]:
    comparison, run = report.comparison, report.breakdown.run
    first = sum(pair.plan.order[0] == "baseline" for pair in comparison.pairs)
    n = len(comparison.pairs)
    interval = (
        "One pair allows no interval."
        if run.low is None
        else f"Interval: {units.percent(run.confidence, 0)}, {run.method}. {_verdicts(report)}"
    )
    forked = comparison.sampling is not None and comparison.sampling.launch == "fork"
    process = "forked from a process that has imported its variant" if forked else "in a fresh process"
    median = "the medians of the groups' ratios" if run.group > 1 else "the pairs' ratios"
    return (
        line(
            f"{claims.pairs(n)}, each of one ",
            code(comparison.baseline.name),
            " and one ",
            code(comparison.contender.name),
            f" run, one after the other, each {process}. Which side goes first is drawn at random; ",
            code(comparison.baseline.name),
            f" went first in {first} of {n}.",
        ),
        *_sampling(report),
        variants.inputs(comparison),
        line(f"The speedup is the median of {median}. {interval}"),
        line(
            "Measuring stopped because ",
            prose(comparison.stopped_because.rstrip(".")),
            f"; the precision wanted was ±{100 * comparison.precision:g} %. ",
            f"The whole comparison took {units.seconds(comparison.duration_s)}.",
        ),
        *_disturbances(report),
        *(line(note) for note in report.breakdown.notes),
        line("Speedups come from these clean runs alone; profilers ran separately."),
    )


def _sampling(report: Report) -> Iterator[Line]:
    """Say how the samples were taken, and why so."""
    sampling = report.comparison.sampling
    if sampling is None:
        return
    first = variants.first(report.comparison.baseline)
    cold = "" if sampling.repeats else f"Cold: each sample is the first {first} in its process. "
    same = "Both sides of a pair share the hash seed, the size of the environment and the thread settings"
    home = "" if report.comparison.pipeline.keep_home else ", and find an empty home and temporary folder"
    yield prose(
        f"{cold}{same}{home}; layout is drawn anew for each {'group' if sampling.group > 1 else 'pair'}."
    )
    for reason in sampling.reasons:
        yield line(reason[0].upper() + reason[1:] + ".")
    if sampling.group > 1:
        n = report.breakdown.run.n
        yield line(
            f"The pairs of a group are not independent of each other, so a group counts as one: {n} groups "
            f"of up to {sampling.group}. The whole process's time holds its group's start and import."
        )
    if report.comparison.trial is not None:
        yield line("A first pair was measured to decide on that, and is no part of any figure.")


def _verdicts(report: Report) -> str:
    found = report.breakdown
    few = (
        ""
        if found.sign_test
        else ", with so few pairs by Student's t, which takes log ratios for about normal"
    )
    stages = (
        "; on stages, which are corrected for their number, it may be Student's t"
        if found.sign_test and found.run.n < _MANY
        else ""
    )
    made = f"Verdicts are made at {units.level(found.verdicts_at)}{few or ' by the sign test'}{stages}."
    if not report.comparison.sequential or report.comparison.alpha is None:
        return made
    return (
        f"{made} Looks were planned after 12, 16, 24, 32, 48 and so on: all of them together may be wrong in "
        "0.5 % of comparisons of equal programs."
    )


_MANY = 16


def _seen(disturbance: Disturbance) -> bool:
    return disturbance.waited_s is not None or disturbance.stolen_s is not None


def _disturbances(report: Report) -> Iterator[Line]:
    """Say how many pairs were disturbed, by the rule fixed beforehand."""
    comparison, found = report.comparison, report.breakdown.disturbed
    if not any(_seen(run.disturbance) for run in report.timing_runs.values()):
        yield line("Whether pairs were disturbed is not known: the system does not tell, or nobody looked.")
        return
    count = sum(pair.baseline_run in found or pair.contender_run in found for pair in comparison.pairs)
    rule = (
        "a run waited for a core for more than 5 % of its time, the hypervisor, a used-up CPU quota or pages "
        "read from a disk took as much, or heat lowered a core's clock rate"
    )
    yield line(
        f"Disturbed pairs: {count} of {len(comparison.pairs)} ({rule}). They are kept, both sides of each: "
        "what is measured is this machine as it was."
        if count
        else f"No pair was disturbed ({rule})."
    )


def _pairs(report: Report) -> Table:
    runs, comparison, disturbed = report.timing_runs, report.comparison, report.breakdown.disturbed
    sides = [(runs.get(pair.baseline_run), runs.get(pair.contender_run)) for pair in comparison.pairs]
    baseline, contender = units.seconds_columns(
        [left.run_s if left else None for left, _ in sides],
        [right.run_s if right else None for _, right in sides],
    )
    names = {"baseline": comparison.baseline.name, "contender": comparison.contender.name}
    rows = []
    for index, (pair, (left, right)) in enumerate(zip(comparison.pairs, sides, strict=True)):
        known = left is not None and right is not None and right.run_s > 0
        ratio = units.single_ratio(left.run_s / right.run_s) if known and left and right else units.NONE
        load = units.number(round(left.load_before, 2)) if left else units.NONE
        cells = (
            line(str(pair.plan.index + 1)),
            line(str(pair.plan.seed)),
            line(code(names[pair.plan.order[0]])),
            line(baseline[index]),
            line(contender[index]),
            line(ratio),
            line(load),
            line(
                "; ".join(
                    disturbed[run] for run in (pair.baseline_run, pair.contender_run) if run in disturbed
                )
            ),
        )
        rows.append(Row(cells=cells))
    return Table(
        columns=(
            Column(key="pair", title="pair", align="right"),
            Column(key="seed", title="seed", align="right"),
            Column(key="first", title="first"),
            Column(key="baseline", title=names["baseline"], align="right"),
            Column(key="contender", title=names["contender"], align="right"),
            Column(key="ratio", title="ratio", align="right"),
            Column(key="load", title="load before", align="right"),
            Column(key="disturbed", title="disturbed"),
        ),
        rows=tuple(rows),
    )


def machine_warnings(machine: Machine) -> tuple[Line, ...]:
    """Say what of the machine may spoil a comparison, one warning a line."""
    return tuple(
        line(strong(f"Warning, {one.name}:"), " ", prose(f"{one.seen}. {one.why} {one.advice}".rstrip()))
        for one in machine.checks
        if one.level == "warning"
    )


def _noted(machine: Machine) -> Line:
    """List what may blur a comparison; a warning has been said in full."""
    noted = [one for one in machine.checks if one.level != "ok"]
    said = (
        listed([line(f"{one.name} (", prose(one.seen), ")") for one in noted]) if noted else line("nothing")
    )
    unseen = line(". Not told: ", listed([line(name) for name in machine.unseen])) if machine.unseen else ()
    return line(said, unseen)


def _environment(found: Environment) -> Table:
    def versions(of: dict[str, str], joint: str) -> Line:
        return listed([line(code(f"{name}{joint}{value}")) for name, value in sorted(of.items())])

    commit = (
        line(code(found.git_commit[:_SHORT_COMMIT])) if found.git_commit else line("not in a git repository")
    )
    changed = {True: " with uncommitted changes", False: ", no uncommitted changes", None: ""}[
        found.git_dirty
    ]
    rows = [
        (
            "Python of perfkit itself" if found.runtimes else "Python",
            line(f"{found.implementation} {found.python}"),
        ),
        ("platform", line(found.platform)),
        ("CPU", line(found.cpu or "unknown")),
        ("cores", line(f"{found.cores}, of which usable: {found.usable_cores}")),
        ("memory", line(units.bytes_(found.memory_bytes))),
        ("load at the start", line(", ".join(units.number(round(one, 2)) for one in found.load))),
        ("CPU governor", line(found.governor or "unknown")),
        *([("noted of the machine", _noted(found.machine))] if found.machine.checks else []),
        ("packages", versions(found.packages, " ") if found.packages else line("none")),
        ("variables", versions(found.variables, "=") if found.variables else line("none")),
        ("git commit", line(commit, changed)),
    ]
    return Table(
        columns=(Column(key="what", title="what"), Column(key="value", title="value")),
        rows=tuple(Row(cells=(line(name), value)) for name, value in rows),
    )
