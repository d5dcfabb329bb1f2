from __future__ import annotations

import dataclasses

import pytest

from perfkit.analyse import gates, stages
from perfkit.errors import UsageError
from perfkit.model import Gate, Gates, Verified
from tests import builders

HOLDS = Verified(holds=True, compared=True)


def case(
    ratio: float,
    target: float | None = None,
    verdict: str = "identical",
    *,
    n: int = 8,
    asked: Gates | None = None,
    wobble: float = 0.01,
):
    """Build a comparison of n pairs, whose ratios lie between `ratio` and `ratio` * (1 + 2 * wobble)."""
    pairs = [
        (
            builders.timing_run(f"b{i}", run_s=ratio * (1 + wobble * (i % 3))),
            builders.timing_run(f"c{i}", "optimized", run_s=1.0),
        )
        for i in range(n)
    ]
    comparison = builders.comparison(
        scrutiny=builders.scrutiny(builders.verification(builders.equivalence("work", verdict))), gates=asked
    )
    comparison = dataclasses.replace(
        comparison, pipeline=dataclasses.replace(comparison.pipeline, target=target)
    )
    return comparison, stages.breakdown(pairs)


def judged(*arguments, verified: Verified = HOLDS, **named) -> dict[str, Gate]:
    return {one.name: one for one in gates.judge(*case(*arguments, **named), verified)}


@pytest.mark.parametrize(
    ("ratio", "target", "verdict", "failed", "undecided"),
    [
        (20.0, 10.0, "identical", [], []),
        (20.0, None, "not checked", [], []),
        (20.0, 30.0, "identical", ["below the target of 30x"], []),
        (0.5, None, "identical", ["optimized is slower than baseline"], []),
        (20.0, 10.0, "different", ["the output differs: work"], []),
        (20.0, 10.0, "inconclusive", [], ["whether the output is equal is not decided: work"]),
        (20.0, 20.2, "identical", [], ["target of 20.2x is met is not decided"]),
    ],
)
def test_what_every_comparison_is_held_to(
    ratio: float, target: float | None, verdict: str, failed: list[str], undecided: list[str]
) -> None:
    found = judged(ratio, target, verdict).values()
    for outcome, expected in (("failed", failed), ("undecided", undecided)):
        reasons = gates.reasons(found, outcome)  # type: ignore[arg-type]
        assert len(reasons) == len(expected)
        assert all(words in sentence for words, sentence in zip(expected, reasons, strict=True))
    assert not any(one.asked for one in found)


def test_one_pair_decides_nothing() -> None:
    found = judged(20.0, 30.0, n=1, asked=Gates(slower={"": 0.02})).values()
    assert gates.reasons(found, "failed") == []
    assert gates.reasons(found, "undecided") == [
        "whether run is more than 2 % slower is not decided: one pair gives no interval",
        "whether the target of 30x is met is not decided: one pair gives no interval",
    ]


def test_equal_ratios_decide_nothing() -> None:
    found = judged(1.0, asked=Gates(slower={"": 0.02}), wobble=0.0)["run at most 2 % slower"]
    assert found.outcome == "undecided"
    assert "a clock too coarse" in found.reasons[0]


# The pairs' ratios lie between `ratio` and `ratio` * 1.002; the limit for 2 % is 1 / 1.02 = 0.98039.
@pytest.mark.parametrize(
    ("ratio", "outcome", "words"),
    [
        (1.5, "passed", "the lower end"),
        (
            0.9900,
            "passed",
            "is not below 0.9804x, which is 2 % slower",
        ),  # slower for sure, but not by that much
        (0.9795, "undecided", "holds the limit 0.9804x"),
        (0.9700, "failed", "even the upper end of its speedup"),
        (0.5000, "failed", "lies below 0.9804x, which is 2 % slower"),
    ],
)
def test_a_limit_on_how_much_slower(ratio: float, outcome: str, words: str) -> None:
    found = judged(ratio, asked=Gates(slower={"": 0.02}), wobble=0.001)
    gate = found["run at most 2 % slower"]
    assert gate.outcome == outcome
    assert words in gate.reasons[0]
    assert gate.asked
    assert "run not slower" not in found  # the limit stands in the place of the verdict


def test_the_ends_of_the_interval_are_those_that_verdicts_are_made_from() -> None:
    comparison, breakdown = case(1.0, asked=Gates(slower={"": 0.02}))
    narrow = builders.estimate(0.975, 0.970, 0.979, sure_low=0.960, sure_high=0.985)
    breakdown = dataclasses.replace(breakdown, run=narrow, verdict="slower")
    (gate, *_) = gates.judge(comparison, breakdown, HOLDS)
    assert gate.outcome == "undecided"  # at 95 % it would fail
    on_the_limit = dataclasses.replace(narrow, sure_low=1 / 1.02, sure_high=0.99)
    (gate, *_) = gates.judge(comparison, dataclasses.replace(breakdown, run=on_the_limit), HOLDS)
    assert gate.outcome == "passed"  # as much slower as may be is not more


def test_figures_beside_a_limit_are_told_from_it() -> None:
    comparison, breakdown = case(1.0, asked=Gates(slower={"": 0.02}))
    close = builders.estimate(0.9803, 0.980, 0.9803, sure_low=0.98, sure_high=0.98038)
    (gate, *_) = gates.judge(comparison, dataclasses.replace(breakdown, run=close), HOLDS)
    assert gate.outcome == "failed"
    assert "0.98038x, lies below 0.9804x" in gate.reasons[0]


def test_a_limit_on_a_stage() -> None:
    asked = Gates(slower={"work": 0.05, "typo": 0.01})
    found = judged(0.5, asked=asked)
    assert found["run not slower"].outcome == "failed"  # the run as a whole has no limit of its own
    assert found["work at most 5 % slower"].outcome == "failed"
    assert found["work at most 5 % slower"].stage == "work"
    assert "corrected for the number of stages" in found["work at most 5 % slower"].reasons[0]
    assert found["typo at most 1 % slower"].outcome == "undecided"
    assert "there is no stage 'typo'" in found["typo at most 1 % slower"].reasons[0]


def test_a_stage_that_only_one_side_has_is_undecided() -> None:
    comparison, breakdown = case(2.0, asked=Gates(slower={"work": 0.05}))
    rows = [builders.stage_row("work", 1.0, None), builders.stage_row("", 2.0, 1.0, "total")]
    found = gates.judge(comparison, builders.breakdown(rows), HOLDS)
    gate = next(one for one in found if one.stage == "work")
    assert gate.outcome == "undecided"
    assert gate.reasons == ("work has no speedup: only the baseline has that stage",)
    assert breakdown.rows


def test_a_stage_is_named_by_its_path_or_the_end_of_it() -> None:
    paths = ["load", "fit/load", "fit/step", "fit"]
    assert gates.stage_named("load", paths) == "load"
    assert gates.stage_named("step", paths) == "fit/step"
    with pytest.raises(UsageError, match="did you mean 'step'"):
        gates.stage_named("stepp", paths)
    with pytest.raises(UsageError, match="names several stages, say which one: a/x, b/x"):
        gates.stage_named("x", ["a/x", "b/x"])
    with pytest.raises(UsageError, match="marks no stages"):
        gates.stage_named("x", [])


@pytest.mark.parametrize(
    ("verified", "outcome", "reason"),
    [
        (HOLDS, "passed", "verified"),
        (Verified(holds=True, compared=True, proviso="on ordinary inputs"), "passed", "verified on ordinary"),
        (Verified(holds=False, compared=True, why="work was not checked"), "failed", "work was not checked"),
    ],
)
def test_outputs_that_must_be_verified(verified: Verified, outcome: str, reason: str) -> None:
    found = judged(20.0, verdict="not checked", asked=Gates(verified=True), verified=verified)
    assert found["outputs verified"].outcome == outcome
    assert reason in found["outputs verified"].reasons[0]
    assert found["no output differs"].reasons == (
        "no output differs, and no trick was found; not checked: work",
    )


def test_outputs_that_were_not_compared_are_not_verified_and_not_said_to_be_equal() -> None:
    nothing = Verified(holds=False, compared=False, why="outputs were not compared")
    asked = judged(20.0, verdict="not checked", asked=Gates(verified=True), verified=nothing)
    assert asked["outputs verified"].outcome == "failed"
    assert asked["outputs verified"].reasons == ("not verified: outputs were not compared",)
    assert set(judged(20.0, verdict="not checked", verified=nothing)) == {"run not slower"}


def test_a_verification_of_its_own_shows_nothing_unless_verified() -> None:
    scrutiny = builders.scrutiny(builders.verification(builders.equivalence("work", "not checked")))
    verified = Verified(holds=False, compared=True, why="work was not checked")
    for required, outcome in ((False, "undecided"), (True, "failed")):
        found = gates.judge_verification(scrutiny, verified, required=required)
        assert [one.outcome for one in found] == ["passed", outcome]
    different = builders.scrutiny(builders.verification(builders.equivalence("work", "different")))
    found = gates.judge_verification(different, verified, required=False)
    assert [one.outcome for one in found] == ["failed"]


def test_gates_are_called_the_same_with_and_without_a_result() -> None:
    asked = Gates(slower={"": 0.02, "work": 0.005}, least=33.0, verified=True)
    expected = ["run at most 2 % slower", "work at most 0.5 % slower"]
    expected += ["speedup of at least 33x", "outputs verified"]
    assert gates.names(asked) == expected
    assert [one for one in judged(20.0, 33.0, asked=asked) if one != "no output differs"] == expected
