"""What a worker notes of the process that it measures, besides times. Standard library alone, and light.

A rewrite can win by changing the clock, the harness or the other side's conditions instead of the work. What
is looked at here costs nothing while the clock runs: before the variant is imported, after `run` returned.
"""

from __future__ import annotations

import gc
import os
import sys
import time

import perfkit.markers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, ModuleType
    from typing import Any

_WATCHED = (
    "builtins",
    "time",
    "timeit",
    "numpy",
    "numpy.testing",
    "torch",
    "torch.testing",
    "math",
    "gc",
    "xxhash",
)
_NAMES = {
    "time": ("time", "perf_counter", "perf_counter_ns", "monotonic", "process_time", "thread_time", "sleep"),
    "timeit": ("default_timer", "timeit"),
    "numpy": ("allclose", "array_equal", "array_equiv", "isclose"),
    "numpy.testing": ("assert_allclose", "assert_array_equal", "assert_array_almost_equal", "assert_equal"),
    "torch": ("allclose", "equal", "isclose"),
    "torch.testing": ("assert_close",),
    "gc": ("collect", "enable", "disable"),
}
_PERFKIT = os.path.dirname(os.path.realpath(perfkit.markers.__file__))  # noqa: PTH120  no pathlib in the worker
_GC_THRESHOLDS = gc.get_threshold()
_STDLIB = os.path.dirname(os.__file__)  # noqa: PTH120
_IDLE_IN = (
    "threading.py",
    "queue.py",
    "selectors.py",
    "concurrent/futures/thread.py",
    "concurrent/futures/process.py",
    "multiprocessing/pool.py",
    "multiprocessing/connection.py",
    "multiprocessing/queues.py",
)


class Guard:
    """Remembers what clocks, comparison functions and perfkit's modules looked like before the variant."""

    def __init__(self) -> None:
        self._seen = {name: _look(module) for name, module in _modules()}
        self._gc_callbacks = {id(one) for one in gc.callbacks}
        self._own: list[tuple[str, Any, str, object, object]] = []
        self._undone: list[str] = []

    def keep_own(self, *plugged: str) -> None:
        """Keep the functions, classes and methods of perfkit, and of plugged-in modules, for `restore`."""
        own = [one for name, one in list(sys.modules.items()) if name.partition(".")[0] == "perfkit"]
        for module in [*own, *(sys.modules[name] for name in plugged)]:
            for key, value in list(vars(module).items()):
                if callable(value):
                    self._own.append((f"{module.__name__}.{key}", module, key, value, _code(value)))
                if isinstance(value, type) and value.__module__ == module.__name__:
                    self._own += [
                        (f"{module.__name__}.{key}.{name}", value, name, member, _code(member))
                        for name, member in list(vars(value).items())
                        if isinstance(member, _FUNCTION)
                    ]

    def restore(self) -> None:
        """Put back what of perfkit was replaced since `keep_own`, so that values are kept truly; note it."""
        for name, owner, key, value, code in self._own:
            if vars(owner).get(key) is not value:
                setattr(owner, key, value)
            elif code is not None and value.__code__ is not code:
                value.__code__ = code
            else:
                continue
            if name not in self._undone:
                self._undone.append(name)

    @property
    def undone(self) -> tuple[str, ...]:
        """What `restore` put back."""
        return tuple(self._undone)

    def tampered(self) -> list[str]:
        """Return the names of what has been replaced since, such as ``time.perf_counter``."""
        found = []
        for name, module in _modules():
            before = self._seen.get(name)
            if before is None:
                continue  # loaded since: by the variant, and not patched before anyone could look
            now = _look(module)
            found += [f"{name}.{key}" for key, identity in before.items() if now.get(key) != identity]
        found += [
            f"gc.callbacks ({origin(one)})"
            for one in gc.callbacks
            if id(one) not in self._gc_callbacks and not _is_librarys(one)
        ]
        return sorted(found)


def _code(value: object) -> object:
    return value.__code__ if isinstance(value, _FUNCTION) else None


def _is_librarys(function: Callable[..., Any]) -> bool:
    code = getattr(function, "__code__", None)
    return code is not None and is_installed(code.co_filename)


def _modules() -> list[tuple[str, ModuleType]]:
    ours = [name for name in sys.modules if name == "perfkit" or name.startswith("perfkit.")]
    return [(name, sys.modules[name]) for name in (*_WATCHED, *ours) if sys.modules.get(name) is not None]


def _look(module: ModuleType) -> dict[str, tuple[int, ...]]:
    """Return the identity of each function and class of a module, their code and methods included."""
    watched = _NAMES.get(module.__name__)
    found: dict[str, tuple[int, ...]] = {}
    for key, value in list(vars(module).items()):
        if watched is not None and key not in watched:
            continue
        if watched is None and module.__name__ == "builtins" and key == "_":
            continue
        if not callable(value):
            continue
        found[key] = (id(value), id(getattr(value, "__code__", None)))
        if isinstance(value, type) and value.__module__ == module.__name__ and module.__name__ != "builtins":
            for name, member in vars(value).items():
                if callable(member):
                    found[f"{key}.{name}"] = (id(member), id(getattr(member, "__code__", None)))
    return found


def tracers() -> list[str]:
    """Return what traces or profiles this process and so slows it down."""
    found = []
    if sys.gettrace() is not None:
        found.append("sys.settrace")
    if sys.getprofile() is not None:
        found.append("sys.setprofile")
    monitoring = getattr(sys, "monitoring", None)
    if monitoring is not None:
        found += [
            f"sys.monitoring ({tool})" for tool in map(monitoring.get_tool, range(6)) if tool is not None
        ]
    tracemalloc = sys.modules.get("tracemalloc")
    if tracemalloc is not None and tracemalloc.is_tracing():
        found.append("tracemalloc")
    torch = sys.modules.get("torch")
    if torch is not None and getattr(torch, "is_anomaly_enabled", bool)():
        found.append("torch's anomaly detection")
    if sys.flags.dev_mode:
        found.append("Python's development mode")
    return found


def take_off_tracers() -> None:
    """Stop the tracers that can be stopped."""
    sys.settrace(None)
    sys.setprofile(None)
    tracemalloc = sys.modules.get("tracemalloc")
    if tracemalloc is not None:
        tracemalloc.stop()


def settings() -> dict[str, str]:
    """Return what of this process's settings bears on its speed."""
    found = {"gc": _gc_text()}
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "get_num_threads"):
        found["torch threads"] = str(torch.get_num_threads())
        found["torch matmul precision"] = str(torch.get_float32_matmul_precision())
    found["sys.setswitchinterval"] = f"{sys.getswitchinterval():g} s"
    found |= {name: value for name, value in os.environ.items() if name.endswith("_NUM_THREADS")}
    if hasattr(os, "sched_getaffinity"):
        found["allowed cores"] = str(len(os.sched_getaffinity(0)))
    return found


def _gc_text() -> str:
    if not gc.isenabled():
        return "disabled"
    thresholds = gc.get_threshold()  # those that Python starts with are another matter in each version
    return "Python's own thresholds" if thresholds == _GC_THRESHOLDS else f"thresholds {thresholds}"


def origin(function: Callable[..., Any], root: str = "") -> str:
    """Return where a function's code was written: file, relative to the root in it, line and name."""
    inner = function
    code = getattr(inner, "__code__", None)
    if code is None:
        return f"{type(function).__name__} {getattr(function, '__qualname__', '')}"
    return f"{code.co_filename.removeprefix(root + os.sep)}:{code.co_firstlineno} {code.co_qualname}"


def seed_generators(seed: int) -> None:
    """Seed the global generators, so that both sides of a pair draw the same numbers."""
    import random

    random.seed(seed)
    if "numpy" in sys.modules:
        import numpy.random  # NumPy itself loads it on first use, which would then not be seeded

        numpy.random.seed(seed % 2**32)
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "manual_seed"):
        torch.manual_seed(seed)


def patched(root: str, inputs_module: ModuleType, module: ModuleType) -> list[str]:
    """Return what the project's code replaced in libraries, and the variant in the inputs' module.

    Parameters
    ----------
    root
        The project's root: a library's function that was written there is no longer the library's.
    inputs_module, module
        The baseline, whose ``make_inputs`` serves both sides, and the variant.
    """
    found = []
    own = getattr(module, "__file__", None)
    if module is not inputs_module:
        imported = _imported_names(inputs_module)
        found += [
            f"{inputs_module.__name__}.{name}"
            for name, value in vars(inputs_module).items()
            if own is not None and _written_in(value) == own and name not in imported
        ]
    for name, library in list(sys.modules.items()):
        file = getattr(library, "__file__", None)
        if (file is not None and not is_installed(file)) or name in _MAY_BE_SET or name.startswith("perfkit"):
            continue
        for key, value in list(getattr(library, "__dict__", {}).items()):
            if _is_projects(_written_in(value), root):
                found.append(f"{name}.{key}")
            elif isinstance(value, type) and value.__module__ == name:
                members = [one for one in vars(value).items() if _is_projects(_written_in(one[1]), root)]
                found += [f"{name}.{key}.{inner}" for inner, _ in members]
    return sorted(set(found))


def _imported_names(module: ModuleType) -> set[str]:
    """Return the names that a module imports from others, as its source says."""
    import ast

    try:
        with open(module.__file__ or "", "rb") as file:  # noqa: PTH123  no pathlib in the worker
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):
        return set()
    return {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


_FUNCTION = type(lambda: None)
_MAY_BE_SET = frozenset(
    {"__main__", "sys", "warnings", "logging", "signal", "threading", "atexit", "copyreg"}
)


def _written_in(value: object) -> str | None:
    # Only plain functions: an attribute look-up on any other object may run code of its own.
    return value.__code__.co_filename if type(value) is _FUNCTION else None


def _is_projects(file: str | None, root: str) -> bool:
    return file is not None and file.startswith(root + os.sep) and not is_installed(file)


def busy_children() -> list[str]:
    """Return the child processes that still run, or have ended and nobody waited for them, where it is told.

    One that sleeps is a pool's worker, which waits for work.
    """
    found = []
    try:
        for task in os.listdir("/proc/self/task"):  # noqa: PTH208  no pathlib in the worker
            children = _text(f"/proc/self/task/{task}/children").split()
            found += [f"child process {child}" for child in children if _is_unawaited(child)]
    except OSError:
        pass
    return found


def _is_unawaited(process: str) -> bool:
    return _text(f"/proc/{process}/stat").rpartition(")")[2].split()[0] in {"R", "D", "Z"}


def _text(file: str) -> str:
    with open(file) as handle:  # noqa: PTH123  no pathlib in the worker
        return handle.read()


# ---------------------------------------------------------------- threads


def threads() -> set[int]:
    """Return the ids of the Python threads that are alive."""
    return set(sys._current_frames())


def busy_threads(before: set[int], root: str) -> list[str]:
    """Return which threads started since `before` still run code of the project, and where."""
    found = []
    for ident, frame in sys._current_frames().items():
        if ident in before:
            continue
        place = _own_place(frame, root)
        if place:
            found.append(place)
    return found


def _own_place(frame: FrameType | None, root: str) -> str:
    """Return where a thread runs the project's own code; empty for a pool's worker that waits for work."""
    innermost = frame
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(root + os.sep) and not is_installed(file):
            return f"{os.path.relpath(file, root)}:{frame.f_lineno} {frame.f_code.co_qualname}"
        frame = frame.f_back
    if innermost is not None and not innermost.f_code.co_filename.endswith(_IDLE_IN):
        return f"{innermost.f_code.co_filename}:{innermost.f_lineno} {innermost.f_code.co_qualname}"
    return ""


def is_installed(file: str) -> bool:
    """Tell whether a file belongs to Python, an installed package or perfkit, not to the project."""
    if "site-packages" in file or "dist-packages" in file:
        return True
    return file.startswith((_STDLIB + os.sep, _PERFKIT + os.sep, "<"))


def wait_for_threads(before: set[int], limit_s: float) -> bool:
    """Wait for threads started since to end; whether one did."""
    alive = threads() - before
    if not alive:
        return False
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        time.sleep(0.01)
        if not alive <= threads():
            return True
    return False
