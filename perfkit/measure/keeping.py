"""Keep what a timed run returned where it is not plain: values are taken apart by what verifies them.

Standard library alone until then; used after the clock has stopped.
"""

from __future__ import annotations

import os
import sys

UNKEPT = "unkept.txt"
"""Says why a result was not kept."""

_BYTES = 1 << 28  # of a result that are kept for comparison


def keep(folder: str, result: object, lent: str) -> None:
    """Keep a result in a folder; where perfkit cannot, for want of packages, a file says why.

    Parameters
    ----------
    lent
        A folder with packages that perfkit needs and this interpreter lacks; empty for none.
    """
    if lent and lent not in sys.path:
        sys.path.append(lent)
    try:
        from pathlib import Path

        from perfkit.verify.checkpoints import CheckpointRecorder
    except ImportError as error:
        with open(os.path.join(folder, UNKEPT), "w", encoding="utf-8") as file:  # noqa: PTH118, PTH123
            file.write(f"it is no plain value, and to keep it something is missing where it ran: {error}")
        return
    recorder = CheckpointRecorder(Path(folder), budget_bytes=_BYTES)
    recorder("", result)
    recorder.save()
