"""What to do next: known patterns of slow code on the hot lines of a profile, each with its cure.

Precise before talkative. A pattern is named only where the source shows what it takes (what is an array, what
a list, what changes in a loop), the line ran often, and its share of the run is worth the work. What is not
recognised is not guessed at.
"""

from __future__ import annotations

import ast
import dataclasses
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.analyse.advice import arrays, frames, growth, repeats, searches, tensors, text
from perfkit.analyse.advice.kinds import Kinds
from perfkit.analyse.advice.module import Module
from perfkit.analyse.advice.shares import Share, shares
from perfkit.analyse.advice.view import views
from perfkit.model import Advice, PlainLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from perfkit.analyse.advice.loops import Loop
    from perfkit.analyse.advice.patterns import Found
    from perfkit.analyse.advice.view import View
    from perfkit.model import FunctionLines, ProfileRun, TimingRun

LEAST_SHARE = 0.01
"""Of the run, for a line to be worth a look."""

FAMILIES = (arrays, frames, text, searches, repeats, tensors, growth)
"""The recognisers; where several see something on a line, the first of them is heard."""

_OF_LOOPS = (text.FIELDS, tensors.SMALL)
"""One cure serves all lines of a loop that show these, though the loop stays."""

_MOST_OTHERS = 5
_MOST_SKETCHED = 8  # lines of one loop
_MOST_BOUND = 1000.0  # times faster: beyond, what is left is no longer known


@dataclass(frozen=True, slots=True)
class _Hot:
    """A line that ran: its function, its cost, its share."""

    function: FunctionLines
    line: int
    hits: int
    share: Share

    @property
    def text(self) -> str:
        """The line's text, without its margin."""
        at = self.line - self.function.first_line
        return self.function.source[at].strip() if 0 <= at < len(self.function.source) else ""


def advise(
    line_run: ProfileRun, clean: TimingRun | None = None, *, least_share: float = LEAST_SHARE
) -> tuple[Advice, ...]:
    """Say what to do about the hot lines of a profile.

    Parameters
    ----------
    line_run
        A line profile; with another there is nothing to say.
    clean
        A clean run of the same source, whose stages' times decide how much a line matters. Without one, the
        profiler's own times decide the order, and no gain is bounded.
    least_share
        Of the run, 0 to 1, for the lines of an advice together.

    Returns
    -------
    tuple of Advice
        The largest share first. No line is part of two.
    """
    return _Adviser(line_run, clean, least_share).advice()


def others(
    line_run: ProfileRun,
    clean: TimingRun | None,
    advice: Sequence[Advice],
    *,
    least_share: float = LEAST_SHARE,
    limit: int = _MOST_OTHERS,
) -> tuple[PlainLine, ...]:
    """Return the hottest lines that no advice is about.

    Parameters
    ----------
    advice
        What `advise` said.
    least_share
        Of the run, 0 to 1.
    limit
        How many lines at most.
    """
    known = {(one.function, line) for one in advice for line in one.lines}
    hot = _Adviser(line_run, clean, least_share).hot
    left = [one for key, one in hot.items() if key not in known and one.share.of_run >= least_share]
    return tuple(
        PlainLine(
            function=one.function.name, line=one.line, text=one.text, hits=one.hits, share=one.share.of_run
        )
        for one in sorted(left, key=lambda one: -one.share.of_run)[:limit]
    )


def recognised(view: View) -> Iterator[Found]:
    """Yield what all recognisers see in a function; of several on one line, the first family's."""
    heard: dict[int, str] = {}
    found = [(family.__name__, one) for family in FAMILIES for one in family.recognise(view)]
    also: dict[int, list[Found]] = defaultdict(list)
    first: list[Found] = []
    for name, one in sorted(found, key=lambda each: each[1].minor):
        if heard.setdefault(_line(one), name) == name:
            first.append(one)
        elif not one.minor:
            also[_line(one)].append(one)
    for one in first:
        yield dataclasses.replace(one, also=tuple(also[_line(one)]))


class _Adviser:
    """What one profile gives rise to."""

    def __init__(self, run: ProfileRun, clean: TimingRun | None, least_share: float) -> None:
        self._run = run
        self._bounded = clean is not None
        self._least = least_share
        threads = "" if clean is None else clean.observed.settings.get("torch threads", "")
        self._threads = int(threads) if threads.isdigit() else 0
        known = shares(run, clean)
        nothing = Share(of_run=0.0, stage="", own_s=0.0)
        self.hot = {
            (function.name, cost.line): _Hot(
                function, cost.line, cost.hits, known.get((function.name, cost.line), nothing)
            )
            for function in run.lines
            for cost in function.lines
        }

    def advice(self) -> tuple[Advice, ...]:
        """Return all advice, the largest share first."""
        found: list[Advice] = []
        self._single: list[Advice] = []
        for file in dict.fromkeys(one.file for one in self._run.lines):
            functions = [one for one in self._run.lines if one.file == file]
            module = Module.of(self._run.sources.get(file), functions)
            seen = views(module, Kinds(module))
            for function in functions:
                if function.lines and function.first_line in seen:
                    found += self._of(function, seen[function.first_line])
            taken = {(one.function, line) for one in found for line in one.lines}
            for function in functions if self._single else ():
                if function.lines and function.first_line in seen:
                    found += self._backward(function, seen[function.first_line], taken)
        kept = [one for one in found if one.share >= self._least]
        return tuple(sorted(kept, key=lambda one: (-one.share, one.file, one.line)))

    def _of(self, function: FunctionLines, view: View) -> Iterator[Advice]:
        """Yield what there is to say about a function."""
        often = [one for one in recognised(view) if self._is_hot(function, one)]
        taken: set[int] = set()
        groups = sorted(_groups(often), key=lambda one: -self._cost(function, one))
        for group in groups:
            lines = self._lines(function, view, group) - taken
            main = [one for one in group if not one.minor and _line(one) in lines]
            if main:
                taken |= lines
                made = self._advice(function, main, group, lines)
                if any(one.tensor for one in main):
                    self._single.append(made)
                yield made

    def _backward(self, function: FunctionLines, view: View, taken: set[tuple[str, int]]) -> Iterator[Advice]:
        """Yield the backward passes that pay for operations on single numbers in the same stage."""
        for one in tensors.backward(view):
            hot = self.hot.get((function.name, _line(one)))
            if hot is None or hot.hits < one.pattern.min_hits or (function.name, hot.line) in taken:
                continue
            for single in self._single:
                if single.stage == hot.share.stage:
                    evidence = (
                        f"`{single.function}` (line {single.line}) works on single numbers of a tensor."
                    )
                    sketch = f"{one.sketch}  # as it is, after the cure of line {single.line}"
                    cured = dataclasses.replace(one, sketch=sketch, evidence=evidence)
                    yield self._advice(function, [cured], [cured], {hot.line})
                    break

    def _is_hot(self, function: FunctionLines, one: Found) -> bool:
        """Whether a line ran as often as its pattern asks."""
        cost = self.hot.get((function.name, _line(one)))
        if cost is None:
            return False
        if one.pattern is text.EXCEPTIONS:
            handled = self._hits(function, one.statement.lineno)
            return cost.hits >= one.pattern.min_hits and handled >= text.OFTEN * self._passes(function, one)
        if one.pattern is tensors.SMALL and (
            self._threads < 2 or cost.share.own_s / cost.hits > tensors.SMALL_S  # noqa: PLR2004
        ):
            return False
        inside = one.loop is not None and one.loop.kind == "comprehension"
        return cost.hits >= (1 if inside else one.pattern.min_hits)

    def _hits(self, function: FunctionLines, line: int) -> int:
        """Return how often a line ran."""
        found = self.hot.get((function.name, line))
        return 0 if found is None else found.hits

    def _passes(self, function: FunctionLines, one: Found) -> int:
        """Return how often the ``try`` of an ``except`` ran."""
        for node in one.loop.body if one.loop is not None else ():
            if isinstance(node, ast.Try) and one.node in node.handlers:
                return self._hits(function, node.body[0].lineno)
        return 0

    def _cost(self, function: FunctionLines, group: Iterable[Found]) -> float:
        """Return the seconds of the lines of a group."""
        return sum(
            self.hot[function.name, line].share.own_s
            for line in {_line(one) for one in group}
            if (function.name, line) in self.hot
        )

    def _lines(self, function: FunctionLines, view: View, group: Sequence[Found]) -> set[int]:
        """Return the lines of a group that ran; with the loop's head, where the cure leaves nothing of it."""
        found = {number for one in group for number in (*_span(one), _line(one))}
        loop = group[0].loop
        if group[0].pattern.whole_loop and loop is not None and isinstance(loop.node, ast.For):
            body = {
                site.statement.lineno
                for site in view.sites
                if loop in site.loops
                and isinstance(site.node, ast.stmt)
                and not isinstance(site.node, ast.If)
            }
            if any(one.takes_all for one in group):
                found |= set(range(loop.node.lineno, (loop.node.end_lineno or loop.node.lineno) + 1))
            elif body <= found:
                found.add(loop.node.lineno)
        return {line for line in found if (function.name, line) in self.hot}

    def _also(self, function: FunctionLines, one: Found) -> tuple[str, ...]:
        """Name the other patterns that a line shows."""
        names = [each.pattern.name for each in one.also if self._is_hot(function, each)]
        return tuple(name for name in dict.fromkeys(names) if name != one.pattern.name)

    def _advice(
        self, function: FunctionLines, main: Sequence[Found], group: Sequence[Found], lines: set[int]
    ) -> Advice:
        """Make a piece of advice of the findings that one cure does for."""
        costliest = max(main, key=lambda one: self.hot[function.name, _line(one)].share.own_s)
        hot = [self.hot[function.name, line] for line in sorted(lines)]
        share = min(sum(one.share.of_run for one in hot), 1.0)
        shown = self.hot[function.name, _line(costliest)]
        stages: dict[str, float] = defaultdict(float)
        for one in hot:
            stages[one.share.stage] += one.share.of_run
        left = 1.0 - share
        evidence = costliest.evidence
        if costliest.pattern is tensors.SMALL:
            each_s = shown.share.own_s / shown.hits
            evidence = (
                f"{evidence.removesuffix('.')}: {1e6 * each_s:.0f} µs under the profiler. The clean run had "
                f"{self._threads} threads for it."
            )
        return Advice(
            stage=max(stages, key=stages.__getitem__),
            function=function.name,
            file=function.file,
            line=shown.line,
            lines=tuple(sorted(lines)),
            text=shown.text,
            pattern=costliest.pattern.name,
            cure=costliest.pattern.cure,
            sketch=_sketch(costliest, group, lines),
            hits=shown.hits,
            share=share,
            gain_bound=1 / left if self._bounded and left > 1 / _MOST_BOUND else None,
            evidence=evidence,
            also=self._also(function, costliest),
        )


def _line(one: Found) -> int:
    """Return the line of what shows a pattern."""
    line: int = getattr(one.node, "lineno", one.statement.lineno)
    return line


def _span(one: Found) -> range:
    """Return the lines of what shows a pattern: all of a statement that is written over several."""
    if isinstance(one.statement, ast.For | ast.While | ast.If | ast.With | ast.Try):
        return range(_line(one), _line(one) + 1)
    return range(one.statement.lineno, (one.statement.end_lineno or one.statement.lineno) + 1)


def _groups(found: Sequence[Found]) -> list[list[Found]]:
    """Put together what one cure does: one pattern in one loop, and the lines that only serve it."""
    groups: dict[tuple[str, object], list[Found]] = {}
    loose: list[Found] = []
    for one in found:
        if one.minor or (one.pattern is arrays.ELEMENTS and one.names):
            loose.append(one)
        else:
            key: tuple[str, Loop | int | None] = (
                one.pattern.name,
                one.loop if one.pattern.whole_loop or one.pattern in _OF_LOOPS else _line(one),
            )
            groups.setdefault(key, []).append(one)
    for one in sorted(loose, key=lambda each: each.minor):
        home = next(
            (
                group
                for group in groups.values()
                if group[0].pattern.whole_loop
                and any(_is_near(one.loop, each.loop) for each in group)
                and any(one.makes & each.names or one.names & each.makes for each in group)
            ),
            None,
        )
        if home is not None:
            home.append(one)
        elif not one.minor:
            groups.setdefault((one.pattern.name, one.loop), []).append(one)
    return list(groups.values())


def _is_near(one: Loop | None, other: Loop | None) -> bool:
    """Whether two loops are the same, or one is in the other."""
    if one is None or other is None:
        return False
    return one is other or one.node in other.body or other.node in one.body


def _sketch(costliest: Found, group: Sequence[Found], lines: set[int]) -> str:
    """Return the loop's lines after the cure, in their order; the costliest alone, where there are many."""
    if not costliest.pattern.whole_loop:
        return costliest.sketch
    shown = sorted((one for one in group if _line(one) in lines), key=_line)
    made = [
        one.sketch
        for one in shown
        if not (isinstance(one.statement, ast.If) and len(shown) > 1 and one is not costliest)
    ]
    tests = isinstance(costliest.statement, ast.If) and len(made) > 1
    texts = list(dict.fromkeys(made[1:] if tests and made[0] == costliest.sketch else made))
    return "\n".join(texts) if len(texts) <= _MOST_SKETCHED else costliest.sketch
