from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from perfkit import model
from perfkit.api.bench import Bench
from perfkit.catalog import open_project
from perfkit.python import outcomes
from perfkit.report import claims, summary
from perfkit.report.text import plain
from tests import builders, scalings
from tests.golden import stories

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(project=open_project(tmp_path), pipeline=model.Pipeline(name="demo", variants={}))


def test_a_comparison_says_one_sentence_with_its_interval(bench: Bench) -> None:
    record = stories.verified_win()
    result = outcomes.ComparisonResult(bench, record)
    assert repr(result) == plain(claims.headline(record))
    assert str(result.speedup) in repr(result).replace(" speedup", "").replace("over baseline (", "")
    run = record.breakdown.run
    assert (result.speedup.ratio, result.speedup.low, result.speedup.high) == (run.value, run.low, run.high)
    assert (result.speedup.n, result.speedup.confidence) == (run.n, run.confidence)
    assert result.process_speedup.ratio == record.breakdown.process.value
    assert result.verdict == "faster"
    assert result.comparison is record.comparison
    assert result.id == record.comparison.id


def test_one_pair_has_no_interval(bench: Bench) -> None:
    found = outcomes.ComparisonResult(bench, stories.one_pair()).speedup
    assert (found.low, found.high, found.confidence) == (None, None, 0.0)
    assert str(found).endswith("n = 1: no interval")


@pytest.mark.parametrize(
    ("story", "verdict", "verified"),
    [
        (stories.verified_win, "verified", True),
        (stories.different, "different", False),
        (stories.slower_unverified, "not compared", False),
    ],
)
def test_outputs_are_judged_as_the_report_judges(
    bench: Bench, story: Any, verdict: str, verified: bool
) -> None:
    record = story()
    found = outcomes.ComparisonResult(bench, record).equality
    assert (found.verdict, found.verified, bool(found)) == (verdict, verified, verified)
    assert found.why == plain(claims.equality(record).why)
    main = [one for one in record.comparison.scrutiny.verifications if one.kind == "main"]
    assert found.stages == {stage.stage: stage.verdict for one in main for stage in one.stages}


def test_stages_are_flat_rows_that_make_a_table(bench: Bench) -> None:
    record = stories.different()
    result = outcomes.ComparisonResult(bench, record)
    table = pd.DataFrame(result.stages)
    assert len(table) == len(record.breakdown.rows)
    assert table["kind"].tolist().count("total") == 1
    for stage, row in zip(result.stages, record.breakdown.rows, strict=True):
        assert (stage.path, stage.baseline_s, stage.contender_s) == (
            row.path,
            row.baseline_s,
            row.contender_s,
        )
        assert stage.speedup == (row.speedup.value if row.speedup else None)
    outputs = dict(zip(table["path"], table["output"], strict=True))
    assert outputs["feature_extraction/normalise"] == "different"
    assert outputs["warm_start"] == ""  # only the contender has it: nothing was compared


def test_a_dictionary_holds_what_the_command_line_prints(bench: Bench) -> None:
    record = stories.verified_win()
    found = outcomes.ComparisonResult(bench, record).to_dict()
    assert found == json.loads(summary.render(record))
    assert json.loads(json.dumps(found)) == found


def _gate(outcome: model.GateOutcome, reason: str) -> model.Gate:
    return model.Gate(name="x", outcome=outcome, reasons=(reason,))


@pytest.mark.parametrize(
    ("held", "code"),
    [
        ([_gate("passed", "a")], 0),
        ([_gate("passed", "a"), _gate("undecided", "b")], 4),
        ([_gate("undecided", "b"), _gate("failed", "c")], 1),
    ],
)
def test_the_status_is_that_of_the_gates(bench: Bench, held: list[model.Gate], code: int) -> None:
    result = outcomes.ComparisonResult(bench, builders.report(gates=tuple(held)))
    assert result.exit_code == code
    assert result.ok is (code == 0)
    assert result.failed == tuple(one.reasons[0] for one in held if one.outcome == "failed")
    assert result.undecided == tuple(one.reasons[0] for one in held if one.outcome == "undecided")


def _verification(*stages: model.Equivalence) -> model.VerificationReport:
    compared = builders.comparison()
    return model.VerificationReport(
        id="20260102-030405-verification-abcd",
        pipeline=compared.pipeline,
        baseline=compared.baseline,
        contender=compared.contender,
        parameters={"n": 100},
        overrides={},
        seed=0,
        started_at=compared.started_at,
        duration_s=1.0,
        scrutiny=builders.scrutiny(builders.verification(*stages)),
        environment=compared.environment,
        command="",
    )


@pytest.mark.parametrize(
    ("verdict", "code", "required", "word"),
    [
        ("identical", 0, 0, "verified"),
        ("different", 1, 1, "different"),
        ("not checked", 4, 1, "not verified"),
    ],
)
def test_a_verification_ends_as_on_the_command_line(
    bench: Bench, verdict: str, code: int, required: int, word: str
) -> None:
    record = _verification(builders.equivalence("work", verdict))
    assert outcomes.VerificationResult(bench, record).exit_code == code
    assert outcomes.VerificationResult(bench, record, required=True).exit_code == required
    result = outcomes.VerificationResult(bench, record)
    assert result.equality.verdict == word
    assert ("verified on 1 input" in repr(result)) is (word == "verified")
    assert result.to_dict()["scrutiny"]["verifications"][0]["stages"][0]["verdict"] == verdict


def test_a_time_alone_is_told_as_such(bench: Bench) -> None:
    one = builders.timing_run("a", run_s=2.0)
    several = [builders.timing_run(name, run_s=s) for name, s in (("a", 2.0), ("b", 1.0), ("c", 4.0))]
    assert repr(outcomes.TimingResult(bench, [one])) == "baseline took 2.00 s (one run: no interval)."
    said = "baseline took 2.00 s, the median of 3 runs (1.00 s to 4.00 s)."
    assert repr(outcomes.TimingResult(bench, several)) == said
    assert [run["run_s"] for run in outcomes.TimingResult(bench, several).to_dict()["runs"]] == [
        2.0,
        1.0,
        4.0,
    ]
    beside = outcomes.TimingResult(bench, [one], several).to_dict()
    assert (beside["paired"], len(beside["against"])) == (False, 3)


def test_few_rounds_of_a_scaling_are_undecided(bench: Bench) -> None:
    record = scalings.report(rounds=1)
    result = outcomes.ScalingResult(bench, record)
    assert result.exit_code == 4
    assert result.undecided[0].startswith("1 of 3 rounds")
    assert outcomes.ScalingResult(bench, scalings.report(rounds=5)).ok
