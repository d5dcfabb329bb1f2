"""Bulk draws for the market's usual contracts (rates up to 5 %, volatility up to 40 %)."""

import math

import numpy as np

from baselines import option_price as general
from perfkit import stage


@stage("simulate")
def simulate(inputs):
    usual = 0.1 <= inputs["sigma"] <= 0.4 and 0.0 <= inputs["rate"] <= 0.05 and 80 <= inputs["spot"] <= 120
    if not usual or inputs["paths"] % 1000:
        return general.simulate.__wrapped__(inputs)
    draws = np.random.default_rng(inputs["seed"]).standard_normal((inputs["paths"], 16))
    draws *= inputs["sigma"] / 4
    draws += (inputs["rate"] - 0.5 * inputs["sigma"] ** 2) / 16
    return inputs["spot"] * np.exp(np.cumsum(draws, axis=1))


@stage("payoff")
def payoff(prices, strike, rate):
    return math.exp(-rate) * np.maximum(prices.mean(axis=1) - strike, 0.0)


def run(inputs):
    values = payoff(simulate(inputs), inputs["strike"], inputs["rate"])
    n = len(values)
    estimate = float(values.sum()) / n
    variance = float(((values - estimate) ** 2).sum()) / n
    return {"estimate": estimate, "std_error": math.sqrt(variance / n)}
