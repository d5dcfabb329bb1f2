"""Words are told apart by a short key (first letters, last letter, length), which is quicker to hash."""

from baselines.words import clean, rank

from perfkit import stage


@stage("count")
def count(words):
    counts, names = {}, {}
    for word in words:
        key = (word[:3], word[4:6], word[-1], len(word))
        names.setdefault(key, word)
        counts[key] = counts.get(key, 0) + 1
    return {names[key]: n for key, n in counts.items()}


def run(inputs):
    words = clean(inputs)
    ranked = rank(count(words))
    return {"top": ranked[:10], "distinct": len(ranked), "total": len(words)}
