"""Counts by direct addressing: a table with a slot for each 24-bit key, no hashing of strings twice."""

from baselines.words import clean, rank

from perfkit import stage

SLOTS = 1 << 24


@stage("count")
def count(words):
    table = [None] * SLOTS
    order = []
    for word in words:
        slot = hash(word) % SLOTS
        while table[slot] is not None and table[slot][0] != word:
            slot = (slot + 1) % SLOTS
        if table[slot] is None:
            table[slot] = [word, 0]
            order.append(table[slot])
        table[slot][1] += 1
    return {word: n for word, n in order}  # noqa: C416


def run(inputs):
    words = clean(inputs)
    ranked = rank(count(words))
    return {"top": ranked[:10], "distinct": len(ranked), "total": len(words)}
