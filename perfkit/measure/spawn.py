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
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from perfkit.errors import RunError, UsageError
from perfkit.measure import protocol
from perfkit.measure.guard import guarding
from perfkit.model import Failure, Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perfkit.model import Job

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

_DETAIL_LINES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A worker's reply, and what only its parent could see.

    Attributes
    ----------
    process_s
        Wall time of the whole process, less what perfkit itself took to keep the result.
    exit_cpu_s
        CPU time of the process between its reply and its end.
    """

    reply: Reply
    process_s: float
    load_before: float
    exit_cpu_s: float


class _ReplyFile(msgspec.Struct, forbid_unknown_fields=True):
    ok: Reply | None = None
    failed: Failure | None = None


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


def spawn(job: Job, environment: Mapping[str, str], timeout_s: float) -> Finished:
    """Run a job in a process of its own, in a process group of its own.

    Parameters
    ----------
    job
        What to do. The worker's stdout and stderr go to files of that name in its folder.
    environment
        The worker's environment variables.
    timeout_s
        After so many seconds the process group is killed.

    Raises
    ------
    RunError
        If the worker raised, crashed, hung, or replied anything but one well-formed reply.
    UsageError
        If the pipeline does not keep the contract or has no such parameter.
    """
    folder = Path(job.folder)
    load_before = os.getloadavg()[0]
    cpu_before = _children_cpu_s()
    job_read, job_write = os.pipe()
    reply_read, reply_write = os.pipe()
    try:
        with (folder / "stdout.txt").open("wb") as out, (folder / "stderr.txt").open("wb") as err:
            begin = time.perf_counter()
            process = subprocess.Popen(  # noqa: S603  our own interpreter and module
                [sys.executable, "-P", "-m", "perfkit.measure.worker", str(job_read), str(reply_write)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                pass_fds=(job_read, reply_write),
                cwd=job.root,
                env=dict(environment),
                start_new_session=True,
            )
        try:
            # Without its job the worker waits, and ends if the pipe closes: nothing runs unguarded.
            with guarding(process.pid):
                os.close(job_read)
                os.close(reply_write)
                job_read = reply_write = -1
                with contextlib.suppress(BrokenPipeError), os.fdopen(job_write, "wb") as pipe:
                    job_write = -1
                    fields = asdict(job)
                    inputs = {name: fields.pop(name) for name in protocol.INPUTS}
                    protocol.send(pipe, fields)
                    protocol.send(pipe, inputs)
                received, late = _wait(process, reply_read, begin + timeout_s)
                process_s = time.perf_counter() - begin
        finally:
            _kill_group(process)
    finally:
        for descriptor in (job_read, job_write, reply_read, reply_write):
            if descriptor != -1:
                os.close(descriptor)
    if late:
        what = (
            f"replied, but did not end within {GRACE_S:g} s (a thread still running?) and was killed"
            if received.endswith(b"\n")
            else f"did not finish within {timeout_s:g} s and was killed; raise --timeout"
        )
        raise RunError(f"{job.variant_path} {what}", _tail(folder))
    reply = _accept(received, process.returncode, job, folder)
    return Finished(
        reply=reply,
        process_s=process_s - reply.recording_s,
        load_before=load_before,
        exit_cpu_s=max(0.0, _children_cpu_s() - cpu_before - reply.process_cpu_s),
    )


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
        if hasattr(os, "pidfd_open"):
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


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """End the worker and whatever it left running in its process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _accept(received: bytes, status: int, job: Job, folder: Path) -> Reply:
    who = job.variant_path
    if not received:
        raise RunError(f"{who} {_ending(status)}", _tail(folder))
    try:
        reply = msgspec.json.decode(received, type=_ReplyFile)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        msg = f"{who} sent a malformed reply ({error}): something in it wrote to perfkit's pipe"
        raise RunError(msg, _tail(folder)) from error
    if reply.ok is not None and reply.failed is None:
        if status != 0:
            raise RunError(f"{who} replied, and then {_ending(status)}", _tail(folder))
        return reply.ok
    if reply.failed is not None and reply.ok is None:
        raise _failure(reply.failed, job)
    msg = f"{who} sent a malformed reply (neither success nor failure)"
    raise RunError(msg, _tail(folder))


def _failure(failed: Failure, job: Job) -> RunError | UsageError:
    what = failed.error + (f": {failed.message}" if failed.message else "")
    if failed.phase in {"contract", "parameters"}:
        return UsageError(failed.message)
    if failed.phase == "import":
        return RunError(f"{job.variant_path} could not be imported: {what}", failed.traceback)
    if failed.phase == "inputs":
        where = f"make_inputs of {job.inputs_path}"
        return RunError(f"{where} raised {what}", failed.traceback, phase=failed.phase)
    if failed.phase == "record":
        return RunError(f"what {job.variant_path} left could not be recorded: {what}", failed.traceback)
    where = f" in stage {failed.stage!r}" if failed.stage else ""
    return RunError(f"{job.variant_path} raised {what}{where} (seed {job.seed})", failed.traceback)


def _ending(status: int) -> str:
    if status < 0:
        name = signal.Signals(-status).name if -status in signal.valid_signals() else str(-status)
        hint = " (out of memory?)" if name == "SIGKILL" else ""
        return f"was killed by {name}{hint}"
    return f"ended with exit status {status} without a reply"


def _tail(folder: Path) -> str:
    """Return the last lines that the worker wrote to stderr."""
    with contextlib.suppress(OSError):
        with (folder / "stderr.txt").open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - (1 << 14)))
            text = file.read().decode(errors="replace")
        return "\n".join(text.splitlines()[-_DETAIL_LINES:])
    return ""
