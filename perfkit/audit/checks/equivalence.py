"""Claims that the outputs are the same, against what else the report says about them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from perfkit.audit.checks.quality import of_metric
from perfkit.audit.findings import AuditFinding
from perfkit.audit.prose import around
from perfkit.audit.reading import in_code

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from perfkit.audit.facts import Facts, Metric, Sentence
    from perfkit.audit.findings import Severity

_THINGS = (
    r"(?:outputs?|results?|computations?|calculations?|predictions?|behaviou?rs?|values?|numbers?"
    r"|features?|semantics|numerically|functionally|mathematically|bit-?wise|correctness|accurac(?:y"
    r"|ies))"
)
_EXACT = re.compile(
    r"\b(?:bit-?(?:for-?bit|identical|wise (?:identical|equal))|byte-for-byte|(?:exactly|completely"
    r"|strictly) (?:the same|equal|identical)"
    rf"|identical(?:ly)?\s{_THINGS}|same exact {_THINGS}|exact same {_THINGS}"
    rf"|{_THINGS}\s(?:\w+\s){{0,3}}?identical|no (?:numerical |numeric )?difference(?:s)?\b)",
    re.IGNORECASE,
)
_SAME = re.compile(
    rf"\b(?:equivalent|equivalence|identical\s{_THINGS}|{_THINGS}\s(?:\w+\s){{0,3}}?(?:identical"
    r"|unchanged|preserved|the same|match(?:es)?)"
    rf"|(?:the )?same {_THINGS}|verified|unchanged {_THINGS}|preserv\w+ (?:\w+ )?{_THINGS}"
    r"|no loss (?:of|in) (?:accuracy|precision|quality)|correctness (?:is |was )?(?:preserved"
    r"|maintained|guaranteed|confirmed))",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(?:not|never|isn't|aren't|wasn't|weren't|no longer|cannot|can't"
    r"|without)\b[^.;]{0,30}\b(?:equivalent|identical|verified|the same|unchanged|preserved)\b"
    r"|\bnot verified\b|\bunverified\b|\bto be verified\b|\bif\b|\bwhether\b|\bshould be\b"
    r"|\bmust be\b|\bonly if\b",
    re.IGNORECASE,
)
_UNCOMPARED = re.compile(
    r"\b(?:outputs?|results?|predictions?|values?|correctness|features?|equivalence"
    r"|stages?)\b[^.;]{0,40}\b(?:(?:were|was|are|is|have been|has been) (?:not|never)|weren't"
    r"|wasn't|not) (?:\w+ )?(?:compared|checked|verified|tested|validated|measured)\b"
    r"|\b(?:no|without(?: any)?) (?:comparison|check|verification|test|tests"
    r"|validation)s?\b[^.;]{0,30}\b(?:outputs?|results?|correctness|equivalence|was|were|made|run"
    r"|done)\b"
    r"|\bdid(?: not|n't) (?:compare|check|verify|test) (?:the )?(?:outputs?|results?|values?|predictions?)\b",
    re.IGNORECASE,
)
_DIFFERS = re.compile(
    r"\b(?:max(?:imum|imal)?|largest|worst|mean|average)\.?\s(?:absolute |relative |abs\.? "
    r"|rel\.? )?(?:difference|deviation|error|diff)\b(?:[^.;0-9]"
    r"|\.(?![0-9])){0,30}?(?P<value>[0-9]+(?:\.[0-9]+)?(?:[eE][-−]?[0-9]+)?|10\^-?[0-9]+)",
    re.IGNORECASE,
)
_APPROXIMATE = re.compile(
    r"\b(?:approximation|approximates?\b|approximated|approximate (?:nearest|method|algorithm"
    r"|distance|solution|version)|sub-?sampl\w+|random sample of|skips? the|dropp?ed the"
    r"|left out the|surrogate|a proxy)\b",
    re.IGNORECASE,
)
_COMPLEXITY = re.compile(r"\b[OΘ]\(\s?(?P<term>[^()]{1,30}(?:\([^()]{0,12}\))?[^()]{0,8})\)")
_CHANGE_WORD = re.compile(
    r"\b(?:replac\w+|instead of|rather than|to|became|becomes|now|with|in place of|reduc\w+|from"
    r"|into|by)\b|→|->",
    re.IGNORECASE,
)
_EVIDENCE = re.compile(
    r"\b(?:compared|comparison|tolerance|allclose|assert_close|assert_allclose|max(?:imum"
    r"|imal)? (?:abs\w* |rel\w* )?(?:difference|deviation|error)|worst (?:absolute|relative)"
    r"|checksums?|hash(?:es)?|differs?|differences?|bitwise|unit tests?|test suite|tests pass\w*"
    r"|rtol|atol)\b",
    re.IGNORECASE,
)

_ANYWHERE = 0


def check(facts: Facts) -> Iterator[AuditFinding]:
    """Check "equivalent", "identical", "verified" against changed algorithms, differences and evidence."""
    claimed = [one for one in facts.sentences if _is_claim(one)]
    if not claimed:
        return
    everywhere = list(facts.sentences)
    uncompared = [one for one in everywhere if _UNCOMPARED.search(one.text)]
    changed = [one for one in everywhere if _changed(one)]
    cells = [cell for cell in facts.cells if _changed_text(cell.text)]
    approximate = [one for one in everywhere if _APPROXIMATE.search(one.text)]
    evidence = any(_EVIDENCE.search(one.text) for one in everywhere if one.passage.kind != "heading")
    evidence = evidence or any(_EVIDENCE.search(cell.text) for cell in facts.cells)
    accuracies: dict[int, list[Metric]] = {}
    for metric in facts.metrics:
        if "accura" in metric.name.lower() and of_metric(metric) is not None:
            for line in (metric.line, _ANYWHERE):
                accuracies.setdefault(line, []).append(metric)
    for sentence in claimed:
        yield from _contradictions(sentence, accuracies, uncompared)
        if uncompared:
            continue
        if changed or cells:
            line, words = (changed[0].line, changed[0].text) if changed else (cells[0].line, cells[0].text)
            finding = (
                f"line {line} says that the algorithm changed ({_terms(words)}): another computation is "
                "the same only if shown"
            )
            yield _finding(
                "doubtful", "equivalence-complexity", sentence, finding, "compare every stage's output"
            )
        elif approximate:
            finding = f"line {approximate[0].line} speaks of an approximation or a part of the data"
            yield _finding(
                "doubtful", "equivalence-approximation", sentence, finding, "compare every stage's output"
            )
        elif not evidence:
            finding = "the report does not say what was compared, nor within which tolerance"
            yield _finding(
                "doubtful", "equivalence-evidence", sentence, finding, "compare every stage's output"
            )
        else:
            finding = "the outputs themselves are not in the report"
            yield _finding("not checked", "equivalence", sentence, finding, "")


def _is_claim(sentence: Sentence) -> bool:
    if (
        sentence.passage.kind in {"heading", "cell"}
        or _DENIED.search(sentence.text)
        or _UNCOMPARED.search(sentence.text)
    ):
        return False
    text = sentence.passage.text
    return any(
        not in_code(sentence.passage, found.start(), found.end())
        for pattern in (_SAME, _EXACT)
        for found in pattern.finditer(text, sentence.start, sentence.end)
    )


def _contradictions(
    sentence: Sentence, known: Mapping[int, Sequence[Metric]], uncompared: Sequence[Sentence]
) -> Iterator[AuditFinding]:
    if uncompared:
        finding = f"line {uncompared[0].line} says that outputs were not compared"
        yield _finding("contradicted", "equivalence-uncompared", sentence, finding, "not verified")
    exact = _EXACT.search(sentence.text)
    differs = _DIFFERS.search(sentence.text)
    if exact and differs and not re.fullmatch(r"0+(?:\.0+)?", differs["value"]):
        finding = f"the same sentence names a difference of {differs['value']}"
        yield _finding(
            "contradicted", "equivalence-difference", sentence, finding, "equal within a tolerance"
        )
    if re.search(r"\baccurac(?:y|ies)\b", sentence.text, re.IGNORECASE) and (
        exact or re.search(r"\b(?:identical|unchanged|the same|same)\b", sentence.text, re.IGNORECASE)
    ):
        here = known.get(sentence.line) or known.get(_ANYWHERE, [])
        if len(here) == 1 and here[0].before and here[0].after and not of_metric(here[0]):
            before, after = here[0].before.text, here[0].after.text
            finding = f"line {here[0].line} has {before} before and {after} after"
            yield _finding("contradicted", "equivalence-accuracy", sentence, finding, f"{before} and {after}")


def _changed(sentence: Sentence) -> bool:
    return _changed_text(sentence.text)


def _changed_text(text: str) -> bool:
    """Tell whether a text names two complexities, one instead of the other."""
    terms = [
        re.sub(r"\s", "", found["term"]).replace("²", "^2").replace("**", "^")
        for found in _COMPLEXITY.finditer(text)
    ]
    return len(set(terms)) > 1 and _CHANGE_WORD.search(text) is not None


def _terms(text: str) -> str:
    found = list(dict.fromkeys(found[0] for found in _COMPLEXITY.finditer(text)))
    return " to ".join(found[:2])


def _finding(severity: Severity, check: str, sentence: Sentence, finding: str, right: str) -> AuditFinding:
    found = _SAME.search(sentence.passage.text, sentence.start, sentence.end) or _EXACT.search(
        sentence.passage.text, sentence.start, sentence.end
    )
    at = found.start() if found else sentence.start
    return AuditFinding(
        severity=severity,
        check=check,
        line=sentence.passage.line_at(at),
        claim=around(sentence),
        finding=finding,
        right=right,
        place=(sentence.passage.line_at(at), at, "equivalence"),
    )
