"""Numbers that a pipeline reports of itself and that say nothing: an accuracy that guessing reaches too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.analyse.chance import ALPHA, chance_of
from perfkit.model import Finding

if TYPE_CHECKING:
    from perfkit.model import Metrics

NAME = "metric_at_chance"
WHY = "Two models that both guess agree on it, whatever else they do: it is no evidence of equality."

_CHANCE, _CASES = "_chance", "_cases"


def check(baseline: Metrics) -> tuple[Finding, ...]:
    """Compare each metric ``X`` of the baseline with its chance level ``X_chance``.

    With ``X_cases``, the number of cases behind it, by a one-sided exact binomial test at 5 %; without, only
    a value that is no higher than chance is told.

    Returns
    -------
    tuple of Finding
        A caution for each metric at its chance level; `clean` if there are levels and none is at it; nothing
        if the pipeline names no level.
    """
    found = []
    levels = [name for name in baseline if name.endswith(_CHANCE) and name.removesuffix(_CHANCE) in baseline]
    for name in levels:
        metric = name.removesuffix(_CHANCE)
        value, level = baseline[metric], baseline[name]
        cases = baseline.get(metric + _CASES)
        if value is None or level is None or not (0 <= value <= 1 and 0 <= level <= 1):
            continue
        text = f"the baseline's {metric}, {value:.3g}, is no better than guessing, {level:.3g}"
        if cases is not None and cases >= 1:
            probability = chance_of(value, round(cases), level)
            if probability > ALPHA:
                text += f" ({cases:.0f} cases, one-sided binomial test: p = {probability:.2g})"
                found.append(Finding(check=NAME, verdict="caution", sentence=text, why=WHY))
        elif value <= level:
            found.append(Finding(check=NAME, verdict="caution", sentence=text, why=WHY))
    if found or not levels:
        return tuple(found)
    return (Finding(check=NAME, verdict="clean"),)
