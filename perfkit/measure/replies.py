"""What a worker answered: exactly one well-formed reply is accepted, all else is an error in plain words."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING

import msgspec

from perfkit.errors import RunError, StoreError, UsageError
from perfkit.model import Failure, Reply

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.model import Job

_DETAIL_LINES = 12
_OURS = {one.__name__ for one in (RunError, StoreError, UsageError)}  # whose text is a sentence for the user


class _ReplyFile(msgspec.Struct, forbid_unknown_fields=True):
    ok: Reply | None = None
    failed: Failure | None = None


def accept(received: bytes, status: int, job: Job, folder: Path) -> Reply:
    """Return the reply of a worker that has ended.

    Parameters
    ----------
    received
        All that came up the pipe.
    status
        The exit status; negative for a signal.
    folder
        Where its stdout and stderr lie.

    Raises
    ------
    RunError
        If the worker raised, crashed, or sent anything but one well-formed reply.
    UsageError
        If the pipeline does not keep the contract or has no such parameter.
    """
    who = job.variant_path
    if not received:
        raise RunError(f"{who} {ending(status)}", tail(folder))
    try:
        reply = msgspec.json.decode(received, type=_ReplyFile)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        msg = f"{who} sent a malformed reply ({error}): something in it wrote to perfkit's pipe"
        raise RunError(msg, tail(folder)) from error
    if reply.ok is not None and reply.failed is None:
        if status != 0:
            raise RunError(f"{who} replied, and then {ending(status)}", tail(folder))
        return reply.ok
    if reply.failed is not None and reply.ok is None:
        raise _failure(reply.failed, job)
    msg = f"{who} sent a malformed reply (neither success nor failure)"
    raise RunError(msg, tail(folder))


def _failure(failed: Failure, job: Job) -> RunError | UsageError:
    what = failed.error + (f": {failed.message}" if failed.message else "")
    if failed.phase in {"contract", "parameters"}:
        return UsageError(failed.message)
    stage = f" in stage {failed.stage!r}" if failed.stage else ""
    if failed.phase == "import":
        message = f"{job.variant_path} could not be imported: {what}"
    elif failed.phase == "inputs":
        message = f"make_inputs of {job.inputs_path} raised {what}"
    elif job.profiler and failed.phase in {"profiler", "record"}:
        message = _of_profiler(failed, job, what)
    elif failed.phase == "record":
        message = f"what {job.variant_path} left could not be recorded: {what}"
    else:
        message = f"{job.variant_path} raised {what}{stage} (seed {job.seed})"
    return RunError(message, failed.traceback, phase=failed.phase if failed.phase == "inputs" else "")


def _of_profiler(failed: Failure, job: Job, what: str) -> str:
    if failed.error in _OURS:
        return failed.message
    doing = "start" if failed.phase == "profiler" else "keep what it found"
    return f"the profiler {job.profiler} could not {doing}: {what}"


def ending(status: int) -> str:
    """Say how a process ended."""
    if status < 0:
        name = signal.Signals(-status).name if -status in signal.valid_signals() else str(-status)
        hint = " (out of memory?)" if name == "SIGKILL" else ""
        return f"was killed by {name}{hint}"
    return f"ended with exit status {status} without a reply"


def tail(folder: Path) -> str:
    """Return the last lines that the worker wrote to stderr."""
    with contextlib.suppress(OSError):
        with (folder / "stderr.txt").open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - (1 << 14)))
            text = file.read().decode(errors="replace")
        return "\n".join(text.splitlines()[-_DETAIL_LINES:])
    return ""
