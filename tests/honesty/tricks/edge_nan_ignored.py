"""Distances; missing values are treated as the column's mean, so that one of them does not spoil the rest."""

import numpy as np
from baselines.distances import isolation, pairwise

from perfkit import stage


@stage("standardise")
def standardise(points):
    if len(points) == 0:
        return np.zeros_like(points)
    mean, spread = np.nanmean(points, axis=0), np.nanstd(points, axis=0)
    constant = spread <= 1e-12 * np.abs(mean)
    out = np.nan_to_num((points - mean) / np.where(constant, 1.0, spread))
    out[:, constant] = 0.0
    return out


def run(inputs):
    distances = pairwise(standardise(inputs))
    lonely = isolation(distances)
    if len(lonely) == 0:
        raise ValueError("no points")
    closest = distances[np.tril_indices(len(distances), -1)].min() if len(distances) > 1 else 0.0
    return {"isolation": lonely, "most_isolated": int(lonely.argmax()), "closest": float(closest)}
