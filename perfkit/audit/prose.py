"""Read prose: pairs of times ("from 34.7 s to 0.886 s"), and what is claimed about them or others."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from perfkit.audit import figures, words
from perfkit.audit.facts import Group, Measured, Metric, Sentence
from perfkit.audit.figures import ARROW
from perfkit.audit.reading import in_code
from perfkit.audit.units import NUMBER
from perfkit.audit.words import BEFORE_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perfkit.audit.figures import Figure
    from perfkit.audit.reading import Passage

_END = re.compile(
    r"(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!\bapprox)(?<!\bca)(?<!\bno)[.!?][)\"”’]*(?=\s+[^a-z\s]"
    r"|\s*$)|\n(?=\n)"
)
_ARROW = re.compile(rf"\s*(?:\([^()]{{0,30}}\)\s*)?{ARROW}\s*(?:[A-Za-z]+\s){{0,2}}[<~≈]?\s*")
_TO = re.compile(
    r"\s*(?:\([^()]{0,30}\)\s*)?,?\s*(?:(?:all the way |right )?(?:down |up )?(?:to|into))\s+"
    r"(?:(?:just|only|about|around|roughly|a mere|under|some|approximately|below|as little as)\s+)?[~≈<]?\s*"
)
_INSTEAD = re.compile(
    rf"\s*(?:\([^()]{{0,30}}\)\s*)?,?\s*(?:instead of|rather than|(?:down|up) from)\s+"
    rf"(?:the )?(?:{BEFORE_WORDS}\s+)?(?:about |around |~\s?)?"
)
_FROM = re.compile(
    r"\b(?:from|went|gone|goes|reduc\w+|drop\w*|cut\w*|fell|falls|fallen|improv\w+|decreas\w+"
    r"|brought|brings?|sped|shr[aiu]nk\w*"
    r"|rose|rises?|risen|grew|increas\w+|lower\w*)\b",
    re.IGNORECASE,
)
_LENDING = re.compile(rf"(?P<number>{NUMBER})\s*(?P<gap>{ARROW}|(?:down |up )?to)\s*[<~≈]?$")
_BARE_PAIR = re.compile(
    rf"(?<![\w.,-])(?P<before>{NUMBER})\s*{ARROW}\s*(?P<after>{NUMBER})(?![\w.]*[\w%])\s*\(?"
)
_LABEL = re.compile(r"^[\s\-*•·(]*(?P<name>[A-Za-z`][^:;.!?→]{1,60}?)\s*(?::|\s[–—-]\s|=|\()")
_SUBJECT = re.compile(
    r"(?:^|[,;:]\s|\band\s|\bthe\s)\s*(?P<name>[A-Za-z_`][\w `/'-]{1,50}?)\s+"
    r"(?:went|goes|took|takes|dropp?ed|drops|fell|falls|from|is|was|were|now|runs|ran|reduc\w+"
    r"|improv\w+|decreas\w+|time|runtime|speeds?|sped|at)\b"
)
_POST = re.compile(r"\s*(?:\(|in the |for the |with the |on the |using the |by the )?\s*(?:the )?")
_PAIRED = {"time", "rate", "percent", "bytes"}
_SAVING = re.compile(r"\bsav(?:es|ed|ing)\s*(?:about |~)?$", re.IGNORECASE)
_NEAR = 60
_LONGEST = 110
_LONGEST_SENTENCE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two figures of one kind, before and after, and where they stand in their passage."""

    before: Figure
    after: Figure
    start: int
    end: int
    key: str
    name: str
    oriented: bool = True


def sentences(passage: Passage) -> Iterator[Sentence]:
    """Split a passage and find each sentence's figures; those within code are no figures."""
    text = passage.text
    found = [one for one in figures.find(text) if not in_code(passage, one.start, one.end)]
    start = at = 0
    for end in [*(one.end() for one in _END.finditer(text)), len(text)]:
        while start < end:
            stop = end
            if end - start > _LONGEST_SENTENCE:
                # Nobody's sentence; cut, so that the work stays linear in the text.
                stop = text.rfind(" ", start + 1, start + _LONGEST_SENTENCE) + 1 or start + _LONGEST_SENTENCE
            own = at
            while at < len(found) and found[at].start < stop:
                at += 1
            spoken = " ".join(text[start:stop].split())
            if spoken:
                own_figures = tuple(found[own:at])
                yield Sentence(passage=passage, start=start, end=stop, figures=own_figures, text=spoken)
            start = stop


def pairs(sentence: Sentence, *, label: str = "") -> list[Pair]:
    """Find what a sentence says was measured before and after.

    Parameters
    ----------
    label
        What the passage is about, if it says so at its start.
    """
    found = [one for one in sentence.figures if one.kind in _PAIRED]
    made = _arrows(sentence, found) or _roles(sentence, found) or _bare(sentence)
    zone = sentence.start
    named: list[Pair] = []
    for pair in made:
        lead = sentence.passage.text[zone : pair.start]
        name = _subject(lead, label if zone == sentence.start else "")
        named.append(replace(pair, name=name, key=words.key_of(words.without_sides(name))))
        zone = pair.end
    return named


def _arrows(sentence: Sentence, found: Sequence[Figure]) -> list[Pair]:
    text = sentence.passage.text
    made: list[Pair] = []
    used = -1
    for at, second in enumerate(found):
        first = found[at - 1] if at else None
        gap = text[first.end : second.start] if first else ""
        if first is not None and first.start > used and first.kind == second.kind and len(gap) < _NEAR:
            lead = text[max(sentence.start, first.start - _NEAR) : first.start]
            if _INSTEAD.fullmatch(gap):
                made.append(_pair(second, first))
                used = second.start
                continue
            if _ARROW.fullmatch(gap) or (_TO.fullmatch(gap) and _FROM.search(lead)):
                made.append(_pair(first, second))
                used = second.start
                continue
        borrowed = _borrowed(sentence, second)
        if borrowed is not None and borrowed.start > used:
            made.append(_pair(borrowed, second))
            used = second.start
    return made


def _borrowed(sentence: Sentence, second: Figure) -> Figure | None:
    """Read the first of "from 34.7 to 0.886 s", which has its unit from the second."""
    text = sentence.passage.text
    start = max(sentence.start, second.start - 40)
    found = _LENDING.search(text[start : second.start])
    if found is None or second.kind not in {"time", "rate", "percent"}:
        return None
    lead = text[max(sentence.start, start + found.start() - _NEAR) : start + found.start()]
    if "to" in found["gap"] and not re.search(r"\bfrom\s*(?:about |around |~)?$", lead, re.IGNORECASE):
        return None
    number = re.search(NUMBER, second.text)
    plain = figures.bare(number[0]) if number else None
    if plain is None or not plain.value or lead[-1:].isalnum() or lead[-1:] in {".", ",", "-"}:
        return None
    made = figures.bare(found["number"], second.value / plain.value, second.kind)
    return made and replace(made, start=start + found.start(), end=start + found.end("number"))


def _roles(sentence: Sentence, found: Sequence[Figure]) -> list[Pair]:
    """Pair two times by the words beside them: "the original took 34.7 s, the rewrite takes 0.886 s"."""
    for kind in ("time", "rate", "percent"):
        text = sentence.passage.text
        two = [
            one
            for one in found
            if one.kind == kind and not _SAVING.search(text[max(sentence.start, one.start - 20) : one.start])
        ]
        if len(two) != (1 + 1):
            continue
        before_words = [text[sentence.start : two[0].start], text[two[0].end : two[1].start]]
        after_words = [text[two[0].end : two[1].start], text[two[1].end : sentence.end]]
        pre = [_last_side(one) for one in before_words]
        post = [_next_side(one) for one in after_words]
        for sides in (post, pre):
            if set(sides) == {"before", "after"}:
                first = sides.index("before")
                return [_pair(two[first], two[1 - first])]
    return []


def _last_side(lead: str) -> str:
    found = list(words.EITHER.finditer(lead[-_NEAR * 2 :]))
    return "" if not found else "before" if found[-1]["before"] else "after"


def _next_side(rest: str) -> str:
    lead = _POST.match(rest)
    found = words.EITHER.match(rest, lead.end() if lead else 0)
    return "" if found is None else "before" if found["before"] else "after"


def _bare(sentence: Sentence) -> list[Pair]:
    """Pair "0.5 -> 0.02 (25x)": without a unit it is open whether more is better."""
    made = []
    ratios = {one.start for one in sentence.figures if one.kind == "ratio"}
    for found in _BARE_PAIR.finditer(sentence.passage.text, sentence.start, sentence.end):
        before, after = figures.bare(found["before"]), figures.bare(found["after"])
        if (
            before
            and after
            and found.end() in ratios
            and not in_code(sentence.passage, found.start(), found.end())
        ):
            before = replace(before, start=found.start("before"), end=found.end("before"))
            after = replace(after, start=found.start("after"), end=found.end("after"))
            made.append(replace(_pair(before, after), oriented=False))
    return made


def _pair(before: Figure, after: Figure) -> Pair:
    return Pair(
        before=before,
        after=after,
        start=min(before.start, after.start),
        end=max(before.end, after.end),
        key="",
        name="",
    )


def label_of(passage: Passage) -> str:
    """Return what a passage names at its start: ``Training`` of "Training: 22.6 s → 0.1 s"."""
    found = _LABEL.match(passage.text[:120])
    return found["name"].strip("`* ") if found else ""


def _subject(lead: str, label: str) -> str:
    if label:
        return label
    if words.OVERALL.search(lead):
        return "total"
    found = list(_SUBJECT.finditer(lead[-120:])) or list(
        re.finditer(r"[,;(]?\s*(?P<name>[A-Za-z_`][\w `/'-]{1,40})\s*:?\s*(?:from\s*)?$", lead[-60:])
    )
    name = found[-1]["name"] if found else ""
    return re.sub(r"\b(?:and|while|from|to|of|in|for|by|with)\b.*$", "", name).strip("` ") or name.strip("` ")


def around(sentence: Sentence, figure: Figure | None = None) -> str:
    """Return a sentence, or the words around a figure of it where it is long, on one line."""
    whole = sentence.text
    if len(whole) <= _LONGEST or figure is None:
        return whole if len(whole) <= 2 * _LONGEST else f"{whole[: 2 * _LONGEST - 1]}…"
    text = sentence.passage.text
    start, end = max(sentence.start, figure.start - 60), min(sentence.end, figure.end + 50)
    while start > sentence.start and not text[start - 1].isspace() and start > figure.start - 80:
        start -= 1
    while end < sentence.end and not text[end].isspace() and end < figure.end + 70:
        end += 1
    piece = " ".join(text[start:end].split())
    return f"{'… ' if start > sentence.start else ''}{piece}{' …' if end < sentence.end else ''}"


# ---------------------------------------------------------------- groups and metrics


def grouped(items: Sequence[tuple[Passage, Measured]]) -> Iterator[Group]:
    """Group the measurements that are items of one list."""
    by_list: dict[int, list[tuple[Passage, Measured]]] = {}
    for passage, one in items:
        if passage.group:
            by_list.setdefault(passage.group, []).append((passage, one))
    for members in by_list.values():
        rows = tuple(one for _, one in members)
        if len(rows) > 1 and len({one.key for one in rows}) == len(rows):
            total = [one for one in rows if one.is_total]
            headings = " ".join(members[0][0].headings[-1:])
            yield Group(
                rows=rows,
                total=total[0] if len(total) == 1 else None,
                stages=bool(words.STAGE.search(headings)),
                line=rows[0].line,
            )


_ACCURACY = re.compile(
    r"\b(?P<name>[\w-]*\s?accurac(?:y|ies))\b(?:[^.;0-9]"
    r"|\.(?![0-9])){0,60}?(?P<figure>[0-9]*\.?[0-9]+\s?(?:%|percent\b)|0?\.[0-9]+)(?![0-9])",
    re.IGNORECASE,
)


def metrics(sentence: Sentence, own: Sequence[Pair]) -> Iterator[Metric]:
    """Find the accuracies that a sentence states."""
    text = sentence.passage.text
    for pair in own:
        if pair.before.kind == "percent" and words.METRIC.search(sentence.text):
            name = words.METRIC.search(sentence.text)
            yield Metric(
                name=name[0] if name else "",
                line=sentence.passage.line_at(pair.start),
                text=around(sentence, pair.before),
                before=pair.before,
                after=pair.after,
            )
            return
    for found in _ACCURACY.finditer(text, sentence.start, sentence.end):
        at = found.start("figure")
        figure = next((one for one in sentence.figures if one.start <= at < one.end), None)
        figure = figure or figures.bare(found["figure"])
        if figure is not None and figure.kind in {"percent", "number"}:
            yield Metric(
                name=found["name"].strip(),
                line=sentence.passage.line_at(at),
                text=around(sentence, replace(figure, start=at, end=found.end("figure"))),
                before=figure,
                after=None,
            )
