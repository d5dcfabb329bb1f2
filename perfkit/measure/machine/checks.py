"""What the checks of the machine have in common: what they look at, and how they say what they saw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.model import MachineCheck

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perfkit.measure.machine.system import Quota, System
    from perfkit.model import Level

CPU = "sys/devices/system/cpu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the checks look at: the files, and what is known besides.

    Attributes
    ----------
    variables
        The workers' environment variables.
    cores, usable
        Of the machine; those that this process may use, or only how many.
    tick_s
        The clock's smallest step.
    """

    system: System
    variables: Mapping[str, str]
    cores: int | None
    usable: set[int] | int | None
    quota: Quota | None
    tick_s: float

    @property
    def n_usable(self) -> int | None:
        """Number of cores that may be used."""
        return len(self.usable) if isinstance(self.usable, set) else self.usable


def judge(name: str, level: Level, seen: str, why: str, advice: str) -> MachineCheck:
    """Make a check; where all is well there is nothing to do."""
    return MachineCheck(name=name, level=level, seen=seen, why=why, advice="" if level == "ok" else advice)


def above(value: float, note: float, warning: float) -> Level:
    """Judge a value that is the worse the larger it is."""
    return "warning" if value >= warning else "note" if value >= note else "ok"


def count(n: int, what: str) -> str:
    """Say how many: ``1 core``, ``2 cores``."""
    return f"{n} {what}{'' if n == 1 else 's'}"
