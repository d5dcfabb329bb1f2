"""What perfkit's verdicts are held to, and whether they do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.verdicts.records import EFFECTS_PERCENT
from benchmarks.verdicts.tally import Share, pooled
from benchmarks.verdicts.text import alternatives

if TYPE_CHECKING:
    from benchmarks.verdicts.tally import Cells

FOUND_WITHIN_S = {2: 60.0, 5: 10.0, 10: 3.0}
"""With so many seconds 90 % of such effects are to be found."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A share that is to lie between two bounds."""

    words: str
    measured: Share | None
    least: float
    most: float

    @property
    def met(self) -> str:
        """`yes` or `no` if the whole interval says so, else what the share itself says."""
        share = self.measured
        if share is None:
            return "not measured"
        low, high = share.interval
        inside = self.least <= share.value <= self.most
        if self.least == self.most:
            return "yes" if inside else "no"
        if self.least <= low and high <= self.most:
            return "yes"
        if high < self.least or self.most < low:
            return "no"
        return "likely" if inside else "unlikely"


def goals(cells: Cells, name: str, state: str) -> list[Goal]:
    """Return each goal of one of perfkit's rows in one state."""
    effects = [cells.get(name, effect, state) for effect in EFFECTS_PERCENT]
    found = []
    for effect, limit_s in FOUND_WITHIN_S.items():
        cell = cells.get(name, effect, state)
        other = cell.budgets_s - {limit_s}
        words = f"{effect} % found in 90 % or more within {limit_s:g} s"
        words += f" (measured with {alternatives(other)})" if other else ""
        found.append(Goal(words, cell.found, 0.9, 1.0))
    return [
        Goal("false alarms in 1 % at most", cells.get(name, 0, state).alarms, 0.0, 0.01),
        Goal("no wrong sign", pooled(cell.wrong_signs for cell in effects if cell.effect_percent), 0.0, 0.0),
        *found,
        Goal("intervals cover the truth in 93 to 97 %", pooled(cell.covered for cell in effects), 0.93, 0.97),
    ]
