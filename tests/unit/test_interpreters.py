"""Interpreters: found by what the user calls them, refused in one sentence; what differs is told."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from perfkit import catalog, model
from perfkit.api import conclusions, interpreters
from perfkit.api.bench import Bench, job
from perfkit.api.sides import Asked
from perfkit.api.sides import find as find_sides
from perfkit.errors import UsageError
from perfkit.measure import environment, lending
from perfkit.measure import interpreters as measured
from perfkit.measure.interpreters import environment_for, find, labels
from perfkit.report import equality, runtimes
from perfkit.report.text import plain
from perfkit.verify.parts import type_name
from tests import builders
from tests.pipelines import project


def fake(folder: Path, version: str, *, answer: str = "", status: int = 0) -> Path:
    """Write a program that calls itself this version, and answers all else with a text."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "python"
    file.write_text(
        f'#!/bin/sh\nif [ "$1" = --version ]; then echo "{version}"; exit {status}; fi\necho "{answer}"\n'
    )
    file.chmod(0o755)
    return file


def refused(word: str | Path) -> str:
    """Return the sentence with which an interpreter is refused."""
    with pytest.raises(UsageError) as caught:
        find(str(word))
    said = str(caught.value)
    assert "\n" not in said
    assert str(word) in said or not str(word)
    return said


# ---------------------------------------------------------------- finding


def test_an_interpreter_describes_itself_as_this_one_does() -> None:
    found = find(sys.executable)
    assert found.version == sys.version_info[:3]
    assert found.implementation == "CPython"
    assert found.prefix == sys.prefix
    assert found.cache_tag == sys.implementation.cache_tag
    assert found.packages["click"]
    assert "click" in found.provides["click"]
    assert set(found.build) >= {"GIL", "JIT", "debug build", "build options", "optimisation level"}
    assert found.build["debug build"] == ("yes" if hasattr(sys, "gettotalrefcount") else "no")


def test_it_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = find(sys.executable)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("asked again"))
    assert find(sys.executable) is first


def test_a_name_is_looked_up_on_the_path_and_a_folder_for_its_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bin_ = tmp_path / "env" / "bin"
    bin_.mkdir(parents=True)
    (bin_ / "python").symlink_to(sys.executable)
    (bin_ / "python9.9").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(bin_), prepend=os.pathsep)
    monkeypatch.chdir(tmp_path)
    want = sys.version_info[:3]
    for word in ("python9.9", "9.9", "env", str(tmp_path / "env"), "env/bin/python", str(bin_ / "python")):
        assert find(word).version == want


def test_what_is_no_interpreter_is_refused_in_one_sentence(tmp_path: Path) -> None:
    assert "does not exist" in refused(tmp_path / "none")
    assert "no such interpreter" in refused("no-such-python")
    assert "no bin/python" in refused(tmp_path)
    assert refused("") == refused(" ")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    assert "leads nowhere" in refused(tmp_path / "gone")
    (tmp_path / "text").write_text("")
    assert "not executable" in refused(tmp_path / "text")
    assert "is not a Python interpreter: its --version says 'tool 1.2'" in refused(
        fake(tmp_path / "tool", "tool 1.2")
    )
    assert "ended with exit status 127: shim" in refused(
        fake(tmp_path / "shim", "shim: no such version", status=127)
    )
    (tmp_path / "binary").write_bytes(b"\0\1\2\3")
    (tmp_path / "binary").chmod(0o755)
    assert "cannot be started" in refused(tmp_path / "binary")


@pytest.mark.parametrize("version", ["2.7.18", "3.9.1", "3.10.13"])
def test_an_old_python_is_refused_with_what_to_do(tmp_path: Path, version: str) -> None:
    said = refused(fake(tmp_path, f"Python {version}"))
    assert f"is Python {version}" in said
    assert "3.11 or later" in said
    assert "as a whole command" in said


def test_another_implementation_is_refused(tmp_path: Path) -> None:
    said = refused(fake(tmp_path / "a", "Python 3.11.13 (abc)\n[PyPy 7.3.20 with GCC 10.2.1]"))
    assert "is PyPy" in said
    assert "is GraalPy" in refused(fake(tmp_path / "b", "GraalPy 3.11.7 (Oracle)"))


def test_an_answer_that_means_nothing_is_refused(tmp_path: Path) -> None:
    assert "says nothing of itself" in refused(fake(tmp_path / "a", "Python 3.12.1", answer="hello"))
    broken = fake(tmp_path / "b", "Python 3.12.1", answer=f"{measured._MARK}{{}}")
    assert "nothing sensible" in refused(broken)


def test_one_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured, "_TIMEOUT_S", 0.05)
    file = fake(tmp_path, "Python 3.12.1")
    file.write_text("#!/bin/sh\nexec tail -f /dev/null\n")
    assert "did not answer" in refused(file)


def test_what_steers_perfkits_own_python_is_not_handed_on() -> None:
    mine = {"PYTHONHOME": "/x", "PYTHONPATH": "/y", "PATH": "/bin"}
    assert environment_for("/usr/bin/python3", mine) == {"PYTHONPATH": "/y", "PATH": "/bin"}
    assert environment_for("", mine) == mine


def test_labels_are_the_shortest_that_tell_them_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    like = find(sys.executable)

    def said(*found: dict[str, Any]) -> list[str]:
        known = {f"/{at}": dataclasses.replace(like, **one) for at, one in enumerate(found)}
        monkeypatch.setattr(measured, "probe", known.__getitem__)
        return labels(list(known))

    old = {"version": (3, 11, 7), "python": "3.11.7", "prefix": "/envs/old numpy"}
    new = {"version": (3, 13, 0), "python": "3.13.0", "prefix": "/envs/new"}
    patch = {"version": (3, 11, 9), "python": "3.11.9", "prefix": "/envs/new"}
    assert said(old, new) == ["py3.11", "py3.13"]
    assert said(old, patch) == ["py3.11.7", "py3.11.9"]
    assert said(old, {**old, "prefix": "/envs/new"}) == ["old_numpy", "new"]
    assert said(old, old) == ["1", "2"]


# ---------------------------------------------------------------- packages


def interpreter(**changes: Any) -> measured.Interpreter:
    return dataclasses.replace(find(sys.executable), **changes)


def test_packages_that_are_imported_bring_what_they_require() -> None:
    found = interpreter(
        packages={"Rich": "13", "markdown-it-py": "3", "mdurl": "0.1", "numpy": "2", "attrs": "1"},
        requires={
            "Rich": ("markdown_it_py>=2.2", "attrs; extra == 'x'", "absent"),
            "markdown-it-py": ("mdurl~=0.1",),
        },
        provides={"rich": ("Rich",), "numpy": ("numpy",)},
    )
    assert found.needed_by(["rich", "os"]) == {"Rich": "13", "markdown-it-py": "3", "mdurl": "0.1"}
    assert found.needed_by([]) == {}


def test_imports_are_found_in_newer_syntax_too(tmp_path: Path) -> None:
    (tmp_path / "new.py").write_text(
        "import click.core\ntype X = = int\nfrom rich import print\nfrom . import y\n"
    )
    found = environment.runtime(sys.executable, [tmp_path / "new.py"])
    assert {"click", "rich"} <= set(found.packages)
    assert "numpy" in found.installed
    assert not set(found.packages) & set(found.installed)


# ---------------------------------------------------------------- lending


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An interpreter whose packages the test sets; a cache of its own; nothing known of earlier loans."""
    packages: dict[str, str] = {}
    monkeypatch.setattr(lending, "probe", lambda _: interpreter(packages=packages))
    monkeypatch.setattr(lending, "_loans", {})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return packages


def test_nothing_is_lent_where_nothing_lacks(
    elsewhere: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere |= {"msgspec": "0.19.0", "NumPy": "2.1.0rc1", "xxhash": "3.5.0"}
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("installed"))
    assert lending.lend("/there", lending.VERIFYING) == lending.Loan()
    assert lending.lend("", lending.VERIFYING) == lending.Loan()


def test_only_what_lacks_is_installed_once_into_a_folder_of_ours(
    elsewhere: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere |= {"numpy": "1.26.4"}
    commands = []

    def install(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        target = Path(command[command.index("--target") + 1])
        for name in ("msgspec-0.20.0", "xxhash-3.6.0"):
            (target / f"{name}.dist-info").mkdir(parents=True)
            (target / f"{name}.dist-info" / "METADATA").touch()
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", install)
    assert lending.lent("/there", lending.VERIFYING) == lending.Loan()
    loan = lending.lend("/there", lending.VERIFYING)
    assert loan.packages == {"msgspec": "0.20.0", "xxhash": "3.6.0"}
    assert [one for one in commands[0] if ">=" in one] == ["msgspec>=0.18", "xxhash>=3.0"]
    assert "--only-binary" in commands[0]
    assert Path(loan.folder).is_dir()
    assert lending.lent("/there", lending.VERIFYING) == loan
    lending._loans.clear()
    assert lending.lend("/there", lending.VERIFYING) == loan
    assert len(commands) == 1


def test_why_nothing_can_be_lent_is_a_reason_and_leaves_nothing(
    elsewhere: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said = (
        "WARNING: retrying\nERROR: Could not find a version\nERROR: No matching distribution found for x.\n"
    )
    calls = []

    def fail(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        calls.append(command)
        return subprocess.CompletedProcess(command, 1, "", said)

    monkeypatch.setattr(subprocess, "run", fail)
    for _ in range(2):
        with pytest.raises(lending.NotLentError) as caught:
            lending.lend("/there", ("xxhash",))
    assert str(caught.value) == (
        "it lacks xxhash>=3.0, which pip could not install: No matching distribution found for x"
    )
    assert len(calls) == 1
    assert not [one for one in (tmp_path / "cache" / "perfkit" / "lent").iterdir() if one.is_dir()]


def test_an_own_package_that_is_too_old_is_no_loan(elsewhere: dict[str, str]) -> None:
    elsewhere |= {"numpy": "1.19.5", "msgspec": "0.20.0", "xxhash": "3.5.0"}
    with pytest.raises(lending.NotLentError, match=r"its numpy 1\.19\.5 is older than 1\.23"):
        lending.lend("/there", lending.VERIFYING)


def test_without_any_pip_it_says_so(elsewhere: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lending.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(lending.shutil, "which", lambda _: None)
    with pytest.raises(lending.NotLentError, match="there is no pip"):
        lending.lend("/there", ("xxhash",))


# ---------------------------------------------------------------- what follows for jobs and reports


def test_jobs_name_the_interpreter_and_what_is_lent(
    tmp_path: Path, elsewhere: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = catalog.open_project(project(tmp_path / "p"))
    bench = Bench(project=found, pipeline=catalog.find_pipeline(found, None))
    variant = dataclasses.replace(bench.variant("baseline"), python="/there")
    plan = builders.pair_plan()
    monkeypatch.setattr(lending, "_lent", lambda *_: lending.Loan(folder="/lent", packages={"numpy": "2"}))

    def made(kind: model.JobKind, **details: Any) -> model.Job:
        return job(bench, kind, variant, plan, staged=tmp_path, **details)

    assert made("time").python == "/there"
    assert made("time").lent == ""  # nothing is installed for a run that only times
    assert made("describe").lent == ""
    assert made("profile", profiler="perfkit.profilers.cprofile").lent == ""
    assert made("verify").lent == "/lent"
    assert made("time").lent == "/lent"  # for its result, when the clock has stopped
    assert "numpy 2" in interpreters.loans(variant)[0]
    assert interpreters.loans(bench.variant("baseline")) == ()


def test_what_cannot_be_verified_or_profiled_says_why(
    tmp_path: Path, elsewhere: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no(*_: Any) -> lending.Loan:
        raise lending.NotLentError("it lacks everything")

    monkeypatch.setattr(lending, "_lent", no)
    variant, own = builders.variant("optimized", python="/there"), builders.variant()
    assert interpreters.unverifiable(own) == ""
    assert interpreters.unverifiable(own, variant).endswith("it lacks everything")
    usable, notes = interpreters.usable_profilers(("cprofile", "sampling", "line"), own, variant)
    assert usable == ["cprofile"]
    assert [note.partition(":")[0] for note in notes] == [
        "Not profiled with pyinstrument's sampler",
        "Not profiled with line_profiler",
    ]
    with pytest.raises(UsageError, match="optimized cannot be verified in /there: it lacks everything"):
        interpreters.lent(variant, "verify")


def test_without_a_verification_the_timed_results_still_count(tmp_path: Path) -> None:
    found = catalog.open_project(project(tmp_path))
    bench = Bench(project=found, pipeline=catalog.find_pipeline(found, None))

    def judged(verdict: model.Verdict) -> equality.Equality:
        result = model.Equivalence(stage="result", verdict=verdict)
        timed = conclusions.Timed(parameters={}, baseline=(), contender=(), results=(result,))
        return equality.judge(conclusions.unverified(bench, "numpy is missing", timed))

    same, wrong, unknown = judged("identical"), judged("different"), judged("not checked")
    assert not same.verified
    assert plain(same.why) == (
        "nothing but the results of the timed runs was compared (identical), because numpy is missing"
    )
    assert wrong.different
    assert plain(wrong.why) == "the results of the timed runs differ"
    assert not unknown.different
    assert plain(unknown.why) == "outputs were not compared, because numpy is missing"
    assert (same.inputs, wrong.inputs, unknown.inputs) == (1, 1, 0)


def test_both_sides_of_one_script_get_an_interpreter_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bench.py").write_text("print(1)\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.chdir(tmp_path)
    one = find_sides(Asked(words=("bench.py", "bench.py"), pythons=(sys.executable,)))
    assert {one.bench.variant(name).python for name in one.names} == {find(sys.executable).executable}
    with pytest.raises(UsageError, match="no such interpreter"):
        find_sides(Asked(words=("bench.py", "bench.py"), pythons=(sys.executable, "nope")))
    with pytest.raises(UsageError, match="a command names its own interpreter"):
        find_sides(Asked(commands=("true", "true"), pythons=(sys.executable,)))


def table(before: model.Runtime, after: model.Runtime) -> list[list[str]]:
    found = builders.environment(runtimes={"baseline": before, "contender": after})
    made = runtimes.table(found, "old", "new")
    return [] if made is None else [[plain(cell) for cell in row.cells] for row in made.rows]


def test_the_report_lists_what_differs_and_nothing_else() -> None:
    one = model.Runtime(
        executable="/a/python",
        python="3.11.7",
        implementation="CPython",
        build={"GIL": "on", "build options": "none"},
        packages={"numpy": "1.26", "rich": "13"},
        installed={"pip": "24"},
    )
    assert table(one, one) == []
    same = builders.environment(runtimes={"baseline": one, "contender": one})
    assert plain(runtimes.said(same)) == (
        "Interpreter and packages were the same on both sides: CPython 3.11.7 (/a/python), "
        "with numpy 1.26 and rich 13."
    )
    assert runtimes.said(builders.environment()) == ()
    other = dataclasses.replace(
        one,
        executable="/b/python",
        packages={"numpy": "2.0"},
        installed={"pip": "25", "rich": "13", "new": "1"},
    )
    assert table(one, other) == [
        ["interpreter", "/a/python", "/b/python"],
        ["numpy", "1.26", "2.0"],
        ["other packages", "pip 24", "new 1 and pip 25"],
    ]
    newer = dataclasses.replace(one, python="3.13.0", build={"GIL": "off", "build options": "none"})
    assert table(one, newer) == [
        ["Python", "CPython 3.11.7", "CPython 3.13.0"],
        ["GIL", "on", "off"],
        ["build options", "none", "none"],
    ]


def test_a_long_list_of_other_packages_is_cut_and_counted() -> None:
    one = model.Runtime(executable="/a", python="3.11.7", implementation="CPython")
    many = dataclasses.replace(one, installed={f"p{at:02}": "1" for at in range(50)})
    ((what, before, after),) = table(one, many)
    assert what == "other packages, the first 20 of 50"
    assert before == "none"
    assert after.endswith("and p19 1")


def test_a_class_of_the_standard_library_has_one_name_in_all_versions() -> None:
    moved = type("PosixPath", (), {"__module__": "pathlib._local"})  # where 3.13 has it
    assert (
        type_name(moved) == type_name(type("PosixPath", (), {"__module__": "pathlib"})) == "pathlib.PosixPath"
    )
    assert type_name(type("Event", (), {"__module__": "_thread"})) == "_thread.Event"
    assert type_name(type(Path())) == f"pathlib.{type(Path()).__name__}"
