"""The workflows of docs/ci.md are files that CI reads: their YAML holds, and their commands are perfkit's."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from perfkit.cli.main import group
from tests.unit.test_docs import DOCS, blocks

WORKFLOWS = {
    text.partition("\n")[0].removeprefix("# "): yaml.safe_load(text)
    for language, text in blocks(DOCS / "ci.md")
    if language == "yaml"
}
GITHUB, GITLAB = ".github/workflows/performance.yml", ".gitlab-ci.yml"
_ENDS = {"||", "&&", ";", "|"}


def scripts(found: Any) -> list[str]:
    """Return what a workflow runs: GitHub's `run`, GitLab's `script`."""
    if isinstance(found, dict):
        own = [one for name in ("run", "script", "before_script") for one in [found.get(name)] if one]
        flat = [each for one in own for each in (one if isinstance(one, list) else [one])]
        return flat + [each for value in found.values() for each in scripts(value)]
    return [each for one in found for each in scripts(one)] if isinstance(found, list) else []


def commands(workflow: Any) -> list[list[str]]:
    """Return the arguments of each perfkit that a workflow runs, as a shell would split them."""
    found = []
    for script in scripts(workflow):
        for line in script.replace("\\\n", " ").splitlines():
            words = shlex.split(line)
            if words[:1] == ["perfkit"]:
                end = next((at for at, one in enumerate(words) if one in _ENDS), len(words))
                found.append(words[1:end])
    return found


def test_both_workflows_are_there() -> None:
    assert set(WORKFLOWS) == {GITHUB, GITLAB}


@pytest.mark.parametrize("name", [GITHUB, GITLAB])
def test_every_command_is_one_that_perfkit_knows(name: str) -> None:
    found = commands(WORKFLOWS[name])
    assert found
    for first, *arguments in found:
        command = group.get_command(click.Context(group), first)
        assert command is not None
        context = command.make_context(first, list(arguments))
        assert context.params["require_verified"] is True
        assert context.params["fail_if_slower"] == {"": 0.02}
        assert context.params["junit"] is not None
        assert context.params["arguments"] == ("benchmarks/pipeline.py",)


def test_a_command_with_a_wrong_option_would_not_pass() -> None:
    (arguments,) = commands({"script": ["perfkit compare a b --fail-if-slow 2% || true"]})
    command = group.get_command(click.Context(group), arguments[0])
    assert command is not None
    with pytest.raises(click.NoSuchOption):
        command.make_context("compare", arguments[1:])


def test_files_that_are_uploaded_are_those_that_are_written() -> None:
    job = WORKFLOWS[GITHUB]["jobs"]["compare"]
    (compare,) = commands(job)
    (upload,) = [one for one in job["steps"] if "upload-artifact" in one.get("uses", "")]
    folders = upload["with"]["path"].split()
    for option in ("--junit", "--comment"):
        assert f"{Path(compare[compare.index(option) + 1]).parts[0]}/" in folders
    job = WORKFLOWS[GITLAB]["performance"]
    (compare,) = commands(job)
    assert job["artifacts"]["reports"]["junit"] == compare[compare.index("--junit") + 1]


def test_what_is_inconclusive_or_failed_to_run_is_tried_again_and_nothing_else() -> None:
    (loop,) = [one for one in scripts(WORKFLOWS[GITHUB]) if "perfkit compare" in one]
    assert re.search(r"^\s*3 \| 4\)", loop, re.MULTILINE)
    assert WORKFLOWS[GITLAB]["performance"]["retry"]["exit_codes"] == [3, 4]


@pytest.mark.parametrize(
    ("statuses", "tries", "end"),
    [([0], 1, 0), ([1], 1, 1), ([2], 1, 2), ([4, 0], 2, 0), ([3, 4, 1], 3, 1), ([4, 4, 4], 3, 4)],
)
def test_the_loop_ends_as_the_last_try(statuses: list[int], tries: int, end: int, tmp_path: Path) -> None:
    (loop,) = [one for one in scripts(WORKFLOWS[GITHUB]) if "perfkit compare" in one]
    fake = tmp_path / "perfkit"
    fake.write_text('#!/bin/sh\necho x >> tried\nexit "$(sed -n "$(wc -l < tried)p" statuses)"\n')
    fake.chmod(0o755)
    (tmp_path / "statuses").write_text("".join(f"{one}\n" for one in statuses))
    done = subprocess.run(
        ["bash", "-e", "-c", loop],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "BASE": "a", "HEAD": "b"},
        check=False,
        capture_output=True,
    )
    assert done.returncode == end
    assert (tmp_path / "tried").read_text().count("x") == tries
