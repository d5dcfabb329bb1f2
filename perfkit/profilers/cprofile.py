"""cProfile: what each function cost, stage by stage.

Its file is the standard one, readable by pstats and snakeviz, but knows neither stages nor classes. Those the
worker adds in `FUNCTIONS`: while a stage is entered or left, it notes what all functions have cost so far.
"""

from __future__ import annotations

import cProfile
import dataclasses
import math
import sys
from _thread import get_ident
from time import perf_counter_ns
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from perfkit import markers
from perfkit.errors import StoreError
from perfkit.model import FunctionCost, Profiled, StageCosts
from perfkit.profilers.paths import decode, encode, relative
from perfkit.profilers.sources import OURS, sources
from perfkit.profilers.unseen import Watch

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Iterable
    from pathlib import Path
    from types import CodeType

R = TypeVar("R")

TITLE = "cProfile"
VIEWER = "`perfkit view` or pstats"
FILE = "profile.prof"
"""The profiler's own file in the run's folder."""

FUNCTIONS = "functions.json"
"""What perfkit reads."""

Cost: TypeAlias = tuple[int, int, float, float]
"""Calls, those of them that are recursive, seconds with callees, seconds without."""

Key: TypeAlias = "tuple[CodeType | str, str]"
"""Code and its file, since code of the same text in another file is equal to it; a built-in's name and ''."""

Snapshot: TypeAlias = "dict[Key, Cost]"

_MOST_SHARE = 0.03  # of the time so far, for noting stages,
_LEAST_NS = 200_000_000  # and so much besides
_TICK_S = 1e-9
_NOTHING: Cost = (0, 0, 0.0, 0.0)
_NOTING = "getstats"

# Before 3.12, a profile belongs to one thread; since then, to the interpreter, whose threads share one stack.
_THREADS = (
    "cProfile sees the main thread only"
    if sys.version_info < (3, 12)
    else "cProfile mixes their calls with the main thread's, so its times are unreliable"
)


class Profiler:
    """Runs a function under cProfile, in the worker.

    Parameters
    ----------
    module, file
        The variant's module and its file; cProfile sees every module and needs neither.

    Attributes
    ----------
    warnings
        After `run`: what the profiler could not see, one sentence each.
    watcher
        Is told of the stages.
    """

    def __init__(self, module: types.ModuleType, file: Path) -> None:  # noqa: ARG002  as all profilers
        self.warnings: list[str] = []
        self._profile = cProfile.Profile()
        self.watcher = _Stages(self._profile)

    def run(self, function: Callable[[], R]) -> R:
        """Call `function` under the profiler.

        Returns
        -------
        R
            What `function` returned.

        Raises
        ------
        RuntimeError
            When another profiling tool is active in this process (Python 3.12 and later notice).
        """
        with Watch() as watch:
            begin = self.watcher.clock()
            try:
                self._profile.enable()
            except ValueError as error:
                msg = f"cProfile cannot start while another profiling tool is active: {error}"
                raise RuntimeError(msg) from error
            try:
                result = function()
            finally:
                self._profile.disable()
                self.watcher.whole_ns = self.watcher.clock() - begin
        if watch.threads:
            self.warnings.append(f"{watch.count()}: {_THREADS}")
        if watch.children:
            self.warnings.append("child processes ran: cProfile does not see into them")
        return result

    def save(self, folder: Path) -> None:
        """Write cProfile's file and perfkit's into `folder`."""
        self._profile.dump_stats(folder / FILE)
        whole = self.watcher.snapshot()
        found = Profiled(
            functions=_costs(whole),
            stage_costs=self.watcher.costs(whole),
            sources=sources({file for _, file in whole if file}),
        )
        (folder / FUNCTIONS).write_bytes(encode(found))


class _Stages(markers.Watcher):
    """Notes what functions have cost when a stage of the main thread opens and closes.

    The profiler sees what is called here as well: the ways below call next to nothing, and no method of a
    dictionary or a list.
    """

    clock = staticmethod(perf_counter_ns)

    def __init__(self, profile: cProfile.Profile) -> None:
        self._getstats = profile.getstats
        self._open: list[tuple[str, Snapshot, int]] = []
        self._cost: dict[str, Snapshot] = {}
        self._time: dict[str, int] = {}
        self._holder: dict[str, Key] = {}
        self._folded: dict[str, None] = {}
        self._thread = get_ident()
        self._begin = perf_counter_ns()
        self._spent = 0
        self._noting: dict[str, int] = {}
        self.whole_ns = 0

    def snapshot(self) -> Snapshot:
        """Return what each function's ended calls have cost so far."""
        found: Snapshot = {}
        for one in self._getstats():
            code = one.code
            key: Key = (code, "" if type(code) is str else code.co_filename)  # type: ignore[union-attr]
            cost = (one.callcount, one.reccallcount, one.totaltime, one.inlinetime)
            found[key] = _plus(found[key], cost, _NOTHING) if key in found else cost
        return found

    def opened(self, path: str) -> None:
        """Note the costs before the stage, and which function holds it if it is a block."""
        if get_ident() != self._thread:
            return
        now = perf_counter_ns()
        if path not in self._time:
            self._time[path] = 0
            self._cost[path] = {}
            caller = sys._getframe(2).f_code
            if caller.co_filename != markers.__file__:
                self._holder[path] = (caller, caller.co_filename)
        if self._spent > _LEAST_NS + _MOST_SHARE * (now - self._begin):
            self._folded[path] = None  # it is entered so often that noting it costs more than it tells
        before = {} if path in self._folded else self.snapshot()
        after = perf_counter_ns()
        self._spend(after - now)
        self._open += [(path, before, after)]

    def closed(self, path: str) -> None:
        """Note what came of them within it."""
        if get_ident() != self._thread:
            return
        now = perf_counter_ns()
        while self._open:  # what an exception or a suspended generator left open goes with it
            opened, before, begin = self._open[-1]
            del self._open[-1]
            if opened == path:
                break
        else:
            return
        if path in self._folded:
            return
        self._time[path] += now - begin
        after, total = self.snapshot(), self._cost[path]
        for key in after:
            cost, was = after[key], before[key] if key in before else _NOTHING  # noqa: SIM401  get() is a call
            if cost != was:
                so_far = total[key] if key in total else _NOTHING  # noqa: SIM401
                total[key] = _plus(so_far, cost, was)
        self._spend(perf_counter_ns() - now)

    def _spend(self, ns: int) -> None:
        """Note what noting took, and within which stage: it is no part of what is profiled."""
        self._spent += ns
        above = self._open[-1][0] if self._open else ""
        self._noting[above] = (self._noting[above] if above in self._noting else 0) + ns  # noqa: SIM401

    def costs(self, whole: Snapshot) -> tuple[StageCosts, ...]:
        """Return what was noted, each stage without its inner ones; none without stages.

        Parameters
        ----------
        whole
            What each function cost in the end.
        """
        if not self._time:
            return ()
        told = ["", *(path for path in self._time if path not in self._folded)]
        cost = {"": whole, **self._cost}
        time = {"": self.whole_ns, **self._time}
        own = {path: dict(cost[path]) for path in told}
        own_ns = {path: time[path] for path in told}
        for path in told[1:]:
            above = _above(path, told)
            own_ns[above] -= time[path]
            for key, spent in cost[path].items():
                own[above][key] = _plus(own[above].get(key, _NOTHING), _NOTHING, spent)
        for path, ns in self._noting.items():
            own_ns[path if path in own_ns else _above(path, told)] -= ns
        self._give_holders_their_time(told, own, own_ns, time)
        folded: dict[str, list[str]] = {}
        for path in self._folded:
            folded.setdefault(_above(path, told), []).append(path)
        found = []
        for path in told:
            functions = _costs(own[path])
            total_s = own_ns[path] / 1e9
            found.append(
                StageCosts(
                    path=path,
                    total_s=total_s,
                    functions=functions,
                    rest_s=total_s - math.fsum(one.self_s for one in functions),
                    folded=tuple(folded.get(path, ())),
                )
            )
        return tuple(found)

    def _give_holders_their_time(
        self,
        told: list[str],
        own: dict[str, Snapshot],
        own_ns: dict[str, int],
        time: dict[str, int],
    ) -> None:
        """Move the time of a block's own lines to its stage: its function ends elsewhere, later."""
        ended = {path: dict(costs) for path, costs in own.items()}
        for path, holder in self._holder.items():
            if path not in own:
                continue
            held_s = own_ns[path] / 1e9 - math.fsum(one[3] for one in ended[path].values())
            above = path
            while above and held_s > 0:
                above = _above(above, told)
                was = own[above].get(holder)
                if holder in ended[above] and was is not None and was[3] >= held_s:
                    own[above][holder] = (*was[:3], was[3] - held_s)
                    here = own[path].get(holder, _NOTHING)
                    own[path][holder] = (*here[:2], max(here[2], time[path] / 1e9), here[3] + held_s)
                    break


def _above(path: str, told: Iterable[str]) -> str:
    """Return the nearest stage around another that is told of."""
    known = set(told)
    while path:
        path = path.rpartition("/")[0]
        if path in known:
            return path
    return ""


def _plus(one: Cost, more: Cost, less: Cost) -> Cost:
    return (
        one[0] + more[0] - less[0],
        one[1] + more[1] - less[1],
        one[2] + more[2] - less[2],
        one[3] + more[3] - less[3],
    )


def _costs(snapshot: Snapshot) -> tuple[FunctionCost, ...]:
    """Return the functions' records, perfkit's own left out."""
    found = []
    for (code, file), (calls, recursive, with_callees_s, own_s) in snapshot.items():
        if file.startswith(OURS) or (isinstance(code, str) and _NOTING in code):
            continue
        if not calls and abs(own_s) < _TICK_S and abs(with_callees_s) < _TICK_S:
            continue  # nothing but the rounding of a difference
        found.append(
            FunctionCost(
                file=file or "~",
                line=0 if isinstance(code, str) else code.co_firstlineno,
                name=code if isinstance(code, str) else code.co_name,
                qualified="" if isinstance(code, str) else code.co_qualname,
                calls=calls,
                primitive_calls=calls - recursive,
                self_s=own_s,
                cumulative_s=with_callees_s,
            )
        )
    return _merged(found)


def _merged(costs: Iterable[FunctionCost]) -> tuple[FunctionCost, ...]:
    """Make one of the functions that share place and name, as lambdas of a line; greatest self time first."""
    found: dict[tuple[str, int, str], FunctionCost] = {}
    for cost in costs:
        key = (cost.file, cost.line, cost.name)
        before = found.get(key)
        found[key] = (
            cost
            if before is None
            else dataclasses.replace(
                before,
                calls=before.calls + cost.calls,
                primitive_calls=before.primitive_calls + cost.primitive_calls,
                self_s=before.self_s + cost.self_s,
                cumulative_s=before.cumulative_s + cost.cumulative_s,
            )
        )
    return tuple(sorted(found.values(), key=lambda cost: (-cost.self_s, cost.name, cost.file, cost.line)))


def read(folder: Path, root: Path) -> Profiled:
    """Read what a worker saved.

    Parameters
    ----------
    folder
        The run's folder.
    root
        The project's root, to which the paths of its own files become relative.

    Raises
    ------
    StoreError
        When a file is missing or damaged.
    """
    if not (folder / FILE).is_file():
        raise StoreError(f"The profile {folder / FILE} is missing.")
    found = decode(folder / FUNCTIONS)

    def moved(functions: tuple[FunctionCost, ...]) -> tuple[FunctionCost, ...]:
        return _merged(dataclasses.replace(one, file=relative(one.file, root)) for one in functions)

    return Profiled(
        functions=moved(found.functions),
        stage_costs=tuple(
            dataclasses.replace(one, functions=moved(one.functions)) for one in found.stage_costs
        ),
        sources={relative(file, root): text for file, text in found.sources.items()},
    )
