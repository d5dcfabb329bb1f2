"""Feed each stage of the contender with the baseline's own input, in one process, to name the guilty stage.

End to end an error in one stage shows in all that follow. Here the baseline runs, and whenever one of its
stages returns, the contender's stage is called with a copy of the same arguments and the same generators'
states. What both returned is kept and compared by the parent, as for any other checkpoint.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import os
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
from perfkit.verify.runnable import result as result_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from perfkit.model import Checkpoint
    from perfkit.verify.importing import Importing
    from perfkit.verify.runnable import Runnable

BASELINE, CONTENDER, PLANTED = "baseline", "contender", "planted"
REASONS_FILE, IMPORT_FILE = "reasons.json", "import.json"

_MOST_CALLS = 20  # of one stage that are compared


def staged_functions(module: ModuleType, root: str) -> dict[str, Callable[..., Any] | None]:
    """Return the decorated stages of a module and of the project's modules that it uses, by stage name.

    A name that several functions have maps to None: which one is meant cannot be told.
    """
    found: dict[str, Callable[..., Any] | None] = {}
    for name, _, function in _staged(module, root):
        found[name] = None if name in found else function
    return found


def _staged(module: ModuleType, root: str) -> Iterator[tuple[str, Any, Callable[..., Any]]]:
    """Yield the name, the owner (a class or a module) and the function of each decorated stage."""
    seen: set[int] = set()
    stack: list[Any] = [module]
    while stack:
        owner = stack.pop()
        if id(owner) in seen:
            continue
        seen.add(id(owner))
        home = owner.__module__ if isinstance(owner, type) else getattr(owner, "__name__", None)
        for value in list(vars(owner).values()):
            inner = value.__func__ if isinstance(value, staticmethod | classmethod) else value
            name = getattr(inner, "__perfkit_stage__", None) if inspect.isfunction(inner) else None
            if name is not None and id(inner) not in seen:
                seen.add(id(inner))
                yield name, owner, inner
            elif (isinstance(value, type) and value.__module__ == home) or (
                inspect.ismodule(value) and _is_own(value, root)
            ):
                stack.append(value)


def counterparts(baseline: ModuleType, contender: ModuleType, root: str) -> dict[type, type]:
    """Return which class of the contender answers to one of the baseline's: the same stages are its methods.

    Of classes without stages, or whose methods would say different things, the one of the same name answers.
    """
    by_stage = [
        {name: owner for name, owner, _ in _staged(module, root) if isinstance(owner, type)}
        for module in (baseline, contender)
    ]
    answers: dict[type, set[type]] = defaultdict(set)
    for name, ours in by_stage[0].items():
        if name in by_stage[1]:
            answers[ours].add(by_stage[1][name])
    found = {ours: theirs.pop() for ours, theirs in answers.items() if len(theirs) == 1}
    for name, ours in vars(baseline).items():
        theirs = vars(contender).get(name)
        if isinstance(ours, type) and isinstance(theirs, type) and ours.__module__ == baseline.__name__:
            found.setdefault(ours, theirs)
    return {ours: theirs for ours, theirs in found.items() if ours is not theirs}


def _is_own(module: ModuleType, root: str) -> bool:
    file = getattr(module, "__file__", None) or ""
    return file.startswith(root) and not watch.is_installed(file)


class _Feeder(Watcher):
    """Calls the contender's stage beside each of the baseline's."""

    def __init__(
        self, job: Job, functions: dict[str, Callable[..., Any] | None], classes: dict[type, type]
    ) -> None:
        folder = Path(job.folder)
        for name in (BASELINE, CONTENDER):
            (folder / name).mkdir()
        self.reasons: dict[str, str] = {}
        self.recorder: Recorder
        marked = frozenset(job.undeclared)
        self.ours = CheckpointRecorder(folder / BASELINE, undeclared=marked)
        self.theirs = CheckpointRecorder(folder / CONTENDER, undeclared=marked)
        self._names = job.stages
        self._functions = functions
        self._classes = classes
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
            copied = self._copied((args, kwargs))
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
            with _unheard():
                value = function(*args, **kwargs)
            self.theirs(path, value)
        except (Exception, SystemExit) as error:  # noqa: BLE001  whatever the contender's stage raises
            said = f"{type(error).__name__}: {error}"[:200]
            self.reasons[path] = f"the contender's stage does not take the baseline's arguments ({said})"
        finally:
            _restore(after)
            self.recorder.resume()

    def _copied(self, arguments: tuple[Any, ...]) -> Any:
        """Copy arguments; what is of a class of the baseline's is then of the contender's."""
        memo: dict[int, Any] = {}
        copied = copy.deepcopy(arguments, memo)
        for one in list(memo.values()) if self._classes else ():
            theirs = self._classes.get(type(one))
            if theirs is not None:
                with contextlib.suppress(TypeError):  # of another layout: it stays what it was
                    one.__class__ = theirs
        return copied

    def _function(self, path: str) -> Callable[..., Any] | None:
        name = self._names.get(path, path).rpartition("/")[2]
        if name not in self._functions:
            self.reasons[path] = "the contender has no decorated stage of this name"
            return None
        function = self._functions[name]
        if function is None:
            self.reasons[path] = "the contender has several stages of this name"
        return function


@contextlib.contextmanager
def _unheard() -> Iterator[None]:
    """Keep what the contender prints out of standard output, which may be the baseline's result."""
    _flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        _flush()
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def _flush() -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()


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
    baseline: Runnable,
    contender: Runnable,
    make_inputs: Callable[..., Any],
    *,
    imported: Importing,
) -> None:
    """Run the baseline with the contender's stages beside it, then the contender among planted wrong answers.

    Parameters
    ----------
    job
        As it came down the pipe: its first trial is the input that is fed, its second, if there is one, that
        whose results are planted.
    baseline, contender
        The two sides; of a contender that is a script, only its functions.
    make_inputs
        The baseline's.
    imported
        What was called while they were imported.
    """
    one = msgspec.convert(job, Job)
    folder = Path(one.folder)
    fed = one.trials[0]
    feeder = _Feeder(
        one,
        staged_functions(contender.module, one.root),
        counterparts(baseline.module, contender.module, one.root),
    )
    feeder.recorder = Recorder(feeder, feeder)
    watch.seed_generators(fed.seed)
    inputs = make_inputs(fed.seed, **fed.parameters)
    watch.seed_generators(fed.seed)
    feeder.recorder.start()
    try:
        result = result_of(baseline, inputs)
    finally:
        feeder.recorder.stop()
    feeder.ours("", result)  # once more than in the baseline's own process: does it repeat itself?
    feeder.ours.save()
    feeder.theirs.save()
    (folder / REASONS_FILE).write_bytes(msgspec.json.encode(feeder.reasons))
    own = staged_functions(baseline.module, one.root)
    at_import = imported.called(own, getattr(baseline.module, "__file__", None) or "")
    (folder / IMPORT_FILE).write_bytes(msgspec.json.encode(at_import))
    (folder / PLANTED).mkdir()
    keep = CheckpointRecorder(folder / PLANTED)
    if len(one.trials) > 1:
        _among_planted_answers(baseline, contender, make_inputs, (fed, one.trials[1]), keep)
    keep.save()


def _among_planted_answers(
    baseline: Runnable,
    contender: Runnable,
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
        if not hasattr(baseline.module, name):
            setattr(baseline.module, name, expected)
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
    at_import
        The baseline's stages that the contender called while it was imported.
    """

    ours: tuple[Checkpoint, ...]
    theirs: tuple[Checkpoint, ...]
    ours_folder: Path
    theirs_folder: Path
    reasons: dict[str, str]
    planted: tuple[Checkpoint, ...]
    at_import: tuple[str, ...] = ()


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
        at_import = msgspec.json.decode((folder / IMPORT_FILE).read_bytes(), type=tuple[str, ...])
    except (OSError, msgspec.DecodeError) as error:
        raise StoreError(f"what the verification left in {folder} cannot be read: {error}") from error
    return Fed(
        ours=read_checkpoints(folder / BASELINE),
        theirs=read_checkpoints(folder / CONTENDER),
        ours_folder=folder / BASELINE,
        theirs_folder=folder / CONTENDER,
        reasons=reasons,
        planted=read_checkpoints(folder / PLANTED),
        at_import=at_import,
    )
