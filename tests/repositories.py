"""Small git repositories that tests make, and what they look like from outside."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

WHO = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_DATE": "2026-01-02T03:04:05+00:00",
    "GIT_COMMITTER_DATE": "2026-01-02T03:04:05+00:00",
}


class History:
    """A repository under way.

    Parameters
    ----------
    root
        Made if it is not there.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.root,
            env={**os.environ, **WHO},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            place = self.root / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)

    def commit(self, message: str, files: dict[str, str] | None = None) -> str:
        """Commit all that is there; returns the commit."""
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def state(self) -> dict[str, object]:
        """What is the user's: files, index, HEAD, branches, stash, configuration; no lock is left."""
        git_dir = self.root / ".git"
        assert not list(git_dir.rglob("*.lock"))
        files = {
            path.relative_to(self.root).as_posix(): (path.lstat().st_mtime_ns, path.lstat().st_mode)
            for path in self.root.rglob("*")
            if ".git" not in path.relative_to(self.root).parts
        }
        return {
            "files": files,
            "index": (git_dir / "index").read_bytes(),
            "head": (git_dir / "HEAD").read_bytes(),
            "config": (git_dir / "config").read_bytes(),
            "references": self.git("for-each-ref"),
            "logs": {one.name: one.read_bytes() for one in (git_dir / "logs").rglob("*") if one.is_file()},
            "stash": self.git("stash", "list"),
        }
