"""Read a report into headings, prose and tables, each piece with its line; code and pictures are left out."""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.token import Token

PassageKind: TypeAlias = Literal["heading", "paragraph", "item", "cell"]

_CLAIM_IN_CODE = re.compile(r"[0-9]\s?[x×](?!\w)|[0-9]\s?%|\bspeed-?up\b", re.IGNORECASE)
_OUTPUT = {"", "text", "txt", "console", "output", "plain", "plaintext"}
_QUANTITY = re.compile(r"\s*[~<>≈±+-]?\s*[0-9][0-9.,]*\s*(?:[x×%]|[a-zµμ]{1,3})?\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A paragraph, an item of a list, a heading or a cell, as plain text.

    Attributes
    ----------
    text
        Without markup; a line break is kept as such.
    line
        The line of the file, from 1, on which it starts.
    code
        Where it is code, as positions in `text`.
    headings
        The headings above it, outermost first.
    group
        The list that it is an item of; 0 for none.
    """

    kind: PassageKind
    text: str
    line: int
    code: tuple[tuple[int, int], ...] = ()
    headings: tuple[str, ...] = ()
    group: int = 0

    def line_at(self, position: int) -> int:
        """Return the line of the file that a position in the text stands on."""
        return self.line + bisect.bisect_left(_breaks(self.text), position)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a table."""

    cells: tuple[Passage, ...]
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table; `titles` is empty where it has no header."""

    titles: tuple[Passage, ...]
    rows: tuple[Row, ...]
    line: int
    headings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Something that looks like a claim and is not read, such as output in a block of code."""

    text: str
    line: int
    reason: str


Block: TypeAlias = Passage | Table | Unread


def markdown(text: str) -> tuple[Block, ...]:
    """Read Markdown as CommonMark with tables.

    Parameters
    ----------
    text
        The whole report.

    Returns
    -------
    tuple of Passage, Table and Unread
        In the order of the file.
    """
    parser = MarkdownIt("commonmark").enable("table")
    return tuple(_Walk(parser.parse(text)).blocks())


class _Walk:
    """One pass over the parser's tokens."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.headings: list[tuple[int, str]] = []
        self.lists: list[int] = []
        self.n_lists = 0

    def blocks(self) -> Iterator[Block]:
        at = 0
        while at < len(self.tokens):
            token = self.tokens[at]
            if token.type in {"bullet_list_open", "ordered_list_open"}:
                self.n_lists += 1
                self.lists.append(self.n_lists)
            elif token.type in {"bullet_list_close", "ordered_list_close"}:
                self.lists.pop()
            elif token.type == "table_open":
                end = at + 1
                while self.tokens[end].type != "table_close":
                    end += 1
                yield self._table(at, end)
                at = end
            elif token.type in {"fence", "code_block"}:
                yield from _code(token)
            elif token.type == "html_block":
                plain = re.sub(r"<[^<>]*>", " ", token.content)
                if _CLAIM_IN_CODE.search(plain):
                    yield Unread(text=_short(plain), line=_line(token), reason="HTML is not read")
            elif token.type == "inline":
                yield self._passage(at)
            at += 1

    def _passage(self, at: int) -> Passage:
        before, token = self.tokens[at - 1], self.tokens[at]
        text, code = _plain(token)
        kind: PassageKind = "item" if self.lists else "paragraph"
        if before.type == "heading_open":
            kind, level = "heading", int(before.tag[1:])
            self.headings = [(one, title) for one, title in self.headings if one < level]
            self.headings.append((level, text))
        return Passage(
            kind=kind,
            text=text,
            line=_line(token),
            code=code,
            headings=self._above(),
            group=self.lists[-1] if self.lists else 0,
        )

    def _table(self, start: int, end: int) -> Table:
        rows: list[Row] = []
        cells: list[Passage] = []
        line = _line(self.tokens[start])
        for token in self.tokens[start:end]:
            if token.type == "tr_open":
                cells, line = [], _line(token)
            elif token.type == "inline":
                text, code = _plain(token)
                cells.append(Passage(kind="cell", text=text, line=line, code=code, headings=self._above()))
            elif token.type == "tr_close":
                rows.append(Row(cells=tuple(cells), line=line))
        titles = rows[0].cells if rows else ()
        return Table(
            titles=titles, rows=tuple(rows[1:]), line=_line(self.tokens[start]), headings=self._above()
        )

    def _above(self) -> tuple[str, ...]:
        return tuple(title for _, title in self.headings)


def _plain(token: Token) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Return an inline token's text, and where in it code is; pictures, badges and tags are dropped."""
    parts: list[str] = []
    code: list[tuple[int, int]] = []
    length = 0
    for child in token.children or ():
        if child.type in {"softbreak", "hardbreak"}:
            piece = "\n"
        elif child.type in {"text", "code_inline"}:
            piece = child.content
        else:
            continue
        # A figure is often set as code, to stand out; what holds more than a figure is code.
        if child.type == "code_inline" and not _QUANTITY.fullmatch(piece):
            code.append((length, length + len(piece)))
        parts.append(piece)
        length += len(piece)
    return "".join(parts), tuple(code)


def _code(token: Token) -> Iterator[Unread]:
    language = token.info.strip().partition(" ")[0].lower()
    if language in _OUTPUT and _CLAIM_IN_CODE.search(token.content):
        yield Unread(text=_short(token.content), line=_line(token), reason="a block of code is not read")


def _short(text: str) -> str:
    return " ".join(text.split())[:200]


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 1


@lru_cache(maxsize=16)
def _breaks(text: str) -> tuple[int, ...]:
    """Return where a text's lines end; kept, because a long passage is asked about each of its figures."""
    return tuple(found.start() for found in re.finditer("\n", text))


def in_code(passage: Passage, start: int, end: int) -> bool:
    """Tell whether a piece of a passage lies in code."""
    at = bisect.bisect_right(passage.code, (start, len(passage.text) + 1)) - 1
    return any(first < end and start < last for first, last in passage.code[max(at, 0) : at + 2])
