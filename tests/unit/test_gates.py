from __future__ import annotations

import dataclasses

import pytest

from perfkit.analyse import gates, stages
from perfkit.model import Equivalence, Verification
from tests import builders


def case(ratio: float, target: float | None, verdict: str = "identical", n: int = 8):
    pairs = [
        (
            builders.timing_run(f"b{i}", run_s=ratio * (1 + 0.01 * (i % 3))),
            builders.timing_run(f"c{i}", "optimized", run_s=1.0),
        )
        for i in range(n)
    ]
    verification = Verification(
        parameters={},
        seed=1,
        baseline_run="b",
        contender_run="c",
        stages=(Equivalence(stage="work", verdict=verdict),),  # type: ignore[arg-type]
        baseline_metrics={},
        contender_metrics={},
    )
    comparison = builders.comparison(scrutiny=builders.scrutiny(verification))
    comparison = dataclasses.replace(
        comparison, pipeline=dataclasses.replace(comparison.pipeline, target=target)
    )
    return comparison, stages.breakdown(pairs)


@pytest.mark.parametrize(
    ("ratio", "target", "verdict", "failed", "undecided"),
    [
        (20.0, 10.0, "identical", [], []),
        (20.0, None, "not checked", [], []),
        (20.0, 30.0, "identical", ["below the target of 30x"], []),
        (0.5, None, "identical", ["optimized is slower than baseline"], []),
        (20.0, 10.0, "different", ["the output differs: work"], []),
        (20.0, 20.2, "identical", [], ["target of 20.2x is met is not decided"]),
    ],
)
def test_gates(
    ratio: float, target: float | None, verdict: str, failed: list[str], undecided: list[str]
) -> None:
    comparison, breakdown = case(ratio, target, verdict)
    for found, expected in (
        (gates.failed(comparison, breakdown), failed),
        (gates.undecided(comparison, breakdown), undecided),
    ):
        assert len(found) == len(expected)
        assert all(words in sentence for words, sentence in zip(expected, found, strict=True))


def test_one_pair_decides_nothing() -> None:
    comparison, breakdown = case(20.0, 30.0, n=1)
    assert gates.failed(comparison, breakdown) == ()
    assert gates.undecided(comparison, breakdown) == (
        "which side is faster is not decided: one pair gives no interval",
    )
