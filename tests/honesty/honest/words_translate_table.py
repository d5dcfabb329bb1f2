"""A table of 128 characters, built when the module is loaded."""

import string
from collections import Counter

from perfkit import stage

KEEP = {code: chr(code).lower() if chr(code) in string.ascii_letters else None for code in range(128)}


@stage("clean")
def clean(tokens):
    words = [token.encode("ascii", "ignore").decode("ascii").translate(KEEP) for token in tokens]
    return [word for word in words if word]


@stage("count")
def count(words):
    return dict(Counter(words))


@stage("rank")
def rank(counts):
    by_word = sorted(counts.items())
    return sorted(by_word, key=lambda item: item[1], reverse=True)  # sorting is stable


def run(inputs):
    words = clean(inputs)
    ranked = rank(count(words))
    return {"top": ranked[:10], "distinct": len(ranked), "total": len(words)}
