"""Set timings of two test runs side by side that did not run side by side: ratios, and no verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.model import Unpaired

if TYPE_CHECKING:
    from perfkit.model import BenchmarkFile, BenchmarkHost, InProcessTiming


def match(before: BenchmarkFile, after: BenchmarkFile) -> tuple[Unpaired, ...]:
    """Match the timings of two runs by the test's id and by which timing of the test it is.

    Returns
    -------
    tuple of Unpaired
        Those of the later run in their order, then what only the earlier one has.
    """
    known = {(one.test, one.index): one for one in before.timings}
    found = [_side_by_side(known.pop((one.test, one.index), None), one) for one in after.timings]
    return (*found, *(Unpaired(before=one, after=None) for one in known.values()))


def _side_by_side(before: InProcessTiming | None, after: InProcessTiming) -> Unpaired:
    if before is None:
        return Unpaired(before=None, after=after)
    traced = [
        f"{when} traced by {', '.join(one.tracers)}"
        for when, one in (("then", before), ("now", after))
        if one.tracers
    ]
    if traced:
        return Unpaired(before=before, after=after, caveats=(" and ".join(traced) + ": no ratio",))
    caveats = []
    if before.own_inputs != after.own_inputs:
        one, other = ("now", "then") if after.own_inputs else ("then", "now")
        caveats.append(f"{one} each call had inputs of its own, {other} all had the same")
    if None not in {before.garbage_collected, after.garbage_collected} and (
        before.garbage_collected != after.garbage_collected
    ):
        off = "now" if before.garbage_collected else "then"
        caveats.append(f"garbage collection was off {off}")
    ratio = before.median_s / after.median_s if before.median_s > 0 and after.median_s > 0 else None
    return Unpaired(before=before, after=after, ratio=ratio, caveats=tuple(caveats))


def changed(before: BenchmarkFile, after: BenchmarkFile) -> tuple[str, ...]:
    """Return what else was different between two runs, one sentence each, without a full stop."""
    found = []
    for what, was, now in (
        ("Python", _python(before.host), _python(after.host)),
        ("processor", before.host.cpu, after.host.cpu),
        ("system", before.host.platform, after.host.platform),
    ):
        if was and now and not _same(was, now):
            found.append(f"another {what}: {was} then, {now} now")
    tools = [one.tool.partition(" ")[0] for one in (before, after)]
    if tools[0] != tools[1]:
        found.append(f"another tool, which takes samples otherwise: {before.tool} then, {after.tool} now")
    return tuple(found)


def _same(was: str, now: str) -> bool:
    """Whether two names are one, of which tools write more or less: ``Linux 6.1``, ``Linux-6.1-x86``."""
    short, long = sorted((was.replace(" ", "-"), now.replace(" ", "-")), key=len)
    return long == short or long.startswith(f"{short}-")


def _python(host: BenchmarkHost) -> str:
    return f"{host.implementation} {host.python}".strip() if host.python else ""


def slower(pair: Unpaired, limit: float) -> bool | None:
    """Say whether the later median exceeds the earlier one by more than a limit; None if nobody can say.

    Parameters
    ----------
    limit
        A share: 0.2 for 20 %.
    """
    if pair.ratio is None:
        return None
    return pair.ratio * (1 + limit) < 1
