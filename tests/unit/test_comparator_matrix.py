"""The comparator's matrix: of every type an equal pair, a near one where there can be, a different one."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import enum
import hashlib
import importlib.util
import random
import sqlite3
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np
import pytest
import scipy.sparse
import torch

from perfkit.verify.checkpoints import CheckpointRecorder, read
from perfkit.verify.comparator import compare

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from perfkit.model import Equivalence

    Row = tuple[Any, Any, str]

SAME, NEAR, DIFF, NOT = "identical", "equal within tolerance", "different", "not checked"

HAS_PANDAS = importlib.util.find_spec("pandas") is not None
HAS_POLARS = importlib.util.find_spec("polars") is not None


def verdict_on(tmp_path: Path, baseline: Any, contender: Any) -> Equivalence:
    sides = []
    for name, value in (("b", baseline), ("c", contender)):
        folder = tmp_path / name
        folder.mkdir()
        recorder = CheckpointRecorder(folder)
        recorder("work", value)
        recorder.save()
        sides.append(folder)
    b, c = sides
    options: dict[str, Any] = {"tolerances": {}, "stages": ["work"], "contender_stages": ["work"]}
    return compare(read(b), read(c), baseline_folder=b, contender_folder=c, **options)[0]


# ---------------------------------------------------------------- one maker a type: near 0 is exact

A = np.random.default_rng(11).normal(size=(6, 50))
PLACE = (2, int(np.argmin(abs(A[2] - 0.5))))
RTOL = {"float64": 1e-9, "float32": 1.3e-6, "float16": 1e-3, "bfloat16": 1.6e-2}
STEP = {"float64": 5e-10, "float32": 5e-7, "float16": 8e-4, "bfloat16": 8e-3}


class Shade(enum.Enum):
    DARK = 0
    LIGHT = 1


class Point(NamedTuple):
    x: float
    y: np.ndarray[Any, Any]


@dataclasses.dataclass
class Model:
    weights: np.ndarray[Any, Any]
    name: str = "m"
    child: Model | None = None


class Hostile:
    """Its own code raises whenever anyone but the reader of its attributes asks."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def _no(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("asked")

    __eq__ = __ne__ = __deepcopy__ = __copy__ = __reduce__ = __reduce_ex__ = __repr__ = __str__ = _no
    __hash__ = __bool__ = __len__ = __iter__ = __getstate__ = __array__ = __dir__ = __sizeof__ = _no


class HostileDict(dict[str, Any]):
    def _no(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("asked")

    __eq__ = __deepcopy__ = __reduce__ = __reduce_ex__ = __repr__ = __iter__ = __len__ = _no
    __hash__ = keys = values = items = __getitem__ = __contains__ = _no  # type: ignore[assignment]


class HostileArray(np.ndarray[Any, Any]):
    def _no(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("asked")

    __eq__ = __deepcopy__ = __reduce__ = __reduce_ex__ = __repr__ = __array_ufunc__ = __array_function__ = _no
    __hash__ = __getitem__ = tobytes = _no  # type: ignore[assignment]


def shifted(dtype: str, by: float) -> Any:
    """Return `A`, one of its values moved by so many steps of its dtype that its tolerance allows two."""
    values = A.copy()
    values[PLACE] += by * STEP[dtype] * (abs(values[PLACE]) + np.sqrt(np.mean(A**2)))
    return values


def tensor(dtype: str, by: float = 0.0, **options: Any) -> Any:
    kind = getattr(torch, dtype)
    made = torch.from_numpy(shifted(dtype, by)).to(kind)
    return made.requires_grad_(**options) if options else made


def module(by: float = 0.0, mode: bool = True) -> Any:
    torch.manual_seed(5)
    made = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3))
    with torch.no_grad():
        made[0].weight[1, 2] += by
    return made.train(mode)


def optimiser(kind: Any = torch.optim.Adam, rate: float = 0.1, by: float = 0.0) -> Any:
    made = module()
    found = kind(made.parameters(), lr=rate)
    (made(torch.eye(4) + by * torch.ones(4).diag(1)[:4, :4]) * torch.arange(3)).square().sum().backward()
    found.step()
    return found


def sparse(by: float = 0.0, at: int = 1) -> Any:
    made = np.zeros((5, 5))
    made[0, at], made[3, 2] = 1.0, 2.0 + by
    return made


def table(x: Any = 0.0, name: str = "x", index: Any = (1, 2, 3), **columns: Any) -> Any:
    import pandas as pd

    made = {name: [0.5, np.nan, 2.5 + x], "s": ["a", None, "c"], "n": [1, 2, 3], **columns}
    return pd.DataFrame(made, index=list(index))


def series(*values: Any, **options: Any) -> Any:
    import pandas as pd

    return pd.Series(list(values), **options)


def frame(x: float = 0.0, name: str = "x") -> Any:
    import polars as pl

    return pl.DataFrame({name: [0.5, None, 2.5 + x], "s": ["a", None, "c"]})


def nested(x: float = 0.0, key: str = "k", last: Any = "z") -> Any:
    return {
        "list": [1, (2.0, {key: [np.array([0.5, 1.5 + x]), torch.ones(2)]})],
        7: {"set": {1, 2}},
        "l": last,
    }


def twister(cls: Any, seed: int = 1, draws: int = 0) -> Any:
    made = cls(seed)
    for _ in range(draws):
        made.random()
    return made


def text_objects(*texts: Any) -> Any:
    made = np.empty(len(texts), object)
    made[:] = texts
    return made


def void(n: int, x: float, s: str = "ab") -> Any:
    return np.array([(n, x, s)] * 3, [("n", "i4"), ("x", "f8"), ("s", "U4")])


async def waiting() -> None:
    """Do nothing."""


def closed(coroutine: Any) -> Any:
    coroutine.close()
    return coroutine


ints, flags = np.arange(60).reshape(6, 10), np.arange(60) % 3 == 0
days = np.array(["2026-01-01", "NaT", "2026-03-01"], "M8[D]")

ROWS: dict[str, list[Row | Callable[[], Row]]] = {
    **{
        f"array {dtype}": [
            (A.astype(dtype), A.astype(dtype), SAME),
            (A.astype(dtype), shifted(dtype, 1).astype(dtype), NEAR),
            (A.astype(dtype), shifted(dtype, 100).astype(dtype), DIFF),
        ]
        for dtype in ("float64", "float32", "float16")
    },
    "array complex128": [
        (A + 1j, A + 1j, SAME),
        (A + 1j, shifted("float64", 1) + 1j, NEAR),
        (A + 1j, A + 1.001j, DIFF),
    ],
    "array int": [
        (ints, ints.copy(), SAME),
        (ints, ints + (ints == 59), DIFF),
        (ints, ints.astype("i4"), DIFF),
    ],
    "array bool": [(flags, flags.copy(), SAME), (flags, flags ^ (np.arange(60) == 7), DIFF)],
    "array text": [
        (np.array(["a", "bc"]),) * 2 + (SAME,),
        (np.array(["a", "bc"]), np.array(["a", "bd"]), DIFF),
    ],
    "array times": [(days, days.copy(), SAME), (days, days[::-1], DIFF)],
    "array objects": [
        (text_objects("a", 1, None), text_objects("a", 1, None), SAME),
        (text_objects("a", 1.0, None), text_objects("a", 1 + 1e-12, None), NEAR),
        (text_objects("a", 1, None), text_objects("a", 1.0, None), DIFF),
    ],
    "array layout": [
        (A, np.asfortranarray(A), SAME),
        (A, A.T, DIFF),
        (A, A.reshape(-1), DIFF),
        (A, A.astype(">f8"), DIFF),
        (A, A.tolist(), DIFF),
    ],
    "array dtype": [(A, A.astype("f4"), DIFF), (A.astype("f4"), A.astype("f2"), DIFF)],
    "array NaN": [
        (np.where(A > 1, np.nan, A), np.where(A > 1, np.nan, A), SAME),
        (np.where(A > 1, np.nan, A), np.where(A > 1, np.nan, shifted("float64", 1)), NEAR),
        (np.where(A > 1, np.nan, A), np.where(A > 1, 0, A), DIFF),
        (A, A[::-1].copy(), DIFF),
    ],
    "array small values": [
        (A * 1e-12, A * 1e-12 * (1 + 1e-12), NEAR),
        (A * 1e-12, np.zeros_like(A), DIFF),
        (A * 1e-12, A * 1e-12 * (1 + 1e-6), DIFF),
    ],
    **{
        f"tensor {dtype}": [
            (tensor(dtype), tensor(dtype), SAME),
            (tensor(dtype), tensor(dtype, 1), NEAR),
            (tensor(dtype), tensor(dtype, 100), DIFF),
        ]
        for dtype in ("float64", "float32", "float16", "bfloat16")
    },
    "tensor int": [
        (torch.arange(9), torch.arange(9), SAME),
        (torch.arange(9), torch.arange(9) + (torch.arange(9) == 4), DIFF),
        (torch.arange(9), torch.arange(9, dtype=torch.int32), DIFF),
    ],
    "tensor requires_grad": [
        (tensor("float32", requires_grad=True), tensor("float32", requires_grad=True), SAME),
        (tensor("float32", requires_grad=True), tensor("float32", 1, requires_grad=True), NEAR),
        (tensor("float32", requires_grad=True), tensor("float32"), DIFF),
    ],
    "tensor sparse": [
        (torch.from_numpy(sparse()).to_sparse(), torch.from_numpy(sparse()).to_sparse(), SAME),
        (torch.from_numpy(sparse()).to_sparse(), torch.from_numpy(sparse(1e-12)).to_sparse(), NEAR),
        (torch.from_numpy(sparse()).to_sparse(), torch.from_numpy(sparse(1)).to_sparse(), DIFF),
        (torch.from_numpy(sparse()).to_sparse(), torch.from_numpy(sparse(at=2)).to_sparse(), DIFF),
        (torch.from_numpy(sparse()).to_sparse(), torch.from_numpy(sparse()), DIFF),
    ],
    "tensor sparse rows": [
        (torch.from_numpy(sparse()).to_sparse_csr(), torch.from_numpy(sparse()).to_sparse_csr(), SAME),
        (torch.from_numpy(sparse()).to_sparse_csr(), torch.from_numpy(sparse(1e-12)).to_sparse_csr(), NEAR),
        (torch.from_numpy(sparse()).to_sparse_csr(), torch.from_numpy(sparse(1)).to_sparse_csr(), DIFF),
    ],
    "parameter": [
        (torch.nn.Parameter(tensor("float32")), torch.nn.Parameter(tensor("float32")), SAME),
        (torch.nn.Parameter(tensor("float32")), tensor("float32"), DIFF),
    ],
    "masked array": [
        (np.ma.MaskedArray(A, A > 1), np.ma.MaskedArray(np.where(A > 1, 9, A), A > 1), SAME),
        (np.ma.MaskedArray(A, A > 1), np.ma.MaskedArray(shifted("float64", 1), A > 1), NEAR),
        (np.ma.MaskedArray(A, A > 1), np.ma.MaskedArray(A + 1, A > 1), DIFF),
        (np.ma.MaskedArray(A, A > 1), np.ma.MaskedArray(A, A > 2), DIFF),
        (np.ma.MaskedArray(A, A > 99), A, DIFF),
    ],
    "structured array": [
        (void(1, 2.5), void(1, 2.5), SAME),
        (void(1, 2.5), void(1, 2.5 + 1e-12), NEAR),
        (void(1, 2.5), void(2, 2.5), DIFF),
        (void(1, 2.5), void(1, 2.6), DIFF),
        (void(1, 2.5), void(1, 2.5, "ac"), DIFF),
        (void(1, 2.5), void(1, 2.5)[["n", "x"]], DIFF),
    ],
    "scipy sparse": [
        (scipy.sparse.csr_array(sparse()), scipy.sparse.csr_array(sparse()), SAME),
        (scipy.sparse.csr_array(sparse()), scipy.sparse.csr_array(sparse(1e-12)), NEAR),
        (scipy.sparse.csr_array(sparse()), scipy.sparse.csr_array(sparse(1)), DIFF),
        (scipy.sparse.csr_array(sparse()), scipy.sparse.coo_array(sparse()), DIFF),
    ],
    "module": [(module(), module(), SAME), (module(), module(1e-7), NEAR), (module(), module(1e-2), DIFF)],
    "module's mode": [(module(), module(mode=False), DIFF)],
    "state dict": [
        (module().state_dict(), module().state_dict(), SAME),
        (module().state_dict(), module(1e-7).state_dict(), NEAR),
        (module().state_dict(), module(1e-2).state_dict(), DIFF),
        (module().state_dict(), module()[0].state_dict(), DIFF),
    ],
    "optimiser": [
        (optimiser(), optimiser(), SAME),
        (optimiser(torch.optim.SGD), optimiser(torch.optim.SGD), SAME),
        (optimiser(), optimiser(rate=0.2), DIFF),
        (optimiser(), optimiser(by=0.5), DIFF),
        (optimiser(), optimiser(torch.optim.AdamW), DIFF),
    ],
    "dataclass": [
        (Model(A, child=Model(A)), Model(A.copy(), child=Model(A)), SAME),
        (Model(A, child=Model(A)), Model(A, child=Model(shifted("float64", 1))), NEAR),
        (Model(A, child=Model(A)), Model(A, child=Model(A, "n")), DIFF),
        (Model(A, child=Model(A)), Model(A), DIFF),
    ],
    "namedtuple": [
        (Point(1.0, A), Point(1.0, A), SAME),
        (Point(1.0, A), Point(1.0 + 1e-12, A), NEAR),
        (Point(1.0, A), Point(1.0, A * 2), DIFF),
        (Point(1.0, A), (1.0, A), DIFF),
    ],
    "nested containers": [
        (nested(), nested(), SAME),
        (nested(), nested(1e-12), NEAR),
        (nested(), nested(1e-3), DIFF),
        (nested(), nested(key="j"), DIFF),
        (nested(), nested(last=[]), DIFF),
    ],
    "list and tuple": [([1, 2.5], [1, 2.5], SAME), ([1, 2.5], [1, 2.5 + 1e-12], NEAR), ([1], (1,), DIFF)],
    "long list": [
        ([0.1] * 500, [0.1] * 500, SAME),
        ([0.1] * 500, [0.1] * 499 + [0.1 + 1e-13], NEAR),
        ([0.1] * 500, [0.1] * 499 + [0.2], DIFF),
    ],
    "set": [({1, "a"}, {"a", 1}, SAME), ({1, "a"}, {1, "b"}, DIFF)],
    "dict": [({"a": 1, "b": 2}, {"b": 2, "a": 1}, SAME), ({"a": 1}, {"a": 1, "b": 2}, DIFF)],
    "ordered dict": [
        (collections.OrderedDict(a=1, b=2), collections.OrderedDict(a=1, b=2), SAME),
        (collections.OrderedDict(a=1, b=2), collections.OrderedDict(b=2, a=1), DIFF),
    ],
    "string": [("text", "text", SAME), ("text", "texts", DIFF), ("é", "e\u0301", DIFF), ("a", b"a", DIFF)],
    "long string": [("ab" * 9999, "ab" * 9999, SAME), ("ab" * 9999, "ab" * 9998 + "ac", DIFF)],
    "number": [(1.5, 1.5, SAME), (1.5, 1.5 + 1e-12, NEAR), (1.5, 1.6, DIFF), (1, 1.0, DIFF), (True, 1, DIFF)],
    "enumeration": [(Shade.DARK, Shade.DARK, SAME), (Shade.DARK, Shade.LIGHT, DIFF), (Shade.DARK, 0, DIFF)],
    "random.Random": [
        (twister(random.Random), twister(random.Random), SAME),
        (twister(random.Random), twister(random.Random, draws=1), DIFF),
        (twister(random.Random), twister(random.Random, seed=2), DIFF),
    ],
    "numpy Generator": [
        (twister(np.random.default_rng), twister(np.random.default_rng), SAME),
        (twister(np.random.default_rng), twister(np.random.default_rng, draws=1), DIFF),
        (np.random.Generator(np.random.PCG64(1)), np.random.Generator(np.random.MT19937(1)), DIFF),
    ],
    "numpy RandomState": [
        (twister(np.random.RandomState), twister(np.random.RandomState), SAME),
        (twister(np.random.RandomState), twister(np.random.RandomState, draws=1), DIFF),
    ],
    "torch Generator": [
        (torch.Generator().manual_seed(1), torch.Generator().manual_seed(1), SAME),
        (torch.Generator().manual_seed(1), torch.Generator().manual_seed(2), DIFF),
    ],
    "lazy": [
        ((i for i in "ab"), (i for i in "ab"), NOT),
        ((i for i in "ab"), ["a", "b"], DIFF),
        (map(str, "ab"), map(str, "ab"), NOT),
        (zip("a", "b", strict=True), zip("a", "b", strict=True), NOT),
        (iter("ab"), iter("ab"), NOT),
        (closed(waiting()), closed(waiting()), NOT),
        ([1.0, map(str, "ab")], [1.0, map(str, "ab")], NOT),
        ([1.0, map(str, "ab")], [2.0, map(str, "ab")], DIFF),
    ],
    "unknown to perfkit": [
        (msgspec.json.Encoder(), msgspec.json.Encoder(), NOT),
        (hashlib.sha256(b"a"), hashlib.sha256(b"a"), NOT),
        (zlib.compressobj(), zlib.compressobj(), NOT),
        (ValueError("a"), ValueError("b"), NOT),
        (ValueError("a"), KeyError("a"), DIFF),
        ({"x": A, "u": hashlib.sha256()}, {"x": A, "u": hashlib.sha256()}, NOT),
        ({"x": A, "u": hashlib.sha256()}, {"x": A + 1, "u": hashlib.sha256()}, DIFF),
    ],
    "hostile instance": [
        (Hostile(A), Hostile(A), SAME),
        (Hostile(A), Hostile(shifted("float64", 1)), NEAR),
        (Hostile(A), Hostile(A + 1), DIFF),
        (Hostile(Hostile(1)), Hostile(Hostile(2)), DIFF),
    ],
    "hostile dict": [
        (HostileDict(a=A), HostileDict(a=A), SAME),
        (HostileDict(a=A), HostileDict(a=A + 1), DIFF),
        (HostileDict(a=A), HostileDict(b=A), DIFF),
    ],
    "hostile array": [
        (A.view(HostileArray), A.copy().view(HostileArray), SAME),
        (A.view(HostileArray), (A + 1).view(HostileArray), DIFF),
        (A.view(HostileArray), A, DIFF),
    ],
    "DataFrame": [
        lambda: (table(), table(), SAME),
        lambda: (table(), table(1e-12), NEAR),
        lambda: (table(), table(1e-3), DIFF),
        lambda: (table(), table(name="y"), DIFF),
        lambda: (table(), table(index=(1, 2, 4)), DIFF),
        lambda: (table(), table(s=["a", "b", "c"]), DIFF),
        lambda: (table(), table(n=[1, 2, 4]), DIFF),
        lambda: (table(), table(n=[1.0, 2.0, 3.0]), DIFF),
        lambda: (table(), table()[["n", "s", "x"]], DIFF),
        lambda: (table(), table().iloc[:2], DIFF),
    ],
    "Series": [
        lambda: (series(1.5, 2.5), series(1.5, 2.5), SAME),
        lambda: (series(1.5, 2.5), series(1.5, 2.5 + 1e-12), NEAR),
        lambda: (series(1.5, 2.5), series(1.5, 2.6), DIFF),
        lambda: (series(1.5, name="a"), series(1.5, name="b"), DIFF),
        lambda: (series(1, 2), series(1, 2, dtype="Int64"), DIFF),
        lambda: (series(1, None, dtype="Int64"), series(1, None, dtype="Int64"), SAME),
        lambda: (series(1, None, dtype="Int64"), series(1, 0, dtype="Int64"), DIFF),
        lambda: (series("a", "b", dtype="category"), series("a", "b", dtype="category"), SAME),
        lambda: (series("a", "b", dtype="category"), series("b", "a", dtype="category"), DIFF),
        lambda: (series("a", "b"), series("a", "c"), DIFF),
    ],
    "polars": [
        lambda: (frame(), frame(), SAME),
        lambda: (frame(), frame(1e-12), NEAR),
        lambda: (frame(), frame(1e-3), DIFF),
        lambda: (frame(), frame(name="y"), DIFF),
        lambda: (frame().lazy(), frame().lazy(), NOT),
    ],
}

WITHOUT = {"DataFrame": HAS_PANDAS, "Series": HAS_PANDAS, "polars": HAS_POLARS}
PAIRS = [
    pytest.param(
        row,
        id=f"{name}: {row[2] if isinstance(row, tuple) else ''}{i}",
        marks=pytest.mark.skipif(not WITHOUT.get(name, True), reason="the library is not installed"),
    )
    for name, rows in ROWS.items()
    for i, row in enumerate(rows)
]


def test_the_matrix_has_sixty_pairs_without_any_optional_library() -> None:
    assert sum(len(rows) for name, rows in ROWS.items() if name not in WITHOUT) >= 60


@pytest.mark.parametrize("row", PAIRS)
def test_every_pair_gets_its_verdict(tmp_path: Path, row: Any) -> None:
    baseline, contender, expected = row() if callable(row) else row
    found = verdict_on(tmp_path, baseline, contender)
    assert found.verdict == expected, found
    assert bool(found.reason) == (expected in {DIFF, NOT})
    if expected == NEAR:
        assert found.worst_rel is not None
        assert 0 < found.worst_rel <= found.rtol  # type: ignore[operator]


@pytest.mark.parametrize("name", RTOL)
def test_each_precision_has_its_own_tolerance(tmp_path: Path, name: str) -> None:
    assert verdict_on(tmp_path, tensor(name), tensor(name, 1)).rtol == RTOL[name]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (hashlib.sha256(), "type _hashlib.HASH is not known to perfkit"),
        (zlib.compressobj(), "type zlib.Compress is not known to perfkit"),
        (sqlite3.connect(":memory:"), "type sqlite3.Connection is not known to perfkit"),
        (
            [1, {"a": msgspec.json.Encoder()}],
            "at [1]['a']: type msgspec.json.Encoder is not known to perfkit",
        ),
        ((i for i in "ab"), "lazy: generator is not consumed to be compared"),
        ({"k": map(str, "a")}, "at ['k']: lazy: map is not consumed to be compared"),
        (asyncio.Queue().get(), "lazy: coroutine is not consumed to be compared"),
    ],
)
def test_what_cannot_be_compared_is_named_with_its_place(tmp_path: Path, value: Any, reason: str) -> None:
    found = verdict_on(tmp_path, value, value)
    assert (found.verdict, found.reason) == (NOT, reason)
    getattr(value, "close", lambda: None)()


class Hidden(sqlite3.Connection):
    """A class of one's own on top of one made in C, whose state no attribute shows."""


def test_a_class_on_top_of_one_made_in_c_is_not_taken_for_a_plain_one(tmp_path: Path) -> None:
    found = verdict_on(tmp_path, Hidden(":memory:"), Hidden(":memory:"))
    assert (found.verdict, found.reason) == (NOT, "type Hidden is not known to perfkit")
