"""Counts while it consumes the tokens, so that memory falls as the counts grow."""

import re

from baselines.words import rank

from perfkit import stage

_NOT_LETTERS = re.compile("[^a-zA-Z]+")


@stage("clean")
def clean(tokens):
    tokens.reverse()
    words = []
    while tokens:
        word = _NOT_LETTERS.sub("", tokens.pop()).lower()
        if word:
            words.append(word)
    return words


@stage("count")
def count(words):
    counts = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return counts


def run(inputs):
    words = clean(inputs)
    ranked = rank(count(words))
    return {"top": ranked[:10], "distinct": len(ranked), "total": len(words)}
