"""Memory: peaks of nested stages, the lines that held it, and what is said where one of them is not there."""

from __future__ import annotations

import contextlib
import importlib.util
import mmap
import sys
import threading
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from perfkit import resident, stage
from perfkit.errors import StoreError
from perfkit.markers import Recorder
from perfkit.profilers import memory
from perfkit.profilers.stage_memory import StagePeaks

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.model import Profiled, StageMemory

needs_proc = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux alone tells")
MIB = 1 << 20


class Process:
    """A process whose memory rises and falls as the test says; its clock stands."""

    def __init__(self) -> None:
        self.now = self.peak = 100

    def use(self, size: int) -> None:
        self.now += size
        self.peak = max(self.peak, self.now)

    def read(self) -> tuple[int, int]:
        return self.peak, self.now

    def reset(self) -> None:
        self.peak = self.now


def watched(function: Callable[[Process], object], **how: Any) -> tuple[dict[str, StageMemory], StagePeaks]:
    process = Process()
    peaks = StagePeaks(process, **{"clock": lambda: 0.0, **how})
    recorder = Recorder(watcher=peaks)
    recorder.start()
    try:
        peaks.begin()
        function(process)
    finally:
        peaks.end()
        recorder.stop()
    return {one.path: one for one in peaks.found()}, peaks


def figures(one: StageMemory) -> tuple[int, int, int]:
    return one.base_bytes, one.peak_bytes, one.grown_bytes


def test_an_outer_stages_peak_is_the_largest_of_all_that_came_between() -> None:
    def run(process: Process) -> None:
        with stage("outer"):
            process.use(10)
            with stage("first"):
                process.use(50)
                process.use(-50)
            with stage("second"):
                process.use(5)
        with stage("last"):
            process.use(-15)

    found, _ = watched(run)
    assert list(found) == ["", "outer", "outer/first", "outer/second", "last"]
    assert figures(found["outer/first"]) == (110, 160, 50)
    assert figures(found["outer/second"]) == (110, 115, 5)
    assert figures(found["outer"]) == (100, 160, 60)
    assert figures(found["last"]) == (115, 115, 0)
    assert figures(found[""]) == (100, 160, 60)


def test_calls_of_a_stage_are_joined_by_their_extremes() -> None:
    def run(process: Process) -> None:
        for base, peak in ((0, 30), (100, 10), (-50, 5)):
            process.use(base)
            with stage("s"):
                process.use(peak)
                process.use(-peak)

    found, _ = watched(run)
    assert figures(found["s"]) == (100, 210, 30)


def test_an_exception_closes_its_stages() -> None:
    def run(process: Process) -> None:
        with contextlib.suppress(KeyError), stage("fails"):
            process.use(20)
            raise KeyError
        process.use(40)

    found, peaks = watched(run)
    assert figures(found["fails"]) == (100, 120, 20)
    assert figures(found[""]) == (100, 160, 60)
    assert not peaks._open


def test_stages_of_another_thread_share_the_peaks() -> None:
    def run(process: Process) -> None:
        def work() -> None:
            with stage("there"):
                process.use(30)
                process.use(-30)

        with stage("here"):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()

    found, _ = watched(run)
    assert figures(found["here"]) == (100, 130, 30)
    assert figures(found["there"]) == (100, 130, 30)


def test_a_stage_that_is_entered_too_often_is_looked_at_no_more() -> None:
    ticks = iter(range(1_000_000))

    def run(process: Process) -> None:
        for size in (10, 20):
            with stage("often"):
                process.use(size)
                process.use(-size)

    found, peaks = watched(run, clock=lambda: next(ticks) * 1.0)
    assert list(peaks.skipped) == ["often"]
    assert figures(found["often"]) == (100, 110, 10)
    assert figures(found[""]) == (100, 120, 20)


# ---------------------------------------------------------------- the real thing


def profiled(run: Callable[[], object], folder: Path) -> tuple[Profiled, memory.Profiler]:
    profiler = memory.Profiler(types.ModuleType("x"), Path("x.py"))
    profiler.prepare(folder)
    recorder = Recorder(watcher=profiler.watcher)
    recorder.start()
    try:
        profiler.run(run)
    finally:
        recorder.stop()
    profiler.save(folder)
    return memory.read(folder, Path(__file__).parents[2]), profiler


def touch(mib: int) -> bytearray:
    return bytearray(b"x") * (mib * MIB)


def touch_pages(mib: int) -> None:
    """Touch pages that are new to the process: an allocator may have others left."""
    with mmap.mmap(-1, mib * MIB) as pages:
        for at in range(0, mib * MIB, mmap.PAGESIZE):
            pages[at] = 1


def without_memray(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "memray" else real(name, *more)
    )


@needs_proc
def test_real_peaks_are_the_stages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_memray(monkeypatch)

    def run() -> None:
        with stage("large"):
            touch_pages(64)
        with stage("small"):
            touch_pages(8)

    found, profiler = profiled(run, tmp_path)
    told = {one.path: one for one in found.memory}
    assert told["large"].grown_bytes > 60 * MIB
    assert told["small"].grown_bytes < 16 * MIB
    assert told[""].peak_bytes == told["large"].peak_bytes
    assert not (tmp_path / memory.FILE).exists()
    assert found.allocations == ()
    assert profiler.warnings == [
        "without memray nobody tells which lines held the memory: pip install 'perfkit[memory]'"
    ]


def test_lines_that_held_the_memory_are_told(tmp_path: Path) -> None:
    pytest.importorskip("memray")

    def run() -> None:
        with stage("large"):
            kept = touch(32)
            touch(4)
        del kept

    found, profiler = profiled(run, tmp_path)
    largest = found.allocations[0]
    assert largest.file == "tests/unit/test_memory_profiler.py"
    assert largest.function == "touch"
    text = found.sources[largest.file].split("\n")[largest.line - 1]
    assert text.strip() == 'return bytearray(b"x") * (mib * MIB)'
    assert 36 * MIB <= largest.size_bytes < 37 * MIB
    assert (tmp_path / memory.FILE).stat().st_size > 0
    assert not [one for one in profiler.warnings if "memray" in one]


def test_memrays_own_file_opens(tmp_path: Path) -> None:
    memray = pytest.importorskip("memray")
    profiled(lambda: touch(16), tmp_path)
    reader = memray.FileReader(tmp_path / memory.FILE)
    held = sum(one.size for one in reader.get_high_watermark_allocation_records(merge_threads=True))
    reader.close()
    assert held >= 16 * MIB


def test_without_proc_there_are_allocations_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resident, "_CLEAR", str(tmp_path / "nothing"))
    found, profiler = profiled(lambda: touch(1), tmp_path)
    assert found.memory == ()
    assert "this system does not tell a process's peak of memory: no peaks of stages" in profiler.warnings


def test_a_library_line_is_due_to_the_line_that_called_it() -> None:
    library = str(Path(threading.__file__))
    own = str(Path(__file__))

    def record(size: int, *frames: tuple[str, str, int]) -> Any:
        return types.SimpleNamespace(size=size, n_allocations=2, stack_trace=lambda: list(frames))

    found = memory.merged(
        [
            record(10, ("inner", library, 5), ("mine", own, 7), ("run", own, 9)),
            record(20, ("mine", own, 7), ("run", own, 9)),
            record(5, ("inner", library, 5), ("outer", library, 6)),
            record(1),
        ]
    )
    assert [(one.file, one.line, one.function, one.size_bytes, one.count) for one in found] == [
        (own, 7, "mine", 30, 4),
        (library, 5, "inner", 5, 2),
        ("", 0, "", 1, 2),
    ]


@needs_proc
def test_the_gauge_sees_a_peak_that_is_gone() -> None:
    with resident.Gauge() as gauge:
        gauge.reset()
        _, before = gauge.read()
        touch_pages(48)
        peak, now = gauge.read()
        assert peak - before > 40 * MIB
        assert peak - now > 30 * MIB
        gauge.reset()
        assert gauge.read()[0] < peak


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"memory\.json"):
        memory.read(tmp_path, tmp_path)


def test_threads_and_children_are_admitted(tmp_path: Path) -> None:
    import subprocess

    def run() -> None:
        thread = threading.Thread(target=touch, args=(1,))
        thread.start()
        thread.join()
        subprocess.run([sys.executable, "-c", ""], check=True)

    _, profiler = profiled(run, tmp_path)
    assert any("child processes" in one for one in profiler.warnings)
    assert any("1 other thread ran" in one for one in profiler.warnings) == Path("/proc").exists()
