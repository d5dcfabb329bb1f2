"""What an event loop of asyncio waits for, while none of its tasks runs."""

from __future__ import annotations

import selectors
import sys
from typing import TYPE_CHECKING, Any

from perfkit.profilers.stacks import BuiltIn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

AWAIT = BuiltIn("await")
"""Stands for the time in which a coroutine waits and no task runs."""

_DEEPEST = 200  # of a chain of coroutines: what is longer goes round in circles
_MACHINERY = {"runners.py", "base_events.py", "events.py", "unix_events.py", "selector_events.py"}


def in_loop(frame: FrameType) -> bool:
    """Tell whether a frame that has called a built-in function may be an idle event loop."""
    return frame.f_code.co_filename == selectors.__file__ and "asyncio.events" in sys.modules


def suspended(frames: Sequence[FrameType]) -> list[FrameType] | None:
    """Return the frames of the coroutines that an idle event loop waits for, the outermost first.

    The loop runs until its main task is done, so that the wait is for what that task awaits, as far as it
    is one thing: of several tasks that are awaited at once, none is followed.

    Parameters
    ----------
    frames
        Of the loop's thread, the outermost first.

    Returns
    -------
    list of frame or None
        None where the loop has no main task.
    """
    for frame in reversed(frames):
        if frame.f_code.co_name == "run_until_complete":
            return _chain(frame.f_locals.get("future"))
    return None


def machinery(file: str) -> bool:
    """Tell whether a file is the event loop's own, whose frames stand between a loop and its tasks."""
    folder, _, name = file.rpartition("/")
    return name in _MACHINERY and folder.endswith("/asyncio")


def _chain(waiting: Any) -> list[FrameType] | None:
    frames: list[FrameType] = []
    task = None
    while waiting is not None and len(frames) < _DEEPEST:
        if hasattr(waiting, "get_coro"):
            if waiting.done():
                break
            task, waiting = waiting, waiting.get_coro()
        elif (frame := getattr(waiting, "cr_frame", None) or getattr(waiting, "gi_frame", None)) is not None:
            frames.append(frame)
            waiting = getattr(waiting, "cr_await", None) or getattr(waiting, "gi_yieldfrom", None)
        else:  # the end of a task's coroutines: what the task itself waits for
            waiting, task = getattr(task, "_fut_waiter", None), None
            children = [one for one in getattr(waiting, "_children", ()) if not one.done()]
            if children:
                waiting = children[0] if len(children) == 1 else None
            elif not hasattr(waiting, "get_coro"):
                break
    return frames or None
