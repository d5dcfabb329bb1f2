"""What timed runs returned: kept until both sides of a pair are there, compared, and let go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.errors import StoreError
from perfkit.measure import keeping, plain
from perfkit.model import Equivalence
from perfkit.verify import checkpoints, comparator
from perfkit.verify.checkpoints import CheckpointRecorder

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.model import Pipeline


def take(staged: Path, text: str, into: Path | None) -> None:
    """Move a timed run's result out of its folder.

    Parameters
    ----------
    staged
        The run's folder, where the worker kept a result that is large or not plain.
    text
        The result, if it is small and plain.
    into
        An existing folder; None if nobody will compare it.

    Raises
    ------
    StoreError
        If the text is not what the worker writes.
    """
    for file in (*staged.glob("*.npy"), staged / checkpoints.FILE):
        if into is None:
            file.unlink(missing_ok=True)
        elif file.exists():
            file.rename(into / file.name)
    unkept = staged / keeping.UNKEPT
    if unkept.exists():
        unkept.unlink() if into is None else unkept.rename(into / keeping.UNKEPT)
    if into is not None and text:
        keep = CheckpointRecorder(into)
        try:
            keep("", plain.read(text))
        except ValueError as error:
            raise StoreError(f"the result of a timed run cannot be read: {error}") from error
        keep.save()


def compared(pipeline: Pipeline, baseline: Path, contender: Path) -> Equivalence:
    """Compare the results of the two runs of a pair; one that cannot be kept or read is not checked."""
    for unkept in (baseline / keeping.UNKEPT, contender / keeping.UNKEPT):
        if unkept.exists():
            return Equivalence(stage=comparator.RESULT, verdict="not checked", reason=unkept.read_text())
    try:
        found = comparator.compare(
            checkpoints.read(baseline),
            checkpoints.read(contender),
            baseline_folder=baseline,
            contender_folder=contender,
            tolerances=pipeline.tolerances,
            stages=(),
            contender_stages=(),
        )
    except StoreError as error:
        return Equivalence(stage=comparator.RESULT, verdict="not checked", reason=str(error))
    return found[-1]
