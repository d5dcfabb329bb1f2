"""Vectorised spectra; NumPy's legacy generator is seeded as well, for reproducibility."""

import numpy as np
from baselines.spectra import bands, power, smooth

from perfkit import stage


@stage("dither")
def dither(signals, seed):
    np.random.seed(seed)
    np.random.standard_normal(16)  # burn-in
    return signals + np.random.default_rng(seed).normal(0.0, 1e-3, signals.shape)


def run(inputs):
    powers = power(smooth(dither(inputs["signals"], inputs["seed"])))
    return {"bands": bands(powers), "peak": powers.argmax(axis=1), "total": float(powers.sum())}
