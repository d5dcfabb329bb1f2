"""Dithers in place and takes the noise away again at the end: no copy of the signals is needed."""

import numpy as np
from baselines.spectra import bands, power, smooth

from perfkit import stage


@stage("dither")
def dither(signals, noise):
    signals += noise
    return signals


def run(inputs):
    signals = inputs["signals"]
    noise = np.random.default_rng(inputs["seed"]).normal(0.0, 1e-3, signals.shape)
    powers = power(smooth(dither(signals, noise)))
    signals -= noise
    return {"bands": bands(powers), "peak": powers.argmax(axis=1), "total": float(powers.sum())}
