"""Which named law a cost follows: ``n``, ``n log n``, ``n^2`` and so on, each with a constant on top.

A law is judged by the sizes it has not seen: it is fitted to all sizes but one, and how far it misses that
one is its error (leave-one-out cross-validation; Stone, "Cross-validatory choice and assessment of
statistical predictions", J. R. Stat. Soc. B 36, 1974), with a constant on top or without, whichever misses
less. The fit is least squares on the logarithms, so that each size counts alike. The processes of each size
are resampled; a law is ruled out only if it misses by twice as much as the best one, and by more in 95 % of
the resamples.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from perfkit.errors import UsageError
from perfkit.model import Law

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CONSTANT = "constant"
_RESAMPLES = 200
_SURE = 0.95
_CLEARLY = 2.0
_REGULAR = 0.01
"""No machine is more regular than this from size to size: smaller errors count as equal."""
FITS = 0.10
"""A law that misses by more than this, and by more than noise explains, is not named, be it the best."""
_NOISE = 4.0  # how many times the noise of a median a law may miss by, which must foretell from other medians
# Share of the constant in the cost at the largest size: next to nothing, then even steps of its log odds.
_SHARES = np.concatenate([[1e-12], 1 / (1 + np.exp(-np.arange(-16.0, 8.0, 0.05)))])
_LAW = re.compile(r"n(?:\^(?P<power>\d+(?:\.\d+)?))?(?P<log>\s*log\s*n)?")
_WRAPPED = re.compile(r"\s*(?:O|Θ|Theta)\((?P<inside>.*)\)\s*")


@dataclass(frozen=True, slots=True)
class Shape:
    """A law without its factors: ``n^power``, times ``log n`` or not."""

    power: float
    log: bool = False

    @property
    def name(self) -> str:
        """As people write it: ``n^2 log n``."""
        if not self.power:
            return "log n" if self.log else CONSTANT
        return ("n" if self.power == 1 else f"n^{self.power:g}") + (" log n" if self.log else "")

    def __call__(self, sizes: Sequence[int]) -> Floats:
        """Return the law's value at each size."""
        n = np.asarray(sizes, dtype=float)
        return n**self.power * (np.log(n) if self.log else 1.0)

    def exponent(self, sizes: Sequence[int]) -> float:
        """Return the exponent that a line through these sizes finds in the law itself."""
        values = self(sizes)
        some = values > 0  # log 1 is none
        x, y = np.log(np.asarray(sizes, dtype=float)[some]), np.log(values[some])
        middle = x - x.mean()
        return float(middle @ y / (middle @ middle))


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the sizes say of the laws.

    Attributes
    ----------
    laws
        The best first; `possible` are those that cannot be told from it.
    power_too
        Whether a power of the size without a name, whichever fits, predicts as well as the best law.
    """

    laws: tuple[Law, ...]
    power_too: bool


NAMED = (
    Shape(0),
    Shape(0, log=True),
    Shape(1),
    Shape(1, log=True),
    Shape(2),
    Shape(2, log=True),
    Shape(3),
)


def read(text: str) -> Shape:
    """Read a law as people write it: ``n^2``, ``O(n log n)``, ``log n``, ``1``, ``constant``.

    Raises
    ------
    UsageError
        If it is none.
    """
    wrapped = _WRAPPED.fullmatch(text)
    words = " ".join((wrapped["inside"] if wrapped else text).replace("**", "^").replace("*", " ").split())
    words = words.replace("n²", "n^2").replace("n³", "n^3")
    if words in {"1", CONSTANT}:
        return Shape(0)
    if words == "log n":
        return Shape(0, log=True)
    found = _LAW.fullmatch(words)
    if found is None:
        raise UsageError(
            f"{text!r} is no growth that perfkit knows; write constant, log n, n, n log n, n^2, n^1.5 or such"
        )
    return Shape(float(found["power"] or 1), log=found["log"] is not None)


def judge(sizes: Sequence[int], costs: Sequence[Sequence[float]], seed: int = 0) -> Judged:
    """Judge each named law by the sizes it has not seen.

    Parameters
    ----------
    sizes
        Growing, at least five.
    costs
        Of each size the costs of its processes, above 0.
    seed
        Of the resampling.

    Returns
    -------
    Judged
        No law is possible if even the best misses by more than 10 % and more than noise explains, or if a
        power of the size without a name predicts clearly better.
    """
    draw = np.random.default_rng(seed)
    logs = [np.log(np.asarray(one, dtype=float)) for one in costs]
    medians = np.array([[np.median(one) for one in logs]])
    again = np.column_stack(
        [np.median(draw.choice(one, size=(_RESAMPLES, len(one))), axis=1) for one in logs]
    )
    values = np.concatenate([medians, again])
    errors = {shape: _missed(values, shape(sizes)) for shape in NAMED}
    ranked = sorted(NAMED, key=lambda shape: float(errors[shape][0]))
    best = ranked[0]
    # Every law with nothing on top of its constant is a constant: where that fits, it is enough.
    if errors[Shape(0)][0] <= FITS and not _worse(errors[Shape(0)], errors[best]):
        best = Shape(0)
    by_power = _missed_by_power(values, sizes)
    noise = float(np.sqrt(np.mean(again.std(axis=0) ** 2)))
    fits = bool(errors[best][0] <= max(FITS, _NOISE * noise)) and not _worse(errors[best], by_power)
    found = []
    for shape in sorted(ranked, key=lambda one: one != best):
        share = _share(values[0], shape(sizes))
        offset, factor = _coefficients(values[0], shape(sizes), share)
        as_good = best.name != CONSTANT and not _worse(errors[shape], errors[best])
        possible = fits and (shape == best or as_good)
        found.append(
            Law(
                name=shape.name,
                error=float(errors[shape][0]),
                possible=possible,
                power=shape.power,
                log=shape.log,
                offset=offset,
                factor=factor,
            )
        )
    return Judged(laws=tuple(found), power_too=not _worse(by_power, errors[best]))


def _worse(errors: Floats, than: Floats) -> bool:
    """Say whether a law misses clearly more than another; first the data's value, then the resamples'."""
    clearly = errors[0] > _CLEARLY * max(float(than[0]), _REGULAR)
    return bool(clearly) and float(np.mean(errors[1:] > than[1:])) >= _SURE


def _curves(value: Floats) -> Floats:
    """Return the logarithm of a law plus each share of a constant, over the sizes."""
    shape = value / value.max() if value.max() > 0 else np.zeros_like(value)
    return np.log(np.maximum(_SHARES[:, None] + (1 - _SHARES[:, None]) * shape[None, :], 1e-300))


def _missed(values: Floats, value: Floats) -> Floats:
    """Return the root mean square error at the sizes left out, for each row of values."""
    if np.ptp(value) == 0:
        return _left_out(values, np.zeros((1, len(value))))
    curves = _curves(value)
    return np.minimum(_left_out(values, curves), _left_out(values, curves[:1]))


def _left_out(values: Floats, curves: Floats) -> Floats:
    squares = np.zeros(len(values))
    for out in range(values.shape[1]):
        kept = np.arange(values.shape[1]) != out
        best, level = _nearest(values[:, kept], curves[:, kept])
        squares += (values[:, out] - level - curves[best, out]) ** 2
    return np.asarray(np.sqrt(squares / values.shape[1]))


def _nearest(values: Floats, curves: Floats) -> tuple[NDArray[np.intp], Floats]:
    """Return for each row of values the curve nearest to it in shape, and how far it must be raised."""
    flat = curves - curves.mean(axis=1, keepdims=True)
    rows = values - values.mean(axis=1, keepdims=True)
    left = (flat**2).sum(axis=1)[None, :] - 2 * rows @ flat.T
    best = np.asarray(np.argmin(left, axis=1))
    return best, values.mean(axis=1) - curves[best].mean(axis=1)


def _share(values: Floats, value: Floats) -> float:
    return float(_SHARES[_nearest(values[None, :], _curves(value))[0][0]])


def _coefficients(values: Floats, value: Floats, share: float) -> tuple[float, float]:
    """Return the constant and the factor of a law, in the unit of the costs."""
    if np.ptp(value) == 0:
        return float(np.exp(values.mean())), 0.0
    curve = np.log(np.maximum(share + (1 - share) * value / value.max(), 1e-300))
    level = math.exp(float((values - curve).mean()))
    return level * share if share > _SHARES[0] else 0.0, level * (1 - share) / float(value.max())


def _missed_by_power(values: Floats, sizes: Sequence[int]) -> Floats:
    """Return the error of a power of the size, whichever fits."""
    x = np.log(np.asarray(sizes, dtype=float))
    squares = np.zeros(len(values))
    for out in range(len(x)):
        kept = np.arange(len(x)) != out
        middle = x[kept] - x[kept].mean()
        slope = values[:, kept] @ middle / (middle @ middle)
        squares += (values[:, out] - values[:, kept].mean(axis=1) - slope * (x[out] - x[kept].mean())) ** 2
    return np.asarray(np.sqrt(squares / len(x)))
