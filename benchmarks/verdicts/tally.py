"""Counts of verdicts, with their exact intervals."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from perfkit.analyse.beta import incomplete_beta

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.verdicts.records import Trial

CONFIDENCE = 0.95
_HALVINGS = 60


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        """The share itself."""
        return self.hits / self.of

    @property
    def interval(self) -> tuple[float, float]:
        """The exact 95 % interval (Clopper & Pearson, Biometrika 26, 1934)."""
        tail = (1 - CONFIDENCE) / 2
        low = _beta_quantile(tail, self.hits, self.of - self.hits + 1) if self.hits else 0.0
        high = _beta_quantile(1 - tail, self.hits + 1, self.of - self.hits) if self.hits < self.of else 1.0
        return low, high


def share(hits: int, of: int) -> Share | None:
    """Return a share, or nothing where there is nothing to share."""
    return Share(hits, of) if of else None


def pooled(shares: Iterable[Share | None]) -> Share | None:
    """Return several counts as one."""
    there = [one for one in shares if one is not None]
    return share(sum(one.hits for one in there), sum(one.of for one in there))


def _beta_quantile(p: float, a: float, b: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if incomplete_beta(a, b, middle) < p else (low, middle)
    return (low + high) / 2


@dataclass(slots=True)
class Cell:
    """What one rule said about one effect in one state; what failed is counted apart."""

    effect_percent: int
    words: Counter[str] = field(default_factory=Counter)
    budgets_s: set[float] = field(default_factory=set)
    trials: list[Trial] = field(default_factory=list)

    @property
    def n(self) -> int:
        """How many verdicts there are."""
        return len(self.trials)

    @property
    def found(self) -> Share | None:
        """The effect was found, in its true direction."""
        return share(self.words["slower"], self.n)

    @property
    def alarms(self) -> Share | None:
        """A difference was found, in whichever direction: a false alarm where there is none."""
        return share(self.words["slower"] + self.words["faster"], self.n)

    @property
    def wrong_signs(self) -> Share | None:
        """The slower contender was called faster."""
        return share(self.words["faster"], self.n)

    @property
    def covered(self) -> Share | None:
        """The stated interval contained the true speedup; of those that stated one."""
        inside = [
            one.low <= one.true_speedup <= one.high
            for one in self.trials
            if one.low is not None and one.high is not None
        ]
        return share(sum(inside), len(inside))

    @property
    def early(self) -> int:
        """How many stopped for another reason than their budget."""
        return sum("budget" not in one.stopped_because for one in self.trials)

    def median(self, name: str) -> float | None:
        """Return the median of one of the comparisons' numbers."""
        values = [value for one in self.trials if (value := getattr(one, name)) is not None]
        return statistics.median(values) if values else None


class Cells:
    """All cells, by rule, effect and state."""

    def __init__(self, trials: Iterable[Trial]) -> None:
        self._cells: dict[tuple[str, int, str], Cell] = {}
        for trial in trials:
            for rule, word in trial.verdicts.items():
                key = (rule, trial.effect_percent, trial.state)
                cell = self._cells.setdefault(key, Cell(effect_percent=trial.effect_percent))
                cell.words[word] += 1
                cell.budgets_s.add(trial.budget_s)
                cell.trials.append(trial)

    def get(self, rule: str, effect_percent: int, state: str) -> Cell:
        """Return a cell, an empty one where nothing was measured."""
        return self._cells.get((rule, effect_percent, state)) or Cell(effect_percent=effect_percent)

    def rules(self) -> set[str]:
        """Return whose verdicts there are."""
        return {rule for rule, _, _ in self._cells}

    def sizes(self) -> set[int]:
        """Return how many verdicts the cells hold."""
        return {cell.n for cell in self._cells.values()}


def seconds_by_tool(trials: Iterable[Trial]) -> dict[tuple[str, int], float]:
    """Return the median seconds of one comparison by tool and effect, over both states."""
    found: dict[tuple[str, int], list[float]] = defaultdict(list)
    for trial in trials:
        if not trial.error:
            found[trial.tool, trial.effect_percent].append(trial.took_s)
    return {key: statistics.median(values) for key, values in found.items()}
