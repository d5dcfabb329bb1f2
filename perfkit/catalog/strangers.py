"""See that a revision imports its own project alone, and no other copy that the interpreter knows.

A project that is installed in editable mode, or lies on PYTHONPATH, is found by every process. The revision's
folders come first, so what it has itself is its own; but a package that only the working tree has would be
the working tree's. For such a name a module is put first that looks on beyond that copy.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perfkit.catalog import caches, inquiry
from perfkit.catalog.git import git
from perfkit.catalog.revisions import STANDINS
from perfkit.errors import RunError, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from perfkit.catalog.repositories import Repository

_TIMEOUT_S = 120.0

_STANDIN = '''"""Stands where a revision lacks a package that another copy of its project has."""


def _look_on():
    import os
    import sys
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    passed = {passed!r}
    here = os.path.dirname(os.path.realpath(__file__))
    for entry in sys.path:
        place = os.path.realpath(entry)
        if place == here or place in passed:
            continue
        spec = PathFinder.find_spec(__name__, [entry])
        if spec is not None and spec.loader is not None and (spec.origin or "") != __file__:
            sys.modules[__name__] = module = module_from_spec(spec)
            spec.loader.exec_module(module)
            return
    raise ModuleNotFoundError("No module named " + repr(__name__), name=__name__)


_look_on()
'''


def standins(
    repository: Repository, python: str, provided: Collection[str], distribution: str
) -> tuple[str, ...]:
    """Return a folder to search first, in which stands what the revision must not import; none if nothing is.

    Parameters
    ----------
    repository
        Whose working trees' files are another side's.
    python
        The interpreter.
    provided
        Names that the revision has itself.
    distribution
        Normal name of the project; what an installed copy of it has is not the revision's either.

    Raises
    ------
    UsageError
        If the project is installed in a way that comes before every folder.
    """
    seen = _probe(python, _trees(repository), distribution, os.environ.get("PYTHONPATH", ""))
    for name, place in seen["hooks"]:
        raise UsageError(
            f"{name} is installed in editable mode for {python}, by an import hook that comes before every "
            f"folder, so that each revision would import {place}: uninstall it, or install it without -e"
        )
    texts = {
        name: _STANDIN.format(passed=tuple(os.path.realpath(one) for one in places))
        for name, places in sorted(seen["found"].items())
        if name not in provided
    }
    if not texts:
        return ()
    digest = hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:40]

    def make(root: Path) -> None:
        root.mkdir()
        for name, text in texts.items():
            (root / f"{name}.py").write_text(text)

    return (str(caches.enter(caches.folder() / STANDINS / digest, make)),)


def _trees(repository: Repository) -> tuple[str, ...]:
    """Return the working trees of a repository, those in the cache left out."""
    listed = git(repository.root, "worktree", "list", "--porcelain").splitlines()
    paths = [Path(one.removeprefix("worktree ")) for one in listed if one.startswith("worktree ")]
    cached = caches.folder()
    found = {repository.root, *(one for one in paths if not one.is_relative_to(cached))}
    return tuple(sorted(os.path.realpath(one) for one in found))


@functools.lru_cache(maxsize=64)
def _probe(python: str, roots: Sequence[str], distribution: str, _search_path: str) -> dict[str, Any]:
    question = json.dumps([roots, os.path.realpath(caches.folder()), distribution])
    done = subprocess.run(  # noqa: S603  the interpreter that will run the revision
        [python, "-P", inquiry.__file__, "importable", question],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    try:
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError) as error:
        raise RunError(f"{python} does not say what it would import", done.stderr) from error
    return found
