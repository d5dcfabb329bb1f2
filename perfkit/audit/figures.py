"""Find the figures of a text: times, ratios, percentages, points, rates, sizes, each with its resolution.

Only a number that carries a unit is a figure here; a bare one is only read where a table's column says what
it is (`bare`). Dates, versions, addresses, dimensions such as 28x28 and complexities are no figures.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from perfkit.audit.spans import Span, around
from perfkit.audit.units import BYTE_UNIT, NUMBER, TIME_UNIT, scale_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.audit.units import Kind

ARROW = r"(?:→|⟶|➜|➔|⇒|-{1,2}>|={1,2}>)"
ABOUT = 0.10
"""What "about", "roughly" and ``~`` allow on either side."""

_SMALL = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_WORDS = {word: value for value, word in enumerate(_SMALL, 2)} | {
    "twenty": 20,
    "fifty": 50,
    "hundred": 100,
    "thousand": 1000,
}
_HARDWARE = (
    r"(?![ ]?(?:NVIDIA|AMD|Intel|GPUs?|CPUs?|cores?|threads?|workers?|nodes?|machines?|[A-Z][0-9]{2,4})\b)"
)
_COMPARED = (
    r"(?:faster|slower|quicker|speed-?ups?|as fast|as slow|as quick|the speed|shorter|less time|smaller)"
)

_FIGURE = re.compile(
    rf"""
    (?P<clock>[0-9]{{1,3}}:[0-5][0-9](?::[0-5][0-9])?(?:\.[0-9]+)?)(?![\w:])
    |(?P<half>(?i:twice|half))\s+(?=(?:as\s+(?:fast|quick|slow|long)|the\s+(?:speed|time|runtime)))
    |(?P<word>(?i:{"|".join(_WORDS)}))[ -](?:fold\b|times\s+(?={_COMPARED}))
    |(?:×\s?|\bx(?=[0-9.]+\s{_COMPARED}))(?P<prefixed>{NUMBER})(?![\w.,]?[0-9x×])(?!\w)
    |(?P<short>(?:[0-9]{{1,3}}h\s?)?[0-9]{{1,3}}m\s?[0-9]{{1,2}}(?:\.[0-9]+)?s\b)
    |(?P<sign>[-+−])?(?P<number>{NUMBER})
     (?P<spread1>\s?(?:±|\+/-|\+-)\s?(?P<by1>{NUMBER}))?
     (?P<plus>\+)?
     (?:
        [ \u00a0]?(?P<rate>(?:[kKMG](?=[ ]?[A-Za-z/]))?[ ]?(?:[A-Za-z]{{1,20}})?
            (?:\s?/\s?|\s+per\s+)(?P<per>{TIME_UNIT})\b
          |(?:fps|FPS|rps|qps|RPS|QPS|Hz|kHz|MHz)\b)
        |[ \u00a0-]?(?P<time>{TIME_UNIT})\b(?P<each>\s?/\s?[A-Za-z]+|\s+per\s+[A-Za-z]+)?
        |[ \u00a0-]?(?P<points>percentage[ -]points?|%-?points?|pp\b|ppts?\b|points?\b)
        |[ \u00a0]?(?P<percent>%|percent\b|per\s+cent\b)
        |[ \u00a0]?(?P<ratio>[x×](?![\w×]|\s?[0-9]){_HARDWARE}|[- ]?fold\b|\s?times\s+(?={_COMPARED}))
        |[ \u00a0]?(?P<bytes>{BYTE_UNIT})\b
        |(?P<none>)
     )
     (?P<spread2>\s?(?:±|\+/-|\+-)\s?(?P<by2>{NUMBER})\s?(?P<by2unit>{TIME_UNIT}|%|x|×)?(?!\w))?
    """,
    re.VERBOSE,
)
_FURTHER_TIME = re.compile(rf"[ ]?(?:and )?(?P<number>{NUMBER})[ ]?(?P<time>{TIME_UNIT}|m)\b")
_LONGEST_GAP = 5
_RANGE_GAP = re.compile(r"\s?(?:-|–|—|to|and|\.\.)\s?")
_BARE = re.compile(
    rf"(?P<bound>[<>≤≥~≈]=?)?\s?(?P<sign>[-+−])?(?P<number>{NUMBER})(?:\s?(?:±|\+/-)\s?(?P<by>{NUMBER}))?"
)
_ENDS = re.compile(
    r"[\s,:(]*(?:(?:[0-9.]+\s?%\s?)?(?:CI|confidence interval|interval)[:,\s]*)?(?:\["
    rf"|\()\s?(?P<low>{NUMBER})"
    rf"\s?(?P<unit1>x|×|s|ms|%)?\s?(?:,|–|-|to|\.\.)\s?(?P<high>{NUMBER})\s?(?P<unit2>x|×|s|ms"
    r"|%)?\s?(?:\]|\))"
)
_CI_ENDS = re.compile(
    rf"[\s,(]*(?:[0-9.]+\s?%\s?)?(?:CI|confidence interval|interval)[:,\s]*(?P<low>{NUMBER})"
    rf"\s?(?P<unit1>x|×|s|ms|%)?\s?(?:–|-|to|\.\.)\s?(?P<high>{NUMBER})\s?(?P<unit2>x|×|s|ms|%)?"
)
_BOUNDS = (
    (
        "~",
        re.compile(
            r"(?:~|≈|\babout|\baround|\broughly|\bapproximately|\bapprox\.?|\bcirca|\bca\.?|\bsome"
            r"|\bnearly|\balmost"
            r"|\bclose to|\ba good)\s*(?:an?\s+)?$",
            re.IGNORECASE,
        ),
    ),
    (
        ">",
        re.compile(
            r"(?:(?<![-=])[>≥]=?|\bover|\bmore than|\bat least|\babove|\bexceed(?:s|ed|ing)?"
            r"|\bupwards of|\bbetter than"
            r"|\bgreater than|\bwell over)\s*(?:an?\s+)?$",
            re.IGNORECASE,
        ),
    ),
    (
        "<",
        re.compile(
            r"(?:[<≤]=?|\bunder|\bbelow|\bless than|\bat most|\bup to|\bno more than|\bfewer than"
            r"|\bas much as)\s*(?:an?\s+)?$",
            re.IGNORECASE,
        ),
    ),
)
_MASKED = re.compile(
    r"https?://\S{1,2000}|www\.\S{1,2000}|\S{1,200}@\S{1,200}\.[a-z]{2,}"
    r"|\b[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.]+Z?)?|\b[0-9]{1,2}[./][0-9]{1,2}[./](?:[0-9]{4}|[0-9]{2})\b"
    r"|\bv?[0-9]+\.[0-9]+\.[0-9]+[\w.+-]*|\b[OΘΩ]\([^()]{0,40}(?:\([^()]{0,20}\)[^()]{0,20})?\)"
    r"|\b[0-9]+\s?[x×]\s?[0-9]+(?:\s?[x×]\s?[0-9]+)*(?!\.?[0-9])|\b[0-9a-f]{7,64}\b(?<![0-9])"
    r"|\b[\w./-]+\.(?:py|md|c|h|cc|cpp|rs|go|js|ts):[0-9]+"
)
_BEFORE_A_FIGURE = frozenset(" \t\n([{<>=~≈≤≥+-−–—→⟶➜➔⇒:;,*_|\"'“”‘’…×±\u00a0\u202f\u2009")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A quantity as printed.

    Attributes
    ----------
    value
        In seconds, per second, bytes, per cent, or plain.
    tight
        What it may stand for if every printed digit counts.
    loose
        The same if a whole number's trailing zeros are rounding; two digits always count.
    step
        The place of its last digit, in the same unit as `value`.
    bound
        ``<``, ``>`` or ``~`` if the text says "up to", "over" or "about".
    ends
        The interval printed with it, or what its ± allows.
    start, end
        Where it stands in its passage.
    """

    kind: Kind
    value: float
    tight: Span
    loose: Span
    step: float
    bound: str
    ends: Span | None
    text: str
    start: int
    end: int

    @property
    def whole_range(self) -> Span:
        """Everything it may stand for: the spread too, if one is printed."""
        if self.ends is None:
            return self.loose
        return Span(min(self.ends.low, self.loose.low), max(self.ends.high, self.loose.high))


def find(text: str) -> Iterator[Figure]:
    """Find the figures that carry a unit, in the order of the text.

    Parameters
    ----------
    text
        Prose or a table's cell.
    """
    masked = _MASKED.sub(lambda found: "\ufffc" * len(found[0]), text)
    position = 0
    waiting: Figure | None = None
    while found := _FIGURE.search(masked, position):
        position = max(found.end(), found.start() + 1)
        figure = _figure(masked, text, found, -1 if waiting is None else waiting.end)
        if figure is None:
            continue
        position = max(position, figure.end)
        joined = None if waiting is None else _joined(text, waiting, figure)
        if waiting is not None and joined is None and waiting.kind != "number":
            yield waiting
        waiting = joined or figure
    if waiting is not None and waiting.kind != "number":
        yield waiting


def bare(text: str, scale: float = 1.0, kind: Kind = "number") -> Figure | None:
    """Read a cell that holds nothing but a number, whose unit its column names; None if it holds more."""
    stripped = text.strip().strip("*_` ")
    found = _BARE.fullmatch(stripped)
    if found is None:
        return None
    bound = {"<": "<", "≤": "<", ">": ">", "≥": ">", "~": "~", "≈": "~"}.get((found["bound"] or "")[:1], "")
    return _made(
        kind,
        found["number"],
        found["sign"],
        scale,
        bound=bound,
        by=found["by"],
        text=stripped,
        start=0,
        end=len(text),
    )


def clock(text: str) -> Figure | None:
    """Read a cell such as ``1:02:03`` as hours, minutes and seconds; None if it is anything else."""
    stripped = text.strip()
    parts = stripped.split(":")
    if not re.fullmatch(r"[0-9]{1,3}:[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?", stripped):
        return None
    last = _made("time", parts[2], None, 1.0, text=stripped, start=0, end=len(text))
    return None if last is None else _later(last, int(parts[0]) * 3600.0 + int(parts[1]) * 60.0)


# ---------------------------------------------------------------- one figure


def _figure(masked: str, text: str, found: re.Match[str], follows: int) -> Figure | None:  # noqa: PLR0911  one rule a line, the first that fits
    """Turn what the pattern found into a figure; None if it stands within a word or a number."""
    start = found.start()
    if found["sign"] and start and masked[start - 1] not in " \t\n([|:":
        if masked[start - 1].isalpha() and start != follows:
            return None  # "cpu-2"
        start += 1  # a hyphen between two things, not a sign
    elif start and masked[start - 1] not in _BEFORE_A_FIGURE:
        return None
    if re.search(r"[0-9][ ,]$", masked[max(0, start - 2) : start]) and not found["clock"]:
        return None  # "1 234": whether that is one number or two cannot be known
    if found["clock"]:
        return None
    bound = _bound(masked, start)
    if found["short"]:
        return _short_time(found["short"], bound, start)
    number = ""
    if found["half"]:  # "half as slow" and "twice as long" are ratios below 1
        rest = masked[found.end() : found.end() + 8]
        number = "0.5" if ("slow" in rest) or ("long" in rest and found["half"].lower() == "twice") else "2"
    elif found["word"]:
        number = str(_WORDS[found["word"].lower()])
    elif found["prefixed"]:
        number = found["prefixed"]
    if number:
        printed = text[start : found.end()].strip()
        return _made("ratio", number, None, 1.0, bound=bound, text=printed, start=start, end=found.end())
    return _with_unit(masked, text, found, start, bound)


def _short_time(text: str, bound: str, start: int) -> Figure | None:
    """Read ``1h2m3.5s``."""
    parts = {part[-1]: part[:-1] for part in re.findall(r"[0-9.]+[hms]", text)}
    last = _made("time", parts["s"], None, 1.0, bound=bound, text=text, start=start, end=start + len(text))
    return last and _later(last, 3600.0 * int(parts.get("h", 0)) + 60.0 * int(parts["m"]))


def _with_unit(masked: str, text: str, found: re.Match[str], start: int, bound: str) -> Figure | None:
    after = masked[found.end() : found.end() + 2]
    if found["none"] is not None and re.match(r"\.?[0-9]|[A-Za-z_\ufffc]|/[0-9]", after):
        return None
    if found["plus"]:
        bound = ">"
    sign = found["sign"] if start == found.start() else None
    by, unit = found["by1"] or found["by2"], found["by2unit"]
    kind, scale = _unit(found)
    if unit and unit != "%" and unit in {"x", "×"} and kind != "ratio":
        return None
    by_scale = scale
    if unit == "%" and kind != "percent":
        by_scale = _read(found["number"])[0] * scale / 100
    elif unit and kind == "time" and unit not in {"x", "×"}:
        by_scale = scale_of(unit)
    made = _made(
        kind,
        found["number"],
        sign,
        scale,
        bound=bound,
        by=by,
        by_scale=by_scale,
        text=text[start : found.end()],
        start=start,
        end=found.end(),
    )
    if made is None:
        return None
    if kind == "time":
        made = _whole_time(masked, text, made, found)
    return _with_ends(masked, made, scale)


def _unit(found: re.Match[str]) -> tuple[Kind, float]:  # noqa: PLR0911  one rule a line, the first that fits
    if found["rate"]:
        scale = 1.0 if not found["per"] else 1 / scale_of(found["per"])
        thousands = {"k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9}
        return "rate", scale * thousands.get(found["rate"].strip()[:1], 1.0)
    if found["time"]:
        return "time", scale_of(found["time"])
    if found["points"]:
        return "points", 1.0
    if found["percent"]:
        return "percent", 1.0
    if found["ratio"]:
        return "ratio", 1.0
    if found["bytes"]:
        return "bytes", scale_of(found["bytes"])
    return "number", 1.0


def _whole_time(masked: str, text: str, made: Figure, found: re.Match[str]) -> Figure:
    """Add the smaller units that follow: ``1 min 23.4 s``, ``2h 5min``."""
    scale = scale_of(found["time"])
    while more := _FURTHER_TIME.match(masked, made.end):
        smaller = 60.0 if more["time"] == "m" else scale_of(more["time"])
        if smaller >= scale:
            break
        last = _made("time", more["number"], None, smaller, bound=made.bound, text="", start=0, end=0)
        if last is None:
            break
        whole = made.value if made.value else 0.0
        made = replace(
            _later(last, whole),
            bound=made.bound,
            text=text[made.start : more.end()],
            start=made.start,
            end=more.end(),
        )
        scale = smaller
    return made


def _with_ends(masked: str, made: Figure, scale: float) -> Figure:  # noqa: PLR0911  one rule a line, the first that fits
    """Attach an interval in brackets that follows: ``350x [240, 460]``, ``39x (95 % CI 38 to 40)``."""
    if made.kind not in {"ratio", "time", "percent"} or made.ends is not None:
        return made
    window = masked[made.end : made.end + 90]
    # A word may stand between the figure and its interval: "a 350x speedup ([240, 460], ...".
    lead = re.match(r"(?:\s(?:speedup|faster|as fast|over|than|the|baseline|`\w+`)){0,4}", window)
    ends = None
    if made.kind == "percent" and re.match(r"\s*(?:CI\b|confidence|interval)", window):
        return made  # the level of an interval
    for pattern in (_ENDS, _CI_ENDS):
        ends = ends or pattern.match(window, lead.end() if lead else 0) or pattern.match(window)
    if ends is None:
        return made
    if ends[0].lstrip(" ,:").startswith("(") and not re.search(r"CI|interval|\[", ends[0]):
        return made  # "(28, 28)" alone may be anything
    own = {"x": "ratio", "×": "ratio", "s": "time", "ms": "time", "%": "percent"}
    if any(ends[name] and own[ends[name]] != made.kind for name in ("unit1", "unit2")):
        return made
    factor = scale_of(ends["unit2"]) if ends["unit2"] in {"s", "ms"} else scale
    low, high = (_read(ends[name]) for name in ("low", "high"))
    between = Span((low[0] - low[1] / 2) * factor, (high[0] + high[1] / 2) * factor)
    if between.low > between.high:
        return made
    return replace(made, ends=between)


def _joined(text: str, first: Figure, second: Figure) -> Figure | None:
    """Join a range such as ``20-30x`` or a first number that borrows its unit: ``from 34.7 to 0.886 s``."""
    gap = text[first.end : second.start]
    if len(gap) > _LONGEST_GAP or first.kind not in {"number", second.kind}:
        return None
    if not _RANGE_GAP.fullmatch(gap) or second.kind in {"number", "points"} or first.ends or second.ends:
        return None
    factor = second.value / _read_text(second) if first.kind == "number" and _read_text(second) else 1.0
    low, high = first.tight.times(factor), second.tight
    before = text[max(0, first.start - 12) : first.start].lower()
    if gap.strip() in {"to", "and"} and not (
        ("between" in before or gap.strip() == "to")
        and second.kind in {"ratio", "percent"}
        and "from" not in before
    ):
        return None
    if low.low >= high.low:
        return None
    span = Span(low.low, high.high)
    return replace(
        second,
        value=(low.middle + high.middle) / 2,
        tight=span,
        loose=span,
        bound=first.bound,
        ends=span,
        text=text[first.start : second.end],
        start=first.start,
    )


def _made(
    kind: Kind,
    number: str,
    sign: str | None,
    scale: float,
    *,
    bound: str = "",
    by: str | None = None,
    by_scale: float | None = None,
    text: str,
    start: int,
    end: int,
) -> Figure | None:
    value, step, zeros = *_read(number), _zeros(number)
    value, step = value * scale, step * scale
    if not (math.isfinite(value) and math.isfinite(step)):
        return None
    negative = -1.0 if sign in {"-", "−"} else 1.0
    tight = around(value, step / 2)
    loose = around(value, zeros * step / 2)
    if kind in {"ratio", "percent"}:
        tight = loose  # "350x" is how a ratio of two digits is written
    if bound == "~":
        tight = loose = around(value, max(ABOUT * value, zeros * step / 2))
    if kind in {"time", "bytes", "rate", "number"} and bound in {"<", ">"}:
        tight = loose = Span(0.0, value) if bound == "<" else Span(value, math.inf)
    spread = None if by is None else around(value, _read(by)[0] * (scale if by_scale is None else by_scale))
    return Figure(
        kind=kind,
        value=value * negative,
        tight=tight.times(negative),
        loose=loose.times(negative),
        step=step,
        bound=bound,
        ends=None if spread is None else spread.times(negative),
        text=text.strip(),
        start=start,
        end=end,
    )


def _later(figure: Figure, by: float) -> Figure:
    moved = figure.tight.shift(by)
    return replace(figure, value=figure.value + by, tight=moved, loose=moved, ends=None)


def _read(number: str) -> tuple[float, float]:
    """Return a printed number's value and the place of its last digit."""
    plain = re.sub(r"[,\u202f\u2009\u00a0'’]", "", number).replace("−", "-")
    mantissa, _, exponent = plain.lower().partition("e")
    power = int(exponent) if exponent else 0
    decimals = len(mantissa.partition(".")[2])
    return float(plain), 10.0 ** (power - decimals)


def _read_text(figure: Figure) -> float:
    found = re.search(NUMBER, figure.text)
    return _read(found[0])[0] if found else 0.0


def _zeros(number: str) -> float:
    """Return how much coarser a whole number is if its trailing zeros are rounding; two digits count."""
    plain = re.sub(r"[^0-9.eE]", "", number)
    if "." in plain or "e" in plain.lower():
        return 1.0
    trailing = len(plain) - len(plain.rstrip("0"))
    return 10.0 ** max(0, min(trailing, len(plain) - 2))


def _bound(masked: str, start: int) -> str:
    before = masked[max(0, start - 24) : start]
    for bound, pattern in _BOUNDS:
        if pattern.search(before):
            return bound
    return ""
