"""What torch.profiler recorded, added up by stage and operator."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Literal, NamedTuple

from perfkit.model import OperatorCost

if TYPE_CHECKING:
    from collections.abc import Iterable

Kind = Literal["operator", "stage", "device", "other"]


class Event(NamedTuple):
    """One entry of torch.profiler's record.

    Attributes
    ----------
    name
        Of a stage, its path; empty for what stands for all of ``run``, in the main thread.
    thread
        Number of the thread, or of the device's stream.
    identity
        By which what it started on the device names it.
    starter
        Of what ran on the device: the identity of its operator.
    """

    name: str
    kind: Kind
    start_ns: int
    duration_ns: int
    thread: int
    identity: int = 0
    starter: int = 0

    @property
    def end_ns(self) -> int:
        """When it ended."""
        return self.start_ns + self.duration_ns


class _Cost:
    __slots__ = ("calls", "cpu_ns", "device_ns", "self_ns")

    def __init__(self) -> None:
        self.calls = self.cpu_ns = self.self_ns = self.device_ns = 0


class Operators:
    """Adds up one piece of the record after the other.

    Attributes
    ----------
    events
        How many entries there were.
    operators
        How many of them were operators.
    """

    def __init__(self) -> None:
        self.events = self.operators = 0
        self._costs: dict[tuple[str, str], _Cost] = {}

    def add(self, events: Iterable[Event]) -> None:
        """Add a piece, in which each thread's entries nest."""
        threads: dict[int, list[Event]] = {}
        device: list[Event] = []
        main = None
        for event in events:
            self.events += 1
            if event.kind == "device":
                device.append(event)
            elif event.kind in {"operator", "stage"}:
                threads.setdefault(event.thread, []).append(event)
                if event.kind == "stage" and not event.name:
                    main = event.thread
        changes = _changes(threads.get(main, [])) if main is not None else ([], [])
        started: dict[int, _Cost] = {}
        for thread, entries in threads.items():
            self._add_thread(entries, started, ([], []) if thread == main else changes)
        for event in device:
            if (cost := started.get(event.starter)) is not None:
                cost.device_ns += event.duration_ns

    def _add_thread(
        self, entries: list[Event], started: dict[int, _Cost], elsewhere: tuple[list[int], list[str]]
    ) -> None:
        """Add one thread's entries; outside of its own stages, it works for those of the main thread."""
        above: list[tuple[Event, _Cost | None, str]] = []
        for event in sorted(entries, key=lambda one: (one.start_ns, -one.duration_ns)):
            while above and above[-1][0].end_ns <= event.start_ns:
                above.pop()
            if event.kind == "stage":
                above.append((event, None, event.name))
                continue
            stage = next((path for one, _, path in reversed(above) if one.kind == "stage"), None)
            if stage is None:
                index = bisect_right(elsewhere[0], event.start_ns) - 1
                stage = elsewhere[1][index] if index >= 0 else ""
            cost = self._costs.setdefault((stage, event.name), _Cost())
            self.operators += 1
            cost.calls += 1
            cost.self_ns += event.duration_ns
            caller = next((one for one in reversed(above) if one[1] is not None), None)
            if caller is not None and caller[1] is not None:
                caller[1].self_ns -= event.duration_ns
            if not any(other is cost for _, other, _ in above):  # a recursion is in its outer call's time
                cost.cpu_ns += event.duration_ns
            started[event.identity] = cost
            above.append((event, cost, stage))

    def found(self) -> tuple[OperatorCost, ...]:
        """Return what each operator cost in each stage, the greatest self time first."""
        costs = [
            OperatorCost(
                stage=stage,
                name=name,
                calls=cost.calls,
                self_cpu_s=cost.self_ns / 1e9,
                cpu_s=cost.cpu_ns / 1e9,
                self_device_s=cost.device_ns / 1e9,
            )
            for (stage, name), cost in self._costs.items()
        ]
        return tuple(
            sorted(costs, key=lambda one: (-one.self_cpu_s - one.self_device_s, one.stage, one.name))
        )


def _changes(entries: list[Event]) -> tuple[list[int], list[str]]:
    """Return at which times the main thread's innermost stage changed, and to which."""
    times: list[int] = []
    paths: list[str] = []
    open_stages: list[Event] = []

    def close_until(now: float) -> None:
        while open_stages and open_stages[-1].end_ns <= now:
            times.append(open_stages.pop().end_ns)
            paths.append(open_stages[-1].name if open_stages else "")

    stages = (one for one in entries if one.kind == "stage")
    for event in sorted(stages, key=lambda one: (one.start_ns, -one.duration_ns)):
        close_until(event.start_ns)
        open_stages.append(event)
        times.append(event.start_ns)
        paths.append(event.name)
    close_until(float("inf"))
    return times, paths
