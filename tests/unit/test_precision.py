"""Real computations in a lower precision are named; honest ones in another order are not."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from perfkit.verify.precision import lowered_to, matching_bits

if TYPE_CHECKING:
    from collections.abc import Callable

RNG = np.random.default_rng(20260102)
A, W = RNG.normal(size=(200, 300)), RNG.normal(size=(300, 100))
NAMES = {torch.float32: "float32", torch.float16: "float16", torch.bfloat16: "bfloat16"}


def flat(values: Any) -> Any:
    return np.ascontiguousarray(values).reshape(-1)


def named(b: Any, c: Any) -> str | None:
    assert b.dtype == c.dtype
    return lowered_to(flat(b), flat(c), b.dtype.name)


def normalise(t: torch.Tensor) -> torch.Tensor:
    return (t - t.mean(0)) / t.std(0)


COMPUTATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "matmul": lambda a: a @ torch.from_numpy(W).to(a.dtype),
    "cumsum": lambda a: a.cumsum(1),
    "softmax": lambda a: torch.softmax(a, 1),
    "normalise": normalise,
}


@pytest.mark.parametrize("name", COMPUTATIONS)
@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        (torch.float64, torch.float32),
        (torch.float64, torch.float16),
        (torch.float64, torch.bfloat16),
        (torch.float32, torch.float16),
        (torch.float32, torch.bfloat16),
        (torch.float16, torch.bfloat16),
    ],
    ids=str,
)
def test_a_computation_in_a_narrow_type_is_named(name: str, wide: Any, narrow: Any) -> None:
    if (name, wide) == ("softmax", torch.float16):
        return  # whose values are denormal there, with fewer bits than either type has
    compute, a = COMPUTATIONS[name], torch.from_numpy(A).to(wide)
    assert named(compute(a).numpy(), compute(a.to(narrow)).to(wide).numpy()) == NAMES[narrow]


@pytest.mark.parametrize(
    ("narrow", "expected"),
    [
        (torch.float32, "float32"),
        (torch.float16, "float16 or TF32"),
        (torch.bfloat16, "bfloat16"),
    ],
)
@pytest.mark.parametrize("wide", [torch.float64, torch.float32])
def test_what_goes_on_in_the_wide_type_is_named_by_its_bits(wide: Any, narrow: Any, expected: str) -> None:
    if wide == narrow:
        return
    matmul, a = COMPUTATIONS["matmul"], torch.from_numpy(A).to(wide)
    b, c = torch.tanh(matmul(a) / 20) * 1.1, torch.tanh(matmul(a.to(narrow)).to(wide) / 20) * 1.1
    assert named(b.numpy(), c.numpy()) == expected


def test_inputs_rounded_as_tensor_cores_do_are_named() -> None:
    def tf32(x: Any) -> Any:
        bits = x.astype("f4").view("u4")
        return ((bits + 0x1000) & 0xFFFFE000).view("f4")

    b = A.astype("f4") @ W.astype("f4")
    assert named(b, tf32(A) @ tf32(W)) == "float16 or TF32"


def test_a_long_sum_in_float32_is_named() -> None:
    values = abs(A.reshape(-1))
    assert named(values.cumsum(), values.astype("f4").cumsum(dtype="f4").astype("f8")) == "float32"


def test_complex_numbers() -> None:
    b = np.fft.fft(A, axis=1)
    assert named(b, b.astype("c8").astype("c16")) == "float32"
    assert named(b, np.fft.fft(A[:, ::-1], axis=1).conj() * np.exp(2j * np.pi * np.arange(300) / 300)) is None


def pairwise(a: Any) -> tuple[Any, Any]:
    return a.sum(1), a.cumsum(1)[:, -1]


def gram(a: Any) -> tuple[Any, Any]:
    exact = np.array([((a - row) ** 2).sum(1) for row in a])
    squares = (a * a).sum(1)
    return exact, squares[:, None] + squares[None] - 2 * (a @ a.T)


def near_points(a: Any) -> tuple[Any, Any]:
    return gram((a[:, :3] * 0.01 + 100).astype(a.dtype))


def real_fft(a: Any) -> tuple[Any, Any]:
    return abs(np.fft.fft(a, axis=1))[:, :151], abs(np.fft.rfft(a, axis=1))


def variance(a: Any) -> tuple[Any, Any]:
    return a.var(1), (a * a).mean(1) - a.mean(1) ** 2


def variance_far_from_zero(a: Any) -> tuple[Any, Any]:
    return variance(a + 100)


def log_softmax(a: Any) -> tuple[Any, Any]:
    sums = np.exp(a).sum(1, keepdims=True)
    return np.exp(a) / sums, np.exp(a - np.log(sums))


def running_sum(a: Any) -> tuple[Any, Any]:
    flat_a = a.reshape(-1)
    backwards = np.append(flat_a[:0:-1].cumsum()[::-1], 0)
    return flat_a.cumsum(), (flat_a.sum() - backwards).astype(a.dtype)


def least_squares(a: Any) -> tuple[Any, Any]:
    x, y = a[:, :30], a[:, 40]
    return np.linalg.lstsq(x, y, rcond=None)[0], np.linalg.solve(x.T @ x, x.T @ y)


def hilbert(a: Any) -> tuple[Any, Any]:
    n = np.arange(20)
    h = (1 / (n[:, None] + n + 1.0) + np.eye(20) * 1e-8).astype(a.dtype)
    return np.linalg.solve(h, np.ones(20, a.dtype)), np.linalg.inv(h).sum(1)


HONEST = [
    pairwise,
    gram,
    near_points,
    real_fft,
    variance,
    variance_far_from_zero,
    log_softmax,
    running_sum,
    least_squares,
]


@pytest.mark.parametrize("wide", [np.float64, np.float32])
@pytest.mark.parametrize("compute", HONEST)
def test_an_honest_computation_in_another_order_is_not_named(compute: Any, wide: Any) -> None:
    b, c = compute(A.astype(wide))
    assert named(b, c) is None


def test_an_ill_conditioned_one_in_double_is_not_named_until_it_loses_half_its_bits() -> None:
    assert named(*hilbert(A)) is None


@pytest.mark.parametrize(
    ("b", "c"),
    [
        (A, A),
        (A, np.zeros_like(A)),
        (A, np.full_like(A, A.mean())),
        (A, A[::-1]),
        (A, A * 1.01),
        (A, A * (1 + 3e-7)),
        (A, A + 1e-11),
        (A * 1000, np.rint(A * 1000)),
        (A, A.round(3)),
        (np.rint(A * 100), np.rint(A * 100) + 1),
        (np.rint(A * 100), np.rint(A * 100) * (1 + 1e-16)),
        (A.astype("f2").astype("f8"), A),
        (A.astype("f4").astype("f8"), A),
        (A[0, :10], A[0, :10].astype("f4").astype("f8")),
        (np.full(300, 0.1), np.full(300, np.float32(0.1), "f8")),
        ((A * 0.1 * 10 - A) + np.rint(A * 64) / 64, np.rint(A * 64) / 64),
        (np.full(300, math.nan), np.full(300, math.nan)),
        (np.zeros(300), A[0]),
        (A * 1e300, np.full_like(A, 1e300)),
    ],
    ids=[
        "same",
        "zeros",
        "mean",
        "another order of rows",
        "a wrong factor",
        "a wrong factor near 1",
        "a constant more",
        "rounded to integers",
        "rounded to places",
        "integers, one more",
        "integers",
        "the baseline is the float16",
        "the baseline is the float32",
        "too few",
        "too alike",
        "noise around few bits",
        "NaN",
        "from zeros",
        "huge",
    ],
)
def test_what_is_no_lower_precision_is_not_named(b: Any, c: Any) -> None:
    assert named(b, np.ascontiguousarray(c)) is None


def test_relu_and_infinities_do_not_hide_it() -> None:
    b = np.maximum(A, 0)
    b[0, :5] = [math.inf, -math.inf, math.nan, 0, -0.0]
    assert named(b, b.astype("f4").astype("f8")) == "float32"


def test_dtypes_that_have_no_narrower_one_are_not_looked_at() -> None:
    bits = torch.from_numpy(A).bfloat16().view(torch.int16).numpy().view("u2").reshape(-1)
    assert lowered_to(bits, bits + np.uint16(1), "bfloat16") is None
    assert lowered_to(flat(A).astype("g"), flat(A).astype("f4").astype("g"), "longdouble") is None
    assert lowered_to(np.arange(300), np.arange(300), "int64") is None


def test_a_large_array_is_looked_at_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perfkit.verify.samples.LIMIT", 1000)
    assert named(A, A.astype("f4").astype("f8")) == "float32"


# ---------------------------------------------------------------- the bits themselves


@pytest.mark.parametrize(
    ("narrow", "bits"), [(torch.float32, 25.4), (torch.float16, 12.4), (torch.bfloat16, 9.4)]
)
def test_rounding_agrees_in_the_bits_of_its_type(narrow: Any, bits: float) -> None:
    found = matching_bits(flat(A), torch.from_numpy(A).to(narrow).double().numpy().reshape(-1))
    assert found == pytest.approx(bits, abs=0.2)


@pytest.mark.parametrize(
    ("b", "c", "expected"),
    [
        ([1.0, 2.0], [1.0, 2.0], None),
        ([], [], None),
        ([math.nan, math.inf], [1.0, 2.0], None),
        ([1.0, 1.0], [1.0 + 2**-10, 1.0], 10.0),
        ([1.0, 1.0, 1.0], [1.0 + 2**-10, 1 + 2**-20, 0.0], 10.0),
        ([1.0], [-5.0], 0.0),
        ([0.0, 0.0], [1.0, 0.0], 0.0),
        ([0.0, math.sqrt(2)], [2**-30, math.sqrt(2)], 10.0),
        ([1e-300], [1e-300 * (1 + 2**-10)], pytest.approx(10.0)),
        ([1.7e308], [-1.7e308], 0.0),
        ([5e-324], [1e-323], 0.0),
    ],
)
def test_the_bits_that_match(b: list[float], c: list[float], expected: Any) -> None:
    found = matching_bits(np.array(b), np.array(c))
    assert found == expected


def test_the_bits_of_a_type_that_numpy_lacks() -> None:
    one = np.array([0x3F80], "u2")
    assert matching_bits(one, one + np.uint16(1), "bfloat16") == 7.0
