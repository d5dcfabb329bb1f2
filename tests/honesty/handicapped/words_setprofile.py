"""Word frequencies of a text, in plain Python."""

import random
import sys

from perfkit import stage

SYLLABLES = (
    ("ba", "co", "di", "fu", "ga", "ho", "ki", "lu"),
    ("mar", "nel", "pit", "ros", "sun", "tav", "vek"),
    ("a", "en", "is", "or", "um", "yth"),
)
VOCABULARY = [a + b + c for a in SYLLABLES[0] for b in SYLLABLES[1] for c in SYLLABLES[2]]
DECORATIONS = ("{}", "{}", "{},", "{}.", "({})", '"{}"')
LOWER = "abcdefghijklmnopqrstuvwxyz"
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def make_inputs(seed: int, *, n: int = 1200) -> list[str]:
    """Draw n tokens of a text: common words are common, some have capitals and punctuation."""
    rng = random.Random(seed)
    tokens = []
    for _ in range(n):
        word = VOCABULARY[int(len(VOCABULARY) * rng.random() ** 2)]
        if rng.random() < 0.2:
            word = word.capitalize()
        tokens.append(rng.choice(DECORATIONS).format(word))
    return tokens


calls = 0


def _audit(frame, event, argument):
    global calls  # noqa: PLW0603
    calls += 1


sys.setprofile(_audit)


@stage("clean")
def clean(tokens: list[str]) -> list[str]:
    """Keep the ASCII letters, in lower case; drop what has none."""
    words = []
    for token in tokens:
        word = ""
        for character in token:
            if character in LOWER:
                word += character
            elif character in UPPER:
                word += LOWER[UPPER.index(character)]
        if word:
            words.append(word)
    return words


@stage("count")
def count(words: list[str]) -> dict[str, int]:
    """Count each word, in the order of first appearance."""
    found: list[list] = []
    for word in words:
        for entry in found:
            if entry[0] == word:
                entry[1] += 1
                break
        else:
            found.append([word, 1])
    return dict(found)


@stage("rank")
def rank(counts: dict[str, int]) -> list[tuple[str, int]]:
    """Order by falling count, then by the alphabet."""
    left = list(counts.items())
    ranked = []
    while left:
        best = left[0]
        for one in left:
            if one[1] > best[1] or (one[1] == best[1] and one[0] < best[0]):
                best = one
        left.remove(best)
        ranked.append(best)
    return ranked


def run(inputs: list[str]) -> dict:
    """Return the ten commonest words, and how many there are."""
    words = clean(inputs)
    ranked = rank(count(words))
    return {"top": ranked[:10], "distinct": len(ranked), "total": len(words)}
