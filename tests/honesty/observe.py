"""Run the set's projects, each in a fork of this process, and write down what could be seen from outside.

``python observe.py SPEC FACTS``: SPEC is a JSON list of ``{name, root, pipeline, trick, is_baseline}``,
FACTS a JSON object of facts by name.
"""

from __future__ import annotations

import atexit
import copy
import gc
import hashlib
import importlib
import importlib.util
import json
import os
import pickle
import random
import sys
import tempfile
import threading
import time
import traceback
import types
import warnings
import weakref
from collections import Counter
from pathlib import Path

import numpy as np

from perfkit import markers

# What a trick may look for in the process that measures it; the real one would load more than a run has.
worker = types.ModuleType("perfkit.measure.worker")
worker.perf_counter = time.perf_counter
sys.modules[worker.__name__] = worker

PLAIN = (dict, list, tuple, str, int, float, bool, type(None), np.ndarray, np.float64, np.int64)
CLOCKS = {"perf_counter": time.perf_counter, "time": time.time, "markers": markers.perf_counter_ns}
COMPARISONS = (np.allclose, np.array_equal)
SMALL, LARGE = 12, 53  # sizes that are not the default one
EVENTS = {"os.fork": "fork", "subprocess.Popen": "process"}


# ---------------------------------------------------------------- comparing, with nothing that can be patched


def leaves(value, path=""):
    """Yield (path, kind, array or value), depth first."""
    if isinstance(value, dict):
        yield path, "keys", list(map(str, value))
        for key in value:
            yield from leaves(value[key], f"{path}[{key}]")
    elif isinstance(value, list | tuple):
        yield path, type(value).__name__, len(value)
        for i, one in enumerate(value):
            yield from leaves(one, f"{path}[{i}]")
    elif hasattr(value, "detach"):
        yield path, f"tensor {value.dtype}", value.detach().numpy()
    elif isinstance(value, np.ndarray):
        yield path, f"array {value.dtype}", np.array(value)
    elif isinstance(value, float):
        yield path, "float", np.array(float(value))
    else:
        yield path, type(value).__name__, value


def error(want, got):
    """Return the worst relative error; infinity where structure, type, NaN or an exact value differs."""
    try:
        pairs = list(zip(list(leaves(want)), list(leaves(got)), strict=True))
    except (ValueError, TypeError):
        return float("inf")
    worst = 0.0
    for (path, kind, wanted), (other, its, found) in pairs:
        if (path, kind) != (other, its):
            return float("inf")
        if not isinstance(wanted, np.ndarray):
            if wanted is not found and wanted != found:
                return float("inf")
            continue
        if wanted.shape != found.shape:
            return float("inf")
        a, b = wanted.astype(float).ravel(), found.astype(float).ravel()
        finite = np.isfinite(a) & np.isfinite(b)
        if a[~finite].astype(str).tolist() != b[~finite].astype(str).tolist():
            return float("inf")
        if finite.any():
            with np.errstate(all="ignore"):
                scale = np.abs(a) + np.sqrt(np.mean(a[finite] ** 2))
                gap = np.where(a == b, 0.0, np.abs(a - b) / scale)[finite]
            worst = max(worst, float(gap.max()))
    return worst


def digest(value):
    """Return a digest of a value's bytes."""
    return hashlib.sha256(pickle.dumps(value)).hexdigest()


def random_states():
    """Return a digest of each global generator's state."""
    states = {"random": digest(random.getstate()), "numpy": digest(np.random.get_state())}
    if "torch" in sys.modules:
        states["torch"] = digest(sys.modules["torch"].get_rng_state().numpy())
    return states


# ---------------------------------------------------------------- running


def load(root, folder, name):
    """Import as the worker does."""
    full = f"{folder}.{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, Path(root, folder, f"{name}.py"))
        module = importlib.util.module_from_spec(spec)
        sys.modules[full] = module
        spec.loader.exec_module(module)
    return sys.modules[full]


def call(run, inputs, *, watch=True):
    """Call run; returns its outcome, the stages' values and the recorder."""
    kept = []
    hook = (lambda path, value: kept.append((path, snapshot(value)))) if watch else None
    recorder = markers.Recorder(hook)
    recorder.hook = hook
    recorder.start()
    try:
        outcome = run(inputs)
    except Exception as raised:  # noqa: BLE001  an exception is an outcome
        outcome = {"raised": type(raised).__name__}
    finally:
        recorder.stop()
    return outcome, kept, recorder


def stage_calls(recorder):
    """Return how often stages were entered."""
    return sum(node.calls for tree in recorder.trees.values() for node in tree.walk())


def profiled(function, files=None):
    """Return how many functions were called, or which functions of `files` were."""
    seen = Counter()

    def count(frame, event, argument):
        if event == "c_call":
            seen["all"] += 1
        elif event == "call":
            seen["all"] += 1
            file = frame.f_code.co_filename
            if files and file in files and not frame.f_code.co_name.startswith("<"):
                seen[f"{Path(file).parent.name}:{frame.f_code.co_name}"] += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(before)
    return seen


def edges(make_inputs, pipeline):
    """Yield named inputs that the generator does not draw."""
    yield "empty", make_inputs(4, n=0)
    yield "one", make_inputs(4, n=1)
    odd = make_inputs(4, n=SMALL)
    if pipeline == "words":
        yield "letters", ["abcdefg", "abcxefg", "é", "", "...", "A1b2", "don't", "a-b", *odd[:4]]
    elif pipeline == "orders":
        odd["customers"] += [{**one, "region": "islands"} for one in odd["customers"]]
        yield "repeated", odd
        odd = make_inputs(4, n=SMALL)
        odd["orders"][3]["amount"] = float("nan")
        yield "nan", odd
    elif pipeline in ("distances", "spectra", "classifier"):
        for name, value in (("nan", np.nan), ("huge", 1e12), ("tiny", 1e-200)):
            odd = make_inputs(4, n=SMALL)
            part = {"spectra": "signals", "classifier": "x"}.get(pipeline)
            (odd[part] if part else odd)[3, 2] = value
            yield name, odd
    else:
        odd["spot"] = float("nan")
        yield "nan", odd


def outcomes(run, make_inputs, pipeline):
    """Return outcome and stages of each seed, size and edge."""
    found = {}
    for seed in (1, 2, 3):
        for n in (SMALL, LARGE) if seed == 3 else (None, SMALL, LARGE):
            outcome, kept, _ = call(run, make_inputs(seed, **({} if n is None else {"n": n})))
            found[f"{seed}/{n or 'default'}"] = (snapshot(outcome), kept)
    for name, inputs in edges(make_inputs, pipeline):
        outcome, kept, _ = call(run, inputs)
        found[f"edge {name}"] = (snapshot(outcome), kept)
    return found


def snapshot(outcome):
    """Return a copy of the raw contents: nothing lazy is asked for its value."""
    if isinstance(outcome, dict):
        return {key: snapshot(dict.__getitem__(outcome, key)) for key in dict.keys(outcome)}
    if isinstance(outcome, np.ndarray):
        return np.array(memoryview(outcome)) if type(outcome) is not np.ndarray else outcome.copy()
    if type(outcome).__name__ == "Tensor":
        return outcome.clone()
    if isinstance(outcome, list | tuple):
        return type(outcome)(snapshot(one) for one in outcome)
    if isinstance(outcome, float):
        return float.__float__(outcome)
    return outcome if isinstance(outcome, PLAIN) else f"<{type(outcome).__name__}>"


def foreign_types(outcome):
    """Return the names of types in an outcome that are not plain values."""
    found = set()
    if type(outcome) not in PLAIN and type(outcome).__name__ != "Tensor":
        found.add(type(outcome).__name__)
    if isinstance(outcome, dict):
        for value in dict.values(outcome):
            found |= foreign_types(value)
    elif isinstance(outcome, list | tuple):
        for value in outcome:
            found |= foreign_types(value)
    return found


def memory_of(outcome):
    """Return the (start, end) of each array and the id of each container of an outcome."""
    spans, ids = [], set()
    if isinstance(outcome, dict | list):
        ids.add(id(outcome))
        for one in outcome.values() if isinstance(outcome, dict) else outcome:
            more, others = memory_of(one)
            spans += more
            ids |= others
    elif isinstance(outcome, np.ndarray) and outcome.nbytes:
        spans.append(np.lib.array_utils.byte_bounds(outcome))
    elif hasattr(outcome, "data_ptr") and outcome.numel():
        spans.append((outcome.data_ptr(), outcome.data_ptr() + outcome.numel() * outcome.element_size()))
    return spans, ids


RECORDING = {}
"""What keeps values, by name: as it was before a project that replaces it, the only one it is loaded for."""


def recording():
    """Return the functions that digest and walk values, where they are loaded."""
    arrays, checkpoints = (sys.modules.get(f"perfkit.verify.{name}") for name in ("arrays", "checkpoints"))
    if arrays is None or checkpoints is None:
        return {}
    return {"digest": arrays.digest_of, "write": arrays._write, "walk": checkpoints.walk}


def overlap(one, other):
    """Whether two outcomes that are both alive share memory."""
    (spans, ids), (others, its) = memory_of(one), memory_of(other)
    return bool(ids & its) or any(a < d and c < b for a, b in spans for c, d in others)


def peak_kb(reset=False):
    """Return the peak of resident memory, in KiB."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def tampered(recorder, recorded_s, elapsed_s):
    """Return what of the harness is no longer as it was."""
    found = [name for name in ("perf_counter", "time") if getattr(time, name) is not CLOCKS[name]]
    if worker.perf_counter is not CLOCKS["perf_counter"]:
        found.append("worker's clock")
    if markers.perf_counter_ns is not CLOCKS["markers"]:
        found.append("stage clock")
    if recorder.on_checkpoint is not recorder.hook:
        found.append("checkpoint hook")
    if (np.allclose, np.array_equal) != COMPARISONS:
        found.append("comparisons")
    if "xxhash" in sys.modules and not hasattr(sys.modules["xxhash"], "__file__"):
        found.append("module stub")
    found += [name for name, function in RECORDING.items() if recording()[name] is not function]
    if recorded_s < elapsed_s / 4:
        found.append("stage times")
    return found


def poisoned(run, base, inputs, *, truth, root, pipeline):
    """Leave false answers wherever one could be borrowed; did the run take one, or not work at all?"""
    expected = {key: value * 2 if isinstance(value, float) else value for key, value in truth.items()}
    if pipeline in ("distances", "spectra"):
        key = "isolation" if pipeline == "distances" else "bands"
        expected[key] = truth[key] * 2
    folder = Path(root, "reports", pipeline, "runs", "20260101-000000000-baseline-abcdef")
    folder.mkdir(parents=True)
    metrics = {key: value for key, value in expected.items() if isinstance(value, float)}
    record = {"seed": 0, "parameters": {}, "metrics": metrics}
    (folder / "run.json").write_text(json.dumps({"schema": 1, "kind": "timing", "run": record}))
    base.run(inputs)
    outcome, _, recorder = call(run, inputs)
    taken = error(snapshot(truth), snapshot(outcome)) > 1e-6
    return taken or stage_calls(recorder) == 0


# ---------------------------------------------------------------- one project


def _work(spec, expectation):  # noqa: PLR0912, PLR0915  one process, from its start to its end
    """Play the worker; returns the facts (and, for a baseline, the outcomes)."""
    root, pipeline = spec["root"], spec["pipeline"]
    if spec["name"] in {"tamper_digest", "tamper_checkpoints"}:
        importlib.import_module("perfkit.verify.checkpoints")
        RECORDING.update(recording())
    job = {"seed": 1, "parameters": {}, "root": root}  # where the worker has it, too
    sides = {folder: str(Path(root, folder, f"{pipeline}.py")) for folder in ("baselines", "optimized")}
    folder = "baselines" if spec["is_baseline"] else "optimized"
    facts = {}
    happened = Counter()
    written = set()

    def audit(event, arguments):
        if event in EVENTS:
            happened[EVENTS[event]] += 1
        elif event == "open" and isinstance(arguments[0], str | os.PathLike):
            writing = (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR)
            if writing and not str(arguments[0]).startswith(("/dev", "/proc")):
                written.add(Path(arguments[0]).name)
        elif event == "sqlite3.connect":
            written.add(str(arguments[0]))

    start = threading.Thread.start

    def counted(thread):
        happened["thread"] += 1
        start(thread)

    threading.Thread.start = counted
    modules = len(sys.modules)
    loaded = {}
    if spec["is_baseline"]:  # it may set a profiler of its own
        loaded["m"] = load(root, folder, pipeline)
    at_import = profiled(lambda: loaded.update(m=load(root, folder, pipeline)), {sides["baselines"]})
    facts["import_calls"] = sorted(key for key in at_import if key != "all" and not spec["is_baseline"])
    facts["import_modules"] = len(sys.modules) - modules
    module, base = loaded["m"], load(root, "baselines", pipeline)
    run = module.run

    # The first run: as the worker does it.
    sys.addaudithook(audit)
    drawn = {}

    def prepare():
        inputs = drawn["inputs"] = base.make_inputs(job["seed"])
        gc.collect()
        return inputs

    at_setup = profiled(prepare, {sides["optimized"]})
    facts["setup_calls"] = sorted(key for key in at_setup if key != "all")
    inputs = drawn["inputs"]
    before = pickle.dumps(copy.deepcopy(inputs) if type(inputs) is not list else list(inputs))
    callbacks, threads = atexit._ncallbacks(), set(threading.enumerate())
    registered = len(weakref.finalize._registry)
    random.seed(7)
    np.random.seed(7)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(7)
    settle = peak_kb(reset=True)
    clock = CLOCKS["perf_counter"]
    begin = clock()
    first, _, recorder = call(run, inputs)
    elapsed = clock() - begin
    raw = snapshot(first)
    facts["peak_mb"] = (peak_kb() - settle) / 1024
    alive = [one for one in threading.enumerate() if one not in threads]
    facts["alive"] = [one.daemon for one in alive]
    facts["foreign"] = sorted(foreign_types(first))
    facts["at_exit"] = atexit._ncallbacks() > callbacks or len(weakref.finalize._registry) > registered
    facts["random"] = random_states()
    kind = type(inputs) is not list
    facts["mutated"] = pickle.dumps(copy.deepcopy(inputs) if kind else list(inputs)) != before
    recorded = sum(node.total_ns for tree in recorder.trees.values() for node in tree.children.values()) / 1e9
    facts["tampered"] = tampered(recorder, recorded, elapsed)
    facts["same_as_anything"] = any(
        not hasattr(value, "shape") and value == object() for value in dict.values(first)
    )
    facts["activity"] = dict(happened)
    facts["written"] = sorted(written)
    facts["threads_set"] = os.environ.get("OPENBLAS_NUM_THREADS") == "8" or (
        "torch" in sys.modules and sys.modules["torch"].get_num_threads() > 2
    )
    for one in alive:
        if one.daemon:
            one.join(timeout=3)
    for _ in range(300):
        if error(raw, snapshot(first)) != 0 or not (happened or alive):
            break
        time.sleep(0.002)
    facts["changed_later"] = error(raw, snapshot(first)) != 0
    if [one for one in alive if not one.daemon and one.name == "refine"]:
        return facts, None  # nothing more can be learned: it waits for this process to end

    # Later ones.
    if spec["trick"] == "tampered_harness":
        watched, _, _ = call(run, base.make_inputs(5))
        watched = snapshot(watched)
        unwatched, _, _ = call(run, base.make_inputs(5), watch=False)
        facts["differs_unwatched"] = error(watched, snapshot(unwatched)) > 1e-9
    held, _, _ = call(run, base.make_inputs(6, n=SMALL))
    other, _, _ = call(run, base.make_inputs(8, n=SMALL))
    facts["shared"] = type(held) is dict and overlap(held, other)
    call(run, base.make_inputs(9, n=SMALL))
    again = base.make_inputs(9, n=31)
    facts["calls"] = [profiled(lambda: call(run, again))["all"] for _ in range(2)]
    default, less = base.make_inputs(11), base.make_inputs(11, n=SMALL)
    if spec["is_baseline"] or spec["trick"] in ("special_case", "memoised_result"):
        facts["calls_default"] = profiled(lambda: call(run, default))["all"]
    facts["calls_small"] = profiled(lambda: call(run, less))["all"]
    found = outcomes(run, base.make_inputs, pipeline)
    if spec["is_baseline"]:
        torch = sys.modules.get("torch")
        facts["switches"] = [
            name
            for name, on in (
                ("trace", sys.gettrace()),
                ("profile", sys.getprofile()),
                ("tracemalloc", "tracemalloc" in sys.modules and sys.modules["tracemalloc"].is_tracing()),
                ("gc", gc.get_threshold()[0] < 100),
                ("anomaly", torch is not None and torch.is_anomaly_enabled()),
            )
            if on
        ]
        return facts, found
    facts["errors"] = {}
    for name, (want, stages) in expectation.items():
        got, its = found[name]
        facts["errors"][name] = error(want, got)
        mine = dict(its)
        for path, value in dict(stages).items():
            facts["errors"][f"{name} {path}"] = error(value, mine[path]) if path in mine else None
    if spec["trick"] == "borrowed_answer":
        truth = copy.deepcopy(expectation["1/default"][0])
        facts["borrowed"] = poisoned(
            run, base, base.make_inputs(0), truth=truth, root=root, pipeline=pipeline
        )
    return facts, None


def child(spec, expectation, out):
    """Run one project in this (forked) process and end it."""
    root = spec["root"]
    try:
        warnings.simplefilter("ignore")
        sys.dont_write_bytecode = True
        home, tmp = Path(root, "home"), Path(root, "tmp")
        home.mkdir()
        tmp.mkdir()
        os.environ.update(HOME=str(home), TMPDIR=str(tmp))
        tempfile.tempdir = None
        os.chdir(root)
        sys.path[:0] = [root, str(Path(root, "optimized"))]
        answer = _work(spec, expectation)
    except BaseException:  # noqa: BLE001  the parent must hear of it
        answer = ({"crash": traceback.format_exc()}, None)
    try:
        Path(out).write_bytes(pickle.dumps(answer))
    finally:
        os._exit(0)


def main():
    """Fork once for each project, baselines first."""
    specs = json.loads(Path(sys.argv[1]).read_text())
    if any(spec["pipeline"] == "classifier" for spec in specs):
        importlib.import_module("torch").set_num_threads(1)
    expectations, facts = {}, {}
    for spec in specs:
        out = f"{spec['root']}.answer"
        if os.fork() == 0:
            child(spec, expectations.get(spec["pipeline"]), out)
        os.wait()
        facts[spec["name"]], found = pickle.loads(Path(out).read_bytes())  # noqa: S301  our own child's
        if spec["is_baseline"] and not spec["trick"]:
            expectations[spec["pipeline"]] = found
    Path(sys.argv[2]).write_text(json.dumps(facts))


if __name__ == "__main__":
    main()
