"""`perfkit doctor` as a user meets it: in any folder, with its exit statuses, and when it is interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.cli.test_cli import perfkit, says


def test_it_works_outside_of_any_project_and_leaves_nothing(tmp_path: Path) -> None:
    home, here = tmp_path / "tmp", tmp_path / "here"
    home.mkdir()
    here.mkdir()
    done = perfkit(here, "doctor", "--seconds", "4", TMPDIR=str(home))
    assert done.returncode in {0, 4}, done.stderr  # a busy machine may not get through ten pairs
    assert "What it can resolve" in done.stdout
    assert "While measuring" in done.stdout
    assert list(here.iterdir()) == []
    assert list(home.iterdir()) == []


def test_json_is_all_there_is_on_stdout(tmp_path: Path) -> None:
    done = perfkit(tmp_path, "doctor", "--seconds", "2", "--json")
    made = json.loads(done.stdout)
    assert made["schema"] == 1
    assert made["resolution"]["run_s"] > 0
    assert done.returncode == (4 if made["resolution"]["problem"] else 0)
    assert {one["level"] for one in made["machine"]["checks"]} <= {"ok", "note", "warning"}
    assert all(one["seen"] and one["why"] for one in made["machine"]["checks"])


def test_less_time_than_one_pair_is_too_few(tmp_path: Path) -> None:
    done = perfkit(tmp_path, "doctor", "--seconds", "0.001")
    assert done.returncode == 4
    assert "Not decided: 1 pair is too few" in done.stdout
    assert "inconclusive: 1 pair is too few to say what this machine can resolve" in done.stderr


def test_without_measuring(tmp_path: Path) -> None:
    done = perfkit(tmp_path, "doctor", "--no-measure", OMP_NUM_THREADS="4096")
    assert done.returncode == 0
    assert done.stderr == ""
    assert "Nothing was measured" in done.stdout
    assert "OMP_NUM_THREADS=4096" in done.stdout
    assert json.loads(perfkit(tmp_path, "doctor", "--no-measure", "--json").stdout)["resolution"] is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--seconds", "0"], "0"),
        (["--seconds", "-3"], "-3"),
        (["--seconds", "nan"], "nan"),
        (["--seconds", "inf"], "inf"),
        (["--seconds", "soon"], "soon"),
        (["--fast"], "--fast"),
        (["here"], "here"),
    ],
)
def test_wrong_options(tmp_path: Path, arguments: list[str], words: str) -> None:
    says(perfkit(tmp_path, "doctor", *arguments), 2, words)


def test_a_damaged_project_around_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.perfkit\n")
    (tmp_path / "workload.py").write_text("raise SystemExit('not this one')")
    done = perfkit(tmp_path, "doctor", "--seconds", "0.001")
    assert done.returncode == 4, done.stderr


def test_a_temporary_folder_that_cannot_be_written(tmp_path: Path) -> None:
    # A file in the place of each candidate: tempfile falls back to the current folder, which is gone.
    code = (
        "import sys, tempfile\n"
        "def nowhere(*_, **__): raise OSError(30, 'Read-only file system', '/tmp')\n"
        "tempfile.mkdtemp = nowhere\n"
        "sys.argv = ['perfkit', 'doctor']\n"
        "from perfkit.cli.main import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    says(done, 3, "the system refused", "Read-only file system")


def test_ctrl_c_ends_it_and_leaves_nothing() -> None:
    with tempfile.TemporaryDirectory() as folder:
        running = subprocess.Popen(
            [sys.executable, "-m", "perfkit", "doctor", "--seconds", "300", "--json"],
            cwd=folder,
            env={**os.environ, "TMPDIR": folder},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert running.stderr is not None
        running.stderr.readline()
        while "done" not in running.stderr.readline():  # some pairs are measured
            assert running.poll() is None
        running.send_signal(signal.SIGINT)
        stdout, stderr = running.communicate(timeout=60)
        assert running.returncode == 130
        assert stdout == ""
        assert "interrupted; nothing was stored" in stderr
        assert "Traceback" not in stderr
        assert list(Path(folder).iterdir()) == []
