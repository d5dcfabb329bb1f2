"""What `perfkit doctor` found, for a terminal. The caller owns the console."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from perfkit.report import units
from perfkit.report.layout import section
from perfkit.report.text import clean, listed, plain, prose
from perfkit.report.text import line as words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType

    from perfkit.model import Bias, Diagnosis, Level, Machine, MachineCheck, Resolution

_MARKS: dict[Level, tuple[str, str]] = {
    "warning": ("!", "bold yellow"),
    "note": ("○", "cyan"),
    "ok": ("✔", "green"),
}
_ORDER: tuple[Level, ...] = ("warning", "note", "ok")
_HEADLINE_EFFECTS = (0.05, 0.02, 0.01)
_QUIET = "dim"
_NAME_WIDTH = 15  # of the longest name and a blank, so that both tables line up


def render(found: Diagnosis) -> RenderableType:
    """Lay out a diagnosis for a terminal of 80 columns or more.

    Parameters
    ----------
    found
        What was seen and measured.

    Returns
    -------
    rich.console.RenderableType
        To be printed on a console of the caller's, which decides on colour and width.
    """
    biases = [] if found.resolution is None else list(_biases(found.resolution))
    counts = {level: sum(one.level == level for one in _checks(found)) for level in _ORDER}
    counts["warning"] += len(biases)
    undecided = found.resolution is not None and bool(found.resolution.problem)
    parts: list[RenderableType] = [
        Panel(
            Group(Text(headline(found)), _counted(counts)),
            title=Text(clean(f"Machine: {found.cpu}")),
            title_align="left",
            border_style="yellow" if counts["warning"] or undecided else "green",
            box=box.ROUNDED,
            padding=(0, 1),
        ),
        Text(clean(f"{found.platform}, Python {found.python}"), _QUIET, overflow="fold"),
    ]
    if found.resolution is not None:
        parts += _resolved(found.resolution, biases)
    parts += section("The machine", *_looked(found.machine))
    during = "While measuring" if found.resolution is not None else "At the moment"
    parts += section(during, *_looked(found.during))
    return Group(*parts)


def headline(found: Diagnosis) -> str:
    """Say in a line or two what the machine can resolve."""
    resolved = found.resolution
    if resolved is None:
        return "Nothing was measured: what effect this machine can resolve is not known."
    if resolved.problem:
        return f"Not decided: {resolved.problem}."
    shown = [one for one in resolved.detections if one.effect in _HEADLINE_EFFECTS]
    if not any(one.pairs for one in shown):
        shown = list(resolved.detections)[:2]
    seen = [one for one in shown if one.seconds is not None]
    unseen = [one for one in shown if one.seconds is None]
    says = [f"{_percent(one.effect)} in {units.duration(one.seconds)}" for one in seen]
    says[0] = f"A {_percent(seen[0].effect)} change shows in about {units.duration(seen[0].seconds)}"
    if unseen:
        says.append(f"{_percent(unseen[0].effect)} not within {resolved.limit_s / 60:.0f} min")
    run = units.seconds(resolved.run_s)
    return (
        f"Pairs of a {run} workload scatter by {units.significant(100 * resolved.scatter, 2)} %.\n"
        f"{plain(listed([words(one) for one in says]))}."
    )


def warnings(found: Diagnosis) -> list[str]:
    """Return what may spoil a comparison on this machine, one plain text each."""
    checks = [one for one in _checks(found) if one.level == "warning"]
    biases = [] if found.resolution is None else list(_biases(found.resolution))
    return [*biases, *(f"{one.name}: {one.seen}. {one.why} {one.advice}" for one in checks)]


def _checks(found: Diagnosis) -> tuple[MachineCheck, ...]:
    return (*found.machine.checks, *found.during.checks)


def _counted(counts: dict[Level, int]) -> Text:
    made = Text()
    names: dict[Level, str] = {"warning": "warning", "note": "note", "ok": "fine"}
    for level in _ORDER:
        n = counts[level]
        if n:
            plural = "s" if n > 1 and level != "ok" else ""
            made.append("   " if made else "")
            mark, style = _MARKS[level]
            made.append(f"{mark} {n} {names[level]}{plural}", style)
    return made


def _resolved(resolved: Resolution, biases: Sequence[str]) -> list[RenderableType]:
    each = units.seconds(resolved.seconds_per_pair)
    pairs = "1 pair" if resolved.pairs == 1 else f"{resolved.pairs:,} pairs"
    parts: list[RenderableType] = []
    if resolved.detections:
        parts += [_table(resolved), Text()]
    parts.append(
        Text(
            f"From {pairs} of the same program twice, each run in a fresh process, {each} a pair. Pairs and "
            f"time to see the effect with {100 * resolved.power:.0f} % power by a two-sided sign test at "
            f"{100 * resolved.alpha:g} %, at the end of a budget. A pipeline that runs longer takes that "
            "much longer for a pair.",
            _QUIET,
        )
    )
    parts += [Text.assemble(("! ", "bold yellow"), one) for one in biases]
    if not biases and resolved.detections:
        parts.append(
            Text.assemble(
                ("✔ ", "green"),
                f"Equal programs look equal ({_tested(resolved.sides)}), and so do the first and the second "
                f"run of a pair ({_tested(resolved.places)}).",
            )
        )
    return section("What it can resolve", *parts)


def _table(resolved: Resolution) -> Table:
    made = Table(
        box=box.SIMPLE_HEAD, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0), show_edge=False
    )
    for title in ("effect", "pairs", "time", "95 % interval"):
        made.add_column(title, justify="right", no_wrap=True)
    beyond = f"over {resolved.limit_s / 60:.0f} min"
    for one in resolved.detections:
        seen = one.seconds is not None
        low = beyond if one.seconds_low is None else units.duration(one.seconds_low)
        high = beyond if one.seconds_high is None else units.duration(one.seconds_high)
        made.add_row(
            _percent(one.effect),
            units.NONE if one.pairs is None else units.count(one.pairs),
            Text(units.duration(one.seconds) if seen else beyond, "bold" if seen else "yellow"),
            Text(low if low == high else f"{low} to {high}", _QUIET),
        )
    return made


def _biases(resolved: Resolution) -> Iterable[str]:
    """Say where equal things looked different."""
    if resolved.sides.found:
        yield (
            f"Equal programs look different ({_tested(resolved.sides)}). Chance alone does this once in "
            "two hundred times; if it happens again, believe no small difference on this machine."
        )
    if resolved.places.found:
        which = "first" if resolved.places.ratio < 1 else "second"
        yield (
            f"The machine favours the {which} run of a pair ({_tested(resolved.places)}). Each side goes "
            "first in half of the pairs, so that it cancels, but pairs scatter more."
        )


def _looked(machine: Machine) -> list[RenderableType]:
    """Lay out the checks, the worst first; what is fine in one line each."""
    made = Table.grid(padding=(0, 1, 0, 0), pad_edge=False)
    made.add_column(no_wrap=True)
    made.add_column(no_wrap=True, min_width=_NAME_WIDTH)
    made.add_column(overflow="fold")
    for one in sorted(machine.checks, key=lambda one: _ORDER.index(one.level)):
        said = Text(clean(one.seen))
        if one.level != "ok":
            said.append("\n")
            said.append_text(_styled(f"{one.why} {one.advice}"))
        made.add_row(Text(*_MARKS[one.level]), Text(clean(one.name)), said)
    parts: list[RenderableType] = [made] if machine.checks else []
    if machine.unseen:
        names = plain(listed([words(name) for name in machine.unseen]))
        parts.append(Text(f"The system does not tell: {names}.", _QUIET))
    return parts


def _styled(sentence: str) -> Text:
    made = Text(style=_QUIET)
    for span in prose(sentence):
        made.append(span.text, "cyan" if span.kind == "code" else "")
    return made


def _percent(effect: float) -> str:
    return units.percent(effect, 0)


def _tested(bias: Bias) -> str:
    """Say how much two equal things differed, and how often chance alone does as much."""
    p = "< 0.001" if bias.p_value < 0.001 else f"= {bias.p_value:.2g}"  # noqa: PLR2004  as p is written
    return f"ratio {bias.ratio:.3f}, p {p}"
