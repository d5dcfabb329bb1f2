"""What a notebook shows: well-formed, without scripts or requests, with the figures that the report has."""

from __future__ import annotations

import dataclasses
import math
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from perfkit import model
from perfkit.profilers import catalog
from perfkit.report import notebook, pairs_chart, scale_chart, units, view
from perfkit.report.text import plain
from tests import builders, scalings
from tests.golden import stories

STORIES = [
    stories.verified_win,
    stories.different,
    stories.one_pair,
    stories.slower_unverified,
    stories.microseconds,
    stories.forked,
    stories.awkward_names,
]
_VOID = {"meta", "br", "hr", "img", "input", "link"}


class _Page(HTMLParser):
    """Collects the text, and sees that each element that opens is closed by its own end."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open
        assert self._open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.text += data


def _all() -> list[str]:
    found = [notebook.comparison(one()) for one in STORIES]
    found.append(notebook.timings([builders.timing_run("a"), builders.timing_run("b", run_s=2.0)]))
    report = scalings.report()
    found.append(notebook.scaling(report, scale_chart.draw(report)))
    record = stories.verified_win()
    found.append(notebook.profiles(record.profile_runs, catalog.title))
    found.append(notebook.progress("measuring", "pair 3 <b>", 0.5))
    return found


@pytest.mark.parametrize("at", range(len(STORIES) + 4))
def test_nothing_is_run_and_nothing_is_requested(at: int) -> None:
    text = _all()[at]
    page = _Page(text)
    assert not {"script", "iframe", "object", "link", "img"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    requested = [value for name, value in page.attributes if name in {"src", "href"}]
    assert [one for one in requested if not one.startswith("#")] == []
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)


@pytest.mark.parametrize("story", STORIES)
def test_the_figures_are_those_of_the_report(story: Any) -> None:
    record = story()
    made, page = view.build(record), _Page(notebook.comparison(record))
    said = _spaced(page.text)
    assert _spaced(plain(made.headline)) in said.replace("✔", "✅")
    for column in ("baseline", "contender", "speedup", "interval"):
        for row in made.breakdown.table.only(column).rows:
            assert _spaced(plain(row.cells[0])) in said
    for warning in made.warnings:
        assert _spaced(plain(warning)) in said


def _spaced(text: str) -> str:
    return " ".join(text.split())


def test_a_stage_that_differs_is_marked_in_its_row() -> None:
    text = notebook.comparison(stories.different())
    rows = [row for row in re.findall(r"<tr[^>]*>.*?</tr>", text, re.DOTALL) if ">normalise<" in row]
    assert len(rows) == 1
    assert "different" in rows[0]
    assert 'class="mark bad"' in rows[0]
    assert "different" not in "".join(
        row for row in re.findall(r"<tr[^>]*>.*?</tr>", text, re.DOTALL) if ">gradient<" in row
    )


def test_names_are_text_and_never_markup() -> None:
    made = builders.variant("<script>alert(1)</script>")
    compared = builders.comparison(n_pairs=5, contender=made)
    text = notebook.comparison(builders.report(compared))
    assert "<script>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_bars_are_as_long_as_the_times() -> None:
    rows = [builders.stage_row("work", 2.0, 0.5), builders.stage_row("", 2.0, 0.5, "total")]
    text = notebook.comparison(builders.report(found=builders.breakdown(rows)))
    widths = [float(one) for one in re.findall(r'<rect class="(?:before|after)"[^>]*width="([\d.]+)"', text)]
    assert len(widths) == 4
    assert widths[0] == pytest.approx(4 * widths[1], rel=0.01)
    assert widths[:2] == widths[2:]


def test_a_table_without_a_saving_has_no_shares() -> None:
    rows = [builders.stage_row("work", 1.0, 1.0), builders.stage_row("", 1.0, 1.0, "total")]
    found = builders.breakdown(rows, verdict="no difference")
    assert 'class="saved"' not in notebook.comparison(builders.report(found=found))
    assert 'class="saved"' in notebook.comparison(builders.report())


def test_the_chart_has_a_point_for_each_pair_and_the_interval() -> None:
    record = stories.verified_win()
    drawn = str(pairs_chart.draw(record))
    assert drawn.count("<circle") == len(record.comparison.pairs)
    assert drawn.count('class="band"') == 1
    assert units.ratio(record.breakdown.run) in drawn
    assert 'class="one"' not in drawn  # 186x lies far from 1
    alone = str(pairs_chart.draw(stories.one_pair()))
    assert (alone.count("<circle"), alone.count('class="band"')) == (1, 0)


def test_the_chart_shows_1_where_it_matters() -> None:
    near = builders.breakdown(run=builders.estimate(1.05, 0.98, 1.12))
    assert 'class="one"' in str(pairs_chart.draw(builders.report(found=near)))


def test_the_chart_does_without_pairs_that_have_no_ratio() -> None:
    record = builders.report()
    runs = {name: builders.timing_run(name, run_s=0.0) for name in record.timing_runs}
    assert not pairs_chart.draw(
        model.Report(
            comparison=record.comparison,
            breakdown=record.breakdown,
            timing_runs=runs,
            profile_runs=(),
            optimisations=(),
            files=(),
        )
    )


@example(100001.0, 9.0)
@given(st.floats(1e-6, 1e6), st.floats(1.001, 1e6))
def test_ticks_are_few_and_lie_inside(low: float, factor: float) -> None:
    high = low * factor
    found = pairs_chart.ticks(low, high)
    assert len(found) <= 7
    assert found == sorted(set(found))
    assert all(low * (1 - 1e-9) <= one <= high * (1 + 1e-9) for one in found)
    if factor > 3:
        assert len(found) >= 2
    assert all(math.isfinite(one) for one in found)


def test_dark_colours_follow_the_notebook_and_else_the_system() -> None:
    sheet = str(notebook.sheet())
    assert '[data-jp-theme-light="false"] .perfkit' in sheet
    assert "@media (prefers-color-scheme: dark) { body:not([data-jp-theme-light])" in sheet


def test_profiles_show_functions_lines_and_what_has_no_table_as_text() -> None:
    record = stories.verified_win()
    cprofile = next(one for one in record.profile_runs if one.functions)
    costliest = max(cprofile.functions, key=lambda one: one.self_s)
    page = _Page(notebook.profiles([cprofile], catalog.title))
    assert units.seconds(costliest.self_s) in page.text
    assert f"{costliest.file}:{costliest.line}" in page.text

    stage = model.StageMemory(path="work", base_bytes=2**20, peak_bytes=3 * 2**20, grown_bytes=2**20)
    memory = dataclasses.replace(
        cprofile, profiler="memory", functions=(), memory=(stage,), warnings=("odd",)
    )
    page = _Page(notebook.profiles([memory], catalog.title))
    assert page.tags.count("pre") == 1
    assert "3.00 MiB" in page.text
    assert page.text.count("odd") == 1
