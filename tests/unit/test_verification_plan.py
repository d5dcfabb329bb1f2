"""The plan of a verification, and what the configuration maps: pure, so nothing is run."""

from __future__ import annotations

import random

import pytest

from perfkit.errors import UsageError
from perfkit.model import Checkpoint, Equivalence, Proof, StageMapping, StageTiming
from perfkit.verify import mapping
from perfkit.verify.plan import Plan, plan

PROOF = Proof(parameters={"dtype": "float64"}, rtol=1e-10, reason="exact")


def laid(full: int | None = 3000, *, baseline_s: float | None = None, draw: int = 1) -> Plan:
    parameters = {"n": full, "dtype": "float32"} if full is not None else {"dtype": "float32"}
    return plan(
        seed=7,
        overrides={},
        parameters=parameters,
        size="n" if full is not None else None,
        proofs=(PROOF,),
        baseline_s=baseline_s,
        drawn=random.Random(draw),
    )


def test_the_main_trial_comes_first_and_is_the_users_own() -> None:
    found = laid()
    for trials in (found.baseline, found.contender):
        assert trials[0].kind == "main"
        assert trials[0].seed == 7
        assert trials[0].parameters == {}
        assert trials[1].kind == "proof"
        assert trials[1].parameters == {"dtype": "float64"}
    assert found.proofs == {found.baseline[1].name: PROOF}


@pytest.mark.parametrize("full", [1, 2, 10, 31, 32, 33, 100, 3000, 200_000])
def test_there_are_three_sizes_and_more_and_names_are_unique(full: int) -> None:
    for draw in range(30):
        found = laid(full, draw=draw)
        sizes = {found.sizes[one.name] for one in found.baseline if one.kind in {"main", "size"}}
        assert len(sizes) >= 3
        assert all(size > 0 for size in sizes)
        names = [one.name for one in found.contender]
        assert len(names) == len(set(names))
        assert set(found.alike.values()) <= {one.name for one in found.baseline}


def test_one_size_is_drawn() -> None:
    drawn = {
        next(one.parameters["n"] for one in laid(draw=draw).baseline if one.name.endswith("drawn"))
        for draw in range(20)
    }
    assert len(drawn) > 10


def test_the_baseline_runs_only_small_inputs_besides() -> None:
    found = laid()
    besides = [one for one in found.baseline if one.kind in {"size", "edge"} and one.optional_after_s is None]
    # Quadratic at worst: all of them together cost a fifth of the full size.
    assert sum((found.sizes[one.name] / 3000) ** 2 for one in besides) < 0.2


def test_without_a_size_a_slow_baseline_is_not_run_again() -> None:
    found = laid(None, baseline_s=40.0)
    assert [one.kind for one in found.baseline] == ["main", "proof"]
    assert found.fed is None
    assert len(found.untried) == 2
    quick = laid(None, baseline_s=0.1)
    assert len([one for one in quick.baseline if one.kind == "size"]) == 3
    assert quick.fed is not None


def test_edges_come_last_so_that_a_crash_loses_least() -> None:
    kinds = [one.kind for one in laid().contender]
    assert kinds[kinds.index("edge") :] == ["edge"] * kinds.count("edge")


# ---------------------------------------------------------------- mapping

MAPPED = {
    "load": StageMapping(contender=("read",)),
    "features": StageMapping(contender=("f1", "f2")),
    "clip": StageMapping(fused_into="features"),
}


def test_renamed_split_and_unknown_stages() -> None:
    assert mapping.as_baseline("read", MAPPED) == "load"
    assert mapping.as_baseline("read/inner", MAPPED) == "load/inner"
    assert mapping.as_baseline("f1", MAPPED) is None
    assert mapping.as_baseline("f2", MAPPED) == "features"
    assert mapping.as_baseline("train", MAPPED) == "train"


def test_checkpoints_get_the_baselines_names() -> None:
    stages = ["read", "f1", "f2", "", "train"]
    found = mapping.renamed([Checkpoint(stage=one, occurrence=0, leaves=()) for one in stages], MAPPED)
    assert [one.stage for one in found] == ["load", "features", "", "train"]


def test_the_parts_of_a_split_stage_add_up() -> None:
    stages = [
        StageTiming(path=path, calls=1, total_s=s) for path, s in (("f1", 1.0), ("f2", 2.0), ("x", 4.0))
    ]
    found = mapping.renamed_timings(stages, MAPPED)
    assert {one.path: one.total_s for one in found} == {"features": 3.0, "x": 4.0}


def test_a_fused_stage_says_so() -> None:
    checked = [Equivalence(stage="clip", verdict="not checked", reason="no such stage")]
    found = mapping.with_fused(checked, MAPPED)
    assert found[0].reason == "fused into features"


@pytest.mark.parametrize(
    ("mapped", "words"),
    [
        ({"lod": StageMapping(contender=("read",))}, "the baseline has no stage 'lod'; it has: load"),
        ({"load": StageMapping(contender=("red",))}, "the contender has no stage 'red'; it has: read"),
        ({"load": StageMapping(fused_into="x")}, "fused into 'x', which the baseline does not have"),
    ],
)
def test_a_mapping_of_stages_that_there_are_not(mapped: dict[str, StageMapping], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        mapping.check(mapped, ["load"], ["read"], "tool.perfkit.pipelines.demo.stages")


def of_arguments(full: int | None, draw: int = 1) -> Plan:
    return plan(
        seed=7,
        overrides={} if full is None else {"n": full},
        parameters={} if full is None else {"n": full},
        size=None if full is None else "n",
        own_inputs=True,
        drawn=random.Random(draw),
    )


@pytest.mark.parametrize("full", [1, 2, 3, 10, 64, 5000])
def test_a_script_is_tried_with_other_sizes_in_its_arguments(full: int) -> None:
    for draw in range(20):
        found = of_arguments(full, draw)
        assert found.baseline == found.contender
        assert found.baseline[0].parameters == {"n": full}
        sizes = [one.parameters["n"] for one in found.baseline if one.kind == "size"]
        assert max(sizes) > full
        assert not {0, 1} & set(sizes)
        assert len(set(sizes)) == len(sizes)
        if full >= 10:
            assert min(sizes) < full
        assert [one.parameters["n"] for one in found.baseline if one.kind == "edge"] == [0, 1]
        assert found.sizes["main"] == found.full_size == full
        assert found.fed in found.baseline
        assert not any("Other inputs" in one for one in found.untried)


def test_a_script_without_a_size_is_run_as_it_is() -> None:
    found = of_arguments(None)
    assert [one.kind for one in found.baseline] == ["main"]
    assert found.fed == found.baseline[0]
    assert found.untried[0].startswith("Other inputs: nothing in the arguments stands for a size")
