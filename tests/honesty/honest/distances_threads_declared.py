"""Blocks of rows in two threads, declared, joined before the stage returns."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from baselines.distances import standardise

from perfkit import stage

WORKERS = 2


@stage("pairwise")
def pairwise(points):
    n = len(points)
    out = np.zeros((n, n))

    def fill(start):
        for i in range(start, n, WORKERS):
            difference = points - points[i]
            out[i] = np.sqrt((difference * difference).sum(axis=1))

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(fill, range(WORKERS)))
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
