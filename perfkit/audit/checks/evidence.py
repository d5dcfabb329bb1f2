"""What a claim rests on: how many runs, an interval, a profiler, and whose ratio it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from perfkit.audit import words
from perfkit.audit.findings import AuditFinding, about
from perfkit.audit.prose import around

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.audit.facts import Claim, Facts, Measured, Sentence

_ONE_RUN = re.compile(
    r"\b(?:(?:a )?single (?:timed |measured )?(?:run|measurement|execution|trial|pass)(?! of\b)\b"
    r"|one (?:timed |measured )?(?:run|measurement|execution|trial)\s(?:each|per|only)"
    r"|(?:was|were|is|are) (?:each )?(?:run|measured|timed|executed) (?:only |just |exactly )?once"
    r"|(?:ran|timed|measured|executed) (?:each |both |it |them )?(?:only |just )?once|once each"
    r"|each (?:was |were )?(?:run|timed|measured) once|n\s?=\s?1\b|1 run each|only one run"
    r"|one run each)(?!\s(?:per|for|a|an|every|in|on)\b)",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(?:no|not|never|without|instead of|rather than|unlike|separate\w*|clean|distort\w*"
    r"|inflat\w*|avoid\w*|excluding|except)\b",
    re.IGNORECASE,
)
_MANY = re.compile(
    r"\b(?P<n>[0-9]+|two|three|four|five|six|seven|eight|nine|ten|twenty|thirty|several"
    r"|many)\s(?:\w+\s){0,2}?(?:runs|pairs|repetitions|repeats|repeated|iterations|trials"
    r"|measurements|executions|samples|processes|times each|rounds)\b|\bn\s?=\s?(?P<n2>[2-9]"
    r"|[1-9][0-9]+)\b"
    r"|\b(?:repeated|run|ran|timed|measured)\s(?:\w+\s){0,3}?[0-9]+ times\b|\b(?:median|mean"
    r"|average|minimum|best) of\b",
    re.IGNORECASE,
)
_INTERVAL = re.compile(
    r"±|\+/-|\bCI\b|\bconfidence interval|\bstandard (?:deviation|error)|\bstd\b|\bIQR\b|\binterval\b"
    r"|\bpercentiles?\b",
    re.IGNORECASE,
)
_TRACERS = (
    r"(?:cProfile|line[_ ]profiler|kernprof|profile module|a profiler|the profiler|profilers?|profiling"
    r"|yappi|callgrind|pyinstrument|memory[_ ]profiler)"
)
_UNDER = re.compile(
    r"\b(?:timings?|times?|timed|measured|measurements?|runtimes?|speed-?ups?|figures|durations?"
    rf"|numbers)\b[^.;]{{0,60}}?\b(?:under|with|from|using|by|via|in|inside|while"
    rf"|during)\b[^.;]{{0,20}}?\b{_TRACERS}",
    re.IGNORECASE,
)
_CALL = re.compile(r"(?P<name>[A-Za-z_][\w.]{2,60})\(\)")
_NAMED = re.compile(r"\bfunctions?\s+`?(?P<name>[A-Za-z_]\w*_\w+|[a-z]+\w*(?=`))`?")


def check(facts: Facts) -> Iterator[AuditFinding]:
    """Check what speedup claims rest on; says each lack once."""
    main = _main(facts)
    if main is not None:
        yield from _runs(facts, main)
    yield from _profiled(facts)
    yield from _functions(facts)
    yield from _undecided(facts)


def _main(facts: Facts) -> Claim | None:
    """Return the claim that stands for the report: its first on the whole, else its first."""
    speed = [
        claim for claim in facts.claims if claim.meaning in {"speedup", "ratio", "faster_pct", "less_pct"}
    ]
    whole = [claim for claim in speed if any(one in facts.totals for one in claim.subjects)]
    return next(iter(whole or speed), None)


def _runs(facts: Facts, main: Claim) -> Iterator[AuditFinding]:
    once = [one for one in facts.sentences if _ONE_RUN.search(one.text)]
    if once:
        for sentence in once[:1]:
            yield _of(
                sentence,
                "single-run",
                "one run has no interval: how far another would differ is not known",
                "n = 1: no interval",
            )
        return
    spread = any(claim.figure.ends or claim.interval for claim in facts.claims)
    spread = spread or any(
        figure.ends for one in facts.measured for figure in (one.before, one.after) if figure
    )
    texts = [one.text for one in facts.sentences] + [cell.text for cell in facts.cells]
    if spread or any(_INTERVAL.search(text) for text in texts):
        return
    many = any(_MANY.search(text) for text in texts)
    said = "no interval or spread is given" if many else "neither the number of runs nor an interval is given"
    yield AuditFinding(
        severity="doubtful",
        check="no-interval",
        line=main.line,
        claim=main.text,
        finding=f"{said}, here or anywhere in the report",
        right="an interval over several runs",
        figure=main.figure.text,
        place=(main.line, main.figure.start, "interval"),
    )


def _profiled(facts: Facts) -> Iterator[AuditFinding]:
    for sentence in facts.sentences:
        found = _UNDER.search(sentence.text)
        if found and not _DENIED.search(sentence.text):
            finding = (
                "a profiler slows the two sides by different factors: times taken under one yield no speedup"
            )
            yield _of(sentence, "profiler", finding, "clean runs, without a profiler")


def _functions(facts: Facts) -> Iterator[AuditFinding]:
    """Find a function that is given the ratio of the stage that it is part of."""
    quoted = {
        claim.subjects[0].line: claim.figure for claim in facts.claims if claim.column and claim.subjects
    }
    by_ratio: dict[tuple[float, float], Measured] = {}
    for stage in (one for group in facts.groups if group.stages for one in group.rows):
        ratio = quoted.get(stage.line, stage.ratio)
        if ratio is not None and not stage.is_total:
            by_ratio.setdefault((ratio.value, ratio.step), stage)
    known = {one.key for one in facts.measured}
    for claim in facts.claims:
        if claim.column or claim.figure.kind != "ratio" or claim.meaning not in {"speedup", "unknown"}:
            continue
        name = _function(claim.text)
        found = by_ratio.get((claim.figure.value, claim.figure.step))
        if not name or found is None or words.key_of(name) in known or words.STAGE.search(claim.text):
            continue
        if found.key in words.key_of(claim.text):
            continue
        finding = (
            f"{claim.figure.text} is the ratio of the stage “{found.name}” (line {found.line}), not "
            "one measured"
            f" for {name}"
        )
        yield about(claim, "doubtful", "function-ratio", finding, f"none for {name}")


def _function(text: str) -> str:
    found = _CALL.search(text)
    if found:
        return f"{found['name']}()"
    named = _NAMED.search(text)
    return named["name"] if named else ""


def _undecided(facts: Facts) -> Iterator[AuditFinding]:
    """Find ratios outside their own interval, and "faster" where the interval holds 1."""
    for claim in facts.claims:
        ends = claim.interval
        if (
            ends is None
            or claim.meaning not in {"speedup", "slower"}
            or (claim.figure.ends != ends and not claim.column)
        ):
            continue
        if not ends.meets(claim.figure.tight):
            finding = f"{claim.figure.text} lies outside its own interval"
            yield about(claim, "contradicted", "interval", finding)
        elif (
            ends.low < 1 < ends.high and not claim.column and re.search(r"\bfaster\b|\bslower\b", claim.text)
        ):
            finding = "its interval holds 1: it may as well be no difference"
            yield about(claim, "doubtful", "interval", finding, "inconclusive")


def _of(sentence: Sentence, check: str, finding: str, right: str) -> AuditFinding:
    return AuditFinding(
        severity="doubtful",
        check=check,
        line=sentence.line,
        claim=around(sentence),
        finding=finding,
        right=right,
        place=(sentence.line, sentence.start, check),
    )
