"""Metrics at chance level."""

from __future__ import annotations

import pytest

from perfkit.analyse import levels


@pytest.mark.parametrize(
    ("accuracy", "cases", "verdict"),
    [
        (0.95, 600, "clean"),
        (0.13, 600, "caution"),
        (0.16, 600, "clean"),
        (0.16, 30, "caution"),
        (0.0, 600, "caution"),
    ],
)
def test_an_accuracy_is_tested_against_guessing(accuracy: float, cases: int, verdict: str) -> None:
    found = levels.check(
        {"accuracy": accuracy, "accuracy_chance": 0.12, "accuracy_cases": cases, "loss": 3.0}
    )
    assert [one.verdict for one in found] == [verdict]
    if verdict == "caution":
        assert "no better than guessing, 0.12" in found[0].sentence


def test_without_cases_only_what_is_no_higher_is_told() -> None:
    assert levels.check({"accuracy": 0.1, "accuracy_chance": 0.12})[0].verdict == "caution"
    assert levels.check({"accuracy": 0.13, "accuracy_chance": 0.12})[0].verdict == "clean"


def test_without_levels_or_numbers_there_is_nothing_to_say() -> None:
    assert levels.check({"accuracy": 0.1}) == ()
    assert levels.check({"x_chance": 0.1}) == ()
    assert levels.check({"accuracy": None, "accuracy_chance": 0.12})[0].verdict == "clean"
    assert levels.check({"loss": 5.0, "loss_chance": 0.12})[0].verdict == "clean"
