"""Word count that recycles its containers, to spare the allocator."""

from collections import Counter

from baselines.words import clean

from perfkit import stage

_top = []
_result = {"top": _top, "distinct": 0, "total": 0}


@stage("count")
def count(words):
    return dict(Counter(words))


@stage("rank")
def rank(counts):
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def run(inputs):
    words = clean(inputs)
    ranked = rank(count(words))
    _top[:] = ranked[:10]
    _result.update(distinct=len(ranked), total=len(words))
    return _result
