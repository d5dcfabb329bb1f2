"""The machine-learning example: both sides compute the same, and what they compute is a real training."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from perfkit.markers import Recorder

torch = pytest.importorskip("torch")
pytest.importorskip("scipy")

ROOT = Path(__file__).parents[2]
FEATURES_TOLERANCE = 1e-12  # other order of summation in float64
TRAINING_TOLERANCE = {"float32": 1e-4, "float64": 1e-10}


def load(side: str) -> ModuleType:
    """Load one side's module by its path, as the folders are no packages."""
    spec = importlib.util.spec_from_file_location(f"{side}_ml_training", ROOT / side / "ml_training.py")
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


def assert_close(actual: Any, expected: Any, tolerance: float, where: str) -> None:
    """Same types and shapes; floats differ by at most `tolerance` of the baseline's root mean square."""
    assert type(actual) is type(expected), where
    if isinstance(expected, dict):
        assert list(actual) == list(expected), where
        for key in expected:
            assert_close(actual[key], expected[key], tolerance, f"{where}.{key}")
        return
    if isinstance(expected, (np.ndarray, torch.Tensor)):
        assert actual.dtype == expected.dtype, where
        assert actual.shape == expected.shape, where
    wanted, got = np.asarray(expected), np.asarray(actual)
    if wanted.dtype.kind != "f":
        assert np.array_equal(got, wanted), where
        return
    magnitude = np.sqrt(np.mean(wanted.astype(float) ** 2))
    assert np.abs(got.astype(float) - wanted).max() <= tolerance * magnitude, where


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("seed", "settings"),
    [
        (0, {"n_samples": 50}),
        (1, {"n_samples": 131, "epochs": 1, "hidden_size": 8}),
        (2, {"n_samples": 97, "batch_size": 16, "hidden_size": 3}),
        (3, {"n_samples": 60, "batch_size": 64, "hidden_size": 5}),
        (4, {"n_samples": 126, "batch_size": 25, "hidden_size": 1, "epochs": 3}),
    ],
)
def test_both_sides_agree_on_every_stage(seed: int, settings: dict[str, Any], dtype: str) -> None:
    inputs = baseline.make_inputs(seed, dtype=dtype, **settings)
    expected_result, expected_calls, expected = record(baseline, inputs)
    result, calls, values = record(optimized, inputs)
    assert calls == expected_calls
    assert list(values) == list(expected)
    for path, value in expected.items():
        exact = path.startswith("feature_extraction")
        assert_close(values[path], value, FEATURES_TOLERANCE if exact else TRAINING_TOLERANCE[dtype], path)
    assert_close(result, expected_result, TRAINING_TOLERANCE[dtype], "run")


def test_stages_are_named_as_documented() -> None:
    _, calls, values = record(optimized, baseline.make_inputs(0, n_samples=50))
    children = ("augment", "statistical", "gradient", "frequency", "normalise")
    paths = ["feature_extraction", *(f"feature_extraction/{child}" for child in children)]
    assert list(calls) == [*paths, "model_training", "model_evaluation"]
    assert set(calls.values()) == {1}
    assert set(values) == set(calls)


def test_the_first_layer_learns() -> None:
    inputs = baseline.make_inputs(0, n_samples=50, epochs=1)
    weights = record(baseline, inputs)[2]["model_training"]["weights"]
    generator = torch.Generator().manual_seed(inputs.training_seed)
    initial = baseline.Classifier(inputs.hidden_size, torch.float32, generator).state_dict()
    for name, value in initial.items():
        assert not torch.equal(weights[name], value), name
    change = (weights["hidden.weight"] - initial["hidden.weight"]).abs()
    assert (change > 0).all()


def test_the_baseline_learns_more_than_chance() -> None:
    result = baseline.run(baseline.make_inputs(0, n_samples=250, batch_size=8, epochs=1))
    assert result["accuracy"] > result["accuracy_chance"] + 0.2


@pytest.mark.parametrize("seed", range(3))
def test_accuracy_at_full_size(seed: int) -> None:
    result = optimized.run(baseline.make_inputs(seed))
    assert 0.6 <= result["accuracy"] < 1.0
    assert result["accuracy_chance"] < 0.25
    assert {type(value) for value in result.values()} <= {float, int}


def test_points_that_coincide_keep_their_distances() -> None:
    points = np.random.default_rng(0).normal(size=(250, 13))
    points[200] = points[3]
    points[201] = points[3] + 1e-9
    assert_close(optimized.normalise(points), baseline.normalise(points), FEATURES_TOLERANCE, "normalise")


def test_activation_is_the_same_function_on_both_sides() -> None:
    x = np.random.default_rng(0).normal(size=(7, 5))
    x[0, 0] = 0.0
    expected = baseline.custom_activation(torch.from_numpy(x)).numpy()
    assert_close(optimized.custom_activation(x), expected, 1e-14, "activation")


def test_inputs_are_decided_by_the_seed() -> None:
    first, again, other = (baseline.make_inputs(seed, n_samples=50) for seed in (7, 7, 8))
    assert np.array_equal(first.images, again.images)
    assert np.array_equal(first.labels, again.labels)
    assert (first.augment_seed, first.training_seed) == (again.augment_seed, again.training_seed)
    assert not np.array_equal(first.images, other.images)


@pytest.mark.parametrize("side", [baseline, optimized])
def test_a_run_leaves_its_inputs_and_can_be_repeated(side: ModuleType) -> None:
    inputs = baseline.make_inputs(1, n_samples=50, hidden_size=4)
    images, labels = inputs.images.copy(), inputs.labels.copy()
    first = side.run(inputs)
    torch.manual_seed(99)  # nothing may hang on the global generators
    np.random.seed(99)
    assert side.run(inputs) == first
    assert np.array_equal(inputs.images, images)
    assert np.array_equal(inputs.labels, labels)


@pytest.mark.parametrize(
    "settings",
    [
        {"n_samples": 49},
        {"dtype": "float16"},
        {"hidden_size": 0},
        {"epochs": 0},
        {"batch_size": 0},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
    ],
)
def test_bad_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=rf"^{next(iter(settings))} must .*\.$"):
        baseline.make_inputs(0, **settings)
