"""cProfile: what each function cost. Its file is the standard one, readable by pstats and snakeviz."""

from __future__ import annotations

import cProfile
import pstats
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from perfkit.errors import StoreError
from perfkit.model import FunctionCost
from perfkit.profilers.paths import relative
from perfkit.profilers.unseen import Watch

if TYPE_CHECKING:
    import types
    from collections.abc import Callable

R = TypeVar("R")

FILE = "profile.prof"
"""The profiler's own file in the run's folder."""

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
    """

    def __init__(self, module: types.ModuleType, file: Path) -> None:  # noqa: ARG002  as all profilers
        self.warnings: list[str] = []
        self._profile = cProfile.Profile()

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
            try:
                self._profile.enable()
            except ValueError as error:
                msg = f"cProfile cannot start while another profiling tool is active: {error}"
                raise RuntimeError(msg) from error
            try:
                result = function()
            finally:
                self._profile.disable()
        if watch.threads:
            self.warnings.append(f"{watch.count()}: {_THREADS}")
        if watch.children:
            self.warnings.append("child processes ran: cProfile does not see into them")
        return result

    def save(self, folder: Path) -> None:
        """Write the profile into `folder`."""
        self._profile.dump_stats(folder / FILE)


def read(folder: Path, root: Path) -> tuple[FunctionCost, ...]:
    """Read the profile that a worker saved.

    Parameters
    ----------
    folder
        The run's folder.
    root
        The project's root, to which the paths of its own files become relative.

    Returns
    -------
    tuple of FunctionCost
        All functions, the greatest self time first.

    Raises
    ------
    StoreError
        When the file is missing or damaged.
    """
    path = folder / FILE
    if not path.is_file():
        raise StoreError(f"The profile {path} is missing.")
    costs: dict[tuple[str, int, str], FunctionCost] = {}
    try:
        stats: dict[tuple[str, int, str], tuple[int, int, float, float, object]]
        stats = pstats.Stats(str(path)).stats  # type: ignore[attr-defined]  # typeshed lacks it
        for (file, line, name), (primitive, calls, self_s, cumulative_s, _) in stats.items():
            key = (relative(file, root), int(line), name)
            before = costs.get(key)
            costs[key] = FunctionCost(
                file=key[0],
                line=key[1],
                name=key[2],
                calls=calls + (before.calls if before else 0),
                primitive_calls=primitive + (before.primitive_calls if before else 0),
                self_s=float(self_s) + (before.self_s if before else 0.0),
                cumulative_s=float(cumulative_s) + (before.cumulative_s if before else 0.0),
            )
    except (ValueError, EOFError, TypeError, AttributeError) as error:  # what marshal and a wrong shape raise
        raise StoreError(f"The profile {path} is damaged: {error or 'it is no cProfile file'}.") from error
    except OSError as error:
        raise StoreError(f"The profile {path} cannot be read: {error.strerror}.") from error
    return tuple(sorted(costs.values(), key=lambda cost: (-cost.self_s, cost.name, cost.file, cost.line)))
