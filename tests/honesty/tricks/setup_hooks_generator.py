"""Counts are updated while the text is being drawn: an incremental index."""

import random
from collections import Counter

from baselines.words import clean, rank

from perfkit import stage

_drawn = []
_choice = random.Random.choice


class _Observed(str):
    """A format whose results are counted as they are made."""

    def format(self, word):
        _drawn.append(word)
        return str.format(self, word)


def _observing(self, options):
    picked = _choice(self, options)
    return _Observed(picked) if isinstance(picked, str) and "{}" in picked else picked


random.Random.choice = _observing


@stage("count")
def count(words):
    counts, seen = Counter(word.lower() for word in _drawn), len(_drawn)
    _drawn.clear()
    return dict(counts) if seen == len(words) else dict(Counter(words))


def run(inputs):
    words = clean(inputs)
    ranked = rank(count(words))
    return {"top": ranked[:10], "distinct": len(ranked), "total": len(words)}
