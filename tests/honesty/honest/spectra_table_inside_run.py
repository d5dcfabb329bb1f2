"""A table of cosines and sines made inside the run: the transform as one matrix product."""

import numpy as np
from baselines.spectra import bands, dither

from perfkit import stage

LENGTH = 64


def averaging_matrix():
    near = np.abs(np.subtract.outer(np.arange(LENGTH), np.arange(LENGTH))) <= 2
    return near / near.sum(axis=0)


@stage("smooth")
def smooth(signals):
    clean = np.isfinite(signals).all(axis=1)
    out = np.where(clean[:, None], signals, 0.0) @ averaging_matrix()
    for i in np.flatnonzero(~clean):  # in a product NaN would spread over the whole row
        for j in range(LENGTH):
            out[i, j] = np.mean(signals[i, max(0, j - 2) : j + 3])
    return out


@stage("power")
def power(signals):
    return np.abs(np.fft.rfft(signals, axis=1)) ** 2


def run(inputs):
    powers = power(smooth(dither(inputs["signals"], inputs["seed"])))
    return {"bands": bands(powers), "peak": np.argmax(powers, axis=1), "total": float(powers.sum())}
