"""What holds for any numbers: rounding to a narrow type is named by that type, wider noise by none."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.verify.precision import lowered_to, matching_bits

quiet = settings(max_examples=100, deadline=None)
shapes = st.sampled_from(["normal", "lognormal", "uniform", "gamma", "relu"])


def draw(seed: int, shape: str, exponent: int) -> Any:
    rng = np.random.default_rng(seed)
    made = {
        "normal": rng.normal,
        "lognormal": rng.lognormal,
        "uniform": rng.random,
        "gamma": lambda size: rng.gamma(0.5, size=size),
        "relu": lambda size: np.maximum(rng.normal(size=size), 0),
    }[shape](size=400)
    return made * 2.0**exponent


@quiet
@given(st.integers(0, 2**32), shapes, st.integers(-60, 60), st.booleans())
def test_rounding_to_float32_is_named(seed: int, shape: str, exponent: int, negative: bool) -> None:
    b = draw(seed, shape, exponent) * (-1 if negative else 1)
    c = b.astype("f4").astype("f8")
    assert lowered_to(b, c, "float64") == "float32"
    assert lowered_to(c, b, "float64") is None


@quiet
@given(st.integers(0, 2**32), shapes, st.integers(-4, 4))
def test_rounding_to_float16_is_named_in_both_wider_types(seed: int, shape: str, exponent: int) -> None:
    b = draw(seed, shape, exponent)
    for wide in ("f8", "f4"):
        w = b.astype(wide)
        assert lowered_to(w, w.astype("f2").astype(wide), w.dtype.name) == "float16"


@quiet
@given(st.integers(0, 2**32), shapes, st.integers(-60, 60), st.integers(34, 52))
def test_noise_far_below_float32_is_named_by_no_type(seed: int, shape: str, exponent: int, bits: int) -> None:
    b = draw(seed, shape, exponent)
    c = b * (1 + np.random.default_rng(seed).normal(size=b.size) * 2.0**-bits)
    assert lowered_to(b, c, "float64") is None


@quiet
@given(
    st.lists(st.floats(width=64), min_size=0, max_size=60),
    st.lists(st.floats(width=64), min_size=0, max_size=60),
)
def test_any_numbers_at_all_are_survived(one: list[float], other: list[float]) -> None:
    n = min(len(one), len(other))
    b, c = np.array(one[:n]), np.array(other[:n])
    bits = matching_bits(b, c)
    assert bits is None or 0 <= bits <= 53
    lowered_to(b, c, "float64")


@quiet
@given(st.integers(0, 2**32), shapes, st.integers(-300, 300))
def test_the_bits_do_not_depend_on_the_unit(seed: int, shape: str, exponent: int) -> None:
    b = draw(seed, shape, 0)
    c = b * (1 + 1e-5 * np.random.default_rng(seed).normal(size=b.size))
    assert matching_bits(b * 2.0**exponent, c * 2.0**exponent) == matching_bits(b, c)
