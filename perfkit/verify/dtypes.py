"""What a leaf's dtype means for its comparison: its tolerance, and the precision to compute in."""

from __future__ import annotations

import functools
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Raw: TypeAlias = NDArray[Any]

TEXTS = frozenset({"str", "bytes", "int"})
"""Dtypes of leaves whose bytes are packed texts; ``int``: hexadecimal, for what 64 bits do not hold."""

_DEFAULT_RTOL = {
    "float16": 1e-3,
    "complex32": 1e-3,
    "bfloat16": 1.6e-2,
    "float32": 1.3e-6,
    "complex64": 1.3e-6,
}


@functools.cache
def default_rtol(dtype: str) -> float | None:
    """Return the tolerance of a leaf's dtype if it is a real or complex float; all else is exact."""
    if dtype in TEXTS:
        return None
    if dtype in _DEFAULT_RTOL:
        return _DEFAULT_RTOL[dtype]
    try:
        native = np.dtype(dtype).newbyteorder("=")
    except TypeError:
        return None  # the eight-bit floats: their bits are compared
    return _DEFAULT_RTOL.get(native.name, 1e-9) if native.kind in "fc" else None


@functools.cache
def is_numeric(dtype: str) -> bool:
    """Tell whether a leaf's dtype is one of numbers: floats, integers or booleans."""
    if dtype in TEXTS:
        return False
    if default_rtol(dtype) is not None:
        return True
    try:
        return np.dtype(dtype).kind in "biu"
    except TypeError:
        return False


def widen(raw: Raw, dtype: str) -> Raw:
    """Return a chunk in a precision in which differences are exact enough: double, or long double.

    The chunk itself if it has that precision.
    """
    if dtype == "bfloat16":
        raw = (raw.astype(np.uint32) << 16).view(np.float32)
    target = np.result_type(raw.dtype, np.complex128 if raw.dtype.kind == "c" else np.float64)
    wide: Raw = raw.astype(target, copy=False)
    return wide


def parts(values: Raw) -> Raw:
    """Return real numbers: the real and imaginary parts, interleaved, of complex ones."""
    return values.view(values.real.dtype) if values.dtype.kind == "c" else values
