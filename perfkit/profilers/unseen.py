"""Threads and child processes that start while a profiler runs, so that it can own up to what it missed."""

from __future__ import annotations

import resource
import threading
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType


class Watch:
    """Counts the threads that start, and notices child processes that end, while it is open.

    Threads made without `threading` are not seen, nor are children that nobody waited for.

    Parameters
    ----------
    inside
        Opened around the body of each thread that starts, in that thread.

    Attributes
    ----------
    threads
        How many threads have started.
    children
        Whether a child process has ended.
    """

    def __init__(self, inside: Callable[[], AbstractContextManager[None]] = nullcontext) -> None:
        self.threads = 0
        self.children = False
        self._inside = inside
        self._start = threading.Thread.start
        self._before = 0.0

    def __enter__(self) -> Watch:
        """Begin to watch."""
        self._before = _children_usage()
        start = self._start = threading.Thread.start

        def watched_start(thread: threading.Thread) -> None:
            self.threads += 1
            body = thread.run

            def run() -> None:
                with self._inside():
                    body()

            thread.run = run  # type: ignore[method-assign]
            start(thread)

        threading.Thread.start = watched_start  # type: ignore[method-assign,assignment]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop watching."""
        threading.Thread.start = self._start  # type: ignore[method-assign]
        self.children = _children_usage() > self._before

    def count(self) -> str:
        """Return the number of threads in words, such as ``2 other threads ran``."""
        return f"{self.threads} other thread{'s' if self.threads > 1 else ''} ran"


def _children_usage() -> float:
    """CPU time and page faults of ended children: grows with each, however short (its CPU time may be 0)."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime + usage.ru_minflt
