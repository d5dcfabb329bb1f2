"""What a process that has called ``run`` before remembers: equal inputs again, in turns with new ones."""

from __future__ import annotations

import sys
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

from perfkit.markers import Recorder
from perfkit.model import Memory
from perfkit.verify import watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.model import Job, Parameters

_PROBES, _FEWEST = 5, 3
_PROBE_CPU_S = 0.3  # a run that takes longer is probed at a smaller size
_LIMIT_S = 0.5  # wall time, after which the fewest are enough


def remembered(
    job: Job, make_inputs: Callable[..., Any], run: Callable[[Any], Any], main_cpu_s: float
) -> Memory:
    """Time ``run`` on inputs that are new to the process, and on equal ones again.

    Parameters
    ----------
    job
        Its trials say at which size; its seed gives the inputs.
    make_inputs, run
        The pipeline's.
    main_cpu_s
        What the first trial took.

    Returns
    -------
    Memory
        Without times if ``run`` raised.
    """
    main, small = job.trials[0], next((one for one in job.trials if one.kind == "size"), None)
    near = next((one for one in job.trials if one.name == job.nearby), None)
    at_full = main_cpu_s <= _PROBE_CPU_S or small is None
    parameters = main.parameters if at_full or small is None else small.parameters
    fresh: list[dict[str, float]] = []
    seen: list[dict[str, float]] = []
    nearby: list[float] = []
    beside: list[float] = []
    hits: dict[str, int] = {}

    def timed(seed: int, at: Parameters) -> dict[str, float]:
        return _stage_times(make_inputs, run, seed, at)

    begin = perf_counter()
    problem = ""
    try:
        for nth in range(_PROBES):
            seed = job.seed + 7919 * (nth + 1)
            counts = [_cache_counts(job.root)]
            for times in (fresh, seen):
                times.append(timed(seed, parameters))
                counts.append(_cache_counts(job.root))
            hits = _whole_answers(*counts)
            if near is not None and at_full:  # in turns with the full size, which is the fresh run beside it
                nearby.append(timed(near.seed + nth, near.parameters)[""])
                beside.append(fresh[-1][""])
            if nth + 1 >= _FEWEST and perf_counter() - begin > _LIMIT_S:
                break
    except Exception as error:  # noqa: BLE001  whatever the pipeline raises
        problem = f"{type(error).__name__} in a repeated call"
    n = len(seen)
    stages = [path for path in fresh[0] if all(path in one for one in fresh[:n] + seen)] if n else []
    return Memory(
        fresh_s={path: tuple(one[path] for one in fresh[:n]) for path in stages},
        seen_s={path: tuple(one[path] for one in seen) for path in stages},
        nearby_s=tuple(nearby[: len(beside)]),
        beside_s=tuple(beside),
        caches=hits,
        problem=problem,
    )


def _stage_times(
    make_inputs: Callable[..., Any], run: Callable[[Any], Any], seed: int, parameters: Parameters
) -> dict[str, float]:
    """Run once more; returns the CPU time of the whole, and the wall time of each stage."""
    watch.seed_generators(seed)
    inputs = make_inputs(seed, **parameters)
    watch.seed_generators(seed)
    recorder = Recorder()
    recorder.start()
    begin = process_time()
    try:
        run(inputs)
    finally:
        whole = process_time() - begin
        recorder.stop()
    stages = {node.path: node.total_ns / 1e9 for node in recorder.trees[recorder.main_thread].walk()}
    return {"": whole, **stages}


def _cache_counts(root: str) -> dict[str, tuple[int, int]]:
    """Return hits and misses of every functools cache in the project's modules."""
    found = {}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        if not file.startswith(root) or watch.is_installed(file):
            continue
        for key, value in list(vars(module).items()):
            if type(value).__name__ == "_lru_cache_wrapper":
                info = value.cache_info()
                found[f"{name}.{key}"] = (info.hits, info.misses)
    return found


_Counts = dict[str, tuple[int, int]]


def _whole_answers(before: _Counts, between: _Counts, after: _Counts) -> dict[str, int]:
    """Return the hits, on the repeated input, of caches that missed on the new one alone.

    A cache that is keyed by size, such as one of windows or plans, does not miss on the new input.
    """
    found = {}
    for name, (hits, misses) in after.items():
        (old_hits, old_misses), (_, first_misses) = between.get(name, (0, 0)), before.get(name, (0, 0))
        if old_misses > first_misses and hits > old_hits and misses == old_misses:
            found[name] = hits - old_hits
    return found
