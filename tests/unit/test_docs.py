"""README and each page of docs/ are run from top to bottom, in a folder of their own."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repositories import WHO

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]


def blocks(page: Path) -> list[tuple[str, str]]:
    return [(found[1], found[2]) for found in BLOCK.finditer(page.read_text())]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_holds(page: Path, tmp_path: Path) -> None:
    for language, text in blocks(page):
        first, _, _ = text.partition("\n")
        if language in {"python", "toml", "markdown", "yaml"}:
            assert first.startswith("# "), f"{page.name}: a {language} block names its file in its first line"
            file = tmp_path / first.removeprefix("# ")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        elif language == "console":
            for line in text.splitlines():
                _run(line.removeprefix("$ "), tmp_path)
        elif language == "sh":
            targets = (ROOT / "Makefile").read_text()
            assert all(
                f"\n{line.split()[1]}:" in targets for line in text.splitlines() if line.startswith("make ")
            )
        else:  # cells are run by tests/process/test_notebook.py
            assert language == "text" or (language, page.name) == ("ipython", "notebook.md"), page.name


def _run(line: str, folder: Path) -> None:
    """Run one command; a comment may name the exit statuses that it may end with."""
    command, _, comment = line.partition("  # ")
    program, *arguments = shlex.split(command)
    environment = {**os.environ, **WHO, "XDG_CACHE_HOME": str(folder / ".cache")}
    if program == "git":
        subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True)
        return
    assert program in {"perfkit", "pytest"}
    undecided = {4} if program == "perfkit" else set()  # pytest's 4 is wrong use
    allowed = {int(n) for n in re.findall(r"\d+", comment.partition(":")[0])} or {0, *undecided}
    if program == "pytest":  # the plugin by its module, whether or not its entry point is installed
        arguments = ["-p", "no:perfkit", "-p", "perfkit.pytest_plugin", *arguments]
    done = subprocess.run(
        [sys.executable, "-m", program, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode in allowed, f"{line}\n{done.stdout}\n{done.stderr}"


def test_every_command_is_documented() -> None:
    from perfkit.cli.main import COMMANDS

    page = (DOCS / "command-line.md").read_text()
    assert all(f"`perfkit {name}" in page for name in COMMANDS)
