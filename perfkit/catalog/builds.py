"""Folders from which a revision's own packages are imported: where they lie, or where they were built.

A project with extension modules, or with files that its build generates, is built by pip in an environment
of its own. That environment sees the packages of the interpreter that will run it, so that nothing is fetched
which is there. It is kept under a key of all that a build may depend on: the revision's files, the
interpreter, every package that it has, the compiler, and the variables that steer compilers.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perfkit.catalog import caches, inquiry, layouts, strangers
from perfkit.catalog.revisions import BUILDS
from perfkit.errors import BuildError, RunError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.catalog.layouts import Layout
    from perfkit.catalog.revisions import Checkout

_TIMEOUT_S = 3600.0
_LOOK_TIMEOUT_S = 120.0
_LINES = 30
_STEERING = (
    *("CC", "CXX", "LD", "AR", "CFLAGS", "CPPFLAGS", "CXXFLAGS", "LDFLAGS", "ARCHFLAGS"),
    *("MACOSX_DEPLOYMENT_TARGET", "DISTUTILS_USE_SDK", "SETUPTOOLS_USE_DISTUTILS"),
)
_STEERING_STARTS = ("CMAKE", "SKBUILD", "CARGO", "RUST", "MATURIN", "CYTHON", "NPY_", "MESON", "PYO3", "CIBW")
# They would lead pip elsewhere, or let it install for the user.
_NOT_FOR_PIP = {"PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_REQUIRE_VIRTUALENV", "PYTHONHOME"}


def import_paths(checkout: Checkout, python: str = "", *, project: str = "") -> tuple[str, ...]:
    """Return the folders to search for modules first, so that a revision imports its own packages.

    Builds the project if it has to be built; that may take long, the first time.

    Parameters
    ----------
    checkout
        The revision's files.
    python
        Absolute path of the interpreter; empty for perfkit's own.
    project
        Folder of the project in the checkout, where that is not its root.

    Returns
    -------
    tuple of str
        Absolute, the project's own folder and the checkout's root among them: what searches these before
        all others need not add anything before them.

    Raises
    ------
    BuildError
        If it cannot be built.
    UsageError
        If a copy of the project is installed in a way that comes before every folder.
    """
    python = python or sys.executable
    top = checkout.root / project
    layout = layouts.look(top)
    if layout.reason:
        folders = [_built(checkout, python, project, layout)]
    else:
        folders = [top / one for one in layout.roots]
    provided = set().union(*(layouts.module_names(one) for one in (*folders, top, checkout.root)))
    first = strangers.standins(checkout.repository, python, provided, layout.name)
    own = [os.path.normpath(one) for one in (*folders, top, checkout.root)]
    return tuple(dict.fromkeys([*first, *own]))


def why_built(checkout: Checkout, project: str = "") -> str:
    """Say why a revision has to be built before it can be imported; empty if it need not."""
    return layouts.look(checkout.root / project).reason


def _built(checkout: Checkout, python: str, project: str, layout: Layout) -> Path:
    """Return the folder with the packages as built, with the benchmark that was put in if it is in one."""
    if checkout.pristine is None:
        return _build(checkout, python, project, layout)
    found = _build(checkout.pristine, python, project, layout)
    names = layouts.module_names(found)
    folders = {*(Path(project, one) for one in layout.roots), Path(project)}
    inner = [
        Path(name).relative_to(one)
        for name in checkout.overlaid
        for one in folders
        if Path(name).is_relative_to(one)
    ]
    if any(one.parts[0].partition(".")[0] in names for one in inner):
        return _build(checkout, python, project, layout)
    return found


# ---------------------------------------------------------------- building


@dataclass(frozen=True, slots=True, kw_only=True)
class _Host:
    """The interpreter for which is built, and what it has.

    Attributes
    ----------
    about
        All of it that a build may depend on.
    places
        Where its packages lie.
    pip
        Whether pip is among them.
    """

    python: str
    about: dict[str, Any]
    places: tuple[str, ...]
    pip: bool


def _build(checkout: Checkout, python: str, project: str, layout: Layout) -> Path:
    host = _look(python)
    steering = {
        name: value
        for name, value in os.environ.items()
        if name in _STEERING or name.startswith(_STEERING_STARTS)
    }
    about = [checkout.content, project, host.about, steering, _compiler(os.environ.get("CC", ""))]
    key = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:40]
    entry = caches.folder() / BUILDS / key

    def make(root: Path) -> None:
        _make(root, checkout, project, layout, host)

    caches.enter(entry, make)
    return _packages(entry)


def _make(root: Path, checkout: Checkout, project: str, layout: Layout, host: _Host) -> None:
    """Build a project in an environment; raises BuildError."""
    log = root.with_name(root.name + caches.LOG)
    log.unlink(missing_ok=True)
    source = root / "source"
    what = f"{checkout.title} cannot be built ({layout.reason})"
    run = _Runner(log=log, what=what, environment=_environment(checkout, host))
    run([host.python, "-m", "venv", "--without-pip", str(root)])
    python = str(root / "bin/python")
    (_packages(root) / "inherited.pth").write_text("".join(f"{one}\n" for one in host.places))
    if not host.pip:
        run([python, "-m", "ensurepip", "--default-pip"])
    # A build writes into its source folder; the checkout stays as it is.
    caches.copy(checkout.root, source)
    pip = [python, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--no-user"]
    lacking = run.read(_ask(python, "lacking", layout.requires))
    isolated = [] if lacking else ["--no-build-isolation"]
    run([*pip, "--no-deps", "--ignore-installed", *isolated, str(source / project)])
    required = run.read(_ask(python, "required", str(_packages(root))))
    differing = run.read(_ask(python, "lacking", required))
    if differing:
        run([*pip, *differing])
    shutil.rmtree(source)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Runner:
    """Runs the steps of a build, and keeps what they write."""

    log: Path
    what: str
    environment: dict[str, str]

    def __call__(self, command: Sequence[str]) -> None:
        with self.log.open("ab") as file:
            file.write(f"$ {' '.join(command)}\n".encode(errors="replace"))
            file.flush()
            self._run(command, file.fileno(), subprocess.STDOUT)

    def read(self, command: Sequence[str]) -> list[str]:
        """Return what a step answers."""
        with self.log.open("ab") as file:
            answer = self._run(command, subprocess.PIPE, file.fileno())
        found: list[str] = json.loads(answer)
        return found

    def _run(self, command: Sequence[str], out: int, err: int) -> bytes:
        try:
            done = subprocess.run(  # noqa: S603  pip and the interpreter that the user named
                command,
                cwd=self.log.parent,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                timeout=_TIMEOUT_S,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            why = "" if isinstance(error, subprocess.CalledProcessError) else f": {error}"
            raise BuildError(f"{self.what}{why}: the log is {self.log}", self._tail()) from error
        return done.stdout or b""

    def _tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-_LINES:])


def _environment(checkout: Checkout, host: _Host) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _NOT_FOR_PIP}
    # The tools that a build calls, such as ninja, are the interpreter's.
    kept["PATH"] = os.pathsep.join([str(Path(host.python).parent), kept.get("PATH", os.defpath)])
    if not (checkout.root / ".git").exists():
        # A copy of the working tree has no history from which to take a version.
        kept.setdefault("SETUPTOOLS_SCM_PRETEND_VERSION", "0+dirty")
        kept.setdefault("PDM_BUILD_SCM_VERSION", "0+dirty")
    return kept


def _packages(environment: Path) -> Path:
    """Return where an environment's packages lie."""
    return next(environment.glob("lib/python3*/site-packages"))


def _ask(python: str, question: str, *given: object) -> list[str]:
    """Return the command that has an interpreter answer a question of `perfkit.catalog.inquiry`."""
    return [python, "-P", inquiry.__file__, question, json.dumps(given)]


@functools.lru_cache(maxsize=16)
def _look(python: str) -> _Host:
    try:
        done = subprocess.run(  # noqa: S603  the interpreter that will run the revision
            _ask(python, "host"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_LOOK_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise RunError(f"{python} cannot be asked what it has: {error}") from error
    found = json.loads(done.stdout)
    about = {"python": python, "interpreter": found["interpreter"], "packages": found["packages"]}
    return _Host(python=python, about=about, places=tuple(found["places"]), pip=found["pip"])


@functools.lru_cache(maxsize=16)
def _compiler(chosen: str) -> str:
    """Return what the C compiler says of itself; empty if there is none."""
    command = chosen.split() or ["cc"]
    try:
        done = subprocess.run(  # noqa: S603  the compiler that the user chose
            [*command, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_LOOK_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode(errors="replace")
