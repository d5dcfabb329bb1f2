"""Gather what a report states: tables first, then prose, then the claims, which may be about either."""

from __future__ import annotations

import bisect
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from perfkit.audit import prose, tables, tying, words
from perfkit.audit.facts import Facts, Measured, Sentence
from perfkit.audit.reading import Passage, Table, Unread, in_code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.audit.facts import Metric
    from perfkit.audit.figures import Figure
    from perfkit.audit.prose import Pair
    from perfkit.audit.reading import Block

_UNCLEAR = re.compile(
    r"(?<![\w.,])[0-9]+(?:,[0-9]{1,2}|,[0-9]{4,}| [0-9]{3})\s?(?:s|ms|µs|us|min|x|×|%)(?![\w])"
)


def gather(blocks: Sequence[Block]) -> Facts:
    """Turn what was read into facts.

    Parameters
    ----------
    blocks
        Of `perfkit.audit.reading.markdown` or `perfkit.audit.plain.plain`.
    """
    read = [tables.read(block) for block in blocks if isinstance(block, Table)]
    unread = [block for block in blocks if isinstance(block, Unread)]
    unread += [one for found in read for one in found.unread]
    passages = [block for block in blocks if isinstance(block, Passage)]
    unread += [one for passage in passages for one in _unclear(passage)]
    parts = [_Part(passage) for passage in passages]
    _across_items(parts)
    groups = [group for found in read for group in found.groups]
    groups += prose.grouped([(part.passage, one) for part in parts for _, one in part.pairs if one.before])
    in_groups = {id(one) for group in groups for one in group.rows}
    measured = [one for group in groups for one in group.rows]
    measured += [one for part in parts for _, one in part.pairs if id(one) not in in_groups]
    facts = Facts(
        sentences=tuple(sentence for part in parts for sentence in part.sentences),
        measured=tuple(_once(measured)),
        groups=tuple(groups),
        claims=(),
        metrics=tuple(
            [one for found in read for one in found.metrics]
            + [metric for part in parts for metric in part.metrics()]
        ),
        unread=tuple(sorted(unread, key=lambda one: one.line)),
        cells=tuple(
            cell for block in blocks if isinstance(block, Table) for row in block.rows for cell in row.cells
        ),
    )
    names = tying.Names(facts.measured)
    claims = [claim for found in read for claim in found.claims]
    for part in parts:
        for sentence in part.sentences:
            if sentence.figures:
                claims += tying.claims(sentence, part.of(sentence), names, facts.totals)
    return replace(facts, claims=tuple(sorted(claims, key=lambda one: (one.line, one.figure.start))))


class _Part:
    """A passage with its sentences and the pairs in them."""

    def __init__(self, passage: Passage) -> None:
        self.passage = passage
        self.sentences = tuple(prose.sentences(passage))
        label = prose.label_of(passage)
        self.plain: list[Pair] = []
        for sentence in self.sentences:
            self.plain += prose.pairs(sentence, label=label if sentence.start == 0 else "")
        if not self.plain and len(self.sentences) > 1:
            # "The original took 34.7 s. The rewrite takes 0.886 s."
            whole = Sentence(
                passage=passage,
                start=0,
                end=len(passage.text),
                figures=tuple(one for sentence in self.sentences for one in sentence.figures),
                text="",  # only its figures are paired
            )
            self.plain += prose.pairs(whole)
        self.within: dict[int, list[tuple[Pair, Measured]]] = {}
        self.pairs: list[tuple[Pair, Measured]] = [
            (pair, _measured(pair, passage)) for pair in self.plain if pair.before.kind != "percent"
        ]

    def of(self, sentence: Sentence) -> list[tuple[Pair, Measured]]:
        """Return the pairs of a sentence; if it has none, the only one of its passage."""
        if not self.within:
            starts = [one.start for one in self.sentences]
            for one in self.pairs:
                home = starts[max(0, bisect.bisect_right(starts, one[0].start) - 1)]
                self.within.setdefault(home, []).append(one)
        inside = [one for one in self.within.get(sentence.start, ()) if one[0].end <= sentence.end]
        return inside or (self.pairs if len(self.pairs) == 1 else [])

    def metrics(self) -> list[Metric]:
        """Return the accuracies that the passage states."""
        qualities = [pair for pair in self.plain if pair.before.kind == "percent"]
        found: list[Metric] = []
        at = 0
        for sentence in self.sentences:
            first = at
            while at < len(qualities) and qualities[at].start < sentence.end:
                at += 1
            found += prose.metrics(sentence, qualities[first:at])
        return found


def _measured(pair: Pair, passage: Passage) -> Measured:
    return Measured(
        name=pair.name,
        key=pair.key,
        line=passage.line_at(pair.start),
        before=pair.before,
        after=pair.after,
        oriented=pair.oriented,
    )


def _across_items(parts: list[_Part]) -> None:
    """Pair what two items of one list say: "- Original: 34.7 s", "- Optimised: 0.886 s"."""
    by_list: dict[int, list[_Part]] = {}
    for part in parts:
        if part.passage.group:
            by_list.setdefault(part.passage.group, []).append(part)
    for members in by_list.values():
        if any(part.pairs for part in members):
            continue
        found: dict[str, list[tuple[_Part, Figure]]] = {"before": [], "after": []}
        for part in members:
            side = words.side(prose.label_of(part.passage))
            times = [one for sentence in part.sentences for one in sentence.figures if one.kind == "time"]
            if side and len(times) == 1:
                found[side].append((part, times[0]))
        if len(found["before"]) != 1 or len(found["after"]) != 1:
            continue
        (one, before), (_, after) = found["before"][0], found["after"][0]
        label = words.without_sides(prose.label_of(one.passage))
        made = Measured(
            name=label.strip(),
            key=words.key_of(label),
            line=one.passage.line_at(before.start),
            before=before,
            after=after,
        )
        for part in members:
            text = part.passage.text
            # Stands at the start of each item, so that the item's claims come after it.
            pair = prose.Pair(before=before, after=after, start=0, end=0, key=made.key, name=made.name)
            if not words.side(prose.label_of(part.passage)) and text:
                part.pairs.append((pair, made))
        one.pairs.append(
            (prose.Pair(before=before, after=after, start=0, end=0, key=made.key, name=made.name), made)
        )


def _once(measured: Sequence[Measured]) -> list[Measured]:
    return list({id(one): one for one in measured}.values())


def _unclear(passage: Passage) -> list[Unread]:
    """List numbers with a comma or a blank in them that may be one number or two."""
    return [
        Unread(
            text=found[0],
            line=passage.line_at(found.start()),
            reason="whether this is one number or two is not clear; write 34.7 and 1,234",
        )
        for found in _UNCLEAR.finditer(passage.text)
        if not in_code(passage, found.start(), found.end())
    ]
