"""What the machine and the software are, for the record."""

from __future__ import annotations

import ast
import os
import platform
import re
import shutil
import subprocess
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from perfkit.measure.interpreters import probe
from perfkit.measure.machine import overview
from perfkit.measure.spawn import THREAD_VARIABLES, usable_cores, worker_environment
from perfkit.model import Environment, Runtime

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from perfkit.model import Side

_GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
_CPUINFO = Path("/proc/cpuinfo")
_RECORDED = (*THREAD_VARIABLES, "PYTHONPATH", "PYTHONOPTIMIZE", "PYTHONDONTWRITEBYTECODE", "LD_PRELOAD")


def look(
    root: Path, files: Iterable[Path], sides: Mapping[Side, tuple[str, Iterable[Path]]] | None = None
) -> Environment:
    """Record the environment of a comparison.

    Parameters
    ----------
    root
        The project's root.
    files
        The variants' files: the versions of what they import are recorded.
    sides
        Where they run in other interpreters than perfkit's own: the interpreter and the files of each.

    Raises
    ------
    UsageError
        If one of these is no interpreter that perfkit can measure with.
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
        packages=_packages(() if sides else files),
        variables={name: workers[name] for name in _RECORDED if name in workers},
        git_commit=commit,
        git_dirty=dirty,
        machine=overview.look(variables=workers),
        runtimes={side: runtime(python, of) for side, (python, of) in (sides or {}).items()},
    )


def runtime(python: str, files: Iterable[Path]) -> Runtime:
    """Record an interpreter with the packages that are installed there.

    Parameters
    ----------
    python
        Its absolute path.
    files
        Whose imports are looked up there.

    Raises
    ------
    UsageError
        If it is no interpreter that perfkit can measure with.
    """
    found = probe(python)
    packages = found.needed_by(sorted(_imported(files)))
    return Runtime(
        executable=found.executable,
        python=found.python,
        implementation=found.implementation,
        build=found.build,
        packages=packages,
        installed={name: one for name, one in sorted(found.packages.items()) if name not in packages},
    )


def _packages(files: Iterable[Path]) -> dict[str, str]:
    """Return the versions of perfkit and of the distributions that the files import."""
    modules = {"perfkit", *_imported(files)}
    distributions = metadata.packages_distributions()
    names = {name for module in modules for name in distributions.get(module, ())}
    return {name: metadata.version(name) for name in sorted(names)}


def _imported(files: Iterable[Path]) -> set[str]:
    """Return the outermost modules that files import, those of a newer Python's syntax among them."""
    modules: set[str] = set()
    for file in files:
        content = file.read_bytes()
        try:
            tree = ast.parse(content)
        except (SyntaxError, ValueError):
            modules.update(_IMPORT.findall(content.decode(errors="replace")))
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                modules.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.partition(".")[0])
    return modules


_IMPORT = re.compile(r"^[ \t]*(?:import|from)[ \t]+([A-Za-z_]\w*)", re.MULTILINE)


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
