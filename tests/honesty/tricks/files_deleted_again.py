"""Distances that pass through a temporary file, which is gone when the stage returns."""

import os
import tempfile

import numpy as np
from baselines.distances import isolation, standardise

from perfkit import stage


@stage("pairwise")
def pairwise(points):
    out = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))
    np.fill_diagonal(out, 0.0)
    handle, name = tempfile.mkstemp(prefix="blocks-")
    try:
        os.write(handle, out.tobytes())
        os.lseek(handle, 0, os.SEEK_SET)
        data = os.read(handle, out.nbytes)
    finally:
        os.close(handle)
        os.unlink(name)  # noqa: PTH108
    return np.frombuffer(data).reshape(out.shape).copy()


def run(inputs):
    distances = pairwise(standardise(inputs))
    lonely = isolation(distances)
    if len(lonely) == 0:
        raise ValueError("no points")
    closest = distances[np.tril_indices(len(distances), -1)].min() if len(distances) > 1 else 0.0
    return {"isolation": lonely, "most_isolated": int(lonely.argmax()), "closest": float(closest)}
