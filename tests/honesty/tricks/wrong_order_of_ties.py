"""Counter.most_common does the ranking."""

from collections import Counter

from baselines.words import clean

from perfkit import stage


@stage("count")
def count(words):
    return Counter(words)


@stage("rank")
def rank(counts):
    return counts.most_common()


def run(inputs):
    words = clean(inputs)
    ranked = rank(count(words))
    return {"top": ranked[:10], "distinct": len(ranked), "total": len(words)}
