"""What a search through the history is reported to have found."""

from __future__ import annotations

import dataclasses
import io
from typing import Any

import pytest
from rich.console import Console

from perfkit import model
from perfkit.report import bisect, bisect_markdown, bisect_terminal
from perfkit.report.text import plain
from tests import builders


def commit(name: str, subject: str = "Change a thing", **changes: Any) -> model.Commit:
    made = model.Commit(
        id=name * 10,
        short=name,
        tree=f"tree {name}",
        parents=("p",),
        author="A. Writer",
        date="2026-01-02T03:04:05+00:00",
        subject=subject,
    )
    return dataclasses.replace(made, **changes)


GOOD, BAD, CULPRIT, PARENT = commit("aaaa"), commit("ffff"), commit("cccc", "Use a|b *lists*"), commit("bbbb")


def step(
    kind: str, of: model.Commit, outcome: str, speedup: float | None, **changes: Any
) -> model.BisectionStep:
    found = None if speedup is None else builders.estimate(speedup, speedup / 1.02, speedup * 1.02, n=12)
    made = model.BisectionStep(
        kind=kind,  # type: ignore[arg-type]
        commit=of,
        against=GOOD,
        outcome=outcome,  # type: ignore[arg-type]
        speedup=found,
        limit=None if kind in {"ends", "confirmation"} else 0.707,
        error=0.005,
    )
    return dataclasses.replace(made, **changes)


ENDS = step("ends", BAD, "slow", 0.25)
SEARCH = step("search", CULPRIT, "slow", 0.5)
CONFIRMED = step("confirmation", CULPRIT, "slow", 0.5, against=PARENT)


def bisection(verdict: str, steps: tuple[model.BisectionStep, ...], **changes: Any) -> model.Bisection:
    made = model.Bisection(
        id="1",
        verdict=verdict,  # type: ignore[arg-type]
        pipeline="bench",
        benchmark="bench.py",
        arguments=("500",),
        stage="",
        good=GOOD,
        bad=BAD,
        candidates=9,
        steps=steps,
        suspects=(CULPRIT,),
        parent=PARENT,
        share=None,
        share_interval=None,
        changed=(),
        error=0.04,
        smallest_effect=0.01,
        budget_s=60.0,
        seed=0,
        started_at="2026-01-02T03:04:05+00:00",
        duration_s=61.0,
        environment=builders.environment(),
        command="perfkit bisect aaaa ffff -- bench.py 500",
    )
    return dataclasses.replace(made, **changes)


FOUND = bisection(
    "found",
    (ENDS, SEARCH, CONFIRMED),
    share=0.5,
    share_interval=(0.48, 0.52),
    changed=tuple(model.ChangedFile(path=f"f{at}.py", added=at, removed=None) for at in range(14)),
)


def headline(made: model.Bisection) -> str:
    return " ".join(plain(one) for one in bisect.build(made).headline)


def remarks(made: model.Bisection) -> str:
    return " ".join(plain(one) for one in bisect.build(made).remarks)


def test_the_culprit_is_stated_with_its_direct_comparison() -> None:
    assert headline(FOUND).startswith("cccc made bench.py 2.00 times slower ([1.96, 2.04], 95 %, 12 pairs).")
    assert "A. Writer, 2026-01-02" in headline(FOUND)
    assert bisect.undecided(FOUND) == []
    view = bisect.build(FOUND)
    assert view.tone == "good"
    assert view.next_ == ("git show cccc", "perfkit compare bbbb cccc -- bench.py 500")
    assert [row.strong for row in view.steps.rows] == [False, False, True]
    assert plain(view.steps.rows[0].cells[3]) == "4.00x"  # a time against the first one's
    assert "more than 1.41 times as long as aaaa" in plain(view.method[1])
    assert "at most 2 % of searches" in plain(view.method[1])


def test_what_the_culprit_does_not_explain_is_said() -> None:
    assert "It made 50 % [48, 52] of the whole slowdown" in remarks(FOUND)
    assert "2 more files changed" in remarks(FOUND)
    all_of_it = dataclasses.replace(FOUND, share=1.0, share_interval=(0.97, 1.03))
    assert "of the whole slowdown" not in remarks(all_of_it)


def test_a_stage_and_a_merge_are_named() -> None:
    merge = commit("cccc", parents=("p", "q"))
    made = dataclasses.replace(FOUND, stage="extract", suspects=(merge,))
    assert "made extract of bench.py" in headline(made)
    assert "(a merge)" in headline(made)


def test_several_commits_that_cannot_be_told_apart() -> None:
    skipped = step("search", PARENT, "skipped", None, reason="bbbb cannot be built")
    made = bisection("range", (ENDS, skipped), suspects=(PARENT, CULPRIT, BAD), parent=None)
    assert headline(made).startswith("One of 3 commits made bench.py slower, from bbbb to ffff.")
    assert "ffff is 4.00 times slower" in headline(made)
    assert "bbbb was skipped: bbbb cannot be built." in remarks(made)
    view = bisect.build(made)
    assert view.suspects is not None
    assert len(view.suspects.rows) == 3
    assert bisect.undecided(made) == ["the slowdown lies in one of 3 commits that could not be told apart"]


@pytest.mark.parametrize(
    ("verdict", "steps", "says", "undecided"),
    [
        ("not slower", (step("ends", BAD, "good", 1.0),), "ffff is not slower than aaaa", "nothing to find"),
        ("inconclusive", (step("ends", BAD, "undecided", 0.98),), "may or may not be slower", "not decided"),
        (
            "not confirmed",
            (ENDS, SEARCH, step("confirmation", CULPRIT, "undecided", 0.99)),
            "cccc is the first commit in which bench.py is slow, but that is not confirmed",
            "cccc is not slower than its parent",
        ),
    ],
)
def test_what_is_not_found(verdict: str, steps: Any, says: str, undecided: str) -> None:
    made = bisection(verdict, steps, suspects=(CULPRIT,) if verdict == "not confirmed" else ())
    assert says in headline(made)
    assert undecided in bisect.undecided(made)[0]
    assert bisect.build(made).tone == "open"


def test_markdown_escapes_what_others_wrote() -> None:
    text = bisect_markdown.render(FOUND)
    assert r"Use a\|b \*lists\*" in text
    assert text.startswith("# Bisection: `bench.py`\n")
    assert text.endswith("```sh\nperfkit bisect aaaa ffff -- bench.py 500\n```\n")
    assert "| `f3.py` | 3 | - |" in text
    rows = [line for line in text.splitlines() if line.startswith("| `cccc`")]
    assert len(rows) == 1


@pytest.mark.parametrize("width", [80, 140])
def test_a_terminal_shows_each_step(width: int) -> None:
    console = Console(file=io.StringIO(), width=width, no_color=True)
    console.print(bisect_terminal.render(FOUND))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert max(len(one) for one in text.splitlines()) <= width
    for one in ("aaaa", "cccc", "4.00x", "2.00x", "slower", "git show cccc"):
        assert one in text
