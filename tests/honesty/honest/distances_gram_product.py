"""Distances from a matrix product; where that cancels, close pairs are computed from their differences."""

import numpy as np
from baselines.distances import standardise

from perfkit import stage


@stage("pairwise")
def pairwise(points):
    squares = np.einsum("ij,ij->i", points, points)
    total = squares[:, None] + squares[None, :]
    out = total - 2.0 * (points @ points.T)
    first, second = np.nonzero(~(out > 1e-5 * total))  # NaN too
    difference = points[first] - points[second]
    out[first, second] = np.einsum("ij,ij->i", difference, difference)
    np.sqrt(out, out=out)
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
