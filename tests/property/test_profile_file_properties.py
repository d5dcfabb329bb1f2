"""Random profiles: read as pstats reads them, told in the same places everywhere, turned into whole trees."""

from __future__ import annotations

import io
import marshal
import math
import pstats
import tempfile
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.analyse.acyclic import layers
from perfkit.analyse.stacks import approximate
from perfkit.errors import StoreError
from perfkit.model.tables import printable
from perfkit.profilers import places, pstats_child
from perfkit.profilers.pstats_columns import NonsenseError, checked
from perfkit.profilers.tables import load_file

Stats = dict[Any, Any]

TEXT = st.text(st.characters(), max_size=8) | st.sampled_from(["~", "<lambda>", "/a/b.py", "\udc80", "\x00"])
KEYS = st.tuples(TEXT, st.integers(0, 2**31 - 1), TEXT)
TIMES = st.floats(0, 1e6)
COSTS = st.tuples(st.integers(0, 2**62), st.integers(0, 2**62), TIMES, TIMES)


@st.composite
def profiles(draw: st.DrawFn) -> Stats:
    keys = draw(st.lists(KEYS, unique=True, max_size=8))
    callers = st.dictionaries(st.sampled_from(keys), COSTS, max_size=8) if keys else st.just({})
    return {key: (*draw(COSTS), draw(callers)) for key in keys}


def columns_of(content: bytes) -> Any:
    """Read a profile as the child process does, within this one."""
    handle = io.BytesIO()
    pstats_child.write(pstats_child.read(content), handle)
    return checked(handle.getvalue(), "random")


def again(columns: Any) -> Stats:
    """Return the dictionary that columns stand for."""
    keys = [
        (columns.files[file], line, columns.names[name])
        for file, line, name in zip(
            columns.file.tolist(), columns.line.tolist(), columns.name.tolist(), strict=True
        )
    ]
    found: Stats = {
        key: (*row, {})
        for key, row in zip(
            keys,
            zip(
                columns.primitive_calls.tolist(),
                columns.calls.tolist(),
                columns.self_s.tolist(),
                columns.cumulative_s.tolist(),
                strict=True,
            ),
            strict=True,
        )
    }
    for caller, callee, *cost in zip(
        columns.caller.tolist(),
        columns.callee.tolist(),
        columns.edge_calls.tolist(),
        columns.edge_self_s.tolist(),
        columns.edge_cumulative_s.tolist(),
        strict=True,
    ):
        found[keys[callee]][4][keys[caller]] = tuple(cost)
    return found


@given(profiles())
def test_columns_hold_what_pstats_reads(stats: Stats) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.prof"
        file.write_bytes(marshal.dumps(stats))
        if stats:  # pstats refuses an empty one
            reference: Stats = pstats.Stats(str(file), stream=io.StringIO()).stats  # type: ignore[attr-defined]
        else:
            reference = {}
    expected = {
        key: (*row[:4], {caller: (max(cost[:2]), *cost[2:]) for caller, cost in row[4].items()})
        for key, row in reference.items()
    }
    assert again(columns_of(marshal.dumps(stats))) == expected


@given(profiles(), st.data())
@settings(max_examples=60, deadline=None)
def test_any_changed_byte_is_read_or_refused(stats: Stats, data: st.DataObject) -> None:
    content = bytearray(marshal.dumps(stats))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as folder:  # in a child process: some of these crash it
        file = Path(folder) / "a.prof"
        file.write_bytes(content)
        try:
            found = load_file(file, cache=None)
        except StoreError as error:
            assert str(file) in str(error)  # noqa: PT017  not every change is damage
            return
    assert len(found.edge_calls) == len(found.caller) == len(found.callee)
    assert not found.caller.size or found.caller.max() < len(found.calls)
    assert all(type(name) is str for name in found.names)


@given(st.binary(max_size=200))
def test_columns_of_any_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(NonsenseError):
        checked(raw, "random")


@given(profiles())
@settings(max_examples=10, deadline=None)
def test_the_child_process_reads_the_same(stats: Stats) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.prof"
        file.write_bytes(marshal.dumps(stats))
        cold = load_file(file, cache=Path(folder) / "cache")
        warm = load_file(file, cache=Path(folder) / "cache")
    direct = columns_of(marshal.dumps(stats))
    for table in (cold, warm):
        assert list(table.files) == direct.files
        assert list(table.names) == [direct.names[code] for code in direct.name]
        assert table.edge_cumulative_s.tolist() == direct.edge_cumulative_s.tolist()


# ------------------------------------------------------------ places

SEGMENT = st.text("abcxyz_0", min_size=1, max_size=5).map("m{}".format)
TAIL = st.lists(SEGMENT, min_size=1, max_size=3).map(lambda parts: "/".join(parts) + ".py")
LIBRARY = st.sampled_from(
    ["json/decoder.py", "re/__init__.py", "asyncio/events.py", "os.py", "distutils/core.py"]
)
HOMES = st.lists(st.text("abc xyz-.é", min_size=1, max_size=6).map("h{}h".format), min_size=1, max_size=4)


@st.composite
def machines(draw: st.DrawFn) -> tuple[str, str, str, bool]:
    """Draw where a machine has its project, packages and standard library; and whether it is Windows."""
    home, tools = draw(HOMES), draw(HOMES)
    if draw(st.booleans()):
        prefix = draw(st.sampled_from(["Python311", "python-3.12", "Anaconda3", "pypy3.10"]))
        drive = draw(st.sampled_from("CDz"))
        library = str(PureWindowsPath(f"{drive}:\\", *tools, prefix, draw(st.sampled_from(["Lib", "lib"]))))
        packages = draw(st.sampled_from([library, str(PureWindowsPath("C:\\", *home, "venv", "Lib"))]))
        return str(PureWindowsPath(f"{drive}:\\", *home)), packages + "\\site-packages", library, True
    lib = draw(st.sampled_from(["lib/python3.11", "lib64/python3.12", "lib/python3.13t", "lib/pypy3.10"]))
    library = str(PurePosixPath("/", *tools, lib))
    venv = str(PurePosixPath("/", *home, ".venv", lib))
    packages = draw(st.sampled_from([library, venv])) + draw(
        st.sampled_from(["/site-packages", "/dist-packages"])
    )
    return str(PurePosixPath("/", *home)), packages, library, False


def on(machine: tuple[str, str, str, bool], tails: list[tuple[int, str]]) -> list[str]:
    windows = machine[3]
    return [
        f"{machine[which]}/{tail}".replace("/", "\\") if windows else f"{machine[which]}/{tail}"
        for which, tail in tails
    ]


@given(
    st.lists(TAIL, min_size=1, max_size=5),
    st.lists(TAIL, max_size=3),
    st.lists(LIBRARY, max_size=3),
    machines(),
    machines(),
)
@settings(max_examples=300)
def test_places_do_not_depend_on_the_machine(
    own: list[str], packages: list[str], library: list[str], here: Any, there: Any
) -> None:
    tails = [(0, one) for one in own] + [(1, one) for one in packages] + [(2, one) for one in library]
    first, second = places.locate(on(here, tails)), places.locate(on(there, tails))
    assert first.places == second.places
    assert first.own == second.own == [which == 0 for which, _ in tails]
    assert first.places[len(own) :] == [*packages, *library]
    assert len(set(first.places[: len(own)])) == len(set(own))
    assert all(tail.endswith(place) for place, tail in zip(first.places, own, strict=False))


@given(st.lists(TEXT, max_size=6))
def test_any_path_has_a_place(files: list[str]) -> None:
    found = places.locate(files)
    assert len(found.places) == len(found.own) == len(files)
    assert all(found.places) or "" in found.places


# ------------------------------------------------------------ trees


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Any, Any, Any, Any]:
    count = draw(st.integers(1, 8))
    index = st.integers(0, count - 1)
    pairs = draw(st.lists(st.tuples(index, index), unique=True, max_size=25))
    weight = [draw(st.floats(0, 10)) for _ in pairs]
    return (
        np.array([one for one, _ in pairs], dtype=np.int32),
        np.array([one for _, one in pairs], dtype=np.int32),
        np.array(weight),
        np.array([draw(st.floats(0, 3)) for _ in range(count)]),
    )


@given(graphs())
def test_layers_hold_no_circle_and_come_in_order(graph: tuple[Any, Any, Any, Any]) -> None:
    caller, callee, weight, entered = graph
    seen: set[int] = set()
    called_from: set[int] = set()
    for layer in layers(caller, callee, weight, entered):
        # By now every callee's own edges have been: it is a caller in no later layer.
        sources = set(caller[layer].tolist())
        assert not sources & called_from
        assert not sources & set(callee[layer].tolist())
        called_from |= set(callee[layer].tolist())
        assert not seen & set(layer.tolist())
        seen |= set(layer.tolist())
    left_out = set(range(len(caller))) - seen
    # Only an edge of a circle is left out: there is a way back from its callee to its caller.
    for edge in left_out:
        reached, way = {int(callee[edge])}, [int(callee[edge])]
        while way:
            here = way.pop()
            further = {int(one) for one in callee[caller == here]} - reached
            reached |= further
            way += further
        assert int(caller[edge]) in reached


@given(profiles(), st.sampled_from([0.0, 0.001, 0.05, 0.5]), st.integers(1, 40))
def test_trees_keep_all_time(stats: Stats, threshold: float, most: int) -> None:
    table = table_of(stats)
    total = math.fsum(table.self_s)
    tree, pruned = approximate(table, threshold=threshold, most=most)
    assert math.isclose(math.fsum(tree.self_s), total, rel_tol=1e-9, abs_tol=1e-12)
    assert 0.0 <= pruned <= 1.0
    assert len(tree.frame) <= most + 1
    assert all(above < node for node, above in enumerate(tree.parent))
    whole = dict.fromkeys(range(len(tree.frames)), 0.0)
    for frame, cost in zip(tree.frame, tree.self_s, strict=True):
        whole[frame] += cost
    if not pruned and not threshold:
        told = {(one.file, one.line, one.name): whole[index] for index, one in enumerate(tree.frames)}
        for (_, line, name), row in stats.items():
            if row[2] > 0:
                same = [
                    cost for (_, at, called), cost in told.items() if (at, called) == (line, printable(name))
                ]
                assert max(same, default=0.0) >= row[2] * (1 - 1e-9)


def table_of(stats: Stats) -> Any:
    """Return the table of a random profile, read within this process."""
    from perfkit.model.tables import FunctionTable, Strings

    columns = columns_of(marshal.dumps(stats))
    located = places.locate(columns.files)
    same = ("file", "line", "calls", "primitive_calls", "self_s", "cumulative_s", "caller", "callee")
    return FunctionTable(
        title="random",
        python="",
        files=columns.files,
        places=located.places,
        own=np.array(located.own, dtype=np.bool_),
        main=-1,
        names=Strings(columns.names, columns.name),
        qualified=[""] * len(columns.name),
        **{
            name: getattr(columns, name) for name in (*same, "edge_calls", "edge_self_s", "edge_cumulative_s")
        },
    )
