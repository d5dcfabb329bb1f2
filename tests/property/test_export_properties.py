"""Exports lose nothing, whatever functions are called and however long they take."""

from __future__ import annotations

import csv
import io
import json
import math

from hypothesis import given
from hypothesis import strategies as st

from perfkit import model
from perfkit.report.exports import chrome, folded, speedscope, spreadsheet
from perfkit.report.exports.benchmarks import Timed, one_line
from tests import builders
from tests.call_trees import read_folded, tree_of

NAMES = st.text(min_size=1, max_size=8) | st.sampled_from(["a;b", "a b", "a 7", "%3B", "\n", "\\n", "\\"])
FRAMES = st.builds(model.StackFrame, file=st.just(""), line=st.just(0), name=NAMES)
WHOLE = st.integers(min_value=0, max_value=10**9)
SPENT = st.dictionaries(st.lists(FRAMES, min_size=1, max_size=5).map(tuple), WHOLE, max_size=12)
Spent = dict[tuple[model.StackFrame, ...], int]


def tree(spent: Spent) -> model.CallTree:
    return tree_of({stack: time_us / 1e6 for stack, time_us in spent.items()})


def by_name(spent: Spent) -> dict[tuple[str, ...], int]:
    return {tuple(one.name for one in stack): time_us for stack, time_us in spent.items() if time_us}


@given(SPENT)
def test_folded_stacks_come_back(spent: Spent) -> None:
    found = read_folded(folded.render(tree(spent)))
    assert {stack: weight for stack, (weight,) in found.items()} == by_name(spent)


@given(SPENT, SPENT)
def test_two_profiles_come_back(before: Spent, after: Spent) -> None:
    found = read_folded(folded.render_difference(tree(before), tree(after)))
    assert {stack: one for stack, (one, _) in found.items() if one} == by_name(before)
    assert {stack: other for stack, (_, other) in found.items() if other} == by_name(after)


@given(SPENT, SPENT)
def test_no_time_is_lost(before: Spent, after: Spent) -> None:
    profiles = [("before", tree(before)), ("after", tree(after))]
    made = json.loads(speedscope.render(profiles, name="x", exporter="y"))
    events = json.loads(chrome.render(profiles, name="x"))["traceEvents"]
    for pid, (one, spent) in enumerate(zip(made["profiles"], (before, after), strict=True), start=1):
        total_s = sum(spent.values()) / 1e6
        assert math.isclose(math.fsum(one["weights"]), total_s, abs_tol=1e-9)
        ends: dict[int, float] = {}
        for each in events:
            if each["ph"] == "X" and each["pid"] == pid:
                ends[each["tid"]] = max(ends.get(each["tid"], 0.0), each["ts"] + each["dur"])
        assert math.isclose(math.fsum(ends.values()), total_s * 1e6, abs_tol=0.125 * len(ends))


@given(st.lists(st.text(), max_size=8, unique=True))
def test_different_names_stay_different(names: list[str]) -> None:
    made = [one_line(one) for one in names]
    assert len(set(made)) == len(names)
    assert all(one.isprintable() for one in made)


@given(st.text(), st.floats(min_value=0, allow_infinity=False, allow_nan=False))
def test_cells_come_back(path: str, time_s: float) -> None:
    stage = model.StageTiming(path=path, calls=1, total_s=time_s)
    made = spreadsheet.timings([Timed(run=builders.timing_run("a", stages=(stage,)))])
    row = list(csv.DictReader(io.StringIO(made.decode("utf-8", "surrogatepass"), newline="")))[-1]
    assert row["stage"] == path or row["stage"] == f"'{path}"
    assert float(row["time_s"]) == time_s
