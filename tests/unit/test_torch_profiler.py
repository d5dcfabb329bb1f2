"""torch.profiler: operators by stage, other threads, devices, the limit, and pipelines without torch."""

from __future__ import annotations

import gzip
import importlib.util
import json
import signal
import sys
import threading
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from perfkit import stage
from perfkit.errors import RunError, StoreError, UsageError
from perfkit.markers import Recorder
from perfkit.profilers import torch_operators
from perfkit.profilers.chrome_trace import Trace
from perfkit.profilers.torch_events import Event, Operators

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.model import OperatorCost, Profiled

MAIN, OTHER = 1, 7


def event(name: str, kind: Any, begin: int, end: int, **more: Any) -> Event:
    return Event(name, kind, begin, end - begin, **{"thread": MAIN, **more})


def added(*pieces: list[Event]) -> dict[tuple[str, str], OperatorCost]:
    operators = Operators()
    for piece in pieces:
        operators.add(piece)
    return {(one.stage, one.name): one for one in operators.found()}


def nanoseconds(one: OperatorCost) -> tuple[int, int, int]:
    return one.calls, round(one.self_cpu_s * 1e9), round(one.cpu_s * 1e9)


# ---------------------------------------------------------------- adding up


def test_operators_belong_to_the_innermost_stage() -> None:
    found = added(
        [
            event("", "stage", 0, 1000),
            event("a", "stage", 100, 500),
            event("a/b", "stage", 200, 400),
            event("add", "operator", 10, 20),
            event("add", "operator", 110, 130),
            event("add", "operator", 210, 250),
            event("add", "operator", 410, 490),
            event("marked", "other", 0, 1000),
        ]
    )
    assert {key: nanoseconds(one) for key, one in found.items()} == {
        ("", "add"): (1, 10, 10),
        ("a", "add"): (2, 100, 100),
        ("a/b", "add"): (1, 40, 40),
    }


def test_self_time_excludes_callees_and_recursion_counts_once() -> None:
    found = added(
        [
            event("linear", "operator", 0, 100),
            event("addmm", "operator", 10, 60),
            event("copy", "operator", 20, 30),
            event("linear", "operator", 70, 90),
        ]
    )
    assert nanoseconds(found["", "linear"]) == (2, 50, 100)
    assert nanoseconds(found["", "addmm"]) == (1, 40, 50)
    assert nanoseconds(found["", "copy"]) == (1, 10, 10)


def test_another_thread_works_for_the_main_threads_stage_unless_it_has_its_own() -> None:
    found = added(
        [
            event("", "stage", 0, 1000),
            event("train", "stage", 100, 500),
            event("train/backward", "stage", 200, 400),
            event("mm", "operator", 50, 60, thread=OTHER),
            event("mm", "operator", 150, 170, thread=OTHER),
            event("mm", "operator", 250, 280, thread=OTHER),
            event("mm", "operator", 450, 490, thread=OTHER),
            event("mm", "operator", 600, 605, thread=OTHER),
            event("load", "stage", 700, 900, thread=OTHER),
            event("mm", "operator", 750, 757, thread=OTHER),
        ]
    )
    assert {key: nanoseconds(one)[:2] for key, one in found.items()} == {
        ("", "mm"): (2, 15),
        ("train", "mm"): (2, 60),
        ("train/backward", "mm"): (1, 30),
        ("load", "mm"): (1, 7),
    }


def test_what_ran_on_the_device_is_due_to_the_operator_that_started_it() -> None:
    found = added(
        [
            event("train", "stage", 0, 100),
            event("mm", "operator", 10, 20, identity=5),
            event("add", "operator", 30, 40, identity=6),
            event("kernel", "device", 15, 95, thread=0, identity=99, starter=5),
            event("copy", "device", 95, 99, thread=0, starter=1234),
        ]
    )
    assert found["train", "mm"].self_device_s == pytest.approx(80e-9)
    assert found["train", "add"].self_device_s == 0
    assert list(found) == [("train", "mm"), ("train", "add")]


def test_pieces_add_up() -> None:
    piece = [event("", "stage", 0, 100), event("add", "operator", 10, 20)]
    assert nanoseconds(added(piece, piece, piece)["", "add"]) == (3, 30, 30)


def test_the_trace_is_what_viewers_read(tmp_path: Path) -> None:
    file = tmp_path / "t.json.gz"
    trace = Trace(file)
    trace.add([event("", "stage", 5_000, 9_000), event('a"b', "operator", 6_500, 7_000)])
    trace.add([event("kernel", "device", 8_000, 8_500, thread=3)])
    trace.close()
    events = [
        one for one in json.loads(gzip.decompress(file.read_bytes()))["traceEvents"] if one["ph"] == "X"
    ]
    assert [(one["name"], one["ts"], one["dur"]) for one in events] == [
        ("run", 0.0, 4.0),
        ('a"b', 1.5, 0.5),
        ("kernel", 3.0, 0.5),
    ]
    assert events[0]["pid"] != events[2]["pid"]


# ---------------------------------------------------------------- the real thing


def profiled(
    run: Callable[[], object], folder: Path, **how: Any
) -> tuple[Profiled, torch_operators.Profiler]:
    profiler = torch_operators.Profiler(types.ModuleType("x"), Path("x.py"), **how)
    profiler.prepare(folder)
    recorder = Recorder(watcher=profiler.watcher)
    recorder.start()
    try:
        profiler.run(run)
    finally:
        recorder.stop()
    profiler.save(folder)
    return torch_operators.read(folder, folder), profiler


def test_real_operators_are_told_by_stage_and_thread(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    a = torch.ones(8, 8)

    def run() -> None:
        with stage("outer"):
            a @ a
            with stage("inner"):
                a @ a
                a @ a
            thread = threading.Thread(target=a.exp)
            thread.start()
            thread.join()
        a @ a

    found, profiler = profiled(run, tmp_path)
    calls = {(one.stage, one.name): one.calls for one in found.operators}
    assert calls["", "aten::mm"] == 1
    assert calls["outer", "aten::mm"] == 1
    assert calls["outer/inner", "aten::mm"] == 2
    assert calls.get(("outer", "aten::exp")) == 1 or any(
        "main thread only" in one for one in profiler.warnings
    )
    assert all(one.cpu_s >= one.self_cpu_s >= 0 for one in found.operators)
    events = json.loads(gzip.decompress((tmp_path / torch_operators.FILE).read_bytes()))["traceEvents"]
    names = [one["name"] for one in events]
    assert {"run", "outer", "outer/inner", "aten::mm"} <= set(names)
    assert names.count("aten::mm") == 4


def test_pieces_keep_the_stages_that_are_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    a = torch.ones(8, 8)
    monkeypatch.setattr(torch_operators, "PIECE_S", 1e-9)  # each stage ends a piece

    def run() -> None:
        with stage("outer"):
            for _ in range(3):
                a @ a
                with stage("inner"):
                    a @ a
        a @ a

    monkeypatch.setattr(torch_operators, "_Alarm", lambda _: torch_operators.suppress())
    found, profiler = profiled(run, tmp_path)
    calls = {(one.stage, one.name): one.calls for one in found.operators if one.name == "aten::mm"}
    assert calls == {("", "aten::mm"): 1, ("outer", "aten::mm"): 3, ("outer/inner", "aten::mm"): 3}
    assert profiler.warnings == []


def test_the_record_is_cut_at_the_limit_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    a = torch.ones(8, 8)
    monkeypatch.setattr(torch_operators, "PIECE_S", 1e-9)
    monkeypatch.setattr(torch_operators, "_Alarm", lambda _: torch_operators.suppress())

    def run() -> None:
        for _ in range(50):
            with stage("s"):
                a @ a

    found, profiler = profiled(run, tmp_path, most_events=10)
    calls = sum(one.calls for one in found.operators if one.name == "aten::mm")
    assert 1 <= calls < 50
    assert len(profiler.warnings) == 1
    assert "stopped after" in profiler.warnings[0]


@pytest.mark.timeout(0)  # which takes the alarm for itself
def test_the_alarm_ends_a_piece_without_stages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    a = torch.ones(8, 8)
    monkeypatch.setattr(torch_operators, "PIECE_S", 0.01)
    pieces: list[int] = []
    real = Operators.add
    monkeypatch.setattr(Operators, "add", lambda self, events: (pieces.append(1), real(self, events)))

    def run() -> None:
        for _ in range(100_000):
            a @ a
            if len(pieces) > 2:
                break

    profiled(run, tmp_path)
    assert len(pieces) > 2
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_run_without_operators_is_an_error(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    import torch  # noqa: F401

    with pytest.raises(RunError, match=r"x\.py never used torch"):
        profiled(lambda: None, tmp_path)


def test_a_variant_that_did_not_load_torch_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    with pytest.raises(RunError, match=r"demo\.py never used torch.*leave it out of --with"):
        torch_operators.Profiler(types.ModuleType("demo"), Path("demo.py"))


def test_without_torch_nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="needs torch, which is not installed"):
        torch_operators.check()


def test_a_missing_trace_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"trace\.json\.gz"):
        torch_operators.read(tmp_path, tmp_path)
