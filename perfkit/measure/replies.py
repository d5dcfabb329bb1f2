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
_HINTS = {"EOFError": ": it reads standard input, which is empty here; give it a file or an argument"}
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
    named = who(job)
    if not received:
        raise RunError(f"{named} {ending(status)}", tail(folder))
    try:
        reply = msgspec.json.decode(received, type=_ReplyFile)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        msg = f"{named} sent a malformed reply ({error}): something in it wrote to perfkit's pipe"
        raise RunError(msg, tail(folder)) from error
    if reply.ok is not None and reply.failed is None:
        if status != 0:
            raise RunError(f"{named} replied, and then {ending(status)}", tail(folder))
        return reply.ok
    if reply.failed is not None and reply.ok is None:
        raise _failure(reply.failed, job)
    msg = f"{named} sent a malformed reply (neither success nor failure)"
    raise RunError(msg, tail(folder))


def _failure(failed: Failure, job: Job) -> RunError | UsageError:
    what = failed.error + (f": {failed.message}" if failed.message else "")
    if failed.phase in {"contract", "parameters"}:
        return UsageError(failed.message)
    stage = f" in stage {failed.stage!r}" if failed.stage else ""
    if failed.phase == "import":
        message = f"{who(job)} could not be imported: {what}"
    elif failed.phase == "inputs":
        message = f"make_inputs of {job.inputs_path} raised {what}"
    elif job.profiler and failed.phase in {"profiler", "record"}:
        message = _of_profiler(failed, job, what)
    elif failed.phase == "record":
        message = f"what {who(job)} left could not be recorded: {what}"
    elif failed.error == "ExitStatusError":
        message = f"{who(job)} {failed.message}{stage}"
    else:
        hint = _HINTS.get(failed.error, "")
        message = f"{who(job)} raised {what}{stage}{hint}"
        message += f" (seed {job.seed})" if job.loading.kind in {"pipeline", "callable"} else ""
    return RunError(message, failed.traceback, phase=failed.phase if failed.phase == "inputs" else "")


def _of_profiler(failed: Failure, job: Job, what: str) -> str:
    if failed.error in _OURS:
        return failed.message
    doing = "start" if failed.phase == "profiler" else "keep what it found"
    return f"the profiler {job.profiler} could not {doing}: {what}"


def who(job: Job) -> str:
    """Return what a job runs, as the user would name it."""
    loading = job.loading
    if loading.kind == "module":
        return f"python -m {loading.target}"
    if loading.kind == "callable":
        return loading.target if not loading.target.startswith(":") else job.variant_path + loading.target
    return loading.target if loading.kind == "command" else job.variant_path


def ending(status: int) -> str:
    """Say how a process ended."""
    if status < 0:
        name = signal.Signals(-status).name if -status in signal.valid_signals() else str(-status)
        hint = " (out of memory?)" if name == "SIGKILL" else ""
        return f"was killed by {name}{hint}"
    return f"ended with exit status {status} without a reply (os._exit?)"


def tail(folder: Path) -> str:
    """Return the last lines that the worker wrote to stderr."""
    with contextlib.suppress(OSError):
        with (folder / "stderr.txt").open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - (1 << 14)))
            text = file.read().decode(errors="replace")
        return "\n".join(text.splitlines()[-_DETAIL_LINES:])
    return ""
