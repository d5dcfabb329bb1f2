"""Each tool, run through its command line as its user would, in a folder of its own.

A budget is for the whole comparison. perfkit takes it as it is; the others take it as their own option for
how long or how often to measure, half for each side, and never less than their least.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import psutil

from benchmarks.verdicts import rules
from benchmarks.verdicts import workload as work
from benchmarks.verdicts.records import Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.verdicts.records import Workload

PERFKIT = "perfkit"
RULES_OF = {
    "hyperfine": ("hyperfine", "hyperfine-sigma"),
    "pytest-benchmark": ("pytest-benchmark",),
    "pyperf": ("pyperf", "benchstat", "asv"),
}
"""The rules that judge each tool's samples."""

PEERS = tuple(RULES_OF)

HYPERFINE_FEWEST = 10  # its default least number of runs
PYTEST_STARTUP_S = 0.7
PYPERF_FEWEST = 3
PYPERF_CALIBRATION_S = 0.7
PYPERF_PROCESS_S = 0.55
"""One worker with its default of a warm-up and three values of at least 0.1 s each, and its start."""

_GRACE_S = 120.0
_DIGITS = 7  # of stored seconds: 0.1 microseconds

_TEST = """

def test_work(benchmark):
    benchmark(work)
"""
_BENCH = """

if __name__ == "__main__":
    import pyperf

    pyperf.Runner().bench_func("work", work)
"""


class ToolError(Exception):
    """A tool did not do what it was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One comparison that is to be made."""

    workload: Workload
    effect_percent: int
    budget_s: float
    folder: Path
    options: tuple[str, ...]


def is_perfkit(tool: str) -> bool:
    """Say whether a tool is perfkit, with whatever options."""
    return tool.partition(":")[0] == PERFKIT


def rules_of(tool: str) -> tuple[str, ...]:
    """Return the rules that judge a tool's samples."""
    return RULES_OF.get(tool, (tool,))


def missing(tool: str) -> str:
    """Return why a tool cannot be run, or nothing."""
    if tool == "hyperfine":
        return "" if shutil.which(tool) else "hyperfine is not installed"
    if tool == "pytest-benchmark":
        return "" if importlib.util.find_spec("pytest_benchmark") else "pytest-benchmark is not installed"
    if tool == "pyperf":
        absent = [name for name in ("pyperf", "scipy") if importlib.util.find_spec(name) is None]
        return f"{' and '.join(absent)} not installed" if absent else ""
    return ""


def measure(
    tool: str,
    *,
    workload: Workload,
    effect_percent: int,
    state: str,
    round_: int,
    budget_s: float,
    options: str = "",
) -> Trial:
    """Let a tool compare the workload with a slower version of it.

    Parameters
    ----------
    options
        Further options for perfkit.

    Returns
    -------
    Trial
        With its `error` where the tool failed.
    """
    with TemporaryDirectory(prefix="calibration-") as folder:
        asked = _Asked(
            workload=workload,
            effect_percent=effect_percent,
            budget_s=budget_s,
            folder=Path(folder),
            options=tuple(shlex.split(options)),
        )
        busy_s, own_s, begin = _busy_s(), _own_s(), time.monotonic()
        found: dict[str, Any]
        try:
            found = _perfkit(tool, asked) if is_perfkit(tool) else _PEERS[tool](asked)
        except (ToolError, ValueError, LookupError, OSError) as error:
            found = {"error": f"{type(error).__name__}: {error}"}
        took_s = time.monotonic() - begin
        other_s = (_busy_s() - busy_s) - (_own_s() - own_s)
    return Trial(
        tool=tool,
        effect_percent=effect_percent,
        state=state,
        round=round_,
        budget_s=budget_s,
        took_s=round(took_s, 3),
        true_speedup=1 / (1 + effect_percent / 100),
        other_cores=round(max(0.0, other_s / took_s), 3),
        **found,
    )


def _perfkit(tool: str, asked: _Asked) -> dict[str, Any]:
    (asked.folder / "pyproject.toml").write_text('[tool.perfkit]\npipeline = "x"\n')
    for variant, effect in (("baselines", 0), ("optimized", asked.effect_percent)):
        file = asked.folder / variant / "x.py"
        file.parent.mkdir()
        file.write_text(work.pipeline(work.slowed(asked.workload.loops, effect)))
    command = [sys.executable, "-m", "perfkit", "compare", "baseline", "optimized", "--no-verify"]
    command += ["--no-profile", "--budget", f"{asked.budget_s:g}", "--json", *asked.options]
    said = json.loads(_run(command, asked, allowed=(0, 1, 4)))
    comparison, breakdown = said["comparison"], said["breakdown"]
    run = breakdown["run"]
    return {
        "verdicts": {tool: breakdown["verdict"]},
        "speedup": run["value"],
        "low": run["low"],
        "high": run["high"],
        "pairs": len(said["pairs"]),
        "measuring_s": comparison["duration_s"],
        "stopped_because": comparison["stopped_because"],
        "baseline_s": _short([pair["baseline"]["run_s"] for pair in said["pairs"]]),
        "contender_s": _short([pair["contender"]["run_s"] for pair in said["pairs"]]),
    }


def _hyperfine(asked: _Asked) -> dict[str, Any]:
    scripts = ["baseline.py", "contender.py"]
    for name, effect in zip(scripts, (0, asked.effect_percent), strict=True):
        (asked.folder / name).write_text(work.script(work.slowed_process(asked.workload, effect)))
    runs = max(HYPERFINE_FEWEST, round(asked.budget_s / 2 / asked.workload.process_s))
    command = ["hyperfine", "--style", "none", "--runs", str(runs), "--export-json", "found.json"]
    _run([*command, *(f"{shlex.quote(sys.executable)} {name}" for name in scripts)], asked)
    results = json.loads((asked.folder / "found.json").read_text())["results"]
    baseline_s, contender_s = (one["times"] for one in results)
    return {
        "verdicts": {
            "hyperfine": rules.hyperfine(baseline_s, contender_s),
            "hyperfine-sigma": rules.hyperfine_sigma(baseline_s, contender_s),
        },
        "baseline_s": _short(baseline_s),
        "contender_s": _short(contender_s),
    }


def _pytest_benchmark(asked: _Asked) -> dict[str, Any]:
    limit_s = max(0.2, asked.budget_s / 2 - PYTEST_STARTUP_S)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", "."]
    command += [f"--benchmark-storage=file://{asked.folder / 'store'}", "--benchmark-save=run"]
    command += ["--benchmark-save-data", f"--benchmark-max-time={limit_s:g}", "test_work.py"]
    compare = ["--benchmark-compare", f"--benchmark-compare-fail=median:{rules.PYTEST_SHARE:.0%}"]
    for name, effect in (("baseline", 0), ("contender", asked.effect_percent)):
        file = asked.folder / name / "test_work.py"
        file.parent.mkdir()
        file.write_text(work.function(work.slowed(asked.workload.loops, effect)) + _TEST)
    _run(command, asked, at="baseline")
    said = _run([*command, *compare], asked, allowed=(0, 1), at="contender")
    baseline_s, contender_s = (
        json.loads(file.read_text())["benchmarks"][0]["stats"]["data"]
        for file in sorted((asked.folder / "store").rglob("*.json"))
    )
    verdict = rules.pytest_benchmark(baseline_s, contender_s)
    if ("Performance has regressed" in said) != (verdict == "slower"):
        raise ToolError(f"the rule says {verdict}, but the tool said: {said.strip()[-500:]}")
    return {
        "verdicts": {"pytest-benchmark": verdict},
        "baseline_s": _short(baseline_s),
        "contender_s": _short(contender_s),
    }


def _pyperf(asked: _Asked) -> dict[str, Any]:
    processes = max(PYPERF_FEWEST, round((asked.budget_s / 2 - PYPERF_CALIBRATION_S) / PYPERF_PROCESS_S))
    values = []
    for name, effect in (("baseline", 0), ("contender", asked.effect_percent)):
        text = work.function(work.slowed(asked.workload.loops, effect)) + _BENCH
        (asked.folder / f"{name}.py").write_text(text)
        _run([sys.executable, f"{name}.py", "-q", "-p", str(processes), "-o", f"{name}.json"], asked)
        runs = json.loads((asked.folder / f"{name}.json").read_text())["benchmarks"][0]["runs"]
        values.append([value for run in runs for value in run.get("values", ())])
    said = _run([sys.executable, "-m", "pyperf", "compare_to", "baseline.json", "contender.json"], asked)
    baseline_s, contender_s = values
    return {
        "verdicts": {
            "pyperf": rules.pyperf_said(said),
            "benchstat": rules.benchstat(baseline_s, contender_s),
            "asv": rules.asv(baseline_s, contender_s),
        },
        "baseline_s": _short(baseline_s),
        "contender_s": _short(contender_s),
    }


_PEERS: dict[str, Callable[[_Asked], dict[str, Any]]] = {
    "hyperfine": _hyperfine,
    "pytest-benchmark": _pytest_benchmark,
    "pyperf": _pyperf,
}


def _run(command: Sequence[str], asked: _Asked, *, allowed: Sequence[int] = (0,), at: str = "") -> str:
    """Run a command in a session of its own and return its output; nothing of it outlives this call."""
    process = subprocess.Popen(  # noqa: S603
        command,
        cwd=asked.folder / at,
        env=work.ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=10 * asked.budget_s + _GRACE_S)
    except subprocess.TimeoutExpired:
        raise ToolError(
            f"no answer within {10 * asked.budget_s + _GRACE_S:g} s: {shlex.join(command)}"
        ) from None
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.returncode not in allowed:
        raise ToolError(f"status {process.returncode}: {shlex.join(command)}: {(out + err).strip()[-500:]}")
    return out + err if "--json" not in command else out


def _short(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(round(value, _DIGITS) for value in values)


def _busy_s() -> float:
    """Return how many seconds the machine's cores have worked."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0))


def _own_s() -> float:
    """Return how many of them were for this process and its finished children."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
