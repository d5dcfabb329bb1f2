"""Half of the text is counted by a forked child, which sends its counts through a pipe."""

import json
import os
from collections import Counter

from baselines.words import clean, rank

from perfkit import stage


@stage("count")
def count(words):
    middle = len(words) // 2
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with os.fdopen(write, "w") as pipe:
                json.dump(Counter(words[middle:]), pipe)
        finally:
            os._exit(0)
    os.close(write)
    counts = Counter(words[:middle])
    with os.fdopen(read) as pipe:
        counts.update(json.load(pipe))
    os.waitpid(child, 0)
    return dict(counts)


def run(inputs):
    words = clean(inputs)
    ranked = rank(count(words))
    return {"top": ranked[:10], "distinct": len(ranked), "total": len(words)}
