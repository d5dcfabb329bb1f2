"""A helper with a small cache of its own: a pure function of one token, bounded, empty in a fresh process."""

import re
from collections import Counter
from functools import lru_cache

from perfkit import stage

NOT_LETTERS = re.compile("[^a-zA-Z]+")


@lru_cache(maxsize=256)
def cleaned(token):
    return NOT_LETTERS.sub("", token).lower()


@stage("clean")
def clean(tokens):
    return [word for word in [cleaned(token) for token in tokens] if word]


@stage("count")
def count(words):
    return dict(Counter(words))


@stage("rank")
def rank(counts):
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def run(inputs):
    words = clean(inputs)
    ranked = rank(count(words))
    return {"top": ranked[:10], "distinct": len(ranked), "total": len(words)}
