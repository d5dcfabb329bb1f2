"""What sides that run in other interpreters need, and what cannot be done with them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from perfkit.errors import UsageError
from perfkit.measure import environment, lending
from perfkit.measure.interpreters import probe
from perfkit.measure.lending import NotLentError
from perfkit.profilers import catalog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.api.bench import Bench
    from perfkit.model import Environment, JobKind, Side, Variant

_NEEDS = {"perfkit.profilers.line": ("line_profiler",), "perfkit.profilers.sampling": ("pyinstrument",)}
"""By a profiler's module: the distributions that its half in the worker needs."""


def lent(variant: Variant, kind: JobKind, profiler: str = "") -> str:
    """Return the folder with what perfkit's code lacks where a job runs; empty if there is none.

    Parameters
    ----------
    kind, profiler
        Of the job; the profiler's module. Nothing is installed for a timed run: it gets what is there.

    Raises
    ------
    UsageError
        If the job cannot be done there.
    """
    if not variant.python or kind == "describe":
        return ""
    if kind == "time":
        return lending.lent(variant.python, lending.VERIFYING).folder
    try:
        needed = _NEEDS.get(profiler, ()) if kind == "profile" else lending.VERIFYING
        return lending.lend(variant.python, needed).folder
    except NotLentError as error:
        doing = f"profiled with {profiler.rpartition('.')[2]}" if profiler else "verified"
        raise UsageError(f"{variant.name} cannot be {doing} in {variant.python}: {error}") from error


def unverifiable(*variants: Variant) -> str:
    """Return why variants cannot be verified where they run, without a full stop; empty if they can.

    What perfkit needs there is installed into a folder of its own by this.
    """
    for variant in variants:
        try:
            lending.lend(variant.python, lending.VERIFYING)
        except NotLentError as error:
            return f"the interpreter of {variant.name} cannot keep values for comparison: {error}"
    return ""


def usable_profilers(names: Sequence[str], *variants: Variant) -> tuple[list[str], list[str]]:
    """Tell which profilers can work where variants run.

    Returns
    -------
    names : list of str
        Of those that can for each of them.
    notes : list of str
        Why the others cannot, a sentence each.
    """
    usable, notes = [], []
    for name in names:
        module = catalog.module_of(name)
        why = next((why for one in variants if (why := _useless(module, one))), "")
        if why:
            notes.append(f"Not profiled with {catalog.title(name)}: {why}.")
        else:
            usable.append(name)
    return usable, notes


def _useless(module: str, variant: Variant) -> str:
    """Return why a profiler cannot work where a variant runs; empty if it can."""
    if not variant.python:
        return ""
    top = module.partition(".")[0]
    if top != "perfkit" and top not in probe(variant.python).provides:
        return f"it is not installed where {variant.name} runs"
    try:
        lending.lend(variant.python, _NEEDS.get(module, ()))
    except NotLentError as error:
        return f"where {variant.name} runs, {error}"
    return ""


def loans(*variants: Variant) -> tuple[str, ...]:
    """Say what was lent to verify variants, a sentence each: code may ask what is installed."""
    notes = []
    for variant in variants:
        found = lending.lent(variant.python, lending.VERIFYING).packages
        if found:
            named = ", ".join(f"{name} {version}" for name, version in sorted(found.items()))
            notes.append(
                f"{variant.name} was verified with packages that its environment lacks, at the end of its "
                f"path: {named}. Its timed runs did not see them."
            )
    return tuple(notes)


def version(variant: Variant) -> str:
    """Return the version of the Python that runs a variant; empty for perfkit's own."""
    return probe(variant.python).python if variant.python else ""


def look(bench: Bench, baseline: Variant, contender: Variant) -> Environment:
    """Record the environment of a comparison, and of each side where the two have interpreters of their own.

    Raises
    ------
    UsageError
        If one of these is no interpreter that perfkit can measure with.
    """
    both: dict[Side, Variant] = {"baseline": baseline, "contender": contender}
    sides = {side: (one.python or sys.executable, bench.files(one)) for side, one in both.items()}
    elsewhere = baseline.python or contender.python
    return environment.look(
        bench.project.root, bench.files(baseline, contender), sides if elsewhere else None
    )
