"""What the machine did to a process from outside while it ran, as its parent sees it."""

from __future__ import annotations

from perfkit.measure import counters
from perfkit.measure.machine import system

_HERE = system.System()


class Meanwhile:
    """Counted from the making of this to `seen`."""

    def __init__(self) -> None:
        self._before = _counts()

    def seen(self) -> dict[str, float | int | None]:
        """Return the fields of `perfkit.model.Disturbance` that only a parent knows."""
        return {
            name: None if now is None or (before := self._before[name]) is None else now - before
            for name, now in _counts().items()
        }


def _counts() -> dict[str, float | int | None]:
    return {
        "stolen_s": counters.stolen_s(),
        "stopped_s": system.stopped_s(_HERE),
        "heat_stops": system.heat_stops(_HERE),
    }
