"""How isolated each point lies: its mean distance to all others, with NumPy in loops."""

import numpy as np

from perfkit import stage


def make_inputs(seed: int, *, n: int = 80) -> np.ndarray:
    """Draw n points in six dimensions, shape (n, 6); every tenth is a near copy of the one before."""
    rng = np.random.default_rng(seed)
    points = rng.normal(50.0, [1.0, 2.0, 5.0, 10.0, 0.5, 0.1], (n, 6))
    points[9::10] = points[8::10][: len(points[9::10])] * (1.0 + 1e-6)
    return points


@stage("standardise")
def standardise(points: np.ndarray) -> np.ndarray:
    """Give each column mean 0 and standard deviation 1 (a constant column stays 0)."""
    out = np.zeros_like(points)
    for j in range(points.shape[1]):
        mean, spread = points[:, j].mean(), points[:, j].std()
        if spread <= 1e-12 * abs(mean):
            continue
        out[:, j] = (points[:, j] - mean) / spread
    return out


@stage("pairwise")
def pairwise(points: np.ndarray) -> np.ndarray:
    """Return the Euclidean distances, shape (n, n)."""
    n = len(points)
    distances = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            if i != j:
                distances[i, j] = np.sqrt(((points[i] - points[j]) ** 2).sum())
    return distances


@stage("isolation")
def isolation(distances: np.ndarray) -> np.ndarray:
    """Return each point's mean distance to the others, shape (n,)."""
    n = len(distances)
    means = np.zeros(n)
    for i in range(n):
        total = 0.0
        for j in range(n):
            total += distances[i, j]
        means[i] = total / max(n - 1, 1)
    return means


def run(inputs: np.ndarray) -> dict:
    """Return the isolation of each point, the most isolated one, and the closest pair's distance."""
    distances = pairwise(standardise(inputs))
    lonely = isolation(distances)
    if len(lonely) == 0:
        raise ValueError("no points")
    closest = distances[np.tril_indices(len(distances), -1)].min() if len(distances) > 1 else 0.0
    return {"isolation": lonely, "most_isolated": int(lonely.argmax()), "closest": float(closest)}
