"""How much memory of this process is resident, as Linux counts it. Little of the standard library alone."""

from __future__ import annotations

import os
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

_STATUS, _CLEAR = "/proc/self/status", "/proc/self/clear_refs"
_RESET = b"5"  # of all that can be written there: the peak starts anew


def reset_peak() -> None:
    """Let the peak of resident memory start anew, where the system can."""
    with suppress(OSError), open(_CLEAR, "wb") as file:  # noqa: PTH123  no pathlib here
        file.write(_RESET)


def peak_rss() -> int | None:
    """Peak resident bytes since the reset (ru_maxrss would report the parent's)."""
    found = status("VmHWM:")
    return None if found is None else found * 1024


def status(name: str) -> int | None:
    """Return a number of the process's status, such as ``Threads:``; None where the system does not tell."""
    with suppress(OSError, ValueError), open(_STATUS) as file:  # noqa: PTH123
        for line in file:
            if line.startswith(name):
                return int(line.split()[1])
    return None


class Gauge:
    """Reads the same again and again, in a quarter of the time: its files stay open.

    Raises
    ------
    OSError
        When the system has no such files, or does not let this process write to them.
    """

    def __init__(self) -> None:
        self._status = os.open(_STATUS, os.O_RDONLY)
        try:
            self._clear = os.open(_CLEAR, os.O_WRONLY)
            self.reset()
            self.read()
        except (OSError, ValueError) as error:
            os.close(self._status)
            raise OSError(str(error)) from error

    def __enter__(self) -> Gauge:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._status)
        os.close(self._clear)

    def read(self) -> tuple[int, int]:
        """Return the peak since the reset and what is resident now, in bytes."""
        text = os.pread(self._status, 8192, 0)
        return _kilobytes(text, b"VmHWM:") * 1024, _kilobytes(text, b"VmRSS:") * 1024

    def reset(self) -> None:
        """Let the peak start anew."""
        os.write(self._clear, _RESET)


def _kilobytes(text: bytes, name: bytes) -> int:
    begin = text.index(name) + len(name)
    return int(text[begin : text.index(b"kB", begin)])
