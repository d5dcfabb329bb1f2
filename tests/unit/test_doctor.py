"""`perfkit doctor` without real processes: how it measures, and what it says."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from rich.console import Console

from perfkit import model
from perfkit.analyse.resolution import resolution
from perfkit.api import doctor
from perfkit.errors import RunError
from perfkit.measure import environment, workload
from perfkit.measure.machine import activity, overview
from perfkit.report import doctor as report
from perfkit.report import markdown, summary, terminal, units
from perfkit.store import Store
from tests import builders

WARNED = model.MachineCheck(
    name="governor", level="warning", seen="powersave", why="It is slow.", advice="Run `tune`."
)
NOTED = model.MachineCheck(name="turbo", level="note", seen="on", why="It varies.", advice="Turn it off.")
FINE = model.MachineCheck(name="load", level="ok", seen="0.10", why="Others disturb.")
MACHINE = model.Machine(checks=(FINE, NOTED, WARNED), unseen=("power",))


class Bench:
    """Stands in for processes and the clock: each run takes what `times` says, and 0.1 s around it."""

    def __init__(self, times: Iterator[float]) -> None:
        self.times, self.now, self.jobs = times, 0.0, list[tuple[model.Job, dict[str, str], int | None]]()

    def spawn(
        self, job: model.Job, environment: dict[str, str], timeout_s: float, cpu: int | None = None
    ) -> Any:
        assert Path(job.folder, job.variant_path).read_bytes() == Path(workload.__file__).read_bytes()
        self.jobs.append((job, environment, cpu))
        run_s = next(self.times)
        self.now += max(0.0, run_s) + 0.1
        return SimpleNamespace(reply=SimpleNamespace(run_s=run_s))


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[model.Diagnosis, Bench]]:
    def diagnose(times: Iterator[float], **settings: Any) -> tuple[model.Diagnosis, Bench]:
        bench = Bench(times)
        monkeypatch.setattr(doctor, "spawn", bench.spawn)
        clock = SimpleNamespace(
            perf_counter=lambda: bench.now, monotonic=lambda: bench.now, sleep=lambda _s: None
        )
        monkeypatch.setattr(doctor, "time", clock)
        monkeypatch.setattr(overview, "clock_step_s", lambda: 1e-7)
        return doctor.diagnose(**settings), bench

    return diagnose


def wobbling(first: float = 0.025) -> Iterator[float]:
    yield from (2 * first, first, 1.1 * first)  # the quickest counts
    index = 0
    while True:
        index += 1
        yield 0.025 * (1 + 0.02 * ((index * 7) % 5 - 2))


def test_pairs_are_measured_until_the_time_is_up(measured: Callable[..., Any]) -> None:
    made, bench = measured(wobbling(), seconds=10.0)
    found = made.resolution
    assert found.problem == ""
    assert len(bench.jobs) == 3 + 2 * found.pairs  # the first ones, not counted, set the size
    assert 9.0 < bench.now <= 10.0
    assert found.seconds_per_pair == pytest.approx(0.25, rel=0.05)
    assert found.run_s == pytest.approx(0.025, rel=0.03)
    assert made.schema == model.SCHEMA


def test_both_sides_of_a_pair_see_the_same_and_pairs_differ(measured: Callable[..., Any]) -> None:
    _, bench = measured(wobbling(), seconds=5.0)
    pairs = list(zip(bench.jobs[3::2], bench.jobs[4::2], strict=True))
    assert all(left == right for left, right in pairs)
    assert len({environment["PYTHONHASHSEED"] for (_, environment, _), _ in pairs}) == len(pairs)
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else {None}
    assert {cpu for _, _, cpu in bench.jobs} <= usable | {None}


@pytest.mark.parametrize(
    ("run_s", "items"),
    [
        (0.025, workload.N),
        (0.05, workload.N // 2),
        (0.0, workload.N),
        (-1.0, workload.N),
        (1e-9, 10**6),
        (99, 1000),
    ],
)
def test_the_first_run_sets_the_size(measured: Callable[..., Any], run_s: float, items: int) -> None:
    _, bench = measured(wobbling(run_s), seconds=1.0)
    assert all(job.parameters == {"n": workload.N} for job, _, _ in bench.jobs[:3])
    assert {job.parameters["n"] for job, _, _ in bench.jobs[3:]} == {items}


def test_one_pair_is_measured_however_short_the_time(measured: Callable[..., Any]) -> None:
    made, _ = measured(wobbling(), seconds=1e-9)
    assert made.resolution.pairs == 1
    assert made.resolution.problem.startswith("1 pair is too few")
    assert "Not decided: 1 pair is too few" in shown(made)


def test_runs_that_took_no_time_are_not_used(measured: Callable[..., Any]) -> None:
    made, _ = measured(iter([0.025] * 3 + [0.0, 0.02, -0.5, 0.02] * 200), seconds=10.0)
    assert made.resolution.pairs == 0
    assert made.resolution.unusable > 10
    assert "no measurable time" in made.resolution.problem
    assert json.loads(summary.as_json(made))["resolution"]["unusable"] == made.resolution.unusable


def test_places_are_told_from_sides(measured: Callable[..., Any]) -> None:
    def slow_first() -> Iterator[float]:
        yield from (0.025, 0.025, 0.025)
        for one in wobbling():
            yield one * 1.2
            yield one

    made, _ = measured(slow_first(), seconds=20.0)
    assert made.resolution.places.found
    assert made.resolution.places.ratio == pytest.approx(1.2, rel=0.1)
    assert not made.resolution.sides.found
    assert "The machine favours the second run of a pair" in shown(made)
    assert any("favours" in one for one in report.warnings(made))


def test_nothing_is_left_behind_even_when_a_run_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def fails(*_: object) -> None:
        assert list(tmp_path.iterdir())
        raise RunError("workload.py was killed")

    monkeypatch.setattr(doctor, "spawn", fails)
    with pytest.raises(RunError):
        doctor.diagnose()
    assert list(tmp_path.iterdir()) == []


def test_without_measuring_nothing_is_run(measured: Callable[..., Any]) -> None:
    made, bench = measured(iter([]), measuring=False)
    assert made.resolution is None
    assert bench.jobs == []
    assert "Nothing was measured" in shown(made)
    assert "At the moment" in shown(made)


def test_the_workload_keeps_the_contract_and_is_steady() -> None:
    inputs = workload.make_inputs(3, n=500)
    assert workload.make_inputs(3, n=500) == inputs != workload.make_inputs(4, n=500)
    before = list(inputs)
    assert workload.run(inputs) == workload.run(inputs)
    assert inputs == before
    assert workload.run([]) == {"distinct": 0, "total": 0, "most": 0}
    assert workload.run([5, 5, 6])["most"] == 2


# ---------------------------------------------------------------- what it says


def diagnosis(**changes: Any) -> model.Diagnosis:
    values = [0.03 * ((index * 37) % 21 - 10) / 10 for index in range(60)]
    orders = [1 if index % 2 else -1 for index in range(60)]
    made = model.Diagnosis(
        started_at="2026-01-02T03:04:05+00:00",
        duration_s=20.0,
        platform="Linux-6.1",
        cpu="Test CPU",
        python="3.11.7",
        machine=MACHINE,
        during=model.Machine(checks=(dataclasses.replace(FINE, name="other work"),)),
        resolution=resolution(values, orders, seconds_per_pair=0.2, run_s=0.025),
    )
    return dataclasses.replace(made, **changes)


def shown(made: model.Diagnosis, width: int = 100) -> str:
    out = io.StringIO()
    Console(file=out, width=width, color_system=None).print(report.render(made))
    return " ".join(out.getvalue().replace("│", "").split())


def test_the_headline_says_what_shows_in_how_long() -> None:
    made = diagnosis()
    assert report.headline(made).startswith("Pairs of a 25.0 ms workload scatter by 2")
    assert "A 5 % change shows in about 2 s, 2 % in" in report.headline(made)
    assert made.resolution is not None
    five = next(one for one in made.resolution.detections if one.effect == 0.05)
    assert f"5 % {five.pairs} {units.duration(five.seconds)}" in shown(made)


def test_the_headline_says_what_does_not_show() -> None:
    values = [0.3 * ((index * 37) % 21 - 10) / 10 for index in range(60)]
    loud = resolution(values, [1, -1] * 30, seconds_per_pair=2.0, run_s=0.025)
    made = diagnosis(resolution=loud)
    assert "A 10 % change shows in about 4.9 min and 5 % not within 10 min." in report.headline(made)
    assert "over 10 min" in shown(made)


def test_the_worst_comes_first_with_its_reason_and_advice() -> None:
    text = shown(diagnosis())
    assert text.index("governor") < text.index("turbo on") < text.index("load 0.10")
    assert "It is slow. Run tune." in text
    assert "! 1 warning ○ 1 note ✔ 2 fine" in text
    assert "The system does not tell: power." in text
    assert "Others disturb." not in text  # what is fine takes one line


def test_names_cannot_steer_the_terminal() -> None:
    evil = model.MachineCheck(
        name="other work", level="note", seen="by \x1b[31mred[bold]", why="W.", advice="A."
    )
    out = io.StringIO()
    made = diagnosis(during=model.Machine(checks=(evil,)), cpu="\x1b]0;x\x07")
    Console(file=out, width=80, color_system=None).print(report.render(made))
    assert "\x1b" not in out.getvalue()
    assert "red[bold]" in out.getvalue()


@pytest.mark.parametrize("width", [40, 80, 200])
def test_it_fits_every_width(width: int) -> None:
    out = io.StringIO()
    Console(file=out, width=width, color_system=None).print(report.render(diagnosis()))
    assert max(map(len, out.getvalue().splitlines())) <= width


def test_a_diagnosis_comes_back_from_json() -> None:
    made = diagnosis()
    assert msgspec.json.decode(summary.as_json(made), type=model.Diagnosis) == made


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.04 s"), (0.62, "0.6 s"), (3.4, "3 s"), (9.7, "10 s"), (41.2, "41 s"), (99.4, "99 s"),
     (99.6, "1.7 min"), (108, "1.8 min"), (600, "10 min"), (None, "-"), (float("inf"), "n/a")],
)  # fmt: skip
def test_durations(seconds: float | None, text: str) -> None:
    assert units.duration(seconds) == text


# ---------------------------------------------------------------- in a comparison


def told(found: model.Machine) -> tuple[str, str]:
    compared = builders.comparison(5, environment=builders.environment(machine=found))
    made = builders.report(compared)
    out = io.StringIO()
    Console(file=out, width=100, color_system=None).print(terminal.render(made))
    return markdown.render(made, chart="stages.svg"), out.getvalue()


def test_warnings_open_the_report_of_a_comparison() -> None:
    page, screen = told(MACHINE)
    warning = "**Warning, governor:** powersave. It is slow. Run `tune`."
    assert page.index(warning) < page.index("## 1. Summary")
    assert "turbo" not in page[: page.index("## 1. Summary")]
    assert "| noted of the machine | turbo (on) and governor (powersave). Not told: power |" in page
    assert screen.index("! Warning, governor: powersave.") < screen.index("Performance\n")


def test_a_comparison_on_a_fine_machine_has_no_warning() -> None:
    page, screen = told(model.Machine(checks=(FINE,)))
    assert "Warning" not in page + screen
    assert "| noted of the machine | nothing |" in page


def test_a_comparison_that_was_stored_before_machines_were_looked_at(tmp_path: Path) -> None:
    store = Store(tmp_path)
    file = store.write_comparison(builders.comparison()) / "comparison.json"
    content = json.loads(file.read_text())
    del content["environment"]["machine"]
    file.write_text(json.dumps(content))
    assert store.read_comparison(file.parent.name) == builders.comparison()
    kept = builders.comparison(environment=builders.environment(machine=MACHINE), id="another")
    store.write_comparison(kept)
    assert store.read_comparison("another").environment.machine == MACHINE


def test_the_environment_of_a_comparison_holds_the_machine(tmp_path: Path) -> None:
    found = environment.look(tmp_path, []).machine
    assert {one.name for one in found.checks} | set(found.unseen) >= {"load", "governor", "threads"}


def test_the_moment_before_a_comparison_sees_its_own_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "4096")
    (threads,) = (one for one in environment.look(Path.cwd(), []).machine.checks if one.name == "threads")
    assert threads.level == "warning"
    assert "OMP_NUM_THREADS=4096" in threads.seen


def test_a_snapshot_counts_this_process_as_its_own() -> None:
    before = activity.snapshot()
    after = dataclasses.replace(before, at_s=before.at_s + 10, own_s=before.own_s + 5)
    (work,) = (one for one in activity.between(before, after).checks if one.name == "other work")
    assert work.seen.startswith("0.00 of")
