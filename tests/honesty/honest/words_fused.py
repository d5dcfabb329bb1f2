"""Cleaning and counting in one pass over the tokens (`clean` is fused into `count`)."""

import re

from perfkit import stage

NOT_LETTERS = re.compile("[^a-zA-Z]+")


@stage("count")
def count(tokens):
    counts = {}
    for token in tokens:
        word = NOT_LETTERS.sub("", token).lower()
        if word:
            counts[word] = counts.get(word, 0) + 1
    return counts


@stage("rank")
def rank(counts):
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def run(inputs):
    counts = count(inputs)
    ranked = rank(counts)
    return {"top": ranked[:10], "distinct": len(ranked), "total": sum(counts.values())}
