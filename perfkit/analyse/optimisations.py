"""Which code carries the saving: the baseline's hot lines stage by stage, and what replaced them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.analyse.attribution import Attribution, Serving, text_of
from perfkit.analyse.excerpt import excerpt
from perfkit.analyse.techniques import recognise
from perfkit.model import HotLine, Optimisation

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from perfkit.model import Breakdown, CodeBlock, ProfileRun, StageRow, Technique

LIMIT = 6
MIN_SHARE = 0.01
"""Least share of the saving that a stage must have."""

MIN_SHARE_OWN_CODE = 0.05
"""Least share of the saving for a stage's code outside of its children, and for what no stage covers."""

_MAX_HOT_LINES = 3
_MIN_HOT_SHARE = 0.01  # of the stage's time
_MAX_FUNCTIONS = 2  # a stage
_MIN_SECOND = 0.15  # of the stage's time
_MIN_INSTEAD = 0.05  # of the stage's time: less says nothing about the stage
_MAX_AFTER = 2
_MIN_AFTER_SHARE = 0.05  # of the time of the contender's functions that serve the stage
_MIN_WEIGHT = 0.001  # of a function's time: less is a guess of the attribution


def find(
    baseline: ProfileRun, contender: ProfileRun | None, breakdown: Breakdown, *, limit: int = LIMIT
) -> tuple[Optimisation, ...]:
    """Find the functions that carry the saving, and how they were made faster.

    Parameters
    ----------
    baseline
        The baseline's line profile.
    contender
        The contender's line profile; without one there is no code after, and no technique.
    breakdown
        The stages' savings, from clean runs: they decide which stages are looked at, and in which order.
    limit
        How many optimisations to return at most.

    Returns
    -------
    tuple of Optimisation
        The greatest saving first; at most two functions a stage, and none for two stages.
    """
    before = Attribution(baseline)
    after = Attribution(contender) if contender is not None else None
    shown: set[tuple[str, frozenset[int]]] = set()
    found: list[Optimisation] = []
    for row in _rows(breakdown):
        path = "" if row.kind == "outside stages" else row.path
        serving = _relevant(before.serving(path))
        replaced_by = _relevant(after.serving(path)) if after is not None else []
        stage_s = _traced_s(baseline, row) or sum(one.total_own_s for one in serving)
        chosen = _choose(serving, shown, stage_s)
        shown |= {(one.function.name, one.lines) for one in chosen}
        techniques = _techniques(serving, chosen, replaced_by)
        for one in chosen:
            hot_lines = _hot_lines(one, stage_s)
            found.append(
                Optimisation(
                    stage=row.path or row.kind,
                    function=one.function.name,
                    hot_lines=hot_lines,
                    before=excerpt(one.function, one.lines, [line.line for line in hot_lines]),
                    after=_after(replaced_by, one.function.name),
                    techniques=techniques[one.function.name],
                )
            )
    return tuple(found[:limit])


def _rows(breakdown: Breakdown) -> list[StageRow]:
    """Return the rows whose code is worth a look, the greatest saving first."""
    stages = [row.path for row in breakdown.rows if row.kind == "stage"]
    wanted = []
    for row in breakdown.rows:
        is_leaf = row.kind == "stage" and not any(other.startswith(f"{row.path}/") for other in stages)
        least = MIN_SHARE if is_leaf else MIN_SHARE_OWN_CODE
        is_code = is_leaf or row.kind in ("own code", "outside stages")
        if is_code and row.saved_s > 0 and (row.saved_share or 0.0) >= least:
            wanted.append(row)
    return sorted(wanted, key=lambda row: -(row.saved_share or 0.0))


def _traced_s(run: ProfileRun, row: StageRow) -> float:
    """Return the seconds under the profiler of what a row covers."""
    totals = {one.path: one.total_s for one in run.stages if one.in_main_thread}
    if row.kind == "stage":
        return totals.get(row.path, 0.0)
    whole = totals.get(row.path, 0.0) if row.path else run.traced_s
    return whole - sum(total for path, total in totals.items() if path.rpartition("/")[0] == row.path)


def _relevant(serving: Sequence[Serving]) -> list[Serving]:
    """Leave out functions that the attribution only brushes."""
    return [one for one in serving if one.is_root or one.weight >= _MIN_WEIGHT]


def _choose(
    serving: Sequence[Serving], shown: Collection[tuple[str, frozenset[int]]], stage_s: float
) -> list[Serving]:
    """Return the functions where the stage's time really is, and which were not shown for another stage."""
    new = [one for one in serving if (one.function.name, one.lines) not in shown and one.total_own_s > 0]
    if new and new[0] is serving[0]:
        return [new[0], *(one for one in new[1:_MAX_FUNCTIONS] if one.total_own_s >= _MIN_SECOND * stage_s)]
    # Its costliest function is shown elsewhere; let the stage not go without.
    return [one for one in new[:1] if one.total_own_s >= _MIN_INSTEAD * stage_s]


def _techniques(
    serving: Sequence[Serving], chosen: Sequence[Serving], replaced_by: Sequence[Serving]
) -> dict[str, tuple[Technique, ...]]:
    """Recognise a stage's techniques; each goes to the function that shows it, or else to the first."""
    after = _sources(replaced_by)
    whole = recognise(_sources(serving), after) if replaced_by else ()
    given: dict[str, tuple[Technique, ...]] = {}
    for one in chosen[1:]:
        alone = {technique.name for technique in recognise([text_of(one.function, one.lines)], after)}
        given[one.function.name] = tuple(technique for technique in whole if technique.name in alone)
    elsewhere = {technique.name for techniques in given.values() for technique in techniques}
    for one in chosen[:1]:
        given[one.function.name] = tuple(technique for technique in whole if technique.name not in elsewhere)
    return given


def _hot_lines(serving: Serving, stage_s: float) -> tuple[HotLine, ...]:
    """Return the lines with the greatest cost of their own, in the order of the source."""
    function = serving.function
    hits = {cost.line: cost.hits for cost in function.lines}
    ranked = sorted(serving.own_s, key=lambda line: -serving.own_s[line])[:_MAX_HOT_LINES]
    hot = [line for line in ranked if serving.own_s[line] >= _MIN_HOT_SHARE * stage_s] or ranked[:1]
    return tuple(
        HotLine(
            line=line,
            text=function.source[line - function.first_line].strip(),
            hits=hits[line],
            share=min(serving.own_s[line] / stage_s, 1.0),
        )
        for line in sorted(hot)
    )


def _after(serving: Sequence[Serving], name: str) -> tuple[CodeBlock, ...]:
    """Show what replaced a function: its namesake, then the costliest of the stage's functions."""
    outer = _outermost(serving)
    cost_s = {
        one.function.name: sum(other.total_own_s for other in serving if _is_within(other, one))
        for one in outer
    }
    least = _MIN_AFTER_SHARE * sum(cost_s.values())
    ranked = sorted(outer, key=lambda one: (one.function.name != name, -cost_s[one.function.name]))
    worth = [one for one in ranked if one.function.name == name or cost_s[one.function.name] > least]
    worth = worth or [one for one in ranked if one.is_root]
    blocks = []
    for one in worth[:_MAX_AFTER]:
        own_s = {line: s for other in serving if _is_within(other, one) for line, s in other.own_s.items()}
        hot = sorted(own_s, key=lambda line: -own_s[line])[:_MAX_HOT_LINES]
        blocks.append(excerpt(one.function, one.lines, hot))
    return tuple(blocks)


def _outermost(serving: Sequence[Serving]) -> list[Serving]:
    """Leave out functions that are defined within others of them: those show them."""
    return [
        one for one in serving if not any(_is_within(one, other) and one is not other for other in serving)
    ]


def _is_within(inner: Serving, outer: Serving) -> bool:
    """Whether a function is another, or is defined in it."""
    return f"{inner.function.name}.".startswith(f"{outer.function.name}.") and (
        inner is outer or inner.function.first_line in outer.lines
    )


def _sources(serving: Sequence[Serving]) -> list[str]:
    """Return the source of the functions, or of the blocks, that serve a stage."""
    return [text_of(one.function, one.lines) for one in _outermost(serving)]
