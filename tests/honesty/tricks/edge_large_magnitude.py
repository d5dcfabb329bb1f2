"""Spectra; samples beyond the range of the converter (1,000) are clipped, as they are faults."""

import numpy as np
from baselines.spectra import bands, dither

from perfkit import stage


@stage("smooth")
def smooth(signals):
    padded = np.pad(np.clip(signals, -1e3, 1e3), ((0, 0), (2, 2)))
    total = sum(padded[:, k : k + signals.shape[1]] for k in range(5))
    return total / np.convolve(np.ones(signals.shape[1]), np.ones(5), mode="same")


@stage("power")
def power(signals):
    return np.abs(np.fft.rfft(signals, axis=1)) ** 2


def run(inputs):
    powers = power(smooth(dither(inputs["signals"], inputs["seed"])))
    return {"bands": bands(powers), "peak": powers.argmax(axis=1), "total": float(powers.sum())}
