"""Workers in other interpreters: each Python that is installed, in an environment without any package."""

from __future__ import annotations

import dataclasses
import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import perfkit
from perfkit import catalog
from perfkit.api import reports
from perfkit.api.bench import Bench
from perfkit.api.comparison import compare
from perfkit.api.pairs import Plan
from perfkit.api.profiles import profile
from perfkit.api.sides import Asked, find
from perfkit.api.timing import run
from perfkit.api.verification import verify
from perfkit.errors import UsageError
from perfkit.measure import lending, sending
from perfkit.measure.interpreters import probe
from perfkit.model import TimingRun
from perfkit.report import claims, markdown
from perfkit.report.text import plain
from tests.pipelines import project, running

VERSIONS = ("3.11", "3.12", "3.13", "3.14")

SCRIPT = """
def squares(n):
    return [x * x for x in range(n)]

print(sum(squares(200_000)))
"""


@functools.cache
def python(version: str) -> str:
    """Return an installed Python of that version; empty if there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = [str(one) for one in sorted(pyenv.glob(f"versions/{version}*/bin/python{version}"))]
    for one in filter(None, [*found, shutil.which(f"python{version}")]):
        asks = "import sys; print(*sys.version_info[:2], sep='.')"
        asked = subprocess.run([one, "-c", asks], capture_output=True, text=True, check=False)
        if asked.returncode == 0 and asked.stdout.strip() == version:
            return one
    return ""


@functools.cache
def without_packages(version: str, folder: Path) -> str:
    """Make an environment without any package; returns its interpreter."""
    place = folder / f"bare-{version}"
    subprocess.run([python(version), "-m", "venv", "--without-pip", str(place)], check=True)
    return str(place / "bin" / "python")


@pytest.fixture(scope="session")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("environments")


@pytest.fixture(params=VERSIONS)
def bare(request: pytest.FixtureRequest, environments: Path) -> str:
    """An interpreter of an environment without any package."""
    if not python(request.param):
        pytest.skip(f"Python {request.param} is not installed")
    return without_packages(request.param, environments)


@pytest.fixture
def one_bare(environments: Path) -> str:
    return without_packages(next(one for one in VERSIONS if python(one)), environments)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be installed anywhere."""

    def refuse(*_: object) -> lending.Loan:
        raise lending.NotLentError("there is no network")

    monkeypatch.setattr(lending, "_loans", {})
    monkeypatch.setattr(lending, "_lent", refuse)


def bench(root: Path, *pythons: str, **settings) -> Bench:
    """Return a bench whose baseline and contender run in these interpreters."""
    found = catalog.open_project(root)
    made = Bench(project=found, pipeline=catalog.find_pipeline(found, None), **settings)
    each = zip(("baseline", "optimized"), pythons * 2 if len(pythons) == 1 else pythons, strict=True)
    variants = [dataclasses.replace(made.variant(name), python=one) for name, one in each]
    return dataclasses.replace(made, variants={one.name: one for one in variants})


def test_a_timed_run_needs_the_standard_library_alone(bare: str, tmp_path: Path) -> None:
    """It sees stages, keeps its result and replies; nothing but perfkit is on its path besides Python."""
    contender = """
    import perfkit
    with stage("inside"):
        pass
    holding = [one for one in sys.path if os.path.isdir(os.path.join(one, "perfkit"))]
    beside = [name for one in holding for name in os.listdir(one)]
    library = os.path.dirname(os.__file__)
    foreign = [
        name
        for name, one in sys.modules.items()
        if getattr(one, "__file__", None)
        and not name.startswith(("perfkit", "baselines", "optimized"))
        and not one.__file__.startswith(library)
    ]
    return {
        "version": float("%d.%02d" % sys.version_info[:2]),
        "perfkits": len(holding),
        "beside": len(beside),
        "first": float(sys.path[0] in holding),
        "foreign": len(foreign),
    }
    """
    place = bench(project(tmp_path, optimized=running(contender)), bare)
    (found,) = run(place, "optimized")
    major, minor = probe(bare).version[:2]
    assert [one.path for one in found.stages] == ["inside"]
    assert found.metrics == {
        "version": major + minor / 100,
        "perfkits": 1,
        "beside": 1,
        "first": 0,
        "foreign": 0,
    }
    assert not list(found.observed.tampered)


def test_forks_and_warm_repeats_work_there(bare: str, tmp_path: Path) -> None:
    place = bench(project(tmp_path), bare, overrides={"n": 300_000})
    found = compare(
        place, "baseline", "optimized", Plan(pairs=2, forking=True, warm=2), verifying=False, profiling=False
    )
    runs = [place.store.read_run(one.contender_run, TimingRun) for one in found.pairs]
    assert {one.launch for one in runs} == ({"fork"} if sys.platform == "linux" else {"spawn"})
    assert all(one.repeats == 2 and one.run_s > 0 for one in runs)


def test_plain_results_are_compared_where_nothing_can_be_verified(bare: str, tmp_path: Path) -> None:
    place = bench(project(tmp_path), bare)
    found = compare(place, "baseline", "optimized", Plan(pairs=2), profiling=True)
    assert found.scrutiny.timed is not None
    assert found.scrutiny.timed.verdict == "identical"
    assert found.scrutiny.impossible == (
        "the interpreter of baseline cannot keep values for comparison: there is no network"
    )
    made = reports.load(place, found.id)
    said = plain(claims.headline(made))
    assert "erified: nothing but the results of the timed runs was compared (identical), because " in said
    assert "there is no network" in said
    # cProfile is of the standard library; what the others need is said.
    assert {one.profiler for one in made.profile_runs} == {"cprofile"}
    assert {one.python for one in made.profile_runs} == {probe(bare).python}
    assert made.profile_runs[0].functions
    assert [one for one in found.notes if one.startswith("Not profiled with line_profiler: ")]
    assert "Not profiled with pyinstrument" in markdown.render(made, chart="x.svg")


def test_a_wrong_plain_result_is_found_all_the_same(one_bare: str, tmp_path: Path) -> None:
    wrong = running('return {"total": 1, "mean": 0.5}')
    place = bench(project(tmp_path, optimized=wrong), one_bare)
    found = compare(place, "baseline", "optimized", Plan(pairs=1), profiling=False)
    assert found.scrutiny.timed is not None
    assert found.scrutiny.timed.verdict == "different"
    assert claims.equality(reports.load(place, found.id)).different


def test_a_result_that_cannot_be_kept_is_not_checked(one_bare: str, tmp_path: Path) -> None:
    both = """
    import decimal

    def make_inputs(seed):
        return 1

    def run(inputs):
        return decimal.Decimal(2)
    """
    place = bench(project(tmp_path, baseline=both, optimized=both), one_bare)
    found = compare(place, "baseline", "optimized", Plan(pairs=1), profiling=False)
    assert found.scrutiny.timed is not None
    assert found.scrutiny.timed.verdict == "not checked"
    assert "it is no plain value" in found.scrutiny.timed.reason
    assert "No module named" in found.scrutiny.timed.reason


def test_what_was_lent_is_seen_by_a_verification_and_not_by_a_timed_run(
    one_bare: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The packages come from a folder that stands for a loan: perfkit's own, for the same Python."""
    if probe(one_bare).version[:2] != sys.version_info[:2]:
        pytest.skip("what this Python has does not fit that one")
    lent = tmp_path / "lent"
    lent.mkdir()
    import msgspec
    import numpy
    import xxhash

    for module in (msgspec, numpy, xxhash):
        folder = Path(module.__file__).parent
        (lent / folder.name).symlink_to(folder)
        libraries = folder.with_name(f"{folder.name}.libs")
        if libraries.exists():
            (lent / libraries.name).symlink_to(libraries)
    monkeypatch.setattr(lending, "_lent", lambda *_: lending.Loan(folder=str(lent), packages={"numpy": "2"}))
    asks = """
    import datetime
    import importlib.util

    def make_inputs(seed):
        return 1

    def run(inputs):
        seen = importlib.util.find_spec("numpy") is not None
        return {"has numpy": float(seen), "day": datetime.date(2024, 1, 2)}
    """
    place = bench(project(tmp_path / "p", baseline=asks, optimized=asks), one_bare)
    found = compare(place, "baseline", "optimized", Plan(pairs=1), profiling=False)
    assert found.scrutiny.impossible == ""
    assert found.scrutiny.verifications[0].stages[-1].verdict == "identical"
    assert found.scrutiny.timed is not None
    assert found.scrutiny.timed.verdict == "identical"  # kept after the clock stopped, though no plain value
    assert found.scrutiny.verifications[0].baseline_metrics["has numpy"] == 1
    timed = place.store.read_run(found.pairs[0].contender_run, TimingRun)
    assert timed.metrics["has numpy"] == 0
    assert any("numpy 2" in one and "did not see them" in one for one in found.notes)


def test_another_input_in_another_interpreter_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two names of perfkit's own interpreter, which needs no loan, stand for two interpreters."""
    other = tmp_path / "bin" / "python"
    other.parent.mkdir()
    other.write_text(f'#!/bin/sh\nINPUT=1 exec {sys.executable} "$@"\n')
    other.chmod(0o755)
    monkeypatch.setattr(lending, "_lent", lambda *_: lending.Loan())
    asks = """
    import os

    def make_inputs(seed):
        return [seed, int(os.environ.get("INPUT", "0"))]

    def run(inputs):
        return inputs[0]
    """

    def cautions(before: str, after: str) -> list[str]:
        place = bench(project(tmp_path / "p", baseline=asks, optimized=asks), before, after)
        found = verify(place, "baseline", "optimized").scrutiny.findings
        return [one.sentence for one in found if one.check == "handicapped_baseline" and one.sentence]

    assert cautions(sys.executable, str(other)) == [
        "make_inputs gave the contender's interpreter another input for the same seed"
    ]
    assert cautions(str(other), str(other)) == []


def test_a_verification_that_cannot_be_done_is_refused(one_bare: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"baseline cannot be verified in .*: there is no network"):
        verify(bench(project(tmp_path), one_bare), "baseline", "optimized")


def test_a_profiler_that_is_asked_for_and_not_there_is_refused(one_bare: str, tmp_path: Path) -> None:
    place = bench(project(tmp_path), one_bare)
    with pytest.raises(UsageError, match=r"optimized cannot be profiled with line in .*: there is no"):
        profile(place, ["optimized"], profilers=["line"])


def test_one_script_under_two_pythons(
    environments: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = [one for one in VERSIONS if python(one)]
    if len(there) < 2:
        pytest.skip("there is one Python only")
    (tmp_path / "bench.py").write_text(SCRIPT)
    monkeypatch.chdir(tmp_path)
    pythons = tuple(without_packages(one, environments) for one in (there[0], there[-1]))
    asked = Asked(words=("bench.py", "bench.py"), pythons=pythons)
    sides = find(asked)
    assert sides.names == (f"bench-py{there[0]}", f"bench-py{there[-1]}")
    found = compare(sides.bench, *sides.names, Plan(pairs=2), profiling=False)
    runtimes = found.environment.runtimes
    assert [runtimes[side].python for side in ("baseline", "contender")] == [
        probe(one).python for one in pythons
    ]
    assert found.environment.packages == {"perfkit": perfkit.__version__}
    text = markdown.render(reports.load(sides.bench, found.id), chart="x.svg")
    assert f"| Python | CPython {probe(pythons[0]).python} | CPython {probe(pythons[1]).python} |" in text
    assert "Python of perfkit itself" in text


def test_what_is_sent_along_is_whole_compiled_and_made_once(bare: str) -> None:
    folder = Path(sending.folder(bare))
    assert [one.name for one in folder.iterdir()] == ["perfkit"]
    worker = folder / "perfkit" / "measure" / "worker.py"
    assert (
        worker.read_bytes() == Path(perfkit.__file__).with_name("measure").joinpath("worker.py").read_bytes()
    )
    assert (worker.parent / "__pycache__" / f"worker.{probe(bare).cache_tag}.pyc").exists()
    assert not (folder / "perfkit" / "cli").exists()
    assert sending.folder(bare) == str(folder)


def test_the_command_line_takes_an_interpreter_for_each_side(one_bare: str, tmp_path: Path) -> None:
    (tmp_path / "bench.py").write_text(SCRIPT)

    def said(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "perfkit", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    done = said("run", "bench.py", "--python", one_bare, "--json")
    assert done.returncode == 0, done.stderr
    assert one_bare in done.stdout
    wrong = said("compare", "bench.py", "bench.py", "--python", one_bare, "--python", "no-such-python")
    assert wrong.returncode == 2
    assert "no such interpreter" in wrong.stderr
    assert "Traceback" not in wrong.stderr
