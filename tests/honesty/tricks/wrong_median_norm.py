"""Isolation from the norm: on standardised data the distance to the centre is proportional to it."""

import numpy as np
from baselines.distances import standardise

from perfkit import stage


@stage("isolation")
def isolation(points):
    norms = np.sqrt((points**2).sum(axis=1))
    return np.sqrt(norms**2 + np.median(norms) ** 2)


def run(inputs):
    if len(inputs) == 0:
        raise ValueError("no points")
    points = standardise(inputs)
    lonely = isolation(points)
    order = points[np.argsort(points[:, 0])]
    steps = np.sqrt((np.diff(order, axis=0) ** 2).sum(axis=1))
    closest = float(steps.min()) if len(steps) else 0.0
    return {"isolation": lonely, "most_isolated": int(lonely.argmax()), "closest": closest}
