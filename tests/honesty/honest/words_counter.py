"""A Counter instead of a scan, one sort instead of repeated searches."""

import re
from collections import Counter

from perfkit import stage

NOT_LETTERS = re.compile("[^a-zA-Z]+")


@stage("clean")
def clean(tokens):
    words = (NOT_LETTERS.sub("", token).lower() for token in tokens)
    return [word for word in words if word]


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
