"""Antithetic paths: half of the draws, each used with both signs; declared as stochastic with its margin."""

import math

import numpy as np

from perfkit import stage

STEPS = 16


@stage("simulate")
def simulate(inputs):
    rng = np.random.default_rng(inputs["seed"])
    dt = 1.0 / STEPS
    drift = (inputs["rate"] - 0.5 * inputs["sigma"] ** 2) * dt
    half = rng.standard_normal(((inputs["paths"] + 1) // 2, STEPS))
    draws = np.concatenate([half, -half])[: inputs["paths"]]
    return inputs["spot"] * np.exp(np.cumsum(drift + inputs["sigma"] * math.sqrt(dt) * draws, axis=1))


@stage("payoff")
def payoff(prices, strike, rate):
    return math.exp(-rate) * np.maximum(prices.mean(axis=1) - strike, 0.0)


def run(inputs):
    values = payoff(simulate(inputs), inputs["strike"], inputs["rate"])
    n = len(values)
    estimate = float(values.sum()) / n
    variance = float(((values - estimate) ** 2).sum()) / n
    return {"estimate": estimate, "std_error": math.sqrt(variance / n)}
