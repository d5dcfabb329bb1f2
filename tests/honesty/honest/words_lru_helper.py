"""Equal tokens are cleaned once a run: the helper's cache lives and dies with the call."""

import functools

from perfkit import stage

LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


@stage("clean")
def clean(tokens):
    @functools.cache
    def cleaned(token):
        return "".join([character for character in token if character in LETTERS]).lower()

    return [word for word in map(cleaned, tokens) if word]


@stage("count")
def count(words):
    counts = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return counts


@stage("rank")
def rank(counts):
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def run(inputs):
    words = clean(inputs)
    ranked = rank(count(words))
    return {"top": ranked[:10], "distinct": len(ranked), "total": len(words)}
