"""What parent and worker say to each other: one job down one pipe, in two lines, one reply up another.

The second line, which names the inputs, is read only after the variant was imported: while its module body
runs no seed lies in any frame or in memory.

Standard library alone, and plain dictionaries on the worker's side: anything more in that process would be
measurement noise. The parent decodes the reply into `perfkit.model.Reply` or `perfkit.model.Failure`.

====== =========================================================================
job    the fields of `perfkit.model.Job`, a line of JSON without those in `INPUTS` and one with them
reply  ``{"ok": {fields of Reply}}`` or ``{"failed": {fields of Failure}}``, one line
====== =========================================================================
"""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, BinaryIO


INPUTS = ("seed", "parameters", "repeats", "trials", "nearby")


def send(pipe: BinaryIO, message: Mapping[str, Any]) -> None:
    """Write a message as one line."""
    pipe.write(json.dumps(message, allow_nan=False).encode() + b"\n")
    pipe.flush()


def receive(pipe: BinaryIO) -> dict[str, Any] | None:
    """Read one message; None if the other end closed without one."""
    text = pipe.readline()
    return json.loads(text) if text else None
