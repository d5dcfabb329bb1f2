"""By which techniques was code made faster? Read from the syntax of both sides, precise before talkative."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.analyse import algorithm_rewrites as algorithms
from perfkit.analyse import array_rewrites as arrays
from perfkit.analyse.syntax import Code
from perfkit.model import Technique

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RECOGNISERS: tuple[tuple[str, Callable[[Code, Code], str | None]], ...] = (
    ("loop replaced by array operations", arrays.loop_to_arrays),
    ("loop over pairs replaced by a matrix product or distance routine", arrays.pairs_to_product),
    ("one batched call instead of one call per item", arrays.call_per_item_to_batch),
    ("all rows at once instead of one at a time", arrays.item_at_a_time_to_product),
    ("tensor operation instead of .item() per element", arrays.item_to_tensor),
    ("slices or broadcasting instead of element indexing", arrays.indexing_to_slices),
    ("real Fourier transform instead of a complex one", arrays.complex_to_real_fft),
    ("selection instead of a full sort or median", arrays.sort_to_selection),
    ("random numbers drawn at once", arrays.draws_at_once),
    ("hand-written gradient instead of automatic differentiation", algorithms.autograd_to_gradient),
    ("optimiser step written out", algorithms.optimiser_by_hand),
    ("grouping by sorting or counting", algorithms.grouping_to_arrays),
    ("lookup instead of a scan through a list", algorithms.scan_to_lookup),
    ("text parsed in bulk instead of line by line", algorithms.text_in_bulk),
    ("array filled in place instead of a list grown by append", algorithms.list_to_array),
    ("memory reused instead of allocated anew", algorithms.buffers_reused),
    ("fewer passes over the data", algorithms.fewer_passes),
    ("work split over several threads", algorithms.work_in_threads),
)
"""Every technique's name and its recogniser, in the order in which they are reported."""


def recognise(before: Sequence[str], after: Sequence[str]) -> tuple[Technique, ...]:
    """Recognise the techniques that lead from one code to another.

    A technique is claimed only if the slow way is in `before` and the fast way is new in `after`; what is not
    recognised is not claimed.

    Parameters
    ----------
    before, after
        Sources of the functions on each side, indented or not.

    Returns
    -------
    tuple of Technique
        Empty if a source cannot be parsed, or nothing was recognised.
    """
    was, now = Code.parse(before), Code.parse(after)
    if was is None or now is None:
        return ()
    found = ((name, recogniser(was, now)) for name, recogniser in RECOGNISERS)
    return tuple(
        Technique(
            name=name,
            evidence=f"{evidence[0].upper()}{evidence[1:]}." if _is_word(evidence) else f"{evidence}.",
        )
        for name, evidence in found
        if evidence
    )


def _is_word(evidence: str) -> bool:
    """Whether a sentence begins with an ordinary word, which is capitalised, rather than a name."""
    return evidence.partition(" ")[0] in ("in", "the", "differences")
