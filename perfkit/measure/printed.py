"""What a script prints is its result: the lines, without what differs from run to run by its nature.

Standard library alone; used after the clock has stopped.
"""

from __future__ import annotations

import hashlib
import os
import re
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TypeAlias

    Line: TypeAlias = str | tuple[str | float, ...]

_MOST_LINES = 400
_MOST_NUMBERS = 100_000  # beyond the first lines
_LONGEST = 1 << 16

# What is replaced is not compared, so each pattern asks for a sign that a number is a time and no result: a
# unit that nothing else has, a word, a form. What is missed differs from run to run, and shows; what is
# replaced by mistake would not.
_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?"
_UNIT = r"(?:ns|us|µs|μs|ms|s|secs?|seconds?|mins|minutes?|hours?)"
_CLOCK = r"\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d+)?"
_WORD = r"(?:took|takes|elapsed|durations?|runtime|walltime|latency|eta)"
_CHANGING = (
    (re.compile(r"\bat 0x[0-9a-fA-F]{6,}\b"), "at <address>"),
    (re.compile(r"\b(pid|PID)([\s:=]{1,3})\d+"), r"\1\2<process>"),
    (re.compile(r"/tmp/(?:tmp\w{8}|[\w./-]*perfkit-)[\w./-]*"), "<temporary>"),  # noqa: S108  how it is printed
    # 0:01:23.45, [12:34:56], 00:12<00:34
    (re.compile(r"(?<![\w:.-])\d+:\d\d:\d\d\.\d+\b|(?<=\[)\d{1,2}:\d\d:\d\d(?=\])"), "<time>"),
    (re.compile(rf"(?<![\w:.])(?:{_CLOCK}<(?:{_CLOCK}|\?))"), "<time>"),
    # 1h 02m, 2m 3.5s, 1 min 5 s
    (
        re.compile(r"(?<![\w.])(?:\d+\s?h\s?)?\d+\s?m(?:in)?\s?\d+(?:\.\d+)?\s?s\b|(?<![\w.])\d+h\s?\d+m\b"),
        "<duration>",
    ),
    # 12.3 s, 5ms, 1,200 seconds; not the 1990s
    (re.compile(rf"(?<![\w.,:-])(?!\d{{4}}s\b){_NUMBER}\s?{_UNIT}\b(?![/^*²])"), "<duration>"),
    # took 1.5, elapsed_s=2, Total time: 3, time (s): 0.5
    (
        re.compile(
            rf"(?i)((?:(?:\b|_){_WORD}(?:_?{_UNIT})?\b[\s:=]{{0,3}}"
            rf"|(?:\b|_)time(?:_?{_UNIT})?\b\s?[:=]\s{{0,3}}"
            rf"|(?:\b|_)(?:time|{_WORD})\s?[(\[]{_UNIT}[)\]]\s?[:=]?\s{{0,3}}))(?:{_CLOCK}|{_NUMBER})(?![\w%]|\.\d)"
        ),
        r"\1<duration>",
    ),
    (
        re.compile(
            rf"(?<![\w.]){_NUMBER}\s?[kKMG]?(?:(?:its?|iterations?|rows?|items?|samples?|images?|steps?|B|iB|ops?)"
            r"\s?/\s?(?:s|sec|second)\b|fps\b)"
        ),
        "<rate>",
    ),
    (re.compile(rf"(?i)(?<![\w.]){_NUMBER}\s?[x×](?=\s(?:faster|slower|speed))"), "<ratio>"),
    (re.compile(rf"(?i)\b(speed-?up\b[\s:=of]{{0,5}}){_NUMBER}\s?[x×]?(?![\w%]|\.\d)"), r"\1<ratio>"),
)
"""Addresses, durations, rates and the like: each stands for itself, whatever its digits are."""

_SIGN = re.compile(
    r"(?i)0x|pid|/tmp/|:\d\d|\d\s?(?:[nuµμm]?s|secs?|seconds?|m(?:in)?s?|minutes?|h|hours?)(?![a-z])|took|takes"
    r"|elapsed|duration|time|latency|eta\b|/\s?s|fps|speed|\d\s?[x×]\s|\d\d-\d\d"
)
"""What some pattern below can find at all: most lines have none of it."""

_STAMP = re.compile(r"\b\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[-+]\d\d:?\d\d)?)?")
_DAY_S = 86400


def between(begin: int | None, end: int | None, folder: str) -> tuple[Line, ...] | None:
    """Return what was printed between two positions, as lines without what changes by its nature.

    Parameters
    ----------
    begin, end
        In bytes; None if nobody could tell.
    folder
        Where standard output goes to the file ``stdout.txt``.

    Returns
    -------
    tuple or None
        As for `told`.
    """
    if begin is None or end is None:
        return None
    return told(_lines(os.path.join(folder, "stdout.txt"), begin, end))  # noqa: PTH118  no pathlib in the worker


def told(lines: Iterable[str]) -> tuple[Line, ...] | None:
    """Return lines as they are compared: text exactly, the numbers with a fraction within a tolerance.

    Two ways to add the same numbers differ in the last digits, and a script that prints them all shows it.

    Returns
    -------
    tuple or None
        Of very many lines the first, and then a digest of the texts of the rest and their numbers. None if
        there is none.
    """
    first: list[Line] = []
    further, digest = 0, hashlib.blake2b(digest_size=16)
    numbers: list[float] = []
    for line in lines:
        text, found = parted(settled(line))
        if len(first) < _MOST_LINES:
            first.append((text, *found) if found else text)
            continue
        further += 1
        room = _MOST_NUMBERS - len(numbers)
        numbers += found[:room]
        digest.update(f"{text} {found[room:] or ''}\n".encode("utf-8", "backslashreplace"))
    if not further:
        return tuple(first) or None
    rest = f"{further} further lines, digest {digest.hexdigest()}"
    return (*first, (rest, *numbers) if numbers else rest)


def parted(line: str) -> tuple[str, list[float]]:
    """Return a line with a place for each number that has a fraction or an exponent, and these numbers.

    Examples
    --------
    >>> parted("epoch 3: loss 0.25")
    ('epoch 3: loss <number>', [0.25])
    """
    if "." not in line and "e" not in line and "E" not in line:
        return line, []
    numbers: list[float] = []

    def place(found: re.Match[str]) -> str:
        numbers.append(float(found[0]))
        return "<number>"

    return _FRACTION.sub(place, line), numbers


_FRACTION = re.compile(r"(?<![\w.])(?:(?<!\S)-)?(?:\d+\.\d*(?:[eE][-+]?\d+)?|\.?\d+[eE][-+]?\d+)(?![\w.])")


def _lines(path: str, begin: int, end: int) -> Iterator[str]:
    """Yield the lines between two positions of a file; very long ones in pieces."""
    with open(path, "rb") as file:  # noqa: PTH123
        file.seek(begin)
        while begin < end:
            line = file.readline(min(_LONGEST, end - begin))
            if not line:
                return
            begin += len(line)
            yield line.decode("utf-8", "backslashreplace").rstrip("\r\n")


def settled(line: str, now: float | None = None) -> str:
    """Return a line without what differs from run to run by its nature.

    Parameters
    ----------
    now
        Seconds since the epoch; dates of that day and of those beside it are when it was printed, all others
        are results.

    Examples
    --------
    >>> settled("features: 12.3 s, accuracy 0.931")
    'features: <duration>, accuracy 0.931'
    """
    line = line.rpartition("\r")[2] or line  # a progress bar writes over itself: what stays is the last of it
    if _SIGN.search(line) is None:
        return line.rstrip()
    if _STAMP.search(line) is not None:
        days = _days(time.time() if now is None else now)
        line = _STAMP.sub(lambda found: "<date>" if found[0][:10] in days else found[0], line)
    for pattern, instead in _CHANGING:
        line = pattern.sub(instead, line)
    return line.rstrip()


def _days(now: float) -> set[str]:
    """Return yesterday, today and tomorrow: a process may use another time zone, or pass midnight."""
    return {time.strftime("%Y-%m-%d", time.gmtime(now + offset)) for offset in (-_DAY_S, 0, _DAY_S)}
