"""Arrays on disk: digest them, keep them as ``.npy`` within a budget of bytes, read them back.

Nothing is pickled. All bytes are taken in C order, a piece at a time, so that a large array is never copied
whole and a stored one can be read as a flat memory map.
"""

from __future__ import annotations

import base64
import math
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import xxhash
from numpy.typing import NDArray

from perfkit.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from perfkit.model import Leaf

Raw: TypeAlias = NDArray[Any]

INLINE_BYTES = 256
"""Arrays up to this size are kept in the checkpoint's text: a file each would cost more than they hold."""

TEXTS = frozenset({"str", "bytes", "int"})
"""Dtypes of leaves whose bytes are `pack_texts`; ``int``: hexadecimal, for what 64 bits do not hold."""

_STORED_AS = {"bfloat16": "u2", "complex32": "c8", **dict.fromkeys(TEXTS, "u1")}
_PIECE_BYTES = 1 << 22
_X87_BYTES = 10  # of the 12 or 16 bytes of an x87 long double, these are the number; the rest is anything


class WriteError(Exception):
    """Wraps an OSError of writing, so that it is not taken for a value that cannot be read."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


class ArrayStore:
    """Keeps arrays in one folder, equal ones once, until the budget is used up.

    Parameters
    ----------
    folder
        An existing folder.
    budget_bytes
        The bytes of all files together; of an array that does not fit in what is left, the digest is kept.
    """

    def __init__(self, folder: Path, budget_bytes: int) -> None:
        self._folder = folder
        self._left = budget_bytes
        self._files: dict[tuple[str, str, tuple[int, ...]], str] = {}

    def keep(self, array: Raw) -> tuple[str, str, str]:
        """Store `array` (any shape, no objects); return its digest, file and inline text, empty if unused.

        Raises
        ------
        WriteError
            When the file cannot be written.
        """
        if array.nbytes <= INLINE_BYTES:
            data = b"".join(_pieces(array))
            return xxhash.xxh3_128_hexdigest(data), "", base64.b64encode(data).decode()
        digest = digest_of(array)
        key = (digest, array.dtype.str, array.shape)
        file = self._files.get(key, "")
        if not file and array.nbytes <= self._left:
            self._left -= array.nbytes
            file = self._files[key] = f"checkpoint-{len(self._files):06d}.npy"
            _write(array, self._folder / file)
        return digest, file, ""


def digest_of(array: Raw) -> str:
    """Return the xxh3-128 of the raw bytes in C order; shape and dtype have no part in it."""
    digest = xxhash.xxh3_128()
    for piece in _pieces(array):
        digest.update(piece)
    return digest.hexdigest()


def load(leaf: Leaf, folder: Path) -> Raw | None:
    """Read what was kept of an array leaf.

    Parameters
    ----------
    leaf
        A leaf of kind ``array``.
    folder
        Where its file lies.

    Returns
    -------
    numpy.ndarray or None
        Flat, read-only, a memory map where it has a file; ``None`` where only the digest was kept.

    Raises
    ------
    StoreError
        When the file is missing or damaged.
    """
    try:
        if leaf.file:
            mapped: Raw = np.load(folder / leaf.file, mmap_mode="r", allow_pickle=False)
            return mapped.reshape(-1)
        if leaf.text or 0 in leaf.shape:
            return np.frombuffer(base64.b64decode(leaf.text), dtype=_stored_dtype(leaf.dtype))
    except (OSError, ValueError) as error:
        raise StoreError(f"The checkpoint file {folder / leaf.file} cannot be read: {error}") from error
    return None


def pack_texts(texts: Sequence[str | bytes]) -> NDArray[np.uint8]:
    """Lay texts end to end after their lengths: shape ``(8 * n + total,)``.

    NumPy's own string arrays would drop trailing NULs and give every text the longest one's width.
    """
    encoded = [text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass") for text in texts]
    lengths = np.array([len(one) for one in encoded], dtype="<i8").tobytes()
    return np.frombuffer(b"".join([lengths, *encoded]), dtype=np.uint8)


def unpack_texts(packed: Raw, shape: tuple[int, ...]) -> list[bytes]:
    """Return the encoded texts that `pack_texts` laid down, for an array of texts of that shape."""
    count = math.prod(shape)
    data = packed.tobytes()
    ends = np.frombuffer(data[: 8 * count], dtype="<i8").cumsum() + 8 * count
    starts = [8 * count, *ends[:-1].tolist()]
    return [data[start:end] for start, end in zip(starts, ends.tolist(), strict=False)]


def _stored_dtype(name: str) -> np.dtype[Any]:
    """Return the NumPy dtype that stands for a leaf's: dtypes that NumPy lacks are kept as their bits."""
    try:
        return np.dtype(_STORED_AS.get(name, name))
    except TypeError:
        return np.dtype(np.uint8)  # the eight-bit floats


def _pieces(array: Raw) -> Iterator[memoryview]:
    """Yield the bytes of `array` in C order, a few megabytes at a time."""
    if array.nbytes == 0:
        return
    step = max(1, _PIECE_BYTES // array.itemsize)
    if array.flags.c_contiguous:
        flat = array.reshape(-1)
        for start in range(0, flat.size, step):
            yield _bytes(flat[start : start + step])
        return
    # What np.save does; "contig" because a piece of a strided array is viewed as bytes.
    options: Any = {
        "flags": ["external_loop", "buffered", "zerosize_ok"],
        "op_flags": [["readonly", "contig"]],
        "order": "C",
    }
    pieces: Any = np.nditer(array, buffersize=step, **options)
    for piece in pieces:
        yield _bytes(piece)


def _bytes(piece: Raw) -> memoryview:
    """Return the bytes of a flat contiguous piece, a long double's padding zeroed."""
    raw = piece.view(np.uint8)
    if piece.dtype.char in "gG" and np.finfo(np.longdouble).nmant == 63:  # noqa: PLR2004  x87
        raw = raw.reshape(-1, np.dtype(np.longdouble).itemsize).copy()
        raw[:, _X87_BYTES:] = 0
    return raw.data.cast("B")


def _write(array: Raw, path: Path) -> None:
    # Not np.save: it would write a Fortran-ordered array as it lies, and the reader wants one order.
    dtype = np.lib.format.dtype_to_descr(array.dtype)
    header = {"descr": dtype, "fortran_order": False, "shape": array.shape}
    try:
        with path.open("xb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            for piece in _pieces(array):
                file.write(piece)
    except OSError as error:
        raise WriteError(error) from error
