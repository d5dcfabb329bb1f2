"""The workload: a loop in pure Python, slowed down exactly by more turns of it.

Every turn runs the same bytecodes on integers of one size, so that the work is proportional to the number of
turns; a contender that is 5 % slower makes 1.05 times as many. The number is a multiple of a thousand, which
makes every effect a whole number of turns.
"""

from __future__ import annotations

import functools
import math
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.verdicts.records import EFFECTS_PERCENT, Check, Workload

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WORK_S = 0.025
_TRIED_LOOPS = 100_000
_TRIES = 41
_STARTS = 51
_TURNS = 600
_SHORTER = 5

_SCRIPT = """\
x = 1
for _ in range(LOOPS):
    x = (x * 48271 + 11) & 0xFFFFFFF
"""
_FUNCTION = """\
def work():
    x = 1
    for _ in range(LOOPS):
        x = (x * 48271 + 11) & 0xFFFFFFF
    return x
"""
_PIPELINE = """\
def make_inputs(seed: int) -> int:
    return 1


def run(inputs: int) -> dict:
    x = inputs
    for _ in range(LOOPS):
        x = (x * 48271 + 11) & 0xFFFFFFF
    return {"x": x}
"""

# Without bytecode every process would compile what it imports, which no user's does.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def script(loops: int) -> str:
    """Return a script that is the loop and nothing else."""
    return _SCRIPT.replace("LOOPS", str(loops))


def function(loops: int) -> str:
    """Return the source of a function `work` that is the loop."""
    return _FUNCTION.replace("LOOPS", str(loops))


def pipeline(loops: int) -> str:
    """Return a pipeline whose `run` is the loop."""
    return _PIPELINE.replace("LOOPS", str(loops))


def slowed(loops: int, effect_percent: int) -> int:
    """Return the turns that are so many percent more work.

    Raises
    ------
    ValueError
        If that is no whole number of turns.
    """
    more, rest = divmod(loops * effect_percent, 100)
    if rest:
        raise ValueError(f"{effect_percent} % of {loops} turns is no whole number")
    return loops + more


def slowed_process(workload: Workload, effect_percent: int) -> int:
    """Return the turns that make a whole process, interpreter start included, so many percent slower."""
    turn_s = (workload.process_s - workload.startup_s) / workload.loops
    return workload.loops + round(effect_percent / 100 * (workload.loops + workload.startup_s / turn_s))


def calibrate() -> Workload:
    """Choose the number of turns for this machine, and time a process with and without them."""
    work = _compiled(_TRIED_LOOPS)
    turn_s = statistics.median(_seconds(work) for _ in range(_TRIES)) / _TRIED_LOOPS
    loops = max(1, round(WORK_S / turn_s / 1000)) * 1000
    work = _compiled(loops)
    with TemporaryDirectory() as folder:
        empty, full = Path(folder, "empty.py"), Path(folder, "full.py")
        empty.write_text(script(0))
        full.write_text(script(loops))
        times = [
            (_seconds(functools.partial(_start, empty)), _seconds(functools.partial(_start, full)))
            for _ in range(_STARTS)
        ]
    process_s = statistics.median(whole for _, whole in times)
    return Workload(
        loops=loops,
        work_s=statistics.median(_seconds(work) for _ in range(_TRIES)),
        # The share of neighbours, not the median of all starts: the machine's speed may change in between.
        startup_s=process_s * statistics.median(start / whole for start, whole in times),
        process_s=process_s,
    )


def check(loops: int, turns: int = _TURNS) -> tuple[Check, ...]:
    """Measure what each slow-down is: pairs of short loops in turns, A B and B A, all effects interleaved.

    Both sides are one function with two numbers of turns: two functions with the same text differ by
    percents, because their code lies elsewhere in memory. The clock is the thread's processor time, which
    leaves out what other processes took.

    Returns
    -------
    tuple of Check
        The median ratio and the 95 % interval of that median from order statistics; and the ratio of the
        instructions, less those of a process without the loop, where valgrind is installed.
    """
    short = loops // _SHORTER  # the closer in time the two sides, the less a change of speed comes between
    work = _compiled("loops")
    baseline = functools.partial(work, short)
    contenders = {effect: functools.partial(work, slowed(short, effect)) for effect in EFFECTS_PERCENT}
    ratios = defaultdict(list)
    for turn in range(turns):
        for effect, contender in contenders.items():
            if turn % 2:
                base_s, own_s = _cpu_seconds(baseline), _cpu_seconds(contender)
            else:
                own_s, base_s = _cpu_seconds(contender), _cpu_seconds(baseline)
            ratios[effect].append(own_s / base_s)
    counted = _instruction_ratios(loops)
    return tuple(
        Check(
            effect_percent=effect,
            ratio=statistics.median(found),
            low=interval[0],
            high=interval[1],
            n=len(found),
            instruction_ratio=counted.get(effect),
        )
        for effect, found in ratios.items()
        for interval in [median_interval(found)]
    )


def median_interval(values: Sequence[float]) -> tuple[float, float]:
    """Return order statistics that enclose the median with 95 % (normal approximation to the binomial)."""
    ordered, n = sorted(values), len(values)
    below = max(0, math.floor(n / 2 - 0.98 * math.sqrt(n)) - 1)
    return ordered[below], ordered[n - 1 - below]


def _instruction_ratios(loops: int) -> dict[int, float]:
    """Return, by effect, the ratio of the loops' instructions; empty without valgrind."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        return {}
    with TemporaryDirectory() as folder:
        file = Path(folder, "script.py")

        def count(turns: int) -> int:
            file.write_text(script(turns))
            done = subprocess.run(  # noqa: S603
                [
                    valgrind,
                    "--tool=cachegrind",
                    "--cache-sim=no",
                    "--cachegrind-out-file=/dev/null",
                    sys.executable,
                    str(file),
                ],
                env=ENVIRONMENT | {"PYTHONHASHSEED": "0"},
                capture_output=True,
                text=True,
                check=False,
            )
            found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
            return int(found[1].replace(",", "")) if found else 0

        empty, full = count(0), count(loops)
        if not 0 < empty < full:
            return {}
        return {effect: (count(slowed(loops, effect)) - empty) / (full - empty) for effect in EFFECTS_PERCENT}


def _compiled(loops: int | str) -> Callable[..., object]:
    """Return the function with a fixed number of turns, or with a parameter for it."""
    names: dict[str, Callable[..., object]] = {}
    text = function(loops) if isinstance(loops, int) else _FUNCTION.replace("work()", "work(LOOPS)")
    exec(text.replace("LOOPS", str(loops)), names)  # noqa: S102  our own text
    return names["work"]


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _cpu_seconds(work: Callable[[], object]) -> float:
    begin = time.thread_time()
    work()
    return time.thread_time() - begin


def _start(file: Path) -> None:
    subprocess.run([sys.executable, str(file)], env=ENVIRONMENT, check=True)  # noqa: S603
