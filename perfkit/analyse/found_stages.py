"""Choose stages for code that declares none: what its entry calls, and what those call in turn.

The functions of the variant's own file were all stages for one run, whose times and nesting tell who called
whom. Chosen are those that the entry calls directly and their children one level down.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse.matching import match
from perfkit.model import FunctionTable, StagePair

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from perfkit.model import StageTiming

_ENTRY_SHARE = 0.8
"""Of the time of what calls it: one function that takes more is no stage but leads to them."""
_COST_S = 2e-6
"""About what a stage costs at each call while it is recorded."""
_MOST_COST = 0.01
"""Of its own time: a function called so often that stages would cost more is none."""
_TRIFLE = 0.01
"""Of the entry's time: a function that returns nothing and takes less says nothing as a stage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a file says of a function that can be a stage.

    Attributes
    ----------
    line
        Where it begins, its decorators included.
    doc
        First line of its docstring.
    parameters
        How many it has, without ``self``.
    silent
        Whether no ``return`` in it has a value.
    """

    line: int
    doc: str = ""
    parameters: int = 0
    silent: bool = False


_UNKNOWN = Written(line=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A side's file.

    Attributes
    ----------
    functions
        By qualified name: those that can be stages.
    """

    path: str
    source: str
    functions: Mapping[str, Written]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The stages of one side.

    Attributes
    ----------
    entry
        Qualified name of the function that calls the stages; empty if the script or the run itself does.
    functions
        Qualified names of those that are stages, in the order of their first call.
    left_out
        Those that are called too often for their time.
    children
        By qualified name, empty for the entry: the stages that it calls, in the order of their first call.
    above
        By qualified name: all that called it, directly or not.
    """

    entry: str
    functions: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    children: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    above: Mapping[str, frozenset[str]] = field(default_factory=dict)


def choose(
    stages: Iterable[StageTiming], run_s: float, functions: Mapping[str, Written] | None = None
) -> Found:
    """Choose the stages of one side.

    Parameters
    ----------
    stages
        Of a run in which each function of the file was a stage by its qualified name.
    run_s
        What the run took.
    functions
        What the file says of them.
    """
    known = functions or {}
    timings = {one.path: one for one in stages if one.in_main_thread}
    entry, entry_s = "", run_s
    while True:
        children = _children(timings, entry)
        longest = max(children, key=lambda path: timings[path].total_s, default=None)
        if longest is None:
            break
        takes_all = timings[longest].total_s >= _ENTRY_SHARE * entry_s
        others = [one for one in children if one != longest]
        alone = all(_is_light(timings[one], entry_s) for one in others)
        # A function that does the work itself is a stage, and not the way to some: of a training that takes
        # nearly all, what comes before and after it are its like, and more than what it calls.
        steps = [one for one in _children(timings, longest) if _is_cheap(timings[one])]
        like = [one for one in others if not known.get(_last(one), _UNKNOWN).silent]
        if not (takes_all and alone and len(steps) > len(like)):
            break
        entry, entry_s = longest, timings[longest].total_s
    chosen: list[str] = []
    left_out: list[str] = []
    below: dict[str, list[str]] = {}
    for path in _children(timings, entry):
        for one in (path, *_children(timings, path)):
            name = _last(one)
            if known.get(name, _UNKNOWN).silent and timings[one].total_s < _TRIFLE * entry_s:
                continue
            into = chosen if _is_cheap(timings[one]) else left_out
            if name not in into:
                into.append(name)
            siblings = below.setdefault("" if one == path else _last(path), [])
            if into is chosen and name not in siblings:
                siblings.append(name)
    above: dict[str, set[str]] = {}
    for path in timings:
        *callers, name = path.split("/")
        above.setdefault(name, set()).update(callers)
    return Found(
        entry=_last(entry),
        functions=tuple(chosen),
        left_out=tuple(one for one in left_out if one not in chosen),
        children={parent: tuple(names) for parent, names in below.items()},
        above={name: frozenset(callers) for name, callers in above.items()},
    )


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _children(timings: Mapping[str, StageTiming], parent: str) -> list[str]:
    depth = parent.count("/") + 1 if parent else 0
    start = f"{parent}/" if parent else ""
    return [path for path in timings if path.startswith(start) and path.count("/") == depth]


def _is_light(timing: StageTiming, of_s: float) -> bool:
    """Tell whether a function takes so little beside another that it is no stage of the same work."""
    return timing.total_s < (1 - _ENTRY_SHARE) / 4 * of_s


def _is_cheap(timing: StageTiming) -> bool:
    """Tell whether a function would be slowed down by less than a hundredth if it were a stage."""
    return timing.calls <= 1 or timing.calls * _COST_S <= _MOST_COST * timing.total_s


# ---------------------------------------------------------------- which answers to which


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """The stages of two sides.

    Attributes
    ----------
    pairs
        The baseline's stages.
    own
        The contender's that answer to none of them, by qualified name.
    left_out
        Functions that are called too often for their time, on either side.
    """

    pairs: tuple[StagePair, ...]
    own: tuple[str, ...]
    left_out: tuple[str, ...]


def pair(files: tuple[File, File], found: tuple[Found, Found]) -> Paired:
    """Decide which of the contender's functions is which stage of the baseline.

    What is called too often on one side is a stage on neither. Nor is a function without an answer that
    only wraps others which have one: their places would differ.

    Parameters
    ----------
    files, found
        Of the baseline, and of the contender.
    """
    ours, theirs = found
    partner = {a: (b, "") for a, b in _matched(files).items()}  # by the baseline's name: the other, and how
    if ours.functions and theirs.functions:
        _pair_siblings(files, found, partner)
    answers = {a: b for a, (b, _) in partner.items()}
    answered = {b: a for a, b in answers.items()}
    stages = [
        one for one in ours.functions if one not in ours.left_out and answers.get(one) not in theirs.left_out
    ]
    own = [one for one in theirs.functions if one not in answered]
    stages = _without_wrappers(stages, ours.above, {one for one in stages if one in answers})
    own = _without_wrappers(own, theirs.above, {answers[one] for one in stages if one in answers})
    short = names(stages)
    return Paired(
        pairs=tuple(
            StagePair(
                stage=short[a], baseline=a, contender=answers.get(a, ""), how=partner.get(a, ("", ""))[1]
            )
            for a in stages
        ),
        own=tuple(own),
        left_out=tuple(dict.fromkeys((*ours.left_out, *theirs.left_out))),
    )


def _without_wrappers(
    stages: Sequence[str], above: Mapping[str, frozenset[str]], answered: set[str]
) -> list[str]:
    """Leave out what has no answer itself and calls what has one."""
    callers = frozenset().union(*(above.get(one, frozenset()) for one in answered))
    return [one for one in stages if one in answered or one not in callers]


def _pair_siblings(
    files: tuple[File, File], found: tuple[Found, Found], partner: dict[str, tuple[str, str]]
) -> None:
    """Pair what is left among the functions that the same stage calls: by docstring, name and place."""
    waiting = [("", "")]
    seen = set(waiting)
    while waiting:
        ours, theirs = (
            one.children.get(parent, ()) for one, parent in zip(found, waiting.pop(), strict=True)
        )
        taken = {b for b, _ in partner.values()}
        left = [a for a in ours if a not in partner], [b for b in theirs if b not in taken]
        for a, b, how in _told_apart(files, left):
            partner[a] = (b, how)
        for a in ours:
            step = (a, partner[a][0]) if a in partner else None
            if step is not None and step not in seen:
                seen.add(step)
                waiting.append(step)


def _told_apart(
    files: tuple[File, File], left: tuple[list[str], list[str]]
) -> Iterator[tuple[str, str, str]]:
    """Yield pairs among siblings, by the surest evidence first."""
    ours, theirs = list(left[0]), list(left[1])
    written = files[0].functions, files[1].functions
    ways: tuple[tuple[str, Callable[[str, str], float]], ...] = (
        ("", lambda a, b: float(a.rpartition(".")[2] == b.rpartition(".")[2])),  # of a class that was renamed
        ("docstring", lambda a, b: float(bool(written[0][a].doc) and written[0][a].doc == written[1][b].doc)),
        ("name", _alike),
    )
    for how, likeness in ways:
        for a in list(ours):
            b = _best(a, theirs, likeness)
            if b is not None and _best(b, ours, lambda one, other: likeness(other, one)) == a:  # noqa: B023
                yield a, b, how
                ours.remove(a)
                theirs.remove(b)
    if len(ours) == len(theirs) == 1:
        one, other = written[0][ours[0]], written[1][theirs[0]]
        if (one.parameters, one.silent) == (other.parameters, other.silent):
            yield ours[0], theirs[0], "place"


def _best(one: str, among: Sequence[str], likeness: Callable[[str, str], float]) -> str | None:
    """Return what is most like it; None if nothing is, or two are as much."""
    ranked = sorted(((likeness(one, other), other) for other in among), reverse=True)
    if not ranked or not ranked[0][0] or (len(ranked) > 1 and ranked[1][0] == ranked[0][0]):
        return None
    return ranked[0][1]


_EMPTY_WORDS = frozenset(
    "a all and build calc calculate compute create do fast feature for from get in make new of old optimised "  # noqa: SIM905  as a text it is read at a glance
    "optimized proces run slow the to v vec vectorised vectorized with".split()
)
"""Words of a name that say nothing of what it is about."""


def _alike(ours: str, theirs: str) -> float:
    """Return which share of the words of two names is in both."""
    words = [set(_words(one)) - _EMPTY_WORDS for one in (ours, theirs)]
    return len(words[0] & words[1]) / len(words[0] | words[1]) if words[0] | words[1] else 0.0


def _words(name: str) -> Iterator[str]:
    for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name.rpartition(".")[2]):
        yield word.lower().removesuffix("s")


def _matched(files: tuple[File, File]) -> dict[str, str]:
    """Return by the baseline's function the contender's that is the same by its name or its body."""
    tables = [
        _table(one.source, one.path, {name: f.line for name, f in one.functions.items()}) for one in files
    ]
    partner = match(tables[0], tables[1]).partner.tolist()
    ours, theirs = (list(one.functions) for one in files)
    return {ours[i]: theirs[j] for i, j in enumerate(partner) if j >= 0}


def _table(source: str, file: str, functions: Mapping[str, int]) -> FunctionTable:
    """Return a table of functions that were not measured."""
    n = len(functions)
    zeros, counts, none = np.zeros(n), np.zeros(n, np.int64), np.zeros(0, np.int32)
    return FunctionTable(
        title=file,
        python="",
        files=[file],
        places=[file],
        own=np.ones(1, bool),
        main=0,
        sources={0: source},
        file=np.zeros(n, np.int32),
        line=np.array(list(functions.values()), np.int32),
        names=[one.rpartition(".")[2] for one in functions],
        qualified=list(functions),
        calls=counts,
        primitive_calls=counts,
        self_s=zeros,
        cumulative_s=zeros,
        caller=none,
        callee=none,
        edge_calls=np.zeros(0, np.int64),
        edge_self_s=np.zeros(0),
        edge_cumulative_s=np.zeros(0),
    )


def names(functions: Sequence[str]) -> dict[str, str]:
    """Return the stages' names by qualified names: short where that is enough to tell them apart."""
    short = Counter(one.rpartition(".")[2] for one in functions)
    found = {}
    for one in functions:
        name = one.rpartition(".")[2]
        found[one] = name if short[name] == 1 and not name.startswith("__") else one
    return found
