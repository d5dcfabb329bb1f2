"""A bounded load of our own: a process that burns one core, on and off at random, seeded intervals.

It ends with the block that started it, and by itself when its parent is gone.
"""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST_S, LONGEST_S = 0.2, 2.0
_LOOK_S = 0.05  # how often it looks whether its parent is still there
_SETTLE_S = 0.5


@contextlib.contextmanager
def disturbing(seed: str) -> Iterator[int]:
    """Burn a core on and off while the block runs.

    Parameters
    ----------
    seed
        Of the intervals.

    Yields
    ------
    int
        The id of the process.
    """
    process = subprocess.Popen([sys.executable, __file__, seed, str(os.getpid())])  # noqa: S603
    try:
        time.sleep(_SETTLE_S)
        yield process.pid
    finally:
        process.kill()
        process.wait()


def intervals(seed: str) -> Iterator[tuple[bool, float]]:
    """Yield whether to burn, and for how many seconds, without end: on, off, on, ..."""
    draw = random.Random(seed)  # noqa: S311  not for secrets
    burning = True
    while True:
        yield burning, draw.uniform(SHORTEST_S, LONGEST_S)
        burning = not burning


def burn(seed: str, parent: int) -> None:
    """Burn and rest until the parent is gone."""
    for burning, seconds in intervals(seed):
        until = time.monotonic() + seconds
        while (left_s := until - time.monotonic()) > 0:
            if os.getppid() != parent:
                return
            if not burning:
                time.sleep(min(_LOOK_S, left_s))
                continue
            pause = time.monotonic() + min(_LOOK_S, left_s)
            while time.monotonic() < pause:
                sum(range(10_000))


if __name__ == "__main__":
    burn(sys.argv[1], int(sys.argv[2]))
