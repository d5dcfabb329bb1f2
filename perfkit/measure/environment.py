"""What the machine and the software are, for the record."""

from __future__ import annotations

import ast
import os
import platform
import shutil
import subprocess
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from perfkit.measure.machine import overview
from perfkit.measure.spawn import THREAD_VARIABLES, usable_cores, worker_environment
from perfkit.model import Environment

if TYPE_CHECKING:
    from collections.abc import Iterable

_GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
_CPUINFO = Path("/proc/cpuinfo")
_RECORDED = (*THREAD_VARIABLES, "PYTHONPATH", "PYTHONOPTIMIZE", "PYTHONDONTWRITEBYTECODE", "LD_PRELOAD")


def look(root: Path, files: Iterable[Path]) -> Environment:
    """Record the environment of a comparison.

    Parameters
    ----------
    root
        The project's root.
    files
        The variants' files: the versions of what they import are recorded.
    """
    commit, dirty = _git(root)
    workers = worker_environment(hash_seed=0, padding=0)
    return Environment(
        python=platform.python_version(),
        implementation=platform.python_implementation(),
        platform=platform.platform(),
        cpu=processor_name(),
        cores=os.cpu_count() or 1,
        usable_cores=usable_cores(),
        memory_bytes=psutil.virtual_memory().total,
        load=os.getloadavg(),
        governor=_first_line(_GOVERNOR) or "unknown",
        packages=_packages(files),
        variables={name: workers[name] for name in _RECORDED if name in workers},
        git_commit=commit,
        git_dirty=dirty,
        machine=overview.look(variables=workers),
    )


def _packages(files: Iterable[Path]) -> dict[str, str]:
    """Return the versions of perfkit and of the distributions that the files import."""
    modules = {"perfkit"}
    for file in files:
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Import):
                modules.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.partition(".")[0])
    distributions = metadata.packages_distributions()
    names = {name for module in modules for name in distributions.get(module, ())}
    return {name: metadata.version(name) for name in sorted(names)}


def processor_name() -> str:
    """Return the processor's name."""
    try:
        for line in _CPUINFO.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _first_line(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""


def _git(root: Path) -> tuple[str, bool | None]:
    """Return the commit of the project and whether its tree has uncommitted changes."""
    git = shutil.which("git")
    if git is None:
        return "", None
    try:
        commit, status = (
            subprocess.run(  # noqa: S603  fixed arguments
                [git, "-C", str(root), *arguments], capture_output=True, text=True, check=True, timeout=30
            ).stdout
            for arguments in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
        )
    except (subprocess.SubprocessError, OSError):
        return "", None
    return commit.strip(), bool(status.strip())
