"""How a cost grows, as people will read it, against files that a person has looked at."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest
from rich.cells import cell_len
from rich.console import Console

from perfkit.report import markdown, scale_chart, terminal
from tests import scalings
from tests.golden.test_reports import _check

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit import model


def scale_crossover() -> model.ScalingReport:
    memory = {"baseline": lambda n: 8.0 * n * n, "optimized": lambda n: 16.0 * n}
    claims = {"baseline:pairs": "n^2", "optimized:pairs": "n log n", "run": "n", "gone": "n"}
    left_out = {"3200": "baselines/demo.py raised MemoryError in stage 'pairs' (seed 7)"}
    return scalings.report(memory=memory, claims=claims, left_out=left_out)


def scale_one_round() -> model.ScalingReport:
    stopped = "a further round would have exceeded the budget of 5 s; 3 rounds take about 17 s"
    return scalings.report(rounds=1, budget_s=5.0, stopped_because=stopped)


def scale_break() -> model.ScalingReport:
    sizes = tuple(100 * 2**k for k in range(8))
    cached = {"walk|table": lambda n: 1e-5 * n * max(1, n / 1600), "rest": lambda n: 2e-3 + 0.0 * n}
    small = {"walk|table": lambda n: 4e-6 * n * math.log(n), "rest": lambda n: 1e-3 + 0.0 * n}
    return scalings.report({"baseline": cached, "optimized": small, "third": cached}, sizes=sizes)


STORIES = [scale_crossover, scale_one_round, scale_break]


@pytest.mark.parametrize("story", STORIES)
def test_markdown(story: Callable[[], model.ScalingReport]) -> None:
    text = markdown.render_scaling(story(), chart="scale.svg")
    assert text == markdown.render_scaling(story(), chart="scale.svg")
    _check(f"{story.__name__}.md", text)


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("width", [80, 100])
def test_terminal(story: Callable[[], model.ScalingReport], width: int) -> None:
    out = io.StringIO()
    Console(file=out, width=width, color_system=None, legacy_windows=False, _environ={}).print(
        terminal.render_scaling(story())
    )
    text = "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())
    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert "…" not in text
    _check(f"{story.__name__}.{width}.txt", text)


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.filterwarnings("error")
def test_the_chart_is_the_same_each_time(story: Callable[[], model.ScalingReport]) -> None:
    drawn = scale_chart.draw(story())
    assert drawn == scale_chart.draw(story())
    assert ElementTree.fromstring(drawn).tag.endswith("svg")  # noqa: S314  drawn by this very test
