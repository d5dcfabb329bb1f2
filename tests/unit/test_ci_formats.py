"""JUnit XML, annotations and comments, from views made by hand: nothing is measured here."""

from __future__ import annotations

import dataclasses
import re
from typing import Any
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from perfkit.analyse import stage_places
from perfkit.model import Gate, Gates
from perfkit.report import ci, comment, github, junit
from perfkit.report.ci import Case, Place
from perfkit.report.text import Column, Row, Table, line, strong
from tests import builders

TOKEN = re.compile(r"\S+( \S+)*")
OUTCOMES = ("passed", "failed", "undecided", "not checked", "error")


def view(*cases: Case, **changes: Any) -> ci.CiView:
    made = ci.CiView(
        pipeline="demo",
        title=line("Performance of demo"),
        outcome="passed",
        headline=(line(strong("2x")),),
        gates=(Gate(name="run not slower", outcome="passed", reasons=("it is faster",)),),
        cases=cases,
        started_at="2026-01-02T03:04:05+00:00",
        duration_s=1.5,
    )
    return dataclasses.replace(made, **changes)


def case(outcome: str = "passed", **changes: Any) -> Case:
    made = Case(group="outputs", name="work", outcome=outcome, words="it is so")  # type: ignore[arg-type]
    return dataclasses.replace(made, **changes)


# ---------------------------------------------------------------- JUnit


def suite(text: str) -> ElementTree.Element:
    """Read JUnit XML, and check what the strictest of its schemas, that of Ant's task, asks for."""
    root = ElementTree.fromstring(text.encode())  # noqa: S314  written by this very test
    assert root.tag == "testsuites"
    assert not root.attrib
    (found,) = root
    assert found.tag == "testsuite"
    assert set(found.attrib) == {
        *("name", "package", "id", "hostname", "timestamp"),
        *("tests", "failures", "errors", "skipped", "time"),
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", found.attrib["timestamp"])
    assert all(re.fullmatch(r"\d+", found.attrib[name]) for name in ("id", "tests", "failures", "errors"))
    assert re.fullmatch(r"\d+\.\d+", found.attrib["time"])
    tags = [one.tag for one in found]
    cases = found.findall("testcase")
    assert tags == ["properties", *["testcase"] * len(cases), "system-out", "system-err"]
    for one in found.findall("properties/property"):
        assert set(one.attrib) == {"name", "value"}
    for one in cases:
        assert set(one.attrib) == {"name", "classname", "time"}
        assert TOKEN.fullmatch(one.attrib["name"])
        assert TOKEN.fullmatch(one.attrib["classname"])
        assert re.fullmatch(r"\d+\.\d+", one.attrib["time"])
        assert len(one) <= 1
        for child in one:
            assert child.tag in {"failure", "error", "skipped"}
            assert len(child) == 0
            assert set(child.attrib) <= {"message", "type"}
            assert child.tag == "skipped" or "type" in child.attrib
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(found.attrib[name]) == len(found.findall(f"testcase/{tag}"))
    assert int(found.attrib["tests"]) == len(cases)
    return found


def test_each_outcome_has_its_element() -> None:
    found = suite(junit.render(view(*(case(one, name=one) for one in OUTCOMES))))
    children = {one.attrib["name"]: [child.tag for child in one] for one in found.findall("testcase")}
    assert children == {
        "passed": [],
        "failed": ["failure"],
        "undecided": ["skipped"],
        "not checked": ["skipped"],
        "error": ["error"],
    }
    messages = [one.attrib["message"] for one in found.findall("testcase/skipped")]
    assert messages == ["inconclusive: it is so", "it is so"]


def test_a_failure_says_where() -> None:
    place = Place(file="optimized/demo.py", line=7)
    found = suite(junit.render(view(case("failed", place=place, details="a\nb"))))
    assert found.findtext("testcase/failure") == "optimized/demo.py:7: it is so\na\nb"


# ---------------------------------------------------------------- annotations


def parsed(command: str) -> tuple[str, dict[str, str], str]:
    """Read a workflow command as the runner does."""
    found = re.fullmatch(r"::(\w+) ([^:\r\n]*)::([^\r\n]*)", command)
    assert found, command

    def undone(text: str, *, inside: bool) -> str:
        for code, character in [("%3A", ":"), ("%2C", ",")] if inside else []:
            text = text.replace(code, character)
        return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")

    pairs = (one.partition("=") for one in found[2].split(","))
    return (
        found[1],
        {name: undone(value, inside=True) for name, _, value in pairs},
        undone(found[3], inside=False),
    )


def test_an_annotation_has_its_place_and_is_escaped() -> None:
    place = Place(file="a,b:c.py", line=3)
    (only,) = github.commands(view(case("failed", name="x", words="5 %::error::\nno", place=place)))
    assert only.startswith("::error file=a%2Cb%3Ac.py,line=3,title=perfkit demo%3A output failed::")
    level, properties, message = parsed(only)
    assert level == "error"
    assert properties == {"file": "a,b:c.py", "line": "3", "title": "perfkit demo: output failed"}
    assert message == "x: 5 %::error:: no"


def test_errors_come_before_warnings_and_never_more_than_github_shows() -> None:
    cases = [case("undecided", name=f"u{i}") for i in range(3)] + [
        case("failed", name=f"f{i}") for i in range(25)
    ]
    found = [parsed(one) for one in github.commands(view(*cases))]
    assert [level for level, _, _ in found] == ["error"] * 10 + ["warning"] * 3
    assert found[9][2] == "and 16 more: the report has them all"


def test_what_is_fine_is_one_notice() -> None:
    (only,) = github.commands(view(case("passed"), case("not checked")))
    assert parsed(only) == ("notice", {"title": "perfkit demo"}, "2x")


# ---------------------------------------------------------------- comments


def table(n: int, width: int = 10) -> Table:
    rows = tuple(Row(cells=(line(f"row {at}"), line("x" * width))) for at in range(n))
    return Table(columns=(Column(key="a", title="stage"), Column(key="b", title="why")), rows=rows)


def test_a_comment_begins_with_the_marker_of_its_pipeline() -> None:
    assert comment.render(view()).startswith("<!-- perfkit: demo -->\n\n### ✅ Performance of demo\n")
    assert comment.render(view(), hidden_marker=False).startswith("### ✅")
    assert "-->" not in comment.marker("a --> b").removesuffix(" -->")


def test_rows_that_matter_are_the_last_to_go() -> None:
    urgent = frozenset({4_000, 4_999})
    text = comment.render(view(stages=table(5_000, width=50), urgent=urgent))
    assert len(text.encode()) <= comment.LIMIT_BYTES
    shown = [int(one) for one in re.findall(r"^\| row (\d+) \|", text, re.MULTILINE)]
    assert {4_000, 4_999} < set(shown)
    assert shown == sorted(shown)
    assert f"*{5_000 - len(shown):,} of 5,000 rows left out for length; the report has all.*" in text
    assert len(text.encode()) > 0.9 * comment.LIMIT_BYTES


def test_a_short_comment_leaves_nothing_out() -> None:
    text = comment.render(view(case("failed"), stages=table(20)))
    assert "left out" not in text
    assert len(re.findall(r"^\| row \d+ \|", text, re.MULTILINE)) == 20


def test_too_little_room_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 40000 bytes"):
        comment.render(view(), limit_bytes=100)


def test_a_comment_calls_nobody() -> None:
    gate = Gate(name="g", outcome="failed", reasons=("ask @someone about #12",))
    html = MarkdownIt("gfm-like").render(comment.render(view(gates=(gate,))))
    assert "@someone" not in html
    assert "#12" not in html
    assert "@\u200bsomeone about #\u200b12" in html


# ---------------------------------------------------------------- views


def test_a_failed_run_is_an_error_and_its_gates_are_not_judged() -> None:
    made = ci.failure(
        "demo",
        "it raised",
        details="Traceback",
        held=["g"],
        command="perfkit x",
        started_at="2026-01-02T03:04:05",
    )
    found = suite(junit.render(made))
    assert found.findtext("testcase/error") == "it raised\nTraceback"
    assert [one.attrib["message"] for one in found.findall("testcase/skipped")] == [
        "inconclusive: not judged: there is no result to judge"
    ]
    levels = [parsed(one)[0] for one in github.commands(made)]
    assert levels == ["error", "warning"]
    text = comment.render(made)
    assert "### ❌ Performance of `demo`" in text
    assert "**No result**: it raised." in text
    assert "Traceback" not in text  # it may say more than a comment should


@pytest.mark.parametrize(("asked", "outcome"), [(None, "failed"), (Gates(slower={"": 1.5}), "passed")])
def test_a_case_fails_only_where_a_gate_does(asked: Gates | None, outcome: str) -> None:
    rows = [builders.stage_row("", 1.0, 2.0, "total")]
    found = builders.breakdown(rows, verdict="slower")
    report = builders.report(builders.comparison(n_pairs=5, gates=asked), found)
    cases = {one.name: one for one in ci.comparison(report).cases if one.group == "speed"}
    assert cases["run"].outcome == outcome
    assert cases["run"].time_s == 2.0


def test_a_stage_has_the_worst_verdict_of_all_inputs_but_the_edges() -> None:
    scrutiny = builders.scrutiny(
        builders.verification(
            builders.equivalence("a"), builders.equivalence("b"), builders.equivalence("c")
        ),
        builders.verification(
            builders.equivalence("a", "different", reason="2 values."),
            builders.equivalence("b", "not checked"),
            name="n=50",
            kind="size",
        ),
        builders.verification(builders.equivalence("c", "different"), name="empty", kind="edge"),
    )
    report = builders.report(builders.comparison(n_pairs=5, scrutiny=scrutiny))
    cases = {one.name: one for one in ci.comparison(report, {"a": Place(file="f.py", line=2)}).cases}
    assert cases["a"].outcome == "failed"
    assert cases["a"].words == "different (input: n=50): 2 values"
    assert cases["a"].place == Place(file="f.py", line=2)
    assert cases["b"].outcome == "not checked"
    assert cases["c"].outcome == "passed"
    assert cases["work"].words == "not checked: no output of it was recorded"  # it was timed


def test_without_a_verification_nothing_is_said_to_be_equal() -> None:
    report = builders.report(builders.comparison(n_pairs=5))
    outputs = [one for one in ci.comparison(report).cases if one.group == "outputs"]
    assert [(one.outcome, one.words) for one in outputs] == [("not checked", "outputs were not compared")]


# ---------------------------------------------------------------- places

SOURCE = """
import perfkit
from perfkit import stage

@stage("load")
@cached
def load(path):
    return path

class Net:
    @perfkit.stage("fit", replaces="old")
    async def fit(self):
        with stage("step"):
            pass

def run(inputs):
    with open("x") as f, stage("twice"):
        pass
    with stage("twice"):
        pass
    with stage(name):
        pass
"""


def test_stages_are_found_where_they_are_marked() -> None:
    assert stage_places.declared(SOURCE) == {"load": 7, "fit": 12, "step": 13}
    assert stage_places.functions(SOURCE) == {"load": 7, "Net.fit": 12, "run": 16}


def test_what_is_no_python_has_no_places() -> None:
    for source in ("def (", "a\0b"):
        assert stage_places.declared(source) == {}
        assert stage_places.functions(source) == {}
