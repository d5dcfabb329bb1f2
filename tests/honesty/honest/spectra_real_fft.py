"""The real transform of all signals at once, windows by shifted sums, the same draws in bulk."""

import numpy as np

from perfkit import stage

BANDS = ((1, 4), (4, 8), (8, 16), (16, 33))


@stage("dither")
def dither(signals, seed):
    return signals + np.random.default_rng(seed).normal(0.0, 1e-3, signals.shape)


@stage("smooth")
def smooth(signals):
    n, length = signals.shape
    padded = np.zeros((n, length + 4))
    padded[:, 2:-2] = signals
    # Five shifted views, not a running sum: a NaN stays within its own windows.
    total = sum(padded[:, shift : shift + length] for shift in range(5))
    size = np.full(length, 5.0)
    for edge, missing in ((0, 2), (1, 1), (-1, 2), (-2, 1)):
        size[edge] -= missing
    return total / size


@stage("power")
def power(signals):
    return np.abs(np.fft.rfft(signals, axis=1)) ** 2


@stage("bands")
def bands(powers):
    return np.stack([powers[:, low:high].mean(axis=1) for low, high in BANDS], axis=1)


def run(inputs):
    powers = power(smooth(dither(inputs["signals"], inputs["seed"])))
    return {"bands": bands(powers), "peak": powers.argmax(axis=1), "total": float(powers.sum())}
