from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.analyse import savings, stages
from perfkit.model import ProfileRun, StageTiming
from tests import builders


def rows(pairs: list[tuple[object, object]]) -> dict[tuple[str, str], object]:
    found = stages.breakdown(pairs)  # type: ignore[arg-type]
    return {(row.kind, row.path): row for row in found.rows}


def pair(i: int, baseline_s: float, contender_s: float, **contender: float):
    return (
        builders.timing_run(
            f"b{i}", run_s=baseline_s, stages=builders.stages(a=baseline_s * 0.8, a__x=baseline_s * 0.5)
        ),
        builders.timing_run(
            f"c{i}",
            "optimized",
            run_s=contender_s,
            stages=builders.stages(**(contender or {"a": contender_s * 0.9})),
        ),
    )


def test_each_sides_mean_has_its_interval_and_two_pairs_have_none() -> None:
    pairs = [pair(0, 10.0, 1.0), pair(1, 11.0, 1.1), pair(2, 12.0, 1.3)]
    by = {(row.kind, row.path): row for row in stages.breakdown(pairs).rows}
    total = by["total", ""]
    assert total.baseline_s_interval == savings.mean_interval([10.0, 11.0, 12.0], range(3))
    assert total.contender_s_interval == savings.mean_interval([1.0, 1.1, 1.3], range(3))
    assert by["stage", "a/x"].contender_s_interval is None
    assert stages.breakdown(pairs[:2]).rows[0].baseline_s_interval is None


def test_rows_come_depth_first_with_own_code_and_the_rest() -> None:
    found = stages.breakdown([pair(0, 10.0, 1.0), pair(1, 10.0, 1.0), pair(2, 10.0, 1.0)])
    assert [(row.kind, row.path, row.depth) for row in found.rows] == [
        ("stage", "a", 0),
        ("stage", "a/x", 1),
        ("own code", "a", 1),
        ("outside stages", "", 0),
        ("total", "", 0),
    ]
    by = {(row.kind, row.path): row for row in found.rows}
    assert by["own code", "a"].baseline_s == pytest.approx(3.0)
    assert by["outside stages", ""].baseline_s == pytest.approx(2.0)
    assert by["outside stages", ""].contender_s == pytest.approx(0.1)
    assert by["stage", "a/x"].contender_s is None
    assert by["stage", "a/x"].speedup is None
    assert by["stage", "a/x"].biggest
    assert by["total", ""].speedup is not None
    assert by["total", ""].speedup.value == pytest.approx(10)
    assert by["total", ""].saved_share == pytest.approx(1)


def test_a_stage_only_in_the_contender_is_shown() -> None:
    found = rows([pair(0, 10.0, 1.0, a=0.5, new=0.3)])
    row = found["stage", "new"]
    assert row.baseline_s is None
    assert row.contender_s == pytest.approx(0.3)
    assert row.saved_s == pytest.approx(-0.3)


def test_other_threads_are_shown_and_part_of_no_sum() -> None:
    threaded = StageTiming(path="t", calls=2, total_s=50.0, in_main_thread=False)
    baseline, contender = pair(0, 10.0, 1.0)
    baseline = dataclasses.replace(baseline, stages=(*baseline.stages, threaded))
    found = stages.breakdown([(baseline, contender)])
    assert found.rows[-1].kind == "other thread"
    assert found.rows[-1].baseline_s == 50.0
    rest = next(row for row in found.rows if row.kind == "outside stages")
    assert rest.baseline_s == pytest.approx(2.0)


def test_without_stages_there_is_the_total_alone() -> None:
    runs = builders.timing_run("b", stages=()), builders.timing_run("c", "optimized", stages=())
    assert [row.kind for row in stages.breakdown([runs]).rows] == ["total"]


def test_a_profile_yields_no_speedup() -> None:
    profile = ProfileRun(
        id="p",
        variant=builders.variant(),
        inputs_from="x",
        profiler="cprofile",
        seed=0,
        parameters={},
        started_at="",
        file="profile.prof",
        traced_s=1.0,
        stages=(),
    )
    with pytest.raises(TypeError, match="clean runs"):
        stages.breakdown([(profile, builders.timing_run("c"))])  # type: ignore[list-item]


def test_no_pairs_no_breakdown() -> None:
    with pytest.raises(ValueError, match="at least one pair"):
        stages.breakdown([])


times = st.floats(min_value=1e-6, max_value=1e3)


@st.composite
def runs(draw: st.DrawFn, run_id: str):
    """Draw a run whose stages nest properly: each whole is its parts plus something."""
    timings: list[StageTiming] = []

    def grow(path: str, depth: int) -> float:
        own = draw(times)
        total = own
        if depth < 2:
            for name in draw(st.lists(st.sampled_from("abc"), unique=True, max_size=3)):
                total += grow(f"{path}/{name}" if path else name, depth + 1)
        if path:
            timings.append(StageTiming(path=path, calls=1, total_s=total))
        return total

    run_s = grow("", 0)
    return builders.timing_run(run_id, run_s=run_s, stages=tuple(timings))


@given(st.lists(st.tuples(runs("b"), runs("c")), min_size=1, max_size=4))
def test_rows_add_up(pairs) -> None:
    found = stages.breakdown(pairs)
    total = next(row for row in found.rows if row.kind == "total")
    children: dict[str, list] = {}
    for row in found.rows:
        if row.kind != "total":
            parent = row.path if row.kind == "own code" else row.path.rpartition("/")[0]
            children.setdefault(parent, []).append(row)
    wholes = {row.path: row for row in found.rows if row.kind == "stage"} | {"": total}
    for parent, parts in children.items():
        for side in ("baseline_s", "contender_s", "saved_s"):
            whole = getattr(wholes[parent], side) or 0.0
            assert sum(getattr(part, side) or 0.0 for part in parts) == pytest.approx(
                whole, rel=1e-9, abs=1e-9
            )
    if total.saved_share is not None:
        shares = [part.saved_share for part in children.get("", [])]
        if shares and abs(total.saved_s) > 1e-3:
            assert sum(shares) == pytest.approx(1.0, rel=1e-6)
