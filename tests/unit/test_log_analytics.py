"""The log example: both sides compute the same values of the same types."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from perfkit.markers import Recorder

ROOT = Path(__file__).parents[2]


def load(side: str) -> ModuleType:
    """Load one side's module by its path, as the folders are no packages."""
    spec = importlib.util.spec_from_file_location(f"{side}_log_analytics", ROOT / side / "log_analytics.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


baseline, optimized = load("baselines"), load("optimized")


def record(side: ModuleType, inputs: Any) -> tuple[dict[str, Any], dict[str, int], dict[str, Any]]:
    """Run a side; return its result, each stage's calls, and each stage's value."""
    values: dict[str, Any] = {}
    recorder = Recorder(values.__setitem__)
    recorder.start()
    try:
        result = side.run(inputs)
    finally:
        recorder.stop()
    calls = {node.path: node.calls for node in recorder.trees[recorder.main_thread].walk()}
    return result, calls, values


def assert_same(actual: dict[str, Any], expected: dict[str, Any], where: str) -> None:
    """Same arrays of the same types; floats within 1e-12 of the baseline's."""
    assert list(actual) == list(expected), where
    for name, wanted in expected.items():
        got = actual[name]
        assert got.dtype == wanted.dtype, (where, name)
        assert got.shape == wanted.shape, (where, name)
        if wanted.dtype.kind == "f":
            np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=0.0)
        else:
            assert np.array_equal(got, wanted), (where, name)


@pytest.mark.parametrize(
    ("seed", "settings"),
    [
        (0, {"n_lines": 1}),
        (1, {"n_lines": 2}),
        (2, {"n_lines": 37, "k": 3}),
        (3, {"n_lines": 999, "gap_s": 0}),
        (4, {"n_lines": 3001}),
        (5, {"n_lines": 3000, "k": 1, "gap_s": 60}),
        (6, {"n_lines": 10_001, "k": 1000}),
    ],
)
def test_both_sides_agree_on_every_stage(seed: int, settings: dict[str, int]) -> None:
    inputs = baseline.make_inputs(seed, **settings)
    expected_result, expected_calls, expected = record(baseline, inputs)
    result, calls, values = record(optimized, inputs)
    assert calls == expected_calls
    assert list(values) == list(expected)
    for path in expected:
        assert_same(values[path], expected[path], path)
    assert list(result) == list(expected_result)
    for name, wanted in expected_result.items():
        assert type(result[name]) is type(wanted), name
        assert result[name] == pytest.approx(wanted, rel=1e-12), name


def test_stages_are_named_as_documented() -> None:
    _, calls, values = record(optimized, baseline.make_inputs(0, n_lines=50))
    assert list(calls) == ["parse", "sessionise", "sessionise/group_by_user", "endpoint_percentiles", "top_k"]
    assert set(calls.values()) == {1}
    assert set(values) == set(calls)


@pytest.mark.parametrize("side", [baseline, optimized])
def test_a_log_worked_out_by_hand(side: ModuleType) -> None:
    lines = [
        '10.0.0.1 - bo [31/Dec/2023:23:59:50 +0000] "GET /b?page=1?x=2 HTTP/1.1" 200 100 1.000',
        '10.0.0.2 - al [01/Jan/2024:00:00:00 +0000] "GET /a HTTP/1.1" 304 - 0.125',
        '10.0.0.1 - bo [01/Jan/2024:00:30:00 +0000] "POST /a HTTP/1.1" 404 7 2.000',
        '10.0.0.1 - bo [29/Feb/2024:12:00:00 +0000] "GET /b HTTP/1.1" 200 93 1234.567',
        '10.0.0.2 - al [01/Jan/2024:00:30:00 +0000] "GET /ab HTTP/1.1" 200 200 10.010',
    ]
    inputs = baseline.Inputs(lines=lines, gap_s=1800, k=2)
    result, _, values = record(side, inputs)
    columns = values["parse"]
    assert columns["user"].tolist() == ["bo", "al", "bo", "bo", "al"]
    assert columns["endpoint"].tolist() == ["/b", "/a", "/a", "/b", "/ab"]
    new_year = 1_704_067_200
    leap_day = 1_709_208_000
    assert columns["time"].tolist() == [new_year - 10, new_year, new_year + 1800, leap_day, new_year + 1800]
    assert columns["size"].tolist() == [100, 0, 7, 93, 200]
    assert columns["latency"].tolist() == [1.0, 0.125, 2.0, 1234.567, 10.01]
    assert values["sessionise/group_by_user"]["rows"].tolist() == [0, 2, 3, 1, 4]
    # bo pauses for 1,810 s, then for weeks; al for exactly the 1,800 s that a session bears
    assert values["sessionise"]["session"].tolist() == [0, 3, 1, 2, 3]
    assert values["sessionise"]["duration_s"].tolist() == [0, 0, 0, 1800]
    assert values["endpoint_percentiles"]["endpoint"].tolist() == ["/a", "/ab", "/b"]
    assert values["endpoint_percentiles"]["p50"].tolist() == pytest.approx([1.0625, 10.01, 617.7835])
    assert values["top_k"]["endpoint"].tolist() == ["/a", "/b"]
    assert values["top_k"]["user"].tolist() == ["al", "bo"]  # equal: 200 bytes each
    assert result["sessions"] == 4


def test_factorise_tells_names_apart_even_when_their_keys_collide(monkeypatch: pytest.MonkeyPatch) -> None:
    names = np.array(["ab", "ba", "ab", "c"])
    plain = optimized.factorise(names)

    class Ones:
        """A generator whose factors make the keys of "ab" and "ba" equal."""

        def integers(self, _high: int, *, size: int, dtype: type) -> Any:
            return np.zeros(size, dtype=dtype)

    monkeypatch.setattr(optimized.np.random, "default_rng", lambda _seed: Ones())
    for found in (plain, optimized.factorise(names)):
        assert sorted(found.names.tolist()) == ["ab", "ba", "c"]
        assert found.names[found.codes].tolist() == names.tolist()
        assert names[found.first].tolist() == found.names.tolist()


def test_inputs_are_decided_by_the_seed() -> None:
    first, again, other = (baseline.make_inputs(seed, n_lines=300) for seed in (7, 7, 8))
    assert len(first.lines) == 300
    assert first == again
    assert first.lines != other.lines


@pytest.mark.parametrize("side", [baseline, optimized])
def test_a_run_leaves_its_inputs_and_can_be_repeated(side: ModuleType) -> None:
    inputs = baseline.make_inputs(1, n_lines=300)
    lines = list(inputs.lines)
    assert side.run(inputs) == side.run(inputs)
    assert inputs.lines == lines


@pytest.mark.parametrize("settings", [{"n_lines": 0}, {"gap_s": -1}, {"k": 0}])
def test_bad_settings_are_refused(settings: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=rf"^{next(iter(settings))} must .*\.$"):
        baseline.make_inputs(0, **settings)
