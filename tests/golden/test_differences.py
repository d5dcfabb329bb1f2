"""Two profiles compared, as people will read it, against files that a person has looked at."""

from __future__ import annotations

import io
import math
import re
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt
from rich.cells import cell_len
from rich.console import Console

from perfkit.report import difference_terminal, difference_view, markdown
from tests.golden import differences
from tests.golden.test_reports import _check

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit import model

STORIES = [
    differences.profiles_staged,
    differences.profiles_without_stages,
    differences.profiles_the_same,
    differences.profiles_slower,
    differences.profiles_hostile,
]


def terminal(difference: model.Difference, width: int, **console: object) -> str:
    out = io.StringIO()
    settings = {"color_system": None, "legacy_windows": False, "_environ": {}} | console
    Console(file=out, width=width, **settings).print(difference_terminal.render(difference))  # type: ignore[arg-type]
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


@pytest.mark.parametrize("story", STORIES)
def test_markdown(story: Callable[[], model.Difference]) -> None:
    text = markdown.render_difference(story())
    assert text == markdown.render_difference(story())
    _check(f"{story.__name__}.md", text)


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("width", [80, 140])
def test_terminal(story: Callable[[], model.Difference], width: int) -> None:
    text = terminal(story(), width)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    _check(f"{story.__name__}.{width}.txt", text)


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("width", [80, 140])
def test_colours_change_no_word(story: Callable[[], model.Difference], width: int) -> None:
    coloured = terminal(story(), width, color_system="truecolor", force_terminal=True)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert coloured != plain
    assert [line.rstrip() for line in plain.splitlines()] == terminal(story(), width).splitlines()
    without = terminal(
        story(), width, color_system="truecolor", force_terminal=True, _environ={"NO_COLOR": "1"}
    )
    assert not re.search(r"\x1b\[[0-9;]*(?:3[0-9]|4[0-9]|38;2|48;2)[0-9;]*m", without)


@pytest.mark.parametrize("width", [80, 140])
def test_a_hostile_name_is_neither_read_as_markup_nor_steers_the_terminal(width: int) -> None:
    text = terminal(differences.profiles_hostile(), width)
    assert not {"\x1b", "\u202e", "\t"} & set(text)
    for literal in ("[bold]f[/bold]", "[red]x[/red]", "[/red]", "[bold]this[/bold]"):
        assert literal in text


def test_hostile_markdown_is_read_back_as_it_was_meant() -> None:
    text = markdown.render_difference(differences.profiles_hostile())
    html = MarkdownIt("commonmark").enable("table").render(text)
    assert html.count("<pre>") == 1  # the backticks within do not close the block
    assert "<b>" not in html
    (table,) = re.findall(r"<table>.*?</table>", html, re.DOTALL)
    cells = {row.count("<td") for row in re.findall(r"<tr>.*?</tr>", table, re.DOTALL)[1:]}
    assert cells == {8}  # no bar divides a cell
    assert "<code>[bold]f[/bold]|`x`</code>" in table


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("most", [1, 100])
def test_every_table_adds_up_to_its_total(story: Callable[[], model.Difference], most: int) -> None:
    made = difference_view.build(story(), most=most, most_in_stage=most)
    tables = [made.stages, made.functions, *(stage.costs for stage in made.by_stage)]
    for costs in (one for one in tables if one is not None):
        keys = [column.key for column in costs.table.columns]
        for key in ("before", "after", "saved"):
            printed = ["".join(span.text for span in row.cells[keys.index(key)]) for row in costs.table.rows]
            step, *values = zip(*(_read(text) for text in printed), strict=True)
            (numbers,) = values
            assert abs(math.fsum(numbers[:-1]) - numbers[-1]) <= len(printed) * max(step)


def _read(text: str) -> tuple[float, float]:
    """Return the place of the last digit that is printed, and the value; a bound counts as nothing."""
    if text == "-":
        return 0.0, 0.0
    number, unit = text.lstrip("<>").split(" ")
    scale = {"s": 1.0, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}[unit]
    step = 10.0 ** -len(number.partition(".")[2]) * scale
    return step, 0.0 if text[0] in "<>" else float(number.replace(",", "")) * scale


def test_the_same_profile_twice_differs_by_exactly_nothing() -> None:
    made = difference_view.build(differences.profiles_the_same())
    assert made.tone == "open"
    for costs in (made.stages, made.functions):
        assert costs is not None
        at = [column.key for column in costs.table.columns].index("saved")
        assert {row.cells[at][0].text for row in costs.table.rows} == {"0.000 s"}
        assert not any(row.lost for row in costs.rows)
    assert {row.kind for one in made.lines for row in one.rows} == {"unchanged"}


def test_a_loss_has_no_shares() -> None:
    made = difference_view.build(differences.profiles_slower())
    assert made.tone == "bad"
    (stage,) = made.by_stage
    assert "share" not in [column.key for column in stage.costs.table.columns]
    assert [row.lost for row in stage.costs.rows] == [True, False, True]
