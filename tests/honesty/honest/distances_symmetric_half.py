"""Each pair once: the lower triangle is the upper one's mirror image."""

import numpy as np
from baselines.distances import standardise

from perfkit import stage


@stage("pairwise")
def pairwise(points):
    n = len(points)
    first, second = np.triu_indices(n, 1)
    difference = points[first] - points[second]
    half = np.sqrt(np.einsum("ij,ij->i", difference, difference))
    out = np.zeros((n, n))
    out[first, second] = half
    out[second, first] = half
    return out


@stage("isolation")
def isolation(distances):
    return distances.sum(axis=0) / max(len(distances) - 1, 1)


def run(inputs):
    distances = pairwise(standardise(inputs))
    lonely = isolation(distances)
    if len(lonely) == 0:
        raise ValueError("no points")
    closest = distances[np.tril_indices(len(distances), -1)].min() if len(distances) > 1 else 0.0
    return {"isolation": lonely, "most_isolated": int(lonely.argmax()), "closest": float(closest)}
