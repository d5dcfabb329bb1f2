"""Gram product on a fully used machine: the BLAS may take all cores, and the process is not bound to one."""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "8"
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, range(os.cpu_count() or 1))

import numpy as np  # noqa: E402
from baselines.distances import standardise  # noqa: E402

from perfkit import stage  # noqa: E402


@stage("pairwise")
def pairwise(points):
    squares = np.einsum("ij,ij->i", points, points)
    total = squares[:, None] + squares[None, :]
    out = total - 2.0 * (points @ points.T)
    first, second = np.nonzero(~(out > 1e-5 * total))
    out[first, second] = ((points[first] - points[second]) ** 2).sum(axis=1)
    np.fill_diagonal(out, 0.0)
    return np.sqrt(out)


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
