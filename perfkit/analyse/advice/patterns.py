"""The patterns by name, and what a recogniser says when it has found one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ast

    from perfkit.analyse.advice.loops import Loop
    from perfkit.analyse.advice.view import Site

MIN_HITS = 50
"""How often a line must have run: fewer passes are not what a loop costs."""

SINGLE = 1
"""For a line that holds its loop itself, such as ``df.apply(f, axis=1)``."""

FEW = 20
"""For work whose cost grows with every pass, such as ``x = np.append(x, value)``."""

VERY_FEW = 5
"""For a line each pass of which goes through all items."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A known way to be slow.

    Attributes
    ----------
    name
        For the reader.
    cure
        What to do, one sentence.
    min_hits
        How often its line must have run.
    whole_loop
        Whether the cure does away with the loop: its other lines that only serve this one go with it.
    """

    name: str
    cure: str
    min_hits: int = MIN_HITS
    whole_loop: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A pattern on a line.

    Attributes
    ----------
    node
        What shows it.
    loop
        In which it runs; ``None`` if the line itself holds the loop.
    sketch
        The line after the cure, by its own names.
    evidence
        What in the source shows it, one sentence.
    also
        What else the line shows.
    names
        Of values that the loop works out and this line uses: what makes them belongs to it.
    makes
        Names that this line assigns.
    tensor
        Whether it works on torch's tensors.
    takes_all
        Whether the cure does away with all that the loop does.
    minor
        Whether the line does no work of its own, but goes where the lines go that use what it makes.
    """

    pattern: Pattern
    node: ast.AST
    statement: ast.stmt
    loop: Loop | None
    sketch: str
    evidence: str
    names: frozenset[str] = frozenset()
    makes: frozenset[str] = frozenset()
    minor: bool = False
    takes_all: bool = False
    tensor: bool = False
    also: tuple[Found, ...] = ()


def found_at(pattern: Pattern, site: Site, sketch: str, evidence: str) -> Found:
    """Say that a site shows a pattern."""
    return Found(
        pattern=pattern,
        node=site.node,
        statement=site.statement,
        loop=site.inner,
        sketch=sketch,
        evidence=evidence,
    )
