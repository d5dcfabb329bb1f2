"""Arrays on disk: digest them, keep them as ``.npy`` within a budget of bytes, read them back.

What does not fit, in the budget or on the disk, is kept as a sample beside its full digest. Nothing is
pickled. All bytes are taken in C order, a piece at a time, so that a large array is never copied whole and a
stored one can be read as a flat memory map.
"""

from __future__ import annotations

import base64
import errno
import math
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import xxhash
from numpy.typing import NDArray

from perfkit.errors import StoreError
from perfkit.verify import samples
from perfkit.verify.dtypes import TEXTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from perfkit.model import Leaf

Raw: TypeAlias = NDArray[Any]

INLINE_BYTES = 256
"""Arrays up to this size are kept in the checkpoint's text: a file each would cost more than they hold."""

_STORED_AS = {"bfloat16": "u2", "complex32": "c8", **dict.fromkeys(TEXTS, "u1")}
_PIECE_BYTES = 1 << 22
_RESERVE_BYTES = 1 << 28  # left free on the disk, for whoever else writes there
# Samples may take an eighth of the budget more, and each of them a quarter of what is left of that.
_SAMPLES_SHARE, _SAMPLE_SHARE = 8, 4
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_X87_BYTES = 10  # of the 12 or 16 bytes of an x87 long double, these are the number; the rest is anything


class WriteError(Exception):
    """Wraps an OSError of writing, so that it is not taken for a value that cannot be read."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True, slots=True)
class Kept:
    """What was kept of an array: `text` or `file`, or neither beyond the budget; always its digest."""

    digest: str
    file: str = ""
    text: str = ""
    sampled: bool = False


class ArrayStore:
    """Keeps arrays in one folder, equal ones once, until the budget or the disk is used up.

    Parameters
    ----------
    folder
        An existing folder.
    budget_bytes
        The bytes of all whole arrays together. An array that does not fit in what is left, or on the disk, is
        kept as a sample; all samples together take an eighth of the budget at most, in addition.
    """

    def __init__(self, folder: Path, budget_bytes: int) -> None:
        self._folder = folder
        self._left = budget_bytes
        self._samples_left = budget_bytes // _SAMPLES_SHARE
        self._kept: dict[tuple[str, str, tuple[int, ...]], Kept] = {}
        self._files = 0

    def keep(self, array: Raw, *, by_element: bool = True) -> Kept:
        """Store `array`, or a sample of it, or its digest alone.

        Parameters
        ----------
        array
            Any shape and dtype, but no objects.
        by_element
            False if a part of it means nothing, as of packed texts: then it is kept whole or not at all.

        Raises
        ------
        WriteError
            When the file cannot be written; a full disk is no error.
        """
        if array.nbytes <= INLINE_BYTES:
            data = b"".join(_pieces(array))
            return Kept(xxhash.xxh3_128_hexdigest(data), text=base64.b64encode(data).decode())
        digest = digest_of(array)
        key = (digest, array.dtype.str, array.shape)
        found = self._kept.get(key)
        if found is None:
            found = self._whole(array, digest) or (self._sample(array, digest) if by_element else None)
            found = found or Kept(digest)
            if found.file:  # what found no room on the disk may find some the next time
                self._kept[key] = found
        return found

    def _whole(self, array: Raw, digest: str) -> Kept | None:
        if array.nbytes > self._left:
            return None
        file = self._written(array)
        self._left -= array.nbytes if file else 0
        return Kept(digest, file) if file else None

    def _sample(self, array: Raw, digest: str) -> Kept | None:
        fitting = self._samples_left // _SAMPLE_SHARE // array.itemsize
        taken = samples.take(array, min(fitting, samples.count_for(array.size)))
        if taken is None:
            return None
        file = self._written(taken)
        self._samples_left -= taken.nbytes if file else 0
        return Kept(digest, file, sampled=True) if file else None

    def _written(self, array: Raw) -> str:
        """Write a file and return its name; nothing if the disk has no room for it."""
        path = self._folder / f"checkpoint-{self._files:06d}.npy"
        try:
            if array.nbytes > shutil.disk_usage(self._folder).free - _RESERVE_BYTES:
                return ""
            _write(array, path)
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise WriteError(error) from error
            path.unlink(missing_ok=True)  # a quota, or another writer: the free space did not tell
            return ""
        self._files += 1
        return path.name


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
        Flat, read-only, a memory map where it has a file; the sample's elements alone if the leaf is sampled;
        ``None`` where only the digest was kept.

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


@dataclass(frozen=True, slots=True)
class Both:
    """What was kept of one leaf on both sides: flat arrays of one length, element by element.

    Attributes
    ----------
    places
        Where these elements lie in the whole arrays, if they are a sample; ``None`` if they are all.
    """

    baseline: Raw
    contender: Raw
    places: NDArray[np.int64] | None = None


def load_both(b: Leaf, c: Leaf, b_folder: Path, c_folder: Path) -> Both | None:
    """Read two array leaves of one shape, so that their elements correspond even if one or both are sampled.

    Returns
    -------
    Both or None
        ``None`` where of either side only the digest was kept.

    Raises
    ------
    StoreError
        When a file is missing or damaged.
    """
    left, right = load(b, b_folder), load(c, c_folder)
    if left is None or right is None:
        return None
    if not (b.sampled or c.sampled):
        return Both(left, right)
    smaller = min(one.size for one, leaf in ((left, b), (right, c)) if leaf.sampled)
    places = samples.positions(math.prod(b.shape), smaller)
    left, right = (one[:smaller] if leaf.sampled else one[places] for one, leaf in ((left, b), (right, c)))
    return Both(left, right, places)


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


def chunks(array: Raw, elements: int) -> Iterator[Raw]:
    """Yield the elements of `array` in C order, as flat contiguous arrays of at most so many."""
    if array.size == 0 or array.itemsize == 0:
        return
    if array.flags.c_contiguous:
        flat = array.reshape(-1)
        for start in range(0, flat.size, elements):
            yield flat[start : start + elements]
        return
    # What np.save does; "contig" because a piece of a strided array is viewed as bytes.
    options: Any = {
        "flags": ["external_loop", "buffered", "zerosize_ok"],
        "op_flags": [["readonly", "contig"]],
        "order": "C",
    }
    pieces: Any = np.nditer(array, buffersize=elements, **options)
    yield from pieces


def _pieces(array: Raw) -> Iterator[memoryview]:
    """Yield the bytes of `array` in C order, a few megabytes at a time."""
    for piece in chunks(array, max(1, _PIECE_BYTES // max(1, array.itemsize))):
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
    with path.open("xb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for piece in _pieces(array):
            file.write(piece)
