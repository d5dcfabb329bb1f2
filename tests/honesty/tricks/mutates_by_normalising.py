"""Standardises in place: one array less, and better locality for what follows."""

import numpy as np

from perfkit import stage


@stage("standardise")
def standardise(points):
    if len(points) == 0:
        raise ValueError("no points")
    mean, spread = points.mean(axis=0), points.std(axis=0)
    constant = spread <= 1e-12 * np.abs(mean)
    points -= mean
    points /= np.where(constant, 1.0, spread)
    points[:, constant] = 0.0
    return points


@stage("pairwise")
def pairwise(points):
    return np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))


@stage("isolation")
def isolation(distances):
    return distances.sum(axis=1) / max(len(distances) - 1, 1)


def run(inputs):
    distances = pairwise(standardise(inputs))
    lonely = isolation(distances)
    closest = distances[np.tril_indices(len(distances), -1)].min() if len(distances) > 1 else 0.0
    return {"isolation": lonely, "most_isolated": int(lonely.argmax()), "closest": float(closest)}
