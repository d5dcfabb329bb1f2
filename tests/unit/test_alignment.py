"""Two sources of a function, line by line: what is paired, what it cost, what is folded and shown first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from perfkit import model
from perfkit.analyse.alignment import align, hottest
from perfkit.analyse.line_pairs import pair_up

if TYPE_CHECKING:
    from collections.abc import Mapping


def function(
    source: str, costs: Mapping[int, tuple[int, float]] | None = None, **changes: object
) -> model.FunctionLines:
    """Build a function; `costs` holds hits and seconds by the line of the source, from 0."""
    first = 10
    fields: dict[str, object] = {"name": "work", "file": "demo.py", "stage": None, "calls": ()} | changes
    return model.FunctionLines(
        first_line=first,
        source=tuple(source.split("\n")),
        lines=tuple(
            model.LineCost(line=first + at, hits=hits, time_s=time_s)
            for at, (hits, time_s) in (costs or {}).items()
        ),
        **fields,  # type: ignore[arg-type]
    )


def rows(before: str | None, after: str | None) -> list[tuple[str, str | None, str | None]]:
    made = align(
        function(before) if before is not None else None,
        function(after) if after is not None else None,
        stage="",
        how="same name",
    )
    return [
        (row.kind, row.before.text if row.before else None, row.after.text if row.after else None)
        for row in made.lines
    ]


def test_equal_sources_are_unchanged():
    source = "@stage('work')\ndef work(x):\n\n    return x"
    assert rows(source, source) == [("unchanged", line, line) for line in source.split("\n")]


@pytest.mark.parametrize(
    "after", ["            total += x * y", "    total += x * y  # the hot one", "    total += x * z"]
)
def test_lines_that_are_alike_stay_side_by_side(after):
    before = "    total += x * y"
    found = rows(f"def work():\n{before}\n    return total", f"def work():\n{after}\n    return total")
    assert found[1] == ("replaced", before, after)
    assert [kind for kind, _, _ in found] == ["unchanged", "replaced", "unchanged"]


def test_a_number_sign_in_a_string_starts_no_comment():
    before, after = "    name = '# of all the lines'", "    name = '# something else entirely here'"
    assert rows(f"def work():\n{before}", f"def work():\n{after}")[1:] == [
        ("removed", before, None),
        ("added", None, after),
    ]


def test_a_function_that_moved_into_a_class_is_unchanged():
    before = "def work(self):\n    return 1"
    after = "    def work(self):\n        return 1"
    assert [kind for kind, _, _ in rows(before, after)] == ["unchanged", "unchanged"]
    assert rows(before, after)[1] == ("unchanged", "    return 1", "        return 1")


def test_one_side_alone_is_removed_or_added():
    source = "def work():\n    return 1"
    assert rows(source, None) == [("removed", line, None) for line in source.split("\n")]
    assert rows(None, source) == [("added", None, line) for line in source.split("\n")]
    made = align(None, function(source), stage="s", how="new")
    assert (made.before, made.before_file, made.before_s) == ("", "", 0.0)
    assert (made.after, made.after_file, made.stage, made.how) == ("work", "demo.py", "s", "new")


def test_the_definitions_belong_together_however_little_they_share():
    before = "@slow\n@cached\ndef work(a):\n    return a"
    after = "@stage('other')\nasync def quick(*, matrix: Matrix = NONE) -> Matrix:\n    return a"
    found = rows(before, after)
    assert ("replaced", "def work(a):", "async def quick(*, matrix: Matrix = NONE) -> Matrix:") in found
    assert found[:3] == [
        ("removed", "@slow", None),
        ("removed", "@cached", None),
        ("added", None, "@stage('other')"),
    ]


def test_the_most_alike_are_paired_in_order():
    before = ["a = load(path)", "b = scale(a, 2.0)", "c = center(b)"]
    after = ["print('begin')", "b = scale(a, 3.0)", "c = center(b, axis=0)", "log.debug(c)"]
    assert pair_up(before, after) == [(1, 1), (2, 2)]


def test_blank_lines_do_not_pull_code_apart():
    before = ["values = read(path)", "", "total = sum(values)", "", "return total / count"]
    after = ["", "values = read(path, mode)", "total = sum(values)", "return total / count", "", ""]
    pairs = pair_up(before, after)
    assert {(0, 1), (2, 2), (4, 3)} <= set(pairs)


@pytest.mark.parametrize("line", ["    x += 1", "", "    else:"])
def test_lines_that_occur_often_are_not_misaligned(line):
    before = [line if at % 2 else f"    call_{at}(x)" for at in range(2000)]
    after = [*before[:700], "    inserted = 1", *before[700:1500], *before[1501:]]
    pairs = pair_up(before, after)
    assert [one for one in range(2000) if one not in dict(pairs)] == [1500]
    assert all(before[one] == after[other] for one, other in pairs)


def test_only_repeated_lines_are_paired_too():
    before = ["pass"] * 2000
    assert len(pair_up(before, ["begin", *before[:1990], "end"])) == 1990


def test_a_source_too_large_for_a_table_is_split_at_lines_that_occur_once():
    before = [f"    value_{at} = {at}" for at in range(4500)]
    after = ["    begin()", *before[1:2000], "    middle()", *before[2000:-1], "    end()"]
    pairs = pair_up(before, after)
    assert len(pairs) == 4498
    assert all(before[one] == after[other] for one, other in pairs)
    assert pair_up(["x"] * 4500, ["y", *["x"] * 4500, "z"]) == []  # nothing divides it


def test_lines_know_what_they_cost():
    before = function("def work(n):\n    for i in range(n):\n        slow(i)", {1: (101, 0.5), 2: (100, 1.5)})
    made = align(before, function("def work(n):\n    fast(n)", {1: (1, 0.0)}), stage="", how="same name")
    by_line = {row.before.number: row.before for row in made.lines if row.before}
    assert (by_line[10].hits, by_line[10].time_s, by_line[10].share) == (None, None, None)
    assert (by_line[12].hits, by_line[12].time_s, by_line[12].share) == (100, 1.5, 0.75)
    assert (made.before_s, made.after_s) == (2.0, 0.0)
    (last,) = [row.after for row in made.lines if row.after and row.after.number == 11]
    assert (last.hits, last.share) == (1, 0.0)  # a function that took no time has no hot line


# ---------------------------------------------------------------- folds


def long_source(changed: str = "    x = 300") -> str:
    head = "@stage('work')\ndef work(x):\n    '''One.\n\n    Two\n    lines\n    more.\n    '''"
    body = [f"    x = {at}" for at in range(100)]
    body[50] = changed
    return "\n".join([head, "    for i in x:", *body, "    return x"])


def test_cold_unchanged_lines_are_folded_and_hot_ones_are_not():
    costs = {40: (7, 1.0)}
    made = align(
        function(long_source(), costs), function(long_source("    x = 301")), stage="", how="same name"
    )
    shown = {row.before.number - 10 for row in made.lines if row.before and not row.folded}
    changed = 8 + 1 + 50
    assert {38, 39, 40, 41, 42} <= shown  # the hot line and its context
    assert {changed - 2, changed - 1, changed, changed + 1, changed + 2} <= shown
    assert {0, 1, 2} <= shown  # decorator, definition, the docstring's first line
    assert not {3, 4, 5, 6, 7} & shown  # the rest of the docstring
    assert len(shown) < 25
    assert len(made.lines) == len(long_source().split("\n"))


def test_the_heads_of_the_blocks_around_a_hot_line_are_shown():
    inner = "\n".join(f"            y = {at}" for at in range(40))
    source = f"def work(x):\n    for a in x:\n        for b in a:\n{inner}\n    return y"
    made = align(function(source, {30: (5, 1.0)}), function(source), stage="", how="same name")
    shown = [row.before.text.strip() for row in made.lines if row.before and not row.folded]
    assert "for a in x:" in shown
    assert "for b in a:" in shown
    assert "y = 27" in shown
    assert "y = 10" not in shown


def test_a_fold_is_never_shorter_than_what_stands_for_it():
    source = "\n".join(["def work(x):", *(f"    x = {at}" for at in range(30))])
    made = align(function(source, {5: (1, 1.0), 12: (1, 1.0)}), function(source), stage="", how="same name")
    folds = "".join("f" if row.folded else " " for row in made.lines).split()
    assert folds
    assert min(len(fold) for fold in folds) >= 3


def test_a_long_function_that_vanished_is_folded_around_its_hot_lines():
    made = align(function(long_source(), {60: (3, 2.0)}), None, stage="", how="vanished")
    shown = {row.before.number - 10 for row in made.lines if row.before and not row.folded}
    assert 60 in shown
    assert len(shown) < 25


def test_source_that_cannot_be_parsed_is_aligned_all_the_same():
    assert [kind for kind, _, _ in rows("def work(:\n  x = 1", "def work(:\n  x = 2")] == [
        "unchanged",
        "replaced",
    ]


# ---------------------------------------------------------------- choice


def aligned(name: str, source: str, before: Mapping[int, float], after_s: float) -> model.AlignedFunction:
    return align(
        function(source, {at: (1, time_s) for at, time_s in before.items()}, name=name),
        function(source, {1: (1, after_s)}, name=name),
        stage="",
        how="same name",
    )


def test_a_caller_does_not_come_before_the_function_where_the_time_went():
    run = aligned("run", "def run(x):\n    y = slow(x)\n    return Model.fit(y)", {1: 8.2, 2: 1.0}, 0.0)
    slow = aligned("slow", "def slow(x):\n    return x * x", {1: 8.0}, 0.0)
    fit = aligned("Model.fit", "def fit(y):\n    return y", {1: 0.9}, 0.0)
    assert [one.before for one in hottest([run, slow, fit], 5)] == ["slow", "Model.fit"]
    assert [one.before for one in hottest([run, slow, fit], 1)] == ["slow"]


def test_what_costs_more_than_before_is_chosen_too():
    worse = aligned("worse", "def worse():\n    pass", {1: 1.0}, 4.0)
    better = aligned("better", "def better():\n    pass", {1: 2.0}, 1.0)
    assert [one.before for one in hottest([better, worse], 5)] == ["worse", "better"]


def test_nothing_is_chosen_where_nothing_differs():
    assert hottest([aligned("same", "def same():\n    pass", {1: 1.0}, 1.0)], 5) == ()
    assert hottest([], 5) == ()
