"""Decide whether a printed figure agrees with what others allow."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from perfkit.audit.figures import ABOUT
from perfkit.audit.spans import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perfkit.audit.figures import Figure

Verdict: TypeAlias = Literal["true", "zeros", "cut off", "round", "in its interval", "false"]

_ROUND_DIGITS = 1
_VAGUER = 0.25  # how far "about" may be off before it is simply wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Possible:
    """What a claim's figure may be: by the digits, with trailing zeros as rounding, and with every spread."""

    tight: tuple[Span, ...]
    loose: tuple[Span, ...]
    wide: tuple[Span, ...]


def judge(figure: Figure, possible: Possible, interval: Span | None = None) -> Verdict:  # noqa: PLR0911  one rule a line, the first that fits
    """Compare a claimed figure with what is possible.

    Parameters
    ----------
    figure
        As printed.
    possible
        By the report's other figures; several spans are alternatives, any of which will do.
    interval
        The interval printed with the claim, which says how far it may be off.

    Returns
    -------
    str
        ``true``; ``zeros``, ``cut off`` and ``round`` are true only if whole numbers end in zeros for
        rounding, if digits were cut off, or within ten per cent as a round number; ``false`` if nothing
        within the digits makes it true.
    """
    if _any(possible.tight, lambda one: _agrees(figure, one)):
        return "true"
    if interval is not None and _any((*possible.tight, *possible.wide), interval.meets):
        return "in its interval"
    if _any(possible.wide, lambda one: _agrees(figure, one)):
        return "in its interval"
    if _any(possible.loose, lambda one: _agrees(figure, one)):
        return "zeros"
    if not figure.bound:
        sign = -1.0 if figure.value < 0 else 1.0
        cut = Span(abs(figure.value), abs(figure.value) + figure.step).times(sign)
        if _any(possible.tight, cut.meets):
            return "cut off"
    allowed = _VAGUER if figure.bound == "~" else ABOUT
    if figure.bound == "~" or _is_round(figure):
        near = Span(figure.value * (1 - allowed), figure.value * (1 + allowed))
        if figure.value > 0 and _any(possible.tight, near.meets):
            return "round"
    return "false"


def _agrees(figure: Figure, possible: Span) -> bool:
    if figure.bound == ">":
        return possible.high >= figure.tight.low
    if figure.bound == "<":
        return possible.low <= figure.tight.high
    return figure.tight.meets(possible)


def _any(spans: Sequence[Span], test: Callable[[Span], bool]) -> bool:
    return any(test(one) for one in spans)


def _is_round(figure: Figure) -> bool:
    """Tell whether a figure has one digit and zeros: 30x, 200 %."""
    if figure.step != 1 or figure.value < 10:  # noqa: PLR2004  one digit alone is as precise as it looks
        return False
    return bool(figure.value % 10 ** math.floor(math.log10(figure.value)) == 0)
