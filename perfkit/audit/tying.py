"""Tie what prose claims to what it is about: the pair beside it, what it names, or the whole."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from perfkit.audit import words
from perfkit.audit.facts import MANY, Claim
from perfkit.audit.meaning import meaning_of
from perfkit.audit.prose import around

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perfkit.audit.facts import Meaning, Measured, Sentence
    from perfkit.audit.figures import Figure
    from perfkit.audit.prose import Pair


_THAN = re.compile(r"\s*(?:faster|slower|quicker) than (?P<whom>[^,.;:()]{1,50})")


class Names:
    """Finds the names of measurements in prose, word by word, so that the time is linear in the text."""

    def __init__(self, measured: Sequence[Measured]) -> None:
        self.by_key: dict[str, list[Measured]] = {}
        for one in measured:
            if one.key and one.speeds():
                self.by_key.setdefault(one.key, []).append(one)
                own = words.key_of(one.name)  # a nested row by its own name too
                if one.nested and own:
                    self.by_key.setdefault(own, []).append(one)
        self.lengths: dict[str, set[int]] = {}
        for key in self.by_key:
            # A row's number is no name: "3" occurs in any sentence.
            if key != words.TOTAL and re.search("[a-z]", key):
                parts = key.split()
                self.lengths.setdefault(parts[0], set()).add(len(parts))

    def within(self, text: str) -> list[str]:
        """Return the keys that occur in a text, the longest first at each place."""
        spoken = re.sub(r"[^0-9a-zà-ÿ²+#]+", " ", text.lower()).split()
        found: list[str] = []
        at = 0
        while at < len(spoken):
            step = 1
            for length in sorted(self.lengths.get(spoken[at], ()), reverse=True):
                key = " ".join(spoken[at : at + length])
                if key in self.by_key:
                    found.append(key)
                    step = length
                    break
            at += step
        if words.OVERALL.search(text):
            found.append(words.TOTAL)
        return list(dict.fromkeys(found))


def claims(
    sentence: Sentence, own: Sequence[tuple[Pair, Measured]], names: Names, totals: Sequence[Measured]
) -> Iterator[Claim]:
    """Read what a sentence claims.

    Parameters
    ----------
    own
        The pairs of the sentence itself, or of its passage if it has none.
    names
        Of everything the report measured.
    totals
        What covers everything.
    """
    in_pairs = [figure for pair, _ in own for figure in (pair.before, pair.after)]
    taken: set[int] = set()
    for figure in sentence.figures:
        if figure.kind in {"rate", "bytes", "number"} or figure in in_pairs:
            continue
        meaning = meaning_of(sentence, figure, own)
        if meaning is None:
            continue
        subjects, explicit = _bound(
            sentence, figure, meaning, own=own, names=names, totals=totals, taken=taken
        )
        explicit = explicit and not _against_another(sentence, figure)
        yield Claim(
            figure=figure,
            meaning=meaning,
            line=sentence.passage.line_at(figure.start),
            text=around(sentence, figure),
            subjects=tuple(subjects),
            explicit=explicit,
            interval=figure.ends,
        )


def _bound(
    sentence: Sentence,
    figure: Figure,
    meaning: Meaning,
    *,
    own: Sequence[tuple[Pair, Measured]],
    names: Names,
    totals: Sequence[Measured],
    taken: set[int],
) -> tuple[Sequence[Measured], bool]:
    """Tie a claim to what it is about, and tell whether the report does so without doubt."""
    text = sentence.passage.text
    before = [at for at, (pair, _) in enumerate(own) if pair.end <= figure.start]
    at = before[-1] if before else 0
    inside = [one for one in own if sentence.start <= one[0].start < sentence.end]
    if own and (before or len(own) == 1):
        pair, measured = own[at]
        between = text[pair.end : figure.start] if before else ""
        # A name of its own between the pair and the figure gives the figure another subject.
        others = [key for key in names.within(between) if key != measured.key]
        if not others:
            first = at not in taken or meaning not in {"speedup", "slower"}
            taken.add(at)
            if first and (inside or len(own) == 1):
                return [measured], True
    start = max([sentence.start, *(pair.end for pair, _ in inside if pair.end <= figure.start)])
    keys = names.within(text[start : figure.start])
    if not keys and (keys := names.within(text[figure.end : sentence.end])):
        # What comes after a figure may be its subject or the next thing.
        return [one for key in keys for one in _of(key, names, totals)], False
    if not keys and sentence.passage.headings:
        keys = names.within(sentence.passage.headings[-1])
        if keys and sentence.passage.kind != "heading":
            return [one for key in keys for one in _of(key, names, totals)], False
    if keys:
        subjects = [one for key in keys for one in _of(key, names, totals)]
        return subjects, len(keys) == 1
    return totals, False


def _against_another(sentence: Sentence, figure: Figure) -> bool:
    """Tell whether a ratio is over something else: "2x faster than the competitor's"."""
    found = _THAN.match(sentence.passage.text[figure.end : min(sentence.end, figure.end + 80)])
    return found is not None and words.EITHER.search(found["whom"]) is None


def _of(key: str, names: Names, totals: Sequence[Measured]) -> Sequence[Measured]:
    return totals if key == words.TOTAL else names.by_key.get(key, [])[:MANY]
