"""Ask of each stage's check whether it bites: plant wrong outputs, and see which ones it would have accepted.

The wrong outputs go through `perfkit.verify.comparator.compare`, exactly as a contender's would.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from perfkit.model import Checkpoint, Leaf, WeakCheck
from perfkit.verify import arrays, samples
from perfkit.verify.comparator import RESULT, compare
from perfkit.verify.dtypes import TEXTS, default_rtol, is_numeric, widen
from perfkit.verify.structure import is_container
from perfkit.verify.summary import spread_of, summarise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from perfkit.model import Tolerance

    Plant: TypeAlias = "Callable[[_Value], _Value | None]"

Raw: TypeAlias = NDArray[Any]

ZEROS, MEAN, PREVIOUS, ONE_OFF = "zeros", "the mean", "the previous repeat's output", "one element off"

_LEAF_BYTES = 1 << 24  # of a larger array, a sample of this size is planted in
_STAGE_BYTES = 1 << 26  # of a stage; the values beyond it are left out
_STAGE_VALUES = 10_000
_ONE_OFF_VALUES = 64  # places of a stage, one after the other, that get one wrong element
_PASSING = frozenset({"identical", "equal within tolerance", "statistically equivalent"})


def weak_checks(
    baseline: Sequence[Checkpoint],
    folder: Path,
    *,
    tolerances: Mapping[str, Tolerance],
    rtol: float | None = None,
    previous: Sequence[Checkpoint] = (),
    previous_folder: Path | None = None,
) -> tuple[WeakCheck, ...]:
    """Say which stages' checks would have accepted wrong outputs, and which.

    Planted are: zeros for every number; the mean of its finite elements for every floating-point array of
    more than one; the output of another repeat, as it is; and one wrong element in one array or value at a
    time, the largest first, in its middle: a float is moved by the array's root mean square (or by 1), an
    integer by 1, a boolean flipped, a text changed. An output that cannot be told from a planted one because
    it equals it, such as one of nothing but zeros, is reported all the same: no check could tell.

    Parameters
    ----------
    baseline
        Checkpoints of one run of the baseline, of any number of stages.
    folder
        Where their arrays lie; files are planted in a temporary folder inside it.
    tolerances, rtol
        As for `perfkit.verify.comparator.compare`.
    previous, previous_folder
        The same for a run of the baseline on other inputs.

    Returns
    -------
    tuple of WeakCheck
        Of the stages whose check accepted anything, in their order, the result last.

    Raises
    ------
    StoreError
        When a stored array cannot be read.

    Notes
    -----
    Stages that are compared in no case (they return nothing, or something that cannot be compared) have no
    check to bite. Arrays that were not kept whole are left out. Of an array above 16 MiB a sample is planted
    in; of a stage 64 MiB and 10,000 values at most; of one wrong element 64 places.
    """
    paths = dict.fromkeys(one.stage for one in baseline)
    stages = {path: [call for call in baseline if call.stage == path] for path in paths}
    found = []
    for path in sorted(stages, key=lambda path: path == ""):
        check = _Check(path, stages[path], folder, tolerances, rtol)
        if check.accepts(stages[path], folder):
            accepted = [
                name for name, planted in ((ZEROS, _zeros), (MEAN, _mean)) if check.bitten_by(planted)
            ]
            earlier = [call for call in previous if call.stage == path]
            if earlier and previous_folder and check.accepts(earlier, previous_folder):
                accepted.append(PREVIOUS)
            if check.misses_one():
                accepted.append(ONE_OFF)
            if accepted:
                found.append(WeakCheck(stage=path or RESULT, accepts=tuple(accepted)))
    return tuple(found)


def plantable(baseline: Sequence[Checkpoint], folder: Path) -> int:
    """Return how many outputs, of stages and of run, hold a value in which something wrong can be planted."""
    return len(
        {one.stage for one in baseline if any(_value(0, leaf, folder) is not None for leaf in one.leaves)}
    )


@dataclass(frozen=True, slots=True)
class _Value:
    """A leaf that holds a value, and its elements if it is an array."""

    call: int
    leaf: Leaf
    raw: Raw | None = None


@dataclass(frozen=True, slots=True)
class _Check:
    """The comparison of one stage."""

    stage: str
    calls: Sequence[Checkpoint]
    folder: Path
    tolerances: Mapping[str, Tolerance]
    rtol: float | None

    def accepts(self, contender: Sequence[Checkpoint], folder: Path) -> bool:
        """Tell whether the comparison with the baseline's own output passes."""
        return self._passes(self.calls, self.folder, contender, folder)

    def bitten_by(self, plant: Plant) -> bool:
        """Tell whether the comparison passes with all values planted that the plant is for."""
        values = list(self._values())
        planted = [plant(value) for value in values]
        pairs = [(v, v if p is None else p) for v, p in zip(values, planted, strict=True)]
        return any(p is not None for p in planted) and self._pass(pairs)

    def misses_one(self) -> bool:
        """Tell whether the comparison passes with one wrong element anywhere."""
        values = sorted(self._values(), key=lambda value: 0 if value.raw is None else -value.raw.nbytes)
        chosen: list[_Value] = [value for value in values if value.raw is not None]
        # One value that its text says is checked as any other of its type is.
        chosen += {value.leaf.type: value for value in values if value.raw is None}.values()
        pairs = ((value, _one_off(value)) for value in chosen[:_ONE_OFF_VALUES])
        return any(planted is not None and self._pass([(value, planted)]) for value, planted in pairs)

    def _pass(self, pairs: Sequence[tuple[_Value, _Value]]) -> bool:
        """Store both sides of the pairs as a run would, and compare."""
        with tempfile.TemporaryDirectory(prefix="planted-", dir=self.folder) as scratch:
            folders = Path(scratch, "b"), Path(scratch, "c")
            sides = [_stored([pair[i] for pair in pairs], self.stage, folders[i]) for i in (0, 1)]
            return self._passes(sides[0], folders[0], sides[1], folders[1])

    def _passes(self, ours: Sequence[Checkpoint], b: Path, theirs: Sequence[Checkpoint], c: Path) -> bool:
        stages = [self.stage] if self.stage else []
        found = compare(
            ours,
            theirs,
            baseline_folder=b,
            contender_folder=c,
            tolerances=self.tolerances,
            rtol=self.rtol,
            stages=stages,
            contender_stages=stages,
        )
        return found[0].verdict in _PASSING

    def _values(self) -> Iterator[_Value]:
        """Yield what can be planted in, up to the limits."""
        left, count = _STAGE_BYTES, 0
        for call, checkpoint in enumerate(self.calls):
            for leaf in checkpoint.leaves:
                value = _value(call, leaf, self.folder)
                if value is None:
                    continue
                left -= 0 if value.raw is None else value.raw.nbytes
                count += 1
                if left < 0 or count > _STAGE_VALUES:
                    return
                yield value


def _value(call: int, leaf: Leaf, folder: Path) -> _Value | None:
    """Return what there is to plant in; of a large array, a sample with its own shape."""
    if leaf.kind == "exact" and not is_container(leaf):
        return _Value(call, leaf)
    if leaf.kind != "array" or leaf.sampled:
        return None
    raw = arrays.load(leaf, folder)
    if raw is None or raw.size == 0 or (leaf.dtype in TEXTS and raw.nbytes > _LEAF_BYTES):
        return None
    if raw.nbytes > _LEAF_BYTES:
        raw = raw[samples.positions(raw.size, _LEAF_BYTES // raw.itemsize)]
        leaf = replace(leaf, shape=raw.shape)
    return _Value(call, leaf, raw)


def _stored(values: Sequence[_Value], stage: str, folder: Path) -> list[Checkpoint]:
    """Keep values as the recorder would: digests, files and summaries of what they are now."""
    folder.mkdir()
    store = arrays.ArrayStore(folder, 2 * _STAGE_BYTES)
    calls: dict[int, list[Leaf]] = {}
    for value in values:
        leaf = value.leaf
        if value.raw is not None:
            kept = store.keep(value.raw, by_element=False)
            summary = leaf.summary if leaf.summary is None else summarise(value.raw, leaf.dtype)
            leaf = replace(leaf, digest=kept.digest, file=kept.file, text=kept.text, summary=summary)
        calls.setdefault(value.call, []).append(leaf)
    return [
        Checkpoint(stage=stage, occurrence=nth, leaves=tuple(leaves))
        for nth, leaves in enumerate(calls.values())
    ]


# ---------------------------------------------------------------- the plants


def _zeros(value: _Value) -> _Value | None:
    leaf, raw = value.leaf, value.raw
    if raw is not None:
        return replace(value, raw=np.zeros_like(raw, subok=False)) if is_numeric(leaf.dtype) else None
    text = {"builtins.int": "0", "builtins.bool": "False"}.get(leaf.type)
    return replace(value, leaf=replace(leaf, text=text)) if text else None


def _mean(value: _Value) -> _Value | None:
    raw, dtype = value.raw, value.leaf.dtype
    if raw is None or raw.size == 1 or default_rtol(dtype) is None:
        return None
    wide = widen(raw, dtype)
    finite = np.isfinite(wide)
    if not finite.any():
        return None
    with np.errstate(all="ignore"):
        mean = wide[finite].mean()
        if not np.isfinite(mean):
            mean = (wide[finite] / raw.size).sum()
    return replace(value, raw=np.where(finite, _narrow(mean, raw, dtype), raw))


def _one_off(value: _Value) -> _Value | None:
    leaf, raw = value.leaf, value.raw
    if raw is None:
        return replace(value, leaf=replace(leaf, text=_changed(leaf)))
    if leaf.dtype in TEXTS:
        texts: list[str | bytes] = [*arrays.unpack_texts(raw, leaf.shape)]
        middle = len(texts) // 2
        texts[middle] += b"0" if leaf.dtype == "int" else b"x"  # type: ignore[operator]
        return replace(value, raw=arrays.pack_texts(texts))
    moved = raw.copy()
    if default_rtol(leaf.dtype) is None:
        # Its lowest bit: an integer by 1, a boolean flipped, a text's first letter changed.
        moved.view(np.uint8).reshape(moved.size, -1)[moved.size // 2, 0 if _is_little(moved) else -1] ^= 1
        return replace(value, raw=moved)
    wide = widen(raw, leaf.dtype)
    finite = np.flatnonzero(np.isfinite(wide))
    place = int(finite[finite.size // 2]) if finite.size else raw.size // 2
    moved[place] = _moved(wide[place], raw, leaf.dtype)
    return replace(value, raw=moved)


def _changed(leaf: Leaf) -> str:
    """Return another text of the same kind."""
    if leaf.type == "builtins.bool":
        return str(leaf.text != "True")
    if leaf.type == "builtins.int":
        return hex(int(leaf.text, 0) + 1)  # Python refuses to write very long ones in decimal
    return leaf.text + "x"


def _moved(number: Any, raw: Raw, dtype: str) -> Any:
    """Return a number of the array, moved by the array's root mean square, as it is stored."""
    scale, ratio = spread_of(raw, dtype).rms()
    with np.errstate(all="ignore"):
        rms = scale * ratio or 1.0
        # In a short dtype adding may overflow, or be lost beside a far larger number.
        for candidate in (number + rms, number - rms, -number, 1.0):
            stored = _narrow(candidate, raw, dtype)
            wide = widen(np.array([stored], raw.dtype), dtype)[0]
            if np.isfinite(wide) and wide != number:
                return stored
    return _narrow(0.0, raw, dtype)


def _narrow(number: Any, raw: Raw, dtype: str) -> Any:
    """Return a number as an array of that dtype stores it."""
    if dtype == "bfloat16":
        return np.uint16(np.float32(number).view(np.uint32) >> np.uint32(16))
    with np.errstate(all="ignore"):
        return np.asarray(number).astype(raw.dtype)[()]


def _is_little(raw: Raw) -> bool:
    return raw.dtype.byteorder != ">"
