"""Inputs at the edge: made from anything, and the original is left as it was."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from perfkit.verify.edges import EDGES, NEAR_TEXTS, ODD_TEXT, ONE_OTHER, at_edge, overwrite


@dataclasses.dataclass(frozen=True)
class Batch:
    images: np.ndarray
    labels: np.ndarray
    rate: float = 0.1


class Plain:
    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)


def batch() -> Batch:
    return Batch(images=np.arange(12.0).reshape(6, 2), labels=np.arange(6))


@pytest.mark.parametrize(
    "wrap",
    [
        lambda array: array,
        lambda array: {"x": array, "y": 3},
        lambda array: [array, "text"],
        lambda array: ("a", (array,)),
        lambda array: Batch(images=array, labels=np.arange(6)),
        lambda array: Plain(deep={"x": [array]}),
    ],
)
def test_numbers_are_found_wherever_they_lie(wrap: Any) -> None:
    array = np.arange(12.0).reshape(6, 2)
    inputs = wrap(array)
    changed = at_edge("NaN", inputs)
    assert type(changed) is type(inputs)
    assert not np.isnan(array).any()
    found = next(one for one in _arrays(changed) if one.dtype.kind == "f")
    assert np.isnan(found).sum() == 1


def _arrays(value: Any) -> list[np.ndarray]:
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, dict):
        return [one for each in value.values() for one in _arrays(each)]
    if isinstance(value, list | tuple):
        return [one for each in value for one in _arrays(each)]
    return _arrays(vars(value)) if hasattr(value, "__dict__") else []


@pytest.mark.parametrize(
    ("edge", "holds"),
    [
        ("NaN", lambda new, old: np.isnan(new).sum() == 1),
        ("infinity", lambda new, old: np.isinf(new).sum() == 1),
        ("constant", lambda new, old: (new == old[0, 0]).all()),
        ("huge values", lambda new, old: np.isfinite(new).all() and np.abs(new).max() > 1e100),
        ("tiny values", lambda new, old: 0 < np.abs(new).max() < 1e-100),
        ("non-contiguous", lambda new, old: not new.flags.c_contiguous and (new == old).all()),
        ("other dtype", lambda new, old: new.dtype == np.float32),
        ("repeated items", lambda new, old: (new[:3] == new[3:]).all() and new.shape == old.shape),
        (ONE_OTHER, lambda new, old: (new != old).sum() == 1),
    ],
)
def test_each_edge_is_what_it_says(edge: str, holds: Any) -> None:
    old = np.arange(12.0).reshape(6, 2)
    assert holds(at_edge(edge, old), old)


def test_what_fits_nothing_is_none() -> None:
    assert at_edge("NaN", {"n": 3, "text": ["a", "b"]}) is None
    assert at_edge("other dtype", [1.0, 2.0]) is None
    assert at_edge(ODD_TEXT, [1.0, 2.0]) is None
    assert at_edge("repeated items", [1, 2]) is None


@pytest.mark.parametrize("text", ["abcd" * 30, b"abcd" * 30])
def test_a_long_text_has_one_place_changed_wherever_it_lies(text: str | bytes) -> None:
    for changed in (
        at_edge(ONE_OTHER, text),
        at_edge(ONE_OTHER, {"n": 1, "text": text})["text"],  # type: ignore[index]
        at_edge(ONE_OTHER, (1, text))[1],  # type: ignore[index]
        at_edge(ONE_OTHER, [text])[0],  # type: ignore[index]
    ):
        assert len(changed) == len(text)  # type: ignore[arg-type]
        assert sum(a != b for a, b in zip(changed, text, strict=True)) == 1  # type: ignore[call-overload]
    assert at_edge(ONE_OTHER, {"dtype": "float32"}) is None  # a setting


def test_a_list_of_records_has_one_value_changed_and_odd_texts() -> None:
    records = [{"label": "a", "text": f"t{i}", "v": float(i)} for i in range(5)]
    one = at_edge(ONE_OTHER, records)
    assert isinstance(one, list)
    assert sum(a[key] != b[key] for a, b in zip(one, records, strict=True) for key in a) == 1
    odd = at_edge(ODD_TEXT, {"rows": records})
    assert isinstance(odd, dict)
    assert "E,9" in odd["rows"][2]["text"]
    assert odd["rows"][-1] == {"label": "a", "text": "", "v": 4.0}
    assert records[2]["text"] == "t2"


def test_lists_of_floats_and_of_text_have_edges_too() -> None:
    assert str(at_edge("NaN", [1.0, 2.0, 3.0])) == "[1.0, nan, 3.0]"
    odd = at_edge(ODD_TEXT, ["a", "b", "c"])
    assert isinstance(odd, list)
    assert odd[0] == "a"
    assert odd[-1] == ""
    assert at_edge("repeated items", [{"a": 1}, 2, 3, 4]) == [{"a": 1}, 2, {"a": 1}, 2]
    assert at_edge(ONE_OTHER, ["a", "b", "c"]) == ["a", "a", "c"]


def test_nearly_alike_texts_differ_in_one_character_about_the_middle() -> None:
    words = ["alphabet", "bee", "catalogue", "d", "(elephant)", "f", "!!", "g", "aaaa", "b"]
    near = at_edge(NEAR_TEXTS, words)
    assert isinstance(near, list)
    assert near[::2] == words[::2]
    for text, other in list(zip(near[::2], near[1::2], strict=True))[:3]:
        assert len(text) == len(other)
        changed = [i for i, (a, b) in enumerate(zip(text, other, strict=True)) if a != b]
        assert len(changed) == 1
        assert abs(changed[0] - len(text) // 2) <= 2
    assert near[7] == "g"  # nothing in "!!" can be exchanged, nor in "aaaa"
    assert near[9] == "b"
    assert at_edge(NEAR_TEXTS, ["a"]) is None
    assert at_edge(NEAR_TEXTS, [1, 2, 3]) is None
    records = [{"kind": "k", "text": word} for word in words]
    found = at_edge(NEAR_TEXTS, {"rows": records})
    assert isinstance(found, dict)
    assert [one["text"] for one in found["rows"]] == near
    assert {one["kind"] for one in found["rows"]} == {"k"}


@pytest.mark.parametrize("edge", EDGES)
def test_tensors_have_them_as_arrays_do(edge: str) -> None:
    old = torch.arange(12.0).reshape(6, 2)
    new = at_edge(edge, {"x": old})
    if edge in (ODD_TEXT, NEAR_TEXTS):
        assert new is None
        return
    assert isinstance(new, dict)
    assert isinstance(new["x"], torch.Tensor)
    assert (old == torch.arange(12.0).reshape(6, 2)).all()
    if edge == "non-contiguous":
        assert not new["x"].is_contiguous()


def test_the_same_objects_get_other_content() -> None:
    target, source = batch(), Batch(images=np.ones((6, 2)), labels=np.zeros(6, int), rate=0.5)
    images = target.images
    assert overwrite(target, source)
    assert target.images is images
    assert (images == 1).all()
    assert target.rate == 0.5


@pytest.mark.parametrize(
    ("target", "source"),
    [
        (np.zeros(3), np.zeros(4)),
        (np.zeros(3), np.zeros(3, np.float32)),
        ((1, 2), (1, 3)),
        ("a", "b"),
        ([1], (1,)),
    ],
)
def test_what_cannot_be_overwritten_is_said(target: Any, source: Any) -> None:
    assert not overwrite(target, source)


def test_lists_dictionaries_and_tensors_are_overwritten() -> None:
    target = {"words": ["a", "b"], "x": torch.zeros(2)}
    words = target
    assert overwrite(target, {"words": ["c"], "x": torch.ones(2)})
    assert words["words"] == ["c"]
