"""What CI systems are told, as a person has looked at it; PERFKIT_UPDATE_GOLDEN=1 writes it anew."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from perfkit.analyse import gates
from perfkit.api import verified
from perfkit.report import ci, claims, comment, github, junit
from perfkit.report.ci import Place
from tests.golden import stories
from tests.golden.test_reports import _check

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.model import Report

STORIES = [stories.verified_win, stories.different, stories.awkward_names, stories.gated]
PLACES = {
    "": Place(file="optimized/demo.py", line=40),
    "load": Place(file="optimized/demo.py", line=12),
    "normalise": Place(file="optimized/ml, training.py", line=7),
}


def judged(report: Report) -> Report:
    found = gates.judge(report.comparison, report.breakdown, verified.told(claims.equality(report)))
    return dataclasses.replace(report, gates=found)


def view(story: Callable[[], Report]) -> ci.CiView:
    return ci.comparison(judged(story()), PLACES)


@pytest.mark.parametrize("story", STORIES)
def test_junit(story: Callable[[], Report]) -> None:
    _check(f"ci_{story.__name__}.xml", junit.render(view(story)))


@pytest.mark.parametrize("story", STORIES)
def test_annotations(story: Callable[[], Report]) -> None:
    _check(f"ci_{story.__name__}.txt", "".join(f"{one}\n" for one in github.commands(view(story))))


@pytest.mark.parametrize("story", STORIES)
def test_comment(story: Callable[[], Report]) -> None:
    text = comment.render(view(story))
    _check(f"ci_{story.__name__}.md", text)
    html = MarkdownIt("gfm-like").render(text)
    assert "<img" not in html
    for row in story().breakdown.rows:
        name = row.path.rpartition("/")[2]
        escaped = name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        assert row.kind != "stage" or f"<code>{escaped}</code>" in html
