"""Call trees: guessed from callers and callees, and pruned, with nothing lost."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from perfkit import model
from perfkit.analyse.stacks import PRUNED, approximate
from perfkit.model.tables import FunctionTable, Strings

if TYPE_CHECKING:
    from collections.abc import Sequence

Edge = tuple[str, str, float]


def table(self_s: dict[str, float], edges: Sequence[Edge], **changes: Any) -> FunctionTable:
    """Build a table of functions in one file; each edge is one call of so many seconds."""
    names = list(self_s)
    count = len(names)
    called = [sum(callee == name for _, callee, _ in edges) for name in names]
    fields = {
        "calls": np.array([max(1, one) for one in called], dtype=np.int64),
        "caller": np.array([names.index(caller) for caller, _, _ in edges], dtype=np.int32),
        "callee": np.array([names.index(callee) for _, callee, _ in edges], dtype=np.int32),
        "edge_calls": np.ones(len(edges), dtype=np.int64),
        "edge_cumulative_s": np.array([cost for _, _, cost in edges], dtype=np.float64),
        "cumulative_s": np.array(list(self_s.values()), dtype=np.float64),
    } | changes
    return FunctionTable(
        title="t",
        python="",
        files=["/p/a.py", "~"],
        places=["a.py", "~"],
        own=np.array([True, False]),
        main=-1,
        file=np.array([name.startswith("<built-in") for name in names], dtype=np.int32),
        line=np.arange(1, count + 1, dtype=np.int32),
        names=names,
        qualified=Strings(("",), np.zeros(count, dtype=np.int32)),
        primitive_calls=fields["calls"],
        self_s=np.array(list(self_s.values()), dtype=np.float64),
        edge_self_s=fields["edge_cumulative_s"],
        **fields,
    )


def stacks(tree: model.CallTree) -> dict[str, float]:
    """Return each node's path and own time; a parent comes before its children."""
    paths: list[str] = []
    for node, above in enumerate(tree.parent):
        assert above < node
        name = tree.frames[tree.frame[node]].name
        paths.append(name if above < 0 else f"{paths[above]}/{name}")
    assert len(set(paths)) == len(paths)
    return dict(zip(paths, tree.self_s, strict=True))


DIAMOND: tuple[dict[str, float], list[Edge]] = (
    {"main": 1.0, "a": 2.0, "b": 3.0, "shared": 4.0},
    [("main", "a", 5.0), ("main", "b", 4.0), ("a", "shared", 3.0), ("b", "shared", 1.0)],
)


def test_a_shared_function_is_divided_by_the_time_of_the_edges() -> None:
    tree, pruned = approximate(table(*DIAMOND))
    assert stacks(tree) == {
        "main": 1.0,
        "main/a": 2.0,
        "main/b": 3.0,
        "main/a/shared": 3.0,
        "main/b/shared": 1.0,
    }
    assert pruned == 0.0
    assert tree.approximate
    assert not tree.samples


def test_entries_are_functions_at_their_places_or_built_in() -> None:
    tree, _ = approximate(
        table({"f": 1.0, "<built-in method len>": 1.0}, [("f", "<built-in method len>", 1.0)])
    )
    assert tree.frames == (
        model.StackFrame(file="a.py", line=1, name="f"),
        model.StackFrame(file="~", line=2, name="<built-in method len>", kind="built-in"),
    )


def test_qualified_names_are_preferred() -> None:
    tree, _ = approximate(
        FunctionTable(
            **{
                name: getattr(table({"f": 1.0}, []), name)
                for name in FunctionTable.__slots__
                if name != "qualified"
            },
            qualified=["Thing.f"],
        )
    )
    assert [one.name for one in tree.frames] == ["Thing.f"]


def test_recursion_is_cut_and_its_cost_stays_with_the_other_callers() -> None:
    costs = {"main": 1.0, "walk": 2.0, "visit": 4.0}
    edges = [("main", "walk", 6.0), ("walk", "walk", 5.0), ("walk", "visit", 6.0), ("visit", "walk", 5.0)]
    tree, pruned = approximate(table(costs, edges))
    assert stacks(tree) == {"main": 1.0, "main/walk": 2.0, "main/walk/visit": 4.0}
    assert pruned == 0.0


def test_a_circle_that_nobody_enters_is_told_once() -> None:
    tree, _ = approximate(table({"a": 1.0, "b": 2.0}, [("a", "b", 2.0), ("b", "a", 2.0)]))
    assert sorted(stacks(tree).values()) == [1.0, 2.0]
    assert tree.parent == (-1, 0)


def test_calls_without_a_caller_are_a_root() -> None:
    # Three calls, one of which main accounts for: the profiler was started inside the others.
    one = table({"main": 1.0, "f": 3.0}, [("main", "f", 1.0)], calls=np.array([1, 3]))
    found = stacks(approximate(one)[0])
    assert found == pytest.approx({"main": 1.0, "main/f": 1.0, "f": 2.0})


def test_edges_without_time_are_divided_by_calls() -> None:
    edges = [("a", "f", 0.0), ("b", "f", 0.0)]
    one = table({"a": 1.0, "b": 1.0, "f": 4.0}, edges, calls=np.array([1, 1, 4]), edge_calls=np.array([1, 3]))
    found = stacks(approximate(one)[0])
    assert (found["a/f"], found["b/f"]) == (1.0, 3.0)


def test_what_is_small_becomes_the_parents() -> None:
    costs = {"main": 50.0, "small": 0.3, "smaller": 0.1, "large": 49.6}
    edges = [("main", "small", 0.4), ("small", "smaller", 0.1), ("main", "large", 49.6)]
    tree, pruned = approximate(table(costs, edges), threshold=0.01)
    assert stacks(tree) == pytest.approx({"main": 50.4, "main/large": 49.6})
    assert pruned == pytest.approx(0.004)


def test_small_roots_are_told_together() -> None:
    tree, pruned = approximate(table({"main": 99.0, "a": 0.5, "b": 0.5}, []), threshold=0.01)
    assert stacks(tree) == {"main": 99.0, "(pruned)": 1.0}
    assert tree.frames[-1] == PRUNED
    assert pruned == pytest.approx(0.01)


def test_the_costliest_nodes_are_kept() -> None:
    costs = {"main": 1.0, "a": 2.0, "b": 3.0, "c": 4.0}
    tree, pruned = approximate(table(costs, [("main", name, costs[name]) for name in "abc"]), most=3)
    assert stacks(tree) == {"main": 3.0, "main/c": 4.0, "main/b": 3.0}
    assert pruned == pytest.approx(0.2)


@pytest.mark.parametrize("costs", [{}, {"a": 0.0, "b": 0.0}])
def test_no_time_makes_no_tree(costs: dict[str, float]) -> None:
    edges = [("a", "b", 0.0)] if costs else []
    tree, pruned = approximate(table(costs, edges))
    assert (math.fsum(tree.self_s), len(tree.frame), pruned) == (0.0, 0, 0.0)


def test_paths_in_doubles_do_not_explode() -> None:
    # Each of 60 layers calls the next in two ways: 2**60 stacks, of which few are worth telling.
    names = {f"{side}{layer}": 1.0 for layer in range(60) for side in "ab"}
    edges = [
        (f"{upper}{layer}", f"{lower}{layer + 1}", 1.0)
        for layer in range(59)
        for upper in "ab"
        for lower in "ab"
    ]
    tree, pruned = approximate(table(names, edges))
    assert 100 < len(tree.frame) < 10_000
    assert math.fsum(tree.self_s) == pytest.approx(120.0, rel=1e-9)
    assert 0 < pruned < 1


def test_a_very_deep_chain_is_followed() -> None:
    count = 5_000
    names = {f"f{number}": float(number == count - 1) for number in range(count)}
    edges = [(f"f{number}", f"f{number + 1}", 1.0) for number in range(count - 1)]
    one = FunctionTable(
        **{
            name: getattr(table({"f": 1.0}, []), name)
            for name in ("title", "python", "files", "places", "own", "main")
        },
        file=np.zeros(count, dtype=np.int32),
        line=np.arange(count, dtype=np.int32),
        names=list(names),
        qualified=list(names),
        calls=np.ones(count, dtype=np.int64),
        primitive_calls=np.ones(count, dtype=np.int64),
        self_s=np.array(list(names.values())),
        cumulative_s=np.ones(count),
        caller=np.arange(len(edges), dtype=np.int32),
        callee=np.arange(1, count, dtype=np.int32),
        edge_calls=np.ones(len(edges), dtype=np.int64),
        edge_self_s=np.zeros(len(edges)),
        edge_cumulative_s=np.ones(len(edges)),
    )
    tree, _ = approximate(one)
    assert tree.parent == tuple(range(-1, count - 1))
    assert tree.self_s[-1] == 1.0
