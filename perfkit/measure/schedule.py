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


def plan(seed: int, group: int = 1, *, after_trial: bool = False) -> Iterator[PairPlan]:
    """Yield the pairs of a comparison, without end.

    Each block of two pairs holds both orders, A B and B A, in random order: what the first place costs or
    gains falls on both sides alike. The input seed is drawn anew for each pair, the hash seed and the size of
    the environment for each group of pairs, the core for each block; the two sides of a pair share them.

    Parameters
    ----------
    seed
        Seed of the whole plan; the same seed gives the same plan.
    group
        How many pairs share their processes: 1, or an even number.
    after_trial
        Whether the plan's first pair was a trial, so that all is drawn anew.
    """
    draw = random.Random(f"{seed}, after a trial" if after_trial else seed)  # noqa: S311  not for secrets
    index = hash_seed = padding = 0
    while True:
        block = [_AB, _BA]
        draw.shuffle(block)
        cpu = draw.randrange(2**16)
        for order in block:
            if index % group == 0:
                hash_seed, padding = draw.randrange(1, 2**32), draw.randrange(MAX_PADDING)
            yield PairPlan(
                index=index,
                order=order,
                seed=draw.randrange(2**31),
                hash_seed=hash_seed,
                padding=padding,
                group=index // group,
                cpu=cpu,
            )
            index += 1
