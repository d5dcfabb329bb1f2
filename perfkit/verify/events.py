"""What the variant's code does to the world while it is verified: files, processes, peeks into frames.

Python raises an audit event for each of these (PEP 578). A hook cannot be taken off again, so it is put up
only in a verification's own process, and counts only what happens while it listens.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from perfkit.model import FileUse
from perfkit.verify.watch import is_installed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {"sqlite3.connect", "os.remove", "os.rename", "os.truncate", "os.mkdir", "os.link", "os.symlink"}
_PROCESSES = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.system"}
_PEEKS = {
    "sys._getframe": "sys._getframe",
    "sys._current_frames": "sys._current_frames",
    "gc.get_objects": "gc.get_objects",
    "gc.get_referrers": "gc.get_referrers",
    "gc.get_referents": "gc.get_referents",
}
_TRACERS = {"sys.settrace", "sys.setprofile", "sys.monitoring.register_callback"}
_LOOKING_IN_BETWEEN = ("inspect.py", "traceback.py")
_SYSTEM = ("/proc/", "/sys/", "/dev/", "/etc/", "/usr/", "/lib/")
_SHARED_MEMORY = "/dev/shm/"  # noqa: S108  to see who writes there
_NO_FILES = ("/proc/", "/dev/null", "/dev/tty", "/dev/urandom", "/dev/random", "pipe:")
_CODE = (".py", ".pyc", ".so", ".pth", ".pyd")
_BYTECODE = "/__pycache__/"
_MOST = 200  # of each kind that are kept
_MOST_FILES = 10_000


class Events:
    """Collects audit events while it listens.

    Parameters
    ----------
    root
        The project's root.
    """

    def __init__(self, root: str) -> None:
        self.phase = "import"
        self.files: dict[tuple[str, str], FileUse] = {}
        self.processes: list[str] = []
        self.peeks: list[str] = []
        self.tracers: list[str] = []
        self._root = os.path.realpath(root)
        self.trial = 0
        self.reread: list[str] = []
        self._written: dict[str, int] = {}
        self._listening = False
        self._mute = threading.local()  # by thread: what others do meanwhile still counts
        sys.addaudithook(self._hook)

    @property
    def is_muted(self) -> bool:
        """Whether nothing that this thread does is counted just now."""
        return not self._listening or getattr(self._mute, "depth", 0) > 0

    @contextmanager
    def listening(self, phase: str) -> Iterator[None]:
        """Count what happens inside, as of that phase."""
        self._listening, self.phase = True, phase
        try:
            yield
        finally:
            self._listening = False

    @contextmanager
    def muted(self) -> Iterator[None]:
        """Count nothing: what this thread does inside is perfkit's own doing."""
        self._mute.depth = getattr(self._mute, "depth", 0) + 1
        try:
            yield
        finally:
            self._mute.depth -= 1

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_muted:
            with self.muted():  # the hook's own looks would be events again
                self._sort(event, arguments)

    def _sort(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            self._opened(*arguments)
        elif event in _PEEKS:
            self._peeked(_PEEKS[event])
        elif event in _PROCESSES:
            if not _looks_for_library():
                self._note(self.processes, f"{event} {_program(arguments)}".strip())
        elif event in _TRACERS:
            if not arguments or arguments[0] is not None:
                self._note(self.tracers, event)
        elif event == "sqlite3.connect" or event in _CHANGES:
            self._file(arguments[0], "write")

    def _note(self, into: list[str], what: str) -> None:
        if len(into) < _MOST and what not in into:
            into.append(what)

    def _opened(self, path: object, mode: object, flags: object = 0) -> None:
        if isinstance(mode, str):
            writing = not {"w", "a", "x", "+"}.isdisjoint(mode)
        else:
            writing = isinstance(flags, int) and bool(flags & _WRITING)
        self._file(path, "write" if writing else "read")

    def _file(self, path: object, mode: Literal["read", "write"]) -> None:
        if isinstance(path, str | bytes | os.PathLike):
            name = os.fsencode(path).decode("utf-8", "backslashreplace")
        else:
            return
        if len(self.files) >= _MOST_FILES:
            return
        full = os.path.realpath(name)
        inside = full.startswith(self._root + os.sep)
        if full.startswith(_NO_FILES) or _is_bytecode(full):
            return
        if mode == "read" and self._is_everyones(full, inside=inside):
            return
        shown = os.path.relpath(full, self._root) if inside else full
        self.files.setdefault((shown, mode), FileUse(path=shown, mode=mode, phase=self.phase))
        if mode == "write":
            self._written.setdefault(shown, self.trial)
        elif self._written.get(shown, self.trial) < self.trial:
            self._note(self.reread, shown)

    def _is_everyones(self, full: str, *, inside: bool) -> bool:
        """Tell whether reading a file shows nothing: code, folders, what belongs to the system."""
        if Path(full).is_dir() or (full.endswith(_CODE) and not full.startswith(_SHARED_MEMORY)):
            return True
        system = full.startswith((*_SYSTEM, sys.base_prefix + os.sep)) and not full.startswith(_SHARED_MEMORY)
        return (system or is_installed(full)) and not inside

    def _peeked(self, what: str) -> None:
        """Note a peek if it is the project's own code that looks, itself or through inspect."""
        frame: FrameType | None = sys._getframe(3)  # beyond this method and the hook's two
        while frame is not None and frame.f_code.co_filename.endswith(_LOOKING_IN_BETWEEN):
            frame = frame.f_back
        if frame is None:
            return
        file = os.path.realpath(frame.f_code.co_filename)
        if file.startswith(self._root + os.sep) and not is_installed(file):
            place = (
                f"{what} in {os.path.relpath(file, self._root)}:{frame.f_lineno} {frame.f_code.co_qualname}"
            )
            self._note(self.peeks, place)


def _is_bytecode(full: str) -> bool:
    """Tell whether Python keeps there what it compiled: the folder itself, or a file of its naming."""
    return full.endswith(_BYTECODE.rstrip("/")) or (_BYTECODE in full and ".cpython-" in full)


def _looks_for_library() -> bool:
    """Tell whether ctypes.util runs ldconfig or gcc to find a library: no work of the pipeline's."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename.endswith("ctypes/util.py"):
            return True
        frame = frame.f_back
    return False


def _program(arguments: tuple[Any, ...]) -> str:
    """Return what was started, as far as the event says."""
    if arguments and isinstance(arguments[0], str | bytes):
        return Path(os.fsdecode(arguments[0])).name
    return ""
