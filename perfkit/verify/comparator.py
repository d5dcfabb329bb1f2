"""Compare the checkpoints of a baseline and a contender, stage by stage: a verdict each, with its figures.

Exact types first, then structure, dtype and shape; then digests, and values only where these differ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from perfkit.model import Checkpoint, Equivalence, Leaf, Tolerance
from perfkit.verify import arrays, numbers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

RESULT = "result"
"""The name of what ``run`` returned, whose stage is empty in the checkpoints."""

_EXACT = -1.0  # the excess, difference over tolerance, of a value that has no tolerance
_SHOWN = 60  # characters of a value in a sentence


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
        Replaces every tolerance, the defaults included.
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
        tolerance = Tolerance(rtol=rtol) if rtol is not None else tolerances.get(name, Tolerance())
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
    unchecked: str = ""

    def of(self, ours: list[Checkpoint], theirs: list[Checkpoint]) -> Equivalence:
        """Compare all calls of the stage."""
        if all(_is_none(call) for call in [*ours, *theirs]):
            return self.not_checked(f"{'run' if self.stage == RESULT else 'the stage'} returns nothing")
        if not ours or not theirs:
            return self.not_checked(f"the {'contender' if ours else 'baseline'}'s stage hands over no value")
        if len(ours) != len(theirs):
            counts = f"{_counted(len(ours), 'value')}, the contender {len(theirs):,}"
            return self._verdict("different", f"the baseline handed over {counts}")
        self.calls = len(ours)
        shapes = _shapes(ours)
        pairs = [_Pair.of(b.leaves, c.leaves) for b, c in zip(ours, theirs, strict=True)]
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
        elif b.kind == "exact":
            if not _is_container(b):
                self.values += 1
                if b.text != c.text:
                    self._differ(1, _Worst(self._place(b.path, call), b.text, c.text))
        else:
            rtol = self._rtol(b.dtype)
            if b.digest == c.digest:
                self.values += math.prod(b.shape)
                self.floating |= rtol is not None
            else:
                self._add_array(b, c, call, rtol)

    def _add_array(self, b: Leaf, c: Leaf, call: int, rtol: float | None) -> None:
        left, right = arrays.load(b, self.baseline_folder), arrays.load(c, self.contender_folder)
        if left is None or right is None:
            self._leave(self._located(b.path, call, "too large to keep; the digests differ"))
            return
        if b.dtype in arrays.TEXTS:
            left, right = _texts(left, b), _texts(right, c)
        self.identical = False
        self.values += math.prod(b.shape)
        if rtol is None:
            gap, excess = numbers.exact_gap(left, right), _EXACT
        else:
            gap = numbers.float_gap(left, right, b.dtype, rtol)
            excess = gap.rel / rtol if rtol else (math.inf if gap.rel else 0.0)
        at = self._place(b.path + _index(gap.at, b.shape), call) if gap.at >= 0 else ""
        if rtol is not None:
            self.floating = True
            self.worst_abs = max(self.worst_abs, gap.abs)
            if excess > self.excess:
                self.excess, self.worst_rel, self.worst_at, self.rtol = excess, gap.rel, at, rtol
        if gap.differing:
            self._differ(gap.differing, _Worst(at, *_values(left, right, gap.at, b.dtype), excess))

    def _differ(self, count: int, worst: _Worst) -> None:
        self.identical = False
        if not self.differing or worst.excess > self.named.excess:
            self.named = worst
        self.differing += count

    def _leave(self, reason: str) -> None:
        self.unchecked = self.unchecked or reason

    def _conclude(self, shapes: str) -> Equivalence:
        if self.differing:
            return self._verdict("different", _difference(self.differing, self.values, self.named), shapes)
        if self.unchecked:
            return self._verdict("not checked", self.unchecked, shapes)
        return self._verdict("identical" if self.identical else "equal within tolerance", "", shapes)

    def _verdict(
        self,
        verdict: Literal["identical", "equal within tolerance", "different", "not checked"],
        reason: str,
        shapes: str = "",
    ) -> Equivalence:
        configured = self.rtol is not None and self.tolerance.rtol is not None
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
            tolerance_reason=self.tolerance.reason if configured else "",
        )

    def _rtol(self, dtype: str) -> float | None:
        """Return the tolerance of a leaf's dtype; ``None`` if it is compared exactly."""
        default = None if dtype in arrays.TEXTS else numbers.default_rtol(dtype)
        return default if default is None or self.tolerance.rtol is None else self.tolerance.rtol

    def _place(self, path: str, call: int) -> str:
        if self.calls == 1:
            return path
        return f"{path} in call {call + 1}" if path else f"call {call + 1}"

    def _located(self, path: str, call: int, sentence: str) -> str:
        place = self._place(path, call)
        return f"at {place}: {sentence}" if place else sentence


# ---------------------------------------------------------------- structure


@dataclass(slots=True)
class _Pair:
    """The leaves of one call on both sides, matched by their paths."""

    matched: list[tuple[Leaf, Leaf]]
    missing: list[Leaf]
    added: list[Leaf]

    @classmethod
    def of(cls, ours: Sequence[Leaf], theirs: Sequence[Leaf]) -> _Pair:
        left, right = _by_place(ours), _by_place(theirs)
        matched = [(leaf, right[place]) for place, leaf in left.items() if place in right]
        missing = [leaf for place, leaf in left.items() if place not in right]
        added = [leaf for place, leaf in right.items() if place not in left]
        # What one side could not read has nothing below it there.
        closed = [b.path for b, c in matched if "opaque" in {b.kind, c.kind}]
        return cls(
            matched,
            [leaf for leaf in missing if not any(_is_below(leaf.path, path) for path in closed)],
            [leaf for leaf in added if not any(_is_below(leaf.path, path) for path in closed)],
        )

    def form(self) -> tuple[str, str] | None:
        """Return the first place where types, structure, dtypes or shapes differ, and a sentence."""
        for b, c in self.matched:
            sentence = _form(b, c)
            if sentence == _KEYS:
                return self._keys(b, c)
            if sentence:
                return b.path, sentence
        return self._unmatched("")

    def _keys(self, b: Leaf, c: Leaf) -> tuple[str, str]:
        """Say both sides' keys, where few, else one that one side lacks, else that their order differs."""
        if b.text != c.text:
            return b.path, f"baseline has {b.text or 'nothing'}, contender {c.text or 'nothing'}"
        return self._unmatched(b.path) or (b.path, "the keys differ in order")

    def _unmatched(self, below: str) -> tuple[str, str] | None:
        for leaves, sentence in (
            (self.missing, "the contender has no such value"),
            (self.added, "the baseline has no such value"),
        ):
            for leaf in leaves:
                if _is_below(leaf.path, below):
                    return leaf.path, sentence
        return None


_KEYS = "keys"


def _form(b: Leaf, c: Leaf) -> str:
    """Return what differs in type, dtype or shape; empty if nothing does."""
    if b.type != c.type:
        return f"baseline is {b.type}, contender {c.type}"
    if b.kind != c.kind or b.kind == "opaque":
        # A long text is kept as an array of one and a short one as it is: same type, no doubt unequal.
        return "" if "opaque" in {b.kind, c.kind} else "one is much longer than the other"
    lengths = b.kind == "exact" and len(b.shape) == 1
    if lengths and b.shape != c.shape and len(c.shape) == 1:
        return f"baseline has {_counted(b.shape[0], 'element')}, contender {c.shape[0]:,}"
    if b.dtype != c.dtype:
        return f"baseline is {b.dtype}, contender {c.dtype}"
    if b.shape != c.shape:
        return f"baseline has shape {b.shape}, contender {c.shape}"
    return _KEYS if b.kind == "exact" and b.digest != c.digest else ""


def _by_place(leaves: Sequence[Leaf]) -> dict[tuple[str, int], Leaf]:
    """Key leaves by path and rank: a packed list is one leaf for the list and one for its numbers."""
    found: dict[tuple[str, int], Leaf] = {}
    for leaf in leaves:
        rank = 0
        while (leaf.path, rank) in found:
            rank += 1
        found[leaf.path, rank] = leaf
    return found


def _is_below(path: str, above: str) -> bool:
    return path.startswith(above) and path[len(above) : len(above) + 1] in {"", "[", "."}


def _is_container(leaf: Leaf) -> bool:
    return leaf.kind == "exact" and bool(leaf.digest)


def _is_none(checkpoint: Checkpoint) -> bool:
    return len(checkpoint.leaves) == 1 and checkpoint.leaves[0].type == "builtins.NoneType"


# ---------------------------------------------------------------- sentences


def _difference(differing: int, values: int, worst: _Worst) -> str:
    if values == 1:
        where, what = (f" at {worst.at}" if worst.at else ""), "the value differs"
    else:
        verb = "differs" if differing == 1 else "differ"
        where = f", {'first' if worst.excess == _EXACT else 'worst'} at {worst.at}" if worst.at else ""
        what = f"{differing:,} of {_counted(values, 'value')} {verb}"
    beyond = "" if worst.excess == _EXACT else " beyond the tolerance"
    return f"{what}{beyond}{where}: baseline {_cut(worst.baseline)}, contender {_cut(worst.contender)}"


def _values(left: NDArray[np.generic], right: NDArray[np.generic], at: int, dtype: str) -> tuple[str, str]:
    """Return two numbers as text, with as many digits as tell them apart."""
    pair = [left[at : at + 1], right[at : at + 1]]
    if dtype in {"str", "int"}:
        return str(left[at], "utf-8", "backslashreplace"), str(right[at], "utf-8", "backslashreplace")
    if dtype == "bytes" or numbers.default_rtol(dtype) is None:
        return str(pair[0].tolist()[0]), str(pair[1].tolist()[0])
    if dtype == "bfloat16":
        pair = [numbers.widen(one, dtype) for one in pair]
    short = [f"{one[0]:.6g}" for one in pair]
    return (short[0], short[1]) if short[0] != short[1] else (str(pair[0][0]), str(pair[1][0]))


def _texts(packed: NDArray[np.generic], leaf: Leaf) -> NDArray[np.object_]:
    """Return packed texts one by one, still encoded: shape ``(n,)``."""
    unpacked = arrays.unpack_texts(packed, leaf.shape)
    found = np.empty(len(unpacked), dtype=object)
    found[:] = unpacked
    return found


def _index(flat: int, shape: tuple[int, ...]) -> str:
    place = ", ".join(str(int(one)) for one in np.unravel_index(flat, shape)) if shape else ""
    return f"[{place}]" if place else ""


def _shapes(calls: list[Checkpoint]) -> str:
    """Say in short what the first call holds, and how many calls there are."""
    leaves = [leaf for leaf in calls[0].leaves if leaf.kind != "opaque"]
    large = [leaf for leaf in leaves if leaf.kind == "array" and leaf.shape]
    single = [leaf for leaf in leaves if not (_is_container(leaf) or (leaf.kind == "array" and leaf.shape))]
    figures = [leaf for leaf in single if _is_number(leaf)]
    if len(large) == 1 and not single:
        text = f"{large[0].dtype} {large[0].shape}"
    else:
        counts = {"array": len(large), "number": len(figures), "other value": len(single) - len(figures)}
        text = ", ".join(_counted(count, noun) for noun, count in counts.items() if count)
    return f"{text}, {len(calls):,} calls" if text and len(calls) > 1 else text


def _is_number(leaf: Leaf) -> bool:
    if leaf.kind == "array":
        return leaf.dtype not in arrays.TEXTS
    return leaf.type in {"builtins.int", "builtins.bool"}


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def _finite(value: float) -> float | None:
    """Return the value; ``None`` for an infinite one, which JSON cannot hold: the reason says it."""
    return value if math.isfinite(value) else None
