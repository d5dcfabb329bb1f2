"""Histories: what may be compared is one series, in its order, and says no more than the reports do."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from perfkit import catalog, model
from perfkit.analyse import history as analysis
from perfkit.api import history, reports
from perfkit.api.bench import Bench
from perfkit.errors import UsageError
from perfkit.report import history as words
from perfkit.report import history_chart, history_page, summary
from perfkit.report.text import plain
from tests import builders, histories
from tests.pipelines import project

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.model.history import History


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return project(tmp_path, name="demo")


def load(root: Path, **options: Any) -> History:
    return history.load(catalog.open_project(root), "demo", **options)


def commits(root: Path, n: int) -> list[str]:
    """Make so many commits; the oldest first."""
    git(root, "init", "-q")
    names = []
    for index in range(n):
        subject = f"Change <b>{index}</b> | `x`"
        git(root, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", subject, "--allow-empty")
        names.append(git(root, "rev-parse", "HEAD"))
    return names


def git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def sentences(found: History) -> list[str]:
    (one, *_) = words.build(found).series
    return [plain(each) for each in one.headline]


def test_it_says_what_the_reports_say(root: Path) -> None:
    ids = histories.write(root, [10.0, 9.0], pairs=7)
    found = catalog.open_project(root)
    bench = Bench(project=found, pipeline=catalog.find_pipeline(found, "demo"))
    (series,) = load(root).series
    for name, point in zip(ids, series.points, strict=True):
        breakdown = reports.load(bench, name).breakdown
        assert point.speedups[""] == breakdown.run
        assert point.verdict == breakdown.verdict
        rows = {one.path: one.speedup for one in breakdown.rows if one.kind == "stage"}
        for path in ("read", "count"):
            ours, theirs = point.speedups[path], rows[path]
            assert theirs is not None
            assert (ours.value, ours.low, ours.high) == (theirs.value, theirs.low, theirs.high)
            assert ours.n == theirs.n


def test_grouped_pairs_count_as_groups(root: Path) -> None:
    ids = histories.write(root, [10.0], pairs=6)
    store = Bench(
        project=catalog.open_project(root), pipeline=catalog.find_pipeline(catalog.open_project(root), "demo")
    ).store
    made = store.read_comparison(ids[0])
    pairs = tuple(
        dataclasses.replace(one, plan=dataclasses.replace(one.plan, group=index // 2))
        for index, one in enumerate(made.pairs)
    )
    store.write_comparison(dataclasses.replace(made, id="20260401-grouped", pairs=pairs))
    (series,) = load(root).series
    assert [(one.speedups[""].n, one.speedups[""].group) for one in series.points] == [(6, 1), (3, 2)]


def test_a_change_is_told_with_its_commit_and_what_changed_besides(root: Path) -> None:
    names = commits(root, 12)
    numpy = [{"numpy": "2.4.0"}] * 6 + [{"numpy": "2.5.0"}] * 6
    for day, (name, packages) in enumerate(zip(names, numpy, strict=True)):
        environment = builders.environment(git_commit=name, packages=packages)
        speedup = (10.0 if day < 6 else 7.0) * (1 + 0.004 * (day % 3))
        _one(root, day, speedup, environment=environment)
    found = load(root)
    (series,) = found.series
    assert series.order == "commits"
    assert [one.commit for one in series.points] == names
    shifts = {one.stage: one for one in series.shifts}
    assert shifts.keys() == {"", "count"}  # `read` did not change
    assert shifts["count"].index == 6
    assert shifts["count"].ratio.low is not None
    assert shifts["count"].ratio.low < 0.7 < (shifts["count"].ratio.high or 0)
    assert shifts["count"].alongside == ("numpy: 2.4.0 before, 2.5.0 since",)
    told = sentences(load(root, stage="count"))
    assert f"Change at {names[6][:9]} (Change <b>6</b> | `x`): the speedup fell from 10.0x to 7.0" in told[1]
    assert "Also changed there: numpy: 2.4.0 before, 2.5.0 since." in told[1]


def _one(root: Path, day: int, speedup: float, **changes: Any) -> None:
    """Write one comparison of a day."""
    begin = histories.BEGIN
    try:
        histories.BEGIN = begin.replace(day=1 + day)
        histories.write(root, [speedup], seed=day, **changes)
    finally:
        histories.BEGIN = begin


def test_the_order_is_gits_and_else_the_date(root: Path) -> None:
    names = commits(root, 3)
    histories.write(root, [3.0, 1.0, 2.0], commits=[names[2], names[0], names[1]])
    (series,) = load(root).series
    assert [round(one.speedups["count"].value) for one in series.points] == [1, 2, 3]
    assert [one.subject for one in series.points] == [f"Change <b>{i}</b> | `x`" for i in range(3)]
    _one(root, 9, 9.0, environment=builders.environment(git_commit="f" * 40))
    (series,) = load(root).series
    assert series.order == "dates"
    assert [round(one.speedups["count"].value) for one in series.points] == [3, 1, 2, 9]
    (view,) = words.build(load(root)).series
    assert "by date: not all commits are known here" in plain(view.conditions)


@pytest.mark.parametrize(
    "changes",
    [
        {"environment": builders.environment(cpu="Another CPU")},
        {"environment": builders.environment(usable_cores=1)},
        {"environment": builders.environment(python="3.12.1")},
        {"parameters": {"n": 200}},
        {"baseline": builders.variant("baseline", source_sha256="f" * 64)},
        {"sampling": model.Sampling(repeats=3)},
        {"contender": builders.variant("faster")},
    ],
    ids=["cpu", "cores", "python", "parameters", "baseline's source", "warm", "contender"],
)
def test_what_is_not_comparable_is_another_series(root: Path, changes: dict[str, Any]) -> None:
    histories.write(root, [10.0, 10.0])
    _one(root, 20, 5.0, **changes)
    newest, oldest = load(root).series
    assert [len(one.points) for one in (newest, oldest)] == [1, 2]
    assert not newest.shifts


@pytest.mark.parametrize(
    "changes",
    [
        {"environment": builders.environment(python="3.11.9")},
        {"environment": builders.environment(packages={"numpy": "9"})},
        {"contender": builders.variant("optimized", source_sha256="e" * 64)},
        {"sampling": model.Sampling(launch="fork")},
    ],
    ids=["python's patch", "packages", "contender's source", "forks"],
)
def test_what_is_comparable_is_one_series(root: Path, changes: dict[str, Any]) -> None:
    histories.write(root, [10.0, 10.0])
    _one(root, 20, 5.0, **changes)
    assert [len(one.points) for one in load(root).series] == [3]


def test_revisions_of_one_file_are_one_series(root: Path) -> None:
    for day, name in enumerate(("a" * 40, "b" * 40)):
        _one(root, day, 4.0, contender=builders.variant(name[:7], path="bench.py", revision=name))
    (series,) = load(root).series
    assert series.contender == "bench.py"
    assert [one.commit[:1] for one in series.points] == ["a", "b"]
    assert analysis.commit(
        builders.comparison(contender=builders.variant("tree", revision="c" * 40 + "+dirty"))
    ) == ("a" * 40, True)


def test_what_cannot_be_told_is_left_out_and_named(root: Path) -> None:
    ids = histories.write(root, [10.0, 10.0, 10.0])
    folder = root / "reports" / "demo"
    (folder / "comparisons" / ids[0] / "comparison.json").write_text("{")
    second = json.loads((folder / "comparisons" / ids[1] / "comparison.json").read_text())
    run = second["pairs"][0]["baseline_run"]
    (folder / "runs" / run / "run.json").unlink()
    found = load(root)
    assert [len(one.points) for one in found.series] == [1]
    damaged, missing = found.notes
    assert damaged.startswith(f"comparison {ids[0]} is left out: it is damaged")
    assert missing == f"comparison {ids[1]} is left out: its run {run} is missing or damaged"


def test_wrong_words_are_named(root: Path) -> None:
    with pytest.raises(UsageError, match="there is no stored comparison of pipeline 'demo'"):
        load(root)
    histories.write(root, [10.0])
    with pytest.raises(UsageError, match="has the contender 'nope': there is optimized"):
        load(root, variants=["nope"])
    with pytest.raises(UsageError, match="no stage 'nope': there is count, read"):
        load(root, stage="nope")
    with pytest.raises(UsageError, match="started since 2027-01-01"):
        load(root, since=datetime(2027, 1, 1, tzinfo=UTC))
    assert len(load(root, variants=["optimized"], since=datetime(2026, 3, 1)).series) == 1
    with pytest.raises(UsageError, match="no pipeline 'nope'"):
        history.pipeline_of(catalog.open_project(root), "nope")
    assert history.pipeline_of(catalog.open_project(root), None) == "demo"


def test_few_comparisons_are_said_to_be_too_few(root: Path) -> None:
    histories.write(root, [10.0, 10.0, 5.0, 5.0, 5.0])
    assert "5 comparisons: too few to look for changes, which takes 6." in sentences(load(root))[1]


def test_the_chart_and_the_pages_show_it(root: Path, tmp_path: Path) -> None:
    names = commits(root, 8)
    histories.write(root, [10.0, 10.1, 10.0, 9.9, 5.0, 5.1, 5.0, 4.9], commits=names)
    found = load(root)
    chart = history_chart.draw(found, found.series[0])
    assert chart == history_chart.draw(found, found.series[0])
    assert chart.lstrip().startswith("<?xml")
    page = history_page.markdown(found, ["h.svg"])
    assert "](h.svg)" in page
    assert page.count(f"`{names[4][:9]}`") >= 3  # in the sentence, its row, and the stage's
    assert "not paired" in page
    assert "**▼ 0.7" in page  # all of run, in its row
    assert "▼ 0.50x at" in page  # the stage
    assert "Change \\<b\\>4\\</b\\> \\| \\`x\\`" in page
    html = history_page.html(found, [chart])
    assert html.count("<svg") == 1
    assert "<b>" not in html
    assert "CHART-" not in html
    written = history.write(found, tmp_path / "out" / "mine.md")
    assert [one.name for one in written] == ["mine.md", "mine.svg"]
    assert (tmp_path / "out" / "mine.svg").read_text() == chart
    assert history.write(found, tmp_path / "one.svg")[0].read_text() == chart
    with pytest.raises(UsageError, match=r"\.md, \.html or \.svg"):
        history.write(found, tmp_path / "one.pdf")
    data = json.loads(summary.as_json(found))
    assert data["series"][0]["shifts"][0]["index"] == 4


def test_outputs_are_told_beside(root: Path) -> None:
    histories.write(root, [10.0])
    wrong = dataclasses.replace(
        histories.SCRUTINY.verifications[0],
        stages=tuple(
            dataclasses.replace(one, verdict="different")
            for one in histories.SCRUTINY.verifications[0].stages
        ),
    )
    _one(root, 5, 10.0, scrutiny=model.Scrutiny(verifications=(wrong,)))
    _one(root, 6, 10.0, scrutiny=model.Scrutiny())
    (series,) = load(root).series
    assert [one.outputs for one in series.points] == ["verified", "different", "not compared"]


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ([1.0, 2.0, 4.0], "▁▅█"),
        ([5.0, 5.001], "▄▄"),
        ([3.0], "▄"),
        ([1.0] * 50 + [10.0] * 50, "▁" * 12 + "█" * 12),
    ],
)
def test_a_sparkline(values: list[float], drawn: str) -> None:
    assert words.sparkline(values) == drawn
