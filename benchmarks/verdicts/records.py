"""What a calibration writes down: one line of JSON per invocation and per comparison."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

STATES = ("quiet", "disturbed")
EFFECTS_PERCENT = (0, 2, 3, 5, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What a slow-down turned out to be in a long interleaved run, and by counted instructions."""

    effect_percent: int
    ratio: float
    low: float
    high: float
    n: int
    instruction_ratio: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """The loop that every tool times."""

    loops: int
    work_s: float
    startup_s: float
    """A process that runs no loop."""
    process_s: float
    """A process that runs all of it."""
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One invocation."""

    started_at: str
    seed: int
    budget_scale: float
    options: dict[str, str]
    """Extra options of perfkit by the name of its row."""
    workload: Workload
    cpu: str
    cores: int
    platform: str
    python: str
    versions: dict[str, str]
    commit: str
    dirty: bool | None

    def same_experiment(self) -> tuple[object, ...]:
        """Return what two invocations must share, or their rounds cannot be pooled."""
        return (self.seed, self.budget_scale, self.cpu, self.cores, self.python)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One comparison, made by one tool."""

    tool: str
    effect_percent: int
    state: str
    round: int
    budget_s: float
    took_s: float
    verdicts: dict[str, str] = field(default_factory=dict)
    """By rule, in the rule's own word: `slower` and `faster` are findings about the contender."""
    true_speedup: float = 1.0
    speedup: float | None = None
    low: float | None = None
    high: float | None = None
    pairs: int | None = None
    measuring_s: float | None = None
    stopped_because: str = ""
    other_cores: float | None = None
    """How many cores worked for somebody else meanwhile, the load of our own included."""
    baseline_s: tuple[float, ...] = ()
    contender_s: tuple[float, ...] = ()
    error: str = ""

    def key(self) -> tuple[str, int, str, int]:
        """Return what identifies it."""
        return (self.tool, self.effect_percent, self.state, self.round)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the file."""

    setting: Setting | None = None
    trial: Trial | None = None


def read(file: Path) -> tuple[list[Setting], list[Trial]]:
    """Read the invocations and the comparisons of a file; a last line that was cut off is left out.

    Raises
    ------
    ValueError
        If a line is not one that `append` wrote.
    """
    settings, trials = [], []
    for number, text in enumerate(file.read_bytes().split(b"\n")[:-1], start=1):
        try:
            line = msgspec.json.decode(text, type=Line)
        except msgspec.DecodeError as error:
            raise ValueError(f"{file}, line {number}: {error}") from None
        if line.setting is not None:
            settings.append(line.setting)
        if line.trial is not None:
            trials.append(line.trial)
    return settings, trials


def append(file: Path, line: Line) -> None:
    """Append one line, on the disk when this returns; one that was cut off before it is dropped."""
    with file.open("a+b") as stream:
        stream.seek(0)
        stream.truncate(stream.read().rfind(b"\n") + 1)
        stream.write(msgspec.json.encode(line) + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
