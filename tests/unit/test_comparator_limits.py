"""What happens at the edges of a comparison: too large for the budget or the disk, of a declared dtype."""

from __future__ import annotations

import errno
import math
import shutil
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
import torch

from perfkit.model import Summary, Tolerance
from perfkit.verify import arrays, samples
from perfkit.verify.checkpoints import CheckpointRecorder, read
from perfkit.verify.comparator import compare
from perfkit.verify.summary import summarise

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.model import Checkpoint, Equivalence

SAME, NEAR, DIFF, NOT = "identical", "equal within tolerance", "different", "not checked"
WHOLE = 2**30


def recorded(folder: Path, value: Any, budget: int = WHOLE) -> tuple[Checkpoint, ...]:
    folder.mkdir(parents=True)
    recorder = CheckpointRecorder(folder, budget_bytes=budget)
    recorder("work", value)
    recorder.save()
    return read(folder)


def verdict_on(
    tmp_path: Path,
    baseline: Any,
    contender: Any,
    *,
    budgets: tuple[int, int] = (WHOLE, WHOLE),
    tolerance: Tolerance | None = None,
) -> Equivalence:
    b, c = tmp_path / "b", tmp_path / "c"
    sides = recorded(b, baseline, budgets[0]), recorded(c, contender, budgets[1])
    found = compare(
        *sides,
        baseline_folder=b,
        contender_folder=c,
        tolerances={"work": tolerance} if tolerance else {},
        stages=["work"],
        contender_stages=["work"],
    )
    return found[0]


# ---------------------------------------------------------------- samples


@pytest.mark.parametrize(("size", "count"), [(160, 10), (1024, 64), (10**6, 62_500), (2**31 + 7, 1 << 20)])
def test_a_sample_is_spread_over_all_and_has_both_ends_and_nothing_twice(size: int, count: int) -> None:
    places = samples.positions(size, samples.count_for(size))
    assert places.size == count
    assert list(places[:2]) == [0, size - 1]
    ordered = np.sort(places)
    assert np.diff(ordered).min() > 0
    assert np.diff(ordered).max() < 4 * size / count


def test_a_sample_meets_every_column_of_a_matrix() -> None:
    places = samples.positions(4096 * 1024, samples.count_for(4096 * 1024))
    hits = np.bincount(places % 1024, minlength=1024)
    assert hits.min() > 0.8 * places.size / 1024


def test_a_smaller_samples_places_are_the_first_of_a_larger_ones() -> None:
    large = samples.positions(10**6, 50_000)
    assert np.array_equal(samples.positions(10**6, 1000), large[:1000])


def test_a_sample_of_a_strided_array_is_the_same_as_of_its_copy() -> None:
    strided = np.random.default_rng(1).normal(size=(200, 300)).T[::2]
    one, other = samples.take(strided, 900), samples.take(strided.copy(), 900)
    assert one is not None
    assert np.array_equal(one, other)  # type: ignore[arg-type]


BIG = np.random.default_rng(7).normal(size=(400, 250))
SMALL_BUDGET = 200_000  # of its 800,000 bytes


def with_change(place: tuple[int, int], by: float) -> Any:
    changed = BIG.copy()
    changed[place] += by
    return changed


@pytest.mark.parametrize("budgets", [(SMALL_BUDGET, SMALL_BUDGET), (SMALL_BUDGET, WHOLE), (WHOLE, 150_000)])
@pytest.mark.parametrize(
    ("contender", "verdict", "reason"),
    [
        (BIG.copy(), SAME, ""),
        (BIG * (1 + 1e-13), NOT, "sampled: {n} of 100,000 values compared, none beyond the tolerance"),
        (with_change((0, 1), 1.0), NOT, "sampled: {n} of 100,000 values compared, none beyond the tolerance"),
        (
            with_change((399, 249), 1.0),
            DIFF,
            "1 of {n} values differs beyond the tolerance, worst at [399, 249]",
        ),
        (BIG * 1.01, DIFF, "{n} of {n} values differ beyond the tolerance"),
        (np.where(BIG[0, 1] == BIG, math.nan, BIG), DIFF, "0 of 100,000 baseline values are NaN, 1 of"),
        (np.where(BIG[0, 1] == BIG, math.inf, BIG), DIFF, "0 of 100,000 baseline values are infinite, 1 of"),
    ],
    ids=["same bits", "near", "far between", "far at the end", "far", "NaN", "inf"],
)
def test_a_sample_may_find_a_difference_but_never_equality(
    tmp_path: Path, budgets: tuple[int, int], contender: Any, verdict: str, reason: str
) -> None:
    found = verdict_on(tmp_path, BIG, contender, budgets=budgets)
    assert found.verdict == verdict, found
    n = min(samples.count_for(BIG.size), min(budgets) // 8 // 4 // 8)
    assert found.reason.startswith(reason.format(n=f"{n:,}"))
    if verdict != SAME and "baseline values" not in reason:
        assert found.values == n
        assert ("a sample was compared" in found.reason) == (verdict == DIFF)


def test_a_sample_is_judged_by_the_rms_of_the_whole(tmp_path: Path) -> None:
    b = np.full(100_000, 1e-12)
    places = samples.positions(b.size, 781)
    b[~np.isin(np.arange(b.size), places)] = 1.0
    found = verdict_on(tmp_path, b, b * np.where(b < 1, 1 + 1e-3, 1), budgets=(SMALL_BUDGET, SMALL_BUDGET))
    assert found.verdict == NOT


@pytest.mark.parametrize(
    ("baseline", "contender", "reason"),
    [
        (np.arange(100_000), np.arange(100_000) + 1, "781 of 781 values differ, first at [0]"),
        (
            np.arange(100_000),
            np.arange(100_000) + (np.arange(100_000) == 1),
            "too large to keep whole: the digests of 100,000 exact values differ, though none of 781 sampled",
        ),
        (
            ["a"] * 60_000,
            ["a"] * 59_999 + ["b"],
            "too large to keep whole: the digests of 60,000 exact values differ",
        ),
    ],
    ids=["integers", "one integer", "texts"],
)
def test_exact_values_whose_digests_differ_are_different_however_large(
    tmp_path: Path, baseline: Any, contender: Any, reason: str
) -> None:
    found = verdict_on(tmp_path, baseline, contender, budgets=(SMALL_BUDGET, SMALL_BUDGET))
    assert found.verdict == DIFF
    assert found.reason.startswith(reason)


# ---------------------------------------------------------------- the disk


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.mark.parametrize(
    ("spare", "file", "sampled"),
    [(800_000, True, False), (799_999, True, True), (50_000, True, True), (-1, False, False)],
)
def test_what_the_disk_cannot_hold_is_sampled_or_digested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spare: int, file: bool, sampled: bool
) -> None:
    free = arrays._RESERVE_BYTES + spare
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free, 0, free))
    (leaf,) = recorded(tmp_path / "b", BIG)[0].leaves
    assert (bool(leaf.file), leaf.sampled) == (file, sampled)
    assert leaf.digest == arrays.digest_of(BIG)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_disk_that_is_full_without_telling_leaves_no_half_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    write = arrays._write

    def full(array: Any, path: Path) -> None:
        write(array, path)
        if array.size == BIG.size:
            raise OSError(code, "no")

    monkeypatch.setattr(arrays, "_write", full)
    leaves = recorded(tmp_path / "b", [BIG, BIG + 1, np.ones(1000)])[0].leaves
    assert [leaf.sampled for leaf in leaves[1:]] == [True, True, False]
    assert {file.name for file in (tmp_path / "b").glob("*.npy")} == {leaf.file for leaf in leaves[1:]}
    kept = arrays.load(leaves[3], tmp_path / "b")
    assert kept is not None
    assert kept.tolist() == [1.0] * 1000


def test_another_error_of_writing_is_an_error_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(array: Any, path: Path) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(arrays, "_write", broken)
    with pytest.raises(OSError, match="broken"):
        recorded(tmp_path / "b", BIG)


# ---------------------------------------------------------------- summaries

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("array", "dtype", "expected"),
    [
        (np.array([3.0, -4.0]), "float64", Summary(minimum=-4.0, maximum=3.0, rms=math.sqrt(12.5))),
        (np.array([[3, -4]]), "int64", Summary(minimum=-4.0, maximum=3.0, rms=math.sqrt(12.5))),
        (np.array([True, False, True, False]), "bool", Summary(minimum=0.0, maximum=1.0, rms=math.sqrt(0.5))),
        (
            np.array([3, NAN, -4, INF, -INF], "f4"),
            "float32",
            Summary(minimum=-4.0, maximum=3.0, rms=math.sqrt(12.5), nan=1, inf=2),
        ),
        (np.array([NAN, INF]), "float64", Summary(nan=1, inf=1)),
        (np.array([]), "float64", Summary()),
        (np.zeros(3), "float64", Summary(minimum=0.0, maximum=0.0, rms=0.0)),
        (
            np.array([3 + 4j, complex(NAN, INF), complex(0, INF)]),
            "complex128",
            Summary(rms=5.0, nan=1, inf=1),
        ),
        (np.array([0x3F80, 0x7FC0], "u2"), "bfloat16", Summary(minimum=1.0, maximum=1.0, rms=1.0, nan=1)),
        (np.array([1e300, -1e300]), "float64", Summary(minimum=-1e300, maximum=1e300, rms=1e300)),
        (np.array([1e-300, 1e-300]), "float64", Summary(minimum=1e-300, maximum=1e-300, rms=1e-300)),
        (np.array([6e4, 6e4], "f2"), "float16", Summary(minimum=60_000.0, maximum=60_000.0, rms=60_000.0)),
        (np.array([2.0], ">f8"), ">f8", Summary(minimum=2.0, maximum=2.0, rms=2.0)),
        (np.array(1.0), "float64", None),
        (np.array(["a"]), "<U1", None),
        (np.array(["2026-01-01"], "M8[s]"), "datetime64[s]", None),
        (np.zeros(9, "u1"), "float8_e4m3fn", None),
        (np.zeros(9, "u1"), "str", None),
    ],
    ids=str,
)
def test_a_summary(array: Any, dtype: str, expected: Summary | None) -> None:
    found = summarise(array, dtype)
    if found is None or expected is None:
        assert found is expected
        return
    assert (found.minimum, found.maximum, found.nan, found.inf) == (
        expected.minimum,
        expected.maximum,
        expected.nan,
        expected.inf,
    )
    assert found.rms == (None if expected.rms is None else pytest.approx(expected.rms, rel=1e-15))


def test_a_summary_spans_chunks_of_any_magnitude(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perfkit.verify.summary._CHUNK", 2)
    ordered = np.array([1e-200, 0, 1.0, 2.0, NAN, INF, 1e200, -1e200, 0, 0, 5.0])
    for values in (ordered, ordered[::-1], np.repeat(ordered, 2)[::2]):
        found = summarise(values, "float64")
        assert found is not None
        assert (found.minimum, found.maximum, found.nan, found.inf) == (-1e200, 1e200, 1, 1)
        assert found.rms == pytest.approx(1e200 * math.sqrt(2 / 9), rel=1e-14)


@pytest.mark.skipif(np.finfo(np.longdouble).max == np.finfo(float).max, reason="no wider type here")
def test_a_number_that_json_cannot_hold_is_left_out(tmp_path: Path) -> None:
    values = np.array([1.0, 2.0], np.longdouble) * np.longdouble("1e400")
    assert recorded(tmp_path / "b", values)[0].leaves[0].summary == Summary()


def test_leaves_carry_their_summaries(tmp_path: Path) -> None:
    tensor = torch.tensor([1.0, 2.0], dtype=torch.bfloat16)
    leaves = recorded(tmp_path / "b", {"a": np.array([1.0, NAN]), "s": "text", "t": tensor, "x": 1.5})[
        0
    ].leaves
    found = {leaf.path: leaf.summary for leaf in leaves}
    assert found["['a']"] == Summary(minimum=1.0, maximum=1.0, rms=1.0, nan=1)
    assert found["['t']"] == Summary(minimum=1.0, maximum=2.0, rms=math.sqrt(2.5))
    assert found["['x']"] is found["['s']"] is found[""] is None


# ---------------------------------------------------------------- a declared dtype

F32 = Tolerance(dtype="float32", rtol=1e-6, reason="the GPU has no double")
WIDE = np.linspace(0.1, 0.9, 300)
NARROW = WIDE.astype("f4")


class Both(NamedTuple):
    x: Any
    n: int = 3


@pytest.mark.parametrize(
    ("baseline", "contender", "verdict"),
    [
        (WIDE, NARROW, NEAR),
        (WIDE, WIDE, SAME),
        (WIDE, WIDE * (1 + 1e-8), NEAR),
        (WIDE, NARROW * np.float32(1.001), DIFF),
        (WIDE, WIDE.astype("f2"), DIFF),
        (WIDE.reshape(3, 100), NARROW, DIFF),
        (np.zeros(300), np.zeros(300, "f4"), NEAR),
        (np.array([1.0, NAN]), np.array([1.0, NAN], "f4"), NEAR),
        (np.array([1.0, NAN]), np.array([NAN, 1.0], "f4"), DIFF),
        (WIDE * 1e300, (WIDE * 1e300).astype("f8"), SAME),
        (WIDE + 1j, (WIDE + 1j).astype("c8"), NEAR),
        (torch.from_numpy(WIDE), torch.from_numpy(NARROW), NEAR),
        (torch.from_numpy(WIDE), NARROW, DIFF),
        (torch.from_numpy(WIDE).to_sparse(), torch.from_numpy(NARROW).to_sparse(), NEAR),
        (Both(WIDE), Both(NARROW), NEAR),
        (Both(WIDE), Both(NARROW, 4), DIFF),
        (np.float64(0.1), np.float32(0.1), NEAR),
        (0.1, np.float32(0.1), NEAR),
        (0.1, np.array(0.1, "f4"), DIFF),
        ([0.1, 0.2], [np.float32(0.1), np.float32(0.2)], NEAR),
        (WIDE.tolist(), list(NARROW), NEAR),
        (WIDE.tolist(), NARROW, DIFF),
        (WIDE.tolist(), NARROW.tolist(), NEAR),
        (np.arange(300), np.arange(300, dtype="f4"), DIFF),
        (np.arange(300), np.arange(300, dtype="i4"), DIFF),
        (
            np.ma.MaskedArray(WIDE, mask=WIDE > 0.5),
            np.ma.MaskedArray(NARROW, mask=WIDE > 0.5),
            NEAR,
        ),
    ],
)
def test_a_declared_dtype_is_compared_by_value(
    tmp_path: Path, baseline: Any, contender: Any, verdict: str
) -> None:
    found = verdict_on(tmp_path, baseline, contender, tolerance=F32)
    assert found.verdict == verdict, found
    undeclared = Tolerance(rtol=1e-6, reason="loose")
    if verdict == NEAR and found.tolerance_reason.startswith("declared"):
        assert found.tolerance_reason.endswith("; the GPU has no double")
        assert (" float32 instead of float64" in found.tolerance_reason) or (
            "complex" in found.tolerance_reason
        )
        assert verdict_on(tmp_path / "2", baseline, contender, tolerance=undeclared).verdict == DIFF


def test_without_a_tolerance_the_declared_dtypes_own_applies(tmp_path: Path) -> None:
    found = verdict_on(
        tmp_path,
        WIDE,
        torch.from_numpy(WIDE).bfloat16().double().numpy().astype("f2"),
        tolerance=Tolerance(dtype="float16", reason="why"),
    )
    assert (found.verdict, found.rtol) == (DIFF, 1e-3)
    t = torch.from_numpy(WIDE)
    found = verdict_on(tmp_path / "2", t, t.bfloat16(), tolerance=Tolerance(dtype="bfloat16", reason="why"))
    assert (found.verdict, found.rtol, found.tolerance_reason) == (
        NEAR,
        1.6e-2,
        "declared: bfloat16 instead of float64; why",
    )


def test_another_tolerance_of_a_proof_keeps_the_declaration(tmp_path: Path) -> None:
    b, c = tmp_path / "b", tmp_path / "c"
    sides = recorded(b, WIDE), recorded(c, NARROW)
    options: dict[str, Any] = {"stages": ["work"], "contender_stages": ["work"], "tolerances": {"work": F32}}
    found = compare(*sides, baseline_folder=b, contender_folder=c, rtol=1e-9, **options)[0]
    assert (found.verdict, found.rtol) == (DIFF, 1e-9)
    assert "values differ beyond the tolerance" in found.reason


def test_a_difference_across_dtypes_is_told_in_enough_digits(tmp_path: Path) -> None:
    found = verdict_on(tmp_path, np.array([1.0]), np.array([1.00001], "f4"), tolerance=F32)
    assert found.reason.endswith("baseline 1, contender 1.00001")
