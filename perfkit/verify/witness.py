"""What no audit event tells: sleeping, threads, callbacks for the end, and values that compute when read."""

from __future__ import annotations

import _thread
import atexit
import functools
import gc
import os
import sys
import threading
import time
import types
from typing import TYPE_CHECKING, Any

from perfkit.verify import watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.verify.events import Events

_READING = (
    "__array__",
    "__array_function__",
    "__array_ufunc__",
    "__torch_function__",
    "__getitem__",
    "__iter__",
    "__getattr__",
    "__getattribute__",
    "__float__",
    "__call__",
)
_CODE = (types.FunctionType, types.MethodType, functools.partial)
_MOST = 2_000  # parts of a value that are looked at


class Witness:
    """Stands in for a few functions in a verification's process, and counts what the project's code does.

    Parameters
    ----------
    root
        The project's root.
    events
        Says whether anything is counted just now.
    """

    def __init__(self, root: str, events: Events) -> None:
        self.idle: dict[str, float] = {"time.sleep": 0.0, "gc.collect": 0.0, "clock readings": 0.0}
        self.exit_callbacks: list[str] = []
        self.threads = 0
        self._root = os.path.realpath(root)
        self._events = events
        self._clock = time.perf_counter
        time.sleep = self._timed("time.sleep", time.sleep)
        gc.collect = self._timed("gc.collect", gc.collect)
        for name in ("time", "perf_counter", "perf_counter_ns", "monotonic", "monotonic_ns"):
            setattr(time, name, self._counted(getattr(time, name)))
        atexit.register = self._noting(atexit.register)
        # Python 3.11 has no audit event for it. threading keeps a name of its own for the function.
        for module, names in (
            (_thread, ("start_new_thread", "start_joinable_thread")),
            (threading, ("_start_new_thread", "_start_joinable_thread")),
        ):
            for name in names:
                if hasattr(module, name):
                    setattr(module, name, self._starting(getattr(module, name)))

    def _timed(self, what: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            if not self._counts(sys._getframe(1)):
                return function(*args, **kwargs)
            begin = self._clock()
            try:
                return function(*args, **kwargs)
            finally:
                self.idle[what] += self._clock() - begin

        return timed

    def _counted(self, clock: Callable[[], Any]) -> Callable[[], Any]:
        @functools.wraps(clock)
        def counted() -> Any:
            if self._counts(sys._getframe(1)):
                self.idle["clock readings"] += 1
            return clock()

        return counted

    def _noting(self, register: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(register)
        def noting(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Callable[..., Any]:
            frame: types.FrameType | None = sys._getframe(1)
            while frame is not None and frame.f_code.co_filename.endswith("weakref.py"):
                frame = frame.f_back  # weakref.finalize registers for its caller
            if self._counts(frame):
                self.exit_callbacks.append(watch.origin(function))
            return register(function, *args, **kwargs)  # type: ignore[no-any-return]

        return noting

    def _starting(self, start: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(start)
        def starting(*args: Any, **kwargs: Any) -> Any:
            if not self._events.is_muted:
                self.threads += 1
            return start(*args, **kwargs)

        return starting

    def _counts(self, frame: types.FrameType | None) -> bool:
        """Tell whether a call from this frame is the project's own, while anything is counted."""
        if frame is None or self._events.is_muted:
            return False
        file = os.path.realpath(frame.f_code.co_filename)
        return file.startswith(self._root + os.sep) and not watch.is_installed(file)


def what_computes(value: object, root: str) -> list[str]:
    """Return the project's classes in a value that compute when they are read, and its functions.

    An array-like of one's own, a property, a closure: what it costs is paid after the clock has stopped.
    """
    found: list[str] = []
    seen: set[int] = set()
    stack: list[Any] = [value]
    while stack and len(seen) < _MOST:
        one = stack.pop()
        if id(one) in seen or isinstance(one, str | bytes | int | float | complex | type(None) | type):
            continue
        seen.add(id(one))
        kind = type(one)
        if isinstance(
            one, types.FunctionType | types.MethodType | functools.partial | types.GeneratorType
        ) or hasattr(kind, "__next__"):
            found.append(f"a {kind.__name__}")
        elif _is_own_class(kind, root):
            how = [name for name in _READING if name in vars(kind)]
            how += [name for name, member in vars(kind).items() if _computes(member)]
            if how:
                found.append(f"{kind.__qualname__} ({', '.join(how[:3])})")
        if isinstance(one, dict):
            stack.extend(dict.values(one))
        elif isinstance(one, list | tuple):
            stack.extend(one)
        elif _is_own_class(kind, root):
            stack.extend(getattr(one, "__dict__", {}).values())
    return list(dict.fromkeys(found))


def _computes(member: object) -> bool:
    return isinstance(member, property | functools.cached_property)


def _is_own_class(kind: type, root: str) -> bool:
    module = sys.modules.get(kind.__module__)
    file = getattr(module, "__file__", None) or ""
    return file.startswith(root + os.sep) and not watch.is_installed(file)
