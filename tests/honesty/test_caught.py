"""perfkit against the adversarial set: a trick of each class is caught and named, no honest rewrite flagged.

The whole set, several times and with a busy core, is ``benchmarks/honesty.py``.
"""

from __future__ import annotations

import pytest

from perfkit.verify.honesty import CHECKS
from tests.honesty.cases import HONEST, TRICKS, Case
from tests.honesty.judge import judge

EACH_CLASS = [
    min(
        (one for one in TRICKS if one.trick == trick and not one.hard),
        key=lambda one: (one.needs_torch, one.name),
    )
    for trick in sorted({one.trick for one in TRICKS})
]
QUICK_HONEST = [one for one in HONEST if not one.needs_torch]


def test_the_set_speaks_of_checks_that_there_are() -> None:
    beyond = {"different_output", "edge_input"}
    assert {name for one in TRICKS for name in one.expects} <= {*CHECKS, *beyond}
    assert {one.trick for one in TRICKS} >= set(CHECKS) - {"edge_inputs"}


@pytest.mark.parametrize("case", EACH_CLASS, ids=lambda one: f"{one.trick}-{one.name}")
def test_a_trick_is_caught_and_named(case: Case) -> None:
    said = judge(case)
    assert said.caught(case), said
    assert said.named(case), said


@pytest.mark.parametrize("case", QUICK_HONEST, ids=lambda one: one.name)
def test_an_honest_rewrite_is_not_flagged(case: Case) -> None:
    said = judge(case)
    assert said.verified, said
    assert not said.failed, said


@pytest.mark.parametrize("name", ["tamper_digest", "tamper_checkpoints"])
def test_a_replaced_part_of_the_recorder_is_a_finding_and_no_failure(name: str) -> None:
    said = judge(next(one for one in TRICKS if one.name == name))
    assert said.failed, said
    assert "tampered_harness" in said.names, said
    assert any("perfkit.verify" in one.sentence for one in said.findings), said


@pytest.mark.parametrize("name", ["tamper_worker_clock", "import_from_job", "tamper_defeat_device"])
def test_what_cheats_in_timed_runs_alone_is_caught(name: str) -> None:
    case = next(one for one in TRICKS if one.name == name)
    said = judge(case, timed=True)
    assert said.failed, said
    assert said.named(case), said
