"""What holds for any value: a copy is identical, what lies beyond the tolerance fails, the rest passes."""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from perfkit.model import Equivalence
from perfkit.verify import numbers
from perfkit.verify.checkpoints import CheckpointRecorder, read
from perfkit.verify.comparator import compare
from perfkit.verify.summary import spread_of

quiet = settings(max_examples=150, deadline=None)


def verdict_on(baseline: Any, contender: Any, rtol: float | None = None) -> Equivalence:
    with tempfile.TemporaryDirectory() as folder:
        sides = []
        for name, value in (("b", baseline), ("c", contender)):
            side = Path(folder) / name
            side.mkdir()
            recorder = CheckpointRecorder(side)
            recorder("", value)
            recorder.save()
            sides.append(side)
        b, c = sides
        options: dict[str, Any] = {"tolerances": {}, "stages": [], "contender_stages": []}
        (found,) = compare(read(b), read(c), baseline_folder=b, contender_folder=c, rtol=rtol, **options)
        return found


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    st.text(),
    st.binary(),
    st.datetimes(),
)
small_arrays = stn.arrays(
    dtype=st.one_of(
        stn.floating_dtypes(), stn.integer_dtypes(), stn.complex_number_dtypes(), stn.unicode_string_dtypes()
    ),
    shape=stn.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5),
)
values = st.recursive(
    st.one_of(scalars, small_arrays),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.one_of(st.text(), st.integers(), st.booleans()), inner, max_size=4),
    ),
    max_leaves=12,
)
normal = st.floats(min_value=1e-300, max_value=1e300) | st.floats(min_value=-1e300, max_value=-1e-300)
float_lists = st.lists(normal, min_size=1, max_size=100)


@quiet
@given(values)
def test_a_copy_is_identical(value: Any) -> None:
    found = verdict_on([value], [copy.deepcopy(value)])
    assert found.verdict == "identical", found


@quiet
@given(values, values)
def test_difference_is_symmetric_in_structure(one: Any, other: Any) -> None:
    there, back = verdict_on([one], [other]), verdict_on([other], [one])
    same = {"identical", "equal within tolerance"}
    # Within a tolerance the baseline's own magnitude counts, so only exact findings must agree.
    if "beyond the tolerance" not in there.reason + back.reason:
        assert (there.verdict in same) == (back.verdict in same), (there, back)


@quiet
@given(float_lists, st.data(), st.sampled_from([1e-9, 1e-6, 1e-3]), st.floats(1.01, 1e6), st.booleans())
def test_what_lies_beyond_the_tolerance_is_always_different(
    floats: list[float], data: st.DataObject, rtol: float, times: float, down: bool
) -> None:
    baseline = np.array(floats)
    place = data.draw(st.integers(0, len(floats) - 1))
    contender = baseline.copy()
    with np.errstate(over="ignore", under="ignore"):
        contender[place] += (-1 if down else 1) * times * rtol * (abs(baseline[place]) + rms(baseline))
    found = verdict_on(baseline, contender, rtol)
    assert found.verdict == "different"
    assert found.worst_at == f"[{place}]"
    assert found.reason.startswith(f"1 of {len(floats)} value" if len(floats) > 1 else "the value differs")


@quiet
@given(float_lists, st.sampled_from([1e-9, 1e-6, 1e-3]), st.floats(-0.99, 0.99))
def test_what_lies_within_the_tolerance_is_never_different(
    floats: list[float], rtol: float, share: float
) -> None:
    baseline = np.array(floats)
    contender = baseline + share * rtol * (abs(baseline) + rms(baseline))
    found = verdict_on(baseline, contender, rtol)
    assert found.verdict in {"identical", "equal within tolerance"}, found
    assert found.worst_rel is not None
    assert found.worst_rel <= rtol


@quiet
@given(stn.arrays(np.float64, st.integers(1, 30), elements=st.floats(width=64)))
def test_nothing_overflows_whatever_the_magnitudes(array: Any) -> None:
    finite = np.isfinite(array)
    flipped = np.where(finite, -array, array)
    found = verdict_on(array, flipped)
    moved = bool(np.any(array[finite] != 0))
    assert (found.verdict == "different") == moved, found


@quiet
@given(st.lists(st.integers(-(2**80), 2**80), min_size=1, max_size=100), st.data())
def test_integers_are_exact_at_any_length(whole: list[int], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(whole) - 1))
    other = [n + (i == place) for i, n in enumerate(whole)]
    assert verdict_on(whole, list(whole)).verdict == "identical"
    assert verdict_on(whole, other, rtol=1.0).verdict == "different"


@quiet
@given(
    st.lists(st.text(st.characters(codec=None)), max_size=100),
    st.lists(st.text(st.characters(codec=None)), max_size=100),
)
def test_texts_are_exact_at_any_length(one: list[str], other: list[str]) -> None:
    expected = "identical" if one == other else "different"
    assert verdict_on([0, one], [0, other]).verdict == expected


def rms(values: Any) -> float:
    top = float(abs(values).max())
    return top * float(np.sqrt(np.mean((values / top) ** 2))) if top else 0.0


@quiet
@given(
    st.sampled_from([np.float32, np.float64]),
    st.integers(0, 2**32),
    st.tuples(st.sampled_from([1e-12, 1e-9, 1.3e-6, 1e-3]), st.floats(-3, 3)),
    st.integers(-30, 30),
    st.lists(st.tuples(st.integers(0, 199), st.sampled_from([0.0, np.nan, np.inf, 1e30, -1.0]))),
)
def test_the_quick_path_finds_what_the_careful_one_does(
    dtype: Any, seed: int, noise: tuple[float, float], exponent: int, odd: list[tuple[int, float]]
) -> None:
    rtol, log_off = noise
    rng = np.random.default_rng(seed)
    b = (rng.normal(size=200) * 2.0**exponent).astype(dtype)
    c = (b * (1 + rng.normal(size=200) * rtol * 10**log_off)).astype(dtype)
    for place, value in odd:
        (b if place % 2 else c)[place] = value
    rms_ = spread_of(b, b.dtype.name).rms()
    found = numbers.float_gap(b, c, (b.dtype.name, c.dtype.name), rtol, rms_)
    rel, apart = numbers._relative(b.astype(float), c.astype(float), *rms_)
    assert found.differing == np.count_nonzero(rel > rtol)
    assert found.rel == pytest.approx(rel.max(), rel=1e-6)
    assert found.abs == pytest.approx(apart.max(), rel=1e-6)
    if found.at >= 0:
        assert rel[found.at] == pytest.approx(rel.max(), rel=1e-6)
