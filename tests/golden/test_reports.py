"""Whole reports against files that a person has looked at; PERFKIT_UPDATE_GOLDEN=1 writes them anew."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt
from rich.cells import cell_len
from rich.console import Console

from perfkit.report import charts, markdown, terminal
from tests import builders
from tests.golden import stories

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.model import Report

EXPECTED = Path(__file__).parent / "expected"
STORIES = [
    stories.verified_win,
    stories.different,
    stories.one_pair,
    stories.slower_unverified,
    stories.microseconds,
    stories.forked,
    stories.awkward_names,
    stories.two_pythons,
    stories.gated,
]
WIDTHS = (80, 120)


def _check(name: str, text: str) -> None:
    path = EXPECTED / name
    if os.environ.get("PERFKIT_UPDATE_GOLDEN") == "1":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def _terminal(report: Report, width: int) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, color_system=None, legacy_windows=False, _environ={})
    console.print(terminal.render(report))
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314  drawn by this very test


@pytest.mark.parametrize("story", STORIES)
def test_markdown(story: Callable[[], Report]) -> None:
    text = markdown.render(story(), chart="stages.svg")
    assert text == markdown.render(story(), chart="stages.svg")
    assert "nan" not in text.replace("\u00a0", " ").split()
    assert "-0.0 " not in text.replace("\u00a0", " ")
    _check(f"{story.__name__}.md", text)


@pytest.mark.parametrize("story", STORIES)
def test_markdown_is_read_back_as_it_was_meant(story: Callable[[], Report]) -> None:
    html = MarkdownIt("commonmark").enable("table").render(markdown.render(story(), chart="stages.svg"))
    assert html.count("<h2>") == 9
    names = [row.path.rpartition("/")[2] for row in story().breakdown.rows if row.kind == "stage"]
    for name in names:
        escaped = name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        assert f"<code>{escaped}</code>" in html


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("width", WIDTHS)
def test_terminal(story: Callable[[], Report], width: int) -> None:
    text = _terminal(story(), width)
    assert text == _terminal(story(), width)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert "…" not in text
    _check(f"{story.__name__}.{width}.txt", text)


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.filterwarnings("error")
def test_the_chart_is_the_same_each_time(story: Callable[[], Report]) -> None:
    drawn = charts.stages(story())
    assert drawn == charts.stages(story())
    assert _parsed(drawn).tag.endswith("svg")
    assert "<dc:date>" not in drawn


def test_the_chart_names_what_its_font_lacks_in_text() -> None:
    drawn = charts.stages(stories.awkward_names())
    assert "特徴抽出" in drawn
    assert "$x_1$" in drawn


def test_the_chart_reads_no_name_as_mathematics() -> None:
    def drawn(name: str) -> str:
        rows = [builders.stage_row(name, 2.0, 1.0), builders.stage_row("", 2.0, 1.0, "total")]
        return charts.stages(builders.report(found=builders.breakdown(rows)))

    # Each character is drawn by a reference to its glyph; mathematics would drop both dollars.
    assert drawn("$x$").count("<use ") == drawn("x").count("<use ") + 2


def test_the_chart_widens_for_a_long_name() -> None:
    def width(report: Report) -> float:
        return float(_parsed(charts.stages(report)).attrib["width"].removesuffix("pt"))

    assert width(stories.awkward_names()) > width(stories.microseconds()) + 200
