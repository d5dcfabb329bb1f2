"""A small pipeline of plain Python, which `perfkit doctor` compares with itself.

It is copied into a folder of its own and runs there as anyone's pipeline would. It does a bit of what such
code does: arithmetic, small objects, dictionaries and strings, whose hash seed and memory layout differ from
pair to pair.
"""

from __future__ import annotations

import random

N = 40_000


def make_inputs(seed: int, *, n: int = N) -> list[int]:
    """Draw whole numbers."""
    draw = random.Random(seed)  # noqa: S311  not for secrets
    return [draw.randrange(1_000_000) for _ in range(n)]


def run(inputs: list[int]) -> dict[str, int]:
    """Count, group and sort; the time grows in proportion to the input."""
    words = [f"w{number % 4093}" for number in inputs]
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    total = 0
    for number in inputs:
        total = (total * 31 + number) % 1_000_003
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return {"distinct": len(counts), "total": total, "most": ordered[0][1] if ordered else 0}
