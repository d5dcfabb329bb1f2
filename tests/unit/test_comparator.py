"""Pairs of values and the verdict on them; then sentences, figures, tolerances and stages."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import math
import pathlib
import random
import types
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
import scipy.sparse
import torch

from perfkit.errors import StoreError
from perfkit.model import Equivalence, Tolerance
from perfkit.verify.checkpoints import CheckpointRecorder, read
from perfkit.verify.comparator import compare

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SAME, NEAR, DIFF, NOT = "identical", "equal within tolerance", "different", "not checked"
BIG = 1.7e308
TINY = 5e-324


# ---------------------------------------------------------------- how a test compares


def kept(folder: Path, calls: list[tuple[str, Any]], budget: int = 2**30) -> Path:
    folder.mkdir()
    recorder = CheckpointRecorder(folder, budget_bytes=budget)
    for stage, value in calls:
        recorder(stage, value)
    recorder.save()
    return folder


def compared(
    tmp_path: Path,
    ours: list[tuple[str, Any]],
    theirs: list[tuple[str, Any]],
    *,
    budgets: tuple[int, int] = (2**30, 2**30),
    **options: Any,
) -> dict[str, Equivalence]:
    b = kept(tmp_path / "baseline", ours, budgets[0])
    c = kept(tmp_path / "contender", theirs, budgets[1])
    defaults: dict[str, Any] = {
        "tolerances": {},
        "stages": list(dict.fromkeys(stage for stage, _ in ours if stage)),
        "contender_stages": list(dict.fromkeys(stage for stage, _ in theirs if stage)),
    }
    found = compare(read(b), read(c), baseline_folder=b, contender_folder=c, **{**defaults, **options})
    return {one.stage: one for one in found}


def verdict_on(tmp_path: Path, baseline: Any, contender: Any, **options: Any) -> Equivalence:
    return compared(tmp_path, [("work", baseline)], [("work", contender)], **options)["work"]


# ---------------------------------------------------------------- values


def f64(*values: complex) -> np.ndarray[Any, Any]:
    return np.array(values, dtype=complex if any(isinstance(v, complex) for v in values) else float)


def f32(*values: float) -> np.ndarray[Any, Any]:
    return np.array(values, dtype=np.float32)


def f16(*values: float) -> np.ndarray[Any, Any]:
    return np.array(values, dtype=np.float16)


def bf16(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.bfloat16)


def objects(*values: Any) -> np.ndarray[Any, Any]:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


class Pixel(NamedTuple):
    x: float
    y: float


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


@dataclasses.dataclass(frozen=True)
class Fit:
    slope: float
    name: str = "a"


class Plain:
    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)

    def __eq__(self, other: object) -> bool:
        raise AssertionError("a value's own __eq__ decides nothing")

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        raise AssertionError("a value's own __repr__ decides nothing")


class OwnError(Exception):
    """Keeps its arguments where no attribute shows them."""


class Slotted:
    __slots__ = ("__hidden", "a", "unset")

    def __init__(self, a: Any, hidden: Any = 0) -> None:
        self.a = a
        self.__hidden = hidden


class Table(dict[str, Any]):
    unit: str


def table(unit: str) -> Table:
    made = Table(a=1)
    made.unit = unit
    return made


def cyclic(value: float) -> list[Any]:
    made: list[Any] = [value]
    made.append(made)
    return made


def linear(bias: float = 0.0) -> torch.nn.Module:
    layer = torch.nn.Linear(3, 2)
    with torch.no_grad():
        layer.weight.fill_(0.5)
        layer.bias.fill_(bias)
    return layer


def adam(rate: float, **options: Any) -> torch.optim.Optimizer:
    layer = linear()
    optimiser = torch.optim.Adam(layer.parameters(), lr=rate, **options)
    layer(torch.ones(3)).sum().backward()
    optimiser.step()
    return optimiser


def masked(values: list[float], mask: list[bool]) -> Any:
    return np.ma.MaskedArray(np.array(values), mask=mask)


def record(x: float, n: int) -> np.ndarray[Any, Any]:
    kind = np.dtype([("n", "i1"), ("x", "f8")], align=True)  # with padding, whose bytes mean nothing
    raw = np.random.default_rng().integers(256, size=3 * kind.itemsize, dtype=np.uint8).view(kind)
    raw["x"], raw["n"] = x, n
    return raw


def long_doubles(value: float) -> np.ndarray[Any, Any]:
    """Return 64 of them, with anything in the bytes that hold none of the number."""
    made = np.full(64, value, dtype=np.longdouble)
    if np.finfo(np.longdouble).nmant == 63:
        raw = made.view(np.uint8).reshape(64, -1)
        raw[:, 10:] = np.random.default_rng().integers(256, size=raw[:, 10:].shape)
    return made


def moment(minute: int, fold: int = 0) -> datetime.datetime:
    return datetime.datetime(2026, 1, 2, 3, minute, fold=fold, tzinfo=datetime.UTC)


def coo(value: float) -> torch.Tensor:
    return torch.sparse_coo_tensor([[0, 1], [1, 0]], [1.0, value], (2, 2), check_invariants=True)


ones = np.ones

PAIRS: list[tuple[str, Any, Any, str]] = [
    # name, baseline, contender, verdict
    ("bool", True, True, SAME),
    ("bool flipped", True, False, DIFF),
    ("bool to int", True, 1, DIFF),
    ("int", 3, 3, SAME),
    ("int off by one", 3, 4, DIFF),
    ("int to float", 3, 3.0, DIFF),
    ("huge int", 10**5000, 10**5000, SAME),
    ("huge int off by one", 10**5000, 10**5000 + 1, DIFF),
    ("float", 0.1, 0.1, SAME),
    ("float, last digit", 0.1 + 0.2, 0.3, NEAR),
    ("float, 1e-8 off", 1.0, 1.0 + 1e-8, DIFF),
    ("float to numpy's", 0.5, np.float64(0.5), DIFF),
    ("zero's sign", 0.0, -0.0, NEAR),
    ("NaN", math.nan, math.nan, SAME),
    ("NaN to number", math.nan, 1.0, DIFF),
    ("infinity", math.inf, math.inf, SAME),
    ("infinity's sign", math.inf, -math.inf, DIFF),
    ("complex", 1 + 2j, 1 + 2j, SAME),
    ("complex near", 1 + 2j, (1 + 1e-12) + 2j, NEAR),
    ("complex far", 1 + 2j, 1 + 2.1j, DIFF),
    ("text", "é\ud800\0", "é\ud800\0", SAME),
    ("text changed", "a", "b", DIFF),
    ("text, trailing NUL", "a", "a\0", DIFF),
    ("long text", "a" * 5000, "a" * 5000, SAME),
    ("long text changed", "a" * 5000, "a" * 4999 + "b", DIFF),
    ("long text to short", "a" * 5000, "a", DIFF),
    ("bytes", b"ab", b"ab", SAME),
    ("bytes changed", b"ab", b"ac", DIFF),
    ("bytes to text", b"ab", "ab", DIFF),
    ("bytearray", bytearray(b"ab"), bytearray(b"ab"), SAME),
    ("None in a list", [None], [None], SAME),
    ("None to number", None, 1, DIFF),
    # arrays
    ("float64", f64(1, 2, 3), f64(1, 2, 3), SAME),
    ("float64 near", f64(1, 2, 3), f64(1, 2, 3 + 1e-12), NEAR),
    ("float64 far", f64(1, 2, 3), f64(1, 2, 3 + 1e-7), DIFF),
    ("float64 near its rms", f64(1000, 1e-12), f64(1000, 2e-12), NEAR),
    ("tiny to zeros", f64(1e-12, 2e-12), f64(0, 0), DIFF),
    ("zeros to tiny", f64(0, 0), f64(0, 1e-300), DIFF),
    ("zeros", f64(0, 0), f64(-0.0, 0), NEAR),
    ("denormals", f64(TINY, 3 * TINY), f64(TINY, 3 * TINY), SAME),
    ("denormals changed", f64(TINY, 3 * TINY), f64(TINY, 4 * TINY), DIFF),
    ("denormals vanished", f64(TINY), f64(0), DIFF),
    ("extremes", f64(BIG, -BIG), f64(BIG, math.nextafter(-BIG, 0)), NEAR),
    ("extremes, sign", f64(BIG, -BIG), f64(BIG, BIG), DIFF),
    ("extremes from small", f64(1, 1), f64(1, BIG), DIFF),
    ("complex extremes", ones(2) * complex(BIG, BIG), ones(2) * complex(BIG, BIG * (1 - 1e-14)), NEAR),
    ("complex extremes, sign", ones(2) * complex(BIG, BIG), ones(2) * complex(BIG, -BIG), DIFF),
    ("complex NaN part", f64(1) + complex(0, math.nan), f64(1) + complex(0, math.nan), SAME),
    ("complex NaN, real moved", np.array([complex(1, math.nan)]), np.array([complex(2, math.nan)]), DIFF),
    ("NaN in place", f64(1, math.nan, 3), f64(1 + 1e-13, math.nan, 3), NEAR),
    ("NaN moved", f64(1, math.nan, 3), f64(1, 2, math.nan), DIFF),
    ("inf in place", f64(1, math.inf), f64(1 + 1e-13, math.inf), NEAR),
    ("inf has no part in the rms", f64(math.inf, 1e-12), f64(math.inf, 2e-12), DIFF),
    ("inf to number", f64(1, math.inf), f64(1, 2), DIFF),
    ("all NaN", f64(math.nan, math.nan), f64(math.nan, math.nan), SAME),
    ("float32 near", f32(1, 2), f32(1, 2.000001), NEAR),
    ("float32 far", f32(1, 2), f32(1, 2.00002), DIFF),
    ("float16 near", f16(1, 2), f16(1, 2.001), NEAR),
    ("float16 far", f16(1, 2), f16(1, 2.02), DIFF),
    ("float16 cannot overflow", f16(60000, -60000), f16(60000, 60000), DIFF),
    ("long double", long_doubles(0.1), long_doubles(0.1), SAME),
    ("long double near", long_doubles(0.1), long_doubles(0.1 + 1e-14), NEAR),
    ("long double far", long_doubles(0.1), long_doubles(0.2), DIFF),
    ("float64 to float32", f64(1), f32(1), DIFF),
    ("byte order", f64(1), f64(1).astype(">f8"), DIFF),
    ("big-endian near", f64(1).astype(">f8"), f64(1 + 1e-13).astype(">f8"), NEAR),
    ("shape", ones((2, 3)), ones((3, 2)), DIFF),
    ("scalar to 0-d array", np.float64(1), np.array(1.0), DIFF),
    (
        "Fortran order",
        np.asfortranarray(np.arange(600.0).reshape(20, 30)),
        np.arange(600.0).reshape(20, 30),
        SAME,
    ),
    ("strides", np.arange(1200.0)[::-2], np.arange(1200.0)[::-2].copy(), SAME),
    ("empty", ones((0, 3)), ones((0, 3)), SAME),
    ("empty, shape", ones((0, 3)), ones((0, 4)), DIFF),
    ("int array", np.arange(9), np.arange(9), SAME),
    ("int array changed", np.arange(9), np.arange(9) + (np.arange(9) == 4), DIFF),
    ("uint8 wraps", np.array([0], "u1"), np.array([255], "u1"), DIFF),
    ("int64 beyond 2**53", np.array([2**62]), np.array([2**62 + 1]), DIFF),
    ("bool array", np.array([True]), np.array([False]), DIFF),
    ("times", np.array(["2026-01-01", "NaT"], "M8[s]"), np.array(["2026-01-01", "NaT"], "M8[s]"), SAME),
    ("times changed", np.array(["2026-01-01"], "M8[s]"), np.array(["2026-01-02"], "M8[s]"), DIFF),
    ("times' unit", np.array(["2026-01-01"], "M8[s]"), np.array(["2026-01-01"], "M8[ms]"), DIFF),
    ("text array", np.array(["a", "b"]), np.array(["a", "c"]), DIFF),
    ("bytes array", np.array([b"a"]), np.array([b"a"]), SAME),
    ("structured, padding", record(1.5, 2), record(1.5, 2), SAME),
    ("structured near", record(1.5, 2), record(1.5 + 1e-12, 2), NEAR),
    ("structured far", record(1.5, 2), record(1.5, 3), DIFF),
    ("void", np.array([b"ab"], "V2"), np.array([b"ac"], "V2"), DIFF),
    ("objects", objects(1, "a", None), objects(1, "a", None), SAME),
    ("objects changed", objects(1, "a", None), objects(1, "b", None), DIFF),
    ("many texts as objects", objects(*"ab" * 99), objects(*"ab" * 98, "a", "c"), DIFF),
    ("masked", masked([1, 2, 3], [False, True, False]), masked([1, 9, 3], [False, True, False]), SAME),
    (
        "masked elsewhere",
        masked([1, 2, 3], [False, True, False]),
        masked([1, 2, 3], [True, False, False]),
        DIFF,
    ),
    # torch
    ("tensor", torch.ones(3), torch.ones(3), SAME),
    ("tensor near", torch.ones(3), torch.ones(3) * (1 + 1e-6), NEAR),
    ("tensor far", torch.ones(3), torch.ones(3) * 1.001, DIFF),
    ("tensor to array", torch.ones(3), ones(3, "f4"), DIFF),
    ("tensor wants grad", torch.ones(3), torch.ones(3, requires_grad=True), DIFF),
    (
        "transposed tensor",
        torch.arange(600.0).reshape(20, 30).T,
        torch.arange(600.0).reshape(20, 30).T.clone(),
        SAME,
    ),
    ("bfloat16", bf16(1, 2), bf16(1, 2), SAME),
    ("bfloat16 near", bf16(1, 2), bf16(1, 2.016), NEAR),
    ("bfloat16 far", bf16(1, 2), bf16(1, 2.5), DIFF),
    ("bfloat16 to float16", bf16(1), torch.ones(1, dtype=torch.float16), DIFF),
    ("float8", torch.ones(3).to(torch.float8_e4m3fn), torch.ones(3).to(torch.float8_e4m3fn), SAME),
    ("float8 changed", torch.ones(3).to(torch.float8_e4m3fn), torch.zeros(3).to(torch.float8_e4m3fn), DIFF),
    ("complex32", torch.ones(3, dtype=torch.complex32), torch.ones(3, dtype=torch.complex32) * 2, DIFF),
    ("conjugate", torch.tensor([1 + 2j]).conj(), torch.tensor([1 - 2j]), SAME),
    ("sparse", coo(2.0), coo(2.0), SAME),
    ("sparse near", coo(2.0), coo(2.000001), NEAR),
    ("sparse far", coo(2.0), coo(3.0), DIFF),
    ("sparse to dense", coo(2.0), coo(2.0).to_dense(), DIFF),
    ("sparse rows", coo(2.0).to_sparse_csr(), coo(2.5).to_sparse_csr(), DIFF),
    ("meta", torch.ones(3, device="meta"), torch.ones(3, device="meta"), NOT),
    ("dtype itself", torch.float32, torch.float64, DIFF),
    ("module", linear(), linear(), SAME),
    ("module far", linear(), linear(1.0), DIFF),
    ("module's mode", linear(), linear().eval(), DIFF),
    ("optimiser, another algorithm", adam(0.1), adam(0.1, foreach=True), SAME),
    ("optimiser's rate", adam(0.1), adam(0.2), DIFF),
    ("torch.Generator", torch.Generator().manual_seed(1), torch.Generator().manual_seed(1), SAME),
    ("torch.Generator's seed", torch.Generator().manual_seed(1), torch.Generator().manual_seed(2), DIFF),
    # other libraries
    ("numpy Generator", np.random.default_rng(1), np.random.default_rng(1), SAME),
    ("numpy Generator's seed", np.random.default_rng(1), np.random.default_rng(2), DIFF),
    ("RandomState's seed", np.random.RandomState(1), np.random.RandomState(2), DIFF),
    ("Random", random.Random(1), random.Random(1), SAME),
    ("Random's seed", random.Random(1), random.Random(2), DIFF),
    ("scipy sparse", scipy.sparse.csr_array(np.eye(3)), scipy.sparse.csr_array(np.eye(3)), SAME),
    ("scipy sparse far", scipy.sparse.csr_array(np.eye(3)), scipy.sparse.csr_array(2 * np.eye(3)), DIFF),
    ("scipy format", scipy.sparse.csr_array(np.eye(3)), scipy.sparse.csc_array(np.eye(3)), DIFF),
    ("scipy coordinates", scipy.sparse.coo_array(np.eye(3)), scipy.sparse.coo_array(np.eye(3)[::-1]), DIFF),
    ("scipy keys", scipy.sparse.dok_array(np.eye(3)), scipy.sparse.dok_array(np.eye(3)), SAME),
    # containers
    ("list", [1, 2.5, "a"], [1, 2.5, "a"], SAME),
    ("list near", [1, 2.5, "a"], [1, 2.5 + 1e-12, "a"], NEAR),
    ("list, each number by itself", [1e6, 1e-12], [1e6, 2e-12], DIFF),
    ("list longer", [1, 2], [1, 2, 3], DIFF),
    ("list to tuple", [1, 2], (1, 2), DIFF),
    ("nested list", [[1.0], [[2.0]]], [[1.0], [[2.5]]], DIFF),
    ("long list", [0.5] * 1000, [0.5] * 1000, SAME),
    ("long list near", [0.5] * 1000, [0.5] * 999 + [0.5 + 1e-12], NEAR),
    ("long list far", [0.5] * 1000, [0.5] * 999 + [0.6], DIFF),
    ("long list, one int", [1.0] * 1000, [1.0] * 999 + [1], DIFF),
    ("long texts", ["a"] * 1000, ["a"] * 999 + ["a\0"], DIFF),
    ("long texts moved", ["ab", "c"] * 100, ["a", "bc"] * 100, DIFF),
    ("long huge ints", [2**70] * 100, [2**70] * 99 + [2**71], DIFF),
    ("long bools", [True] * 100, [True] * 99 + [False], DIFF),
    ("long numpy scalars", [np.float32(1)] * 100, [np.float32(1)] * 99 + [np.float32(1.000001)], NEAR),
    ("dict", {"a": 1, "b": 2}, {"b": 2, "a": 1}, SAME),
    ("dict, key missing", {"a": 1, "b": 2}, {"a": 1}, DIFF),
    ("dict, key's type", {1: "a"}, {True: "a"}, DIFF),
    ("OrderedDict", collections.OrderedDict(a=1, b=2), collections.OrderedDict(b=2, a=1), DIFF),
    ("defaultdict", collections.defaultdict(int, a=1), collections.defaultdict(int, a=1), SAME),
    ("dict to defaultdict", {"a": 1}, collections.defaultdict(int, a=1), DIFF),
    ("Counter", collections.Counter("aab"), collections.Counter("aba"), SAME),
    ("deque", collections.deque([1, 2], 5), collections.deque([1, 2], 6), DIFF),
    ("set", {1, 2, 3}, {3, 1, 2}, SAME),
    ("set changed", {1, 2, 3}, {1, 2, 4}, DIFF),
    ("set to frozenset", {1}, frozenset({1}), DIFF),
    ("set of dataclasses", {Fit(1.0), Fit(2.0)}, {Fit(2.0), Fit(1.0)}, SAME),
    ("namedtuple", Pixel(1.0, 2.0), Pixel(1.0, 2.0 + 1e-12), NEAR),
    ("namedtuple to tuple", Pixel(1.0, 2.0), (1.0, 2.0), DIFF),
    ("dataclass", Fit(1.0), Fit(1.0), SAME),
    ("dataclass near", Fit(1.0), Fit(1.0 + 1e-12), NEAR),
    ("dataclass far", Fit(1.0), Fit(1.0, "b"), DIFF),
    ("enum", Colour.RED, Colour.BLUE, DIFF),
    ("path", pathlib.PurePosixPath("a/b"), pathlib.PurePosixPath("a/c"), DIFF),
    ("datetime", moment(4), moment(4), SAME),
    ("datetime's fold", moment(4), moment(4, fold=1), DIFF),
    ("timedelta", datetime.timedelta(1), datetime.timedelta(2), DIFF),
    ("Decimal's digits", decimal.Decimal("1.0"), decimal.Decimal("1.00"), DIFF),
    ("Fraction", fractions.Fraction(1, 3), fractions.Fraction(2, 6), SAME),
    ("range", range(3), range(3), SAME),
    ("slice", slice(1, 5), slice(1, 6), DIFF),
    ("namespace", types.SimpleNamespace(a=1), types.SimpleNamespace(a=2), DIFF),
    ("instance", Plain(a=1.0), Plain(a=1.0), SAME),
    ("instance near", Plain(a=1.0), Plain(a=1.0 + 1e-12), NEAR),
    ("instance, attribute more", Plain(a=1), Plain(a=1, b=2), DIFF),
    ("slots", Slotted(1), Slotted(1), SAME),
    ("slots, private", Slotted(1, hidden=1), Slotted(1, hidden=2), DIFF),
    ("subclass of dict", table("m"), table("m"), SAME),
    ("subclass's attribute", table("m"), table("s"), DIFF),
    ("cycle", cyclic(1.0), cyclic(1.0), SAME),
    ("cycle changed", cyclic(1.0), cyclic(2.0), DIFF),
    # opaque
    ("function", len, len, NOT),
    ("lambda among numbers", [1, lambda: 0], [1, lambda: 0], NOT),
    ("lambda, and a difference", [1, lambda: 0], [2, lambda: 0], DIFF),
    ("generator", (i for i in "ab"), (i for i in "ab"), NOT),
    ("generator to list", (i for i in "ab"), ["a", "b"], DIFF),
    ("module itself", math, math, NOT),
    ("unknown", ValueError("a"), ValueError("a"), NOT),
    ("state hidden in C", OwnError("a"), OwnError("b"), NOT),
]


@pytest.mark.parametrize(
    ("baseline", "contender", "expected"), [pytest.param(b, c, v, id=name) for name, b, c, v in PAIRS]
)
def test_the_verdict_on_a_pair_of_values(
    tmp_path: Path, baseline: Any, contender: Any, expected: str
) -> None:
    found = verdict_on(tmp_path, baseline, contender)
    assert found.verdict == expected, found
    assert bool(found.reason) == (expected in {DIFF, NOT})
    if expected == NEAR:
        assert found.worst_rel is not None
        assert found.rtol is not None
        assert found.worst_rel <= found.rtol


# ---------------------------------------------------------------- classes of both sides' own


@pytest.mark.parametrize(("second_name", "expected"), [("Point", SAME), ("Dot", DIFF)])
def test_the_same_class_in_two_modules_is_the_same_by_its_name(
    tmp_path: Path, second_name: str, expected: str
) -> None:
    def made(module: str, name: str) -> Any:
        return type(name, (), {"__module__": module, "__init__": lambda self: setattr(self, "x", 1.0)})()

    assert (
        verdict_on(tmp_path, made("baselines.demo", "Point"), made("optimized.demo", second_name)).verdict
        == expected
    )


# ---------------------------------------------------------------- sentences and figures


@pytest.mark.parametrize(
    ("baseline", "contender", "reason"),
    [
        (f64(1, 2), [1.0, 2.0], "baseline is numpy.ndarray, contender builtins.list"),
        ({"w": f64(1)}, {"w": f32(1)}, "at ['w']: baseline is float64, contender float32"),
        ({"w": ones((2, 3))}, {"w": ones((3, 2))}, "at ['w']: baseline has shape (2, 3), contender (3, 2)"),
        ([1, 2], [1, 2, 3], "baseline has 2 elements, contender 3"),
        ({"a": 1}, {"b": 1}, "baseline has 'a', contender 'b'"),
        (
            dict.fromkeys(range(99), 0),
            dict.fromkeys((*range(98), 99), 0),
            "at [98]: the contender has no such value",
        ),
        ([1.0] * 99, [1.0] * 98 + [1], "baseline is all builtins.float, contender mixed"),
        (
            torch.ones(2),
            torch.ones(2, requires_grad=True),
            "baseline is torch.Tensor, contender torch.Tensor requiring grad",
        ),
        ("a", "b", "the value differs: baseline 'a', contender 'b'"),
        ({"n": 3}, {"n": 4}, "the value differs at ['n']: baseline 3, contender 4"),
        ([1, 2, 3], [1, 5, 6], "2 of 3 values differ, first at [1]: baseline 2, contender 5"),
        (["a"] * 99, ["a"] * 98 + ["b"], "1 of 99 values differs, first at [98]: baseline a, contender b"),
        (
            f64(0.5, 0.51),
            f64(0.5, 0.73),
            "1 of 2 values differs beyond the tolerance, worst at [1]: baseline 0.51, contender 0.73",
        ),
        (
            f64(1, 2),
            f64(1, math.nan),
            "1 of 2 values differs beyond the tolerance, worst at [1]: baseline 2, contender nan",
        ),
        (
            f64(1, 1),
            f64(1, 1 + 1e-8),
            "1 of 2 values differs beyond the tolerance, worst at [1]: baseline 1.0, contender 1.00000001",
        ),
    ],
)
def test_the_reason_is_one_sentence_with_the_figures(
    tmp_path: Path, baseline: Any, contender: Any, reason: str
) -> None:
    assert verdict_on(tmp_path, baseline, contender).reason == reason


def test_times_that_are_none_are_no_difference(tmp_path: Path) -> None:
    days = np.array(["2026-01-01", "NaT", "2026-01-03"], "M8[D]")
    found = verdict_on(tmp_path, days, days + np.array([0, 0, 1]))
    assert found.reason.startswith(
        "1 of 3 values differs, first at [2]: baseline 2026-01-03, contender 2026-01-04"
    )


def test_the_figures_of_a_large_difference(tmp_path: Path) -> None:
    b = np.random.default_rng(1).normal(size=(3000, 13))
    c = b.copy()
    c[12, 3] += 0.25
    c[7, 1] += 0.125
    c[2999, 12] += 1e-13
    found = verdict_on(tmp_path, b, c)
    rms = math.sqrt(np.mean(b**2))
    assert found.reason.startswith(
        "2 of 39,000 values differ beyond the tolerance, worst at [12, 3]: baseline"
    )
    assert (found.shapes, found.values, found.rtol, found.worst_at) == (
        "float64 (3000, 13)",
        39000,
        1e-9,
        "[12, 3]",
    )
    assert found.worst_abs == pytest.approx(0.25)
    assert found.worst_rel == pytest.approx(0.25 / (abs(b[12, 3]) + rms), rel=1e-12)


def test_the_rms_and_the_place_span_several_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perfkit.verify.numbers.CHUNK", 7)
    b = np.zeros(50)
    b[0], c = 100.0, np.zeros(50)
    c[0], c[33] = 100.0, 1e-6
    found = verdict_on(tmp_path, b, c)
    assert found.worst_at == "[33]"
    assert found.worst_rel == pytest.approx(1e-6 / math.sqrt(100.0**2 / 50), rel=1e-12)


def test_exact_values_are_counted_over_several_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perfkit.verify.numbers.CHUNK", 7)
    found = verdict_on(tmp_path, np.arange(50), np.arange(50) + (np.arange(50) >= 40))
    assert found.reason == "10 of 50 values differ, first at [40]: baseline 40, contender 41"


def test_an_identical_stage_has_a_difference_of_zero_only_if_it_compared_floats(tmp_path: Path) -> None:
    found = compared(tmp_path, [("f", 1.5), ("i", 3)], [("f", 1.5), ("i", 3)])
    assert (found["f"].worst_abs, found["f"].worst_rel, found["f"].values) == (0.0, 0.0, 1)
    assert (found["i"].worst_abs, found["i"].worst_rel, found["i"].values) == (None, None, 1)


def test_an_infinite_difference_is_left_to_the_reason(tmp_path: Path) -> None:
    found = verdict_on(tmp_path, f64(0, 0), f64(0, 1))
    assert (found.worst_abs, found.worst_rel, found.worst_at) == (1.0, None, "[1]")


def test_the_worst_place_is_the_one_farthest_beyond_its_own_tolerance(tmp_path: Path) -> None:
    b = {"half": f16(1, 1), "double": f64(1, 1)}
    c = {"half": f16(1, 1.001), "double": f64(1, 1.00001)}
    found = verdict_on(tmp_path, b, c)
    assert (found.worst_at, found.rtol) == ("['double'][1]", 1e-9)
    assert found.worst_rel == pytest.approx(5e-6, rel=1e-3)


def test_shapes_in_short(tmp_path: Path) -> None:
    value = {
        "weights": {"0.weight": ones((16, 13)), "0.bias": ones(16)},
        "accuracy": 0.9,
        "n": 3,
        "name": "a",
    }
    ours = [("work", value), ("once", 1.5), ("twice", ones(3)), ("twice", ones(3))]
    found = compared(tmp_path, ours, ours)
    assert found["work"].shapes == "2 arrays, 2 numbers, 1 other value"
    assert found["work"].values == 16 * 13 + 16 + 3
    assert found["once"].shapes == "1 number"
    assert found["twice"].shapes == "float64 (3,), 2 calls"


def test_a_place_is_written_as_python_would_and_names_the_call(tmp_path: Path) -> None:
    good = {"weights": {"0.weight": ones((4, 8))}}
    bad = {"weights": {"0.weight": ones((4, 8))}}
    bad["weights"]["0.weight"][3, 7] = 2
    assert verdict_on(tmp_path, good, bad).worst_at == "['weights']['0.weight'][3, 7]"
    (tmp_path / "calls").mkdir()
    found = compared(tmp_path / "calls", [("w", good)] * 4, [("w", good)] * 2 + [("w", bad), ("w", good)])[
        "w"
    ]
    assert found.worst_at == "['weights']['0.weight'][3, 7] in call 3"


# ---------------------------------------------------------------- tolerances


@pytest.mark.parametrize(
    ("options", "verdict", "rtol", "reason"),
    [
        ({}, DIFF, 1e-9, ""),
        (
            {"tolerances": {"work": Tolerance(rtol=1e-3, reason="sums in another order")}},
            NEAR,
            1e-3,
            "sums in another order",
        ),
        ({"tolerances": {"other": Tolerance(rtol=1e-3)}}, DIFF, 1e-9, ""),
        ({"tolerances": {"work": Tolerance(reason="the default will do")}}, DIFF, 1e-9, ""),
        ({"tolerances": {"work": Tolerance(rtol=1e-3, reason="loose")}, "rtol": 1e-7}, DIFF, 1e-7, ""),
        ({"rtol": 1e-3}, NEAR, 1e-3, ""),
        ({"rtol": 0.0}, DIFF, 0.0, ""),
    ],
)
def test_which_tolerance_applies(
    tmp_path: Path, options: dict[str, Any], verdict: str, rtol: float, reason: str
) -> None:
    found = verdict_on(tmp_path, f64(1, 2), f64(1, 2.0001), **options)
    assert (found.verdict, found.rtol, found.tolerance_reason) == (verdict, rtol, reason)


def test_a_tolerance_never_loosens_what_is_exact(tmp_path: Path) -> None:
    ours, theirs = [("work", [1, "a", np.arange(3)])], [("work", [2, "b", np.arange(3) + 1])]
    assert compared(tmp_path, ours, theirs, rtol=1e9)["work"].reason.startswith("5 of 5 values differ")


def test_the_result_has_a_tolerance_too(tmp_path: Path) -> None:
    found = compared(tmp_path, [("", 1.0)], [("", 1.1)], tolerances={"result": Tolerance(rtol=0.5)})
    assert found["result"].verdict == NEAR


# ---------------------------------------------------------------- stages


def test_every_stage_of_the_baseline_has_its_row_in_order_and_the_result_comes_last(tmp_path: Path) -> None:
    ours = [("b/c", 1), ("b", None), ("a", 1), ("gone", 1), ("silent", 2), ("", {"x": 1})]
    theirs = [("b/c", 1), ("b", None), ("a", 2), ("new", 1), ("talks", 1), ("", {"x": 1})]
    stages = ["b", "b/c", "a", "gone", "silent", "talks"]
    found = compared(
        tmp_path, ours, theirs, stages=stages, contender_stages=["b", "b/c", "a", "silent", "new", "talks"]
    )
    assert [(name, one.verdict, one.reason) for name, one in found.items()] == [
        ("b", NOT, "the stage returns nothing"),
        ("b/c", SAME, ""),
        ("a", DIFF, "the value differs: baseline 1, contender 2"),
        ("gone", NOT, "the contender has no stage of this name"),
        ("silent", NOT, "the contender's stage hands over no value"),
        ("talks", NOT, "the baseline's stage hands over no value"),
        ("result", SAME, ""),
    ]


def test_a_run_that_returns_nothing(tmp_path: Path) -> None:
    found = compared(tmp_path, [("", None)], [("", None)])["result"]
    assert (found.verdict, found.reason) == (NOT, "run returns nothing")


def test_another_number_of_calls_is_a_difference(tmp_path: Path) -> None:
    found = compared(tmp_path, [("work", 1.0)] * 3, [("work", 1.0)])["work"]
    assert (found.verdict, found.reason) == (DIFF, "the baseline handed over 3 values, the contender 1")


def test_a_difference_in_a_later_call_is_found_behind_an_opaque_one(tmp_path: Path) -> None:
    found = compared(tmp_path, [("work", len), ("work", 1.0)], [("work", len), ("work", 2.0)])["work"]
    assert found.verdict == DIFF
    assert "at call 2: baseline 1, contender 2" in found.reason


def test_what_one_side_cannot_read_is_not_checked(tmp_path: Path) -> None:
    readable, unreadable = {1: "a"}, {ValueError(): "a"}
    found = verdict_on(tmp_path, {"d": readable, "x": 1.0}, {"d": unreadable, "x": 1.0})
    assert (found.verdict, found.values) == (NOT, 1)
    assert (
        found.reason
        == "at ['d']: a dictionary with a key of type builtins.ValueError is not known to perfkit"
    )


# ---------------------------------------------------------------- stored arrays


@pytest.mark.parametrize(("shift", "verdict"), [(0.0, SAME), (1e-15, NOT)])
@pytest.mark.parametrize("budgets", [(100, 100), (100, 2**30), (2**30, 100)])
def test_an_array_beyond_the_budget_is_compared_by_its_digest(
    tmp_path: Path, shift: float, verdict: str, budgets: tuple[int, int]
) -> None:
    b = np.linspace(0.1, 0.9, 1000)
    found = verdict_on(tmp_path, {"x": b}, {"x": b + shift}, budgets=budgets)
    assert found.verdict == verdict
    assert found.reason == ("" if verdict == SAME else "at ['x']: too large to keep; the digests differ")


@pytest.mark.parametrize("damage", [lambda file: file.unlink(), lambda file: file.write_bytes(b"no array")])
def test_a_missing_or_damaged_array_is_an_error_and_no_verdict(
    tmp_path: Path, damage: Callable[[pathlib.Path], object]
) -> None:
    b, c = kept(tmp_path / "b", [("w", ones(500))]), kept(tmp_path / "c", [("w", ones(500) * 2)])
    damage(next(c.glob("*.npy")))
    with pytest.raises(StoreError, match="cannot be read"):
        compare(
            read(b),
            read(c),
            baseline_folder=b,
            contender_folder=c,
            tolerances={},
            stages=["w"],
            contender_stages=["w"],
        )
