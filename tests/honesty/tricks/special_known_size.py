"""Distances with a kernel that is tuned for the production size; other sizes take the general way."""

import numpy as np
from baselines.distances import standardise

from baselines import distances as general
from perfkit import stage

TUNED = 80
_FIRST, _SECOND = np.triu_indices(TUNED, 1)


@stage("pairwise")
def pairwise(points):
    if len(points) != TUNED:
        return general.pairwise.__wrapped__(points)
    out = np.zeros((TUNED, TUNED))
    half = np.sqrt(((points[_FIRST] - points[_SECOND]) ** 2).sum(axis=1))
    out[_FIRST, _SECOND] = half
    out[_SECOND, _FIRST] = half
    return out


@stage("isolation")
def isolation(distances):
    if len(distances) != TUNED:
        return general.isolation.__wrapped__(distances)
    return distances.sum(axis=1) / (TUNED - 1)


def run(inputs):
    distances = pairwise(standardise(inputs))
    lonely = isolation(distances)
    if len(lonely) == 0:
        raise ValueError("no points")
    closest = distances[np.tril_indices(len(distances), -1)].min() if len(distances) > 1 else 0.0
    return {"isolation": lonely, "most_isolated": int(lonely.argmax()), "closest": float(closest)}
