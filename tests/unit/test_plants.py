"""Planted wrong outputs: a good check takes none of them, and a weak one is told by those it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from perfkit.model import Tolerance, WeakCheck
from perfkit.verify import plants
from perfkit.verify.checkpoints import CheckpointRecorder, read
from perfkit.verify.plants import MEAN, ONE_OFF, PREVIOUS, ZEROS, weak_checks

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.model import Checkpoint

A = np.random.default_rng(3).normal(size=(40, 30))
PEAK = np.where(np.arange(1000) == 500, 1e4, 1.0)  # its middle, which is moved by 3 % of itself


def recorded(folder: Path, *calls: tuple[str, Any], budget: int = 2**30) -> tuple[Checkpoint, ...]:
    folder.mkdir()
    recorder = CheckpointRecorder(folder, budget_bytes=budget)
    for stage, value in calls:
        recorder(stage, value)
    recorder.save()
    return read(folder)


def accepted(
    tmp_path: Path, *values: Any, tolerance: Tolerance | None = None, budget: int = 2**30
) -> set[str]:
    kept = recorded(tmp_path / "b", *(("work", value) for value in values), budget=budget)
    before = {file: file.read_bytes() for file in (tmp_path / "b").iterdir()}
    found = weak_checks(kept, tmp_path / "b", tolerances={"work": tolerance} if tolerance else {})
    assert {file: file.read_bytes() for file in (tmp_path / "b").iterdir()} == before
    assert [one.stage for one in found] == ["work"] * len(found)
    return set(found[0].accepts) if found else set()


def loose(rtol: float) -> Tolerance:
    return Tolerance(rtol=rtol, reason="a test")


GOOD: dict[str, Any] = {
    "float64": A,
    "float32": A.astype("f4"),
    "float16": A.astype("f2"),
    "big-endian": A.astype(">f8"),
    "complex": A + 1j,
    "long double": A.astype("g"),
    "bfloat16": torch.from_numpy(A).bfloat16(),
    "complex32": torch.from_numpy(A[0] + 1j).to(torch.complex32),
    "float8": torch.from_numpy(A).to(torch.float8_e4m3fn),
    "sparse": torch.from_numpy(np.maximum(A, 0)).to_sparse(),
    "integers": np.arange(100),
    "big-endian integers": np.arange(100, dtype=">i4"),
    "booleans": A > 0,
    "texts": np.array(["a", "b"]),
    "times": np.array(["2026-01-01", "NaT"], "M8[s]"),
    "bytes": np.array([b"ab"], "V2"),
    "with NaN": np.where(A > 1, np.nan, A),
    "huge": A * 1e300,
    "tiny": A * 1e-300,
    "denormal": np.array([5e-324, 1e-323]),
    "float16 near its end": np.array([6e4, 6e4, -6e4], "f2"),
    "a far larger one": np.array([1.0] * 30 + [1e30] + [1.0] * 30),
    "a small array": A[0, :3],
    "a number": 0.1,
    "an integer": 3,
    "a huge integer": 10**5000,
    "a flag": True,
    "a text": "a",
    "a long text": "a" * 5000,
    "a list": [1.5, 2, "a", None],
    "a long list": [0.5, 0.25] * 1000,
    "long texts": ["a", "b"] * 1000,
    "huge integers": [2**70, 2**71] * 100,
    "a set": {1, 2, 3},
    "masked": np.ma.MaskedArray(A, mask=A > 1),
    "structured": np.array([(1, 2.5), (2, 3.5)], [("n", "i4"), ("x", "f8")]),
    "state": torch.nn.Linear(3, 2),
    "a dictionary": {"loss": [0.5, 0.25], "accuracy": 0.9, "n": 7, "name": "run"},
}


@pytest.mark.parametrize("name", GOOD)
def test_the_default_check_takes_no_wrong_output(tmp_path: Path, name: str) -> None:
    assert accepted(tmp_path, GOOD[name]) == set()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.zeros(300), {ZEROS, MEAN}),
        (np.zeros(3), {ZEROS, MEAN}),
        (np.zeros(300, int), {ZEROS}),
        (np.zeros(300, bool), {ZEROS}),
        (np.full(300, 2.5), {MEAN}),
        (torch.zeros(300, dtype=torch.bfloat16), {ZEROS, MEAN}),
        ({"a": np.zeros(300), "n": 0, "flag": False, "x": 0.0}, {ZEROS, MEAN}),
        ({"a": np.zeros(300), "n": 1}, {MEAN}),
        (0.0, {ZEROS}),
        (0, {ZEROS}),
        ([0.0] * 100, {ZEROS, MEAN}),
        (np.zeros((0, 3)), set()),
        (np.full(300, np.nan), set()),
    ],
)
def test_an_output_that_equals_a_planted_one_cannot_tell(
    tmp_path: Path, value: Any, expected: set[str]
) -> None:
    assert accepted(tmp_path, value) == expected


@pytest.mark.parametrize(
    ("rtol", "expected"),
    [(1e-2, set()), (0.9, {ONE_OFF}), (1.0, {ZEROS, MEAN, ONE_OFF})],
)
def test_a_loose_tolerance_is_told_by_what_it_takes(tmp_path: Path, rtol: float, expected: set[str]) -> None:
    assert accepted(tmp_path, PEAK, tolerance=loose(rtol)) == expected


def test_one_weak_place_among_good_ones_is_found(tmp_path: Path) -> None:
    value = {"big": np.arange(10_000), "weak": PEAK, "n": 3}
    assert accepted(tmp_path, value, tolerance=loose(0.9)) == {ONE_OFF}


def test_exact_values_stay_exact_under_any_tolerance(tmp_path: Path) -> None:
    value = {"n": 3, "list": list(range(100)), "a": np.arange(300), "t": "text", "f": True}
    assert accepted(tmp_path, value, tolerance=loose(1e9)) == set()


def test_all_calls_of_a_stage_are_planted_at_once(tmp_path: Path) -> None:
    assert accepted(tmp_path, np.zeros(100), np.ones(100)) == {MEAN}


@pytest.mark.parametrize("value", [None, len, [1.5, len], (i for i in "ab")])
def test_what_is_never_compared_has_no_check_to_bite(tmp_path: Path, value: Any) -> None:
    assert accepted(tmp_path, value) == set()


def test_what_was_not_kept_whole_is_left_out(tmp_path: Path) -> None:
    assert accepted(tmp_path, np.zeros(100_000), budget=200_000) == set()


def test_of_a_large_array_a_sample_is_planted_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plants, "_LEAF_BYTES", 800)
    starting_with_zeros = np.append(np.zeros(1000), np.linspace(1, 2, 9000))
    assert accepted(tmp_path, starting_with_zeros) == set()
    (tmp_path / "2").mkdir()
    assert accepted(tmp_path / "2", np.zeros(10_000), tolerance=loose(0.9)) == {ZEROS, MEAN}


def test_a_stage_beyond_the_limit_is_planted_in_as_far_as_it_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plants, "_STAGE_BYTES", 1000)
    assert accepted(tmp_path, [np.zeros(100), np.ones(100)]) == {ZEROS, MEAN}


def test_the_previous_repeats_output(tmp_path: Path) -> None:
    kept = recorded(tmp_path / "b", ("same", A), ("new", A), ("longer", A), ("", {"x": 1.0}))
    other = recorded(tmp_path / "p", ("same", A.copy()), ("new", A + 1), ("longer", A[:3]), ("", {"x": 1.0}))
    found = weak_checks(kept, tmp_path / "b", tolerances={}, previous=other, previous_folder=tmp_path / "p")
    assert found == (
        WeakCheck(stage="same", accepts=(PREVIOUS,)),
        WeakCheck(stage="result", accepts=(PREVIOUS,)),
    )
    assert weak_checks(kept, tmp_path / "b", tolerances={}) == ()


def test_the_tolerance_of_a_proof_is_used(tmp_path: Path) -> None:
    kept = recorded(tmp_path / "b", ("work", A), ("", 0.5))
    found = weak_checks(kept, tmp_path / "b", tolerances={"work": loose(1e9)}, rtol=1e-9)
    assert found == ()
    found = weak_checks(kept, tmp_path / "b", tolerances={"result": loose(1.0)})
    assert found == (WeakCheck(stage="result", accepts=(ZEROS, ONE_OFF)),)
