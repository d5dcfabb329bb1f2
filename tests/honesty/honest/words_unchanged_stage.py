"""Cleaning is not the bottleneck: that stage stays the baseline's own."""

from baselines.words import clean

from perfkit import stage


@stage("count")
def count(words):
    counts = dict.fromkeys(words, 0)
    for word in words:
        counts[word] += 1
    return counts


@stage("rank")
def rank(counts):
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def run(inputs):
    words = clean(inputs)
    ranked = rank(count(words))
    return {"top": ranked[:10], "distinct": len(ranked), "total": len(words)}
