"""From the runs of a scaling to its report: what is told, and what is withheld."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any, cast

import pytest

from perfkit.analyse import scaling as analysis
from perfkit.api.scaling import Range, choose_sizes
from perfkit.errors import UsageError
from perfkit.report import markdown, scale
from perfkit.report.text import plain
from tests import builders, scalings

if TYPE_CHECKING:
    from perfkit import model


def growth_of(report: model.ScalingReport, variant: str, stage: str, quantity: str = "time") -> model.Growth:
    (found,) = (
        one for one in report.growths if (one.variant, one.stage, one.quantity) == (variant, stage, quantity)
    )
    return found


def test_each_stage_of_each_variant_has_its_growth() -> None:
    report = scalings.report()
    square = growth_of(report, "baseline", "pairs")
    assert square.exponent is not None
    assert square.exponent.value == pytest.approx(2, abs=0.05)
    assert [one.name for one in square.laws if one.possible] == ["n^2"]
    assert [one.stage for one in report.growths] == ["pairs", "pairs", "sum", "sum", "", ""]
    (crossing,) = (one for one in report.crossings if not one.stage)
    assert (crossing.below, crossing.above) == ("baseline", "optimized")
    assert crossing.low is not None
    assert crossing.high is not None
    assert 150 < crossing.low < crossing.size < crossing.high < 260


def test_swapping_the_variants_mirrors_the_report() -> None:
    made, runs = scalings.scaling()
    swapped = dataclasses.replace(
        made,
        variants=made.variants[::-1],
        blocks=tuple(dataclasses.replace(one, runs=one.runs[::-1]) for one in made.blocks),
    )
    ours, theirs = analysis.report(made, runs), analysis.report(swapped, runs)
    for one, other in zip(ours.crossings, theirs.crossings, strict=True):
        assert (one.below, one.above) == (other.below, other.above)
        assert other.size == pytest.approx(one.size)
    for one, other in zip(ours.ratios, theirs.ratios, strict=True):
        assert other.ratio.value == pytest.approx(1 / one.ratio.value)


@pytest.mark.parametrize(
    ("law", "sizes", "why"),
    [
        (lambda n: 1e-8 * n, scalings.SIZES, "less than 1 ms"),
        (lambda n: 0.05 + 1e-5 * n, scalings.SIZES, "mostly constant"),
        (lambda n: 1e-3 * n, (100, 120, 140, 160, 180), "less than 4-fold"),
        (lambda n: 1e-3 * (n - 100), scalings.SIZES, "no measurable time at 100"),
    ],
)
def test_false_precision_is_withheld(law: Any, sizes: tuple[int, ...], why: str) -> None:
    report = scalings.report({"baseline": {"work": law}}, sizes=sizes, noise=0.001)
    found = growth_of(report, "baseline", "work")
    assert found.exponent is None
    assert why in found.withheld
    assert why in markdown.render_scaling(report, chart="scale.svg")


def test_a_clock_too_coarse_to_tell_sizes_apart_is_no_growth() -> None:
    report = scalings.report({"baseline": {"work": lambda n: 0.016 * math.ceil(n / 1600)}}, noise=0.0)
    found = growth_of(report, "baseline", "work")
    assert found.exponent is None
    assert [one.name for one in found.laws if one.possible] == ["constant"]


def test_one_round_tells_no_interval_and_no_law() -> None:
    report = scalings.report(rounds=1)
    found = growth_of(report, "baseline", "pairs")
    assert found.exponent is not None
    assert found.exponent.low is None
    assert found.laws == ()
    assert report.crossings == ()
    view = scale.build(report)
    assert view.few is not None
    assert plain(view.few).startswith("1 round: too few for an interval")
    assert "1 round: no interval" in markdown.render_scaling(report, chart="scale.svg")


def test_a_stage_that_runs_at_large_sizes_only_says_so() -> None:
    made, runs = scalings.scaling()
    runs = {
        name: dataclasses.replace(one, stages=one.stages[:1])
        if name.endswith(("-100", "-200", "-400"))
        else one
        for name, one in runs.items()
    }
    found = growth_of(analysis.report(made, runs), "baseline", "sum")
    assert found.withheld == "ran at 2 of 5 sizes"


def test_memory_is_what_lies_above_the_base() -> None:
    laws = {"baseline": lambda n: 800.0 * n * 8, "optimized": lambda n: 8.0 * n}
    report = scalings.report(memory=laws)
    found = growth_of(report, "baseline", "", "memory")
    assert found.exponent is not None
    assert found.exponent.value == pytest.approx(1, abs=0.05)
    assert growth_of(report, "optimized", "", "memory").withheld == "less than 1 MiB"
    assert all(one.quantity == "time" for one in scalings.report().growths)  # where the system does not tell


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [("n^2", "agrees"), ("n", "steeper"), ("n^3", "flatter"), ("O(n^2)", "agrees"), ("constant", "steeper")],
)
def test_a_claim_is_judged_by_the_interval(claim: str, verdict: str) -> None:
    (found,) = scalings.report(claims={"baseline:pairs": claim}).claims
    assert (found.variant, found.stage, found.verdict) == ("baseline", "pairs", verdict)


def test_a_claim_is_printed_beside_what_was_measured() -> None:
    report = scalings.report(claims={"baseline:pairs": "n^2", "run": "n", "elsewhere": "n"})
    told = markdown.render_scaling(report, chart="scale.svg")
    assert "O(n^2) claimed, exponent **2." in told
    assert "measured: it agrees." in told
    assert "all of `run` of `baseline`: O(n) claimed" in told
    assert "A claim speaks of `elsewhere`, a stage that did not run." in told


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"pairs": "quick"}, "no growth that perfkit knows"),
        ({"other:pairs": "n"}, "speaks of variant 'other'"),
    ],
)
def test_a_claim_that_makes_no_sense_is_refused(claims: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        analysis.check_claims(claims, ["baseline", "optimized"], "claims")


def test_three_variants_are_each_compared_with_the_first() -> None:
    third = {"pairs": lambda n: 1e-4 * n, "sum": lambda n: 1e-6 * n}
    report = scalings.report({"baseline": scalings.SQUARE, "optimized": scalings.SORTED, "third": third})
    assert {one.variant for one in report.ratios} == {"optimized", "third"}
    view = scale.build(report)
    assert len(view.headline) == 5
    assert [one.title for one in view.sizes.columns].count("95 % interval") == 2


def test_a_nested_stage_stands_below_its_parent() -> None:
    """Children after their parent, as in the breakdown, though they end before it."""
    nested = {"all__part": lambda n: 1e-5 * n, "all": lambda n: 2e-5 * n, "rest": lambda n: 1e-5 * n}
    report = scalings.report({"baseline": nested})
    assert [one.stage for one in report.growths] == ["all", "all/part", "rest", ""]
    names = [plain(row.cells[0]) for row in scale.build(report).stages.rows]
    assert names == ["all", "└\u00a0part", "rest", "all of run"]


def test_profiles_yield_no_growth() -> None:
    made, runs = scalings.scaling(rounds=1)
    with pytest.raises(TypeError, match="TimingRun"):
        analysis.report(made, {name: cast("model.TimingRun", "a profile") for name in runs})


def test_a_number_that_says_nothing_is_not_printed() -> None:
    told = markdown.render_scaling(scalings.report(noise=0.3, rounds=3), chart="scale.svg")
    assert "nan" not in told
    assert "-0.00" not in told


# ---------------------------------------------------------------- which sizes


@pytest.mark.parametrize(
    ("wanted", "configured", "full", "sizes"),
    [
        (Range(), (), 1600, (100, 200, 400, 800, 1600)),
        (Range(), (1, 2, 4, 8, 16), 1600, (1, 2, 4, 8, 16)),
        (Range(sizes=(1, 2, 3, 5, 8)), (1, 2, 4, 8, 16), 1600, (1, 2, 3, 5, 8)),
        (Range(first=10, last=1000, steps=5), (1, 2, 4, 8, 16), None, (10, 32, 100, 316, 1000)),
        (Range(last=3200), (), 1600, (200, 400, 800, 1600, 3200)),
        (Range(steps=9), (), 1600, (100, 141, 200, 283, 400, 566, 800, 1131, 1600)),
    ],
)
def test_sizes_are_chosen(
    wanted: Range, configured: tuple[int, ...], full: object, sizes: tuple[int, ...]
) -> None:
    assert choose_sizes(wanted, configured, "n", full) == sizes


@pytest.mark.parametrize(
    ("wanted", "full", "message"),
    [
        (Range(sizes=(100, 200, 400, 800)), 1600, "at least 5 sizes"),
        (Range(sizes=(100, 200, 200, 400, 800)), 1600, "200 stands after 200"),
        (Range(sizes=(800, 400, 200, 100, 50)), 1600, "sizes grow"),
        (Range(sizes=(-1, 1, 2, 4, 8)), 1600, "whole number above 0, not -1"),
        (Range(first=100, last=100), 1600, "--from 100 is not below --to 100"),
        (Range(first=2000), 1600, "--from 2000 is not below --to 1600"),
        (Range(), 3, "no 5 different whole numbers"),
        (Range(), 0, "give the sizes"),
    ],
)
def test_sizes_that_make_no_sense_are_refused(wanted: Range, full: object, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        choose_sizes(wanted, (), "n", full)


def test_a_comparison_carries_its_growth() -> None:
    report = dataclasses.replace(builders.report(), growth=scalings.report())
    text = markdown.render(report, chart="stages.svg", growth_chart="scale.svg")
    assert "### Growth with the size of the input" in text
    assert "](scale.svg)" in text
    assert "### Growth" not in markdown.render(builders.report(), chart="stages.svg")
