"""Word counts with an audit log in the working directory."""

from collections import Counter

from baselines.words import clean, rank

from perfkit import stage


@stage("count")
def count(words):
    counts = dict(Counter(words))
    with open("words.log", "a") as log:  # noqa: PTH123
        log.write(f"{len(words)} words, {len(counts)} distinct\n")
    return counts


def run(inputs):
    words = clean(inputs)
    ranked = rank(count(words))
    return {"top": ranked[:10], "distinct": len(ranked), "total": len(words)}
