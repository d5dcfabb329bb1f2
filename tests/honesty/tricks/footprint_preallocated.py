"""Distances with workspaces for 1,600 points, so that no size up to that one has to allocate."""

import numpy as np
from baselines.distances import standardise

from perfkit import stage

LARGEST = 1600


@stage("pairwise")
def pairwise(points):
    n = len(points)
    size = max(n, LARGEST)
    work = np.full((size, size, points.shape[1]), 1.0)
    np.subtract(points[:, None], points[None], out=work[:n, :n])
    np.multiply(work[:n, :n], work[:n, :n], out=work[:n, :n])
    out = np.sqrt(work[:n, :n].sum(axis=2))
    np.fill_diagonal(out, 0.0)
    return out


@stage("isolation")
def isolation(distances):
    return distances.sum(axis=1) / max(len(distances) - 1, 1)


def run(inputs):
    distances = pairwise(standardise(inputs))
    lonely = isolation(distances)
    if len(lonely) == 0:
        raise ValueError("no points")
    closest = distances[np.tril_indices(len(distances), -1)].min() if len(distances) > 1 else 0.0
    return {"isolation": lonely, "most_isolated": int(lonely.argmax()), "closest": float(closest)}
