"""The transform dominates; smoothing is folded into it, so this stage has nothing left to do."""

import numpy as np
from baselines.spectra import bands, dither

from perfkit import stage


@stage("smooth")
def smooth(signals):
    return signals


@stage("power")
def power(signals):
    frequency = np.fft.rfftfreq(signals.shape[1])
    response = (1 + 2 * np.cos(2 * np.pi * frequency) + 2 * np.cos(4 * np.pi * frequency)) / 5
    return np.abs(np.fft.rfft(signals, axis=1) * response) ** 2


def run(inputs):
    powers = power(smooth(dither(inputs["signals"], inputs["seed"])))
    return {"bands": bands(powers), "peak": powers.argmax(axis=1), "total": float(powers.sum())}
