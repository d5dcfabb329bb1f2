"""Where the functions of a source begin and end, read so tolerantly that the text need not parse.

A profile knows a function by the line at which it begins; the classes around it, and its body, are recovered
from the text. Only what is asked for is read, by indentation and with an eye on strings: that takes a
hundredth of the time of `ast.parse`, and a file that was broken since is read as far as it goes.
"""

from __future__ import annotations

import re

STRING = (
    r'"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*"""'
    r"|'''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'''"
    r'|"(?!"")[^"\\\n]*(?:\\.[^"\\\n]*)*"'
    r"|'(?!'')[^'\\\n]*(?:\\.[^'\\\n]*)*'"
)
"""What matches a string literal, with dots that match all. Each way begins with a quote, for speed."""

_DEFINITION = re.compile(r"[ \t\f]*(?:async[ \t]+)?(def|class)[ \t]+(\w+)")
_BLOCK = re.compile(r"[ \t\f]*(?:async|if|for|while|with|try|else|elif|except|finally|match|case)\b")
_FUNCTION_NAME = re.compile(r"def (\w+)")
_LEXED = re.compile(rf"#[^\n]*|{STRING}|(?P<open>\"\"\"|''')", re.DOTALL)
_SIGNATURE = re.compile(rf"[()\[\]{{}}:]|#[^\n]*|{STRING}", re.DOTALL)

_MOST_HEAD_LINES = 400  # of decorators, or of a signature


class Outline:
    """A source, and what it defines where.

    Parameters
    ----------
    text
        The file's text.

    Attributes
    ----------
    lines : list of str
        A definition is known by the index of the line that holds its ``def`` or ``class``.
    """

    __slots__ = ("_functions", "_names", "_nearest", "_parents", "_text", "lines")

    def __init__(self, text: str) -> None:
        self._text = text
        self.lines = text.split("\n")
        self._parents: dict[int, int] = {}
        self._nearest: dict[int, int] = {}
        self._names: frozenset[str] | None = None
        self._functions: dict[str, list[int]] | None = None

    def find(self, name: str, line: int) -> int:
        """Return the index of the definition of that name which begins, decorators included, at a line.

        Returns
        -------
        int
            -1 if there is none: the text is not the one that ran.
        """
        first = line - 1
        if not 0 <= first < len(self.lines):
            return -1
        index = first
        found = _DEFINITION.match(self.lines[first])
        if found is None and self.lines[first].lstrip().startswith("@"):
            for index in range(first + 1, min(first + _MOST_HEAD_LINES, len(self.lines))):
                found = _DEFINITION.match(self.lines[index])
                if found is not None:
                    break
        return index if found is not None and found.group(2) == name else -1

    def name(self, index: int) -> str:
        """Return a definition's own name."""
        found = _DEFINITION.match(self.lines[index])
        return "" if found is None else found.group(2)

    def is_class(self, index: int) -> bool:
        """Whether a definition is that of a class."""
        found = _DEFINITION.match(self.lines[index])
        return found is not None and found.group(1) == "class"

    def qualified(self, index: int) -> str:
        """Return a definition's name as ``__qualname__`` has it."""
        return self._prefix(self._parent(index)) + self.name(index)

    def scope_at(self, line: int, name: str) -> str:
        """Return the prefix of what a line defines without a name of its own: a lambda, a comprehension."""
        index = line - 1
        if not 0 <= index < len(self.lines):
            return ""
        if _DEFINITION.match(self.lines[index]):  # lambdas are defaults there, comprehensions one-line bodies
            return self._prefix(self._parent(index) if name == "<lambda>" else index)
        return self._prefix(self._around(index, continued=True))

    def count(self, label: str) -> int:
        """Return how many functions of that qualified name the text defines."""
        name = label.rpartition(".")[2]
        if self._names is None:
            self._names = frozenset(_FUNCTION_NAME.findall(self._text))
        if name not in self._names:
            return 0
        if self._functions is None:
            self._functions = {}
            for index, line in enumerate(self.lines):
                if "def " in line and (found := _DEFINITION.match(line)) is not None:
                    self._functions.setdefault(found.group(2), []).append(index)
        inside = "." in label
        return sum(
            self.lines[index][0].isspace() == inside and self.qualified(index) == label
            for index in self._functions.get(name, ())
        )

    def _prefix(self, index: int) -> str:
        parts: list[str] = []
        while index >= 0:
            parts.append(self.name(index) + ("." if self.is_class(index) else ".<locals>."))
            index = self._parent(index)
        return "".join(reversed(parts))

    def _parent(self, index: int) -> int:
        if index not in self._parents:
            self._parents[index] = self._around(index)
        return self._parents[index]

    def _around(self, index: int, *, continued: bool = False) -> int:
        """Return the index of the definition around a line; -1 at the top.

        Parameters
        ----------
        continued
            Whether the line may go on with a statement that begins above it, less indented.
        """
        lines = self.lines
        own_width = width = _indent(lines[index])
        stop = -1 if continued else self._stop(width, index)
        found, at, code = -1, index, index
        blank = " " * width  # what most lines begin with: quicker to see
        while width:
            at -= 1
            if at <= stop or at < 0:
                found = self._parent(stop) if stop >= 0 else -1
                break
            line = lines[at]
            if line.startswith(blank) or not line[:width].strip():
                continue
            head = line.lstrip()
            if not head or head[0] in "#)]}":
                continue
            defines = _DEFINITION.match(line) is not None
            if not (defines or continued or _BLOCK.match(line)):
                continue  # within a string or brackets
            if _is_open("\n".join(lines[at:code])):
                while at > stop + 1 and not ('"""' in lines[at - 1] or "'''" in lines[at - 1]):
                    at -= 1  # to where the string begins
                continue
            if defines:
                found = at
                break
            code = at
            width = len(line) - len(head)
            blank = " " * width
            stop = -1 if continued else self._stop(width, at)
        if not continued:
            self._nearest[own_width] = index
        return found

    def _stop(self, width: int, index: int) -> int:
        """Return a definition above, as far in: if none between is less so, both have one parent."""
        known = self._nearest.get(width, -1)
        return known if known < index else -1

    def decorators(self, line: int) -> str:
        """Return the lines from a line on that are decorators of one line each."""
        end = line - 1
        while 0 <= end < len(self.lines) and self.lines[end].lstrip().startswith("@"):
            end += 1
        return "\n".join(self.lines[max(line - 1, 0) : end])

    def above(self, index: int, first_line: int) -> str:
        """Return the lines above a definition: decorators, from a line on, and the comments before them."""
        start = min(index, first_line - 1)
        while start > 0 and self.lines[start - 1].lstrip().startswith("#"):
            start -= 1
        return "\n".join(self.lines[start:index])

    def cut(self, index: int) -> tuple[str, str]:
        """Return a definition's signature, from its ``def`` to its colon, and the text of its body."""
        lines = self.lines
        line = lines[index]
        if line.endswith(":") and line.count("(") == line.count(")") == 1 and "#" not in line:
            signature, rest, last = line, "", index
        else:
            text = "\n".join(lines[index : index + _MOST_HEAD_LINES])
            end = _colon(text)
            last = index + text.count("\n", 0, end)
            signature, rest = text[:end], lines[last][end - 1 - text.rfind("\n", 0, end) :]
        width = _indent(line) + 1
        blank = " " * width
        end = last + 1
        while end < len(lines):
            line = lines[end]
            if (
                not line.startswith(blank)
                and line[:width].strip()
                and line.lstrip()[0] not in "#)]}"
                and not lines[end - 1].endswith("\\")
                and not _is_open("\n".join((rest, *lines[last + 1 : end])))
            ):
                break
            end += 1
        return signature, "\n".join((rest, *lines[last + 1 : end]))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _colon(text: str) -> int:
    """Return the offset after the colon that ends a signature."""
    depth = 0
    for token in _SIGNATURE.finditer(text):
        character = token.group()
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == ":" and depth <= 0:
            return token.end()
    return len(text)


def _is_open(text: str) -> bool:
    """Whether a string of several lines begins in a text and does not end in it."""
    if text.count('"""') % 2 == 0 and text.count("'''") % 2 == 0:
        return False
    return any(token.lastgroup == "open" for token in _LEXED.finditer(text))
