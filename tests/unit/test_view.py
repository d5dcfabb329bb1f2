"""What a report claims: only what the numbers carry, in the words of the project."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from typing import Any

import pytest

from perfkit import model
from perfkit.report import markdown, terminal, view
from perfkit.report.text import code, line, listed, plain, prose
from tests import builders
from tests.builders import equivalence, estimate, report, verification
from tests.golden import stories


def compared(*checks: model.Verification, target: float | None = None, **changes: Any) -> model.Comparison:
    pipeline = model.Pipeline(name="demo", variants={}, target=target)
    return builders.comparison(n_pairs=5, scrutiny=builders.scrutiny(*checks), pipeline=pipeline, **changes)


def headline(*checks: model.Verification, **found: Any) -> str:
    return plain(view.build(report(compared(*checks), builders.breakdown(**found))).headline)


GOOD = verification(equivalence("work"), equivalence("result", "equal within tolerance"))


def test_a_win_that_is_verified() -> None:
    assert headline(GOOD, run=estimate(2.0, 1.9, 2.1)) == (
        "optimized achieved a 2.0x speedup over baseline ([1.9, 2.1], 95 %, 5 pairs), verified."
    )


@pytest.mark.parametrize(
    ("checks", "words"),
    [
        ((), "not verified: outputs were not compared."),
        ((verification(equivalence("work", "different")),), "not verified: work differs."),
        ((verification(equivalence("work", "inconclusive")),), "not verified: work is inconclusive."),
        (
            (verification(equivalence("work", "not checked", reason="it is a generator.")),),
            "not verified: work was not checked (it is a generator).",
        ),
        # The second verification counts as much as the first.
        (
            (GOOD, verification(equivalence("work", "different"), reason="more")),
            "not verified: work differs.",
        ),
        # A stage that was timed and appears in no verification was not compared.
        (
            (verification(equivalence("result")),),
            "not verified: work was not checked (no output of it was recorded).",
        ),
        (
            (verification(equivalence("work", "not checked"), equivalence("result", "different")),),
            "not verified: the result differs and work was not checked.",
        ),
    ],
)
def test_a_win_that_is_not_verified_says_why(checks: tuple[model.Verification, ...], words: str) -> None:
    said = headline(*checks)
    assert said.startswith("2.00x measured for optimized over baseline")
    assert said.endswith(words)
    assert "speedup" not in said


def test_a_loss_is_called_slower() -> None:
    said = headline(GOOD, run=estimate(0.4245, 0.4101, 0.4391), verdict="slower")
    assert said == (
        "optimized is 2.36 times slower than baseline: it takes 2.36 times as long "
        "([2.28, 2.44], 95 %, 5 pairs). Outputs verified."
    )


def test_what_is_not_settled_is_not_claimed() -> None:
    said = headline(GOOD, run=estimate(1.01, 0.97, 1.04), verdict="inconclusive")
    assert "No speedup shown" in said
    assert "the interval [0.97, 1.04] includes 1" in said
    assert "No difference" in headline(GOOD, run=estimate(1.0, 0.996, 1.004), verdict="no difference")
    alone = headline(GOOD, run=estimate(186.2, None, None), verdict="inconclusive")
    assert "No speedup shown" in alone
    assert "186x measured, but n = 1: no interval" in alone
    assert "clock too coarse" in headline(GOOD, run=estimate(2.0, 2.0, 2.0), verdict="inconclusive")


@pytest.mark.parametrize(
    ("run", "sentence", "cell"),
    [
        (estimate(186.0, 180.2, 191.9), "It exceeds the target of 33.0x by 460 %.", "✅ exceeded"),
        (estimate(20.0, 19.0, 21.0), "It misses the target of 33.0x by 39 %.", "❌ missed"),
        (
            estimate(33.5, 32.0, 35.0),
            "The target of 33.0x is neither met nor missed: it lies inside the interval.",
            "❔ inside the interval",
        ),
        (
            estimate(40.0, None, None),
            "Whether the target of 33.0x is met is open: one pair allows no interval.",
            "❔ open: no interval",
        ),
        (estimate(33.0, 33.0, 34.0), "It meets the target of 33.0x.", "✅ met"),
    ],
)
def test_the_target(run: model.Estimate, sentence: str, cell: str) -> None:
    made = view.build(report(compared(GOOD, target=33.0), builders.breakdown(run=run)))
    assert made.target is not None
    assert plain(made.target) == sentence
    assert plain(made.performance.table.rows[-1].cells[-1]) == cell


def test_without_a_target_none_is_mentioned() -> None:
    assert "target" not in markdown.render(report(compared(GOOD)), chart="x.svg").lower()


def test_the_tone_is_good_only_if_nothing_is_open() -> None:
    def tone(*checks: model.Verification, target: float | None = None, **found: Any) -> str:
        return view.build(report(compared(*checks, target=target), builders.breakdown(**found))).tone

    assert tone(GOOD) == "good"
    assert tone() == "open"
    assert tone(verification(equivalence("work", "different"))) == "bad"
    assert tone(GOOD, target=33.0) == "bad"
    assert tone(GOOD, verdict="slower") == "bad"


def test_few_pairs_are_warned_of() -> None:
    def caution(n: int) -> str:
        run = estimate(2.0, 1.9, 2.1, n=n)
        return plain(view.build(report(found=builders.breakdown(run=run))).caution or ())

    assert caution(5).startswith("Few pairs (5): the interval rests on normality")
    assert caution(6) == ""


def test_shares_of_noise_are_not_given() -> None:
    run = estimate(1.01, 0.97, 1.04)
    made = view.build(report(found=builders.breakdown(run=run, verdict="inconclusive"))).breakdown
    assert made.shares == ()
    assert "share" not in [column.key for column in made.table.columns]
    assert not any("Biggest" in plain(remark) for remark in made.remarks)


def test_a_metric_at_chance_is_no_evidence() -> None:
    sides: model.Metrics = {"accuracy": 0.1, "accuracy_chance": 0.11}
    check = dataclasses.replace(
        GOOD, baseline_metrics={**sides, "accuracy": 0.8, "loss": None}, contender_metrics=sides
    )
    made = view.build(report(compared(check))).checks[0]
    assert made.metrics is not None
    rows = [[plain(cell) for cell in row.cells] for row in made.metrics.rows]
    assert rows == [["accuracy (chance: 0.11)", "0.8", "0.1", "-0.70"], ["loss", "n/a", "-", "-"]]
    assert [plain(remark) for remark in made.metric_remarks] == [
        "accuracy of optimized is no better than chance (0.11): no evidence."
    ]


def test_metrics_over_the_timed_pairs() -> None:
    check = dataclasses.replace(GOOD, baseline_metrics={"loss": 1.0}, contender_metrics={"loss": 1.0})
    made = report(compared(check))

    def remark(of_c3: float | None) -> str:
        runs = {
            name: dataclasses.replace(run, metrics={"loss": of_c3 if name == "c3" else 1.0})
            for name, run in made.timing_runs.items()
        }
        remarks = view.build(dataclasses.replace(made, timing_runs=runs)).checks[0].metric_remarks
        return plain(remarks[0])

    assert remark(1.0) == "loss: identical in all 5 timed pairs."
    assert remark(1.25) == "loss: differs in 1 of 5 timed pairs, by at most 0.25."
    assert remark(None) == "loss: differs in 1 of 5 timed pairs, by at most n/a."


def test_a_proof_is_headed_by_what_differs() -> None:
    proof = dataclasses.replace(GOOD, parameters={"n": 100, "dtype": "float64"}, reason="Exact enough.")
    made = view.build(report(compared(GOOD, proof))).checks
    assert [plain(check.heading) for check in made] == ["", "With dtype='float64'"]
    assert plain(made[1].intro).startswith("Exact enough. Both sides got the same inputs")


def test_markdown_escapes_names_but_not_words() -> None:
    assert markdown.inline(line("a_b *c* |d| [x](y) <z> & snake_case _e_")) == (
        r"a_b \*c\* \|d\| [x\](y) \<z\> &amp; snake_case \_e\_"
    )
    assert markdown.inline(line("# no heading")) == r"\# no heading"
    assert markdown.inline(line("1. no list")) == r"1\. no list"
    assert markdown.code_span("a`b``c") == "```a`b``c```"
    assert markdown.code_span("`x`") == "`` `x` ``"
    assert markdown.fenced("````\nx\n````", "python") == "`````python\n````\nx\n````\n`````"


def test_words() -> None:
    assert prose("a `b*` c") == line("a ", code("b*"), " c")
    assert plain(listed([line("a"), line("b"), line("c")])) == "a, b and c"
    assert plain(listed([line("a"), line("b"), line("c")], 1)) == "a and 2 more"
    assert plain(line("a\nb\x1b[31m")) == "a b [31m"


def test_a_report_without_stages_profiles_or_files_renders() -> None:
    total = builders.stage_row("", 2.0, 1.0, "total")
    bare = report(compared(), builders.breakdown([total]))
    text = markdown.render(bare, chart="a b.svg")
    assert "marks no stages" in text
    assert "Not profiled: run `perfkit profile baseline --pipeline demo`" in text
    assert "](a%20b.svg)" in text
    terminal.render(bare)


def test_building_changes_nothing_and_repeats() -> None:
    story = stories.verified_win()
    assert view.build(story) == view.build(stories.verified_win())
    assert story == stories.verified_win()


def test_the_view_and_markdown_load_neither_matplotlib_nor_rich() -> None:
    check = (
        "import sys, perfkit.report.view, perfkit.report.markdown;"
        "print({'matplotlib', 'rich'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
