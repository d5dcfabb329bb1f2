"""What the recorder keeps of a value, when, and what it leaves alone."""

from __future__ import annotations

import asyncio
import concurrent.futures
import io
import math
import os
import subprocess
import sys
import threading
import types
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
import torch

from perfkit.errors import StoreError
from perfkit.markers import Recorder, stage
from perfkit.verify import arrays, checkpoints, walk
from perfkit.verify.checkpoints import CheckpointRecorder, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from perfkit.model import Leaf


def leaves(folder: Path, value: Any, **options: Any) -> tuple[Leaf, ...]:
    recorder = CheckpointRecorder(folder, **options)
    recorder("work", value)
    recorder.save()
    return read(folder)[0].leaves


def numbers(folder: Path, leaf: Leaf) -> list[Any]:
    found = arrays.load(leaf, folder)
    assert found is not None
    return found.tolist()


# ---------------------------------------------------------------- the recorder


def test_a_value_is_kept_as_it_was_when_it_was_handed_over(tmp_path: Path) -> None:
    big, tensor = np.zeros(1000), torch.zeros(1000)
    value: dict[str, Any] = {
        "big": big,
        "small": np.zeros(2),
        "tensor": tensor,
        "list": [1, 2],
        "inner": {"a": 1},
    }
    recorder = CheckpointRecorder(tmp_path)
    recorder("work", value)
    big += 1
    tensor += 1
    value["small"][0] = 7
    value["list"].append(3)
    value["inner"]["a"] = 2
    recorder("work", value)
    recorder.save()
    first, second = read(tmp_path)
    before = {leaf.path: leaf for leaf in first.leaves}
    after = {leaf.path: leaf for leaf in second.leaves}
    assert numbers(tmp_path, before["['big']"]) == [0.0] * 1000
    assert numbers(tmp_path, before["['tensor']"]) == [0.0] * 1000
    assert numbers(tmp_path, after["['big']"]) == [1.0] * 1000
    assert numbers(tmp_path, before["['small']"]) == [0.0, 0.0]
    assert (before["['list']"].shape, after["['list']"].shape) == ((2,), (3,))
    assert (before["['inner']['a']"].text, after["['inner']['a']"].text) == ("1", "2")


def test_occurrences_count_from_zero_for_each_stage(tmp_path: Path) -> None:
    recorder = CheckpointRecorder(tmp_path)
    for path in ("a", "b", "a", "", "a"):
        recorder(path, None)
    recorder.save()
    assert [(one.stage, one.occurrence) for one in read(tmp_path)] == [
        ("a", 0),
        ("b", 0),
        ("a", 1),
        ("", 0),
        ("a", 2),
    ]


def test_it_serves_the_markers(tmp_path: Path) -> None:
    keep = CheckpointRecorder(tmp_path)
    recorder = Recorder(keep)

    @stage("inner")
    def inner() -> list[float]:
        return [1.5]

    recorder.start()
    try:
        with stage("outer") as block:
            block.checkpoint(inner())
    finally:
        recorder.stop()
    keep.save()
    assert [one.stage for one in read(tmp_path)] == ["outer/inner", "outer"]


def test_threads_lose_nothing(tmp_path: Path) -> None:
    recorder = CheckpointRecorder(tmp_path)

    def work(k: int) -> None:
        for i in range(50):
            recorder("work", np.full(100, float(100 * k + i)))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    recorder.save()
    found = read(tmp_path)
    assert sorted(one.occurrence for one in found) == list(range(200))
    assert len({one.leaves[0].digest for one in found}) == 200
    assert len({one.leaves[0].file for one in found}) == 200


def test_a_stage_inside_the_values_own_code_is_no_checkpoint(tmp_path: Path) -> None:
    keep = CheckpointRecorder(tmp_path)

    class Model(torch.nn.Module):
        def state_dict(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
            keep("surprise", 1)
            return {"w": torch.ones(2)}

    keep("work", Model())
    keep.save()
    assert [one.stage for one in read(tmp_path)] == ["work"]


def test_a_full_disk_is_an_error_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = CheckpointRecorder(tmp_path / "gone")
    with pytest.raises(FileNotFoundError):
        recorder("work", {"x": [np.zeros(1000)]})
    with pytest.raises(FileNotFoundError):
        recorder.save()
    (tmp_path / "gone").mkdir()
    recorder("work", np.ones(1000))  # it goes on once there is room
    recorder.save()
    assert len(read(tmp_path / "gone")) == 1


@pytest.mark.parametrize("content", [None, b"[{", b'[{"stage": 3}]'])
def test_a_damaged_list_of_checkpoints_is_a_store_error(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "checkpoints.json").write_bytes(content)
    with pytest.raises(StoreError, match="cannot be read"):
        read(tmp_path)


# ---------------------------------------------------------------- arrays


def test_the_budget_holds_for_the_whole_run(tmp_path: Path) -> None:
    recorder = CheckpointRecorder(tmp_path, budget_bytes=2 * 8000 + 4000)
    for i in range(3):
        recorder("work", np.full(1000, float(i)))
    recorder("work", np.full(1000, 0.0))  # stored already: costs nothing
    recorder("work", np.full(500, 5.0))
    recorder("work", np.full(100, 5.0))
    recorder("work", np.full(10, 5.0))  # small: kept in the list itself
    recorder.save()
    found = [one.leaves[0] for one in read(tmp_path)]
    assert [(bool(leaf.file), leaf.sampled) for leaf in found] == [
        (True, False),
        (True, False),
        (True, True),
        (True, False),
        (True, False),
        (False, False),
        (False, False),
    ]
    assert found[0].file == found[3].file
    assert all(leaf.digest for leaf in found)
    assert numbers(tmp_path, found[2]) == [2.0] * 62
    assert arrays.load(found[5], tmp_path) is None
    assert numbers(tmp_path, found[6]) == [5.0] * 10
    files = {leaf.file for leaf in found if leaf.file and not leaf.sampled}
    assert sum(np.load(tmp_path / file).nbytes for file in files) == 2 * 8000 + 4000


def test_the_digest_is_that_of_the_bytes_in_c_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "_PIECE_BYTES", 1000)
    base = np.random.default_rng(1).normal(size=(40, 50))
    views = [
        base,
        np.asfortranarray(base),
        np.repeat(base, 2, axis=1)[:, ::2],
        base[::-1][::-1],
        base.T.copy().T,
    ]
    reversed_ = base[::-1, ::-1]
    assert len({arrays.digest_of(one) for one in views}) == 1
    assert arrays.digest_of(reversed_) == arrays.digest_of(reversed_.copy()) != arrays.digest_of(base)
    for leaf, view in zip(leaves(tmp_path, tuple(views))[1:], views, strict=True):
        assert numbers(tmp_path, leaf) == view.reshape(-1).tolist()


def test_a_stored_array_needs_no_pickle_and_keeps_its_dtype(tmp_path: Path) -> None:
    value = [np.arange(100, dtype=kind) for kind in ("i2", ">f4", "c16", "m8[ns]", "u8")]
    value += [np.array(["ab", "c"] * 50), np.array([b"ab"] * 200), np.zeros((50, 0)), np.zeros(100, "V3")]
    for leaf, array in zip(leaves(tmp_path, value)[1:], value, strict=True):
        assert leaf.shape == array.shape
        if leaf.file:
            stored = np.load(tmp_path / leaf.file, allow_pickle=False)
            assert stored.dtype == array.dtype
            assert stored.tobytes() == array.tobytes()


def test_bfloat16_keeps_its_bits_and_its_name(tmp_path: Path) -> None:
    (leaf,) = leaves(tmp_path, torch.tensor([1.0, -2.0], dtype=torch.bfloat16))
    assert (leaf.type, leaf.dtype, leaf.shape) == ("torch.Tensor", "bfloat16", (2,))
    assert numbers(tmp_path, leaf) == [0x3F80, 0xC000]


# ---------------------------------------------------------------- types


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([], "builtins.list"),
        (np.zeros(2), "numpy.ndarray"),
        (np.float32(1), "numpy.float32"),
        (torch.zeros(2), "torch.Tensor"),
        (torch.nn.Parameter(torch.zeros(2)), "torch.nn.parameter.Parameter requiring grad"),
        (types.SimpleNamespace(), "types.SimpleNamespace"),
        (msgspec.UNSET, "msgspec.UnsetType"),
    ],
)
def test_the_exact_type_is_recorded(tmp_path: Path, value: Any, expected: str) -> None:
    assert leaves(tmp_path, value)[0].type == expected


def test_a_users_class_goes_by_its_name_without_a_module(tmp_path: Path) -> None:
    made = type("Point", (), {"__module__": "optimized.demo"})()
    assert leaves(tmp_path, made)[0].type == "Point"


# ---------------------------------------------------------------- structure


def test_paths_are_written_as_python_would(tmp_path: Path) -> None:
    value = {
        "a b": [1, {2: (3,)}],
        None: {1.5},
        ("k", 1): types.SimpleNamespace(x=np.zeros(3, [("f", "f4")])),
    }
    paths = {leaf.path for leaf in leaves(tmp_path, value)}
    assert {"", "['a b']", "['a b'][0]", "['a b'][1][2][0]", "[None]", "[('k', 1)].x['f']"} <= paths


def test_a_cycle_ends_in_a_reference_back(tmp_path: Path) -> None:
    value: dict[str, Any] = {"inner": [1]}
    value["inner"].append(value)
    value["inner"].append(value["inner"])
    found = {leaf.path: leaf.text for leaf in leaves(tmp_path, value)}
    assert found["['inner'][1]"] == "the object at the top"
    assert found["['inner'][2]"] == "the object at ['inner']"


def test_shared_objects_are_no_cycle(tmp_path: Path) -> None:
    shared = [1]
    found = leaves(tmp_path, [shared, shared])
    assert [leaf.path for leaf in found] == ["", "[0]", "[0][0]", "[1]", "[1][0]"]


def test_depth_is_no_matter_of_recursion_and_has_its_end(tmp_path: Path) -> None:
    value: list[Any] = [1.5]
    for _ in range(900):
        value = [value]
    assert leaves(tmp_path, value)[-1].kind == "array"
    for _ in range(200):
        value = [value]
    (tmp_path / "deeper").mkdir()
    assert leaves(tmp_path / "deeper", value)[-1].text == "nested deeper than 1000 levels"


@pytest.mark.parametrize(
    ("element", "dtype"),
    [(1.5, "float64"), (True, "bool"), (3, "int64"), ("ab", "str"), (2**80, "int"), (1j, "complex128")],
)
def test_a_huge_list_is_one_array(tmp_path: Path, element: Any, dtype: str) -> None:
    found = leaves(tmp_path, {"x": [element] * 200_000})
    assert [(leaf.path, leaf.kind, leaf.dtype) for leaf in found[2:]] == [("['x']", "array", dtype)]
    assert (found[2].type, found[2].shape) == (f"builtins.{type(element).__name__}", (200_000,))


def test_packed_texts_come_back_whole() -> None:
    texts = ["", "a\0", "é", "\ud800", "x" * 100]
    packed = arrays.pack_texts(texts)
    assert [one.decode("utf-8", "surrogatepass") for one in arrays.unpack_texts(packed, (5,))] == texts
    assert arrays.unpack_texts(arrays.pack_texts([]), (0,)) == []


def test_too_many_leaves_are_not_kept_and_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "MAX_LEAVES", 10)
    recorder = CheckpointRecorder(tmp_path)
    recorder("work", [[[i]] for i in range(100)])
    recorder("more", 1)
    recorder.save()
    first, second = read(tmp_path)
    assert len(first.leaves) == 11
    assert first.leaves[-1].kind == second.leaves[0].kind == "opaque"
    assert "too many values" in second.leaves[0].text


# ---------------------------------------------------------------- what is left alone


async def coroutine() -> None:
    """Do nothing."""


class Countdown:
    def __init__(self) -> None:
        self.left = 3

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        self.left -= 1
        return self.left


def test_iterators_are_never_consumed(tmp_path: Path) -> None:
    seen = []
    lazies: list[Any] = [
        (seen.append(i) for i in range(3)),
        map(seen.append, [1]),
        zip([1], [2], strict=True),
    ]
    lazies += [iter([1]), Countdown(), enumerate("ab"), io.StringIO("text")]
    found = leaves(tmp_path, lazies)
    assert {leaf.kind for leaf in found[1:]} == {"opaque"}
    assert all(leaf.text.startswith("lazy: ") for leaf in found[1:-1])
    assert (seen, lazies[4].left, next(lazies[3]), lazies[6].read()) == ([], 3, 1, "text")


def test_awaitables_are_never_awaited(tmp_path: Path) -> None:
    waiting = coroutine()
    loop = asyncio.new_event_loop()
    found = leaves(tmp_path, [waiting, loop.create_future(), concurrent.futures.Future()])
    waiting.close()
    loop.close()
    assert all(leaf.kind == "opaque" and leaf.text.startswith("lazy: ") for leaf in found[1:])


@pytest.mark.parametrize(
    "value", [threading.Lock(), threading.RLock(), len, math, [].append, io.BytesIO(b"a")]
)
def test_what_holds_no_output_is_opaque_with_a_reason(tmp_path: Path, value: Any) -> None:
    (leaf,) = leaves(tmp_path, value)
    assert leaf.kind == "opaque"
    assert leaf.text
    assert "not known" not in leaf.text


def test_an_unknown_type_says_so(tmp_path: Path) -> None:
    (leaf,) = leaves(tmp_path, msgspec.json.Encoder())
    assert leaf.text == "type msgspec.json.Encoder is not known to perfkit"


class Broken(dict[str, int]):
    """Everything that user code can do to a reader."""

    def __eq__(self, other: object) -> bool:
        raise AssertionError

    def __hash__(self) -> int:
        raise AssertionError

    def __repr__(self) -> str:
        raise AssertionError

    def __iter__(self) -> Iterator[str]:
        raise AssertionError

    def __len__(self) -> int:
        raise AssertionError

    def items(self) -> Any:
        raise AssertionError


def test_a_values_own_methods_are_not_asked(tmp_path: Path) -> None:
    found = leaves(tmp_path, Broken(a=1))
    assert [(leaf.path, leaf.kind) for leaf in found] == [("", "exact"), ("['a']", "exact")]


def test_a_value_that_cannot_be_read_is_opaque_and_the_rest_is_kept(tmp_path: Path) -> None:
    class Model(torch.nn.Module):
        def state_dict(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
            raise OSError("the weights \ud800 are gone")

    found = {leaf.path: leaf for leaf in leaves(tmp_path, [1, Model(), 2])}
    assert found["[1]"].kind == "opaque"
    assert found["[1]"].text.startswith("could not be read: OSError: the weights")
    assert found["[2]"].text == "2"


def test_hash_order_has_no_part_in_what_is_kept(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib; from perfkit.verify.checkpoints import CheckpointRecorder\n"
        "keep = CheckpointRecorder(pathlib.Path(sys.argv[1]))\n"
        "keep('w', {'s': set('abcdefgh'), 'd': {k: 1 for k in set('abcdefgh')}})\nkeep.save()"
    )
    kept = []
    for seed in ("1", "2"):
        (tmp_path / seed).mkdir()
        command = [sys.executable, "-c", script, str(tmp_path / seed)]
        subprocess.run(
            command, check=True, env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(filter(None, sys.path))}
        )
        kept.append(read(tmp_path / seed))
    assert kept[0] == kept[1]


def test_no_library_is_imported_for_the_pipeline() -> None:
    script = (
        "import sys, perfkit.verify.checkpoints\n"
        "sys.exit(bool({'torch', 'pandas', 'scipy'} & set(sys.modules)))"
    )
    environment = {"PYTHONPATH": ":".join(filter(None, sys.path))}
    assert subprocess.run([sys.executable, "-c", script], check=False, env=environment).returncode == 0


# ---------------------------------------------------------------- pandas, which is not installed


class _Column:
    def __init__(self, values: list[Any], dtype: str = "Int64") -> None:
        self.values, self.dtype = np.array(values, dtype=object), dtype

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, which: Any) -> _Column | Any:
        return _Column(self.values[which].tolist(), self.dtype)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        return self.values

    def isna(self) -> Any:
        return np.array([one is None for one in self.values])


def as_pandas(name: str, base: type) -> Any:
    return type(name, (base,), {"__module__": "pandas.core", "__qualname__": name})


def test_a_pandas_column_is_told_by_what_is_there_and_what_is_missing(tmp_path: Path) -> None:
    column = as_pandas("ExtensionArray", _Column)([1, None, 3])
    found = {leaf.path: leaf for leaf in leaves(tmp_path, column)}
    assert numbers(tmp_path, found[".isna()"]) == [False, True, False]
    assert found[".missing[0]"].text == "'builtins.NoneType'"
    assert [found[f".dropna()[{i}]"].text for i in (0, 1)] == ["1", "3"]
    assert found[""].dtype == "Int64"


def test_the_words_for_keys_are_complete() -> None:
    keys = [
        1,
        True,
        1.0,
        "1",
        b"1",
        None,
        (1,),
        (1, "a"),
        np.int64(1),
        np.float32(1),
        frozenset({1}),
        10**5000,
    ]
    assert len({walk.canonical(key) for key in keys}) == len(keys)


def test_a_list_of_records_is_kept_by_column(tmp_path: Path) -> None:
    recorder = CheckpointRecorder(tmp_path)
    recorder("dicts", [{"b": float(i), "a": i} for i in range(100)])
    recorder("mixed", [{"a": i if i else "0"} for i in range(100)])
    recorder("other", [{"a": 1} if i else {"b": 1} for i in range(100)])
    recorder.save()
    dicts, mixed, other = read(tmp_path)
    assert [leaf.path for leaf in dicts.leaves] == ["", "[:]['a']", "[:]['b']"]
    assert dicts.leaves[0].dtype == "all builtins.dict"
    assert mixed.leaves[1].dtype == "mixed"
    assert other.leaves[0].dtype == "mixed"
    assert len(other.leaves) == 201


def test_a_forked_process_keeps_nothing(tmp_path: Path) -> None:
    record = CheckpointRecorder(tmp_path)
    record("main", np.arange(300))
    child = os.fork()
    if child == 0:
        status = 1
        try:
            record("main", np.arange(400))
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    record("main", np.arange(500))  # into a file that the fork has not made
    assert len(record.checkpoints) == 2
    assert len(list(tmp_path.glob("*.npy"))) == 2
