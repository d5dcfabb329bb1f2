"""The parent's side of a fork server: a fresh process that imports a variant, a fork of it for each run."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from perfkit.errors import RunError
from perfkit.measure import leftovers, protocol
from perfkit.measure.guard import guarding
from perfkit.measure.meanwhile import Meanwhile
from perfkit.measure.replies import accept, ending, tail, who
from perfkit.measure.spawn import GRACE_S, MAX_REPLY_BYTES, Finished, Worker, overdue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perfkit.model import Job

T = TypeVar("T")


class ForkingUnsafeError(Exception):
    """A fork of the imported variant would not be what a fresh process is; the message says why."""


class ForkServer:
    """A freshly started process that has imported a variant, and forks a child for each run.

    Parameters
    ----------
    job
        The first run, of which the variant is taken; the server's stdout and stderr go to its folder.
    environment
        The server's environment variables.
    timeout_s
        For the import, and for each run.
    cpu
        The core to run on, where the system lets us choose.

    Raises
    ------
    ForkingUnsafeError
        If importing the variant leaves threads running or the GPU in use, or the system cannot fork safely.
    RunError
        If the variant cannot be imported.
    """

    def __init__(
        self, job: Job, environment: Mapping[str, str], timeout_s: float, cpu: int | None = None
    ) -> None:
        self._timeout_s = timeout_s
        self._folder = Path(job.folder)
        self._received = bytearray()
        self._stack = contextlib.ExitStack()
        with contextlib.ExitStack() as stack:
            self._worker = stack.enter_context(Worker(job, environment))
            self.cpu = self._worker.pin(cpu)
            fields = {name: value for name, value in asdict(job).items() if name not in protocol.INPUTS}
            self._worker.tell({**fields, "serving": True})
            os.set_blocking(self._worker.replies, False)
            first = self._line(job, time.perf_counter() + timeout_s)
            self.start_s = time.perf_counter() - self._worker.begin
            if "failed" in first:
                accept(json.dumps(first).encode() + b"\n", 0, job, self._folder)
            why = _word(first, "ready", str, job, self._folder)
            if why:
                raise ForkingUnsafeError(why)
            self._stack = stack.pop_all()

    def __enter__(self) -> ForkServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def run(self, job: Job, environment: Mapping[str, str]) -> Finished:
        """Run a job in a fork.

        Parameters
        ----------
        job
            Of the server's variant.
        environment
            Variables that this run has to itself.

        Raises
        ------
        PerfkitError
            As for `perfkit.measure.spawn.spawn`.
        """
        folder = Path(job.folder)
        load_before, meanwhile = os.getloadavg()[0], Meanwhile()
        fields = asdict(job)
        request = {name: fields[name] for name in (*protocol.INPUTS, "folder")}
        self._worker.tell({"next": True})
        deadline = time.perf_counter() + self._timeout_s
        child = _word(self._line(job, deadline), "began", int, job, folder)
        reply_line = b""
        try:
            with guarding(child):
                self._worker.tell({**request, "environment": dict(environment)})
                while True:
                    message = self._line(job, deadline, reply_line)
                    if "ended" in message:
                        break
                    if reply_line:
                        msg = "sent more than one reply: something in it wrote to perfkit's pipe"
                        raise RunError(f"{who(job)} {msg}", tail(folder))
                    reply_line = json.dumps(message).encode() + b"\n"
                    # The reply is there: what is left is the interpreter's end, which must not take forever.
                    deadline = min(deadline, time.perf_counter() + GRACE_S)
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child, signal.SIGKILL)
            leftovers.shorten_output(folder)
        reply = accept(reply_line, _word(message, "ended", int, job, folder), job, folder)
        wall_s, cpu_s = (_word(message, name, float, job, folder) for name in ("wall_s", "cpu_s"))
        return Finished(
            reply=reply,
            # Start and import were measured once, in the server: what a process of its own would take.
            process_s=self.start_s + wall_s - reply.recording_s,
            load_before=load_before,
            exit_cpu_s=max(0.0, cpu_s - reply.process_cpu_s),
            cpu=self.cpu,
            meanwhile=meanwhile.seen(),
        )

    def _line(self, job: Job, deadline: float, so_far: bytes = b"") -> dict[str, Any]:
        """Return the next message from the server or its child."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._worker.replies, selectors.EVENT_READ)
            while b"\n" not in self._received:
                left_s = deadline - time.perf_counter()
                if left_s <= 0:
                    raise RunError(f"{who(job)} {overdue(so_far, self._timeout_s)}", tail(self._folder))
                if not selector.select(left_s):
                    continue
                chunk = os.read(self._worker.replies, 1 << 16)
                if not chunk or len(self._received) > MAX_REPLY_BYTES:
                    status = self._worker.process.wait() if not chunk else 0
                    raise RunError(f"{who(job)} {ending(status)}", tail(self._folder))
                self._received += chunk
        text, _, rest = bytes(self._received).partition(b"\n")
        self._received = bytearray(rest)
        try:
            message = json.loads(text)
        except ValueError as error:
            message = error
        if not isinstance(message, dict):
            msg = f"{who(job)} sent a malformed reply: something in it wrote to perfkit's pipe"
            raise RunError(msg, tail(self._folder))
        return message


def _word(message: dict[str, Any], name: str, kind: type[T], job: Job, folder: Path) -> T:
    """Return a value of a message that must be there, and of that type."""
    value = message.get(name)
    if not isinstance(value, kind):
        msg = f"{who(job)} sent a malformed reply: something in it wrote to perfkit's pipe"
        raise RunError(msg, tail(folder))
    return value
