"""`perfkit audit` as a user meets it: three reports, every bad input, its exit statuses."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from pathlib import Path

import pytest

from perfkit.audit import source
from tests.cli.test_cli import perfkit, says

ROOT = Path(__file__).parents[2]
REPORTS = ROOT / "tests" / "audit_reports"
WRONG = {
    ("contradicted", "target-percent", 4),
    ("contradicted", "speedup", 11),
    ("contradicted", "share", 15),
    ("contradicted", "equivalence-accuracy", 24),
    ("doubtful", "digits", 4),
    ("doubtful", "stages-total", 4),
    ("doubtful", "digits", 10),
    ("doubtful", "digits", 12),
    ("doubtful", "average-of-ratios", 14),
    ("doubtful", "function-ratio", 19),
    ("doubtful", "percent-saved", 20),
    ("doubtful", "equivalence-complexity", 24),
    ("doubtful", "chance", 24),
    ("doubtful", "points", 25),
    ("doubtful", "single-run", 29),
    ("doubtful", "profiler", 29),
}


def found(name: str) -> tuple[int, list[dict[str, str]]]:
    done = perfkit(REPORTS, "audit", name, "--json")
    assert done.stderr == ""
    content = json.loads(done.stdout)
    assert content["schema"] == 1
    assert sum(content["counts"].values()) == len(content["findings"])
    return done.returncode, content["findings"]


def test_a_report_that_is_wrong_in_every_way() -> None:
    status, findings = found("wrong.md")
    assert status == 1
    bad = [one for one in findings if one["severity"] in {"contradicted", "doubtful"}]
    assert {(one["severity"], one["check"], one["line"]) for one in bad} == WRONG
    (target,) = (one for one in bad if one["check"] == "target-percent")
    assert target["right"] == "18.5 %"
    assert target["figure"] == "39 %"


def test_a_report_that_is_right() -> None:
    status, findings = found("right.md")
    assert status == 0
    assert {one["severity"] for one in findings} == {"consistent"}
    assert len(findings) >= 15


def test_a_tricky_report_in_plain_text() -> None:
    status, findings = found("tricky.txt")
    assert status == 1
    contradicted = [one for one in findings if one["severity"] == "contradicted"]
    assert [(one["line"], one["figure"], one["right"]) for one in contradicted] == [(12, "9.0x", "6.7x")]
    assert not [one for one in findings if one["severity"] == "doubtful"]
    assert {one["line"] for one in findings if one["severity"] == "not checked"} == {15, 17, 18}


@pytest.mark.parametrize("pipeline", ["ml_training", "log_analytics"])
def test_perfkits_own_reports_hold(pipeline: str) -> None:
    done = perfkit(ROOT, "audit", f"reports/{pipeline}/report.md", "--json")
    assert done.returncode == 0, done.stdout
    counts = json.loads(done.stdout)["counts"]
    assert counts["contradicted"] == counts["doubtful"] == 0
    assert counts["consistent"] > 20


@pytest.mark.parametrize("columns", [80, 120])
def test_the_terminal_shows_line_claim_finding_and_right_figure(columns: int) -> None:
    done = perfkit(REPORTS, "audit", "wrong.md", COLUMNS=str(columns))
    assert done.returncode == 1
    assert done.stderr == ""
    assert "4 contradicted" in done.stdout
    assert "Doubtful" in done.stdout
    assert re.search(r"^ +11 +Training, 10\.6 s.*23x to 30x", done.stdout, re.MULTILINE)
    assert max(len(line) for line in done.stdout.splitlines()) <= columns
    assert "\ue000" not in done.stdout


def test_the_documented_output_is_the_output(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "auditing.md").read_text()
    blocks = dict(re.findall(r"^```(markdown|text)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))
    (tmp_path / "their-report.md").write_text(blocks["markdown"])
    done = perfkit(tmp_path, "audit", "their-report.md", COLUMNS="80")
    assert done.returncode == 1
    assert [line.rstrip() for line in done.stdout.splitlines()] == blocks["text"].splitlines()


def test_exit_statuses(tmp_path: Path) -> None:
    for name, text, status in (
        ("fine.md", "From 10.0 s to 5.0 s: 2.0x faster.", 0),
        ("wrong.md", "From 10.0 s to 5.0 s: 3.0x faster.", 1),
        ("doubtful.md", "From 10.0 s to 4.0 s: 60 % faster.", 0),
        ("unchecked.md", "Much faster.", 0),
        ("silent.md", "Hello.", 4),
    ):
        (tmp_path / name).write_text(text)
        done = perfkit(tmp_path, "audit", name)
        assert done.returncode == status, name
    assert "inconclusive: the report makes no claim" in done.stderr
    assert "No claim was found" in done.stdout


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b" \n\t\n\xef\xbb\xbf", "is empty"),
        (b"39x faster\0\1\2", "is a binary file"),
        (bytes(range(128, 256)), "is not UTF-8 text (line 1)"),
        ("a\nTräume".encode("latin-1"), "is not UTF-8 text (line 2)"),
        ("39x".encode("utf-16"), "is UTF-16 text: save it as UTF-8"),
    ],
)
def test_what_is_no_text_is_refused(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "report.md").write_bytes(content)
    if words == "is empty" and content:
        (tmp_path / "report.md").write_bytes(content.replace(b"\xef\xbb\xbf", b""))
    says(perfkit(tmp_path, "audit", "report.md"), 2, "report.md", words)
    says(perfkit(tmp_path, "audit", "report.md", "--json"), 2, words)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    says(perfkit(tmp_path, "audit", "missing.md"), 2, "there is no file missing.md")
    says(perfkit(tmp_path, "audit", "."), 2, "is a folder")
    os.mkfifo(tmp_path / "pipe.md")
    says(perfkit(tmp_path, "audit", "pipe.md"), 2, "is not a file")
    says(perfkit(tmp_path, "audit", "x" * 300), 2, "cannot be read: File name too long")
    says(perfkit(tmp_path, "audit"), 2, "Missing argument 'REPORT'")
    done = perfkit(tmp_path, "audit", "missing.md", "--debug")
    assert done.returncode == 2
    assert "Traceback" in done.stderr


def test_an_enormous_file_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "report.md"
    with file.open("wb") as opened:
        opened.truncate(1024**4)  # sparse: reading it would take memory for a terabyte
    says(perfkit(tmp_path, "audit", "report.md"), 2, "1,048,576.0 MiB", "at most 2 MiB")
    assert file.stat().st_size == 1024**4


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "report.md"
    file.write_text("39x faster")
    file.chmod(0)
    says(perfkit(tmp_path, "audit", "report.md"), 2, "no permission")


def test_no_permission_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "report.md"
    file.write_text("39x faster")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(source.UsageError, match="no permission"):
        source.load(file)


def test_a_hostile_report_steers_no_terminal_and_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "report.md"
    text = "From 10.0 s to 5.0 s: 3.0x \x1b[31mfaster\x1b]0;owned\x07 [bold]now[/bold] \u202e.\n"
    file.write_text(text)
    done = perfkit(tmp_path, "audit", "report.md")
    assert done.returncode == 1
    assert "[bold]now[/bold]" in " ".join(done.stdout.split())
    assert not {one for one in done.stdout if unicodedata.category(one) in {"Cc", "Cf"}} - {"\n"}
    assert file.read_text() == text


def test_a_byte_order_mark_and_windows_lines_are_fine(tmp_path: Path) -> None:
    (tmp_path / "report.md").write_bytes(b"\xef\xbb\xbf# A\r\n\r\nFrom 10.0 s to 5.0 s: 3.0x faster.\r\n")
    done = perfkit(tmp_path, "audit", "report.md", "--json")
    assert {one["line"] for one in json.loads(done.stdout)["findings"]} == {3}


def test_colours(tmp_path: Path) -> None:
    assert "\x1b[" not in perfkit(REPORTS, "audit", "wrong.md").stdout
    assert "\x1b[" in perfkit(REPORTS, "audit", "wrong.md", FORCE_COLOR="1").stdout
    assert "\x1b[3" not in perfkit(REPORTS, "audit", "wrong.md", FORCE_COLOR="1", NO_COLOR="1").stdout
