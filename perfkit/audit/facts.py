"""What a report states: its measurements, the groups that they stand in, and its claims about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

from perfkit.audit.words import OVERALL, PARALLEL, PER_ITEM, TOTAL

if TYPE_CHECKING:
    from perfkit.audit.figures import Figure
    from perfkit.audit.reading import Passage, Unread
    from perfkit.audit.spans import Span

MANY = 20
"""More things than this that a claim may be about are none: it is open which it means."""

Meaning: TypeAlias = Literal[
    "speedup",  # before / after
    "ratio",  # before / after or after / before: the title does not say
    "slower",  # after / before
    "faster_pct",
    "slower_pct",
    "less_pct",  # per cent of the time saved
    "change_pct",  # a change in per cent, of time or of speed
    "of_pct",  # per cent of the time that is left
    "share",  # per cent of a whole
    "share_saved",
    "of_or_share",  # "takes 3 % of the time": of its own before, or of the whole
    "saved_time",
    "target",
    "target_pct",
    "average",
    "metric",
    "level",  # of an interval: no claim
    "unknown",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Something measured before and after, as the report states it.

    Attributes
    ----------
    name, key
        As printed, and what it is known by; the key is empty where it has no name.
    ratio
        The ratio stated for it, if its times are not; used only then.
    interval
        The interval of its ratio.
    oriented
        Which of the two is before is certain.
    nested
        It is a part of the row above it.
    """

    name: str
    key: str
    line: int
    before: Figure | None = None
    after: Figure | None = None
    ratio: Figure | None = None
    interval: Span | None = None
    oriented: bool = True
    nested: bool = False

    @property
    def is_total(self) -> bool:
        """It covers everything."""
        return self.key == TOTAL

    def speeds(self, *, loosely: bool = False, widely: bool = False) -> tuple[Span, ...]:
        """Return what its figures allow as its speedup; several where it is open which side is which.

        Parameters
        ----------
        loosely
            Take a whole number's trailing zeros for rounding.
        widely
            Allow what its ± and intervals allow, too.
        """
        if self.before is None or self.after is None:
            if self.ratio is None:
                return ()
            return (self.ratio.whole_range if widely else self.ratio.tight,)
        sides = [
            one.whole_range if widely else one.loose if loosely else one.tight
            for one in (self.before, self.after)
        ]
        if self.before.kind == "rate":
            sides.reverse()
        found = [sides[0] / sides[1]]
        if not self.oriented or self.before.kind == "number":
            found.append(sides[1] / sides[0])
        if widely and self.interval is not None:
            found.append(self.interval)
        return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Measurements that stand together in a table or list.

    Attributes
    ----------
    total
        The one among them that covers the others.
    stages
        The report calls them stages, steps or components: parts of a whole.
    """

    rows: tuple[Measured, ...]
    total: Measured | None
    stages: bool
    line: int

    @property
    def parts(self) -> tuple[Measured, ...]:
        """Those that are no part of another, not the total, and no figure per item."""
        return tuple(
            one for one in self.rows if not (one.nested or one.is_total or PER_ITEM.search(one.name))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A figure that says something about others.

    Attributes
    ----------
    text
        The words around it, or its row.
    subjects
        What it may be about.
    explicit
        The report ties it to its subject: then a mismatch is an error, not a misreading.
    reason
        Why it cannot be checked, if that is known already.
    """

    figure: Figure
    meaning: Meaning
    line: int
    text: str
    subjects: tuple[Measured, ...] = ()
    explicit: bool = False
    reason: str = ""
    group: Group | None = None
    interval: Span | None = None
    column: str = ""

    @property
    def place(self) -> tuple[int, int, str]:
        """Where it stands; two claims never share it."""
        return (self.line, self.figure.start, self.column)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence of a passage: its words on one line, and its figures."""

    passage: Passage
    start: int
    end: int
    figures: tuple[Figure, ...]
    text: str

    @property
    def line(self) -> int:
        """The line that it starts on."""
        return self.passage.line_at(self.start)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A quality before and after, such as an accuracy, each as printed; one of the two may be missing."""

    name: str
    line: int
    text: str
    before: Figure | None
    after: Figure | None


@dataclass(frozen=True, kw_only=True)  # no slots: its indexes are made once, when a check first asks
class Facts:
    """Everything that was read from a report."""

    sentences: tuple[Sentence, ...]
    measured: tuple[Measured, ...]
    groups: tuple[Group, ...]
    claims: tuple[Claim, ...]
    metrics: tuple[Metric, ...]
    unread: tuple[Unread, ...]
    cells: tuple[Passage, ...] = field(default=())

    @cached_property
    def totals(self) -> tuple[Measured, ...]:
        """What covers everything: named so, or the only measurement without a name."""
        named = [one for one in self.measured if one.is_total and one.speeds()]
        found = named or [one for one in self.measured if not one.key and one.speeds()]
        return tuple(found) if len(found) <= MANY else ()

    @cached_property
    def by_line(self) -> dict[int, list[Claim]]:
        """The claims on each line."""
        found: dict[int, list[Claim]] = {}
        for claim in self.claims:
            found.setdefault(claim.line, []).append(claim)
        return found

    @cached_property
    def _by_group(self) -> dict[int, list[Claim]]:
        found: dict[int, list[Claim]] = {}
        for claim in self.claims:
            if claim.group is not None:
                found.setdefault(id(claim.group), []).append(claim)
        return found

    def claims_of(self, group: Group) -> list[Claim]:
        """Return the claims that stand in a table."""
        return self._by_group.get(id(group), [])

    @cached_property
    def of_the_whole(self) -> tuple[Figure, ...]:
        """The speedups stated for the whole, each once."""
        totals = {id(one) for one in self.totals}
        found = [
            claim.figure
            for claim in self.claims
            if claim.meaning == "speedup"
            and claim.explicit
            and any(id(one) in totals for one in claim.subjects)
        ]
        return tuple({one.text: one for one in found}.values())[:MANY]

    @cached_property
    def spoken(self) -> tuple[tuple[str, Span], ...]:
        """The speedups that prose states, each once."""
        found = [claim.figure for claim in self.claims if claim.meaning == "speedup" and not claim.column]
        return tuple({one.text: (one.text, one.tight) for one in found}.values())

    @cached_property
    def says_parallel(self) -> bool:
        """The report says that some of its times overlap."""
        return any(PARALLEL.search(sentence.text) for sentence in self.sentences)

    @cached_property
    def of_unknown_whole(self) -> tuple[Claim, ...]:
        """The speedups that prose states for the whole, whose times the report does not have."""
        found = [
            claim
            for claim in self.claims
            if claim.meaning == "speedup"
            and not claim.column
            and not claim.subjects
            and OVERALL.search(claim.text)
        ]
        return tuple(found[:MANY])
