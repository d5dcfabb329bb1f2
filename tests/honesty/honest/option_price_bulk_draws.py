"""All normal numbers in one call: the same numbers of the same stream."""

import math

import numpy as np

from perfkit import stage

STEPS = 16


@stage("simulate")
def simulate(inputs):
    rng = np.random.default_rng(inputs["seed"])
    dt = 1.0 / STEPS
    drift = (inputs["rate"] - 0.5 * inputs["sigma"] ** 2) * dt
    steps = rng.standard_normal((inputs["paths"], STEPS))
    steps *= inputs["sigma"] * math.sqrt(dt)
    steps += drift
    return inputs["spot"] * np.exp(np.cumsum(steps, axis=1))


@stage("payoff")
def payoff(prices, strike, rate):
    return math.exp(-rate) * np.maximum(prices.mean(axis=1) - strike, 0.0)


def run(inputs):
    values = payoff(simulate(inputs), inputs["strike"], inputs["rate"])
    n = len(values)
    estimate = float(values.sum()) / n
    variance = float(((values - estimate) ** 2).sum()) / n
    return {"estimate": estimate, "std_error": math.sqrt(variance / n)}
