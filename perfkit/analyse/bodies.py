"""What a function does, without what may change freely: its name, comments, docstring and white space."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.analyse.outlines import STRING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.analyse.outlines import Outline

_WORD = re.compile(r"\w+")
_COMMENT = re.compile(r"""("[^"\\]*(?:\\.[^"\\]*)*"|'[^'\\]*(?:\\.[^'\\]*)*')|\#.*""")
_DOCSTRING = re.compile(rf"(?:\s|#[^\n]*(?=\n))*[rRuU]?(?:{STRING})[ \t]*(?:#[^\n]*)?(?:\n|;|\Z)", re.DOTALL)
_ITSELF = ("self.", "cls.")
_HEAD = re.compile(r"\s*(?:async\s+)?(?:def|class)\s+\w+")

COMMON = frozenset(
    {
        *keyword.kwlist,
        "self",
        "cls",
        "np",
        "torch",
        "len",
        "range",
        "isinstance",
        "NotImplementedError",
        "0",
        "1",
        "2",
    }
)
"""Words that say little about which function it is."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Body:
    """A function's text in its normal form.

    Attributes
    ----------
    lines
        Of code, the signature first, stripped.
    fingerprint
        Signature and body without any white space: equal ones do the same.
    words
        Names, keywords and numbers, in their order.
    telling
        How many different words there are that are not `COMMON`; with one, as in ``return self.x``, it may be
        any function.
    """

    lines: tuple[str, ...]
    fingerprint: str
    words: tuple[str, ...]
    telling: int


def body_of(outline: Outline, index: int) -> Body:
    """Cut a function out of its source.

    Parameters
    ----------
    outline
        The source's.
    index
        Of the definition, as `Outline.find` returns it.
    """
    signature, text = outline.cut(index)
    name = outline.name(index)
    signature = _HEAD.sub("", signature, count=1)
    docstring = _DOCSTRING.match(text)
    if docstring is not None:
        text = text[docstring.end() :]
    head = " ".join(_code_lines(signature))
    lines = (head, *_code_lines(_without_own_name(text, name) if name in text else text))
    words = tuple(_WORD.findall("\n".join(lines)))
    return Body(
        lines=lines,
        fingerprint="".join("\n".join(lines).split()).replace(",)", ")"),
        words=words,
        telling=len(COMMON.union(words)) - len(COMMON),
    )


def _code_lines(text: str) -> list[str]:
    """Return the lines that hold code, without comments."""
    lines = [line.strip() for line in text.split("\n")]
    if "#" in text:
        lines = [
            _COMMENT.sub(lambda found: found.group(1) or "", line).strip() if "#" in line else line
            for line in lines
        ]
    return [line for line in lines if line]


def _without_own_name(text: str, name: str) -> str:
    """Leave a function's name out where it calls itself, but not where anything else has that name."""
    parts: list[str] = []
    done, at = 0, text.find(name)
    while at >= 0:
        start, end = at, at + len(name)
        method = text.endswith(_ITSELF, 0, at)
        if method:
            start = at - len("cls.") if text.endswith("cls.", 0, at) else at - len("self.")
        outside = start == 0 or not (text[start - 1].isalnum() or text[start - 1] in "_.")
        following = text[end : end + 1]
        if outside and (following == "(" or (method and not (following.isalnum() or following == "_"))):
            parts.append(text[done:start])
            done = end
        at = text.find(name, end)
    return "".join((*parts, text[done:]))


def alike(before: Sequence[str], after: Sequence[str]) -> float:
    """Return the share of lines that are alike: 2 x alike / all, each line counted once.

    Lines that differ count as far as their words agree, from half of them on.

    Parameters
    ----------
    before, after
        Lines of code.

    Returns
    -------
    float
        0 to 1; 1 for two empty functions.
    """
    total = len(before) + len(after)
    if not total:
        return 1.0
    left: dict[str, int] = {}
    for line in before:
        left[line] = left.get(line, 0) + 1
    same, rest_after = 0, []
    for line in after:
        if left.get(line, 0):
            left[line] -= 1
            same += 1
        else:
            rest_after.append(line)
    ours = [(index, set(_WORD.findall(line))) for index, line in enumerate(_rest(before, left))]
    theirs = [(index, set(_WORD.findall(line))) for index, line in enumerate(rest_after)]
    if len(ours) * len(theirs) > _MOST_PAIRS:
        return 2 * same / total
    pairs = sorted(
        (-2 * len(one & other) / (len(one) + len(other)), i, j)
        for i, one in ours
        for j, other in theirs
        if 4 * len(one & other) >= len(one) + len(other) > 0
    )
    used_i: set[int] = set()
    used_j: set[int] = set()
    partly = 0.0
    for minus, i, j in pairs:
        if i not in used_i and j not in used_j:
            used_i.add(i)
            used_j.add(j)
            partly -= minus
    return (2 * same + 2 * partly) / total


_MOST_PAIRS = 2_500  # of lines whose words are compared: a few hundredths of a second at the very worst


def _rest(lines: Sequence[str], left: dict[str, int]) -> list[str]:
    """Return the lines of which some are left, in their order."""
    left = dict(left)
    rest = []
    for line in lines:
        if left[line]:
            left[line] -= 1
            rest.append(line)
    return rest
