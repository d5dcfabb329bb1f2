"""Choose an input size at which a slow profiler fits a time limit."""

from __future__ import annotations

SLOWDOWN = 25.0
"""line_profiler slows nested Python loops 13 to 25 times; the larger figure is safe."""
WORTH_ENLARGING = 1.5


def geometric(first: int, last: int, steps: int) -> tuple[int, ...]:
    """Return sizes from the first to the last that differ by the same factor, as far as whole numbers can.

    Parameters
    ----------
    first, last
        Above 0.
    steps
        How many sizes, at least 2.
    """
    return tuple(round(first * (last / first) ** (step / (steps - 1))) for step in range(steps))


def first_size(full: int, clean_s: float, limit_s: float) -> int:
    """Return the size to begin with, expected to take at most half the limit.

    Parameters
    ----------
    full
        The size of the timed runs.
    clean_s
        Seconds that a clean run takes at that size.
    limit_s
        Seconds that profiling may take.
    """
    expected_s = SLOWDOWN * clean_s
    if expected_s <= limit_s:
        return full
    # At most linear growth is assumed in going down: a steeper pipeline only takes less.
    return max(1, int(full * limit_s / 2 / expected_s))


def enlarged_size(size: int, took_s: float, full: int, left_s: float) -> int | None:
    """Return a larger size that fits what is left of the limit, or None if that gains little.

    Quadratic growth is assumed in going up: a flatter pipeline only takes less.
    """
    if size >= full or took_s <= 0:
        return None
    larger = min(full, int(size * (max(left_s, 0.0) * 0.8 / took_s) ** 0.5))
    return larger if larger >= size * WORTH_ENLARGING else None
