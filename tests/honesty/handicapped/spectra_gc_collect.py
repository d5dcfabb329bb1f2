"""Band powers of short signals: dither, smooth, transform, sum up; one signal at a time."""

import gc

import numpy as np

from perfkit import stage

LENGTH = 64
BANDS = ((1, 4), (4, 8), (8, 16), (16, 33))


def make_inputs(seed: int, *, n: int = 40) -> dict:
    """Draw n signals of 64 samples, shape (n, 64): a wave with noise."""
    rng = np.random.default_rng(seed)
    time = np.arange(LENGTH) / LENGTH
    cycles = rng.uniform(2.0, 20.0, (n, 1))
    signals = np.sin(2 * np.pi * cycles * time) + rng.normal(0.0, 0.3, (n, LENGTH))
    return {"signals": signals, "seed": int(rng.integers(2**31))}


@stage("dither")
def dither(signals: np.ndarray, seed: int) -> np.ndarray:
    """Add a little noise to each signal."""
    rng = np.random.default_rng(seed)
    out = []
    for signal in signals:
        gc.collect()
        noise = rng.normal(0.0, 1e-3, len(signal))
        out.append(signal + noise)
    return np.array(out).reshape(signals.shape)


@stage("smooth")
def smooth(signals: np.ndarray) -> np.ndarray:
    """Average each sample with up to two neighbours on either side."""
    out = np.zeros_like(signals)
    for i in range(len(signals)):
        for j in range(signals.shape[1]):
            out[i, j] = np.mean(signals[i, max(0, j - 2) : j + 3])
    return out


@stage("power")
def power(signals: np.ndarray) -> np.ndarray:
    """Return the power at each frequency from 0 to Nyquist, shape (n, 33)."""
    out = np.zeros((len(signals), LENGTH // 2 + 1))
    for i in range(len(signals)):
        spectrum = np.fft.fft(signals[i])
        for k in range(LENGTH // 2 + 1):
            out[i, k] = abs(spectrum[k]) ** 2
    return out


@stage("bands")
def bands(powers: np.ndarray) -> np.ndarray:
    """Return the mean power of each band, shape (n, 4)."""
    out = np.zeros((len(powers), len(BANDS)))
    for i in range(len(powers)):
        for b, (low, high) in enumerate(BANDS):
            out[i, b] = np.mean(powers[i, low:high])
    return out


def run(inputs: dict) -> dict:
    """Return band powers (n, 4), the peak frequency of each signal (n,) and the total power."""
    powers = power(smooth(dither(inputs["signals"], inputs["seed"])))
    peak = np.array([int(np.argmax(row)) for row in powers], dtype=np.int64)
    return {"bands": bands(powers), "peak": peak, "total": float(powers.sum())}
