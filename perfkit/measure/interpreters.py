"""Other interpreters than perfkit's own: found by what the user calls them, and looked at first."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perfkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OLDEST = (3, 11)
_TIMEOUT_S = 60.0
_MOST_CHARACTERS = 200
_OTHERS = "PyPy", "GraalPy", "Jython", "IronPython", "MicroPython", "RustPython", "Pyston"
_NOT_THEIRS = "PYTHONHOME", "PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__"

_MARK = "perfkit looks at this interpreter: "
_PROBE = f"""
import sys
sys.path[:] = [one for one in sys.path if one]  # not the current folder
import json, platform, sysconfig
from importlib import metadata

def look():
    about = sysconfig.get_config_vars()
    options = str(about.get("CONFIG_ARGS") or "").replace("'", "").split()
    flags = " ".join(str(about.get(name) or "") for name in ("OPT", "PY_CFLAGS", "PY_CORE_CFLAGS")).split()
    levels = [one for one in flags if one.startswith("-O")]
    bearing = (
        "optimizations", "lto", "bolt", "pydebug", "assertions", "trace-refs", "experimental-jit", "gil",
        "tail-call-interp", "pymalloc", "mimalloc", "valgrind", "shared", "computed-gotos", "dtrace",
    )
    said = sorted(
        {{one for one in options if one.split("=")[0].lstrip("-").partition("-")[2] in bearing}}
    )
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    jit = getattr(getattr(sys, "_jit", None), "is_enabled", lambda: False)()
    found = {{}}
    for one in metadata.distributions():
        name = one.metadata["Name"]
        if name and name not in found:  # the first on the path is what is imported
            found[name] = one
    return {{
        "executable": sys.executable,
        "version": list(sys.version_info[:3]),
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "prefix": sys.prefix,
        "cache_tag": sys.implementation.cache_tag,
        "optimize": sys.flags.optimize,
        "abi": "-".join((about.get("SOABI") or sys.implementation.cache_tag, sysconfig.get_platform())),
        "build": {{
            "compiler": platform.python_compiler(),
            "optimisation level": levels[-1] if levels else "unknown",
            "build options": " ".join(said) or "none that bear on speed",
            "debug build": "yes" if about.get("Py_DEBUG") else "no",
            "GIL": "on" if gil else "off",
            "JIT": "on" if jit else "off",
            "assertions stripped (-O)": "yes" if sys.flags.optimize else "no",
        }},
        "packages": {{name: one.version for name, one in found.items()}},
        "requires": {{name: list(one.requires or ()) for name, one in found.items()}},
        "provides": {{name: sorted(set(by)) for name, by in metadata.packages_distributions().items()}},
    }}

print("\\n" + {_MARK!r} + json.dumps(look()))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """An interpreter as it describes itself.

    Attributes
    ----------
    executable
        Absolute path; not resolved, for a virtual environment's leads to another one.
    version
        Major, minor, micro.
    cache_tag, optimize
        What the names of its bytecode files hold.
    abi
        What its extension modules must fit.
    build
        By what it is called: what of it bears on speed.
    packages
        Versions of the distributions installed there.
    requires
        By distribution: its requirements, as written.
    provides
        By module: the distributions that hold it.
    """

    executable: str
    version: tuple[int, ...]
    python: str
    implementation: str
    prefix: str
    cache_tag: str
    optimize: int
    abi: str
    build: dict[str, str]
    packages: dict[str, str]
    requires: dict[str, tuple[str, ...]]
    provides: dict[str, tuple[str, ...]]

    def needed_by(self, modules: Sequence[str]) -> dict[str, str]:
        """Return the versions of the distributions that hold these modules, and of what they require."""
        canonical = {_canonical(name): name for name in self.packages}
        left = [name for module in modules for name in self.provides.get(module, ())]
        found: dict[str, str] = {}
        while left:
            name = left.pop()
            if name in found or name not in self.packages:
                continue
            found[name] = self.packages[name]
            for text in self.requires.get(name, ()):
                if not re.search(r"\bextra\s*==", text):
                    required = canonical.get(_canonical(re.split(r"[^\w.-]", text, maxsplit=1)[0]))
                    left += [] if required is None else [required]
        return dict(sorted(found.items()))


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def environment_for(python: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process of an interpreter, without what steers perfkit's own alone."""
    return {name: value for name, value in environment.items() if not python or name not in _NOT_THEIRS}


def find(word: str) -> Interpreter:
    """Find an interpreter by what the user calls it, and see that perfkit can measure there.

    Parameters
    ----------
    word
        A path, the folder of a virtual environment, a name on the path such as ``python3.13``, or ``3.13``.

    Raises
    ------
    UsageError
        If there is none, or perfkit cannot measure there.
    """
    return probe(_place(word))


def labels(pythons: Sequence[str]) -> list[str]:
    """Return what tells interpreters apart, fit for a name: versions, or the folders that they lie in.

    Parameters
    ----------
    pythons
        Absolute paths of different interpreters that `find` has seen.
    """
    found = [probe(one) for one in pythons]
    choices = [
        ["py" + ".".join(map(str, one.version[:2])) for one in found],
        ["py" + one.python for one in found],
        [re.sub(r"[^\w.+-]", "_", Path(one.prefix).name) for one in found],
    ]
    numbered = [str(at) for at in range(1, len(found) + 1)]
    return next((one for one in choices if len(set(one)) == len(one)), numbered)


def _place(word: str) -> str:
    """Return the absolute path that a word stands for."""
    if not word.strip():
        raise UsageError("--python needs an interpreter: a path, a virtual environment's folder, or a name")
    path = Path(os.path.abspath(os.path.expanduser(word)))  # noqa: PTH100, PTH111  without following links
    for inside in ("bin/python", "bin/python3"):  # before the path: a folder called env is no /usr/bin/env
        if (path / inside).exists():
            return str(path / inside)
    name = f"python{word}" if re.fullmatch(r"\d+(\.\d+)?t?", word) else word
    found = shutil.which(name) if os.sep not in name else None
    if found is not None:
        return str(Path(found).absolute())
    if path.is_dir():
        raise UsageError(f"--python {word}: that folder is no virtual environment: it has no bin/python")
    if path.exists() or os.sep in word:
        return str(path)
    raise UsageError(
        f"--python {word}: there is no such interpreter: name a path, the folder of a virtual environment, "
        "or a name on PATH"
    )


@functools.cache
def probe(path: str) -> Interpreter:
    """Look at an interpreter; it is asked once.

    Parameters
    ----------
    path
        Absolute.

    Raises
    ------
    UsageError
        If it is missing, cannot be run, is no CPython, or is too old.
    """
    if not Path(path).exists():
        what = "leads nowhere" if Path(path).is_symlink() else "does not exist"
        raise UsageError(f"the interpreter {path} {what}")
    if not os.access(path, os.X_OK):
        raise UsageError(f"the interpreter {path} is not executable: chmod +x, or name another")
    said = _ask(path, "--version")
    _check_version(path, said)
    told = next(
        (one.removeprefix(_MARK) for one in reversed(said_lines(path)) if one.startswith(_MARK)),
        None,
    )
    try:
        found = None if told is None else _interpreter(json.loads(told))
    except (ValueError, TypeError, KeyError) as error:
        raise UsageError(f"the interpreter {path} says nothing sensible of itself: {error}") from error
    if found is None:
        raise UsageError(f"the interpreter {path} says nothing of itself: is {path} a Python?")
    if found.implementation != "CPython":
        raise UsageError(_other(path, found.implementation))
    if found.version[:2] < OLDEST:
        raise UsageError(_old(path, found.python))
    return found


def said_lines(path: str) -> list[str]:
    """Return what an interpreter prints when it is asked to describe itself."""
    return _ask(path, "-c", _PROBE).splitlines()


def _interpreter(told: dict[str, Any]) -> Interpreter:
    for name in ("requires", "provides"):
        told[name] = {key: tuple(values) for key, values in told[name].items()}
    return Interpreter(**{**told, "version": tuple(told["version"])})


def _ask(path: str, *arguments: str) -> str:
    """Run an interpreter and return what it prints."""
    try:
        done = subprocess.run(  # noqa: S603  the user's own interpreter
            [path, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_TIMEOUT_S,
            env=environment_for(path, os.environ),
        )
    except subprocess.TimeoutExpired:
        raise UsageError(f"the interpreter {path} did not answer within {_TIMEOUT_S:g} s") from None
    except OSError as error:
        raise UsageError(f"the interpreter {path} cannot be started: {error.strerror}") from error
    if done.returncode:
        lines = [one for one in (done.stderr or done.stdout).splitlines() if one.strip()]
        # A shim's first line says what is wrong; a traceback's last one does.
        said = (lines[-1] if lines and lines[0].startswith("Traceback") else "".join(lines[:1])).strip()
        ended = f"ended with exit status {done.returncode}" if done.returncode > 0 else "crashed"
        raise UsageError(f"the interpreter {path} {ended}" + (f": {said[:_MOST_CHARACTERS]}" if said else ""))
    return done.stdout + done.stderr  # 2.7 tells its version on stderr


def _check_version(path: str, said: str) -> None:
    """See that what a program calls its version is that of a Python that perfkit can measure with."""
    for name in _OTHERS:
        if re.search(rf"\b{name}\b", said):
            raise UsageError(_other(path, name))
    found = re.search(r"^Python (\d+)\.(\d+)\S*", said, re.MULTILINE)
    if found is None:
        first = said.strip().splitlines()[:1]
        answer = f": its --version says {first[0][:_MOST_CHARACTERS]!r}" if first else ""
        raise UsageError(f"{path} is not a Python interpreter{answer}")
    if (int(found[1]), int(found[2])) < OLDEST:
        raise UsageError(_old(path, found[0].removeprefix("Python ")))


def _old(path: str, version: str) -> str:
    oldest = ".".join(map(str, OLDEST))
    return (
        f"the interpreter {path} is Python {version}: perfkit measures with {oldest} or later; "
        f"compare that version as a whole command instead"
    )


def _other(path: str, implementation: str) -> str:
    return (
        f"the interpreter {path} is {implementation}: perfkit measures with CPython alone; "
        f"compare it as a whole command instead"
    )
