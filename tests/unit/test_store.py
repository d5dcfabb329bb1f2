from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from perfkit import catalog
from perfkit import store as stores
from perfkit.api import reports
from perfkit.api.bench import Bench
from perfkit.errors import DiskFullError, StoreError
from perfkit.model import ProfileRun, TimingRun
from perfkit.report import markdown
from perfkit.store import Store
from tests import builders
from tests.pipelines import project


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "reports" / "demo")


def everything(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def test_a_run_comes_back_as_it_was(store: Store) -> None:
    run = builders.timing_run("one", metrics={"accuracy": 0.5, "loss": None})
    staged = store.stage()
    (staged / "stdout.txt").write_text("hello")
    place = store.write_run(run, staged)
    assert store.read_run("one", TimingRun) == run
    assert (place / "stdout.txt").read_text() == "hello"
    assert not staged.exists()
    assert store.run_ids() == ["one"]
    assert store.run_kind("one") is TimingRun


def test_a_comparison_comes_back_as_it_was(store: Store) -> None:
    made = builders.comparison()
    store.write_comparison(made)
    assert store.read_comparison(made.id) == made
    assert store.comparison_ids() == [made.id]


def test_a_comparison_from_before_groups_and_looks_is_read_and_claims_neither(tmp_path: Path) -> None:
    """What it does not tell is not told: not how samples were taken, nor looks, nor disturbances."""
    root = project(tmp_path, name="demo")
    found = catalog.open_project(root)
    bench = Bench(project=found, pipeline=catalog.find_pipeline(found, "demo"))
    for i in range(3):
        for side, name, run_s in (("b", "baseline", 1.0 + 0.01 * i), ("c", "optimized", 0.5)):
            run = builders.timing_run(f"{side}{i}", name, run_s)
            bench.store.write_run(run, bench.store.stage())
    made = builders.comparison()
    bench.store.write_comparison(made)
    for file in bench.store.folder.rglob("*.json"):
        record = json.loads(file.read_text())
        inner = record.get("run", record)
        for name in ("alpha", "sampling", "trial", "smallest_effect", "scaling", "disturbance"):
            inner.pop(name, None)
        for pair in inner.get("pairs", ()):
            del pair["plan"]["group"], pair["plan"]["cpu"]
        file.write_text(json.dumps(record))
    report = reports.load(bench)
    assert report.breakdown.run.n == 3
    page = markdown.render(report, chart="stages.svg")
    assert "Looks were planned" not in page
    assert "empty home" not in page
    assert "Whether pairs were disturbed is not known" in page


def test_a_run_is_never_rewritten(store: Store) -> None:
    store.write_run(builders.timing_run("one"), store.stage())
    before = everything(store.folder)
    with pytest.raises(StoreError, match="cannot write"):
        store.write_run(builders.timing_run("one", run_s=2.0), store.stage())
    assert everything(store.folder) == before


def test_the_wrong_kind_is_refused(store: Store) -> None:
    store.write_run(builders.timing_run("one"), store.stage())
    with pytest.raises(StoreError, match="of kind 'timing', not a ProfileRun"):
        store.read_run("one", ProfileRun)


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"schema": 1}', b"\xff\xfe", b'{"schema": 1, "kind": "timing", "run": {}}']
)
def test_a_damaged_run_is_named_and_the_others_stay(store: Store, content: bytes) -> None:
    for name in ("one", "two"):
        store.write_run(builders.timing_run(name), store.stage())
    (store.run_folder("one") / "run.json").write_bytes(content)
    with pytest.raises(StoreError, match=r"one/run.json is damaged .*the other runs are not touched"):
        store.read_run("one", TimingRun)
    assert store.read_run("two", TimingRun).id == "two"


def test_a_newer_schema_is_refused(store: Store) -> None:
    store.write_run(builders.timing_run("one"), store.stage())
    file = store.run_folder("one") / "run.json"
    content = json.loads(file.read_text())
    content["schema"] = 99
    file.write_text(json.dumps(content))
    with pytest.raises(StoreError, match=r"newer perfkit \(schema 99; this one reads up to 1\): upgrade"):
        store.read_run("one", TimingRun)


def test_a_missing_run_is_named(store: Store) -> None:
    with pytest.raises(StoreError, match=r"cannot read .*No such file"):
        store.read_run("gone", TimingRun)


def test_a_full_disk_leaves_nothing_half_written(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write_run(builders.timing_run("one"), store.stage())
    before = everything(store.folder)
    staged = store.stage()

    def full(_path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(stores.folders, "_sync", full)
    with pytest.raises(DiskFullError, match="No space left on device; free some space") as caught:
        store.write_run(builders.timing_run("two"), staged)
    assert caught.value.exit_code == 3
    assert everything(store.folder) == before


def test_an_unwritable_folder_is_named(store: Store) -> None:
    store.folder.parent.mkdir(parents=True)
    store.folder.write_text("a file where a folder should be")
    with pytest.raises(StoreError, match="cannot make the folder"):
        store.stage()


def test_what_dead_processes_staged_is_swept(store: Store) -> None:
    staged = store.stage()
    dead = staged.parent / "999999999-abcd"
    dead.mkdir()
    alive = staged.parent / f"{os.getpid()}-abcd"
    alive.mkdir()
    store.stage()
    assert not dead.exists()
    assert alive.exists()
    assert staged.exists()


def test_ids_sort_by_time() -> None:
    ids = [stores.new_id("x") for _ in range(3)]
    assert [one[:18] for one in ids] == sorted(one[:18] for one in ids)
    assert len(set(ids)) == 3


def test_a_link_stays_one_and_a_pipe_is_written_into(tmp_path: Path) -> None:
    (tmp_path / "real.md").write_text("old")
    link = tmp_path / "link.md"
    link.symlink_to("real.md")
    stores.replace_file(link, b"new")
    assert link.is_symlink()
    assert (tmp_path / "real.md").read_text() == "new"
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    stores.replace_file(pipe, b"through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert not pipe.is_file()


@pytest.mark.parametrize("name", ["", "folder"])
def test_a_folder_is_no_file_to_write(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match="it is a folder"):
        stores.replace_file(Path(name), b"x")
