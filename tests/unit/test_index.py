"""The index: always what lies in the folders, whatever happened to it."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from typing import TYPE_CHECKING

import pytest

from perfkit import model
from perfkit.model.history import StoredTiming
from perfkit.store import Store, index
from perfkit.store.index import consult
from tests import builders, histories

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.model.history import StoredRecord

    Found = tuple[list[StoredRecord], list[model.Comparison], dict[str, StoredTiming]]


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    histories.write(tmp_path, [10.0, 10.0, 8.0])
    return tmp_path / "reports"


def everything(reports: Path, pipeline: str = "demo") -> Found:
    return consult(
        reports, lambda one: (one.records(pipeline), one.comparisons(pipeline), one.timings(pipeline))
    )


def file(reports: Path) -> Path:
    return reports / index.FOLDER / "index.sqlite"


def test_it_holds_what_is_stored(reports: Path) -> None:
    records, comparisons, timings = everything(reports)
    store = Store(reports / "demo")
    assert [one.id for one in records if one.room == "runs"] == store.run_ids()
    assert [one.id for one in comparisons] == store.comparison_ids()
    for name, timing in timings.items():
        run = store.read_run(name, model.TimingRun)
        assert timing == StoredTiming(id=name, variant=run.variant.name, run_s=run.run_s, stages=run.stages)
    whole = store.read_comparison(comparisons[0].id)
    assert comparisons[0].environment == whole.environment
    assert [one.verdict for one in comparisons[0].scrutiny.verifications[0].stages] == ["identical"] * 3
    assert comparisons[0].scrutiny.verifications[0].stages[0].shapes == ""  # that is left to the folder
    record = next(one for one in records if one.id == whole.id)
    runs = {run for pair in whole.pairs for run in (pair.baseline_run, pair.contender_run)}
    assert set(record.refers_to) == runs
    assert record.size_bytes >= (reports / "demo/comparisons" / whole.id / "comparison.json").stat().st_size


def test_what_other_records_refer_to(tmp_path: Path) -> None:
    """Profiles, the trial pair, verifications' runs and the scaling belong to a comparison."""
    store = Store(tmp_path / "reports" / "demo")
    checked = histories.SCRUTINY.verifications[0]
    store.write_comparison(
        builders.comparison(
            1,
            profiles=("p1",),
            scaling="s1",
            trial=model.Pair(plan=builders.pair_plan(), baseline_run="t1", contender_run="t2"),
            scrutiny=model.Scrutiny(
                verifications=(
                    model.Verification(
                        parameters={},
                        seed=1,
                        baseline_run="v1",
                        contender_run="v2",
                        stages=checked.stages,
                        baseline_metrics={},
                        contender_metrics={},
                        kind="edge",
                    ),
                )
            ),
        )
    )
    (record,), _, _ = everything(tmp_path / "reports")
    assert set(record.refers_to) == {"b0", "c0", "t1", "t2", "p1", "s1", "v1", "v2"}


def test_it_follows_what_comes_goes_and_changes(reports: Path) -> None:
    store = Store(reports / "demo")
    before = everything(reports)
    store.write_run(builders.timing_run("new", run_s=3.0), store.stage())
    assert everything(reports)[2]["new"].run_s == 3.0
    changed = store.run_folder("new") / "run.json"
    content = json.loads(changed.read_text())
    content["run"]["run_s"] = 4.25
    changed.write_text(json.dumps(content))
    assert everything(reports)[2]["new"].run_s == 4.25
    shutil.rmtree(store.run_folder("new"))
    assert everything(reports) == before
    shutil.rmtree(reports / "demo")
    assert everything(reports) == ([], [], {})


def test_pipelines_are_kept_apart(reports: Path) -> None:
    histories.write(reports.parent, [3.0], pipeline="other")
    assert consult(reports, lambda one: one.pipelines()) == ["demo", "other"]
    assert len(everything(reports, "other")[1]) == 1
    assert len(everything(reports, "demo")[1]) == 3
    assert everything(reports, "none") == ([], [], {})


@pytest.mark.parametrize(
    "spoil",
    [
        lambda one: one.unlink(),
        lambda one: one.write_bytes(b""),
        lambda one: one.write_bytes(b"no database at all, but long enough to be read as one" * 100),
        lambda one: one.write_bytes(one.read_bytes()[:5000]),
        lambda one: one.write_bytes(one.read_bytes()[:100] + b"\xff" * 8000 + one.read_bytes()[8100:]),
        lambda one: _execute(one, "UPDATE made SET by = 'other code'"),
        lambda one: _execute(one, "DROP TABLE record"),
        lambda one: _execute(one, "ALTER TABLE record DROP COLUMN run_s"),
        lambda one: _execute(one, "UPDATE record SET short = '{' WHERE short IS NOT NULL"),
        lambda one: _execute(one, "UPDATE record SET stages = 7 WHERE stages IS NOT NULL"),
    ],
    ids=["missing", "empty", "garbage", "cut", "overwritten", "old", "no table", "no column", "json", "type"],
)
def test_a_damaged_index_is_made_again(reports: Path, spoil: object) -> None:
    before = everything(reports)
    spoil(file(reports))  # type: ignore[operator]
    assert everything(reports) == before
    assert everything(reports) == before


def _execute(file: Path, statement: str) -> None:
    database = sqlite3.connect(file)
    database.execute(statement)
    database.commit()
    database.close()


def test_deleting_it_loses_nothing_and_it_is_kept_out_of_git(reports: Path) -> None:
    before = everything(reports)
    shutil.rmtree(reports / index.FOLDER)
    assert everything(reports) == before
    subprocess.run(["git", "init", "-q"], cwd=reports, check=True)
    told = subprocess.run(
        ["git", "status", "--porcelain", "-uall", "--", index.FOLDER],
        cwd=reports,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == ""


def test_where_nothing_can_be_written_it_serves_from_memory(
    reports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(reports)
    shutil.rmtree(reports / index.FOLDER)
    (reports / index.FOLDER).write_text("a file where its folder should be")
    assert everything(reports) == before
    assert consult(reports / "nowhere", lambda one: one.records("demo")) == []
    assert not (reports / "nowhere").exists()

    def refused(_descriptor: int, _how: int) -> None:
        raise OSError("no locks here")

    (reports / index.FOLDER).unlink()
    monkeypatch.setattr(index.fcntl, "flock", refused)
    assert everything(reports) == before


def test_a_full_disk_is_not_the_readers_trouble(reports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = everything(reports)
    shutil.rmtree(reports / index.FOLDER)
    connect = sqlite3.connect

    def full(place: object, **options: object) -> sqlite3.Connection:
        if place != ":memory:":
            raise sqlite3.OperationalError("database or disk is full")
        return connect(place, **options)  # type: ignore[arg-type, call-overload, no-any-return]

    monkeypatch.setattr(index.sqlite3, "connect", full)
    assert everything(reports) == before


def test_what_cannot_be_read_is_named_and_read_once_it_can(reports: Path) -> None:
    store = Store(reports / "demo")
    first, second, third = store.comparison_ids()
    places = [reports / "demo/comparisons" / one / "comparison.json" for one in (first, second)]
    contents = [one.read_bytes() for one in places]
    places[0].write_bytes(b"{")
    places[1].write_text(json.dumps({**json.loads(contents[1]), "schema": 99}))
    times = [one.stat() for one in places]
    records, comparisons, _ = everything(reports)
    problems = {one.id: one.problem for one in records if one.problem}
    assert problems.keys() == {first, second}
    assert problems[first].startswith("it is damaged")
    assert problems[second] == "it was written by a newer perfkit"
    assert [one.id for one in comparisons] == [third]
    for place, content, time in zip(places, contents, times, strict=True):
        place.write_bytes(content)
        os.utime(place, ns=(time.st_atime_ns, time.st_mtime_ns))
    assert [one.id for one in everything(reports)[1]] == [first, second, third]


def test_an_error_of_the_asker_is_its_own(reports: Path) -> None:
    def ask(_index: index.Index) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        consult(reports, ask)
