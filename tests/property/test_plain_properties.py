"""Results as text: every value comes back as it was, or is refused."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.measure import plain

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=4)
    ),
    max_leaves=20,
)


def same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return one.hex() == other.hex() or (math.isnan(one) and math.isnan(other))
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


@given(VALUES)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    text = plain.write(value)
    assert text is not None
    assert text.isascii()
    assert same(plain.read(text), value)


@pytest.mark.parametrize("value", [object(), {1, 2}, b"x", [object()], list(range(2000)), "x" * 200_000])
def test_what_is_not_plain_or_not_small_is_refused(value: Any) -> None:
    assert plain.write(value) is None


def test_what_holds_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    assert plain.write(loop) is None


@given(st.text(max_size=50) | st.sampled_from(['["int"]', '["no", 1]', "[]", "{}", "1", '["float", "x"]']))
def test_text_of_another_making_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a written value|no such kind|."):
        plain.read(text)
