"""The report as one HTML page: it opens offline, and its own policy forbids it every request."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from perfkit.report import claims, difference_view, scale_chart, speed, units, view
from perfkit.report.html import charts, flames, functions, library, markup, sources, styles
from perfkit.report.text import Line, code, line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.model import Difference, Report
    from perfkit.report.equality import Equality

_SCRIPTS = ("page.js", "functions.js", "flame.js")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One of the summary's answers: how much faster, and is it still right."""

    title: str
    value: str
    tone: str
    words: Line


def render(report: Report, difference: Difference | None = None) -> str:
    """Write a report as one HTML page.

    Parameters
    ----------
    report
        What was measured and found; every figure of it is the one that the Markdown report prints.
    difference
        The profiles of both sides compared; the report's own without it. If there are none, the page says so.

    Returns
    -------
    str
        A whole page, the same for the same report, that can be written as UTF-8.
    """
    difference = difference or report.difference
    made = view.build(report)
    drawn = [charts.stages(report, made)]
    savings = charts.savings(report, made)
    drawn += [savings] if savings is not None else []
    baseline, contender = report.comparison.baseline, report.comparison.contender
    scripts = [_script(name) for name in _SCRIPTS]
    page = (
        _environment()
        .get_template("page.html.j2")
        .render(
            view=made,
            tiles=list(_tiles(report)),
            wide=speed.WIDE,
            saved=speed.SAVED,
            stages=drawn[0],
            savings=savings,
            growth_chart=scale_chart.draw(report.growth) if report.growth is not None else "",
            **_compared(difference, (baseline.path, contender.path)),
            profile=code(f"perfkit profile {baseline.name} --pipeline {report.comparison.pipeline.name}"),
            figures={one.ident: {"figure": one.figure, "height": one.height} for one in drawn},
            library=library.packed(),
            allowed=" ".join([library.fingerprint(), *(library.allowed(script) for script in scripts)]),
            style=styles.sheet(),
            scripts=scripts,
        )
    )
    return markup.whole(page)


def _compared(difference: Difference | None, files: tuple[str, str]) -> dict[str, Any]:
    """Return what the template needs of the profiles; without any, it says that there are none."""
    if difference is None:
        return {"difference": None, "flames": None, "functions": None, "sources": (), "unshown": 0}
    made = difference_view.build(difference)
    return {
        "difference": made,
        "flames": flames.flames(difference, files),
        "functions": functions.functions(difference),
        "sources": sources.sources(difference),
        "unshown": max(0, len(difference.lines) - sources.MOST),
    }


def _tiles(report: Report) -> Iterator[Tile]:
    """Keep speed and equality apart: each has its own tile, and so has the target."""
    run, verdict, found = report.breakdown.run, report.breakdown.verdict, claims.equality(report)
    tones = {"faster": "good", "slower": "bad"}
    yield Tile(
        title="Speed",
        value=units.ratio(run),
        tone=tones.get(verdict, "open"),
        words=line(verdict, " ", claims.doubt(run)),
    )
    yield Tile(
        title="Outputs",
        value="verified" if found.verified else "not verified",
        tone="good" if found.verified else "bad" if found.different else "open",
        words=_outputs(found),
    )
    aim = claims.aim(report)
    if aim is not None and report.comparison.pipeline.target is not None:
        yield Tile(
            title="Target",
            value=units.target(report.comparison.pipeline.target),
            tone={"✅": "good", "❌": "bad"}.get(aim.mark, "open"),
            words=aim.sentence,
        )


def _outputs(found: Equality) -> Line:
    """Say what keeps the outputs from being verified, or on what they are."""
    if not found.verified:
        return line(found.why, ".")
    # A proviso begins with a space, because it goes on after "verified".
    proviso = line("verified", found.proviso, ": ") if found.proviso else line()
    return line(proviso, claims.compared(found), ", and none differs.")


def _script(name: str) -> str:
    """Return one of the page's own scripts, as it stands in the page: its fingerprint is taken from this."""
    return (styles.ASSETS / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    """Return the templates' environment; made at the first rendering, because it costs some milliseconds."""
    made = Environment(
        loader=FileSystemLoader(styles.ASSETS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(words=markup.words, table=markup.table, block=markup.block, json=markup.data)
    return made
