"""Several processes use the index at once, while records come and the index is spoilt."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from perfkit.store import Store
from perfkit.store.index import FOLDER, consult
from tests import builders, histories

if TYPE_CHECKING:
    from pathlib import Path

READER = """
import sys
from pathlib import Path
from perfkit.store.index import consult

for _ in range(40):
    timings = consult(Path(sys.argv[1]), lambda one: one.timings("demo"))
    assert len(timings) >= 24, len(timings)
    assert all(one.run_s > 0 for one in timings.values())
"""


def test_many_at_once(tmp_path: Path) -> None:
    histories.write(tmp_path, [10.0] * 4)
    reports = tmp_path / "reports"
    command = [sys.executable, "-c", READER, str(reports)]
    readers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    store = Store(reports / "demo")
    for index in range(60):
        store.write_run(builders.timing_run(f"new{index}"), store.stage())
        if index % 10 == 5:
            (reports / FOLDER / "index.sqlite").unlink(missing_ok=True)
    for one in readers:
        _, said = one.communicate(timeout=120)
        assert one.returncode == 0, said
    timings = consult(reports, lambda one: one.timings("demo"))
    assert sorted(timings) == store.run_ids()
