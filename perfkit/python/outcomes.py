"""What the functions return: plain values to test, records to look into, and a view for each place."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perfkit.analyse import gates
from perfkit.api import reports, scaling, verified
from perfkit.errors import EXIT_FINE, EXIT_GATE, EXIT_INCONCLUSIVE, UsageError
from perfkit.profilers import catalog
from perfkit.python import values
from perfkit.report import claims, equality, notebook, scale, scale_chart, summary, text, units

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.api.bench import Bench
    from perfkit.model import (
        Comparison,
        ProfileRun,
        Report,
        Scaling,
        ScalingReport,
        SpeedVerdict,
        TimingRun,
        VerificationReport,
    )
    from perfkit.python.values import Equality, Speedup, Stage

_FEWEST_ROUNDS = 3


class Result:
    """What all results have in common."""

    __slots__ = ("_bench",)

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    @property
    def failed(self) -> tuple[str, ...]:
        """Which gates failed, one sentence each."""
        return ()

    @property
    def undecided(self) -> tuple[str, ...]:
        """What is not decided, one sentence each."""
        return ()

    @property
    def exit_code(self) -> int:
        """The status that the command line would end with: 0 fine, 1 a gate failed, 4 inconclusive."""
        if self.failed:
            return EXIT_GATE
        return EXIT_INCONCLUSIVE if self.undecided else EXIT_FINE

    @property
    def ok(self) -> bool:
        """Whether no gate failed and everything is decided."""
        return self.exit_code == EXIT_FINE


class ComparisonResult(Result):
    """A comparison: how much faster, where, why, and whether the outputs are still right.

    Its text is one sentence with the interval; in a notebook it is shown as a table with a chart.

    Attributes
    ----------
    record
        The whole report as records: `perfkit.model.Report`.
    files
        What was written, the Markdown report first.
    """

    __slots__ = ("files", "record")

    def __init__(self, bench: Bench, record: Report, files: Sequence[Path] = ()) -> None:
        super().__init__(bench)
        self.record = record
        self.files = tuple(files)

    @property
    def id(self) -> str:
        """By which `perfkit.load` finds it again."""
        return self.record.comparison.id

    @property
    def comparison(self) -> Comparison:
        """The stored record: the plan, the pairs, the verifications, the environment."""
        return self.record.comparison

    @property
    def speedup(self) -> Speedup:
        """How much faster the contender is, all of ``run``."""
        return values.speedup(self.record.breakdown.run)

    @property
    def process_speedup(self) -> Speedup:
        """How much faster a whole process is, with its start, its imports and its inputs."""
        return values.speedup(self.record.breakdown.process)

    @property
    def verdict(self) -> SpeedVerdict:
        """On speed: ``faster``, ``slower``, ``no difference`` or ``inconclusive``."""
        return self.record.breakdown.verdict

    @property
    def equality(self) -> Equality:
        """What may be said of the outputs."""
        return values.equality(claims.equality(self.record), self.record.comparison.scrutiny)

    @property
    def stages(self) -> list[Stage]:
        """The breakdown, the total last."""
        outputs = self.equality.stages
        return [values.stage(row, outputs) for row in self.record.breakdown.rows]

    @property
    def failed(self) -> tuple[str, ...]:
        """Which gates failed, one sentence each: slower, below the target, outputs different, a trick."""
        return tuple(gates.reasons(self.record.gates, "failed"))

    @property
    def undecided(self) -> tuple[str, ...]:
        """What the runs do not decide, one sentence each."""
        return tuple(gates.reasons(self.record.gates, "undecided"))

    def report(self, path: str | Path | None = None) -> Path:
        """Write the report, and return its path.

        Parameters
        ----------
        path
            Markdown, with its chart beside it; the page, if it ends in ``.html``. Without it, the report in
            the pipeline's folder is written again.

        Raises
        ------
        StoreError
            If it cannot be written.
        """
        wanted = None if path is None else Path(path)
        written = reports.write(self._bench, self.record, wanted)
        return written[0] if wanted is None else wanted

    def to_dict(self) -> dict[str, Any]:
        """Return what ``perfkit compare --json`` prints."""
        return _parsed(summary.render(self.record))

    def __repr__(self) -> str:
        return text.plain(claims.headline(self.record))

    def _repr_html_(self) -> str:
        return notebook.comparison(self.record)


class VerificationResult(Result):
    """A verification: whether the outputs are still right; nothing was timed.

    Attributes
    ----------
    record
        `perfkit.model.VerificationReport`.
    gates
        What it is held to, judged.
    """

    __slots__ = ("gates", "record")

    def __init__(self, bench: Bench, record: VerificationReport, *, required: bool = False) -> None:
        super().__init__(bench)
        self.record = record
        self.gates = verified.judge(record, required=required)

    @property
    def id(self) -> str:
        """By which `perfkit.load` finds it again."""
        return self.record.id

    @property
    def equality(self) -> Equality:
        """What may be said of the outputs."""
        return values.equality(equality.judge(self.record.scrutiny), self.record.scrutiny)

    @property
    def failed(self) -> tuple[str, ...]:
        """What is wrong with the outputs, one sentence each."""
        return tuple(gates.reasons(self.gates, "failed"))

    @property
    def undecided(self) -> tuple[str, ...]:
        """Whose equality is not decided, and why the outputs are not verified."""
        return tuple(gates.reasons(self.gates, "undecided"))

    def to_dict(self) -> dict[str, Any]:
        """Return what ``perfkit verify --json`` prints."""
        return _parsed(summary.as_json(self.record))

    def __repr__(self) -> str:
        return text.plain(equality.headline(self.record)[0])

    def _repr_html_(self) -> str:
        return notebook.verification(self.record)


class TimingResult(Result):
    """Runs of one variant; a time alone is no speedup.

    Attributes
    ----------
    runs
        As they were measured, each in a process of its own.
    against
        Stored runs beside them, which were measured at another time: no verdict follows from the two.
    """

    __slots__ = ("against", "runs")

    def __init__(self, bench: Bench, runs: Sequence[TimingRun], against: Sequence[TimingRun] = ()) -> None:
        super().__init__(bench)
        self.runs = tuple(runs)
        self.against = tuple(against)

    def to_dict(self) -> dict[str, Any]:
        """Return what ``perfkit run --json`` prints, the runs under ``runs``."""
        found: dict[str, Any] = {"runs": self.runs}
        if self.against:
            found |= {"against": self.against, "paired": False}
        return _parsed(summary.as_json(found))

    def __repr__(self) -> str:
        times = sorted(run.run_s for run in self.runs)
        name, middle = self.runs[0].variant.name, units.seconds(statistics.median(times))
        if len(times) == 1:
            return f"{name} took {middle} (one run: no interval)."
        between = f"{units.seconds(times[0])} to {units.seconds(times[-1])}"
        return f"{name} took {middle}, the median of {len(times)} runs ({between})."

    def _repr_html_(self) -> str:
        return notebook.timings(self.runs)


class ProfileResult(Result):
    """Profiles: where the time goes, never how much faster.

    Attributes
    ----------
    runs
        Per profiler, each variant's.
    """

    __slots__ = ("runs",)

    def __init__(self, bench: Bench, runs: Sequence[ProfileRun]) -> None:
        super().__init__(bench)
        self.runs = tuple(runs)

    @property
    def files(self) -> tuple[Path, ...]:
        """The profilers' own files, for their viewers."""
        return tuple(self._bench.store.run_folder(one.id) / one.file for one in self.runs if one.file)

    def to_dict(self) -> dict[str, Any]:
        """Return what ``perfkit profile --json`` prints, the runs under ``runs``."""
        return _parsed(summary.as_json({"runs": self.runs}))

    def __repr__(self) -> str:
        told = [
            f"{one.variant.name} under {catalog.title(one.profiler)} took {units.seconds(one.traced_s)}"
            for one in self.runs
        ]
        return f"{', '.join(told)}: times of a profiler, from which no speedup follows."

    def _repr_html_(self) -> str:
        return notebook.profiles(self.runs, catalog.title)


class ScalingResult(Result):
    """How the cost grows with the size of the input.

    Attributes
    ----------
    record
        `perfkit.model.ScalingReport`.
    files
        What was written, the Markdown report first.
    """

    __slots__ = ("files", "record")

    def __init__(self, bench: Bench, record: ScalingReport, files: Sequence[Path] = ()) -> None:
        super().__init__(bench)
        self.record = record
        self.files = tuple(files)

    @property
    def id(self) -> str:
        """By which `perfkit.load` finds it again."""
        return self.record.scaling.id

    @property
    def scaling(self) -> Scaling:
        """The stored record."""
        return self.record.scaling

    @property
    def undecided(self) -> tuple[str, ...]:
        """That there were too few rounds, if so."""
        made = self.record.scaling
        if made.rounds >= _FEWEST_ROUNDS:
            return ()
        return (f"{made.rounds} of {_FEWEST_ROUNDS} rounds: {made.stopped_because}",)

    def report(self, path: str | Path | None = None) -> Path:
        """Write the report with its chart beside it, and return its path.

        Parameters
        ----------
        path
            Without it, the report in the pipeline's folder is written again.

        Raises
        ------
        StoreError
            If it cannot be written.
        """
        wanted = None if path is None else Path(path)
        if wanted is not None and wanted.suffix == ".html":
            raise UsageError("the report of a scaling is Markdown: name a file that ends in .md")
        written = scaling.write(self._bench, self.record, wanted)
        return written[0] if wanted is None else wanted

    def to_dict(self) -> dict[str, Any]:
        """Return what ``perfkit scale --json`` prints."""
        return _parsed(summary.as_json(self.record))

    def __repr__(self) -> str:
        return " ".join(text.plain(one) for one in scale.build(self.record).headline)

    def _repr_html_(self) -> str:
        return notebook.scaling(self.record, scale_chart.draw(self.record))


def _parsed(rendered: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(rendered)
    return made
