"""In-place work, on arrays that belong to this run."""

import numpy as np

from perfkit import stage


@stage("standardise")
def standardise(points):
    own = points.copy()
    if len(own) == 0:
        return own
    mean, spread = own.mean(axis=0), own.std(axis=0)
    constant = spread <= 1e-12 * np.abs(mean)
    spread[constant] = 1.0
    own -= mean
    own /= spread
    own[:, constant] = 0.0
    return own


@stage("pairwise")
def pairwise(points):
    n = len(points)
    out = np.empty((n, n))
    difference = np.empty_like(points)
    for i in range(n):
        np.subtract(points, points[i], out=difference)
        np.multiply(difference, difference, out=difference)
        difference.sum(axis=1, out=out[i])
    np.sqrt(out, out=out)
    np.fill_diagonal(out, 0.0)
    return out


@stage("isolation")
def isolation(distances):
    means = distances.sum(axis=1)
    means /= max(len(distances) - 1, 1)
    return means


def run(inputs):
    distances = pairwise(standardise(inputs))
    lonely = isolation(distances)
    if len(lonely) == 0:
        raise ValueError("no points")
    closest = distances[np.tril_indices(len(distances), -1)].min() if len(distances) > 1 else 0.0
    return {"isolation": lonely, "most_isolated": int(lonely.argmax()), "closest": float(closest)}
