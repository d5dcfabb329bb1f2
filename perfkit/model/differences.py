"""Two profiles side by side: which function became which, and what each of them and its lines saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from perfkit.model.profiles import CallTree, FunctionCost

MatchKind: TypeAlias = Literal[
    "mapped",  # the configuration says so
    "replaces",  # the code says so: replaces="old_name"
    "same name",  # module and qualified name
    "same body",  # renamed or moved; the only two functions with that body
    "similar",  # enough of its lines, one to one
    "suggested",  # same stage and caller: a guess, counted as new and vanished
    "new",
    "vanished",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionDelta:
    """One function before and after, within one stage or over all; times are the profiler's.

    Attributes
    ----------
    before, after
        None on the side where it is not.
    how
        How the two were matched.
    similarity
        Share of their lines that are alike, 0 to 1; None where they were not looked at.
    partner
        Of a suggestion: qualified name of the function on the other side that may have become this one.
    rolled_into
        Of a new or vanished function: qualified name of its nearest caller that is matched.
    saved_self_s, saved_cumulative_s
        Before minus after; what is on one side only counts with all it costs there.
    share
        Of the total saving under the profiler; None where that is not above zero.
    """

    before: FunctionCost | None
    after: FunctionCost | None
    how: MatchKind
    similarity: float | None = None
    partner: str = ""
    rolled_into: str = ""
    saved_self_s: float
    saved_cumulative_s: float
    share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StageDelta:
    """One stage before and after, its inner stages excluded.

    Attributes
    ----------
    path
        The baseline's name of it; empty for what no stage covers.
    before_s, after_s
        Wall time under the profiler.
    rest_before_s, rest_after_s
        What no function's self time covers.
    functions
        Those that saved or cost most first. Their `saved_self_s`, the rests' difference and `more_saved_s`
        add up to ``before_s - after_s``.
    more, more_saved_s
        How many further functions there are, which are not listed, and what they saved together.
    """

    path: str
    before_s: float
    after_s: float
    rest_before_s: float
    rest_after_s: float
    functions: tuple[FunctionDelta, ...]
    more: int = 0
    more_saved_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SideLine:
    """A line on one side of an alignment.

    Attributes
    ----------
    number
        In the file as it ran.
    hits, time_s
        None if it was never traced.
    share
        Of the function's time on this side, 0 to 1; None if it was never traced.
    """

    number: int
    text: str
    hits: int | None = None
    time_s: float | None = None
    share: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignedLine:
    """A line before and after; None on the side that lacks it.

    Attributes
    ----------
    folded
        Whether it may be left out where room is short: it is cold, and far from what matters.
    """

    kind: Literal["unchanged", "replaced", "removed", "added"]
    before: SideLine | None
    after: SideLine | None
    folded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignedFunction:
    """A function's two sources, aligned line by line, with what each line cost under line_profiler.

    Attributes
    ----------
    stage
        Name of the stage that it is or holds, the baseline's where both are one; or empty.
    before, after
        Qualified names; empty on the side that lacks it.
    before_file, after_file
        Where it lies.
    before_s, after_s
        Time of all its lines under the profiler.
    """

    stage: str
    before: str
    after: str
    before_file: str
    after_file: str
    before_s: float
    after_s: float
    how: MatchKind
    lines: tuple[AlignedLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfiledSide:
    """Whose profile one side is.

    Attributes
    ----------
    title
        A variant's name, or a file's.
    run_id
        Empty for a profile that perfkit did not record.
    total_s
        Wall time under the profiler; of a foreign profile, the sum of all self times.
    size
        What was run, such as ``n_samples=3000``; empty where that is not known.
    """

    title: str
    run_id: str
    profiler: str
    python: str
    total_s: float
    size: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Two profiles compared. Its times are inflated by the profiler: no speedup is computed from them.

    Attributes
    ----------
    stages
        One alone, of an empty path, where the profiles know no stages.
    functions
        Over all stages.
    lines
        Functions of the line profiles, those that saved most first.
    lines_size
        The size at which lines were profiled, where it differs from that of the functions.
    before_tree, after_tree
        Call stacks; approximate ones where nothing was sampled.
    notes
        What the reader should know, one sentence each.
    """

    before: ProfiledSide
    after: ProfiledSide
    stages: tuple[StageDelta, ...]
    functions: tuple[FunctionDelta, ...]
    lines: tuple[AlignedFunction, ...] = ()
    lines_size: str = ""
    before_tree: CallTree | None = None
    after_tree: CallTree | None = None
    notes: tuple[str, ...] = ()
