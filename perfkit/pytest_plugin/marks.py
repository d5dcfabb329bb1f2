"""What ``@pytest.mark.perfkit(...)`` says."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.model import Scalar


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How a comparison in fresh paired processes is made, and what it is held to.

    Attributes
    ----------
    make_inputs
        What makes the inputs: importable, or words for it; None if the callables take none.
    target
        The speedup that must be reached.
    pairs
        Exactly so many pairs, instead of as many as it takes.
    budget
        Seconds for the pairs; None for what the options say.
    rtol
        The tolerance for the floating-point values of the result; None for the defaults by dtype.
    verify
        Whether the outputs are compared, on many inputs.
    parameters
        Keyword parameters for ``make_inputs``.
    """

    make_inputs: Callable[..., object] | str | None = None
    target: float | None = None
    pairs: int | None = None
    budget: float | None = None
    rtol: float | None = None
    verify: bool = True
    parameters: dict[str, Scalar] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if self.target is not None and not _number(self.target, above=0):
            _refuse(f"target is a speedup above 0, not {self.target!r}")
        if self.pairs is not None and not (type(self.pairs) is int and self.pairs >= 1):
            _refuse(f"pairs is a whole number from 1, not {self.pairs!r}")
        if self.budget is not None and not _number(self.budget, above=0):
            _refuse(f"budget is a number of seconds above 0, not {self.budget!r}")
        if self.rtol is not None and not (_number(self.rtol, above=-1) and 0 <= self.rtol < 1):
            _refuse(f"rtol is a relative tolerance from 0 to below 1, not {self.rtol!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A marker, read.

    Attributes
    ----------
    baseline
        With what the test's function is compared in fresh processes: a callable, or ``pkg.mod:func``.
    stored
        The name of stored timings that are shown beside those of this run.
    seconds
        How long the function is timed in this process; None for what the options say.
    """

    baseline: Callable[..., object] | str | None = None
    stored: str = ""
    seconds: float | None = None
    wanted: Wanted = Wanted()


_ASIDE = {"baseline", "seconds"}


def read(item: pytest.Item) -> Mark:
    """Read a test's markers, the nearest first; fails the test if they make no sense."""
    given: dict[str, Any] = {}
    for marker in item.iter_markers("perfkit"):
        if marker.args:
            _refuse("everything in it has a name, as in @pytest.mark.perfkit(baseline='pkg.mod:slow')")
        given = {**marker.kwargs, **given}
    known = [*_ASIDE, *(one.name for one in fields(Wanted))]
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            _refuse(
                f"there is no {name!r}: "
                + (f"did you mean {near[0]!r}?" if near else f"there is {', '.join(sorted(known))}")
            )
    baseline, seconds = given.pop("baseline", None), given.pop("seconds", None)
    if seconds is not None and not _number(seconds, above=0):
        _refuse(f"seconds is a number above 0, not {seconds!r}")
    if baseline is None or (isinstance(baseline, str) and ":" not in baseline):
        if given:
            _refuse(
                f"{', '.join(given)} is for a comparison in fresh paired processes: name a callable as the "
                "baseline, as in baseline='pkg.mod:slow'"
                + (f"; {baseline!r} names stored timings, which are not paired" if baseline else "")
            )
        return Mark(stored=baseline or "", seconds=seconds)
    if not (isinstance(baseline, str) or callable(baseline)):
        _refuse(f"baseline is a callable, or 'pkg.mod:func', not {baseline!r}")
    return Mark(baseline=baseline, seconds=seconds, wanted=Wanted(**given))


def _number(value: object, *, above: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and above < value < math.inf


def _refuse(sentence: str) -> None:
    __tracebackhide__ = True
    pytest.fail(f"perfkit: {sentence}", pytrace=False)
