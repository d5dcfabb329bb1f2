"""Profiles as columns: those of 200,000 functions must be loaded and matched in moments.

Only the parent uses these; NumPy is imported by whoever makes one, so that the worker does not load it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from perfkit.model.differences import MatchKind


class Strings(Sequence[str]):
    """Many strings of which few differ, as names of functions do: each different one is there once.

    Parameters
    ----------
    distinct
        The different ones.
    codes : (n,) int32
        Of each entry, the index of the one that it is.

    Attributes
    ----------
    distinct, codes
        As given; comparing codes is quicker than comparing strings.
    """

    __slots__ = ("codes", "distinct")

    def __init__(self, distinct: Sequence[str], codes: NDArray[np.int32]) -> None:
        self.distinct = distinct
        self.codes = codes

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, which: int) -> str: ...
    @overload
    def __getitem__(self, which: slice) -> Strings: ...
    def __getitem__(self, which: int | slice) -> str | Strings:
        if isinstance(which, slice):
            return Strings(self.distinct, self.codes[which])
        code: int = self.codes[which]
        return self.distinct[code]

    def __iter__(self) -> Iterator[str]:
        return map(self.distinct.__getitem__, self.codes.tolist())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FunctionTable:
    """All functions of one profile, n of them, and m edges from callers to callees.

    Attributes
    ----------
    title
        The profile's, for messages.
    python
        Version of the interpreter that recorded it; empty where it is not known.
    files
        Paths as recorded, each once; ``~`` for built-in functions.
    places
        The same files in words that do not depend on the machine: ``torch/nn/modules/module.py`` for an
        installed package's, ``json/decoder.py`` for the standard library's, relative to the project's root
        for its own.
    own
        Of each file, whether it belongs to the project: neither to Python nor to an installed package.
    main
        Index of the variant's own file; -1 where there is none.
    sources
        Text of the files, by index, where it is at hand.
    file, line : (n,) int32
        Index into `files`, and the line of the definition.
    names, qualified
        Code names, and qualified ones (``Encoder.forward``), which are empty where they are not known.
    calls, primitive_calls : (n,) int64
    self_s, cumulative_s : (n,) float64
    caller, callee : (m,) int32
        Indices of functions.
    edge_calls : (m,) int64
    edge_self_s, edge_cumulative_s : (m,) float64
        The callee's, for this caller.
    notes
        What the reader should know of this profile, one sentence each.
    """

    title: str
    python: str
    files: Sequence[str]
    places: Sequence[str]
    own: NDArray[np.bool_]
    main: int
    sources: dict[int, str] = field(default_factory=dict)
    file: NDArray[np.int32]
    line: NDArray[np.int32]
    names: Sequence[str]
    qualified: Sequence[str]
    calls: NDArray[np.int64]
    primitive_calls: NDArray[np.int64]
    self_s: NDArray[np.float64]
    cumulative_s: NDArray[np.float64]
    caller: NDArray[np.int32]
    callee: NDArray[np.int32]
    edge_calls: NDArray[np.int64]
    edge_self_s: NDArray[np.float64]
    edge_cumulative_s: NDArray[np.float64]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matching:
    """Which function of one table became which of another.

    Attributes
    ----------
    partner : (n_before,) int32
        Index of the matched function in the table after; -1 for none. No index occurs twice.
    how
        Of each pair, in the order of the table before; ``suggested`` and ``vanished`` where there is none.
    similarity : (n_before,) float32
        NaN where lines were not compared.
    suggested : (n_before,) int32
        Index after of the function that an unmatched one may have become; -1 for none.
    into_before : (n_before,) int32
        Of an unmatched function: index before of its nearest caller that is matched; -1 for none.
    into_after : (n_after,) int32
        The same for unmatched functions of the table after, index after.
    """

    partner: NDArray[np.int32]
    how: Sequence[MatchKind]
    similarity: NDArray[np.float32]
    suggested: NDArray[np.int32]
    into_before: NDArray[np.int32]
    into_after: NDArray[np.int32]


def printable(text: str) -> str:
    """Return a name as records hold it: half of a surrogate pair, which no file takes, as a number."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
