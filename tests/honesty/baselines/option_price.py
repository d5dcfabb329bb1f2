"""The price of an Asian call option by Monte Carlo, one path at a time."""

import math

import numpy as np

from perfkit import stage

STEPS = 16


def make_inputs(seed: int, *, n: int = 1000) -> dict:
    """Draw a contract; n is the number of paths."""
    rng = np.random.default_rng(seed)
    return {
        "spot": float(rng.uniform(80.0, 120.0)),
        "strike": float(rng.uniform(80.0, 120.0)),
        "rate": float(rng.uniform(0.0, 0.05)),
        "sigma": float(rng.uniform(0.1, 0.4)),
        "paths": n,
        "seed": int(rng.integers(2**31)),
    }


@stage("simulate")
def simulate(inputs: dict) -> np.ndarray:
    """Return the prices of each path at each step, shape (paths, 16)."""
    rng = np.random.default_rng(inputs["seed"])
    dt = 1.0 / STEPS
    drift = (inputs["rate"] - 0.5 * inputs["sigma"] ** 2) * dt
    prices = np.zeros((inputs["paths"], STEPS))
    for i in range(inputs["paths"]):
        price = inputs["spot"]
        for t in range(STEPS):
            price = price * math.exp(drift + inputs["sigma"] * math.sqrt(dt) * rng.standard_normal())
            prices[i, t] = price
    return prices


@stage("payoff")
def payoff(prices: np.ndarray, strike: float, rate: float) -> np.ndarray:
    """Return the discounted payoff of each path, shape (paths,)."""
    values = np.zeros(len(prices))
    for i in range(len(prices)):
        values[i] = math.exp(-rate) * max(prices[i].mean() - strike, 0.0)
    return values


def run(inputs: dict) -> dict:
    """Return the estimated price and its standard error."""
    values = payoff(simulate(inputs), inputs["strike"], inputs["rate"])
    n = len(values)
    estimate = sum(values.tolist()) / n
    variance = sum((v - estimate) * (v - estimate) for v in values.tolist()) / n
    return {"estimate": estimate, "std_error": math.sqrt(variance / n)}
