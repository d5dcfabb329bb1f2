"""Mixed precision: double for the rows that are looked at most, single for the bulk."""

import numpy as np
from baselines.distances import isolation, standardise

from perfkit import stage

EXACT_ROWS = 8


@stage("pairwise")
def pairwise(points):
    small = points.astype(np.float32)
    out = np.sqrt(((small[:, None] - small[None]) ** 2).sum(axis=2)).astype(np.float64)
    exact = np.sqrt(((points[:EXACT_ROWS, None] - points[None]) ** 2).sum(axis=2))
    out[:EXACT_ROWS] = exact
    out[:, :EXACT_ROWS] = exact.T
    close = np.argwhere(out < 1e-2)
    out[close[:, 0], close[:, 1]] = np.sqrt(((points[close[:, 0]] - points[close[:, 1]]) ** 2).sum(axis=1))
    return out


def run(inputs):
    distances = pairwise(standardise(inputs))
    lonely = isolation(distances)
    if len(lonely) == 0:
        raise ValueError("no points")
    closest = distances[np.tril_indices(len(distances), -1)].min() if len(distances) > 1 else 0.0
    return {"isolation": lonely, "most_isolated": int(lonely.argmax()), "closest": float(closest)}
