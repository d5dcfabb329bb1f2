"""Which open stage belongs to which frame of a call stack."""

from __future__ import annotations

import contextlib
import sys
from _thread import get_ident
from typing import TYPE_CHECKING

from perfkit import markers
from perfkit.profilers.stacks import Entry, Stage

if TYPE_CHECKING:
    from types import CodeType, FrameType

_GENERATOR = 0x20 | 0x200  # inspect.CO_GENERATOR | CO_ASYNC_GENERATOR
_COROUTINE = 0x80  # inspect.CO_COROUTINE
_CLOSING = frozenset(id(one.__code__) for one in (markers.stage._close, markers.stage.__exit__))


class Holders(markers.Watcher):
    """Remembers the frame that each open stage was opened in.

    Of a decorated function that is perfkit's wrapper around it, and of a block the function that holds it.
    What a generator or a context manager opens belongs to the function that uses it, since it stays open
    there.
    """

    def __init__(self) -> None:
        self._held: dict[FrameType, list[str]] = {}

    def opened(self, path: str) -> None:
        """Note the frame around a stage that opens."""
        self._held.setdefault(_holder(sys._getframe(2)), []).append(path)

    def closed(self, path: str) -> None:
        """Forget it."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and id(frame.f_code) in _CLOSING:
            frame = frame.f_back
        holder = None if frame is None else _holder(frame)
        if (
            holder not in self._held or path not in self._held[holder]
        ):  # opened in one function, closed in another
            holder = next((one for one, paths in reversed(self._held.items()) if path in paths), None)
        if holder is not None:
            paths = self._held[holder]
            paths.remove(path)
            if not paths:
                del self._held[holder]

    def held(self, frame: FrameType) -> list[str]:
        """Return the paths of the stages that a frame holds open, the outer one first."""
        return self._held.get(frame, [])


def _holder(frame: FrameType) -> FrameType:
    found: FrameType | None = frame
    while found is not None and (
        found.f_code.co_flags & _GENERATOR or found.f_code.co_filename == contextlib.__file__
    ):
        found = found.f_back
    return frame if found is None else found


def is_coroutine(entry: Entry) -> bool:
    """Tell whether an entry is a coroutine's function."""
    return bool(getattr(entry, "co_flags", 0) & _COROUTINE)


def with_missing(stack: list[Entry]) -> list[Entry]:
    """Add the stages that are open here without a frame on the stack that holds them.

    A task runs within the stages in which it was made, while the coroutine that opened them waits; and a
    stage may be entered by a function that has returned.
    """
    open_stages = current()
    if not open_stages:
        return stack
    placed = {entry.path for entry in stack if isinstance(entry, Stage)}
    for path in (one for one in open_stages if one not in placed):
        above = path.rpartition("/")[0]
        begin = next(
            (i + 1 for i, one in enumerate(stack) if isinstance(one, Stage) and one.path == above), 1
        )
        task = next((i for i, one in enumerate(stack[begin:], begin) if is_coroutine(one)), begin)
        below = f"{path}/"
        inner = (i for i, one in enumerate(stack) if isinstance(one, Stage) and one.path.startswith(below))
        stack.insert(min(task, next(inner, task)), Stage(path))
    return stack


def current() -> list[str]:
    """Return the paths of the stages that are open in this thread and context, the outer one first."""
    found = []
    thread = get_ident()
    frame = markers._current.get()  # it alone knows what is open in this context
    while frame is not None and frame[3] == thread:
        if not frame[4]:
            found.append(frame[1].path)
        frame = frame[2]
    return found[::-1]


def is_ours(code: CodeType, files: tuple[str, ...]) -> bool:
    """Tell whether a function is perfkit's own, in files or folders that begin so."""
    return code.co_filename.startswith(files)
