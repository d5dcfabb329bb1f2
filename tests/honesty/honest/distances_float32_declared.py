"""Distances in single precision, declared with its tolerance and its dtype."""

import numpy as np
from baselines.distances import standardise

from perfkit import stage


@stage("pairwise")
def pairwise(points):
    small = points.astype(np.float32)
    out = np.zeros((len(small), len(small)), dtype=np.float32)
    for i, point in enumerate(small):
        difference = small - point
        out[i] = np.sqrt((difference * difference).sum(axis=1))
    return out


@stage("isolation")
def isolation(distances):
    return distances.sum(axis=1) / np.float32(max(len(distances) - 1, 1))


def run(inputs):
    distances = pairwise(standardise(inputs))
    lonely = isolation(distances)
    if len(lonely) == 0:
        raise ValueError("no points")
    closest = distances[np.tril_indices(len(distances), -1)].min() if len(distances) > 1 else 0.0
    return {"isolation": lonely, "most_isolated": int(lonely.argmax()), "closest": float(closest)}
