"""The spectra pass through a file-backed array, as they would not fit into memory at full scale; declared."""

import tempfile

import numpy as np
from baselines.spectra import bands, dither, smooth

from perfkit import stage


@stage("power")
def power(signals):
    shape = (len(signals), signals.shape[1] // 2 + 1)
    with tempfile.NamedTemporaryFile(prefix="spectra-") as file:
        if len(signals) == 0:
            return np.zeros(shape)
        scratch = np.memmap(file.name, dtype=np.complex128, mode="w+", shape=shape)
        scratch[:] = np.fft.rfft(signals, axis=1)
        return np.array(np.abs(scratch) ** 2)


def run(inputs):
    powers = power(smooth(dither(inputs["signals"], inputs["seed"])))
    return {"bands": bands(powers), "peak": np.argmax(powers, axis=1), "total": float(powers.sum())}
