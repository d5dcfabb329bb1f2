"""The words that say what a figure is: which side, which whole, which kind of claim."""

from __future__ import annotations

import re

TOTAL = "total"
"""The key of what covers everything, whatever the report calls it."""

_BEFORE = (
    r"before|baselines?|originals?|originally|old|slow(?:er)? version|naive|unoptimi[sz]ed"
    r"|non-optimi[sz]ed|legacy"
    r"|reference|initial|initially|previous|previously|v1|was|stock|control|pre-?opt\w*"
)
_AFTER = (
    r"after|afterwards|contender|optimi[sz]ed|new|fast version|improved|rewrite|rewritten|candidate"
    r"|proposed|now"
    r"|v2|vectori[sz]ed|accelerated|tuned|refactored|is now|today|post-?opt\w*"
)
BEFORE = re.compile(rf"\b(?<!-)(?:{_BEFORE})\b", re.IGNORECASE)
AFTER = re.compile(rf"\b(?<![nN]on-)(?:{_AFTER})\b", re.IGNORECASE)
BEFORE_WORDS = rf"(?:{_BEFORE})"
EITHER = re.compile(rf"\b(?<!-)(?:(?P<before>{_BEFORE})|(?P<after>{_AFTER}))\b", re.IGNORECASE)

OVERALL = re.compile(
    r"\b(?:overall|total|in total|end[- ]to[- ]end|altogether|in all|(?:whole|entire|full|complete"
    r"|the) (?:pipeline|program"
    r"|workflow|application|job|script)|pipeline(?:'s)? (?:speed-?up|runtime|is now|runs|got|became))\b",
    re.IGNORECASE,
)
SUM = re.compile(r"^\W*(?:grand )?(?:total|sum|all stages)\b", re.IGNORECASE)
"""What only a row can be called that the others add up to."""
SPEED = re.compile(
    r"\b(?:faster|quicker|speed-?ups?|sped up|speeds? (?:it |this |that |things )?up|accelerat\w+"
    r"|as fast|as quick(?:ly)?"
    r"|less time|shorter|the speed|improvement|performance gain|reduction)\b",
    re.IGNORECASE,
)
TARGET = (
    r"(?:target|goal|objective|requirement|required|threshold|promised|promise|demanded|needed"
    r"|asked for|SLA|SLO)"
)
METRIC = re.compile(
    r"\b(?:accuracy|accuracies|precision|recall|f1|auc|roc|r2|r²|loss|error rate|score|perplexity"
    r"|bleu|rmse|mae|mse)\b",
    re.IGNORECASE,
)
ACCURACY = re.compile(r"\b(?:accuracy|accuracies)\b", re.IGNORECASE)
STAGE = re.compile(r"\b(?:stages?|steps?|phases?|components?|breakdown|per-stage|parts?)\b", re.IGNORECASE)
FUNCTION = re.compile(r"\bfunctions?\b|\bmethods?\b", re.IGNORECASE)
PER_ITEM = re.compile(
    r"\bper\b|\beach\b|\b(?:average|avg|mean|median|min|max|minimum|maximum|p[0-9]{2})\b", re.IGNORECASE
)
PARALLEL = re.compile(
    r"\b(?:overlap\w*|parallel\w*|concurrent\w*|nested|inclusive|includes? (?:its|their)|threads)\b",
    re.IGNORECASE,
)

_TOTALS = {
    "total", "totals", "overall", "sum", "grand total", "total time", "total runtime", "overall total",
    "overall time", "end to end", "total pipeline", "entire pipeline", "whole pipeline", "full pipeline",
    "pipeline total", "all stages", "all", "everything", "total run time", "total wall time",
    "total execution time", "overall runtime", "altogether", "complete pipeline", "pipeline",
    "total end to end", "end to end total", "total duration", "combined", "overall speedup",
    "total speedup", "overall pipeline",
}  # fmt: skip
_UNNAMED = {
    "", "run", "version", "script", "program", "job", "implementation", "process", "one", "system",
    "variant", "time", "runtime", "run time", "running time", "execution time", "execution", "wall time",
    "wall clock time", "processing time", "duration", "elapsed", "elapsed time", "speedup", "speed", "it",
    "result", "results", "value", "performance", "wall clock", "latency", "median", "mean", "median time",
    "mean time", "median runtime", "mean runtime", "the code", "code", "measurement", "measured",
    "timing", "timings", "throughput",
}  # fmt: skip
_ARTICLE = re.compile(r"^(?:the$|(?:the|our|its|a|an|and|while|whereas|then|finally|also)\s+)")
_TAIL = re.compile(r"\s+(?:stage|step|phase|time|runtime|speedup|alone|itself)$")


def key_of(name: str) -> str:
    """Return what a name is known by: ``Feature extraction (s)`` and ``feature_extraction`` are the same."""
    plain = re.sub(r"\((?:ns|µs|us|ms|s|sec|min|h|in [a-z]+)\)", " ", name.lower())
    plain = " ".join(re.sub(r"[^0-9a-zà-ÿ²+#]+", " ", plain).split())
    if plain in _TOTALS:
        return TOTAL
    plain = _TAIL.sub("", _ARTICLE.sub("", plain))
    if plain in _TOTALS:
        return TOTAL
    return "" if plain in _UNNAMED else plain


def side(words: str) -> str:
    """Return ``before``, ``after``, or nothing if the words name neither side or both."""
    before, after = BEFORE.search(words), AFTER.search(words)
    if bool(before) == bool(after):
        return ""
    return "before" if before else "after"


def without_sides(words: str) -> str:
    """Return the words without those that name a side."""
    return EITHER.sub(" ", words)


def column(title: str) -> str:
    """Return what a column holds, from its title: a side, or its role such as ``ratio`` or ``share``."""
    lower = title.strip().lower()
    for role, pattern in (
        ("interval", r"\binterval\b|\bci\b|\bconfidence\b"),
        ("unit", r"^units?$"),
        ("target", rf"\b{TARGET}\b"),
        (
            "share",
            r"\bshare\b|%\s*of\b|\bpercent(?:age)? of\b|\bportion\b|\bfraction\b|\bcontribution\b|^%$|% time",
        ),
        ("ratio", r"\bspeed-?\s?ups?\b|\bratio\b|\bfactor\b|\bfaster\b|^[x×]$|\bacceleration\b|\bfold\b"),
        (
            "change",
            r"\bchange\b|\breduc\w+|\bdecrease\b|\bdelta\b|δ|\bdiff(?:erence)?\b|\bsav(?:ed|ings?)\b"
            r"|\bimprovement\b|\bgain\b",
        ),
    ):
        if re.search(pattern, lower):
            return role
    return side(lower)
