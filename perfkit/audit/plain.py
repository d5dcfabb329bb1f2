"""Read plain text: paragraphs, items, headings, and tables drawn with bars or with columns of blanks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from perfkit.audit.reading import Block, Passage, Row, Table, Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

_RULE = re.compile(r"[\s|+:=_─━═┼┬┴├┤╪-]{3,}")
_UNDERLINE = re.compile(r"\s*(?:={3,}|-{3,}|~{3,})\s*")
_ITEM = re.compile(r"\s*(?:[-*•·–]|[0-9]{1,2}[.)])\s+(?=\S)")
_GAP = re.compile(r"\s{2,}|\t+")
_BARS = re.compile(r"[|│┃]")
_FENCE = re.compile(r"\s*(?:```|~~~)")
_MARKUP = re.compile(r"\*\*|__|`")
_LONGEST_TITLE = 80
_FEWEST_COLUMNS = 3


def plain(text: str) -> tuple[Block, ...]:
    """Read a report that is not Markdown.

    Parameters
    ----------
    text
        The whole report.

    Returns
    -------
    tuple of Passage, Table and Unread
        In the order of the file.
    """
    return tuple(_Walk(text.split("\n")).blocks())


class _Walk:
    """One pass over the lines."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.heading = ""
        self.group = 0

    def blocks(self) -> Iterator[Block]:
        at = 0
        while at < len(self.lines):
            line = self.lines[at]
            if _FENCE.match(line):
                at = self._closing(at) + 1
            elif not line.strip() or _RULE.fullmatch(line):
                self.group += not line.strip()
                at += 1
            elif table := self._table(at):
                end, block = table
                yield from block
                at = end
            elif self._is_title(at):
                self.heading = line.strip().strip("#").strip().rstrip(":")
                yield self._passage("heading", at, at + 1)
                at += 1
            else:
                end = self._end_of_prose(at)
                yield self._passage("item" if _ITEM.match(line) else "paragraph", at, end)
                at = end

    def _passage(self, kind: str, start: int, end: int) -> Passage:
        raw = "\n".join(one.strip() for one in self.lines[start:end])
        text = _MARKUP.sub("", _ITEM.sub("", raw, count=1) if kind == "item" else raw)
        return Passage(
            kind="heading" if kind == "heading" else "item" if kind == "item" else "paragraph",
            text=text.strip("#").strip() if kind == "heading" else text,
            line=start + 1,
            headings=(self.heading,) if self.heading else (),
            group=self.group + 1 if kind == "item" else 0,
        )

    def _end_of_prose(self, at: int) -> int:
        end = at + 1
        while (
            end < len(self.lines)
            and self.lines[end].strip()
            and not _ITEM.match(self.lines[end])
            and not _RULE.fullmatch(self.lines[end])
            and not _FENCE.match(self.lines[end])
        ):
            end += 1
        return end

    def _closing(self, at: int) -> int:
        for end in range(at + 1, len(self.lines)):
            if _FENCE.match(self.lines[end]):
                return end
        return at

    def _is_title(self, at: int) -> bool:
        line = self.lines[at].strip()
        below = self.lines[at + 1] if at + 1 < len(self.lines) else ""
        above = self.lines[at - 1] if at else ""
        if len(line) > _LONGEST_TITLE or _ITEM.match(line):
            return bool(re.fullmatch(r"[0-9]{1,2}[.)] [A-Z][^.0-9]{2,60}", line)) and not below.strip()
        alone = not above.strip() and (not below.strip() or bool(_UNDERLINE.fullmatch(below)))
        underlined = bool(_UNDERLINE.fullmatch(below)) and not above.strip()
        loud = line.isupper() and not re.search(r"[0-9]\s?[x×%]", line, re.IGNORECASE)
        return line.startswith(("# ", "## ")) or (alone and loud) or underlined

    def _table(self, at: int) -> tuple[int, list[Block]] | None:
        """Read the table that starts here, if one does: two rows or more of three columns or more."""
        drawn = len(_BARS.findall(self.lines[at])) > 1
        rows: list[tuple[int, list[str]]] = []
        end = at
        while end < len(self.lines) and self.lines[end].strip():
            line = self.lines[end]
            if not _RULE.fullmatch(line):
                if drawn and not _BARS.search(line):
                    break
                cells = _BARS.split(line.strip().strip("|│┃")) if drawn else _GAP.split(line.strip())
                if not drawn and len(cells) < _FEWEST_COLUMNS:
                    break
                rows.append((end, [_MARKUP.sub("", cell).strip() for cell in cells]))
            end += 1
        if len(rows) < (1 + 1):
            return None
        return end, self._rows(rows)

    def _rows(self, rows: list[tuple[int, list[str]]]) -> list[Block]:
        headings = (self.heading,) if self.heading else ()
        (first, titles), *rest = rows
        width = max(len(cells) for _, cells in rest)
        if len(titles) == width - 1:
            titles = ["", *titles]  # nothing stands above the names of the rows
        made: list[Row] = []
        unread: list[Block] = []
        for at, cells in rest:
            if len(cells) != len(titles):
                unread.append(
                    Unread(
                        text=" ".join(self.lines[at].split()),
                        line=at + 1,
                        reason="its cells cannot be told from the table's columns",
                    )
                )
                continue
            made.append(
                Row(
                    cells=tuple(
                        Passage(kind="cell", text=cell, line=at + 1, headings=headings) for cell in cells
                    ),
                    line=at + 1,
                )
            )
        table = Table(
            titles=tuple(Passage(kind="cell", text=one, line=first + 1, headings=headings) for one in titles),
            rows=tuple(made),
            line=first + 1,
            headings=headings,
        )
        return [table, *unread]
