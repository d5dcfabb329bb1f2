"""What perfkit's own code needs of packages in another interpreter, lent to it where it lacks them.

A verification keeps arrays with NumPy and digests with xxhash, in the process of the variant. What of these
an environment does not have is installed into a folder of perfkit's own and put at the end of the path, so
that the environment's own packages come first. A timed run does not see it before its clock has stopped.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from perfkit.catalog import caches
from perfkit.errors import StoreError
from perfkit.measure.interpreters import environment_for, probe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from perfkit.measure.interpreters import Interpreter

VERIFYING = ("msgspec", "numpy", "xxhash")
"""What keeping and comparing values needs."""

_OLDEST = {
    "line_profiler": (5, 0),
    "msgspec": (0, 18),
    "numpy": (1, 23),
    "pyinstrument": (5, 0),
    "xxhash": (3, 0),
}
_TIMEOUT_S = 300.0
_MOST_CHARACTERS = 200


class NotLentError(Exception):
    """What is needed cannot be had there; the text is a reason: without a capital, without a full stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loan:
    """What was lent to an interpreter.

    Attributes
    ----------
    folder
        Absolute; empty if nothing was missing.
    packages
        Versions of what lies in it.
    """

    folder: str = ""
    packages: dict[str, str] = field(default_factory=dict)


def lend(python: str, names: Sequence[str]) -> Loan:
    """See that an interpreter has some packages; what it lacks is installed into a folder of perfkit's.

    Parameters
    ----------
    python
        Absolute path of the interpreter; nothing is done for perfkit's own, an empty one.
    names
        Distributions, of those that perfkit itself requires.

    Raises
    ------
    NotLentError
        If they cannot be had: without a network, without pip, or because its own are too old.
    UsageError
        If it is no interpreter that perfkit can measure with.
    """
    key = python, tuple(sorted(names))
    if key not in _loans:
        try:
            _loans[key] = _lent(*key) if python and names else Loan()
        except NotLentError as error:
            _loans[key] = error
    found = _loans[key]
    if isinstance(found, NotLentError):
        raise found
    return found


_loans: dict[tuple[str, tuple[str, ...]], Loan | NotLentError] = {}
"""What came of it, once for each: nothing is tried again while this process lasts."""


def lent(python: str, names: Sequence[str]) -> Loan:
    """Return what has been lent to an interpreter already; nothing is installed."""
    found = _loans.get((python, tuple(sorted(names))))
    return found if isinstance(found, Loan) else Loan()


def _lent(python: str, names: tuple[str, ...]) -> Loan:
    there = probe(python)
    own = {_canonical(name): version for name, version in there.packages.items()}
    missing = []
    for name in names:
        version = own.get(_canonical(name))
        if version is None:
            missing.append(name)
        elif _numbers(version) < _OLDEST[name]:
            oldest = ".".join(map(str, _OLDEST[name]))
            raise NotLentError(f"its {name} {version} is older than {oldest}, perfkit's oldest")
    if not missing:
        return Loan()
    wanted = [f"{name}>={'.'.join(map(str, _OLDEST[name]))}" for name in missing]
    key = hashlib.blake2b("\n".join((there.abi, *wanted)).encode(), digest_size=6).hexdigest()
    place = caches.folder() / caches.LENT / f"{there.abi}-{key}"
    try:
        caches.enter(place, lambda into: _install(there, wanted, into))
    except StoreError as error:
        raise NotLentError(f"it lacks {', '.join(missing)}, and {error}") from error
    return Loan(folder=str(place), packages=dict(_versions(place, missing)))


def _versions(place: Path, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the versions of what lies in a folder, by the names of the folders of its metadata."""
    for found in sorted(place.glob("*.dist-info")):
        name, _, version = found.name.removesuffix(".dist-info").partition("-")
        yield from ((one, version) for one in names if _canonical(one) == _canonical(name))


def _install(there: Interpreter, wanted: Sequence[str], into: Path) -> None:
    """Install packages into a folder; wheels alone, for nothing of another environment is built here."""
    command = _installer(there)
    if command is None:
        raise NotLentError(f"it lacks {', '.join(wanted)}, and there is no pip to install them with")
    options = ["--quiet", "--only-binary", ":all:", "--target", str(into)]
    try:
        done = subprocess.run(  # noqa: S603  fixed arguments
            [*command, *options, *wanted],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_TIMEOUT_S,
            env=environment_for(there.executable, os.environ),
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NotLentError(f"it lacks {', '.join(wanted)}, which pip could not install: {error}") from error
    if done.returncode:
        lines = [one.strip() for one in done.stderr.splitlines() if one.strip()]
        last = next((one for one in reversed(lines) if one.startswith("ERROR:")), "".join(lines[-1:]))
        why = last.removeprefix("ERROR:").strip().rstrip(".")[:_MOST_CHARACTERS]
        raise NotLentError(f"it lacks {', '.join(wanted)}, which pip could not install: {why}")


def _installer(there: Interpreter) -> list[str] | None:
    """Return the command that installs for an interpreter: perfkit's own pip, the interpreter's, or uv."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "--python", there.executable, "install", "--no-input"]
    if "pip" in there.packages:
        return [there.executable, "-m", "pip", "install", "--no-input"]
    uv = shutil.which("uv")
    return None if uv is None else [uv, "pip", "install", "--python", there.executable]


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _numbers(version: str) -> tuple[int, ...]:
    """Return a version's leading numbers: ``2.1.0rc1`` is (2, 1, 0)."""
    return tuple(int(one) for one in re.findall(r"\d+", re.split(r"[^\d.]", version, maxsplit=1)[0]))
