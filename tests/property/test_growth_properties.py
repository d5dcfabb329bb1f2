"""What holds of growth whatever the numbers are."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.analyse import crossing, growth, laws

SIZES = [100, 200, 400, 800, 1600]
TIMES = st.lists(st.floats(1e-4, 1e3), min_size=5, max_size=5)


@given(TIMES, st.floats(1e-6, 1e6))
def test_a_faster_machine_leaves_the_exponent_alone(times: list[float], factor: float) -> None:
    found, scaled = (growth.exponent(SIZES, one, 5) for one in (times, [factor * t for t in times]))
    assert found.low is not None
    assert scaled.low is not None
    assert scaled.value == pytest.approx(found.value, abs=1e-6)
    assert scaled.low == pytest.approx(found.low, abs=1e-6)


@given(TIMES, st.integers(2, 50))
def test_another_unit_of_size_leaves_the_exponent_alone(times: list[float], factor: int) -> None:
    found, scaled = (growth.exponent(one, times, 5) for one in (SIZES, [factor * n for n in SIZES]))
    assert scaled.value == pytest.approx(found.value, abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(TIMES, st.floats(1e-3, 1e3))
def test_a_faster_machine_leaves_the_laws_alone(times: list[float], factor: float) -> None:
    def errors(scale: float) -> dict[str, float]:
        judged = laws.judge(SIZES, [[scale * t, scale * t * 1.01, scale * t * 0.99] for t in times])
        return {one.name: one.error for one in judged.laws}

    ours, theirs = errors(1.0), errors(factor)
    assert ours.keys() == theirs.keys()
    assert all(theirs[name] == pytest.approx(error, abs=1e-6) for name, error in ours.items())


@given(
    st.lists(
        st.tuples(st.floats(-3, 3).filter(lambda y: abs(y) > 1e-6), st.floats(0.01, 0.5)),
        min_size=5,
        max_size=5,
    )
)
def test_swapping_the_variants_mirrors_the_crossovers(values: list[tuple[float, float]]) -> None:
    def side(n: int, y: float, half: float) -> crossing.Side:
        return crossing.Side(n, y, y - half, y + half, (y - half, y, y + half))

    ours = crossing.crossings([side(n, y, half) for n, (y, half) in zip(SIZES, values, strict=True)])
    theirs = crossing.crossings([side(n, -y, half) for n, (y, half) in zip(SIZES, values, strict=True)])
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert one.rising != other.rising
        assert one.size == pytest.approx(other.size)
        assert (one.low is None) == (other.low is None)
        if one.low is not None and other.low is not None:
            assert one.low == pytest.approx(other.low)
        assert one.measured == other.measured
        assert math.isfinite(one.size)
