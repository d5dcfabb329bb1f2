"""Pruning: what stays is complete, what goes is wanted by nobody, and an interruption spoils nothing."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit import catalog
from perfkit.api import history, prune
from perfkit.errors import BusyError
from perfkit.model.history import StoredRecord
from perfkit.store import Store
from tests import builders, histories
from tests.pipelines import project

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def record(
    room: str, name: str, days: float, refers_to: tuple[str, ...] = (), **changes: object
) -> StoredRecord:
    kinds = {
        "runs": "timing",
        "comparisons": "comparison",
        "verifications": "verification",
        "scalings": "scaling",
    }
    made = StoredRecord(
        pipeline="demo",
        room=room,  # type: ignore[arg-type]
        id=name,
        kind=kinds[room],
        variant="optimized",
        started_at=(NOW - timedelta(days=days)).isoformat(),
        refers_to=refers_to,
        size_bytes=100,
    )
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def rule(keep: int | None = None, days: float | None = None) -> prune.Rule:
    return prune.Rule(keep=keep, older_than_s=None if days is None else days * prune.DAY_S, now=NOW)


def gone(records: list[StoredRecord], by: prune.Rule, shown: str = "") -> set[str]:
    return {one.id for one in prune.select(records, by, shown)}


COMPARISONS = [
    record("comparisons", "c1", 40, ("r1", "shared", "s1")),
    record("comparisons", "c2", 20, ("r2", "shared")),
    record("comparisons", "c3", 2, ("r3", "p3")),
    *(record("runs", name, 40) for name in ("r1", "r2", "shared")),
    record("runs", "r3", 2),
    record("runs", "p3", 2, kind="profile", profiler="line"),
    record("scalings", "s1", 40, ("x1",)),
    record("scalings", "s2", 10, ("x2",)),
    record("runs", "x1", 40),
    record("runs", "x2", 10),
]


@pytest.mark.parametrize(
    ("keep", "days", "expected"),
    [
        (3, None, set()),
        (1, None, {"c1", "c2", "s1", "r1", "r2", "shared", "x1"}),
        (2, None, {"c1", "r1"}),
        (None, 30, {"c1", "s1", "r1", "x1"}),
        (1, 30, {"c1", "s1", "r1", "x1"}),
        (2, 10, {"c1", "r1"}),
        (0, None, {"c1", "c2", "s1", "r1", "r2", "shared", "x1"}),
        (None, 0, {"c1", "c2", "s1", "r1", "r2", "shared", "x1"}),
    ],
)
def test_what_goes(keep: int | None, days: float | None, expected: set[str]) -> None:
    assert gone(COMPARISONS, rule(keep, days)) == expected


def test_what_the_report_tells_of_stays_and_its_scaling_with_it() -> None:
    assert gone(COMPARISONS, rule(0), "c1") == {"c2", "c3", "r2", "r3"}
    assert "c3" not in gone(COMPARISONS, rule(0), "unknown")


def test_loose_runs_go_by_variant_and_kind_but_not_on_their_first_day() -> None:
    runs = [
        record("runs", "old", 9),
        record("runs", "older", 10),
        record("runs", "other", 10, variant="baseline"),
        record("runs", "today", 0.5),
        record("runs", "profile", 10, kind="profile", profiler="line"),
        record("runs", "old profile", 11, kind="profile", profiler="line"),
        record("runs", "broken", 10, kind="", problem="it is damaged"),
        record("runs", "undated", 10, started_at="yesterday"),
    ]
    assert gone(runs, rule(1)) == {"old", "older", "old profile"}
    assert gone(runs, rule(0)) == {"old", "older", "other", "old profile"}
    assert gone(runs, rule(days=9.5)) == {"older", "other", "old profile"}


def test_what_refers_goes_before_what_it_refers_to() -> None:
    order = [one.room for one in prune.select(COMPARISONS, rule(1))]
    assert order.index("runs") == len([one for one in order if one != "runs"])
    assert order[0] == "comparisons"


@st.composite
def stores(draw: st.DrawFn) -> list[StoredRecord]:
    days = st.floats(0, 100)
    runs = [
        record("runs", f"r{i}", draw(days), kind=draw(st.sampled_from(["timing", "profile", "checkpoints"])))
        for i in range(draw(st.integers(0, 12)))
    ]
    names = [one.id for one in runs]
    referring = []
    for room in ("scalings", "comparisons", "verifications"):
        for i in range(draw(st.integers(0, 4))):
            to = draw(st.lists(st.sampled_from(names), max_size=4)) if names else []
            if room == "comparisons":
                to += draw(
                    st.lists(
                        st.sampled_from([o.id for o in referring if o.room == "scalings"] or ["-"]),
                        max_size=1,
                    )
                )
            referring.append(record(room, f"{room}{i}", draw(days), tuple(to)))
    return [*runs, *referring]


@given(
    stores(),
    st.none() | st.integers(0, 5),
    st.none() | st.floats(0, 100),
    st.sampled_from(["", "comparisons0", "comparisons1"]),
)
def test_nothing_that_stays_refers_to_what_goes(
    records: list[StoredRecord], keep: int | None, days: float | None, shown: str
) -> None:
    if keep is None and days is None:
        keep = 1
    out = gone(records, rule(keep, days), shown)
    stays = [one for one in records if one.id not in out]
    assert not out & {name for one in stays for name in one.refers_to}
    assert shown not in out
    again = gone(stays, rule(keep, days), shown)
    # What is left then are runs that belonged to what went, never what refers.
    assert not {one for one in again if not one.startswith("r")}
    for room in ("comparisons", "verifications", "scalings"):
        own = [one for one in records if one.room == room]
        kept = [one for one in own if one.id not in out]
        assert len(kept) >= min(len(own), keep or 0)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = project(tmp_path / "project", name="demo")
    histories.write(made, [10.0, 9.0, 8.0, 7.0])
    for name in ("report.md", "report.html", "scale.md"):
        (made / "reports" / "demo" / name).write_text("kept")
    return made


def test_it_removes_whole_comparisons_and_no_report(root: Path) -> None:
    found = catalog.open_project(root)
    store = Store(root / "reports" / "demo")
    before = store.comparison_ids()
    planned = prune.plan(found, rule(2))
    assert store.comparison_ids() == before  # planning removes nothing
    assert len(planned.records) == 2 + 2 * 6
    assert planned.size_bytes >= 14 * 512
    prune.carry_out(found, planned)
    assert store.comparison_ids() == before[2:]
    assert len(store.run_ids()) == 2 * 6
    assert [len(one.points) for one in history.load(found, "demo").series] == [2]
    assert {one.name for one in (root / "reports" / "demo").glob("*.*")} >= {
        "report.md",
        "report.html",
        "scale.md",
    }
    assert not prune.plan(found, rule(2)).records


@pytest.mark.parametrize("after", range(9))
def test_an_interruption_leaves_what_is_whole(
    root: Path, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each comparison that is there can be told, wherever it is, and the next pruning ends the work."""
    found = catalog.open_project(root)
    planned = prune.plan(found, rule(3))
    left = [after]
    remove = Store.remove

    def interrupted(self: Store, room: str, name: str) -> None:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        remove(self, room, name)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "remove", interrupted)
    try:
        prune.carry_out(found, planned)
    except KeyboardInterrupt:
        assert after < len(planned.records)
    monkeypatch.undo()
    made = history.load(found, "demo")
    assert made.notes == ()
    assert [len(one.points) for one in made.series] == [4 if after == 0 else 3]
    prune.carry_out(found, prune.plan(found, rule(0)))
    assert len(Store(root / "reports" / "demo").run_ids()) == 6


def test_a_removal_that_was_cut_off_is_swept(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(root / "reports" / "demo")
    name = store.comparison_ids()[0]
    monkeypatch.setattr(Store, "discard", lambda _self, _staged: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        store.remove("comparisons", name)
    monkeypatch.undo()
    assert name not in store.comparison_ids()
    (leftover,) = (store.folder / ".staging").iterdir()
    leftover.rename(leftover.with_name("999999999-dead"))
    store.discard(store.stage())
    assert not list((store.folder / ".staging").iterdir())
    store.remove("comparisons", name)  # somebody else removed it: that is fine


def test_a_pipeline_with_a_damaged_comparison_is_left_alone(root: Path) -> None:
    histories.write(root, [3.0, 3.0], pipeline="other")
    store = Store(root / "reports" / "demo")
    first = store.comparison_ids()[0]
    (store.folder / "comparisons" / first / "comparison.json").write_text("{")
    planned = prune.plan(catalog.open_project(root), rule(1))
    assert {one.pipeline for one in planned.records} == {"other"}
    (note,) = planned.notes
    assert f"comparisons/{first} is not known: it is damaged" in note


def test_the_comparison_of_the_report_is_read_from_its_summary(root: Path) -> None:
    folder = root / "reports" / "demo"
    first = Store(folder).comparison_ids()[0]
    (folder / "summary.json").write_text(json.dumps({"comparison": {"id": first}}))
    planned = prune.plan(catalog.open_project(root), rule(0), "demo")
    names = {one.id for one in planned.records}
    assert first not in names
    assert len(names & set(Store(folder).comparison_ids())) == 3


def test_caches_go_too_but_not_with_one_pipeline(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def caches(older_than_s: float, *, dry_run: bool = False) -> list[tuple[Path, int]]:
        asked.append((older_than_s, dry_run))
        return [(root / "cached", 1000)]

    monkeypatch.setattr(prune, "prune_caches", caches)
    found = catalog.open_project(root)
    assert prune.plan(found, rule(9), "demo").caches == ()
    assert not asked
    planned = prune.plan(found, rule(9))
    assert planned.size_bytes == 1000
    prune.carry_out(found, planned)
    prune.plan(found, rule(None, 2))
    assert asked == [(prune.CACHES_S, True), (prune.CACHES_S, False), (2 * prune.DAY_S, True)]


def test_a_run_of_today_stays_because_its_comparison_may_be_under_way(root: Path) -> None:
    store = Store(root / "reports" / "demo")
    now = datetime.now(UTC)
    run = builders.timing_run("now", started_at=now.isoformat(timespec="seconds"))
    store.write_run(run, store.stage())
    found = catalog.open_project(root)
    planned = prune.plan(found, prune.Rule(keep=0, older_than_s=None, now=now), "demo")
    assert "now" not in {one.id for one in planned.records}
    later = prune.plan(found, prune.Rule(keep=0, older_than_s=None, now=now + timedelta(days=2)), "demo")
    assert "now" in {one.id for one in later.records}


def test_nothing_goes_while_another_process_measures(root: Path) -> None:
    folder = root / "reports" / "demo"
    code = (
        "import sys; from pathlib import Path; from perfkit.store.lock import measuring\n"
        "with measuring(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(folder)]
    found = catalog.open_project(root)
    planned = prune.plan(found, rule(1))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(BusyError):
            prune.carry_out(found, planned)
        assert len(Store(folder).comparison_ids()) == 4
        other.communicate()
    prune.carry_out(found, planned)
    assert len(Store(folder).comparison_ids()) == 1
