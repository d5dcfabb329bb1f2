"""How the page writes numbers, names, paragraphs and tables."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.verdicts.tally import Share

_WIDTH = 115


def percent(share: float) -> str:
    """Write 0.0123 as `1.2 %`."""
    return f"{100 * share:.1f} %"


def shown(share: Share | None) -> str:
    """Write a share with its interval and what it is a share of."""
    if share is None:
        return "-"
    low, high = share.interval
    return f"{percent(share.value)} [{100 * low:.1f}, {100 * high:.1f}] of {share.of}"


def seconds(value: float | None) -> str:
    """Write seconds to a tenth."""
    return "-" if value is None else f"{value:.1f}"


def alternatives(values: set[float]) -> str:
    """Write seconds of which there should be one: `10 s`."""
    return f"{' or '.join(f'{one:g}' for one in sorted(values))} s"


def code(name: str) -> str:
    """Mark a name as code."""
    return f"`{name}`"


def listed(names: Sequence[str]) -> str:
    """Write `a`, `b` and `c`."""
    *most, last = map(code, names)
    return f"{', '.join(most)} and {last}" if most else last


def paragraph(text: str, *, item: bool = False) -> str:
    """Break a paragraph, or an item of a list, into lines."""
    first, later = ("- ", "  ") if item else ("", "")
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
    )


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a Markdown table."""
    return "\n".join(f"| {' | '.join(line)} |" for line in (header, ["---"] * len(header), *rows))
