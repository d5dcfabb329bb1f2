"""Results as HTML for a notebook's cell: no script, no request, and colours that suit light and dark."""

from __future__ import annotations

import dataclasses
import io
import statistics
from functools import cache
from typing import TYPE_CHECKING

from markupsafe import Markup

from perfkit.report import correctness, equality, honesty, pairs_chart, runs, scale, speed, units, view
from perfkit.report.changes import named_calls
from perfkit.report.html import markup, styles
from perfkit.report.text import Column, Line, Row, Table, code, line, prose

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from perfkit.model import (
        FunctionCost,
        ProfileRun,
        Report,
        ScalingReport,
        StageRow,
        TimingRun,
        VerificationReport,
    )

_BAR = 90.0
_THICK = 5.0
_MOST_ROWS = 8
_DARK = {
    "quiet": "#9aa4af",
    "rule": "#3a414a",
    "before": "#7d8792",
    "after": "#4a9eea",
    "saved": "#4ac26b",
    "lost": "#ff7b72",
    "good": "#4ac26b",
    "open": "#e3b341",
    "bad": "#ff7b72",
    "band": "rgba(74, 158, 234, .22)",
    "soft": "rgba(150, 160, 170, .13)",
}
# JupyterLab and nbconvert, VS Code, Colab; where none of them says anything, the reader's system does.
_SAYS_DARK = ('[data-jp-theme-light="false"]', ".vscode-dark", "html[theme=dark]")
_SAYS_NOTHING = "body:not([data-jp-theme-light]):not(.vscode-light)"


def comparison(report: Report) -> str:
    """Lay out a comparison: the claim, the warnings, the stages with their outputs, and every pair.

    Parameters
    ----------
    report
        What was measured and found.

    Returns
    -------
    str
        An HTML element with its own style.
    """
    made = view.build(report)
    sentences = [made.headline, *([made.target] if made.target else [])]
    warnings = [*made.warnings, *([made.caution] if made.caution else [])]
    found = report.comparison
    parts = [
        _head(made.title, sentences, made.tone),
        *(_warning(one) for one in warnings),
        *([_table(made.gates)] if made.gates is not None else []),
        _stages(report, made),
        *(_note(one) for one in made.breakdown.remarks[1:]),
        *_pairs(report),
        _details(
            "The whole process, memory, method",
            _table(made.performance.table),
            _note(made.performance.process_note),
            *(_note(one) for one in made.breakdown.remarks[:1]),
        ),
        *_checks(made.checks, made.honesty),
        _note(
            line(
                "comparison ",
                code(found.id),
                f", seed {found.seed}, {units.moment(found.started_at)}",
                *(part for part in (", ", code(made.report_path)) if made.report_path),
            )
        ),
    ]
    return _element(parts)


def verification(report: VerificationReport) -> str:
    """Lay out a verification: what may be said of the outputs, what was compared, what the checks found."""
    who = correctness.Sides(
        baseline=report.baseline.name,
        contender=report.contender.name,
        parameters=report.parameters,
        kind=report.baseline.kind,
    )
    words, tone = equality.headline(report)
    checked = correctness.checks(who, report.scrutiny)
    parts = [_head(line("Verification: ", code(report.pipeline.name)), [words], tone)]
    parts += _checks(checked, honesty.honesty(report.scrutiny), shut=False)
    return _element([*parts, _note(line("verification ", code(report.id), f", seed {report.seed}"))])


def timings(found: Sequence[TimingRun]) -> str:
    """Lay out one variant's runs: the stages' times; a time alone is no speedup, and none is shown.

    Parameters
    ----------
    found
        At least one.
    """
    first, several = found[0], len(found) > 1
    n = f"median of {len(found)} runs" if several else "one run: no interval"
    words = line(code(first.variant.name), f": {units.seconds(_median(one.run_s for one in found))}, {n}.")
    paths = list(dict.fromkeys(stage.path for run in found for stage in run.stages))
    rows = [(line(_indented(path)), [_total(one, path) for one in found], False) for path in paths]
    rows += [
        (line(code("run(inputs)")), [one.run_s for one in found], True),
        (line("importing"), [one.import_s for one in found], False),
        (line("making the inputs"), [one.inputs_s for one in found], False),
        (line("whole process"), [one.process_s for one in found], False),
    ]
    titles = ("median", "fastest", "slowest") if several else ("time",)
    table = Table(
        columns=(
            Column(key="stage", title="stage"),
            *(Column(key=one, title=one, align="right") for one in titles),
        ),
        rows=tuple(
            Row(cells=(title, *(line(one) for one in _spread(times, len(titles)))), strong=strong)
            for title, times, strong in rows
        ),
    )
    notes = [f"seed {first.seed}", f"peak memory {units.bytes_(first.peak_rss_bytes)}"]
    notes += [f"{name} {units.number(value)}" for name, value in first.metrics.items() if value is not None]
    parts = [_head(line("Timing: ", code(first.variant.pipeline)), [words], "plain"), _table(table)]
    return _element([*parts, _note(line(", ".join(notes)))])


def profiles(found: Sequence[ProfileRun], title: Callable[[str], str]) -> str:
    """Lay out profiles, the costliest lines and functions first.

    Parameters
    ----------
    found
        Of one or several variants, under one or several profilers.
    title
        Gives a profiler's name for the reader.
    """
    words = line("Times under a profiler say where time goes, never how much faster.")
    parts = [_head(line("Profiles"), [words], "plain")]
    for one in found:
        name = line(code(one.variant.name), f" under {title(one.profiler)}: {units.seconds(one.traced_s)}")
        parts.append(Markup("<h4>{}</h4>").format(markup.words(name)))
        parts += [_warning(prose(warning)) for warning in one.warnings]
        if one.lines:
            parts.append(_table(_lines(one)))
        if one.functions:
            parts.append(_table(_functions(one.functions)))
        if one.tree is not None or one.memory or one.allocations or one.operators:
            parts.append(Markup("<pre>{}</pre>").format(_as_text(one, title(one.profiler))))
    return _element(parts)


def scaling(report: ScalingReport, chart: str) -> str:
    """Lay out how a cost grows.

    Parameters
    ----------
    chart
        Its SVG.
    """
    made = scale.build(report)
    parts = [
        _head(made.title, made.headline, "open" if made.few else "good"),
        *([_warning(made.few)] if made.few else []),
        _table(made.stages.only("stage", "variant", "exponent", "interval", "law")),
        *(_note(one) for one in made.claims),
        _details("Chart", Markup('<div class="pk-chart">{}</div>').format(_inline(chart))),
        _details("All sizes", _table(made.sizes), *(_note(one) for one in (*made.remarks, *made.left_out))),
        _note(line("scaling ", code(report.scaling.id))),
    ]
    return _element(parts)


def progress(phase: str, words: str, share: float | None) -> str:
    """Lay out what is under way, with a bar if it is known how far it is."""
    bar = Markup("<progress></progress>")
    if share is not None:
        bar = Markup('<progress value="{:.3f}"></progress>').format(max(0.0, min(1.0, share)))
    return _element([Markup('<p class="pk-note"><b>{}</b> {} {}</p>').format(phase, bar, words)])


# ---------------------------------------------------------------- the stages and the pairs


def _stages(report: Report, made: view.View) -> Markup:
    """Lay out the breakdown, with bars for the times and what became of each stage's output."""
    parts = made.breakdown
    table = parts.table.only(*speed.NARROW)
    rows = [row for row in report.breakdown.rows if row.kind != "other thread"]
    verdicts = _verdicts(made, report)
    longest = max((time for row in rows for time in (row.baseline_s, row.contender_s) if time), default=1.0)
    columns = [
        (column.title if column.key != "share" else column.short, column.align) for column in table.columns
    ]
    at = 3  # the bars stand after the two times
    head = [_cell("th", markup.name(title), align) for title, align in columns]
    head[at:at] = [_cell("th", "", "left")]
    shares = parts.shares or (None,) * len(rows)
    body = []
    for row, cells, share in zip(rows, table.rows, shares, strict=True):
        laid = [
            _cell("td", markup.words(cell), align)
            for cell, (_, align) in zip(cells.cells, columns, strict=True)
        ]
        laid[at:at] = [_cell("td", _bars(row, longest), "left")]
        if parts.shares:
            laid.append(_cell("td", _share(share, lost=parts.lost), "left"))
        if verdicts:
            laid.append(_cell("td", markup.words(verdicts.get(_key(row), line())), "whole"))
        kind = Markup(' class="strong"') if cells.strong else ""
        body.append(Markup("<tr{}>{}</tr>").format(kind, Markup("").join(laid)))
    head += [_cell("th", "", "left")] if parts.shares else []
    head += [_cell("th", "output", "left")] if verdicts else []
    return _laid(head, body)


def _key(row: StageRow) -> str:
    return {"stage": row.path, "total": equality.RESULT}.get(row.kind, "\0")


def _verdicts(made: view.View, report: Report) -> dict[str, Line]:
    """Return what became of each stage's output on the ordinary input; the total's is what run returned."""
    verifications = [one for one in report.comparison.scrutiny.verifications if one.kind == "main"]
    checked = [one for one in made.checks if one.main]
    return {
        stage.stage: row.cells[0]
        for one, check in zip(verifications, checked, strict=True)
        for stage, row in zip(one.stages, check.table.only("verdict").rows, strict=True)
    }


def _bars(row: StageRow, longest: float) -> Markup:
    """Draw both times of a stage to one scale, the baseline's above the contender's."""
    bars = [
        Markup('<rect class="{}" y="{}" width="{:.1f}" height="{}" fill="{}"/>').format(
            kind, y, max(0.6, time / longest * _BAR), _THICK, colour
        )
        for kind, y, time, colour in (
            ("before", 0, row.baseline_s, "#8a949f"),
            ("after", _THICK + 1, row.contender_s, "#0969b2"),
        )
        if time is not None and time > 0
    ]
    return _svg(_BAR, 2 * _THICK + 1, bars)


def _share(share: float | None, *, lost: bool) -> Markup:
    """Draw a stage's share of what was saved."""
    width = max(0.0, min(1.0, share or 0.0)) * _BAR / 2
    kind, colour = ("lost", "#c0281f") if lost else ("saved", "#1a7f37")
    bar = Markup('<rect class="{}" width="{:.1f}" height="8" fill="{}"/>').format(kind, width, colour)
    return _svg(_BAR / 2, 8, [bar] if width else [])


def _svg(width: float, height: float, parts: Iterable[Markup]) -> Markup:
    return Markup(
        '<svg width="{0:g}" height="{1:g}" viewBox="0 0 {0:g} {1:g}" aria-hidden="true">{2}</svg>'
    ).format(width, height, Markup("").join(parts))


def _pairs(report: Report) -> list[Markup]:
    drawn = pairs_chart.draw(report)
    if not drawn:
        return []
    run, names = report.breakdown.run, report.comparison
    key = Markup('<span class="pk-key before"></span>{}, <span class="pk-key after"></span>{}').format(
        markup.name(names.baseline.name), markup.name(names.contender.name)
    )
    band = "" if run.low is None else f"; the band is the {units.percent(run.confidence, 0)} interval"
    words = f"Below: the speedup of each pair, the first one on top{band}."
    return [Markup('<p class="pk-note">{}. {}</p>').format(key, words), drawn]


# ---------------------------------------------------------------- what was checked


def _checks(
    checked: Sequence[correctness.Checked], found: honesty.Honesty | None, *, shut: bool = True
) -> list[Markup]:
    """Lay out the verifications, and what the honesty checks say; findings are never folded away."""
    parts: list[Markup] = []
    for one in checked:
        title = markup.words(line("Outputs", " · " if one.heading else "", one.heading))
        table = _table(one.table.only("stage", "verdict", "relative", "tolerance"))
        if not one.passed:
            reasons = [_note(reason) for reason in one.reasons]
            parts += [Markup("<h4>{}</h4>").format(title), table, *reasons]
        elif shut:
            parts.append(_details(Markup("{}: {}").format(title, markup.words(one.summary)), table))
        else:
            parts += [Markup("<h4>{}</h4>").format(title), table]
    if found is None:
        return parts
    parts += [_table(found.findings)] if found.findings is not None else []
    more = [one for one in (found.timed, found.searched, found.fed, found.clean, *found.weak) if one]
    more += [line("Not tried: ", one) for one in found.untried]
    tried = [_table(found.tried.only("input", "outcome"))] if found.tried is not None else []
    return [*parts, _details("Other inputs and honesty checks", *tried, *(_note(one) for one in more))]


# ---------------------------------------------------------------- timings and profiles


def _median(times: Iterable[float]) -> float:
    return statistics.median(list(times))


def _total(run: TimingRun, path: str) -> float | None:
    found = [stage.total_s for stage in run.stages if stage.path == path]
    return sum(found) if found else None


def _spread(times: Sequence[float | None], n: int) -> list[str]:
    known = [one for one in times if one is not None]
    return [units.seconds(one) for one in (_median(known), min(known), max(known))[:n]]


def _indented(path: str) -> Line:
    depth = path.count("/")
    indent = f"{speed.NO_BREAK * 3 * (depth - 1)}└{speed.NO_BREAK}" if depth else ""
    return line(indent, code(path.rpartition("/")[2]))


def _functions(functions: Sequence[FunctionCost]) -> Table:
    whole = sum(one.self_s for one in functions) or 1.0
    top = sorted(functions, key=lambda one: (-one.self_s, one.file, one.line, one.name))[:_MOST_ROWS]
    return Table(
        columns=(
            Column(key="function", title="function"),
            Column(key="place", title="where"),
            Column(key="calls", title="calls", align="right"),
            Column(key="self", title="self", align="right"),
            Column(key="share", title="of all", align="right"),
        ),
        rows=tuple(
            Row(
                cells=(
                    *named_calls(one),
                    line(units.seconds(one.self_s)),
                    line(units.percent(one.self_s / whole)),
                )
            )
            for one in top
        ),
    )


def _lines(run: ProfileRun) -> Table:
    found = [
        (one.time_s, one, function, sum(each.time_s for each in function.lines) or 1.0)
        for function in run.lines
        for one in function.lines
    ]
    rows = []
    for time_s, one, function, whole in sorted(found, key=lambda each: -each[0])[:_MOST_ROWS]:
        index = one.line - function.first_line
        text = function.source[index].strip() if 0 <= index < len(function.source) else ""
        cells = (
            line(code(f"{function.name}:{one.line}")),
            line(code(text)),
            line(units.count(one.hits)),
            line(units.seconds(time_s)),
            line(units.percent(time_s / whole)),
        )
        rows.append(Row(cells=cells))
    return Table(
        columns=(
            Column(key="line", title="line", whole=True),
            Column(key="code", title="code"),
            Column(key="hits", title="hits", align="right"),
            Column(key="time", title="time", align="right"),
            Column(key="share", title="of its function", align="right"),
        ),
        rows=tuple(rows),
    )


def _as_text(run: ProfileRun, profiler: str) -> str:
    """Print what has no table here as a terminal would, below its title."""
    from rich.console import Console

    bare = dataclasses.replace(run, parameters={}, warnings=(), functions=(), lines=())
    out = io.StringIO()
    console = Console(file=out, width=110, no_color=True, force_terminal=False)
    console.print(runs.render_profile(bare, profiler))
    return markup.whole("\n".join(one.rstrip() for one in out.getvalue().splitlines()[1:]))


# ---------------------------------------------------------------- elements


def _element(parts: Iterable[Markup]) -> str:
    return str(
        Markup('<div class="perfkit"><style>{}</style>\n{}</div>').format(sheet(), Markup("\n").join(parts))
    )


@cache
def sheet() -> Markup:
    """Return the style sheet of an element; all of its rules are about what stands in one."""
    dark = " ".join(f"--pk-{name}: {colour};" for name, colour in _DARK.items())
    told = ", ".join(f"{one} .perfkit" for one in _SAYS_DARK)
    rules = [
        (styles.ASSETS / "notebook.css").read_text(encoding="utf-8").strip(),
        f"{told} {{ {dark} }}",
        f"@media (prefers-color-scheme: dark) {{ {_SAYS_NOTHING} .perfkit {{ {dark} }} }}",
    ]
    return Markup("\n".join(rules))  # noqa: S704  perfkit's own file


def _head(title: Line, sentences: Iterable[Line], tone: str) -> Markup:
    said = Markup("").join(Markup("<p>{}</p>").format(markup.words(one)) for one in sentences)
    return Markup('<div class="pk-head {}"><div class="pk-title">{}</div>{}</div>').format(
        tone, markup.words(title), said
    )


def _warning(words: Line) -> Markup:
    return Markup('<p class="pk-warn">! {}</p>').format(markup.words(words))


def _note(words: Line) -> Markup:
    return Markup('<p class="pk-note">{}</p>').format(markup.words(words))


def _details(summary: str, *body: Markup) -> Markup:
    return Markup("<details><summary>{}</summary>{}</details>").format(summary, Markup("").join(body))


def _table(data: Table) -> Markup:
    sides = ["right" if one.align == "right" else "whole" if one.whole else "left" for one in data.columns]
    head = [
        _cell("th", markup.name(column.title), side) for column, side in zip(data.columns, sides, strict=True)
    ]
    rows = [
        Markup("<tr{}>{}</tr>").format(
            Markup(' class="strong"') if row.strong else "",
            Markup("").join(
                _cell("td", markup.words(cell), side) for cell, side in zip(row.cells, sides, strict=True)
            ),
        )
        for row in data.rows
    ]
    return _laid(head, rows)


def _laid(head: Iterable[Markup], rows: Iterable[Markup]) -> Markup:
    body = Markup("<thead><tr>{}</tr></thead><tbody>{}</tbody>").format(
        Markup("").join(head), Markup("").join(rows)
    )
    return Markup('<div class="pk-scroll"><table class="pk-table">{}</table></div>').format(body)


def _cell(tag: str, content: str, side: str) -> Markup:
    kind = {"right": Markup(' class="r"'), "whole": Markup(' class="w"')}.get(side, Markup(""))
    return Markup("<{0}{1}>{2}</{0}>").format(tag, kind, content)


def _inline(svg: str) -> Markup:
    """Return a drawn chart as an element: without what belongs to a file of its own."""
    return Markup(svg[svg.index("<svg") :])  # noqa: S704  drawn by perfkit, which escapes what it writes
