"""The measured process: ``python -P -m perfkit.measure.worker JOB_FD REPLY_FD``.

It imports one variant, makes the inputs, calls ``run(inputs)`` once and replies. It prints nothing, and
before the run it loads nothing that the job does not name: its own needs are in memory already, equally for
both sides.
"""

from __future__ import annotations

import gc
import importlib.util
import inspect
import math
import os
import resource
import sys
import traceback
from contextlib import suppress
from time import perf_counter

from perfkit.markers import Recorder
from perfkit.measure import protocol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any


class _PhaseError(Exception):
    """A phase raised; carries what is replied."""

    def __init__(self, phase: str, error: BaseException, recorder: Recorder | None = None) -> None:
        super().__init__(phase)
        stage = ""
        if recorder is not None and recorder.failed is not None and recorder.failed[0] == id(error):
            stage = recorder.failed[1]
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


def _load(root: str, path: str) -> ModuleType:
    """Import a variant by its path, under a name that its own children could import too."""
    name = path.removesuffix(".py").replace("/", ".")
    if name in sys.modules:
        return sys.modules[name]
    file = os.path.join(root, path)  # noqa: PTH118  pathlib would be loaded for this alone
    folder = os.path.dirname(file)  # noqa: PTH120
    for entry in (root, folder):
        if entry not in sys.path:
            sys.path.insert(0, entry)
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        msg = f"{path} is no Python file"
        raise ImportError(msg)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _function(module: ModuleType, name: str, path: str) -> Callable[..., Any]:
    function = getattr(module, name, None)
    if not callable(function):
        what = "has no function" if function is None else "has something that is not callable named"
        msg = f"{path} {what} {name!r}; a pipeline needs make_inputs(seed, ...) and run(inputs)"
        raise TypeError(msg)
    return function  # type: ignore[no-any-return]


def _parameters(make_inputs: Callable[..., Any], path: str, overrides: dict[str, Any]) -> dict[str, Any]:
    """Return all keyword parameters of make_inputs with the values they will have."""
    signature = inspect.signature(make_inputs)
    settable = {
        name: one.default
        for name, one in signature.parameters.items()
        if one.kind is one.KEYWORD_ONLY
        or (one.kind is one.POSITIONAL_OR_KEYWORD and one.default is not one.empty)
    }
    settable.pop("seed", None)
    open_ended = any(one.kind is one.VAR_KEYWORD for one in signature.parameters.values())
    for name in overrides:
        if name not in settable and not open_ended:
            known = ", ".join(settable) or "none"
            msg = f"make_inputs of {path} has no parameter {name!r}; it has: {known}"
            raise TypeError(msg)
    values = {**settable, **overrides}
    missing = [name for name, value in values.items() if value is inspect.Parameter.empty]
    if missing:
        msg = f"make_inputs of {path} needs a value for {', '.join(missing)}: give it with --set"
        raise TypeError(msg)
    return {name: value if _is_scalar(value) else repr(value) for name, value in values.items()}


def _is_scalar(value: object) -> bool:
    return value is None or type(value) in (bool, int, str) or (type(value) is float and math.isfinite(value))


def _reset_peak() -> None:
    with suppress(OSError), open("/proc/self/clear_refs", "w") as file:  # noqa: PTH123  no pathlib here
        file.write("5")


def _peak_rss() -> int | None:
    """Peak resident bytes since the reset (ru_maxrss would report the parent's)."""
    with suppress(OSError, ValueError), open("/proc/self/status") as file:  # noqa: PTH123
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return None


def _cpu_s() -> float:
    """CPU seconds of this process, all its threads, and its children that have ended."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _metrics(result: object) -> dict[str, float | None]:
    """Return the numbers in the dictionary that run returned; None for one that is not finite."""
    if not isinstance(result, dict):
        return {}
    found: dict[str, float | None] = {}
    for name, value in result.items():
        number = value
        if getattr(value, "shape", None) == () and hasattr(value, "item"):  # NumPy and torch scalars
            with suppress(Exception):
                number = value.item()
        if isinstance(name, str) and type(number) in (int, float):
            with suppress(OverflowError):
                found[name] = float(number) if math.isfinite(number) else None
    return found


def _stages(recorder: Recorder) -> list[dict[str, Any]]:
    return [
        {
            "path": node.path,
            "calls": node.calls,
            "total_s": node.total_ns / 1e9,
            "in_main_thread": thread == recorder.main_thread,
        }
        for thread, tree in recorder.trees.items()
        for node in tree.walk()
    ]


def _work(job: dict[str, Any]) -> dict[str, Any]:
    """Do the job; returns the fields of the reply."""
    root, path, inputs_path = job["root"], job["variant_path"], job["inputs_path"]
    sys.argv = [path]

    begin = perf_counter()
    try:
        module = _load(root, path)
    except BaseException as error:
        raise _PhaseError("import", error) from error
    import_s = perf_counter() - begin

    try:
        inputs_module = _load(root, inputs_path)
    except BaseException as error:
        raise _PhaseError("import", error) from error
    try:
        run = _function(module, "run", path)
        make_inputs = _function(inputs_module, "make_inputs", inputs_path)
    except TypeError as error:
        raise _PhaseError("contract", error) from error
    try:
        parameters = _parameters(make_inputs, inputs_path, job["parameters"])
    except (TypeError, ValueError) as error:
        raise _PhaseError("parameters", error) from error

    begin = perf_counter()
    try:
        inputs = make_inputs(job["seed"], **job["parameters"])
    except BaseException as error:
        raise _PhaseError("inputs", error) from error
    inputs_s = perf_counter() - begin

    instrument = _instrument(job, module)
    recorder = Recorder(instrument.on_checkpoint)
    gc.collect()
    _reset_peak()
    cpu_before = _cpu_s()
    recorder.start()
    begin = perf_counter()
    try:
        result = instrument.call(run, inputs)
    except BaseException as error:
        raise _PhaseError("run", error, recorder) from error
    finally:
        run_s = perf_counter() - begin
        recorder.stop()
    cpu_s = _cpu_s() - cpu_before
    peak = _peak_rss()
    try:
        instrument.save(result)
    except BaseException as error:
        raise _PhaseError("record", error) from error
    return {
        "import_s": import_s,
        "inputs_s": inputs_s,
        "run_s": run_s,
        "cpu_s": cpu_s,
        "peak_rss_bytes": peak,
        "stages": _stages(recorder),
        "metrics": _metrics(result),
        "parameters": parameters,
        "warnings": instrument.warnings(),
    }


class _Clean:
    """A timed run: nothing but the stages' clocks."""

    on_checkpoint: Callable[[str, Any], None] | None = None

    def call(self, run: Callable[[Any], Any], inputs: object) -> object:
        return run(inputs)

    def save(self, result: object) -> None:
        """Leave nothing."""

    def warnings(self) -> list[str]:
        return []


class _Verifying(_Clean):
    """A run whose stages' values are kept, at the moment they are returned."""

    def __init__(self, folder: str) -> None:
        from pathlib import Path

        from perfkit.verify.checkpoints import CheckpointRecorder

        self.keep = CheckpointRecorder(Path(folder))
        self.on_checkpoint = self.keep

    def save(self, result: object) -> None:
        self.keep("", result)
        self.keep.save()


class _Profiling(_Clean):
    """A run under a profiler."""

    def __init__(self, job: dict[str, Any], module: ModuleType) -> None:
        from pathlib import Path

        name = {"cprofile": "cprofile", "line": "line"}[job["kind"]]
        profilers = importlib.import_module(f"perfkit.profilers.{name}")
        self.folder = Path(job["folder"])
        self.profiler = profilers.Profiler(module, Path(job["root"]) / job["variant_path"])

    def call(self, run: Callable[[Any], Any], inputs: object) -> object:
        return self.profiler.run(lambda: run(inputs))

    def save(self, result: object) -> None:  # noqa: ARG002  the profile does not hold the result
        self.profiler.save(self.folder)

    def warnings(self) -> list[str]:
        return list(self.profiler.warnings)


def _instrument(job: dict[str, Any], module: ModuleType) -> _Clean:
    if job["kind"] == "time":
        return _Clean()
    if job["kind"] == "verify":
        return _Verifying(job["folder"])
    return _Profiling(job, module)


def main() -> None:
    """Read the job, do it, send the one reply."""
    job_fd, reply_fd = (int(one) for one in sys.argv[1:3])
    with os.fdopen(job_fd, "rb") as pipe:
        job = protocol.receive(pipe)
    if job is None:
        return  # the parent is gone
    with os.fdopen(reply_fd, "wb") as pipe:
        try:
            reply = {"ok": _work(job)}
        except _PhaseError as failed:
            reply = {"failed": failed.reply}
        protocol.send(pipe, reply)


if __name__ == "__main__":
    main()
