"""Accuracies and their like: at chance, points against per cent, and their differences."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from perfkit.audit import words
from perfkit.audit.findings import AuditFinding, about
from perfkit.audit.judge import Possible, judge
from perfkit.audit.spans import Span, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perfkit.audit.facts import Claim, Facts, Metric
    from perfkit.audit.figures import Figure
    from perfkit.audit.findings import Severity

_SMALL = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_COUNTS = {word: value for value, word in enumerate(_SMALL, 2)}
_CLASSES = re.compile(
    rf"(?<![\w.])(?P<number>[0-9]{{1,6}}|{'|'.join(_COUNTS)})[ -](?:(?:balanced|equal"
    r"|equally frequent|output|target|digit|image|label)\s)?"
    r"(?:classes|class\b|categories|labels)|\b(?P<binary>binary classif\w+|binary labels?)"
    r"|\b(?:number of |n_|num_)?(?:classes|categories|labels)\s*(?:[:=]|is|was)\s*(?P<after>[0-9]{1,6})\b",
    re.IGNORECASE,
)
_NEAR_CHANCE = 1.15
_MOST_PERCENT = 100.0
_DROPPED = re.compile(
    r"\b(?:dropp?\w*|lost|loss of|fell|worse\w*|decreas\w*|lower|declin\w*|degrad\w*|reduc\w*)\b",
    re.IGNORECASE,
)


def check(facts: Facts) -> Iterator[AuditFinding]:
    """Check accuracies against chance, and changes of them in points and in per cent."""
    yield from _at_chance(facts)
    by_line: dict[int, list[Metric]] = {}
    for metric in facts.metrics:
        by_line.setdefault(metric.line, []).append(metric)
    for claim in facts.claims:
        if claim.meaning == "metric":
            finding = _change(claim, by_line.get(claim.line, []))
            if finding is not None:
                yield finding


def _at_chance(facts: Facts) -> Iterator[AuditFinding]:
    classes = {value for text in _texts(facts) for value in _classes(text)}
    stated = [metric for metric in facts.metrics if words.ACCURACY.search(metric.name)]
    if len(classes) != 1:
        return
    count = classes.pop()
    chance = 1.0 / count
    for metric in stated:
        known = [(share.low, one) for one in (metric.before, metric.after) if one and (share := _share(one))]
        if not known:
            continue
        lowest, figure = min(known, key=lambda one: one[0])
        guessed = lowest <= chance * _NEAR_CHANCE
        finding = (
            f"{figure.text} is what guessing among {count} classes gives: nothing was learnt, so "
            "equal accuracies"
            " say nothing about equal computations"
            if guessed
            else f"{figure.text} is above the chance of {100 * chance:.3g} %"
        )
        yield AuditFinding(
            severity="doubtful" if guessed else "consistent",
            check="chance",
            line=metric.line,
            claim=metric.text,
            finding=finding,
            right=f"chance: {100 * chance:.3g} %" if guessed else "",
            figure=figure.text,
            place=(metric.line, figure.start, "accuracy"),
        )


def _texts(facts: Facts) -> Iterator[str]:
    for sentence in facts.sentences:
        yield sentence.text
    for cell in facts.cells:
        yield cell.text


def _classes(text: str) -> Iterator[int]:
    for found in _CLASSES.finditer(text):
        if found["binary"]:
            yield 2
            continue
        number = (found["number"] or found["after"]).lower()
        value = _COUNTS.get(number) or int(number)
        if value > 1:
            yield value


def _share(figure: Figure | None) -> Span | None:
    if figure is None or figure.value < 0:
        return None
    if figure.kind == "percent":
        return figure.tight.times(0.01) if figure.value <= _MOST_PERCENT else None
    if figure.kind == "number" and figure.value <= 1 and figure.step < 1:
        return figure.tight
    return None


# ---------------------------------------------------------------- points and per cent


def _change(claim: Claim, here: Sequence[Metric]) -> AuditFinding | None:  # noqa: PLR0911  one rule a line, the first that fits
    """Check a change of a quality that is stated beside both its values."""
    own = [one for one in here if one.before and one.after]
    if any(claim.figure in {one.before, one.after} for one in here):
        return None
    if len(own) != 1 or own[0].before is None or own[0].after is None:
        return None
    before, after = own[0].before, own[0].after
    factor = 1.0 if before.kind == "percent" else 100.0
    points = (after.tight - before.tight).times(factor)
    relative = _relative(before, after)
    if claim.figure.value > 0 and after.value < before.value:
        points, relative = points.times(-1.0), relative.times(-1.0)
    fits = {
        name: judge(claim.figure, Possible(tight=(span,), loose=(span,), wide=(span,))) == "true"
        for name, span in (("points", points), ("percent", relative))
    }
    right = f"{show(points, ' points')} or {show(relative, ' %')}"
    of = f"{before.text} and {after.text}"
    in_points = claim.figure.kind == "points"
    if fits["points" if in_points else "percent"]:
        return _claimed(claim, "consistent", f"follows from {of}", "")
    if not in_points and fits["points"]:
        return _claimed(
            claim, "doubtful", f"{claim.figure.text} is the difference in percentage points of {of}", right
        )
    if in_points and fits["percent"]:
        return _claimed(
            claim,
            "contradicted",
            f"{claim.figure.text} is the change in per cent, not in points, of {of}",
            right,
        )
    if not re.search(
        r"\b(?:points?|pp|drop|gain|loss|lost|improv\w+|increas\w+|decreas\w+|rise|rose|better"
        r"|worse|change\w*)\b",
        claim.text,
        re.IGNORECASE,
    ):
        return _claimed(claim, "not checked", "what this is a change of is not said", "")
    return _claimed(claim, "contradicted", f"does not follow from {of}", right)


def _relative(before: Figure, after: Figure) -> Span:
    if before.tight.low <= 0:
        return Span(-100.0, float("inf"))
    return (after.tight / before.tight).shift(-1.0).times(100.0)


def of_metric(metric: Metric) -> bool | None:
    """Tell whether a quality is the same before and after, within its digits; None if one is missing."""
    if metric.before is None or metric.after is None or metric.before.kind != metric.after.kind:
        return None
    return metric.before.tight.meets(metric.after.tight) and metric.before.value == metric.after.value


def _claimed(claim: Claim, severity: Severity, finding: str, right: str) -> AuditFinding:
    return about(claim, severity, "points", finding, right)
