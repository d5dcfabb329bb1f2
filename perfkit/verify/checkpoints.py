"""Keep what every stage hands over, at the moment it does: in a verification's process, never a timed one."""

from __future__ import annotations

import os
import threading
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from perfkit.errors import StoreError
from perfkit.model import Checkpoint
from perfkit.verify.arrays import ArrayStore, WriteError
from perfkit.verify.undeclared import settled
from perfkit.verify.walk import walk

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

FILE = "checkpoints.json"

MAX_LEAVES = 1_000_000
"""Leaves of a whole run; about 500 bytes of memory each. What is beyond them is said not to be kept."""


class CheckpointRecorder:
    """Snapshot every value that a stage hands over; the ``on_checkpoint`` of `perfkit.markers.Recorder`.

    Safe to call from several threads; in a forked process it keeps nothing. The value may be changed as soon
    as the call returns.

    Parameters
    ----------
    folder
        An existing folder, for the arrays and the list of checkpoints.
    budget_bytes
        The bytes of all arrays stored by this run; of an array beyond it, or too large for the disk, a sample
        is kept besides the digest.
    undeclared
        Names of stages that no source declares: of their values, how numbers are held is not kept.
    """

    def __init__(
        self,
        folder: Path,
        *,
        budget_bytes: int = 2 * 1024**3,
        undeclared: Collection[str] = frozenset(),
    ) -> None:
        self._folder = folder
        self._undeclared = undeclared
        self._process = os.getpid()
        self._store = ArrayStore(folder, budget_bytes)
        self._lock = threading.RLock()
        self._walking = False
        self._occurrences: Counter[str] = Counter()
        self._leaves_left = MAX_LEAVES
        self._checkpoints: list[Checkpoint] = []

    def __call__(self, stage_path: str, value: object) -> None:
        """Keep `value` as it is now.

        Parameters
        ----------
        stage_path
            The stage's path; empty for what ``run`` returned.
        value
            Anything. What cannot be read or compared is kept as an opaque leaf with the reason.

        Raises
        ------
        OSError
            When an array cannot be written; that the disk is full is no error.
        """
        if os.getpid() != self._process:
            return  # a fork of the pipeline's own: what it does is seen in what it hands back
        with self._lock:
            if self._walking:
                return  # a stage inside the value's own code, which the walk called: no part of the pipeline
            self._walking = True
            try:
                if self._undeclared and stage_path.rpartition("/")[2] in self._undeclared:
                    value = settled(value)
                leaves = walk(value, self._store, self._leaves_left)
            except WriteError as error:
                raise error.error from None
            finally:
                self._walking = False
            self._leaves_left = max(0, self._leaves_left - len(leaves))
            nth = self._occurrences[stage_path]
            self._occurrences[stage_path] += 1
            self._checkpoints.append(Checkpoint(stage=stage_path, occurrence=nth, leaves=tuple(leaves)))

    @property
    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """What was kept so far, in the order in which it was handed over."""
        with self._lock:
            return tuple(self._checkpoints)

    def save(self) -> None:
        """Write ``checkpoints.json``.

        Raises
        ------
        OSError
            When it cannot be written.
        """
        with self._lock:
            (self._folder / FILE).write_bytes(msgspec.json.encode(self._checkpoints))


def read(folder: Path) -> tuple[Checkpoint, ...]:
    """Read the checkpoints that a run saved.

    Parameters
    ----------
    folder
        The run's folder.

    Returns
    -------
    tuple of Checkpoint
        In the order in which they were handed over.

    Raises
    ------
    StoreError
        When there is no list of checkpoints, or it is damaged.
    """
    path = folder / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[Checkpoint, ...])
    except (OSError, msgspec.DecodeError) as error:
        raise StoreError(f"The checkpoints {path} cannot be read: {error}") from error
