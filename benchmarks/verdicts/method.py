"""The part of the page that says how its figures came about."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from benchmarks.verdicts.load import LONGEST_S, SHORTEST_S
from benchmarks.verdicts.records import STATES
from benchmarks.verdicts.text import alternatives, code, paragraph, table
from benchmarks.verdicts.tools import is_perfkit
from benchmarks.verdicts.workload import median_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.verdicts.records import Setting, Trial, Workload

_FEWEST_PAIRS = 100

REPEAT = """\
## Repeat it

```sh
make calibration
make calibration CALIBRATION="--rounds 100 --only perfkit"
```

Every comparison is kept in `build/calibration.jsonl` as soon as it is made, and nothing is measured twice:
the second line adds rounds to the first. `benchmarks/calibration.py --help` lists the options."""


def method(settings: Sequence[Setting], trials: Sequence[Trial]) -> str:
    """Describe workload, rounds, budgets, failures, machine and versions."""
    first = settings[0]
    work = first.workload
    items = [
        f"The workload is a loop in pure Python of {work.loops:,} turns, {1e3 * work.work_s:.1f} ms. A "
        "version "
        "that is 5 % slower makes 1.05 times as many turns. hyperfine times whole processes, of which "
        f"{work.startup_s / work.process_s:.0%} is the start of the interpreter; for it the turns are scaled "
        "so that the whole process is 5 % slower.",
        "In each round every tool compares every effect once in either state, in random order (seed "
        f"{first.seed}). Disturbed: a process burns a core, on and off, for {SHORTEST_S:g} to "
        f"{LONGEST_S:g} s "
        f"at a time. Cores busy with anything but the tool, that process included: {_others(trials)}.",
        f"Budget of a comparison: {_budgets(trials)}. perfkit takes it as `--budget`. The others take it as "
        "their own option for how long or how often to measure, half for each side, but hyperfine makes 10 "
        "runs and pyperf starts 3 processes at least. Seconds in the tables are medians of whole commands, "
        "quiet / disturbed.",
        _failures(trials),
    ]
    return "\n\n".join(
        (
            "## How it was measured",
            "\n".join(paragraph(item, item=True) for item in items),
            paragraph(
                "What the slow-downs are: in one process, the median ratio of one function's processor "
                "times; the ratio of the loops' instructions, where they could be counted; and the median "
                "ratio of all pairs of fresh processes that perfkit ran, whatever its verdicts, by the "
                "wall clock. In brackets the 95 % interval of that median."
            ),
            _checks(work, trials),
            paragraph(_machine(settings)),
        )
    )


def dates(settings: Sequence[Setting]) -> str:
    """Return the first day, and the last one where it is another."""
    days = sorted({one.started_at[:10] for one in settings})
    return days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"


def _others(trials: Sequence[Trial]) -> str:
    found: dict[str, list[float]] = defaultdict(list)
    for one in trials:
        if one.other_cores is not None:
            found[one.state].append(one.other_cores)
    return " and ".join(
        f"{statistics.median(found[state]):.2f} in the median {state} comparison (at most "
        f"{max(found[state]):.2f})"
        for state in STATES
        if found[state]
    )


def _budgets(trials: Sequence[Trial]) -> str:
    found: dict[int, set[float]] = defaultdict(set)
    for one in trials:
        found[one.effect_percent].add(one.budget_s)
    return ", ".join(f"{alternatives(found[effect])} for {effect} %" for effect in sorted(found))


def _failures(trials: Sequence[Trial]) -> str:
    failed = Counter(one.tool for one in trials if one.error)
    if not failed:
        return "No comparison failed."
    counts = ", ".join(f"{code(tool)} {n}" for tool, n in sorted(failed.items()))
    return f"Comparisons that failed, and are counted in no table: {counts}."


def _checks(work: Workload, trials: Sequence[Trial]) -> str:
    rows = [
        (
            f"{one.effect_percent} %",
            f"{one.ratio:.4f} [{one.low:.4f}, {one.high:.4f}]",
            "-" if one.instruction_ratio is None else f"{one.instruction_ratio:.5f}",
            _in_pairs(trials, one.effect_percent),
        )
        for one in work.checks
    ]
    return table(("slow-down", "in one process", "instructions", "in perfkit's pairs"), rows)


def _in_pairs(trials: Sequence[Trial], effect_percent: int) -> str:
    ratios = [
        contender_s / baseline_s
        for one in trials
        if is_perfkit(one.tool) and one.effect_percent == effect_percent
        for baseline_s, contender_s in zip(one.baseline_s, one.contender_s, strict=True)
    ]
    if len(ratios) < _FEWEST_PAIRS:
        return "-"
    low, high = median_interval(ratios)
    return f"{statistics.median(ratios):.4f} [{low:.4f}, {high:.4f}] of {len(ratios):,}"


def _machine(settings: Sequence[Setting]) -> str:
    first = settings[0]
    versions = sorted({f"{name} {version}" for one in settings for name, version in one.versions.items()})
    commits = sorted(
        {f"{one.commit[:12]}{' and changes' if one.dirty else ''}" for one in settings if one.commit}
    )
    where = f"; perfkit at {', '.join(commits)}" if commits else ""
    return (
        f"Measured {dates(settings)} on {first.cpu}, {first.cores} cores, {first.platform}, Python "
        f"{first.python}, "
        f"with {', '.join(versions)}{where}."
    )
