"""Numbers and units as people print them, and what a column's title gives to bare numbers."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["time", "ratio", "percent", "points", "rate", "bytes", "number"]

NUMBER = r"(?:[0-9]{1,3}(?:[,\u202f\u2009\u00a0'’][0-9]{3})+|[0-9]+)(?:\.[0-9]+)?(?:[eE][-+−]?[0-9]{1,2})?"
TIMES = {
    1e-9: "ns|nanosec(?:ond)?s?",
    1e-6: "µs|μs|us|usecs?|microsec(?:ond)?s?",
    1e-3: "ms|msecs?|millis|millisec(?:ond)?s?",
    1.0: "s|secs?|seconds?",
    60.0: "mins?|minutes?",
    3600.0: "h|hrs?|hours?",
}
BYTES = {
    **{1024.0**i: f"{letter}iB" for i, letter in enumerate("KMGT", 1)},
    **{1000.0**i: f"{letter}B" for i, letter in ((1, "[kK]"), (2, "M"), (3, "G"), (4, "T"))},
    1.0: "bytes?|B",
}
TIME_UNIT = "|".join(TIMES.values())
BYTE_UNIT = "|".join(BYTES.values())


def scale_of(unit: str) -> float:
    """Return a unit of time or memory in seconds or bytes."""
    return next(
        scale for units in (TIMES, BYTES) for scale, names in units.items() if re.fullmatch(names, unit)
    )


def unit_scale(title: str) -> tuple[Kind, float] | None:
    """Return the kind and scale that a column's title gives its bare numbers, as ``Time (ms)`` does."""
    found = re.search(rf"(?:[(\[/,]|\bin)\s*(?P<time>{TIME_UNIT})\s*(?:[)\]]|$)", title)
    if found:
        return "time", scale_of(found["time"])
    if re.search(r"\b(?:seconds|secs)\b|_s\b", title, re.IGNORECASE):
        return "time", 1.0
    if re.search(r"\b(?:milliseconds)\b|_ms\b", title, re.IGNORECASE):
        return "time", 1e-3
    if re.search(
        r"[(\[][^()\[\]]*(?:/\s?s|per sec\w*|fps|qps|rps)\s*[)\]]|\bthroughput\b|/s$|\bper second\b",
        title,
        re.IGNORECASE,
    ):
        return "rate", 1.0
    if re.search(r"[(\[,]\s*%\s*[)\]]?|%$|^%|\bpercent", title, re.IGNORECASE):
        return "percent", 1.0
    found = re.search(rf"[(\[]\s*(?P<bytes>{BYTE_UNIT})\s*[)\]]", title)
    return ("bytes", scale_of(found["bytes"])) if found else None
