"""Distances below the noise floor are set to zero."""

import numpy as np
from baselines.distances import isolation, standardise

from perfkit import stage

NOISE_FLOOR = 1e-3


@stage("pairwise")
def pairwise(points):
    out = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))
    out[out < NOISE_FLOOR] = 0.0
    return out


def run(inputs):
    distances = pairwise(standardise(inputs))
    lonely = isolation(distances)
    if len(lonely) == 0:
        raise ValueError("no points")
    closest = distances[np.tril_indices(len(distances), -1)].min() if len(distances) > 1 else 0.0
    return {"isolation": lonely, "most_isolated": int(lonely.argmax()), "closest": float(closest)}
