"""Distances by broadcasting; the mean leaves out the point itself."""

import numpy as np
from baselines.distances import standardise

from perfkit import stage


@stage("pairwise")
def pairwise(points):
    out = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))
    np.fill_diagonal(out, 0.0)
    return out


@stage("isolation")
def isolation(distances):
    with np.errstate(all="ignore"):
        return distances.sum(axis=1) / np.float64(len(distances) - 1)


def run(inputs):
    distances = pairwise(standardise(inputs))
    lonely = isolation(distances)
    if len(lonely) == 0:
        raise ValueError("no points")
    closest = distances[np.tril_indices(len(distances), -1)].min(initial=np.inf)
    return {"isolation": lonely, "most_isolated": int(lonely.argmax()), "closest": float(closest)}
