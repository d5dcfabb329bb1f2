"""The page: what a file of comparisons shows, as Markdown.

Its sentences say what the tables show and no more: each is chosen and filled by the counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.verdicts import rules, tools
from benchmarks.verdicts.goals import goals
from benchmarks.verdicts.method import REPEAT, dates, method
from benchmarks.verdicts.records import EFFECTS_PERCENT, STATES
from benchmarks.verdicts.tally import Cell, Cells, Share, pooled
from benchmarks.verdicts.text import code, listed, paragraph, percent, seconds, shown, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.verdicts.records import Setting, Trial

RULES = {
    "hyperfine": 'hyperfine: "ran R times faster", with an R that is printed as more than 1.00',
    "hyperfine-sigma": 'hyperfine: "ran R ± s times faster", with R - s above 1',
    "pytest-benchmark": f"the medians differ by more than {100 * rules.PYTEST_SHARE:g} % "
    "(`--benchmark-compare-fail=median:5%`, read in both directions)",
    "pyperf": "`pyperf compare_to` calls the difference significant",
    "benchstat": f"benchstat's test on pyperf's values: Mann-Whitney, p < {rules.BENCHSTAT_LEVEL:g}",
    "asv": f"asv's rule on pyperf's values: Mann-Whitney, p < {rules.ASV_LEVEL:g}, and medians more than a "
    f"factor of {rules.ASV_FACTOR:g} apart",
}
_THRESHOLDS_PERCENT = {"pytest-benchmark": 5, "asv": 10}
_FEW = 30
_MANY_ALARMS = 0.10


def render(settings: Sequence[Setting], trials: Sequence[Trial]) -> str:
    """Render the page.

    Parameters
    ----------
    settings
        The invocations, the first one first.
    trials
        Their comparisons.

    Returns
    -------
    str
        Markdown, ends with a newline.

    Raises
    ------
    ValueError
        If there is nothing to show.
    """
    cells = Cells(trials)
    if not settings or not cells.rules():
        raise ValueError("there is no comparison that a page could show")
    own = [name for name in settings[-1].options if name in cells.rules()]
    names = [*own, *(name for name in RULES if name in cells.rules())]
    parts = [
        _head(settings, cells),
        _goals(cells, own),
        _alarms(cells, names),
        *(_effect(cells, names, effect) for effect in EFFECTS_PERCENT if effect),
        _intervals(cells, own),
        _rules(settings[-1], names),
        method(settings, trials),
        REPEAT,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(settings: Sequence[Setting], cells: Cells) -> str:
    fewest, most = min(cells.sizes()), max(cells.sizes())
    rounds = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    text = paragraph(
        "How often is a tool's verdict right on a noisy machine? A workload of known cost is compared with "
        "itself "
        "and with versions that do exactly 2, 3, 5 and 10 % more work, by perfkit and by other tools side "
        "by side "
        f"({rounds} times each), once while the machine is left alone and once under a load of the "
        "benchmark's "
        "own. Percentages are counts of comparisons, with exact 95 % intervals (Clopper-Pearson) in "
        "brackets. "
        f"Measured {dates(settings)} on {settings[0].cpu}, {settings[0].cores} cores."
    )
    few = f"**Some rows rest on fewer than {_FEW} comparisons: read their intervals, not their percentages.**"
    return "\n\n".join(("# Calibration", text, *([few] if fewest < _FEW else [])))


def _goals(cells: Cells, own: Sequence[str]) -> str:
    if not own:
        return ""
    rows = [
        (code(name), state, goal.words, shown(goal.measured), goal.met)
        for name in own
        for state in STATES
        for goal in goals(cells, name, state)
    ]
    text = paragraph(
        "`yes` and `no`: the whole interval lies on that side of the goal. `likely` and `unlikely`: only the "
        "percentage does. No number of comparisons shows that something never happens: for wrong signs "
        "`yes` says "
        "that there was none, and the interval how many there may be."
    )
    return f"## perfkit's goals\n\n{table(('rule', 'state', 'goal', 'measured', 'met'), rows)}\n\n{text}"


# ---------------------------------------------------------------- how often right


def _alarms(cells: Cells, names: Sequence[str]) -> str:
    rows, alarms = [], {}
    for name in names:
        mine = _states(cells, name, 0)
        if (share := pooled(cell.alarms for cell in mine)) is not None:
            alarms[name] = share
            rows.append((code(name), *(shown(cell.alarms) for cell in mine), _took(mine)))
    if not rows:
        return ""
    shares = table(("rule", *STATES, "seconds"), rows)
    return (
        f"## The same work on both sides: false alarms\n\n{shares}\n\n{paragraph(_alarms_in_words(alarms))}"
    )


def _alarms_in_words(alarms: dict[str, Share]) -> str:
    sentences = [
        f"{code(name)} saw a difference that was not there in {share.hits} of {share.of} comparisons; the "
        "interval "
        f"reaches to {percent(share.interval[1])}."
        for name, share in alarms.items()
        if tools.is_perfkit(name)
    ]
    peers = sorted((one for one in alarms if not tools.is_perfkit(one)), key=lambda one: alarms[one].value)
    if peers:
        least, most = peers[0], peers[-1]
        many = f" to {percent(alarms[most].value)} ({code(most)})" if least != most else ""
        sentences.append(
            f"Of the other rules' verdicts {percent(alarms[least].value)} ({code(least)}){many} did."
        )
    jumpy = [name for name, share in alarms.items() if share.interval[0] > _MANY_ALARMS]
    if jumpy:
        sentences.append(
            f"Read what {listed(jumpy)} found below beside it: a rule that often sees a difference where "
            "there is none sees one more often where there is one, too."
        )
    return " ".join(sentences)


def _effect(cells: Cells, names: Sequence[str], effect: int) -> str:
    rows, there = [], []
    for name in names:
        mine = _states(cells, name, effect)
        if (wrong := pooled(cell.wrong_signs for cell in mine)) is not None:
            there.append(name)
            found = (shown(cell.found) for cell in mine)
            rows.append((code(name), *found, f"{wrong.hits} of {wrong.of}", _took(mine)))
    if not rows:
        return ""
    shares = table(("rule", *(f"found, {state}" for state in STATES), "wrong signs", "seconds"), rows)
    return f"## {effect} % slower\n\n{shares}\n\n{paragraph(_effect_in_words(cells, there, effect))}"


def _effect_in_words(cells: Cells, names: Sequence[str], effect: int) -> str:
    sentences = []
    for name in names:
        if tools.is_perfkit(name):
            said = [
                f"in {percent(found.value)} of the {state} rounds"
                for state in STATES
                if (found := cells.get(name, effect, state).found) is not None
            ]
            sentences.append(f"{code(name)} found it {' and '.join(said)}.")
    for name in names:
        threshold = _THRESHOLDS_PERCENT.get(name, 0)
        if threshold > effect:
            sentences.append(f"{code(name)} ignores on purpose what is below {threshold} %.")
        elif threshold == effect:
            sentences.append(
                f"For {code(name)} the effect lies on its threshold, which half of them would pass."
            )
    wrong = [one for one in names if any(cell.words["faster"] for cell in _states(cells, one, effect))]
    if wrong:
        sentences.append(f"{listed(wrong)} called the slower side faster at least once.")
    return " ".join(sentences)


def _intervals(cells: Cells, own: Sequence[str]) -> str:
    rows, sentences = [], []
    for name in own:
        mine = [
            (effect, state, cells.get(name, effect, state)) for effect in EFFECTS_PERCENT for state in STATES
        ]
        rows += [
            (code(name), f"{effect} %", state, *_interval(cell)) for effect, state, cell in mine if cell.n
        ]
        if (covered := pooled(cell.covered for _, _, cell in mine)) is not None:
            sentences.append(f"The 95 % intervals of {code(name)} held the true speedup in {shown(covered)}.")
    if not rows:
        return ""
    header = ("rule", "slow-down", "state", "covered", "pairs", "stopped early", "seconds", "verdicts")
    sentences.append(
        "Pairs and seconds are medians. The seconds are those of measuring, without the start of the "
        "program and the "
        "report, which the tables above include. Stopped early: for another reason than the budget."
    )
    return f"## perfkit's intervals\n\n{table(header, rows)}\n\n{paragraph(' '.join(sentences))}"


def _interval(cell: Cell) -> tuple[str, ...]:
    words = ", ".join(f"{word} {n}" for word, n in cell.words.most_common())
    pairs = cell.median("pairs")
    return (
        shown(cell.covered),
        "-" if pairs is None else f"{pairs:g}",
        f"{cell.early} of {cell.n}",
        seconds(cell.median("measuring_s")),
        words,
    )


def _rules(last: Setting, names: Sequence[str]) -> str:
    rows = []
    for name in names:
        options = last.options.get(name, "")
        own = f"perfkit's own verdict, with {code(options) if options else 'its defaults'}"
        rows.append((code(name), RULES.get(name, own)))
    return f"## The rules\n\n{table(('rule', 'sees a difference if'), rows)}"


def _states(cells: Cells, name: str, effect: int) -> list[Cell]:
    return [cells.get(name, effect, state) for state in STATES]


def _took(mine: Sequence[Cell]) -> str:
    return " / ".join(seconds(cell.median("took_s")) for cell in mine)
