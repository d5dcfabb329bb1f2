"""One row against all others at a time."""

import numpy as np

from perfkit import stage


@stage("standardise")
def standardise(points):
    if len(points) == 0:
        return np.zeros_like(points)
    mean, spread = points.mean(axis=0), points.std(axis=0)
    constant = spread <= 1e-12 * np.abs(mean)
    out = (points - mean) / np.where(constant, 1.0, spread)
    out[:, constant] = 0.0
    return out


@stage("pairwise")
def pairwise(points):
    out = np.zeros((len(points), len(points)))
    for i, point in enumerate(points):
        difference = points - point
        out[i] = np.sqrt((difference * difference).sum(axis=1))
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
