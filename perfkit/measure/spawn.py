"""Run one job in a fresh process, and accept exactly one reply from it."""

from __future__ import annotations

import contextlib
import os
import resource
import selectors
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perfkit.errors import RunError
from perfkit.measure import leftovers, protocol, sending
from perfkit.measure.guard import guarding
from perfkit.measure.interpreters import environment_for
from perfkit.measure.meanwhile import Meanwhile
from perfkit.measure.replies import accept, tail, who

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perfkit.model import Job, Reply

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
MAX_REPLY_BYTES = 256 * 1024**2
GRACE_S = 10.0
"""How long a worker may take to end after its reply."""

_MAIN = "from perfkit.measure.worker import main; main()"  # -m would load runpy, into every process
# Another interpreter finds this perfkit, whatever is installed there; else its own packages come first.
_SENT = (
    "import sys; sys.path.insert(0, {sent!r}); import perfkit.measure.worker as worker; "
    "sys.path.append(sys.path.pop(0)); sys.path += {lent!r}; worker.main()"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A worker's reply, and what only its parent could see.

    Attributes
    ----------
    process_s
        Wall time of the whole process, less what perfkit itself took to keep the result.
    exit_cpu_s
        CPU time of the process between its reply and its end.
    cpu
        The core that the process was pinned to; None if it was not.
    meanwhile
        What the machine did to the process from outside: fields of `perfkit.model.Disturbance`.
    """

    reply: Reply
    process_s: float
    load_before: float
    exit_cpu_s: float
    cpu: int | None = None
    meanwhile: dict[str, Any] = field(default_factory=dict)


def worker_environment(hash_seed: int, padding: int) -> dict[str, str]:
    """Return the environment of a worker: the user's, with threads, hash seed and size laid down.

    Parameters
    ----------
    hash_seed
        For ``PYTHONHASHSEED``.
    padding
        Length of a dummy variable, in characters.
    """
    usable = str(usable_cores())
    environment = dict(os.environ)
    for name in THREAD_VARIABLES:
        environment.setdefault(name, usable)
    environment["PYTHONHASHSEED"] = str(hash_seed)
    environment["PERFKIT_PADDING"] = "x" * padding
    return environment


def usable_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def spawn(job: Job, environment: Mapping[str, str], timeout_s: float, cpu: int | None = None) -> Finished:
    """Run a job in a process of its own, in a process group of its own.

    Parameters
    ----------
    job
        What to do. The worker's stdout and stderr go to files of that name in its folder.
    environment
        The worker's environment variables.
    timeout_s
        After so many seconds the process group is killed.
    cpu
        The core to run on, where the system lets us choose.

    Raises
    ------
    RunError
        If the worker raised, crashed, hung, or replied anything but one well-formed reply.
    UsageError
        If the pipeline does not keep the contract or has no such parameter.
    """
    folder = Path(job.folder)
    load_before = os.getloadavg()[0]
    meanwhile = Meanwhile()
    with Worker(job, environment) as worker:
        cpu_before = _children_cpu_s()  # after what was asked of another interpreter
        pinned = worker.pin(cpu)
        fields = asdict(job)
        inputs = {name: fields.pop(name) for name in protocol.INPUTS}
        worker.tell(fields)
        worker.tell(inputs)
        worker.hang_up()
        received, late = _wait(worker.process, worker.replies, worker.begin + timeout_s)
        process_s = time.perf_counter() - worker.begin
    if late:
        raise RunError(f"{who(job)} {overdue(received, timeout_s)}", tail(folder))
    reply = accept(received, worker.process.returncode, job, folder)
    return Finished(
        reply=reply,
        process_s=process_s - reply.recording_s,
        load_before=load_before,
        exit_cpu_s=max(0.0, _children_cpu_s() - cpu_before - reply.process_cpu_s),
        cpu=pinned,
        meanwhile=meanwhile.seen(),
    )


def overdue(received: bytes, timeout_s: float) -> str:
    """Say what a worker that ran out of time has or has not done."""
    if received.endswith(b"\n"):
        return f"replied, but did not end within {GRACE_S:g} s (a thread still running?) and was killed"
    return f"did not finish within {timeout_s:g} s and was killed; raise --timeout"


class Worker:
    """A worker process with its two pipes, and a guard over it; it is ended when the block is left.

    Attributes
    ----------
    begin
        When it was started, by `time.perf_counter`.
    replies
        The descriptor to read from.
    """

    def __init__(self, job: Job, environment: Mapping[str, str]) -> None:
        self._stack = contextlib.ExitStack()
        folder, main = Path(job.folder), _main(job)
        self._mark, self._folder = leftovers.mark(), folder
        with contextlib.ExitStack() as stack:
            job_read, job_write = os.pipe()
            self.replies, reply_write = os.pipe()
            self._requests = os.fdopen(job_write, "wb")
            self._stack.callback(self.hang_up)
            self._stack.callback(os.close, self.replies)
            stack.callback(os.close, job_read)
            stack.callback(os.close, reply_write)
            out = stack.enter_context((folder / "stdout.txt").open("wb"))
            err = stack.enter_context((folder / "stderr.txt").open("wb"))
            self.begin = time.perf_counter()
            self.process = subprocess.Popen(  # noqa: S603  our own interpreter or the user's, our module
                [job.python or sys.executable, "-P", "-c", main, str(job_read), str(reply_write)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                pass_fds=(job_read, reply_write),
                cwd=job.working_folder or job.root,
                env={**environment_for(job.python, environment), leftovers.MARK: self._mark},
                start_new_session=True,
            )

    def __enter__(self) -> Worker:
        # Without its job the worker waits, and ends if the pipe closes: nothing runs unguarded.
        self._stack.callback(self._clear)
        self._stack.enter_context(guarding(self.process.pid))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _clear(self) -> None:
        """End the worker, and clear away what it left."""
        kill_group(self.process)
        leftovers.end_marked(self._mark)
        leftovers.shorten_output(self._folder)

    def pin(self, cpu: int | None) -> int | None:
        """Keep the process on one core from now on; returns it, or None if it is not kept."""
        if cpu is not None and hasattr(os, "sched_setaffinity"):
            with contextlib.suppress(OSError):
                os.sched_setaffinity(self.process.pid, {cpu})
                return cpu
        return None

    def tell(self, message: Mapping[str, Any]) -> None:
        """Send one line; a worker that is gone is noticed by its reply."""
        with contextlib.suppress(BrokenPipeError):
            protocol.send(self._requests, message)

    def hang_up(self) -> None:
        """Say nothing more to it."""
        with contextlib.suppress(BrokenPipeError):
            self._requests.close()


def _main(job: Job) -> str:
    """Return what a worker's interpreter runs."""
    if not job.python:
        return _MAIN
    timed = job.kind in {"time", "describe"}  # which must not find what their environment does not have
    return _SENT.format(sent=sending.folder(job.python), lent=[job.lent] if job.lent and not timed else [])


def _children_cpu_s() -> float:
    """CPU seconds of all children that have ended; the worker is the only one meanwhile."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _wait(process: subprocess.Popen[bytes], reply_read: int, deadline: float) -> tuple[bytes, bool]:
    """Collect what arrives until the process ends; and whether the deadline passed first."""
    received = bytearray()
    os.set_blocking(reply_read, False)
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as stack:
        selector.register(reply_read, selectors.EVENT_READ)
        poll_s = 0.02
        with contextlib.suppress(AttributeError, OSError):  # not everywhere, and not in every container
            ended = os.pidfd_open(process.pid)
            stack.callback(os.close, ended)
            selector.register(ended, selectors.EVENT_READ)
            poll_s = 60.0
        listening, replied = True, False
        while process.poll() is None:
            now = time.perf_counter()
            if now >= deadline:
                return bytes(received), True
            selector.select(min(poll_s, deadline - now))
            if listening and not _drain(reply_read, received):
                listening = False
                selector.unregister(reply_read)
            if not replied and received.endswith(b"\n"):
                replied = True
                # The reply is there: what is left is the interpreter's end, which must not take forever.
                deadline = min(deadline, time.perf_counter() + GRACE_S)
    _drain(reply_read, received)
    return bytes(received), False


def _drain(descriptor: int, into: bytearray) -> bool:
    """Read all that is there; False once the other end is closed or far too much has come."""
    while len(into) <= MAX_REPLY_BYTES:
        try:
            chunk = os.read(descriptor, 1 << 16)
        except BlockingIOError:
            return True
        if not chunk:
            return False
        into += chunk
    return False


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End a worker and whatever it left running in its process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
