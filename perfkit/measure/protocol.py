"""What parent and worker say to each other: one job down one pipe, exactly one reply up another.

Standard library alone, and plain dictionaries on the worker's side: anything more in that process would be
measurement noise. The parent decodes the reply into `perfkit.model.Reply` or `perfkit.model.Failure`.

====== =========================================================================
job    the fields of `perfkit.model.Job`, as one line of JSON
reply  ``{"ok": {fields of Reply}}`` or ``{"failed": {fields of Failure}}``, one line
====== =========================================================================
"""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, BinaryIO


def send(pipe: BinaryIO, message: Mapping[str, Any]) -> None:
    """Write a message as one line."""
    pipe.write(json.dumps(message, allow_nan=False).encode() + b"\n")
    pipe.flush()


def receive(pipe: BinaryIO) -> dict[str, Any] | None:
    """Read one message; None if the other end closed without one."""
    text = pipe.readline()
    return json.loads(text) if text else None
