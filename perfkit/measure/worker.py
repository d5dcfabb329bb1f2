"""The measured process: ``main()`` with the descriptors of its job and its reply as arguments.

It imports one variant, makes the inputs, calls ``run(inputs)`` and replies: once if it is timed or profiled,
in one trial after the other if it is verified. It prints nothing, and before the run it loads nothing that
the job does not name: its own needs are in memory already, equally for both sides.
"""

from __future__ import annotations

import gc
import importlib
import math
import os
import sys
from contextlib import suppress
from time import perf_counter, process_time

from perfkit.markers import Recorder
from perfkit.measure import counters, loading, plain, protocol
from perfkit.verify import watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from perfkit.markers import Watcher


class _PhaseError(Exception):
    """A phase raised; carries what is replied."""

    def __init__(self, phase: str, error: BaseException, recorder: Recorder | None = None) -> None:
        super().__init__(phase)
        stage = ""
        if recorder is not None:
            stage = recorder.failed_in(error)
        import traceback  # costs 6 ms, which no run that goes well needs

        self.reply = {
            "phase": phase,
            "error": type(error).__name__,
            "message": _text(error),
            "traceback": "".join(traceback.format_exception(error)),
            "stage": stage,
        }


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  a broken __str__ must not hide the failure
        return ""


def _parameters(make_inputs: Callable[..., Any], path: str, overrides: dict[str, Any]) -> dict[str, Any]:
    """Return all keyword parameters of make_inputs with the values they will have."""
    settable, open_ended = _settable(make_inputs)
    settable.pop("seed", None)
    for name in overrides:
        if name not in settable and not open_ended:
            known = ", ".join(settable) or "none"
            msg = f"make_inputs of {path} has no parameter {name!r}; it has: {known}"
            raise TypeError(msg)
    values = {**settable, **overrides}
    missing = [name for name, value in values.items() if value is _MISSING]
    if missing:
        msg = f"make_inputs of {path} needs a value for {', '.join(missing)}: give it with --set"
        raise TypeError(msg)
    return {name: value if _is_scalar(value) else repr(value) for name, value in values.items()}


def _settable(make_inputs: Callable[..., Any]) -> tuple[dict[str, Any], bool]:
    """Return what may be given by name, with its default or `_MISSING`; and whether anything else may be."""
    code = getattr(make_inputs, "__code__", None)
    if type(make_inputs) is not type(_settable) or hasattr(make_inputs, "__wrapped__") or code is None:
        import inspect  # costs 14 ms, which a plain function spares each process

        parameters = inspect.signature(make_inputs).parameters
        return {
            name: _MISSING if one.default is one.empty else one.default
            for name, one in parameters.items()
            if one.kind is one.KEYWORD_ONLY
            or (one.kind is one.POSITIONAL_OR_KEYWORD and one.default is not one.empty)
        }, any(one.kind is one.VAR_KEYWORD for one in parameters.values())
    positional = code.co_varnames[code.co_posonlyargcount : code.co_argcount]
    named = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    defaults = make_inputs.__defaults__ or ()
    given = dict(zip(positional[::-1], defaults[::-1], strict=False))
    keywords = make_inputs.__kwdefaults__ or {}
    return {
        **{name: given[name] for name in positional if name in given},
        **{name: keywords.get(name, _MISSING) for name in named},
    }, bool(code.co_flags & _CO_VARKEYWORDS)


_MISSING = object()
_CO_VARKEYWORDS = 0x08  # inspect.CO_VARKEYWORDS, without inspect


def _is_scalar(value: object) -> bool:
    return value is None or type(value) in (bool, int, str) or (type(value) is float and math.isfinite(value))


def _metrics(result: object) -> dict[str, float | None]:
    """Return the numbers in the dictionary that run returned; None for one that is not finite."""
    found: dict[str, float | None] = {}
    for name, value in dict.items(result) if isinstance(result, dict) else ():
        number = value
        with suppress(Exception):  # whatever a value's own code raises
            if getattr(value, "shape", None) == () and hasattr(value, "item"):  # NumPy and torch scalars
                number = value.item()
        if isinstance(name, str) and type(number) in (int, float):
            with suppress(OverflowError):
                found[name] = float(number) if math.isfinite(number) else None
    return found


def _stages(recorder: Recorder, calls: int) -> list[dict[str, Any]]:
    """Return the stages of one call of ``run``, the mean over so many."""
    return [
        {
            "path": node.path,
            "calls": round(node.calls / calls),
            "total_s": node.total_ns / 1e9 / calls,
            "in_main_thread": thread == recorder.main_thread,
        }
        for thread, tree in recorder.trees.items()
        for node in tree.walk()
    ]


class _Pipeline:
    """The two functions of a pipeline, imported before the job's inputs are known, which it then adds."""

    def __init__(self, job: dict[str, Any], rest: Callable[[], dict[str, Any]]) -> None:
        path, inputs_path = job["variant_path"], job["inputs_path"]
        sys.argv = [path]
        begin, cpu = perf_counter(), process_time()
        loaded = self._load(job, path, job["loading"], as_main=job["kind"] != "differ")
        self.import_s = perf_counter() - begin
        self.body_cpu_s = process_time() - cpu
        other = self.baseline = loaded
        if (inputs_path, job["inputs_loading"]) != (path, job["loading"]):
            other = self.baseline = self._load(job, inputs_path, job["inputs_loading"])
        if job["baseline_path"]:
            self.baseline = self._load(job, job["baseline_path"], job["baseline_loading"])
        self.loaded, self.module, self.inputs_module = loaded, loaded.module, other.module
        try:
            self.run, self.make_inputs = loaded.run, other.make_inputs
        except loading.ContractError as error:
            raise _PhaseError("contract", error) from error
        if other is not loaded and other.function is not None:
            self.make_inputs = other.function
        elif loaded.function is not None and (missing := loading.needs_inputs(loaded)):
            raise _PhaseError("contract", loading.ContractError(missing))
        self._inputs_path = inputs_path
        job |= rest()
        loaded.folder = job["folder"]  # a fork's, which has one of its own
        try:
            self.parameters = self.complete(job["parameters"])
        except (TypeError, ValueError) as error:
            raise _PhaseError("parameters", error) from error

    def _load(
        self, job: dict[str, Any], path: str, how: dict[str, Any], *, as_main: bool = True
    ) -> loading.Loaded:
        try:
            return loading.load(job["root"], path, how, job["folder"], as_main=as_main)
        except loading.ContractError as error:
            raise _PhaseError("contract", error) from error
        except BaseException as error:
            phase = "contract" if type(error).__name__ == "NoStageError" else "import"
            raise _PhaseError(phase, error) from error

    def complete(self, overrides: dict[str, Any]) -> dict[str, Any]:
        """Return the overrides and the defaults of all other parameters."""
        return _parameters(self.make_inputs, self._inputs_path, overrides)


def _work(job: dict[str, Any], rest: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Do the job; returns the fields of the reply."""
    if job["kind"] == "describe":
        return _described(_Pipeline(job, rest))
    if job["kind"] in {"verify", "differ", "thorough"}:
        return _verify(job, rest)
    begin = perf_counter()
    guard = watch.Guard()
    ours_s = perf_counter() - begin  # what perfkit itself takes of the process's time
    clock = perf_counter  # a local name: what the variant does to this module's does not reach it
    pipeline = _Pipeline(job, rest)
    begin = perf_counter()
    watch.seed_generators(job["seed"])
    ours_s += perf_counter() - begin
    inputs, inputs_s, inputs_cpu_s = _inputs(pipeline, job, 0)

    try:
        instrument = _instrument(job, pipeline.module)
    except BaseException as error:
        raise _PhaseError("profiler", error) from error
    watch.seed_generators(job["seed"])
    tracers = watch.tracers()
    threads = watch.threads()
    gc.collect()
    counters.reset_peak()
    base = counters.peak_rss()
    call = _Call(clock, instrument.watcher)
    pipeline.loaded.begin()
    result = call(instrument.call, pipeline.run, inputs)
    first_s = call.run_s
    peak = pipeline.loaded.peak_rss_bytes or counters.peak_rss()
    begin = perf_counter()
    result = pipeline.loaded.outcome(result)
    ours_s += perf_counter() - begin
    if job["repeats"]:
        begin = perf_counter()
        call = _Call(clock)  # the first one warmed up; it is told, and no part of the rest
        for index in range(1, job["repeats"] + 1):
            inputs = result = None
            inputs, _, _ = _inputs(pipeline, job, index)
            watch.seed_generators(job["seed"] + index)
            pipeline.loaded.begin()
            result = pipeline.loaded.outcome(call(instrument.call, pipeline.run, inputs))
        ours_s += perf_counter() - begin  # a process that is not measured calls it once
    busy = watch.busy_threads(threads, job["root"])
    begin = perf_counter()
    try:
        kept = instrument.save(result)
        outcome = _outcome(call.recorder, result, job["repeats"] or 1)
    except BaseException as error:
        raise _PhaseError("record", error) from error
    tampered = guard.tampered()
    return {
        "import_s": pipeline.import_s,
        "inputs_s": inputs_s,
        "run_s": call.run_s / (job["repeats"] or 1),
        "first_s": first_s,
        "cpu_s": call.cpu_s / (job["repeats"] or 1),
        "peak_rss_bytes": peak,
        "base_rss_bytes": base if pipeline.loaded.peak_rss_bytes is None else None,
        "parameters": pipeline.parameters,
        "warnings": instrument.warnings(),
        "result": kept,
        "disturbance": call.interference,
        "observed": {
            "inputs_cpu_s": inputs_cpu_s,
            "inputs_from": watch.origin(pipeline.make_inputs, job["root"]),
            "tampered": tampered,
            "tracers": [*tracers, *(one for one in instrument.tracers() if one not in tracers)],
            "settings": watch.settings(),
            "busy_threads": busy,
        },
        "recording_s": ours_s + perf_counter() - begin,
        **outcome,
    }


class _Call:
    """Timed calls of ``run``, added up."""

    def __init__(self, clock: Callable[[], float], watcher: Watcher | None = None) -> None:
        self.recorder = Recorder(watcher=watcher)
        self.run_s = self.cpu_s = 0.0
        self.interference: dict[str, Any] = {}
        self._clock = clock

    def __call__(self, call: Callable[..., Any], *arguments: object) -> object:
        clock, recorder = self._clock, self.recorder
        interference = counters.Interference()
        cpu_before = counters.cpu_s()
        recorder.start()
        begin = clock()
        try:
            return call(*arguments)
        except BaseException as error:
            raise _PhaseError("run", error, recorder) from error
        finally:
            self.run_s += clock() - begin
            recorder.stop()
            self.cpu_s += counters.cpu_s() - cpu_before
            for name, count in interference.seen().items():
                self.interference[name] = None if count is None else self.interference.get(name, 0) + count


def _inputs(pipeline: _Pipeline, job: dict[str, Any], index: int) -> tuple[Any, float, float]:
    """Make the inputs of one call; with the wall and the CPU time that took."""
    begin, cpu = perf_counter(), process_time()
    try:
        inputs = pipeline.make_inputs(job["seed"] + index, **job["parameters"])
    except BaseException as error:
        raise _PhaseError("inputs", error) from error
    return inputs, perf_counter() - begin, process_time() - cpu


def _outcome(recorder: Recorder, result: object, calls: int = 1) -> dict[str, Any]:
    return {"stages": _stages(recorder, calls), "metrics": _metrics(result)}


def _described(pipeline: _Pipeline) -> dict[str, Any]:
    """Return the reply of a job that times nothing."""
    return {
        "import_s": pipeline.import_s,
        "inputs_s": 0.0,
        "run_s": 0.0,
        "cpu_s": 0.0,
        "peak_rss_bytes": counters.peak_rss(),
        "stages": [],
        "metrics": {},
        "parameters": pipeline.parameters,
    }


def _verify(job: dict[str, Any], rest: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Run the trials of a verification; what came of them lies in the job's folder."""
    from perfkit.verify import session as sessions

    session = sessions.Session(job)
    session.preload(job["variant_path"])
    guard = watch.Guard()
    with session.importing(job["kind"]), session.events.listening("import"):
        pipeline = _Pipeline(job, rest)
    session.begin(job)
    session.note_tracers()
    cpu_s = 0.0
    if job["kind"] == "differ":
        from perfkit.verify import differential

        try:
            differential.work(
                job, pipeline.baseline, pipeline.loaded, pipeline.make_inputs, imported=session.imported
            )
        except BaseException as error:
            raise _PhaseError("run", error) from error
    elif job["kind"] == "thorough":
        from perfkit.verify import thorough

        try:
            thorough.work(job, (pipeline.baseline, pipeline.loaded), pipeline.make_inputs)
        except BaseException as error:
            raise _PhaseError("run", error) from error
    else:
        try:
            trials = session.work(
                pipeline.make_inputs, pipeline.loaded, parameters=pipeline.complete, outcome=_outcome
            )
            cpu_s = sum(one.cpu_s for one in trials)
        except sessions.TrialError as failed:
            raise _PhaseError(failed.phase, failed.error, failed.recorder) from failed
        except BaseException as error:
            raise _PhaseError("record", error) from error
    return {
        **_described(pipeline),
        "cpu_s": cpu_s,
        "observed": {
            "body_cpu_s": pipeline.body_cpu_s,
            "inputs_from": watch.origin(pipeline.make_inputs, job["root"]),
            "tampered": [
                *dict.fromkeys([*session.replaced, *guard.tampered()]),
                *watch.patched(job["root"], pipeline.inputs_module, pipeline.module),
            ],
            "settings": watch.settings(),
            **session.seen(),
        },
    }


class _Clean:
    """A timed run: nothing but the stages' clocks, and what run returned."""

    watcher: Watcher | None = None

    def __init__(self, job: dict[str, Any]) -> None:
        self._folder: str = job["folder"]
        self._lent: str = job["lent"]

    def call(self, run: Callable[[Any], Any], inputs: object) -> object:
        return run(inputs)

    def tracers(self) -> list[str]:
        """Return what slows the process down after the run."""
        return watch.tracers()

    def save(self, result: object) -> str:
        """Keep the result, so that what was timed is what is compared: as text, or else in the folder."""
        text = plain.write(result)
        if text is None:
            from perfkit.measure import keeping

            keeping.keep(self._folder, result, self._lent)
        return text or ""

    def warnings(self) -> list[str]:
        return []


class _Profiling(_Clean):
    """A run under a profiler."""

    def __init__(self, job: dict[str, Any], module: ModuleType) -> None:
        super().__init__(job)
        from pathlib import Path

        profilers = importlib.import_module(job["profiler"])
        self.folder = Path(job["folder"])
        self.profiler = profilers.Profiler(module, Path(job["root"]) / job["variant_path"])
        self.watcher = getattr(self.profiler, "watcher", None)
        if hasattr(self.profiler, "prepare"):
            self.profiler.prepare(self.folder)

    def call(self, run: Callable[[Any], Any], inputs: object) -> object:
        return self.profiler.run(lambda: run(inputs))

    def tracers(self) -> list[str]:
        return []  # the profiler is one

    def save(self, result: object) -> str:  # noqa: ARG002  the profile does not hold the result
        self.profiler.save(self.folder)
        return ""

    def warnings(self) -> list[str]:
        return list(self.profiler.warnings)


def _instrument(job: dict[str, Any], module: ModuleType) -> _Clean:
    return _Clean(job) if job["kind"] == "time" else _Profiling(job, module)


def main() -> None:
    """Read the job, do it, send the one reply."""
    job_fd, reply_fd = (int(one) for one in sys.argv[1:3])
    jobs = os.fdopen(job_fd, "rb", buffering=0)
    job = protocol.receive(jobs)
    if job is None:
        return  # the parent is gone
    process = os.getpid()

    with os.fdopen(reply_fd, "wb") as pipe:

        def rest() -> dict[str, Any]:
            if job["serving"]:
                from perfkit.measure import serving

                return serving.serve(jobs, pipe)
            with jobs:
                return protocol.receive(jobs) or sys.exit()

        try:
            done = _work(job, rest)
            reply = {"ok": {**done, "process_cpu_s": counters.cpu_s()}}
        except _PhaseError as failed:
            reply = {"failed": failed.reply}
        if not job["serving"] and os.getpid() != process:
            os._exit(0)  # the variant forked, and this child came back from run: the parent alone replies
        protocol.send(pipe, reply)
    if job["serving"]:
        from perfkit.measure import serving

        serving.end()
