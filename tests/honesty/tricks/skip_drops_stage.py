"""Only the ten commonest words are used, so nothing needs to be ranked."""

import heapq
from collections import Counter

from baselines.words import clean

from perfkit import stage


@stage("count")
def count(words):
    return dict(Counter(words))


def run(inputs):
    words = clean(inputs)
    counts = count(words)
    top = heapq.nsmallest(10, counts.items(), key=lambda item: (-item[1], item[0]))
    return {"top": top, "distinct": len(counts), "total": len(words)}
