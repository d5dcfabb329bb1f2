"""A worker that has imported its variant and forks a pristine child for each sample. Standard library alone.

Importing torch takes far longer than many a run. The server imports once; each request is one fork, which
makes inputs, runs and replies as a worker does, and ends. What a run leaves behind ends with it.
"""

from __future__ import annotations

import atexit
import gc
import os
import stat
import sys
import threading
from contextlib import suppress
from time import perf_counter

from perfkit.measure import counters, protocol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO


def serve(requests: BinaryIO, replies: BinaryIO) -> dict[str, Any]:
    """Answer requests until there are no more; this returns only in a child, with its request.

    The server says ``{"ready": ""}``, or why it must not fork. Told ``{"next": true}`` it forks and says
    ``{"began": pid}``; the child takes the request and replies as any worker does, and the server says
    ``{"ended": status, "wall_s": ..., "cpu_s": ...}``.
    """
    why = _unsafe({requests.fileno(), replies.fileno()})
    gc.collect()
    gc.freeze()  # else each child's first collection would copy all of what was imported, page by page
    protocol.send(replies, {"ready": why})
    while True:
        if protocol.receive(requests) is None:
            os._exit(0)  # what the variant wants done at the end is done by each child
        begin = perf_counter()
        pid = os.fork()
        if pid == 0:
            os.setpgid(0, 0)
            # Only the child sees its request, so that nothing which the variant does at a fork knows a seed;
            # and it comes after the server has told of this child, so that they do not speak at once.
            request = protocol.receive(requests)
            if request is None:
                os._exit(0)  # the parent is gone
            requests.close()
            _settle(request)
            return request
        protocol.send(replies, {"began": pid})
        _, status, used = os.wait4(pid, 0)
        protocol.send(
            replies,
            {
                "ended": os.waitstatus_to_exitcode(status),
                "wall_s": perf_counter() - begin,
                "cpu_s": used.ru_utime + used.ru_stime,
            },
        )


def end() -> None:
    """End a child: what was registered for the end is done, taking its memory apart is not."""
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads, as an interpreter does
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(0)


def _unsafe(ours: set[int]) -> str:
    """Return why a fork of this process would not be what a fresh process is; empty if it would.

    Parameters
    ----------
    ours
        Descriptors that perfkit itself has open.
    """
    if not hasattr(os, "fork") or sys.platform == "darwin":
        return "this system does not fork safely"
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "cuda") and torch.cuda.is_initialized():
        return "importing it initialises CUDA"
    if threading.active_count() == 1:
        # Libraries made for it, such as OpenBLAS, end their threads before a fork and start them again when
        # needed. What is still there after a fork was not made for it.
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
    alive = max(counters.threads(), threading.active_count())
    if shared := _shared(ours):
        return f"importing it leaves {shared} open, which all forks would share"
    if alive > 1:
        return f"importing it leaves {alive - 1} {'thread' if alive == 2 else 'threads'} running"  # noqa: PLR2004
    return ""


def _shared(ours: set[int]) -> str:
    """Name a file, a socket or memory that a fork does not get a copy of; empty if there is none."""
    with suppress(OSError):
        for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  no pathlib here
            with suppress(OSError):  # the descriptor of this very listing is closed by now
                descriptor = int(name)
                target = os.readlink(f"/proc/self/fd/{name}")  # noqa: PTH115
                mode = os.fstat(descriptor).st_mode
                if descriptor > 2 and descriptor not in ours and stat.S_ISREG(mode):  # noqa: PLR2004
                    return target
                if target.startswith("socket:"):
                    return "a socket"
        with open("/proc/self/maps") as file:  # noqa: PTH123
            if any(line.split()[1].startswith("rw") and line.split()[1].endswith("s") for line in file):
                return "shared memory"
    return ""


def _settle(request: dict[str, Any]) -> None:
    """Give a child what a process of its own would have had from the start."""
    os.environ.update(request.pop("environment"))
    tempfile = sys.modules.get("tempfile")
    if tempfile is not None:
        tempfile.tempdir = None  # type: ignore[attr-defined]  # it remembers the server's folder
    for descriptor, name in ((1, "stdout.txt"), (2, "stderr.txt")):
        file = os.open(os.path.join(request["folder"], name), os.O_WRONLY | os.O_CREAT)  # noqa: PTH118
        os.dup2(file, descriptor)
        os.close(file)
