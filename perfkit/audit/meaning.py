"""What a figure in prose claims, by the words before and after it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from perfkit.audit import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.audit.facts import Meaning, Measured, Sentence
    from perfkit.audit.figures import Figure
    from perfkit.audit.prose import Pair

_BESIDE = 20
_T = words.TARGET
_TARGET_BEFORE = re.compile(
    rf"\b{_T}\b\s*(?:\([^()]*\)\s*)?(?:speed-?up|ratio|factor|improvement)?\s*(?:of|was|is|to be|:|="
    r"|for)?\s*(?:an?|the|at least|>=|≥|>)?\s*$",
    re.IGNORECASE,
)
_TARGET_AFTER = re.compile(
    rf"\s*(?:speed-?up|performance|improvement|acceleration)?[\s-]*{_T}\b", re.IGNORECASE
)
_ABOVE = re.compile(
    rf"\s*(?:(?:faster|quicker|better|higher|more) than [^,;]{{0,40}}?\b{_T}\b"
    r"|above\b|over\b|beyond\b|ahead of\b|past\b|below\b|short of\b|under\b)",
    re.IGNORECASE,
)
_EXCEEDS_BY = re.compile(
    r"\b(?:exceed\w*|surpass\w*|beat\w*|outperform\w*|overshot\w*|miss\w*|short|above|below)\b[^;]{0,60}?"
    r"\bby\s+(?:about |around |roughly |over |nearly |almost |~\s?)?$",
    re.IGNORECASE,
)
_AFTER_WORDS: tuple[tuple[Meaning, str], ...] = (
    ("level", r"CI\b|confidence|interval|credible"),
    ("share_saved", r"of (?:the |all )?(?:total )?(?:time saved|saved time|savings?|time that was saved)\b"),
    ("slower_pct", r"slower\b|slow-?down\b"),
    ("faster_pct", (r"(?:faster|quicker|speed-?up|speed increase|more throughput|higher throughput"
        r"|performance (?:gain|boost|increase|improvement)|increase in (?:speed|throughput"
        r"|performance))\b")),
    ("less_pct", (r"(?:less (?:time|wall|run)|time (?:saved|saving|reduction)|(?:run ?time |time "
        r"|latency )?reduction\b(?! in (?:memory|RAM|size))|shorter|lower (?:run ?time|latency|time)"
        r"|of (?:the )?(?:run ?time|time) (?:is |was )?(?:saved|gone|cut)|off the|saved\b)")),
    ("change_pct", r"(?:improvement|gain|better|boost)\b"),
    ("of_pct", r"of (?:the |its )?(?:original|baseline|old|previous|former|initial)(?:'s)?\b"),
    ("share", r"of (?:the |its |all )?(?:total|overall|whole|entire|pipeline)\b"),
    ("of_or_share", r"of (?:the |its |all )?(?:run ?time|execution|wall|processing|time)\b"),
)  # fmt: skip
_AFTER_MEANINGS = [
    (meaning, re.compile(rf"\s*-?(?:{pattern})", re.IGNORECASE)) for meaning, pattern in _AFTER_WORDS
]
_LESS_BEFORE = re.compile(
    r"\b(?:reduc\w+|cut\w*|decreas\w+|lower\w*|dropp?\w*|shr[aiu]nk\w*|fell|shortened"
    r"|down)\b[^.;]{0,60}?\bby\s+(?:about |around |roughly |over |up to |more than |nearly |almost "
    r"|~\s?)?$"
    r"|\b(?:sav(?:es?|ed|ing)|shav(?:es?|ed|ing))\s+(?:about |around |roughly |over |nearly |~\s?)?$",
    re.IGNORECASE,
)
_FASTER_BEFORE = re.compile(
    r"\b(?:faster|speed-?up|sped up|accelerated|quicker)\s+(?:by|of)\s+(?:about |over |~\s?)?$", re.IGNORECASE
)
_SHARE_BEFORE = re.compile(
    r"\b(?:account\w* for|responsible for|mak(?:es|ing|e) up|dominat\w+)\s+(?:about |over |~\s?)?$",
    re.IGNORECASE,
)
_MEMORY = re.compile(
    r"\b(?:memory|RAM|RSS|footprint|disk|size|storage|allocations?|energy|cost|lines? of code)\b",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"\s*-?(?:more|larger|bigger|as many|as much|higher|the (?:data|size|number|load|amount)|zoom"
    r"|oversampl\w+|upsampl\w+|downsampl\w+|over-?provision\w*)\b",
    re.IGNORECASE,
)
_SLOWER = re.compile(r"\s*-?(?:times\s+)?(?:slower|slow-?down|as slow|longer)\b", re.IGNORECASE)
_AVERAGE = re.compile(r"\b(?:average|mean|averag\w+|avg)\b", re.IGNORECASE)


def meaning_of(sentence: Sentence, figure: Figure, own: Sequence[tuple[Pair, Measured]]) -> Meaning | None:
    """Return what a figure claims; None if it claims nothing."""
    text = sentence.passage.text
    before = text[max(sentence.start, figure.start - 80) : figure.start]
    after = text[figure.end : min(sentence.end, figure.end + 60)]
    if figure.kind == "ratio":
        return _ratio(sentence, figure, before, after, own)
    if figure.kind == "percent":
        return _percent(sentence, before, after)
    if figure.kind == "points":
        return "metric"
    if figure.kind == "time":
        saved = re.match(
            r"\s*(?:faster|less|shorter|quicker|(?:was |is |were )?saved)\b", after, re.IGNORECASE
        )
        return "saved_time" if saved or re.search(r"\bsav(?:es|ed|ing)\s*$", before, re.IGNORECASE) else None
    return None


def _ratio(
    sentence: Sentence, figure: Figure, before: str, after: str, own: Sequence[tuple[Pair, Measured]]
) -> Meaning:
    if _TARGET_BEFORE.search(before) or _TARGET_AFTER.match(after):
        return "target"
    if _SLOWER.match(after):
        return "slower"
    if _MORE.match(after) or _MEMORY.search(before[-30:] + after[:30]):
        return "unknown"
    if words.SPEED.search(sentence.text):
        near = f"{before[-40:]}{figure.text}{after[:40]}"
        return "average" if _AVERAGE.search(near) else "speedup"
    beside = any(0 <= figure.start - pair.end < _BESIDE for pair, _ in own)
    labelled = re.search(r"(?::|=|\(|—|–)\s*$", before) is not None
    return "speedup" if beside or labelled else "unknown"


def _percent(sentence: Sentence, before: str, after: str) -> Meaning:  # noqa: PLR0911  one rule a line, the first that fits
    if re.search(
        r"[\])]\s*,\s*$|\binterval:\s*$|\bconfidence\s*(?:level|interval)?\s*(?:of|:)?\s*$",
        before,
        re.IGNORECASE,
    ):
        return "level"
    if re.search(r"(?:±|\+/-|\+-)\s*$", before) or _AFTER_MEANINGS[0][1].match(after):
        return "level"
    if re.search(rf"\b{_T}\b", sentence.text, re.IGNORECASE) and (
        _ABOVE.match(after) or _EXCEEDS_BY.search(before)
    ):
        return "target_pct"
    if words.METRIC.search(sentence.text):
        return "metric"
    if _MEMORY.search(before[-45:] + after[:25]):
        return "unknown"
    for meaning, pattern in _AFTER_MEANINGS:
        if pattern.match(after):
            return meaning
    if _LESS_BEFORE.search(before):
        return "less_pct"
    if _FASTER_BEFORE.search(before):
        return "faster_pct"
    return "share" if _SHARE_BEFORE.search(before) else "unknown"
