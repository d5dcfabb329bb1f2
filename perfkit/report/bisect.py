"""A search through the history as ordered words and tables: what was found, by which steps, how surely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from perfkit.report import units
from perfkit.report.claims import inverse
from perfkit.report.text import Column, Row, Table, code, line, strong

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.model import Bisection, BisectionStep, Commit, Estimate
    from perfkit.report.text import Line

MOST_FILES = 12
_REST_FROM = 0.9
_QUESTIONS = {
    "ends": "last against first",
    "size": "the same, for its size",
    "search": "search",
    "branch": "merged branch",
    "confirmation": "against its parent",
}
_OUTCOMES = {
    "slow": "❌ slow",
    "good": "✅ good",
    "undecided": "❔ undecided",
    "skipped": "⚪ skipped",
}
_DIRECT = {"slow": "❌ slower", "good": "✅ not slower", "undecided": "❔ undecided"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BisectView:
    """What a renderer shows, in this order.

    Attributes
    ----------
    headline
        The answer, a line each.
    tone
        Of the headline.
    identity
        What was searched.
    steps
        In the order in which they were asked.
    suspects
        The commits that it may be; None if it is one or none.
    changed
        The culprit's files; None without a culprit.
    remarks, method
        Sentences.
    next_
        Command lines for whoever reads on.
    """

    title: Line
    headline: tuple[Line, ...]
    tone: Literal["good", "open", "bad"]
    identity: Line
    steps: Table
    suspects: Table | None
    changed: Table | None
    remarks: tuple[Line, ...]
    method: tuple[Line, ...]
    next_: tuple[str, ...]
    command: str


def build(made: Bisection) -> BisectView:
    """Put a search into words.

    Parameters
    ----------
    made
        It is not changed.
    """
    what = line(code(made.stage), " of ", code(made.benchmark)) if made.stage else line(code(made.benchmark))
    return BisectView(
        title=line("Bisection: ", what),
        headline=tuple(_headline(made, what)),
        tone="good" if made.verdict == "found" else "open",
        identity=line(
            f"{_count(made.candidates, 'commit')} after ",
            code(made.good.short),
            " up to ",
            code(made.bad.short),
            f", {_count(len(made.steps), 'comparison')} in {units.duration(made.duration_s)}, "
            f"started {units.moment(made.started_at)}.",
        )
        if made.candidates
        else line(
            code(made.good.short),
            " and ",
            code(made.bad.short),
            f", started {units.moment(made.started_at)}.",
        ),
        steps=_steps(made),
        suspects=_commits(made.suspects) if len(made.suspects) > 1 else None,
        changed=_changed(made) if made.changed else None,
        remarks=tuple(_remarks(made)),
        method=tuple(_method(made)),
        next_=tuple(_next(made)),
        command=made.command,
    )


def undecided(made: Bisection) -> list[str]:
    """Say what is not decided, a sentence each; nothing if the commit was found."""
    return {
        "found": [],
        "not confirmed": [f"{_first(made)} is not slower than its parent in a direct comparison"],
        "range": [f"the slowdown lies in one of {len(made.suspects)} commits that could not be told apart"],
        "not slower": [f"{made.bad.short} is not slower than {made.good.short}: there is nothing to find"],
        "inconclusive": [f"whether {made.bad.short} is slower than {made.good.short} is not decided"],
    }[made.verdict]


def _first(made: Bisection) -> str:
    return made.suspects[0].short if made.suspects else made.bad.short


# ---------------------------------------------------------------- the answer


def _headline(made: Bisection, what: Line) -> Iterator[Line]:
    whole = next((one.speedup for one in reversed(made.steps) if one.kind in {"ends", "size"}), None)
    last = made.steps[-1].speedup if made.steps else None
    if made.verdict == "found" and last is not None:
        culprit = made.suspects[0]
        yield line(code(culprit.short), " made ", what, " ", *_slower(last), ".")
        yield _about(culprit)
    elif made.verdict == "not confirmed" and made.suspects:
        culprit = made.suspects[0]
        yield line(
            code(culprit.short),
            " is the first commit in which ",
            what,
            " is slow, but that is not confirmed.",
        )
        yield _about(culprit)
    elif made.verdict == "range":
        first, final = made.suspects[0], made.suspects[-1]
        where = line(code(first.short), " to ", code(final.short))
        yield line(f"One of {_count(len(made.suspects), 'commit')} made ", what, " slower, from ", where, ".")
        if whole is not None:
            yield line(code(made.bad.short), " is ", *_slower(whole), " than ", code(made.good.short), ".")
    elif whole is not None:
        how = "is not slower than" if made.verdict == "not slower" else "may or may not be slower than"
        yield line(
            code(made.bad.short),
            f" {how} ",
            code(made.good.short),
            f": {units.ratio(inverse(whole))} its time, {units.interval(inverse(whole))}, {_pairs(whole)}.",
        )


def _code(text: str) -> Line:
    return line(code(text))


def _slower(found: Estimate) -> tuple[Line, ...]:
    slowdown = inverse(found)
    return (
        line(strong(f"{units.bare_ratio(slowdown)} times slower")),
        line(f" ({units.interval(slowdown)}, {units.level(found.confidence)}, {_pairs(found)})"),
    )


def _about(commit: Commit) -> Line:
    merge = " (a merge)" if len(commit.parents) > 1 else ""
    return line(f"{commit.subject}{merge}: {commit.author}, {commit.date[:10]}.")


def _pairs(found: Estimate) -> str:
    return _count(found.n, "pair")


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


# ---------------------------------------------------------------- tables


def _steps(made: Bisection) -> Table:
    columns = (
        Column(key="commit", title="commit", whole=True),
        Column(key="subject", title="subject"),
        Column(key="question", title="question"),
        Column(key="time", title="time against first", short="time", align="right"),
        Column(key="interval", title="95 % interval", align="right"),
        Column(key="pairs", title="pairs", align="right"),
        Column(key="answer", title="answer", whole=True),
    )
    return Table(columns=columns, rows=tuple(_step(one) for one in made.steps))


def _step(step: BisectionStep) -> Row:
    found = None if step.speedup is None else inverse(step.speedup)
    direct = step.kind in {"ends", "size", "confirmation"}
    return Row(
        cells=(
            _code(step.commit.short),
            line(step.commit.subject),
            line(_QUESTIONS[step.kind]),
            line(units.ratio(found)),
            line(units.interval(found)),
            line(units.NONE if found is None else f"{found.n}"),
            line((_DIRECT if direct else _OUTCOMES)[step.outcome]),
        ),
        strong=step.kind == "confirmation",
    )


def _commits(suspects: tuple[Commit, ...]) -> Table:
    columns = (
        Column(key="commit", title="commit", whole=True),
        Column(key="subject", title="subject"),
        Column(key="author", title="author"),
        Column(key="date", title="date", whole=True),
    )
    rows = [
        Row(cells=(_code(one.short), line(one.subject), line(one.author), line(one.date[:10])))
        for one in suspects
    ]
    return Table(columns=columns, rows=tuple(rows))


def _changed(made: Bisection) -> Table:
    columns = (
        Column(key="file", title="file changed"),
        Column(key="added", title="lines added", short="added", align="right"),
        Column(key="removed", title="removed", align="right"),
    )
    rows = [
        Row(
            cells=(
                _code(one.path),
                line(units.NONE if one.added is None else f"{one.added:,}"),
                line(units.NONE if one.removed is None else f"{one.removed:,}"),
            )
        )
        for one in made.changed[:MOST_FILES]
    ]
    return Table(columns=columns, rows=tuple(rows))


# ---------------------------------------------------------------- sentences


def _remarks(made: Bisection) -> Iterator[Line]:
    if made.interrupted:
        yield line("It was interrupted: the answer is what was known until then.")
    if len(made.changed) > MOST_FILES:
        yield line(f"{len(made.changed) - MOST_FILES} more files changed.")
    if made.share is not None and made.share_interval is not None and len(made.steps) > 1:
        low, high = made.share_interval
        if high < _REST_FROM:
            part = units.percent_between(made.share, (low, high))
            yield line(
                f"It made {part} of the whole slowdown, in factors: other commits made the rest, and can be "
                "searched on both sides of it."
            )
    if made.verdict == "not confirmed" and made.parent is not None and made.steps:
        last = made.steps[-1]
        if last.kind == "confirmation" and last.speedup is not None:
            found = inverse(last.speedup)
            yield line(
                "Against its parent ",
                code(made.parent.short),
                f" it takes {units.ratio(found)} the time, {units.interval(found)}, {_pairs(found)}. The "
                "slowdown may come from several commits, each of which is small.",
            )
    for step in made.steps:
        if step.reason:
            what = "was skipped" if step.outcome == "skipped" else "is undecided"
            yield line(code(step.commit.short), f" {what}: {step.reason.rstrip('.')}.")
    yield from (line(one) for one in made.notes)


def _method(made: Bisection) -> Iterator[Line]:
    yield line(
        "Each comparison ran both commits in fresh processes, in pairs, in random order, on the same "
        "benchmark; times are given as those of the commit over those of the first one, or of its parent."
    )
    limit = next((one.limit for one in made.steps if one.limit is not None), None)
    if limit is not None:
        yield line(
            "A commit counts as slow if it takes more than ",
            f"{1 / limit:.3g} times as long as ",
            code(made.good.short),
            ", half-way in factors to the last one; the interval must exclude that limit. All answers of the "
            f"search together point the wrong way in at most {units.percent(made.error / 2, 0)} of searches.",
        )
    if made.verdict == "found" and len(made.steps) > 1:
        yield line("The slowdown that is stated is that of the direct comparison with the parent.")


def _next(made: Bisection) -> Iterator[str]:
    if made.suspects and made.verdict in {"found", "not confirmed"}:
        culprit = made.suspects[0]
        yield f"git show {culprit.short}"
        if made.parent is not None:
            arguments = "".join(f" {one}" for one in made.arguments)
            yield f"perfkit compare {made.parent.short} {culprit.short} -- {made.benchmark}{arguments}"
