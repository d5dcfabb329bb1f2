"""A verification's process: run the trials that a job names, one after the other, and keep what came of each.

Every trial is written down as soon as it is over, so that a crash in one loses none of those before it. The
first trial is as cold as a timed run; the later ones also show what the process remembers of those before.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import importlib
import importlib.util
import math
import sys
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any

import msgspec

from perfkit.errors import StoreError
from perfkit.markers import Recorder
from perfkit.model import Job, Memory, Metrics, StageTiming, TrialRun
from perfkit.verify import own_types, watch, written
from perfkit.verify.calls import Calls, changes, fingerprint, generator_states, looked_at
from perfkit.verify.checkpoints import CheckpointRecorder
from perfkit.verify.edges import at_edge, overwrite
from perfkit.verify.events import Events
from perfkit.verify.importing import Importing
from perfkit.verify.probe import remembered
from perfkit.verify.witness import Witness, what_computes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from perfkit.model import Parameters, Trial
    from perfkit.verify.runnable import Runnable

FILE = "trials.jsonl"
MEMORY_FILE = "memory.json"

_WAIT_S = 2.0  # for threads that a run left behind


class Session:
    """One side's verification, from before the variant is imported.

    Parameters
    ----------
    job
        As it came down the pipe.
    """

    def __init__(self, job: dict[str, Any]) -> None:
        self.job: Job
        self.folder = Path(job["folder"])
        self.root: str = job["root"]
        self.events = Events(self.root)
        self._kept_inputs: dict[str, object] = {}
        self._previous: tuple[str, object] | None = None
        self._busy_threads: list[str] = []
        self._main_cpu_s = 0.0
        self._witness = Witness(self.root, self.events)
        self._idle: dict[str, float] = {}
        self._guard: watch.Guard | None = None
        self.imported = Importing(self.root)

    @property
    def replaced(self) -> tuple[str, ...]:
        """What of perfkit was replaced in this process, and put back."""
        return self._guard.undone if self._guard is not None else ()

    def importing(self, kind: str) -> contextlib.AbstractContextManager[object]:
        """Watch what is called while the variant is imported, where no time of it counts."""
        return self.imported if kind == "differ" else contextlib.nullcontext()

    def begin(self, job: dict[str, Any]) -> None:
        """Take the rest of the job, which came after the import."""
        self.job = msgspec.convert(job, Job)

    def note_tracers(self) -> None:
        """Note what the import left: tracers, taken off for their slowness; parts of perfkit, put back."""
        self._restore()
        self.events.tracers += [one for one in watch.tracers() if one not in self.events.tracers]
        watch.take_off_tracers()

    def _restore(self) -> None:
        if self._guard is not None:
            self._guard.restore()

    def preload(self, path: str) -> None:
        """Import the libraries that a variant imports, so that its own body can be timed alone."""
        from perfkit.verify import differential  # noqa: F401  loaded, so that it is guarded too

        left, seen = [Path(self.root, path)], set()
        folders = [str(left[0].parent), self.root]
        sys.path[:0] = folders  # as they will be when the variant is imported
        plugged = own_types.load()  # before the variant can replace anything in them
        self._guard = watch.Guard()
        self._guard.keep_own(*plugged)
        while left:
            file = left.pop()
            seen.add(file)
            for name in _imported_by(file):
                with contextlib.suppress(Exception):
                    spec = importlib.util.find_spec(name)
                    if spec is None:
                        continue
                    if spec.origin is None or watch.is_installed(spec.origin):
                        importlib.import_module(name)
                    elif Path(spec.origin) not in seen:
                        left.append(
                            Path(spec.origin)
                        )  # the project's own: not run yet, but its libraries are
        for folder in folders:
            sys.path.remove(folder)

    def work(
        self,
        make_inputs: Callable[..., Any],
        side: Runnable,
        *,
        parameters: Callable[[Parameters], Parameters],
        outcome: Callable[[Recorder, object], dict[str, Any]],
    ) -> list[TrialRun]:
        """Run all trials; returns what came of them.

        Parameters
        ----------
        make_inputs, side
            The pipeline's, and what runs.
        parameters
            Completes the parameters of a trial by the defaults.
        outcome
            Turns a recorder and a result into the stages and metrics of a `TrialRun`.

        Raises
        ------
        TrialError
            If the first trial raises; what later ones raise is an outcome of theirs.
        """
        self._make_inputs, self._side = make_inputs, side
        self._parameters, self._outcome = parameters, outcome
        done: list[TrialRun] = []
        with (self.folder / FILE).open("ab") as file:
            for index, trial in enumerate(self.job.trials):
                if self.job.probing and trial.kind == "edge" and not (self.folder / MEMORY_FILE).exists():
                    self._probe()
                one = self._trial(index, trial)
                done.append(one)
                file.write(msgspec.json.encode(one) + b"\n")
                file.flush()
        if self.job.probing and not (self.folder / MEMORY_FILE).exists():
            self._probe()
        return done

    def seen(self) -> dict[str, Any]:
        """Return what was seen of the process, fields of `Observations`."""
        return {
            "files": [msgspec.to_builtins(one) for one in self.events.files.values()],
            "reread": self.events.reread,
            "threads": self._witness.threads,
            "processes": self.events.processes,
            "peeks": self.events.peeks,
            "tracers": self.events.tracers,
            "busy_threads": self._busy_threads,
            "exit_callbacks": self._witness.exit_callbacks,
            "idle": self._idle,
        }

    # ------------------------------------------------------------ one trial

    def _trial(self, index: int, trial: Trial) -> TrialRun:
        self.events.trial = index
        if not index and trial.kind != "main":
            self._main_cpu_s = math.inf  # a second process, after a crash: what is optional is left out
        if trial.optional_after_s is not None and self._main_cpu_s > trial.optional_after_s:
            seconds = (
                f"takes {self._main_cpu_s:.1f} s" if math.isfinite(self._main_cpu_s) else "crashed before"
            )
            error = f"run {seconds}: left out"
            return TrialRun(name=trial.name, outcome="no input", error=error)
        watch.seed_generators(trial.seed)
        begin = process_time()
        try:
            with self.events.listening("inputs"):
                inputs = self._make_inputs(trial.seed, **trial.parameters)
            inputs_cpu_s = process_time() - begin
            inputs = self._changed(trial, inputs)
        except _NoInputError as unfit:
            return TrialRun(name=trial.name, outcome="no input", error=str(unfit))
        except BaseException as raised:
            if trial.kind == "main" or not isinstance(raised, Exception):
                raise TrialError("inputs", raised) from raised
            return TrialRun(name=trial.name, outcome="no input", error=_said(raised))
        if any(other.onto == trial.name for other in self.job.trials):
            self._kept_inputs[trial.name] = inputs
        return self._ran(trial, inputs, inputs_cpu_s, self._made_folder(index))

    def _made_folder(self, index: int) -> Path:
        folder = self.folder / f"trial-{index}"
        folder.mkdir()
        return folder

    def _ran(self, trial: Trial, inputs: object, inputs_cpu_s: float, folder: Path) -> TrialRun:
        """Call run, with everything noted that can be."""
        before = looked_at(inputs, folder)
        kept = _Kept(folder, self.root, self.events, frozenset(self.job.undeclared))
        calls = Calls(folder, self.events)
        recorder = Recorder(kept, calls)
        earlier = self._earlier(folder)
        watch.seed_generators(trial.seed)
        if trial.kind == "main":
            gc.collect()  # as before a timed run
        threads = watch.threads()
        idle = dict(self._witness.idle)
        failed: BaseException | None = None
        result: object = None
        self._side.begin()
        recorder.start()
        began_ns = written.now_ns(folder)
        begin = process_time()
        try:
            with self.events.listening("run"):
                result = self._side.run(inputs)
        except BaseException as raised:
            if trial.kind == "main" or not isinstance(raised, Exception | SystemExit):
                raise TrialError("run", raised, recorder) from raised
            failed = raised
        finally:
            cpu_s = process_time() - begin
            recorder.stop()
        result = self._side.outcome(result) if failed is None else None
        self._restore()
        busy = [*watch.busy_threads(threads, self.root), *watch.busy_children()]
        self._busy_threads += [one for one in busy if one not in self._busy_threads]
        if trial.kind == "main":
            self._main_cpu_s = cpu_s
            self._idle = {name: spent - idle[name] for name, spent in self._witness.idle.items()}
        rng_after = generator_states()
        if failed is None:
            kept("", result)
            if self.job.loading.kind in {"script", "module"}:
                for name, content in written.contents(
                    self.events.files.values(), self.root, began_ns, self._side.told
                ):
                    kept(f"{written.STAGE}{name}", content)
        changed_later = self._later(result, threads, folder) if failed is None else ""
        overwrote = ""
        if self._previous and not trial.onto and self._earlier(folder) != earlier:
            overwrote = self._previous[0]
        self._previous = (trial.name, result) if failed is None else None
        return TrialRun(
            name=trial.name,
            outcome="returned" if failed is None else "raised",
            error="" if failed is None else _said(failed),
            stage="" if failed is None else recorder.failed_in(failed),
            inputs_cpu_s=inputs_cpu_s,
            cpu_s=cpu_s,
            rng_after=rng_after,
            computing=tuple(kept.computing),
            parameters=self._parameters(trial.parameters),
            inputs_digest=fingerprint(before),
            calls=tuple(calls.found),
            checkpoints=kept.recorder.checkpoints,
            mutated=changes(before, looked_at(inputs, folder)),
            changed_later=changed_later,
            overwrote=overwrote,
            **msgspec.convert(self._outcome(recorder, result), _Outcome).fields(),
        )

    def _changed(self, trial: Trial, inputs: object) -> object:
        """Return the input as the trial wants it."""
        if trial.edge:
            changed = at_edge(trial.edge, inputs)
            if changed is None:
                raise _NoInputError("the input holds nothing that this fits")
            return changed
        if trial.onto:
            target = self._kept_inputs.pop(trial.onto, None)
            if target is None or not overwrite(target, inputs):
                raise _NoInputError("the input's objects cannot be given other content")
            return target
        return inputs

    def _earlier(self, folder: Path) -> str:
        """Return the fingerprint of what the trial before returned, as it is now."""
        return "" if self._previous is None else fingerprint(looked_at(self._previous[1], folder))

    def _later(self, result: object, threads: set[int], folder: Path) -> str:
        """Say whether the result is another one once the threads that the run left have had their time."""
        now = fingerprint(looked_at(result, folder))
        watch.wait_for_threads(threads, _WAIT_S)
        return "" if fingerprint(looked_at(result, folder)) == now else "it changed after run had returned"

    def _probe(self) -> None:
        memory = remembered(self.job, self._make_inputs, self._side.run, self._main_cpu_s)
        (self.folder / MEMORY_FILE).write_bytes(msgspec.json.encode(memory))


class _Kept:
    """Keeps the values that stages hand over, and notes which of them compute when they are read."""

    def __init__(self, folder: Path, root: str, events: Events, undeclared: frozenset[str]) -> None:
        self.recorder = CheckpointRecorder(folder, undeclared=undeclared)
        self.computing: list[str] = []
        self._root = root
        self._events = events

    def __call__(self, path: str, value: object) -> None:
        with self._events.muted():
            self.recorder(path, value)
            self.computing += [one for one in what_computes(value, self._root) if one not in self.computing]


class _NoInputError(Exception):
    """An input of this kind cannot be made."""


class TrialError(Exception):
    """The main trial could not be run.

    Parameters
    ----------
    phase
        ``inputs`` or ``run``.
    error
        What was raised.
    """

    def __init__(self, phase: str, error: BaseException, recorder: Recorder | None = None) -> None:
        super().__init__(str(error))
        self.phase = phase
        self.error = error
        self.recorder = recorder


class _Outcome(msgspec.Struct):
    stages: tuple[StageTiming, ...]
    metrics: Metrics

    def fields(self) -> dict[str, Any]:
        return {"stages": self.stages, "metrics": self.metrics}


def _imported_by(file: Path) -> list[str]:
    """Return the modules that a file imports, and those that it may load by an attribute: np.testing."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return []
    names = [name for node in tree.body for name in _imported(node)]
    bound = {
        alias.asname or alias.name: alias.name
        for node in tree.body
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    return names + [
        f"{bound[node.value.id]}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in bound
    ]


def _imported(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Try | ast.If):
        for inner in ast.iter_child_nodes(node):
            if isinstance(inner, ast.stmt):
                yield from _imported(inner)


def _said(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:  # noqa: BLE001  a broken __str__ must not hide the failure
        text = ""
    said = f"{type(error).__name__}: {text}".rstrip(": ")[:500]
    return said.encode("utf-8", "backslashreplace").decode()


def read(folder: Path) -> tuple[list[TrialRun], Memory | None]:
    """Read what a session left, also if its process died.

    Raises
    ------
    StoreError
        If it is damaged.
    """
    try:
        lines = (folder / FILE).read_bytes().splitlines(keepends=True) if (folder / FILE).exists() else []
        # A last line without its end is one that the process, or the disk, did not finish.
        trials = [msgspec.json.decode(one, type=TrialRun) for one in lines if one.endswith(b"\n")]
        file = folder / MEMORY_FILE
        memory = msgspec.json.decode(file.read_bytes(), type=Memory) if file.exists() else None
    except (OSError, msgspec.DecodeError) as error:
        raise StoreError(f"what the verification left in {folder} cannot be read: {error}") from error
    return trials, memory
