"""Lines, tables and data as HTML: the only place where text becomes markup."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from perfkit.report.difference_lines import visible
from perfkit.report.text import clean

if TYPE_CHECKING:
    from perfkit.report.text import Line, Span, Table

# Half of a surrogate pair has no UTF-8, so a page that holds one could not be written.
_LONE = re.compile("[\ud800-\udfff]")
# Emoji come in other colours and sizes on every system; these are one glyph in the text's own font.
_MARKS = {
    "✅": ("✔", "good"),
    "❌": ("✘", "bad"),
    "❔": ("?", "open"),
    "⚪": ("○", "open"),
}
_MARK = re.compile(f"([{''.join(_MARKS)}])")
_SCRIPT = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


def whole(text: str) -> str:
    """Replace lone surrogates, which no file in UTF-8 can hold."""
    return _LONE.sub("\ufffd", text)


def name(text: str) -> str:
    """Make a name fit to be shown on one line."""
    return whole(clean(text))


def block(text: str) -> str:
    """Make a piece of code fit to be shown: control characters become visible, line ends stay."""
    return whole("\n".join(visible(one) for one in text.split("\n")))


def words(line: Line) -> Markup:
    """Print a line as HTML."""
    return Markup("").join(_span(span) for span in line)


def _span(span: Span) -> Markup:
    if span.kind == "code":
        return Markup("<code>{}</code>").format(name(span.text))
    made = Markup("").join(_piece(piece) for piece in _MARK.split(name(span.text)))
    return Markup("<strong>{}</strong>").format(made) if span.kind == "strong" else made


def _piece(piece: str) -> Markup:
    if piece not in _MARKS:
        return escape(piece)
    glyph, tone = _MARKS[piece]
    return Markup('<span class="mark {}">{}</span>').format(tone, glyph)


def table(data: Table, label: str, ident: str = "") -> Markup:
    """Print a table in a box that scrolls by itself where the page is narrow.

    Parameters
    ----------
    label
        What the table holds, for readers who hear the page.
    ident
        By which a chart refers to it.
    """
    sides = ["r" if column.align == "right" else "w" if column.whole else "" for column in data.columns]
    head = Markup("").join(
        Markup('<th scope="col"{}>{}</th>').format(_class(side), name(column.title))
        for side, column in zip(sides, data.columns, strict=True)
    )
    rows = Markup("").join(
        Markup("<tr{}>{}</tr>\n").format(
            _class("strong" if row.strong else ""),
            Markup("").join(
                Markup("<td{}>{}</td>").format(_class(side), words(cell))
                for side, cell in zip(sides, row.cells, strict=True)
            ),
        )
        for row in data.rows
    )
    return Markup(
        '<div class="scroll" tabindex="0" role="region" aria-label="{}"{}><table><thead><tr>{}</tr></thead>'
        "\n<tbody>\n{}</tbody></table></div>"
    ).format(name(label), Markup(' id="{}"').format(ident) if ident else "", head, rows)


def _class(names: str) -> Markup:
    return Markup(' class="{}"').format(names) if names else Markup("")


def data(content: object) -> Markup:
    """Print data as JSON for a script element: nothing in it can end the element or open another."""
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return Markup(text.translate(_SCRIPT))  # noqa: S704  what could be markup has been escaped
