"""A small process that outlives perfkit by a moment: if perfkit dies, it ends the worker's process group.

A killed parent runs no cleanup, and a worker that was started in a group of its own does not notice. The
guard reads from a pipe which group is under way; when the pipe closes, perfkit is gone.
"""

from __future__ import annotations

import atexit
import contextlib
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_SOURCE = """
import os, signal, sys
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
groups = set()
for line in sys.stdin:
    word, group = line.split()
    (groups.add if word == "began" else groups.discard)(int(group))
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except OSError:
        pass
"""

_lock = threading.Lock()
_guard: subprocess.Popen[str] | None = None


@contextlib.contextmanager
def guarding(group: int) -> Iterator[None]:
    """Have a process group ended if this process dies inside the block.

    Parameters
    ----------
    group
        The group's id. It is not ended when the block is left: that is the caller's to do.
    """
    _tell(f"began {group}\n")
    try:
        yield
    finally:
        _tell(f"ended {group}\n")


def _tell(line: str) -> None:
    global _guard  # noqa: PLW0603  one guard serves the process
    with _lock:
        if _guard is None or _guard.poll() is not None:
            # isolated and without site: it needs nothing, so it starts in a few milliseconds, once
            _guard = subprocess.Popen(  # noqa: S603  our own interpreter and source
                [sys.executable, "-I", "-S", "-c", _SOURCE],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                text=True,
                bufsize=1,
            )
            atexit.register(_dismiss, _guard)
        assert _guard.stdin is not None  # noqa: S101  it was asked for
        _guard.stdin.write(line)
        _guard.stdin.flush()


def _dismiss(guard: subprocess.Popen[str]) -> None:
    """Let the guard go; it ends by itself once its pipe is closed."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        if guard.stdin is not None:
            guard.stdin.close()
        guard.wait(timeout=1.0)
