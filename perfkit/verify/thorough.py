"""Search small inputs for one on which the two sides differ: both in one process, with hypothesis.

Hypothesis varies the size, the seed and the edge, and shrinks what it finds. What it finds here is only a
suspicion: the parent tries that input again, each side in a process of its own.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from perfkit.errors import StoreError
from perfkit.markers import Recorder
from perfkit.model import Job, Trial
from perfkit.verify import comparator, mapping, watch
from perfkit.verify.checkpoints import CheckpointRecorder
from perfkit.verify.edges import EDGES, at_edge
from perfkit.verify.runnable import result as result_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.model import Checkpoint, Parameters
    from perfkit.verify.runnable import Runnable

FILE = "thorough.json"
LARGEST = 32
"""Items of the largest input that is tried."""

_LIMIT_S = 20.0  # for each search
_FEWEST, _MOST = 25, 300  # examples


class Search(msgspec.Struct):
    """What was searched.

    Attributes
    ----------
    tried
        How many inputs both sides were run on.
    suspects
        The smallest input found on which they differ, without an edge and at one.
    """

    tried: int
    suspects: list[Trial]


class _DifferError(Exception):
    """The two sides differ on this input."""


class _Sides:
    """Both sides in this process, run on one input after the other."""

    def __init__(self, job: Job, sides: tuple[Runnable, Runnable], make_inputs: Callable[..., Any]) -> None:
        self.tried = 0
        self._job = job
        self._runnable = sides
        self._make_inputs = make_inputs

    def differ(self, trial: Trial) -> bool:
        """Tell whether one side raises and the other does not, or a stage differs."""
        found = []
        for runnable, name in zip(self._runnable, ("baseline", "contender"), strict=True):
            watch.seed_generators(trial.seed)
            try:
                inputs = self._make_inputs(trial.seed, **trial.parameters)
                inputs = at_edge(trial.edge, inputs) if trial.edge else inputs
            except Exception:  # noqa: BLE001  an input that cannot be made shows nothing
                return False
            if inputs is None:
                return False
            found.append(self._run(runnable, inputs, trial, Path(self._job.folder, name)))
        self.tried += 1
        ours, theirs = found
        if ours is None or theirs is None:
            return (ours is None) != (theirs is None)
        return any(
            one.verdict == "different"
            for one in comparator.compare(
                ours[0],
                mapping.renamed(theirs[0], self._job.mapped),
                baseline_folder=Path(self._job.folder, "baseline"),
                contender_folder=Path(self._job.folder, "contender"),
                tolerances=self._job.tolerances,
                stages=ours[1],
                contender_stages=mapping.renamed_paths(theirs[1], self._job.mapped),
            )
        )

    def _run(
        self, runnable: Runnable, inputs: object, trial: Trial, folder: Path
    ) -> tuple[tuple[Checkpoint, ...], list[str]] | None:
        """Return a side's values and stages; None if it raised."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        keep = CheckpointRecorder(folder, undeclared=frozenset(self._job.undeclared))
        recorder = Recorder(keep)
        watch.seed_generators(trial.seed)
        recorder.start()
        try:
            result = result_of(runnable, inputs)
        except Exception:  # noqa: BLE001  whatever the pipeline raises
            return None
        finally:
            recorder.stop()
        keep("", result)
        return keep.checkpoints, [node.path for node in recorder.trees[recorder.main_thread].walk()]


def work(job: dict[str, Any], sides: tuple[Runnable, Runnable], make_inputs: Callable[..., Any]) -> None:
    """Search, and write down what was found.

    Parameters
    ----------
    job
        As it came down the pipe; its first trial has the parameters that are not varied.
    sides
        The baseline and the contender.
    make_inputs
        The baseline's.

    Raises
    ------
    ImportError
        If hypothesis is not installed.
    """
    one = msgspec.convert(job, Job)
    tried = _Sides(one, sides, make_inputs)
    suspects = []
    for edges in ([""], list(EDGES)):
        found = _smallest(one, tried, edges)
        suspects += [] if found is None else [found]
    search = Search(tried=tried.tried, suspects=suspects)
    Path(one.folder, FILE).write_bytes(msgspec.json.encode(search))


def _smallest(job: Job, tried: _Sides, edges: list[str]) -> Trial | None:
    """Return the smallest input on which the sides differ; None if none was found."""
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import strategies as st

    kind = "edge" if edges != [""] else "size"
    failing: list[Trial] = []

    def trial(n: int, seed: int, edge: str) -> Trial:
        parameters: Parameters = {**job.trials[0].parameters, **({job.size: n} if job.size else {})}
        name = ", ".join(filter(None, [edge, f"{job.size}={n}" if job.size else "", "searched"]))
        return Trial(name=name, kind=kind, seed=seed, parameters=parameters, edge=edge)  # type: ignore[arg-type]

    begin = time.perf_counter()
    tried.differ(trial(LARGEST, 1, edges[-1]))
    each_s = max(1e-3, time.perf_counter() - begin)

    @settings(
        max_examples=int(min(_MOST, max(_FEWEST, _LIMIT_S / each_s))),
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(0, LARGEST), st.integers(0, 2**31 - 1), st.sampled_from(edges))
    def holds(n: int, seed: int, edge: str) -> None:
        one = trial(n, seed, edge)
        if tried.differ(one):
            failing.append(one)
            raise _DifferError

    try:
        holds()
    except BaseException:  # also the group that hypothesis raises when the example is flaky
        if not failing:
            raise
    return failing[-1] if failing else None  # the last one is what it shrank to


def read(folder: Path) -> Search:
    """Read what `work` left.

    Raises
    ------
    StoreError
        If it is missing or damaged.
    """
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=Search)
    except (OSError, msgspec.DecodeError) as error:
        raise StoreError(f"what the search left in {folder} cannot be read: {error}") from error
