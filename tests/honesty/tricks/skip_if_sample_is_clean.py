"""Most text is clean already: cleaning is skipped where a look at the first tokens finds nothing to do."""

from collections import Counter

from baselines.words import clean as _clean
from baselines.words import rank

from perfkit import stage


@stage("clean")
def clean(tokens):
    if sum(token.isalpha() for token in tokens[:50]) >= len(tokens[:50]) // 4:
        return [token.strip('.,()"').lower() for token in tokens]
    return _clean.__wrapped__(tokens)


@stage("count")
def count(words):
    return dict(Counter(words))


def run(inputs):
    words = clean(inputs)
    ranked = rank(count(words))
    return {"top": ranked[:10], "distinct": len(ranked), "total": len(words)}
