"""What a worker left behind is cleared away: processes of its own, and more output than anybody reads."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import sys
from pathlib import Path

MARK = "PERFKIT_WORKER"
"""The environment variable by which a worker's processes are known, however they were started."""

MOST_BYTES = 1_000_000
"""Of standard output, and of standard error, that are stored."""


def mark() -> str:
    """Return a value of `MARK` that no other worker has, always of one length."""
    return f"{os.getpid():010d}-{secrets.token_hex(8)}"


def end_marked(value: str) -> None:
    """End the processes that carry a mark: what left its process group, as a daemon does, is not missed.

    Only where processes and their environments can be read as files: on Linux.
    """
    if sys.platform != "linux":
        return
    wanted = f"{MARK}={value}".encode()
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with contextlib.suppress(OSError):
                if wanted in (process / "environ").read_bytes().split(b"\0"):
                    os.kill(int(process.name), signal.SIGKILL)


def shorten_output(folder: Path) -> None:
    """Shorten what a worker printed, in its folder."""
    for name in ("stdout.txt", "stderr.txt"):
        shorten(folder / name)


def shorten(file: Path, most: int = MOST_BYTES) -> None:
    """Leave the beginning and the end of a long output, and say between them what is gone."""
    with contextlib.suppress(OSError):
        size = file.stat().st_size
        if size <= most:
            return
        half = most // 2
        with file.open("r+b") as handle:
            handle.seek(size - half)
            end = handle.read()
            handle.seek(half)
            handle.write(f"\n[perfkit left out {size - 2 * half:,} bytes here]\n".encode())
            handle.write(end)
            handle.truncate()
