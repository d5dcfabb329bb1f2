"""Markdown and plain text: every piece on its own line, code and pictures left out."""

from __future__ import annotations

import pytest

from perfkit.audit import plain, reading
from perfkit.audit.reading import Passage, Table, Unread

MARKDOWN = """\
# Title

Two lines
of prose with `code 3x` and `39.1x`.

[![badge 99x](https://example.org/99x)](https://example.org)

- item one
- item two

## Part

| a | b |
| - | - |
| `x` | \\<0.01 s |

```python
y = 3 * x  # 5x
```

```text
4x faster
```

<div>7x faster</div>
"""


def test_markdown_keeps_lines_and_headings() -> None:
    blocks = reading.markdown(MARKDOWN)
    passages = [one for one in blocks if isinstance(one, Passage)]
    assert [(one.kind, one.line) for one in passages] == [
        ("heading", 1),
        ("paragraph", 3),
        ("paragraph", 6),
        ("item", 8),
        ("item", 9),
        ("heading", 11),
    ]
    prose = passages[1]
    assert prose.line_at(prose.text.index("of prose")) == 4
    assert reading.in_code(prose, prose.text.index("3x"), prose.text.index("3x") + 2)
    assert not reading.in_code(prose, prose.text.index("39.1x"), prose.text.index("39.1x") + 5)
    assert "99x" not in passages[2].text
    (table,) = [one for one in blocks if isinstance(one, Table)]
    assert table.headings == ("Title", "Part")
    assert [cell.text for cell in table.rows[0].cells] == ["x", "<0.01 s"]
    assert table.rows[0].line == 15
    assert [(one.line, one.reason) for one in blocks if isinstance(one, Unread)] == [
        (21, "a block of code is not read"),
        (25, "HTML is not read"),
    ]


TEXT = """\
REPORT

First line
second line.

Details
-------

1. one
   more of it
2. two

Step     before   after
load     12 s     3 s
calc     30 s     2 s

+------+------+
| a    | b    |
+------+------+
| 1 s  | 2 s  |
+------+------+

```
code 3x
```
"""


def test_plain_text_keeps_lines_headings_and_tables() -> None:
    blocks = plain.plain(TEXT)
    passages = [one for one in blocks if isinstance(one, Passage)]
    assert [(one.kind, one.line, one.text) for one in passages] == [
        ("heading", 1, "REPORT"),
        ("paragraph", 3, "First line\nsecond line."),
        ("heading", 6, "Details"),
        ("item", 9, "one\nmore of it"),
        ("item", 11, "two"),
    ]
    tables = [one for one in blocks if isinstance(one, Table)]
    assert [[cell.text for cell in row.cells] for row in tables[0].rows] == [
        ["load", "12 s", "3 s"],
        ["calc", "30 s", "2 s"],
    ]
    assert [cell.text for cell in tables[1].titles] == ["a", "b"]
    assert tables[1].rows[0].line == 20


def test_a_row_that_does_not_fit_its_columns_is_not_guessed_at() -> None:
    blocks = plain.plain("Step   before   after   speedup\nload   12 s   3 s   4x\ncalc   30 s   2x\n")
    assert [one.line for one in blocks if isinstance(one, Unread)] == [3]


@pytest.mark.parametrize("text", ["```\nnever closed 3x", "|||\n|||", "\n\n", "a\n===", "- \n- "])
def test_odd_texts_do_no_harm(text: str) -> None:
    plain.plain(text)
    reading.markdown(text)
