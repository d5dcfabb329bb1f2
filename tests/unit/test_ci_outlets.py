"""Where CI reads: what is written, what is appended, and which place a stage has."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import pytest

from perfkit.api import ci
from perfkit.api.bench import Bench
from perfkit.catalog import open_project
from perfkit.errors import RunError, StoreError
from perfkit.model import Report, StageMapping, StagePoint
from tests import builders
from tests.unit.test_ci_formats import parsed

SOURCE = """from perfkit import stage

@stage("rescale")
def rescale(x):
    return x

class Net:
    def fit(self):
        return self

def run(inputs):
    return rescale(inputs)
"""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    (tmp_path / "optimized").mkdir()
    (tmp_path / "optimized/demo.py").write_text(SOURCE)
    pipeline = dataclasses.replace(
        builders.comparison().pipeline, stages={"scale": StageMapping(contender=("rescale",))}
    )
    return Bench(project=open_project(tmp_path), pipeline=pipeline)


def report(source: str = SOURCE) -> Report:
    """Build a report in which both stages of the contender differ."""
    contender = builders.variant(
        "optimized",
        source_sha256=hashlib.sha256(source.encode()).hexdigest(),
        points=(StagePoint(file="optimized/demo.py", function="Net.fit", name="fit"),),
    )
    checked = builders.verification(
        builders.equivalence("scale", "different"), builders.equivalence("net/fit", "different")
    )
    return builders.report(
        builders.comparison(n_pairs=5, contender=contender, scrutiny=builders.scrutiny(checked))
    )


def places(told: ci.Told) -> dict[str, tuple[str, str]]:
    found = {}
    for one in told.lines:
        _, properties, message = parsed(one)
        found[message.partition(":")[0]] = (properties.get("file", ""), properties.get("line", ""))
    return found


def test_stages_have_the_place_of_their_function(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ci.SUMMARY, raising=False)
    monkeypatch.setenv(ci.WORKSPACE, str(bench.project.root.parent))
    folder = bench.project.root.name
    assert places(ci.tell(bench, report(), ci.Outlets(github=True))) == {
        "scale": (f"{folder}/optimized/demo.py", "4"),  # which the contender calls rescale
        "net/fit": (f"{folder}/optimized/demo.py", "8"),  # which the user named
    }


def test_what_a_callable_returns_has_the_place_of_its_def(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ci.SUMMARY, raising=False)
    monkeypatch.setenv(ci.WORKSPACE, str(bench.project.root))
    made = report()
    contender = dataclasses.replace(
        made.comparison.contender, kind="callable", target="optimized.demo:Net.fit", points=()
    )
    checked = builders.scrutiny(builders.verification(builders.equivalence("result", "different")))
    compared = dataclasses.replace(made.comparison, contender=contender, scrutiny=checked)
    told = ci.tell(bench, dataclasses.replace(made, comparison=compared), ci.Outlets(github=True))
    assert places(told)["result of run"] == ("optimized/demo.py", "8")


def test_a_source_that_has_changed_since_has_no_lines(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ci.SUMMARY, raising=False)
    told = ci.tell(bench, report("another"), ci.Outlets(github=True))
    assert set(places(told).values()) == {("", "")}


def test_a_summary_is_appended_until_there_is_no_room(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "step.md"
    monkeypatch.setenv(ci.SUMMARY, str(file))
    file.write_text("before\n")
    assert ci.tell(bench, report(), ci.Outlets(github=True)).written == (file,)
    assert file.read_text().startswith("before\n### ")
    full = "x" * (1024 * 1024 - 2048)
    file.write_text(full)
    told = ci.tell(bench, report(), ci.Outlets(github=True))
    assert told.written == ()
    assert told.lines
    assert file.read_text() == full


def test_nobody_reads_along_unless_told(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ci.SUMMARY, str(tmp_path / "step.md"))
    assert ci.on_github()
    assert ci.tell(bench, report(), ci.Outlets()) == ci.Told()
    assert not (tmp_path / "step.md").exists()
    monkeypatch.setenv(ci.SUMMARY, "")
    assert not ci.on_github()


def test_a_failure_is_told_with_its_traceback_in_junit_alone(tmp_path: Path) -> None:
    outlets = ci.Outlets(junit=tmp_path / "a/j.xml", comment=tmp_path / "a/c.md")
    error = RunError("it raised", "Traceback: secret")
    told = ci.tell_failure(error, outlets, pipeline="demo", start=tmp_path)
    assert told.written == (outlets.junit, outlets.comment)
    assert "Traceback: secret" in (tmp_path / "a/j.xml").read_text()
    assert "secret" not in (tmp_path / "a/c.md").read_text()
    assert "it raised" in (tmp_path / "a/c.md").read_text()
    told = ci.tell_failure(KeyboardInterrupt(), outlets, pipeline=None, start=tmp_path)
    assert 'message="interrupted"' in (tmp_path / "a/j.xml").read_text()


def test_what_cannot_be_written_is_said(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(StoreError, match="it is a folder"):
        ci.tell(bench, report(), ci.Outlets(junit=tmp_path / "taken"))
