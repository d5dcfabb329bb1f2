"""Rows of the distance matrix on a pool of threads: NumPy releases the lock."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from baselines.distances import standardise

from perfkit import stage


@stage("pairwise")
def pairwise(points):
    with ThreadPoolExecutor(max_workers=2 * (os.cpu_count() or 1)) as pool:
        rows = list(pool.map(lambda point: np.sqrt(((points - point) ** 2).sum(axis=1)), points))
    out = np.array(rows).reshape(len(points), len(points))
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
