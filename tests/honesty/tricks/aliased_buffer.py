"""Vectorised distances into buffers that are allocated once for each size."""

import numpy as np
from baselines.distances import standardise

from perfkit import stage

_buffers = {}


def _buffer(name, shape):
    if (name, shape) not in _buffers:
        _buffers[name, shape] = np.empty(shape)
    return _buffers[name, shape]


@stage("pairwise")
def pairwise(points):
    out = _buffer("pairwise", (len(points), len(points)))
    np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2), out=out)
    return out


@stage("isolation")
def isolation(distances):
    out = _buffer("isolation", (len(distances),))
    distances.sum(axis=1, out=out)
    out /= max(len(distances) - 1, 1)
    return out


def run(inputs):
    if len(inputs) == 0:
        raise ValueError("no points")
    distances = pairwise(standardise(inputs))
    lonely = isolation(distances)
    closest = distances[np.tril_indices(len(distances), -1)].min() if len(distances) > 1 else 0.0
    return {"isolation": lonely, "most_isolated": int(lonely.argmax()), "closest": float(closest)}
