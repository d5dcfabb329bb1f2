"""The plan of a comparison: which side runs when, on which input. Pure and seeded."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from perfkit.model import PairPlan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.model import Side

_AB: tuple[Side, Side] = ("baseline", "contender")
_BA: tuple[Side, Side] = ("contender", "baseline")

MAX_PADDING = 4096
"""Bytes: one page of environment is enough to move the stack through every alignment."""


def plan(seed: int) -> Iterator[PairPlan]:
    """Yield the pairs of a comparison, without end.

    Each block of two pairs holds both orders, A B and B A, in random order: what the first place costs or
    gains falls on both sides alike. The input seed, the hash seed and the size of the environment are drawn
    anew for each pair and shared by its two sides.

    Parameters
    ----------
    seed
        Seed of the whole plan; the same seed gives the same plan.
    """
    draw = random.Random(seed)  # noqa: S311  not for secrets
    index = 0
    while True:
        block = [_AB, _BA]
        draw.shuffle(block)
        for order in block:
            yield PairPlan(
                index=index,
                order=order,
                seed=draw.randrange(2**31),
                hash_seed=draw.randrange(1, 2**32),
                padding=draw.randrange(MAX_PADDING),
            )
            index += 1
