"""How a cost grows, as ordered sections of ready strings."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.report import units
from perfkit.report.text import Column, Line, Row, Table, code, line, listed, prose, strong

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from perfkit.model import Crossing, Estimate, Growth, JudgedClaim, ScalingReport

_DECIMALS = 2
_FEWEST_ROUNDS = 3
_NO_BREAK = "\u00a0"
_NO_LAW = "no named law"
_WORTH_TELLING = 0.2
"""A constant on top is told from this share of the cost at the smallest size on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleView:
    """What a renderer gets, in the order in which it is told.

    Attributes
    ----------
    headline
        A sentence for each variant, then who is faster where.
    sizes
        All of ``run`` at each size.
    stages
        Each stage's growth, the total last; `memory` the same of memory, None if it is not known.
    ends
        Titles of the columns with the smallest and the largest size, for a renderer that has room.
    remarks
        What the tables do not say.
    """

    title: Line
    identity: Line
    headline: tuple[Line, ...]
    sizes: Table
    stages: Table
    memory: Table | None
    claims: tuple[Line, ...]
    remarks: tuple[Line, ...]
    left_out: tuple[Line, ...]
    method: tuple[Line, ...]
    command: str
    few: Line | None


def build(report: ScalingReport) -> ScaleView:
    """Turn the report of a scaling into what there is to say about it."""
    scaling = report.scaling
    names = [one.name for one in scaling.variants]
    files = listed([line(code(one.name), " (", code(one.path), ")") for one in scaling.variants])
    memory = [one for one in report.growths if one.quantity == "memory"]
    times = [one for one in report.growths if one.quantity == "time"]
    rounds = "1 round" if scaling.rounds == 1 else f"{scaling.rounds} rounds"
    few = scaling.rounds < _FEWEST_ROUNDS
    return ScaleView(
        title=line("Growth of the cost: ", code(scaling.pipeline.name)),
        identity=line(
            files,
            ", scaling ",
            code(scaling.id),
            f", started {units.moment(scaling.started_at)}: {len(scaling.sizes)} sizes of ",
            code(scaling.parameter),
            f" from {scaling.sizes[0]:,} to {scaling.sizes[-1]:,}, {rounds}.",
        ),
        headline=(
            *(_growth_sentence(one, scaling.parameter) for one in times if not one.stage),
            *(_faster_where(report, name) for name in names[1:]),
        ),
        sizes=_sizes(report, times),
        stages=_growths(times, units.seconds),
        memory=_growths(memory, units.bytes_) if memory else None,
        claims=tuple(_claim(one, report) for one in report.claims),
        remarks=tuple(_remarks(report)),
        left_out=tuple(
            line(code(scaling.parameter), f" = {int(size):,} was left out: ", prose(why))
            for size, why in scaling.left_out.items()
        ),
        method=tuple(_method(report)),
        command=scaling.command,
        few=line(
            strong(f"{rounds.capitalize()}: too few for an interval. "),
            f"At least {_FEWEST_ROUNDS} are needed; give more than a --budget of {scaling.budget_s:g} s.",
        )
        if few
        else None,
    )


def exponent(estimate: Estimate) -> str:
    """Print an exponent: two decimals, or what its interval supports."""
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value + 0.0:.{_DECIMALS}f}"
    return f"{estimate.value + 0.0:.{_places(estimate)}f}"


def interval(estimate: Estimate) -> str:
    """Print the interval of an exponent: ``[1.93, 2.01]``."""
    if estimate.low is None or estimate.high is None:
        return "1 round: no interval" if estimate.n == 1 else f"{estimate.n} rounds: no interval"
    places = _places(estimate)
    return f"[{estimate.low + 0.0:.{places}f}, {estimate.high + 0.0:.{places}f}]"


def _places(estimate: Estimate) -> int:
    """Three decimals only where the interval is narrower than 0.02, one where it is wider than 1."""
    width = (estimate.high or 0.0) - (estimate.low or 0.0)
    return 3 if width < 0.02 else _DECIMALS if width < 1 else 1  # noqa: PLR2004  powers of ten


def laws(growth: Growth) -> str:
    """Name the law, or those that cannot be told apart: ``n log n``, ``n or n log n``, ``n to n^2``."""
    if not growth.laws:
        return units.NONE
    ordered = sorted(growth.laws, key=lambda one: (one.power, one.log))
    places = [place for place, one in enumerate(ordered) if one.possible]
    names = [ordered[place].name for place in places]
    if not names:
        return _NO_LAW
    best = next(one for one in growth.laws if one.possible)
    on_top = " + constant" if best.factor and best.offset > _WORTH_TELLING * growth.costs[0].median else ""
    if len(names) > 2 and places[-1] - places[0] < len(names):  # noqa: PLR2004  two are named both
        return f"{names[0]} to {names[-1]}{on_top}"
    # Powers have names too, and constants and factors of log n are what a power can be taken for.
    if growth.power_too and growth.exponent is not None and all("log" in one for one in names):
        names.append(f"n^{growth.exponent.value:.2f}")
    return (names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1]) + on_top


def _label(stage: str) -> Line:
    return line(code(stage)) if stage else line("all of ", code("run"))


def _nested(stage: str, known: Collection[str]) -> Line:
    """Name a stage below its parent: ``└ normalise``."""
    parent, _, name = stage.rpartition("/")
    if not name or parent not in known or not parent:
        return _label(stage)
    return line(f"{_NO_BREAK * 3 * parent.count('/')}└{_NO_BREAK}", code(name))


def _of(growth: Growth) -> Line:
    """Name a cost: ``count`` of ``baseline``."""
    what = _label(growth.stage) if growth.quantity == "time" else line("the memory")
    return line(what, " of ", code(growth.variant))


def _growth_sentence(growth: Growth, parameter: str) -> Line:
    if growth.exponent is None:
        if laws(growth) == "constant":
            return line(code(growth.variant), " is ", strong("constant"), f": {_constant(growth)}.")
        return line(code(growth.variant), f": no exponent ({growth.withheld}).")
    law = [one.name for one in growth.laws if one.possible]
    return line(
        code(growth.variant),
        " grows with ",
        code(parameter),
        " to the power ",
        strong(exponent(growth.exponent)),
        f" {interval(growth.exponent)}"
        if growth.exponent.low is not None
        else f" ({interval(growth.exponent)})",
        f": {laws(growth)}." if law else ".",
    )


def _constant(growth: Growth) -> str:
    first, last = growth.costs[0], growth.costs[-1]
    return f"{last.median / first.median:.3g} times as much at {last.size / first.size:.3g} times the size"


def _faster_where(report: ScalingReport, name: str) -> Line:
    """Say which variant is faster at which sizes."""
    scaling = report.scaling
    first = scaling.variants[0].name
    crossings = [one for one in report.crossings if not one.stage and name in {one.below, one.above}]
    if crossings:
        spaced = [part for one in crossings for part in (line(" "), _crossing(report, one))]
        return line(*spaced[1:])
    ratios = [one for one in report.ratios if not one.stage and one.variant == name]
    between = f"between {scaling.sizes[0]:,} and {scaling.sizes[-1]:,}"
    sides = {_side(one.ratio) for one in ratios}
    if sides in ({1}, {-1}):
        faster, slower = (name, first) if sides == {1} else (first, name)
        ends = [ratios[0], ratios[-1]]
        told = " and ".join(
            f"{units.ratio(_turned(one.ratio, turn=sides == {-1}))} at {one.size:,}" for one in ends
        )
        return line(
            code(faster), " is faster than ", code(slower), f" at every size: {told}; no crossover {between}."
        )
    if scaling.rounds < _FEWEST_ROUNDS:
        return line(f"Too few rounds to say which one is faster {between}.")
    return line("No crossover of ", code(first), " and ", code(name), f" was shown {between}.")


def _side(ratio: Estimate) -> int:
    if ratio.low is None or ratio.high is None:
        return 0
    return 1 if ratio.low > 1 else -1 if ratio.high < 1 else 0


def _turned(ratio: Estimate, *, turn: bool) -> Estimate:
    """Return a ratio seen from its other side."""
    if not turn or ratio.low is None or ratio.high is None:
        return ratio
    return dataclasses.replace(ratio, value=1 / ratio.value, low=1 / ratio.high, high=1 / ratio.low)


def _crossing(report: ScalingReport, one: Crossing) -> Line:
    where = line(code(one.stage), ": ") if one.stage else line()
    beyond = "" if one.measured else ", beyond the measured sizes, if the costs go on as they do there"
    return line(
        where,
        code(one.above),
        " overtakes ",
        code(one.below),
        f" at {report.scaling.parameter} = ",
        strong(size(one.size)),
        f" {size_interval(one.low, one.high)}{beyond}.",
    )


def size(value: float) -> str:
    """Print a size that was computed: two to three significant digits, ``640``."""
    return units.significant(value, 3 if value >= 100 else 2)  # noqa: PLR2004  three digits


def size_interval(low: float | None, high: float | None) -> str:
    """Print the interval of a size; an open end is said to be open."""
    if low is None and high is None:
        return "(no interval)"
    if low is None:
        return f"[below, {size(high or 0.0)}]"
    return f"[{size(low)}, above]" if high is None else f"[{size(low)}, {size(high)}]"


def _sizes(report: ScalingReport, times: Sequence[Growth]) -> Table:
    scaling = report.scaling
    totals = {one.variant: {at.size: at for at in one.costs} for one in times if not one.stage}
    others = [one.name for one in scaling.variants[1:]]
    ratios = {(one.variant, one.size): one.ratio for one in report.ratios if not one.stage}
    columns = [
        Column(key="size", title=scaling.parameter, align="right"),
        *(Column(key=name, title=name, align="right") for name in totals),
    ]
    for name in others:
        title = "speedup" if len(others) == 1 else f"speedup of {name}"
        columns += [
            Column(key=f"{name}/speedup", title=title, align="right"),
            Column(key=f"{name}/interval", title="95 % interval", align="right"),
        ]
    rows = []
    for one in scaling.sizes:
        cells = [line(f"{one:,}")]
        cells += [line(units.seconds(costs[one].median)) for costs in totals.values()]
        for name in others:
            found = ratios.get((name, one))
            cells += [line(units.ratio(found)), line(units.interval(found) if found else "")]
        rows.append(Row(cells=tuple(cells)))
    return Table(columns=tuple(columns), rows=tuple(rows))


def _growths(growths: Sequence[Growth], unit: Callable[[float | None], str]) -> Table:
    rows = []
    known = {one.stage for one in growths}
    for before, one in zip([None, *growths], growths, strict=False):
        again = before is not None and before.stage == one.stage
        found = one.exponent
        rows.append(
            Row(
                cells=(
                    line() if again else _nested(one.stage, known),
                    line(code(one.variant)),
                    line(unit(one.costs[0].median)),
                    line(unit(one.costs[-1].median)),
                    line(exponent(found) if found else units.NONE),
                    line(interval(found) if found else ""),
                    line(laws(one) if found or one.laws else one.withheld.partition(":")[0]),
                    line(_error(one)),
                ),
            )
        )
    sizes = growths[0].costs if growths else ()
    whole = max((one.costs for one in growths), key=len, default=sizes)
    return Table(
        columns=(
            Column(key="stage", title="stage"),
            Column(key="variant", title="variant"),
            Column(key="small", title=f"at {whole[0].size:,}" if whole else "", align="right"),
            Column(key="large", title=f"at {whole[-1].size:,}" if whole else "", align="right"),
            Column(key="exponent", title="exponent", align="right"),
            Column(key="interval", title="95 % interval", align="right"),
            Column(key="law", title="grows as"),
            Column(key="error", title="misses by", align="right"),
        ),
        rows=tuple(rows),
    )


def _error(growth: Growth) -> str:
    possible = [one for one in growth.laws if one.possible]
    if not possible:
        return ""
    share = possible[0].error
    return units.percent(share) if share >= 0.001 else "<0.1 %"  # noqa: PLR2004  the last decimal printed


def _claim(claim: JudgedClaim, report: ScalingReport) -> Line:
    found = next(
        one
        for one in report.growths
        if (one.variant, one.stage, one.quantity) == (claim.variant, claim.stage, "time")
    )
    who = line(_of(found), f": O({claim.law}) claimed, ")
    if found.exponent is None:
        return line(who, f"no exponent measured ({found.withheld}).")
    measured = line(
        who, "exponent ", strong(exponent(found.exponent)), f" {interval(found.exponent)} measured"
    )
    # Over a range of sizes n log n looks like a power a little above 1.
    own = f" ({claim.law} itself: {claim.expected:.2f})" if "log" in claim.law else ""
    words = {
        "agrees": "it agrees",
        "steeper": "it grows faster than claimed",
        "flatter": "it grows slower than claimed at these sizes",
        "not told": "too little was measured to judge",
    }
    return line(measured, f"{own}: {words[claim.verdict]}.")


def _remarks(report: ScalingReport) -> Iterator[Line]:
    for crossing in report.crossings:
        if crossing.stage:
            yield _crossing(report, crossing)
    for one in report.growths:
        if one.change is None:
            continue
        small, large = f"{one.change.small_end + 0.0:.1f}", f"{one.change.large_end + 0.0:.1f}"
        if one.change.at is None:
            yield line(
                "The exponent of ",
                _of(one),
                f" still changes: {small} at the small end, {large} at the large end. Larger sizes cost ",
                "more" if one.change.large_end > one.change.small_end else "less",
                " than one power says.",
            )
        else:
            yield line(
                "The exponent of ",
                _of(one),
                f" changes at about {one.change.at:,}: {small} below, {large} above.",
            )
    for one in report.growths:
        if ":" in one.withheld and laws(one) not in {"constant", _NO_LAW}:
            yield line("No exponent is told of ", _of(one), f": {one.withheld}.")
    lost = [one for one in report.growths if one.laws and not any(law.possible for law in one.laws)]
    for one in lost:
        best = one.laws[0]
        yield line(
            "None of the named laws describes ",
            _of(one),
            f": the nearest, {best.name}, misses a size it was not fitted to by {units.percent(best.error)}.",
        )
    for target in unknown(report):
        yield line("A claim speaks of ", code(target), ", a stage that did not run.")


def unknown(report: ScalingReport) -> list[str]:
    """Return the claims that no stage answers to."""
    known = {one.stage or "run" for one in report.claims}
    return [target for target in report.scaling.claims if target.rpartition(":")[2] not in known]


def _method(report: ScalingReport) -> Iterator[Line]:
    scaling = report.scaling
    yield line(
        "Each round visits every size once, in random order. At each size the variants run one after the "
        "other, in random order, on the same input, each in a fresh process. "
        f"It ended after {scaling.rounds}: {scaling.stopped_because}."
    )
    yield line(
        "Exponent: least squares on the logarithms of each size's median, with a 95 % interval by Student's "
        "t over the sizes. It holds the noise of the processes and what is no power law."
    )
    yield line(
        "Grows as: the named law, with a constant on top or without, that best predicts a size it was not "
        "fitted to; misses by: that error. A law that misses less than twice as much, or more in fewer than "
        "95 % of the resamples of the processes, cannot be told from it."
    )
    yield line(
        "Memory: the peak of the resident memory during ",
        code("run"),
        " above what there was before. What ",
        code("run"),
        " takes from memory that the process had freed is not seen.",
    )
