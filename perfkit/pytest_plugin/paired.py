"""Compare two callables in fresh paired processes, as ``perfkit compare`` does."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pickle
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.analyse import gates
from perfkit.api import comparison, profiles, reports, sides
from perfkit.api.pairs import Plan
from perfkit.model import Gates, PairedResult, Tolerance
from perfkit.pytest_plugin.outcome import outputs_of
from perfkit.python import callables
from perfkit.verify import comparator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from perfkit.api.bench import Bench
    from perfkit.model import Report
    from perfkit.pytest_plugin.marks import Wanted

_INPUTS = """\
import pickle
from pathlib import Path


def make_inputs(seed):
    return pickle.loads(Path({file!r}).read_bytes())
"""


def word(side: Callable[..., object] | str) -> str:
    """Return the words by which a fresh process gets at a callable; UsageError if there are none."""
    return side if isinstance(side, str) else callables.word(side)


def compare(
    old: Callable[..., object] | str,
    new: Callable[..., object] | str,
    wanted: Wanted,
    *,
    root: Path,
    budget_s: float,
    command: Sequence[str] = (),
) -> tuple[Report, Bench]:
    """Compare two callables; the comparison is in the store when this returns.

    Parameters
    ----------
    old, new
        Importable callables, or words as on the command line.
    root
        From where the project is looked for.
    budget_s
        For the pairs, where `wanted` says nothing.

    Raises
    ------
    PerfkitError
        If one cannot be imported, or a run fails.
    """
    inputs = "" if wanted.make_inputs is None else word(wanted.make_inputs)
    asked = sides.Asked(words=(word(old), word(new)), inputs=inputs, find_stages=False)
    found = sides.find(asked, start=root, overrides=dict(wanted.parameters))
    old_name, new_name = found.names
    bench = _with_tolerance(found.bench, wanted.rtol)
    with importable(root):
        made = comparison.compare(
            bench,
            old_name,
            new_name,
            Plan(
                budget_s=budget_s if wanted.budget is None else wanted.budget,
                decided_is_enough=True,
                pairs=wanted.pairs,
            ),
            verifying=wanted.verify,
            profiling=False,
            gates=Gates(least=wanted.target),
            command=command,
        )
    return reports.load(bench, made.id), bench


@contextlib.contextmanager
def importable(root: Path) -> Iterator[None]:
    """Have fresh processes import from where the tests do: pytest puts their folders on the path itself."""
    added = [
        one
        for one in sys.path
        if one and Path(one).is_relative_to(root) and not Path(one).is_relative_to(sys.prefix)
    ]
    before = os.environ.get(_PATH)
    os.environ[_PATH] = os.pathsep.join([*([before] if before else []), *dict.fromkeys(added)])
    try:
        yield
    finally:
        if before is None:
            del os.environ[_PATH]
        else:
            os.environ[_PATH] = before


_PATH = "PYTHONPATH"


def _with_tolerance(bench: Bench, rtol: float | None) -> Bench:
    if rtol is None:
        return bench
    given = {comparator.RESULT: Tolerance(rtol=rtol, reason="given in the test")}
    pipeline = dataclasses.replace(bench.pipeline, tolerances={**bench.pipeline.tolerances, **given})
    return dataclasses.replace(bench, pipeline=pipeline)


def carried(arguments: tuple[object, ...], folder: Path) -> str | None:
    """Leave a test's own arguments where fresh processes find them.

    Returns
    -------
    str or None
        The words for a ``make_inputs`` that hands them out, whatever its seed; None if they cannot be
        pickled.
    """
    file = folder / "inputs.pickle"
    try:
        file.write_bytes(pickle.dumps(arguments))
    except Exception:  # noqa: BLE001  whatever an object's own code raises
        return None
    source = folder / "inputs.py"
    source.write_text(_INPUTS.format(file=str(file)))
    return f"{source}:make_inputs"


def profile(bench: Bench, report: Report, profilers: Sequence[str], root: Path) -> list[Path]:
    """Profile both sides; returns the profilers' files."""
    made = report.comparison
    clean_s = report.breakdown.baseline_s
    names = [made.baseline.name, made.contender.name]
    with importable(root):
        runs = profiles.profile(bench, names, profilers=profilers, clean_s=clean_s)
    return [bench.store.run_folder(one.id) / one.file for one in runs if one.file]


def result(test: str, report: Report) -> PairedResult:
    """Return a comparison in short, for the summary and for files."""
    made, found = report.comparison, report.breakdown
    return PairedResult(
        test=test,
        baseline=made.baseline.name,
        contender=made.contender.name,
        comparison=made.id,
        pipeline=made.pipeline.name,
        speedup=found.run,
        verdict=found.verdict,
        outputs=outputs_of(made.scrutiny),
        failed=tuple(gates.reasons(report.gates, "failed")),
        undecided=tuple(gates.reasons(report.gates, "undecided")),
        pairs=len(made.pairs),
        baseline_s=found.baseline_s,
        contender_s=found.contender_s,
    )
