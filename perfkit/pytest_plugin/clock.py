"""Time one function inside this process: first call, warm-up, calibration, samples.

What comes of it is one value of one process, however many samples there are. Every sample is the mean of
as many calls as make the clock's steps not matter, and as make some fifty samples fill the time; so what
comes now and then, as garbage collection does, is spread over all samples and not cut off by their median.
"""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import dataclass
from itertools import pairwise, repeat
from typing import TYPE_CHECKING, Any

from perfkit.analyse import in_process

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Clock = Callable[[], float]
    Batch = Callable[[int], float]

SECONDS = 1.0
"""How long the samples of one function take, unless told otherwise."""
SAMPLES = 50
FEWEST_SAMPLES = in_process.STRETCHES
PATIENCE = 10.0
"""A function whose fewest samples take longer than so many times the time asked for has fewer."""
WARM_SHARE = 0.1
STEPS = 1000
"""How many of the clock's steps a sample lasts at least, so that a step is a thousandth of it."""

_READINGS = 400
_MOST_GROWTH = 100
_MARGIN = 1.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """What was measured of one function in this process.

    Attributes
    ----------
    values_s
        Of each sample, the mean time of its calls.
    low_s, high_s
        The interval of their median over the time that the samples took; None where there are fewer than
        `FEWEST_SAMPLES`.
    """

    median_s: float
    low_s: float | None
    high_s: float | None
    values_s: tuple[float, ...]
    calls: int


def step(clock: Clock) -> float:
    """Return the clock's step, reading it included, seconds: the median difference of readings in a row."""
    readings = [clock() for _ in range(_READINGS)]
    steps = [later - earlier for earlier, later in pairwise(readings)]
    while not any(one > 0 for one in steps):  # a coarse clock stands still for many readings
        readings = [readings[-1], clock()]
        steps = [readings[1] - readings[0]]
    return statistics.median(one for one in steps if one > 0)


def same_arguments(
    function: Callable[..., object], arguments: Sequence[Any], named: Mapping[str, Any], clock: Clock
) -> Batch:
    """Return what times so many calls with the same arguments."""
    if named:

        def batch(calls: int) -> float:
            begin = clock()
            for _ in repeat(None, calls):
                function(*arguments, **named)
            return clock() - begin

    elif arguments:

        def batch(calls: int) -> float:
            begin = clock()
            for _ in repeat(None, calls):
                function(*arguments)
            return clock() - begin

    else:

        def batch(calls: int) -> float:
            begin = clock()
            for _ in repeat(None, calls):
                function()
            return clock() - begin

    return batch


def own_inputs(
    function: Callable[..., object], make: Callable[[], Any], clock: Clock, *, spread: bool = False
) -> Batch:
    """Return what times so many calls, each with inputs of its own, which are made before the first.

    Parameters
    ----------
    spread
        Whether the inputs are a tuple of arguments.
    """
    if spread:

        def spreading(calls: int) -> float:
            made = [make() for _ in repeat(None, calls)]
            begin = clock()
            for one in made:
                function(*one)
            return clock() - begin

        return spreading

    def batch(calls: int) -> float:
        made = [make() for _ in repeat(None, calls)]
        begin = clock()
        for one in made:
            function(one)
        return clock() - begin

    return batch


def measure(
    batch: Batch,
    *,
    seconds: float = SECONDS,
    step_s: float | None = None,
    small_batches: bool = False,
    clock: Clock = time.perf_counter,
) -> Timed:
    """Take samples of a function that was called once.

    Parameters
    ----------
    batch
        Makes so many calls and returns their seconds.
    seconds
        How long the samples take, above 0.
    step_s
        The clock's step, if it is known.
    small_batches
        Whether a batch holds something for each of its calls, and is made no larger than the clock needs.
    clock
        By which `seconds` is kept; also the one whose step matters.
    """
    shortest_s = STEPS * (step(clock) if step_s is None else step_s)
    begin = clock()
    size, call_s = _warm_up(batch, shortest_s, seconds * WARM_SHARE, clock)
    length_s = max(shortest_s, seconds / SAMPLES)
    # What a call takes altogether: with its inputs, which are not timed but must be waited for.
    if small_batches:
        whole_begin = clock()
        call_s = batch(size) / size or call_s
        whole_s = max(clock() - whole_begin, call_s * size)
        rounds = max(1, min(round(length_s / (call_s * size)), round(length_s / whole_s)))
    else:
        size, rounds = max(size, round(length_s / call_s)), 1
    values: list[float] = []
    begin = clock()
    while True:
        values.append(sum(batch(size) for _ in range(rounds)) / (size * rounds))
        elapsed_s = clock() - begin
        if elapsed_s >= (seconds if len(values) >= FEWEST_SAMPLES else PATIENCE * seconds):
            return summarise(values, size * rounds)


def _warm_up(batch: Batch, shortest_s: float, seconds: float, clock: Clock) -> tuple[int, float]:
    """Call until a batch lasts long enough and some time has gone by.

    Returns
    -------
    tuple
        The fewest calls that last long enough, and what one takes, seconds.
    """
    begin, size = clock(), 1
    while True:
        took_s = batch(size)
        if took_s < shortest_s:
            wanted = _MARGIN * shortest_s / took_s if took_s > 0 else _MOST_GROWTH
            size = max(size + 1, math.ceil(size * min(wanted, _MOST_GROWTH)))
        elif clock() - begin >= seconds:
            return size, took_s / size


def empty_call(arguments: int, named: Mapping[str, Any], *, own: bool) -> float:
    """Return what it takes to call a function that does nothing, seconds.

    Parameters
    ----------
    arguments
        How many it is given by position.
    named
        What it is given by name.
    own
        Whether each call has inputs of its own.
    """
    read = time.perf_counter
    if own:
        batch = own_inputs(_EMPTY[1], int, read)
    elif named or arguments >= len(_EMPTY):
        batch = same_arguments(_empty, (None,) * arguments, named, read)
    else:
        batch = same_arguments(_EMPTY[arguments], (None,) * arguments, {}, read)
    return min(batch(_CALLS) for _ in range(_TRIES)) / _CALLS


_CALLS, _TRIES = 2000, 5
_EMPTY: tuple[Callable[..., None], ...] = (
    lambda: None,
    lambda _a: None,
    lambda _a, _b: None,
    lambda _a, _b, _c: None,
)


def _empty(*_arguments: object, **_named: object) -> None:
    pass


def summarise(values: Sequence[float], calls: int) -> Timed:
    """Return the median of samples, in the order in which they were taken, with its interval.

    Parameters
    ----------
    values
        Seconds a call; at least one.
    calls
        Of each sample.
    """
    low, high = in_process.interval(values) or (None, None)
    return Timed(
        median_s=statistics.median(values), low_s=low, high_s=high, values_s=tuple(values), calls=calls
    )
