"""Feed each stage of the contender with the baseline's own input, in one process, to name the guilty stage.

End to end an error in one stage shows in all that follow. Here the baseline runs, and whenever one of its
stages returns, the contender's stage is called with a copy of the same arguments and the same generators'
states. What both returned is kept and compared by the parent, as for any other checkpoint.
"""

from __future__ import annotations

import copy
import inspect
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from perfkit.errors import StoreError
from perfkit.markers import Recorder, Watcher
from perfkit.model import Job
from perfkit.verify import watch
from perfkit.verify.checkpoints import CheckpointRecorder
from perfkit.verify.checkpoints import read as read_checkpoints

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from perfkit.model import Checkpoint

BASELINE, CONTENDER, PLANTED = "baseline", "contender", "planted"
REASONS_FILE = "reasons.json"

_MOST_CALLS = 20  # of one stage that are compared


def staged_functions(module: ModuleType, root: str) -> dict[str, Callable[..., Any] | None]:
    """Return the decorated stages of a module and of the project's modules that it uses, by stage name.

    A name that several functions have maps to None: which one is meant cannot be told.
    """
    found: dict[str, Callable[..., Any] | None] = {}
    seen: set[int] = set()
    stack: list[Any] = [module]
    while stack:
        owner = stack.pop()
        if id(owner) in seen:
            continue
        seen.add(id(owner))
        for value in list(vars(owner).values()):
            inner = value.__func__ if isinstance(value, staticmethod | classmethod) else value
            name = getattr(inner, "__perfkit_stage__", None) if inspect.isfunction(inner) else None
            if name is not None and id(inner) not in seen:
                seen.add(id(inner))
                found[name] = None if name in found else inner
            elif (isinstance(value, type) and value.__module__ == getattr(owner, "__name__", None)) or (
                inspect.ismodule(value) and _is_own(value, root)
            ):
                stack.append(value)
    return found


def _is_own(module: ModuleType, root: str) -> bool:
    file = getattr(module, "__file__", None) or ""
    return file.startswith(root) and not watch.is_installed(file)


class _Feeder(Watcher):
    """Calls the contender's stage beside each of the baseline's."""

    def __init__(self, job: Job, functions: dict[str, Callable[..., Any] | None]) -> None:
        folder = Path(job.folder)
        for name in (BASELINE, CONTENDER):
            (folder / name).mkdir()
        self.reasons: dict[str, str] = {}
        self.recorder: Recorder
        self.ours = CheckpointRecorder(folder / BASELINE)
        self.theirs = CheckpointRecorder(folder / CONTENDER)
        self._names = job.stages
        self._functions = functions
        self._counts: Counter[str] = Counter()
        self._open: dict[str, list[tuple[Any, ...] | None]] = defaultdict(list)
        self._returned: list[tuple[str, tuple[Any, ...] | None]] = []

    def opened(self, path: str) -> None:
        """Begin a call without arguments: a block's."""
        self._open[path].append(None)

    def called(
        self, path: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """Copy the arguments and the generators before the baseline's stage can change them."""
        del function
        self._counts[path] += 1
        if path in self.reasons or self._counts[path] > _MOST_CALLS:
            return
        if self._function(path) is None:
            return
        try:
            copied = copy.deepcopy((args, kwargs))
        except Exception as error:  # noqa: BLE001  whatever an object's own code raises
            self.reasons[path] = f"its arguments cannot be copied: {type(error).__name__}: {error}"
            return
        self._open[path][-1] = (copied, _generators())

    def closed(self, path: str) -> None:
        """Remember what to feed until the value has been handed over."""
        if self._open[path]:
            self._returned.append((path, self._open[path].pop()))

    def __call__(self, path: str, value: object) -> None:
        """Keep the baseline's value, and the contender's for the same input."""
        fed = self._returned.pop()[1] if self._returned and self._returned[-1][0] == path else None
        if fed is None or path in self.reasons:
            return
        function = self._function(path)
        if function is None:
            return
        (args, kwargs), generators = fed
        self.recorder.stop()
        after = _generators()
        try:
            self.ours(path, value)
            _restore(generators)
            inspect.signature(function).bind(*args, **kwargs)
            self.theirs(path, function(*args, **kwargs))
        except (Exception, SystemExit) as error:  # noqa: BLE001  whatever the contender's stage raises
            said = f"{type(error).__name__}: {error}"[:200]
            self.reasons[path] = f"the contender's stage does not take the baseline's arguments ({said})"
        finally:
            _restore(after)
            self.recorder.resume()

    def _function(self, path: str) -> Callable[..., Any] | None:
        name = self._names.get(path, path).rpartition("/")[2]
        if name not in self._functions:
            self.reasons[path] = "the contender has no decorated stage of this name"
            return None
        function = self._functions[name]
        if function is None:
            self.reasons[path] = "the contender has several stages of this name"
        return function


def _generators() -> dict[str, Any]:
    found: dict[str, Any] = {"numpy": np.random.get_state()}
    if "random" in sys.modules:
        found["random"] = sys.modules["random"].getstate()
    if hasattr(sys.modules.get("torch"), "get_rng_state"):
        found["torch"] = sys.modules["torch"].get_rng_state()
    return found


def _restore(states: dict[str, Any]) -> None:
    np.random.set_state(states["numpy"])
    if "random" in states:
        sys.modules["random"].setstate(states["random"])
    if "torch" in states:
        sys.modules["torch"].set_rng_state(states["torch"])


def work(
    job: dict[str, Any],
    baseline: ModuleType,
    contender: ModuleType,
    make_inputs: Callable[..., Any],
) -> None:
    """Run the baseline with the contender's stages beside it, then the contender among planted wrong answers.

    Parameters
    ----------
    job
        As it came down the pipe: its first trial is the input that is fed, its second the one whose results
        are planted.
    baseline, contender
        The two modules.
    make_inputs
        The baseline's.
    """
    one = msgspec.convert(job, Job)
    folder = Path(one.folder)
    fed, decoy = one.trials
    feeder = _Feeder(one, staged_functions(contender, one.root))
    feeder.recorder = Recorder(feeder, feeder)
    watch.seed_generators(fed.seed)
    inputs = make_inputs(fed.seed, **fed.parameters)
    watch.seed_generators(fed.seed)
    feeder.recorder.start()
    try:
        result = baseline.run(inputs)
    finally:
        feeder.recorder.stop()
    feeder.ours("", result)  # once more than in the baseline's own process: does it repeat itself?
    feeder.ours.save()
    feeder.theirs.save()
    (folder / REASONS_FILE).write_bytes(msgspec.json.encode(feeder.reasons))
    (folder / PLANTED).mkdir()
    keep = CheckpointRecorder(folder / PLANTED)
    _among_planted_answers(baseline, contender, make_inputs, (fed, decoy), keep)
    keep.save()


def _among_planted_answers(
    baseline: ModuleType,
    contender: ModuleType,
    make_inputs: Callable[..., Any],
    trials: tuple[Any, Any],
    keep: CheckpointRecorder,
) -> None:
    """Call the contender where an answer to another input lies in every place that a thief would look."""
    fed, decoy = trials
    watch.seed_generators(decoy.seed)
    other = make_inputs(decoy.seed, **decoy.parameters)
    watch.seed_generators(decoy.seed)
    expected = reference = baseline_result = baseline.run(other)  # in this frame, and in the module below
    for name in ("expected", "reference", "baseline_result", "RESULT", "_result", "LAST_RESULT"):
        if not hasattr(baseline, name):
            setattr(baseline, name, expected)
    watch.seed_generators(fed.seed)
    inputs = make_inputs(fed.seed, **fed.parameters)
    watch.seed_generators(fed.seed)
    try:
        keep("", contender.run(inputs))
    except (Exception, SystemExit) as error:  # noqa: BLE001  said by the trial of the same input
        del error
    del reference, baseline_result


@dataclass(frozen=True, slots=True, kw_only=True)
class Fed:
    """What came of the stages that were fed side by side.

    Attributes
    ----------
    ours, theirs
        The baseline's values, and the contender's for the same arguments.
    reasons
        Why a stage has none.
    planted
        What the contender returned among planted wrong answers.
    """

    ours: tuple[Checkpoint, ...]
    theirs: tuple[Checkpoint, ...]
    ours_folder: Path
    theirs_folder: Path
    reasons: dict[str, str]
    planted: tuple[Checkpoint, ...]


def read(folder: Path) -> Fed:
    """Read what `work` left.

    Raises
    ------
    StoreError
        If it is missing or damaged.
    """
    file = folder / REASONS_FILE
    try:
        reasons = msgspec.json.decode(file.read_bytes(), type=dict[str, str])
    except (OSError, msgspec.DecodeError) as error:
        raise StoreError(f"what the verification left in {folder} cannot be read: {error}") from error
    return Fed(
        ours=read_checkpoints(folder / BASELINE),
        theirs=read_checkpoints(folder / CONTENDER),
        ours_folder=folder / BASELINE,
        theirs_folder=folder / CONTENDER,
        reasons=reasons,
        planted=read_checkpoints(folder / PLANTED),
    )
