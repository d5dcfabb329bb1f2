"""Compare the checkpoints of a baseline and a contender, stage by stage: a verdict each, with its figures.

Exact types first, then structure, dtype and shape; then digests, and values only where these differ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from perfkit.model import Checkpoint, Equivalence, Leaf, TakenApart, Tolerance
from perfkit.verify import arrays, numbers
from perfkit.verify.dtypes import TEXTS, default_rtol, widen
from perfkit.verify.parts import ROWS, UnreadFile
from perfkit.verify.structure import Match, counted, is_container
from perfkit.verify.summary import spread_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

RESULT = "result"
"""The name of what ``run`` returned, whose stage is empty in the checkpoints."""

_EXACT = -1.0  # the excess, difference over tolerance, of a value that has no tolerance
_SAMPLED = "; of what is too large to keep, a sample was compared"
_MOST_TAKEN_APART = 50  # types, or sets of parts, that a report can list
_SHOWN = 60  # characters of a value in a sentence
_DENORMAL = 1e-280  # a recorded root mean square below has lost digits


def compare(
    baseline: Sequence[Checkpoint],
    contender: Sequence[Checkpoint],
    *,
    baseline_folder: Path,
    contender_folder: Path,
    tolerances: Mapping[str, Tolerance],
    rtol: float | None = None,
    stages: Sequence[str],
    contender_stages: Sequence[str],
) -> tuple[Equivalence, ...]:
    """Decide for every stage of the baseline, and for the result, whether the contender's is the same.

    Parameters
    ----------
    baseline, contender
        What `perfkit.verify.checkpoints.read` returned.
    baseline_folder, contender_folder
        Where their arrays lie.
    tolerances
        By stage path, or ``result``.
    rtol
        Replaces every tolerance, the defaults included; a declared dtype stands.
    stages, contender_stages
        Paths of the stages that ran, whether or not they handed a value over.

    Returns
    -------
    tuple of Equivalence
        In the order of `stages`, then ``result``.

    Raises
    ------
    StoreError
        When a stored array cannot be read.
    """
    ours, theirs = _by_stage(baseline), _by_stage(contender)
    there = {*contender_stages, *theirs}
    found = []
    for path in [*dict.fromkeys([*stages, *(path for path in ours if path)]), ""]:
        name = path or RESULT
        tolerance = tolerances.get(name, Tolerance())
        if rtol is not None:
            declared = tolerance.reason if tolerance.dtype else ""
            tolerance = Tolerance(rtol=rtol, dtype=tolerance.dtype, reason=declared)
        comparison = _Comparison(name, tolerance, baseline_folder, contender_folder)
        if path and path not in there:
            found.append(comparison.not_checked("the contender has no stage of this name"))
        else:
            found.append(comparison.of(ours.get(path, []), theirs.get(path, [])))
    return tuple(found)


def _by_stage(checkpoints: Sequence[Checkpoint]) -> dict[str, list[Checkpoint]]:
    found: dict[str, list[Checkpoint]] = {}
    for one in checkpoints:
        found.setdefault(one.stage, []).append(one)
    return {path: sorted(calls, key=lambda call: call.occurrence) for path, calls in found.items()}


# ---------------------------------------------------------------- one stage


@dataclass(slots=True)
class _Worst:
    """The value that a sentence names: the one farthest beyond its tolerance, else the first exact one."""

    at: str = ""
    baseline: str = ""
    contender: str = ""
    excess: float = _EXACT


@dataclass(slots=True)
class _Comparison:
    """One stage's comparison, as it adds up over calls and leaves."""

    stage: str
    tolerance: Tolerance
    baseline_folder: Path
    contender_folder: Path
    calls: int = 1
    values: int = 0
    differing: int = 0
    identical: bool = True
    floating: bool = False
    worst_abs: float = 0.0
    excess: float = -1.0
    worst_rel: float = 0.0
    worst_at: str = ""
    rtol: float | None = None
    named: _Worst = field(default_factory=_Worst)
    stated: str = ""
    unchecked: str = ""
    lowered: str = ""
    partly: bool = False
    taken_apart: tuple[TakenApart, ...] = ()

    def of(self, ours: list[Checkpoint], theirs: list[Checkpoint]) -> Equivalence:
        """Compare all calls of the stage."""
        if all(_is_none(call) for call in [*ours, *theirs]):
            return self.not_checked(f"{'run' if self.stage == RESULT else 'the stage'} returns nothing")
        if not ours or not theirs:
            return self.not_checked(f"the {'contender' if ours else 'baseline'}'s stage hands over no value")
        if len(ours) != len(theirs):
            counts = f"{counted(len(ours), 'value')}, the contender {len(theirs):,}"
            return self._verdict("different", f"the baseline handed over {counts}")
        self.calls = len(ours)
        self.taken_apart = _taken_apart([*ours, *theirs])
        shapes = _shapes(ours)
        pairs = [
            Match.of(b.leaves, c.leaves, self.tolerance.dtype) for b, c in zip(ours, theirs, strict=True)
        ]
        for call, pair in enumerate(pairs):
            form = pair.form()
            if form is not None:
                return self._verdict("different", self._located(form[0], call, form[1]), shapes)
        for call, pair in enumerate(pairs):
            for b, c in pair.matched:
                self._add(b, c, call)
        return self._conclude(shapes)

    def not_checked(self, reason: str) -> Equivalence:
        """Return the verdict of a stage that had nothing to compare."""
        return self._verdict("not checked", reason)

    def _add(self, b: Leaf, c: Leaf, call: int) -> None:
        """Compare one leaf of one call; types, dtypes and shapes agree by now."""
        if "opaque" in {b.kind, c.kind}:
            reason = b.text if b.kind == "opaque" else c.text
            self._leave(self._located(b.path, call, reason))
        elif b.by != c.by:
            ours, theirs = (one.by or "perfkit itself" for one in (b, c))
            reason = f"{b.type} was taken apart by {ours} for the baseline, by {theirs} for the contender"
            self._leave(self._located(b.path, call, reason))
        elif b.kind == "exact":
            if not is_container(b):
                self.values += 1
                if b.text != c.text and b.type == c.type and b.type.endswith(UnreadFile.__name__):
                    self._leave("it is no text, and its bytes differ: what they mean is not known")
                elif b.text != c.text:
                    self._differ(1, _Worst(self._place(b.path, call), b.text, c.text))
        else:
            rtol = self._rtol(b, c)
            self.floating |= rtol is not None
            if b.dtype != c.dtype:
                self.lowered = f"{c.dtype} instead of {b.dtype}"
            if b.digest == c.digest and b.dtype == c.dtype:
                self.values += math.prod(b.shape)
            else:
                self._add_array(b, c, call, rtol)

    def _add_array(self, b: Leaf, c: Leaf, call: int, rtol: float | None) -> None:
        self.identical = False
        both = arrays.load_both(b, c, self.baseline_folder, self.contender_folder)
        if both is None:
            self._unkept(b, c, call, rtol)
            return
        left, right, places = both.baseline, both.contender, both.places
        if b.dtype in TEXTS:
            left, right = _texts(left, b), _texts(right, c)
        self.values += left.size
        self.partly |= places is not None
        if rtol is None:
            gap, excess = numbers.exact_gap(left, right), _EXACT
        else:
            gap = numbers.float_gap(left, right, (b.dtype, c.dtype), rtol, _rms(b, left))
            excess = gap.rel / rtol if rtol else (math.inf if gap.rel else 0.0)
        flat = gap.at if places is None or gap.at < 0 else int(places[gap.at])
        at = self._place(b.path + _index(flat, b.shape), call) if gap.at >= 0 else ""
        if rtol is not None:
            self.worst_abs = max(self.worst_abs, gap.abs)
            if excess > self.excess:
                self.excess, self.worst_rel, self.worst_at, self.rtol = excess, gap.rel, at, rtol
        if gap.differing:
            shown = _values(left, right, gap.at, (b.dtype, c.dtype))
            self._differ(gap.differing, _Worst(at, *shown, excess))
        elif places is not None:
            self._unkept(b, c, call, rtol, places.size)

    def _unkept(self, b: Leaf, c: Leaf, call: int, rtol: float | None, sampled: int = 0) -> None:
        """Conclude on values that are not there: from their digests, which differ, and their counts."""
        size = math.prod(b.shape)
        if rtol is None:
            seen = f", though none of {sampled:,} sampled values does" if sampled else ""
            self._state(
                b.path, call, f"too large to keep whole: the digests of {size:,} exact values differ{seen}"
            )
            return
        if b.summary and c.summary:
            for word, ours, theirs in (
                ("NaN", b.summary.nan, c.summary.nan),
                ("infinite", b.summary.inf, c.summary.inf),
            ):
                if ours != theirs:
                    self._state(
                        b.path,
                        call,
                        f"{ours:,} of {size:,} baseline values are {word}, {theirs:,} of the contender's",
                    )
                    return
        if sampled:
            reason = f"sampled: {sampled:,} of {size:,} values compared, none beyond the tolerance"
        else:
            reason = "too large to keep; the digests differ"
        self._leave(self._located(b.path, call, reason))

    def _state(self, path: str, call: int, sentence: str) -> None:
        """Note a difference that no single value shows."""
        self.stated = self.stated or self._located(path, call, sentence)

    def _differ(self, count: int, worst: _Worst) -> None:
        self.identical = False
        if not self.differing or worst.excess > self.named.excess:
            self.named = worst
        self.differing += count

    def _leave(self, reason: str) -> None:
        self.unchecked = self.unchecked or reason

    def _conclude(self, shapes: str) -> Equivalence:
        if self.differing:
            sentence = _difference(self.differing, self.values, self.named)
            return self._verdict("different", sentence + (_SAMPLED if self.partly else ""), shapes)
        if self.stated:
            return self._verdict("different", self.stated, shapes)
        if self.unchecked:
            return self._verdict("not checked", self.unchecked, shapes)
        return self._verdict("identical" if self.identical else "equal within tolerance", "", shapes)

    def _verdict(
        self,
        verdict: Literal["identical", "equal within tolerance", "different", "not checked"],
        reason: str,
        shapes: str = "",
    ) -> Equivalence:
        return Equivalence(
            stage=self.stage,
            verdict=verdict,
            reason=reason,
            shapes=shapes,
            values=self.values,
            worst_abs=_finite(self.worst_abs) if self.floating else None,
            worst_rel=_finite(self.worst_rel) if self.floating else None,
            worst_at=self.worst_at,
            rtol=self.rtol,
            tolerance_reason=self._tolerance_reason(),
            taken_apart=self.taken_apart,
        )

    def _tolerance_reason(self) -> str:
        reason = self.tolerance.reason
        if self.lowered:
            return f"declared: {self.lowered}" + (f"; {reason}" if reason else "")
        return reason if self.rtol is not None and self.tolerance.rtol is not None else ""

    def _rtol(self, b: Leaf, c: Leaf) -> float | None:
        """Return the tolerance of a leaf, the looser dtype's if none is set; ``None``: compared exactly."""
        ours, theirs = default_rtol(b.dtype), default_rtol(c.dtype)
        if ours is None or theirs is None:
            return None
        return max(ours, theirs) if self.tolerance.rtol is None else self.tolerance.rtol

    def _place(self, path: str, call: int) -> str:
        if ROWS in path:
            path = _by_row(path)
        if self.calls == 1:
            return path
        return f"{path} in call {call + 1}" if path else f"call {call + 1}"

    def _located(self, path: str, call: int, sentence: str) -> str:
        place = self._place(path, call)
        return f"at {place}: {sentence}" if place else sentence


# ---------------------------------------------------------------- sentences


def _difference(differing: int, values: int, worst: _Worst) -> str:
    if values == 1:
        where, what = (f" at {worst.at}" if worst.at else ""), "the value differs"
    else:
        verb = "differs" if differing == 1 else "differ"
        where = f", {'first' if worst.excess == _EXACT else 'worst'} at {worst.at}" if worst.at else ""
        what = f"{differing:,} of {counted(values, 'value')} {verb}"
    beyond = "" if worst.excess == _EXACT else " beyond the tolerance"
    return f"{what}{beyond}{where}: baseline {_cut(worst.baseline)}, contender {_cut(worst.contender)}"


def _values(
    left: NDArray[np.generic], right: NDArray[np.generic], at: int, dtypes: tuple[str, str]
) -> tuple[str, str]:
    """Return two values as text, numbers with as many digits as tell them apart."""
    if dtypes[0] in {"str", "int"}:
        return str(left[at], "utf-8", "backslashreplace"), str(right[at], "utf-8", "backslashreplace")
    pair = [left[at : at + 1], right[at : at + 1]]
    if default_rtol(dtypes[0]) is None:
        return str(pair[0].tolist()[0]), str(pair[1].tolist()[0])
    if "bfloat16" in dtypes or dtypes[0] != dtypes[1]:
        pair = [widen(one, dtype) for one, dtype in zip(pair, dtypes, strict=True)]
    short = [f"{one[0]:.6g}" for one in pair]
    return (short[0], short[1]) if short[0] != short[1] else (str(pair[0][0]), str(pair[1][0]))


def _rms(leaf: Leaf, kept: NDArray[np.generic]) -> tuple[Any, Any]:
    """Return the baseline's root mean square, in two factors: as it was recorded, of all its values."""
    recorded = leaf.summary.rms if leaf.summary else None
    if recorded is not None and (recorded == 0 or recorded > _DENORMAL):
        return recorded, 1.0
    return spread_of(kept, leaf.dtype).rms()


def _texts(packed: NDArray[np.generic], leaf: Leaf) -> NDArray[np.object_]:
    """Return packed texts one by one, still encoded: shape ``(n,)``."""
    unpacked = arrays.unpack_texts(packed, leaf.shape)
    found = np.empty(len(unpacked), dtype=object)
    found[:] = unpacked
    return found


def _by_row(path: str) -> str:
    """Return the place in a table as Python would write it: the record's index first."""
    above, _, column = path.partition(ROWS)
    name, _, row = column.rpartition("[")
    return f"{above}[{row}{name}" if name and row.rstrip("]").isdigit() else path


def _index(flat: int, shape: tuple[int, ...]) -> str:
    place = ", ".join(str(int(one)) for one in np.unravel_index(flat, shape)) if shape else ""
    return f"[{place}]" if place else ""


def _taken_apart(calls: Sequence[Checkpoint]) -> tuple[TakenApart, ...]:
    """Return each type that a plug-in took apart, once for each set of parts."""
    found = {
        TakenApart(type=leaf.type, parts=leaf.text, by=leaf.by): None
        for call in calls
        for leaf in call.leaves
        if leaf.by
    }
    return tuple(sorted(found, key=lambda one: (one.type, one.by, one.parts))[:_MOST_TAKEN_APART])


def _shapes(calls: list[Checkpoint]) -> str:
    """Say in short what the first call holds, and how many calls there are."""
    leaves = [leaf for leaf in calls[0].leaves if leaf.kind != "opaque"]
    large = [leaf for leaf in leaves if leaf.kind == "array" and leaf.shape]
    single = [leaf for leaf in leaves if not (is_container(leaf) or (leaf.kind == "array" and leaf.shape))]
    figures = [leaf for leaf in single if _is_number(leaf)]
    if len(large) == 1 and not single:
        text = f"{large[0].dtype} {large[0].shape}"
    else:
        counts = {"array": len(large), "number": len(figures), "other value": len(single) - len(figures)}
        text = ", ".join(counted(count, noun) for noun, count in counts.items() if count)
    return f"{text}, {len(calls):,} calls" if text and len(calls) > 1 else text


def _is_number(leaf: Leaf) -> bool:
    if leaf.kind == "array":
        return leaf.dtype not in TEXTS
    return leaf.type in {"builtins.int", "builtins.bool"}


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def _finite(value: float) -> float | None:
    """Return the value; ``None`` for an infinite one, which JSON cannot hold: the reason says it."""
    return value if math.isfinite(value) else None


def _is_none(checkpoint: Checkpoint) -> bool:
    return len(checkpoint.leaves) == 1 and checkpoint.leaves[0].type == "builtins.NoneType"
