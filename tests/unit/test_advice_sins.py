"""The bundled baselines are slow on purpose: each sin is found on its line, and none in the rewrites."""

from __future__ import annotations

import importlib.util
import types
from pathlib import Path

import pytest

from perfkit import model
from perfkit.analyse import advice
from perfkit.analyse.advice import arrays, growth, repeats, searches, tensors, text
from perfkit.markers import Recorder
from perfkit.profilers import line
from tests import builders

ROOT = Path(__file__).parents[2]

# Read from the sources by hand: function, the line's beginning, the pattern.
SINS = {
    "ml_training": [
        ("augment", "if flip_rng.random() < 0.5", repeats.DRAWS),
        ("augment", "noise = noise_rng.uniform(", repeats.DRAWS),
        ("augment", "augmented.append(image + noise)", growth.APPENDS),
        *(
            ("statistical_features", f"row.append(np.{name}(data[i]))", arrays.ROWS)
            for name in ("mean", "std", "min", "max", "median")
        ),
        ("statistical_features", "features.append(row)", growth.APPENDS),
        ("gradient_features", "here = data[i, row, column]", arrays.ELEMENTS),
        ("gradient_features", "difference_x = abs(", arrays.ELEMENTS),
        ("gradient_features", "difference_y = abs(", arrays.ELEMENTS),
        ("gradient_features", "sum_x += difference_x", arrays.ELEMENTS),
        ("gradient_features", "max_y = max(", arrays.ELEMENTS),
        ("gradient_features", "features.append([", growth.APPENDS),
        ("frequency_features", "power = np.abs(np.fft.fft2(", arrays.SAMPLES),
        ("frequency_features", "total = np.sum(", arrays.ROWS),
        ("frequency_features", "low_share = np.sum(", arrays.ROWS),
        ("frequency_features", "mean_frequency = np.sum(", arrays.ROWS),
        ("frequency_features", "features.append([", growth.APPENDS),
        ("normalise", "distance = np.sqrt(", arrays.PAIRS),
        ("normalise", "total_distance[i] += distance", arrays.PAIRS),
        ("normalise", "total_distance[j] += distance", arrays.PAIRS),
        ("normalise", "normalised[i] = standardised[i]", arrays.ELEMENTS),
        ("custom_activation", "if x[i, j].item() > 0", arrays.ITEMS),
        ("custom_activation", "output[i, j] = 0.9 * x[i, j]", arrays.ROWS),
        ("custom_activation", "output[i, j] = 0.5 * torch.tanh(", arrays.ROWS),
        ("train_model", "loss.backward()", tensors.GRAPH),
        ("evaluate_model", "output = model(x[i : i + 1])", arrays.BATCHES),
        ("evaluate_model", "if output.argmax(dim=1).item()", arrays.ITEMS),
        ("evaluate_model", "logits.append(output)", arrays.BATCHES),
    ],
    "log_analytics": [
        ("parse", 'fields = line.split(" ")', text.FIELDS),
        ("parse", "users.append(fields[2])", text.FIELDS),
        ("parse", "times.append(int(datetime.strptime(", text.DATES),
        ("parse", "endpoints.append(", text.FIELDS),
        ("parse", "statuses.append(int(fields[8]))", text.FIELDS),
        ("parse", "sizes.append(", text.FIELDS),
        ("parse", "latencies.append(float(fields[10]))", text.FIELDS),
        ("distinct", "if name not in found", searches.MEMBERS),
        ("group_by_user", "own = [i for i in range(len(users))", searches.SCANS),
        ("sessionise", "if previous is None or times[row] - previous", arrays.NEIGHBOURS),
        ("sessionise", "durations[-1] += times[row] - previous", arrays.NEIGHBOURS),
        ("percentile", "values = sorted(values)", searches.SORTS),
        ("endpoint_percentiles", "values = [latencies[i] for i in", searches.SCANS),
        ("busiest", "totals[found.index(name)] += amount", searches.MEMBERS),
        ("busiest", "for i in range(len(found)):", searches.PICKS),
    ],
}
SIZES = {"ml_training": {"n_samples": 260}, "log_analytics": {"n_lines": 3000}}


def module_of(path: Path) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(f"advised_{path.parent.name}_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def profile(folder: str, name: str, tmp_path: Path) -> model.ProfileRun:
    """Run a bundled variant under line_profiler, in this process."""
    pytest.importorskip("torch" if name == "ml_training" else "numpy")
    path = ROOT / folder / f"{name}.py"
    inputs = module_of(ROOT / "baselines" / f"{name}.py").make_inputs(1, **SIZES[name])
    module = module_of(path)
    profiler = line.Profiler(module, path)
    recorder = Recorder()
    recorder.start()
    try:
        profiler.run(lambda: module.run(inputs))
    finally:
        recorder.stop()
    profiler.save(tmp_path)
    found = line.read(tmp_path, ROOT)
    nodes = [node for node in recorder.trees[recorder.main_thread].walk() if node.path]
    return model.ProfileRun(
        id="line",
        variant=builders.variant(path=f"{folder}/{name}.py"),
        inputs_from=f"baselines/{name}.py",
        profiler="line",
        seed=1,
        parameters=dict(SIZES[name]),
        started_at="2026-01-02T03:04:05+00:00",
        file=line.FILE,
        traced_s=sum(node.total_ns / 1e9 for node in nodes if "/" not in node.path) * 1.01,
        stages=tuple(
            model.StageTiming(path=node.path, calls=node.calls, total_s=node.total_ns / 1e9) for node in nodes
        ),
        lines=found.lines,
        sources=found.sources,
    )


@pytest.mark.parametrize("name", SINS)
def test_every_sin_is_found_on_its_line(name, tmp_path):
    run = profile("baselines", name, tmp_path)
    assert f"baselines/{name}.py" in run.sources
    found = advice.advise(run, least_share=0.0)
    texts = {
        (function.name, function.first_line + at): text.strip()
        for function in run.lines
        for at, text in enumerate(function.source)
    }
    seen = {(one.function, line): one.pattern for one in found for line in one.lines}
    for function, beginning, pattern in SINS[name]:
        (line_number,) = (
            at for (where, at), text in texts.items() if where == function and text.startswith(beginning)
        )
        assert seen.get((function, line_number)) == pattern.name, (function, beginning)
    assert [one.share for one in found] == sorted((one.share for one in found), reverse=True)
    assert sum(one.share for one in found) <= 1.0 + 1e-9
    assert all(1 <= one.line <= max(one.lines) for one in found)


@pytest.mark.parametrize("name", SINS)
def test_the_rewrites_have_none_or_almost_none(name, tmp_path):
    run = profile("optimized", name, tmp_path)
    assert advice.advise(run, least_share=0.0) == ()
