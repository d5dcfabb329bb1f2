"""Ask git, without touching what is the user's: no hooks, no prompts, no locks for its own convenience."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from perfkit.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

_QUIETLY = (
    "--no-pager",
    # Hooks are the user's business, and a file system watcher would go on living after us.
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "gc.auto=0"),
    *("-c", "maintenance.auto=false"),
    *("-c", "submodule.recurse=false"),
    *("-c", "advice.detachedHead=false"),
)
# Set where git itself called us, from a hook: they would lead every command to another repository.
_OF_A_HOOK = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_NAMESPACE")
_OURS = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


class GitError(Exception):
    """git refused; its text is what git said, in one line.

    Parameters
    ----------
    said
        What it wrote to stderr.
    """

    def __init__(self, said: str) -> None:
        lines = [one.strip() for one in said.splitlines() if one.strip()]
        # What matters is said where it gives up; what it did until then comes before.
        fatal = [one for one in lines if one.startswith(("fatal:", "error:"))]
        first = (fatal or lines or ["it did not say why"])[0]
        super().__init__(first.removeprefix("fatal:").removeprefix("error:").strip())
        self.said = said


def git(folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> str:
    """Run git in a folder and return what it wrote to stdout.

    Parameters
    ----------
    environment
        Further variables.

    Raises
    ------
    GitError
        If git refused.
    UsageError
        If there is no git.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
    try:
        done = subprocess.run(  # noqa: S603  arguments are a list, and no shell reads them
            ["git", *_QUIETLY, *arguments],  # noqa: S607  the git that the user has
            cwd=folder,
            env={**inherited, **_OURS, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError as error:
        if not folder.is_dir():
            raise UsageError(f"there is no folder {folder}") from error
        raise UsageError("git was not found on the PATH: revisions need it, so install git") from error
    if done.returncode != 0:
        raise GitError(done.stderr.decode(errors="replace"))
    return done.stdout.decode(errors="surrogateescape")
