"""How numbers are held is no part of the value of a stage that no source declares."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from perfkit.verify.checkpoints import CheckpointRecorder
from perfkit.verify.comparator import compare
from perfkit.verify.undeclared import settled


def same(one: object, other: object) -> bool:
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return type(one) is type(other) and one.dtype == other.dtype and np.array_equal(one, other)
    return type(one) is type(other) and one == other


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([1, 2, 3], np.array([1, 2, 3])),
        ([[1.0, 2.0], [3.0, 4.0]], np.array([[1.0, 2.0], [3.0, 4.0]])),
        ([(1.0, 2.0), (3.0, 4.0)], np.array([[1.0, 2.0], [3.0, 4.0]])),
        ([np.float32(1), np.float32(2)], np.array([1, 2], np.float32)),
        ([np.ones(2), np.zeros(2)], np.array([[1.0, 1.0], [0.0, 0.0]])),
        ([True, False], np.array([True, False])),
        (np.float64(0.5), 0.5),
        (np.int64(5), 5),
        (np.float32(0.5), np.float32(0.5)),
        ([[1.0], [2.0, 3.0]], [[1.0], [2.0, 3.0]]),
        (["a", "b"], ["a", "b"]),
        ([1, "a"], [1, "a"]),
        ([], []),
        ([2**70, 1], [2**70, 1]),
        ([2**63, -1], [2**63, -1]),
        ([None, 1.0], [None, 1.0]),
        ((1.0, 2.0), (1.0, 2.0)),
        ("text", "text"),
    ],
)
def test_lists_of_numbers_become_arrays(value: object, expected: object) -> None:
    found = settled(value)
    if isinstance(expected, list) and expected and isinstance(expected[0], list):
        assert [list(one) for one in found] == expected
    else:
        assert same(found, expected)


def test_what_holds_other_things_is_settled_inside() -> None:
    found = settled({"rows": [1.0, 2.0], "pair": (np.float64(1), [3, 4])})
    assert same(found["rows"], np.array([1.0, 2.0]))
    assert type(found["pair"]) is tuple
    assert same(found["pair"][0], 1.0)
    assert same(found["pair"][1], np.array([3, 4]))


def test_a_value_that_holds_itself_comes_to_an_end() -> None:
    value: list = ["a"]
    value.append(value)
    assert settled(value)[0] == "a"


@pytest.mark.parametrize(("undeclared", "verdict"), [({"part"}, "identical"), (set(), "different")])
def test_only_undeclared_stages_are_held_loosely(tmp_path: Path, undeclared: set, verdict: str) -> None:
    sides = []
    for name, value in (("ours", [1.0, 2.0]), ("theirs", np.array([1.0, 2.0]))):
        (tmp_path / name).mkdir()
        keep = CheckpointRecorder(tmp_path / name, undeclared=undeclared)
        keep("whole/part", value)
        sides.append(keep.checkpoints)
    found, _ = compare(
        *sides,
        baseline_folder=tmp_path / "ours",
        contender_folder=tmp_path / "theirs",
        tolerances={},
        stages=["whole/part"],
        contender_stages=["whole/part"],
    )
    assert found.verdict == verdict
