"""Spectra; peak indices are small, so that 32 bits hold them."""

import numpy as np
from baselines.spectra import bands, dither, smooth

from perfkit import stage


@stage("power")
def power(signals):
    return np.abs(np.fft.rfft(signals, axis=1)) ** 2


def run(inputs):
    powers = power(smooth(dither(inputs["signals"], inputs["seed"])))
    peak = powers.argmax(axis=1).astype(np.int32)
    return {"bands": bands(powers), "peak": peak, "total": float(powers.sum())}
