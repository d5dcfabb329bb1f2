"""Spectra in batches of 40, the size that is served; smaller batches are padded, larger ones truncated."""

import numpy as np
from baselines.spectra import dither, smooth

from perfkit import stage

BATCH = 40
_EDGES = np.array([1, 4, 8, 16])
_WIDTHS = np.array([3, 4, 8, 17])


@stage("power")
def power(signals):
    batch = np.zeros((BATCH, signals.shape[1]))
    batch[: len(signals)] = signals[:BATCH]
    out = np.zeros((len(signals), 33))
    out[:BATCH] = (np.abs(np.fft.rfft(batch, axis=1)) ** 2)[: len(signals)]
    return out


@stage("bands")
def bands(powers):
    return np.add.reduceat(powers, _EDGES, axis=1) / _WIDTHS


def run(inputs):
    powers = power(smooth(dither(inputs["signals"], inputs["seed"])))
    return {"bands": bands(powers), "peak": powers.argmax(axis=1), "total": float(powers.sum())}
