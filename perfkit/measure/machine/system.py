"""Read what the kernel tells in /proc and /sys, below a given root; what is missing or malformed is None."""

from __future__ import annotations

import glob
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_BYTES = 1 << 16  # of a file: the first processor of many is enough
_MOST_CORES = 1 << 14
_UNIFIED = ("sys/fs/cgroup", "sys/fs/cgroup/unified")
_CPU_CONTROLLER = ("sys/fs/cgroup/cpu", "sys/fs/cgroup/cpu,cpuacct", "sys/fs/cgroup/cpuacct,cpu")
_MICROSECONDS = 1e6
_NANOSECONDS = 1e9


class System:
    """The files of one machine.

    Parameters
    ----------
    root
        ``/`` for this machine; elsewhere lie the files of another.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self.root = root
        self.native = root == Path("/")
        """Whether other sources than files tell of the same machine."""

    def text(self, path: str) -> str | None:
        """Return a file's text without the blanks around it; None if it cannot be read."""
        with suppress(OSError), open(f"{self.root}/{path}", "rb") as file:  # noqa: PTH123
            return file.read(_MOST_BYTES).decode(errors="replace").strip()
        return None

    def lines(self, path: str) -> list[str]:
        """Return a file's lines; none if it cannot be read."""
        return (self.text(path) or "").splitlines()

    def number(self, path: str) -> int | None:
        """Return the whole number that a file holds."""
        return whole(self.text(path))

    def fields(self, path: str) -> dict[str, int]:
        """Return the numbers of a file of lines such as ``MemTotal:  100 kB`` or ``nr_throttled 3``."""
        found = {}
        for line in self.lines(path):
            name, _, rest = line.replace(":", " ", 1).partition(" ")
            value = whole((rest.split() or [""])[0])
            if name and value is not None:
                found[name] = value
        return found

    def texts(self, pattern: str) -> dict[str, str]:
        """Return the texts of all readable files of a pattern, by their path below the root."""
        # glob is three times as quick as pathlib's, and there may be hundreds of cores.
        paths = sorted(glob.glob(pattern, root_dir=self.root))  # noqa: PTH207
        texts = ((path, self.text(path)) for path in paths)
        return {path: text for path, text in texts if text is not None}

    def numbers(self, pattern: str) -> list[int]:
        """Return the whole numbers in all files of a pattern."""
        values = (whole(text) for text in self.texts(pattern).values())
        return [value for value in values if value is not None]

    def is_folder(self, path: str) -> bool:
        """Say whether there is such a folder."""
        with suppress(OSError):
            return (self.root / path).is_dir()
        return False

    def exists(self, path: str) -> bool:
        """Say whether there is such a file."""
        with suppress(OSError):
            return (self.root / path).exists()
        return False


def whole(text: str | None) -> int | None:
    """Read a whole number; None for anything else."""
    return int(text) if text is not None and re.fullmatch(r"-?[0-9]{1,19}", text) else None


def core_list(text: str | None) -> set[int] | None:
    """Read a list of cores as the kernel writes it, ``0-3,8``; None if it is malformed or empty."""
    found: set[int] = set()
    for part in (text or "").split(","):
        ends = re.fullmatch(r"([0-9]{1,6})(?:-([0-9]{1,6}))?", part.strip())
        if ends is None:
            return None
        first, last = int(ends[1]), int(ends[2] or ends[1])
        if not first <= last < _MOST_CORES:
            return None
        found.update(range(first, last + 1))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How much CPU time the control group may use.

    Attributes
    ----------
    cores
        In whole cores' worth; None for no limit.
    period_s
        After which a used-up quota starts anew.
    throttled
        How often it was used up, since the group was made.
    version
        Of the control groups, 1 or 2.
    """

    cores: float | None
    period_s: float
    throttled: int
    version: int


def quota(system: System) -> Quota | None:
    """Return the tightest CPU quota of this process's group and those above it; None if nothing tells.

    A process in a container may see its group under the name that it has on the host, which does not exist
    inside: every folder on the way is tried, and those that are missing are passed over.
    """
    found = [
        *(one for folder in _folders(system, _UNIFIED, "") for one in _second(system, folder)),
        *(one for folder in _folders(system, _CPU_CONTROLLER, "cpu") for one in _first(system, folder)),
    ]
    limited = [one for one in found if one.cores is not None]
    if limited:
        return min(limited, key=lambda one: one.cores or 0.0)
    return found[0] if found else None


def stopped_s(system: System) -> float | None:
    """Return how long this process's group, or one above it, was stopped for want of quota; None if unknown.

    Added up over the cores, since the group was made.
    """
    times = [
        *(
            found["throttled_usec"] / _MICROSECONDS
            for folder in _folders(system, _UNIFIED, "")
            if "throttled_usec" in (found := system.fields(f"{folder}/cpu.stat"))
        ),
        *(
            found["throttled_time"] / _NANOSECONDS
            for folder in _folders(system, _CPU_CONTROLLER, "cpu")
            if "throttled_time" in (found := system.fields(f"{folder}/cpu.stat"))
        ),
    ]
    return max(times, default=None)


def heat_stops(system: System) -> int | None:
    """Return how often heat lowered a core's clock rate since the machine started."""
    counts = system.numbers("sys/devices/system/cpu/cpu[0-9]*/thermal_throttle/core_throttle_count")
    return sum(max(0, one) for one in counts) if counts else None


def _folders(system: System, mounts: tuple[str, ...], controller: str) -> Iterator[str]:
    """Yield the folders of this process's group and of those above it, for one controller."""
    group = "/"
    for line in system.lines("proc/self/cgroup"):
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controller in controllers.split(","):
            group = path
    inside = PurePosixPath(group.lstrip("/"))
    if ".." in inside.parts:  # the group of another namespace
        inside = PurePosixPath()
    for mount in mounts:
        for folder in (inside, *inside.parents):
            yield str(PurePosixPath(mount) / folder)


def _second(system: System, folder: str) -> Iterator[Quota]:
    """Read a group of version 2: ``50000 100000``, or ``max 100000`` for no limit."""
    words = (system.text(f"{folder}/cpu.max") or "").split()
    period = whole(words[1]) if len(words) == 2 else None  # noqa: PLR2004  the two words
    limit = None if words[:1] == ["max"] else whole((words or [""])[0])
    if period and period > 0 and (words[0] == "max" or (limit and limit > 0)):
        yield _made(system, folder, limit, period, 2)


def _first(system: System, folder: str) -> Iterator[Quota]:
    """Read a group of version 1, where a quota of -1 is none."""
    limit = system.number(f"{folder}/cpu.cfs_quota_us")
    period = system.number(f"{folder}/cpu.cfs_period_us")
    if limit and period and period > 0:
        yield _made(system, folder, limit if limit > 0 else None, period, 1)


def _made(system: System, folder: str, limit: int | None, period: int, version: int) -> Quota:
    return Quota(
        cores=None if limit is None else limit / period,
        period_s=period / _MICROSECONDS,
        throttled=max(0, system.fields(f"{folder}/cpu.stat").get("nr_throttled", 0)),
        version=version,
    )
