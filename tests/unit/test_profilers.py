"""Profilers: what they see of small modules, what they admit to have missed, and damaged files."""

from __future__ import annotations

import importlib.util
import math
import pickle
import pstats
import subprocess
import sys
import threading
import types
from typing import TYPE_CHECKING, Any

import pytest

from perfkit import stage
from perfkit.errors import StoreError
from perfkit.markers import Recorder
from perfkit.model import FunctionLines
from perfkit.profilers import cprofile, line

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SOURCE = '''
import functools
from concurrent.futures import ThreadPoolExecutor
from perfkit import stage


def logged(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)
    return wrapper


def hidden(function):
    return lambda *args: function(*args)


def helper(x):
    return x + 1


@stage("add")
def add(values):
    """Docstring."""
    total = 0
    for value in values:
        total += helper(value)
    return total


@logged
@stage("double")
def double(x):
    return 2 * x


@hidden
def secret(x):
    return x


class Counter:
    def __init__(self):
        self.n = 0

    def __call__(self, x):
        self.n += 1
        return self.bump(x)

    @staticmethod
    def bump(x):
        return x + 1

    @classmethod
    def make(cls):
        return cls()

    @property
    def count(self):
        return self.n


def use(counter: Counter):
    return counter(1)


def use_unknown(thing):
    return thing(1)


def threaded(n):
    done = []

    def fill(i):
        done.append(i)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(fill, range(n)))
    return len(done)


def never():
    return None


@stage("idle")
def idle():
    return None


def run(inputs):
    with stage("block"):
        counter = Counter.make()
        use(counter)
        use_unknown(counter)
    return add(inputs) + double(3) + secret(4) + counter.count
'''


@pytest.fixture
def variant(tmp_path: Path) -> tuple[types.ModuleType, Path]:
    (tmp_path / "variants").mkdir()
    file = tmp_path / "variants" / "demo.py"
    file.write_text(SOURCE)
    spec = importlib.util.spec_from_file_location("demo", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module, file


def lines_of(
    variant: Any, folder: Path, function: Callable[[types.ModuleType], object]
) -> dict[str, FunctionLines]:
    module, file = variant
    profiler = line.Profiler(module, file)
    profiler.run(lambda: function(module))
    profiler.save(folder)
    return {one.name: one for one in line.read(folder, file.parent.parent).lines}


def hits(function: FunctionLines) -> dict[str, int]:
    return {function.source[cost.line - function.first_line].strip(): cost.hits for cost in function.lines}


# ---------------------------------------------------------------- cProfile


def test_cprofile_counts_calls(variant, tmp_path):
    module, file = variant
    profiler = cprofile.Profiler(module, file)
    assert profiler.run(lambda: module.run([1, 2, 3])) == 9 + 6 + 4 + 2
    profiler.save(tmp_path)
    costs = cprofile.read(tmp_path, tmp_path).functions
    assert profiler.warnings == []
    (helper,) = [one for one in costs if one.name == "helper"]
    assert (helper.file, helper.calls, helper.primitive_calls) == ("variants/demo.py", 3, 3)
    assert helper.cumulative_s >= helper.self_s >= 0
    assert [one.self_s for one in costs] == sorted((one.self_s for one in costs), reverse=True)
    assert any(one.file == "~" for one in costs)
    theirs = pstats.Stats(str(tmp_path / cprofile.FILE)).stats
    theirs = {key: cost for key, cost in theirs.items() if "perfkit/markers" not in key[0]}
    assert {(one.line, one.name): one.calls for one in costs} == {
        (line, name): cost[1] for (_, line, name), cost in theirs.items()
    }


def test_cprofile_counts_recursion_as_pstats_does(tmp_path):
    def factorial(n):
        return 1 if n < 2 else n * factorial(n - 1)

    profiler = cprofile.Profiler(types.ModuleType("a"), tmp_path / "a.py")
    assert profiler.run(lambda: factorial(5)) == 120
    profiler.save(tmp_path)
    (found,) = [one for one in cprofile.read(tmp_path, tmp_path).functions if one.name == "factorial"]
    assert (found.calls, found.primitive_calls) == (5, 1)


STAGED = """
from perfkit import stage

def burn(n):
    return sum(i * i for i in range(n))

class Model:
    @stage("fit")
    def fit(self, n):
        with stage("inner"):
            burn(3 * n)
        return burn(n)

def run(n):
    with stage("block"):
        total = 0
        for i in range(n):
            total += i
        burn(n)
    Model().fit(n)
    for _ in range(5):
        with stage("often"):
            burn(n)
    return burn(n)
"""


@pytest.fixture
def staged(tmp_path):
    """Costs by stage and qualified name, and the stages' own record of their times."""
    file = tmp_path / "staged.py"
    file.write_text(STAGED)
    module = types.ModuleType("staged")
    exec(compile(STAGED, str(file), "exec"), module.__dict__)  # noqa: S102
    profiler = cprofile.Profiler(module, file)
    recorder = Recorder(watcher=profiler.watcher)
    recorder.start()
    profiler.run(lambda: module.run(20_000))
    recorder.stop()
    profiler.save(tmp_path)
    found = cprofile.read(tmp_path, tmp_path)
    return found, {node.path: node for node in recorder.trees[recorder.main_thread].walk()}


def test_cprofile_tells_stages_apart(staged):
    found, _ = staged
    stages = {one.path: {f.qualified: f for f in one.functions} for one in found.stage_costs}
    assert set(stages) == {"", "block", "fit", "fit/inner", "often"}
    calls = {path: functions["burn"].calls for path, functions in stages.items()}
    assert calls == {"": 1, "block": 1, "fit": 1, "fit/inner": 1, "often": 5}
    assert stages["fit"]["Model.fit"].calls == 1
    assert stages["fit"]["Model.fit"].cumulative_s >= stages["fit/inner"]["burn"].cumulative_s
    # A block's own lines are its stage's, though their function ends outside of it.
    held = stages["block"]["run"]
    assert held.calls == 0
    assert held.self_s > stages[""]["run"].self_s
    assert stages[""]["run"].calls == 1
    assert found.sources["staged.py"] == STAGED


def test_cprofile_stages_add_up(staged):
    found, nodes = staged
    for one in found.stage_costs:
        total = math.fsum([one.rest_s, *(function.self_s for function in one.functions)])
        assert total == pytest.approx(one.total_s, rel=1e-9)
        assert all(function.self_s >= 0 for function in one.functions)
        assert one.folded == ()
    leaf = {one.path: one.total_s for one in found.stage_costs}
    for path in ("block", "fit/inner", "often"):
        assert leaf[path] >= nodes[path].total_ns / 1e9  # the same interval, and a little on both ends
    whole = {one.qualified: one for one in found.functions}
    for name in ("burn", "run", "Model.fit"):
        parts = [f for one in found.stage_costs for f in one.functions if f.qualified == name]
        assert math.fsum(one.self_s for one in parts) == pytest.approx(whole[name].self_s, rel=1e-9)
        assert sum(one.calls for one in parts) == whole[name].calls


def test_cprofile_folds_stages_that_are_entered_too_often(monkeypatch, tmp_path):
    monkeypatch.setattr(cprofile, "_LEAST_NS", -1)
    monkeypatch.setattr(cprofile, "_MOST_SHARE", 0.0)
    profiler = cprofile.Profiler(types.ModuleType("a"), tmp_path / "a.py")
    recorder = Recorder(watcher=profiler.watcher)
    recorder.start()

    def run():
        with stage("outer"), stage("inner"):
            sorted([2, 1])

    profiler.run(run)
    recorder.stop()
    profiler.save(tmp_path)
    (one,) = cprofile.read(tmp_path, tmp_path).stage_costs
    assert (one.path, one.folded) == ("", ("outer", "outer/inner"))
    assert "sorted" in " ".join(function.name for function in one.functions)


def test_cprofile_stops_when_the_function_raises(variant, tmp_path):
    profiler = cprofile.Profiler(*variant)
    with pytest.raises(ZeroDivisionError):
        profiler.run(lambda: 1 / 0)
    assert sys.getprofile() is None
    start = threading.Thread.start
    assert start.__qualname__ == "Thread.start"


def test_cprofile_merges_the_same_function_under_two_paths(tmp_path):
    code = compile("def f(): pass\nf()", str(tmp_path / "a.py"), "exec")
    other = compile("def f(): pass\nf()", "a.py", "exec")
    profiler = cprofile.Profiler(types.ModuleType("a"), tmp_path / "a.py")
    profiler.run(lambda: (exec(code, {}), exec(other, {})))  # noqa: S102
    profiler.save(tmp_path)
    (found,) = [one for one in cprofile.read(tmp_path, tmp_path).functions if one.name == "f"]
    assert (found.file, found.calls) == ("a.py", 2)


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"{", b"[]", pickle.dumps({}), "cut"])
def test_cprofile_damaged_file(variant, tmp_path, damage):
    profiler = cprofile.Profiler(*variant)
    profiler.run(lambda: sorted([2, 1]))
    profiler.save(tmp_path)
    path = tmp_path / cprofile.FUNCTIONS
    path.write_bytes(path.read_bytes()[:-20] if damage == "cut" else damage)
    with pytest.raises(StoreError, match="is damaged"):
        cprofile.read(tmp_path, tmp_path)


def test_missing_files(tmp_path):
    with pytest.raises(StoreError, match="missing"):
        cprofile.read(tmp_path, tmp_path)
    with pytest.raises(StoreError, match="missing"):
        line.read(tmp_path, tmp_path)


@pytest.mark.parametrize("profilers", [cprofile, line])
def test_warns_of_threads_and_children(variant, profilers):
    module, file = variant

    def run() -> None:
        module.threaded(4)
        subprocess.run([sys.executable, "-c", ""], check=True)

    profiler = profilers.Profiler(module, file)
    profiler.run(run)
    threads, children = profiler.warnings
    assert "other thread" in threads
    assert children.startswith("child processes ran")
    assert threading.Thread.start.__qualname__ == "Thread.start"


def test_warns_of_nothing_without_reason(variant):
    for profilers in (cprofile, line):
        profiler = profilers.Profiler(*variant)
        assert profiler.run(lambda: 5) == 5
        assert profiler.warnings == []


# ---------------------------------------------------------------- line_profiler


def test_lines_of_every_kind_of_function(variant, tmp_path):
    found = lines_of(variant, tmp_path, lambda module: module.run([1, 2, 3]))
    assert {"helper", "add", "double", "secret", "use", "run"} <= set(found)
    assert {f"Counter.{name}" for name in ("__init__", "__call__", "bump", "make", "count")} <= set(found)
    assert hits(found["add"])["total += helper(value)"] == 3
    assert hits(found["helper"]) == {"return x + 1": 3}
    assert hits(found["Counter.__call__"])["self.n += 1"] == 2
    assert found["add"].file == "variants/demo.py"
    assert found["add"].source[0] == '@stage("add")'
    assert found["add"].source[-1] == "    return total"
    assert all(cost.time_s >= 0 and cost.hits > 0 for one in found.values() for cost in one.lines)


def test_functions_without_hits_are_kept_out_unless_they_are_stages(variant, tmp_path):
    found = lines_of(variant, tmp_path, lambda module: module.helper(1))
    assert "never" not in found
    assert found["idle"].lines == ()
    assert found["idle"].stage == "idle"


def test_stages_and_calls(variant, tmp_path):
    found = lines_of(variant, tmp_path, lambda module: module.run([1]))
    assert {name: one.stage for name, one in found.items() if one.stage} == {
        "add": "add",
        "double": "double",
        "idle": "idle",
        "run": "block",
    }
    assert found["add"].calls == ("helper",)
    assert found["Counter.__call__"].calls == ("Counter.bump",)
    assert "Counter.__call__" in found["use"].calls
    assert found["use_unknown"].calls == ("Counter.__call__",)
    assert {"add", "double", "secret", "use", "Counter.make", "Counter.count"} <= set(found["run"].calls)


def test_nested_functions_and_threads(variant, tmp_path):
    found = lines_of(variant, tmp_path, lambda module: module.threaded(7))
    assert hits(found["threaded.<locals>.fill"]) == {"done.append(i)": 7}
    assert found["threaded"].calls == ("threaded.<locals>.fill",)


def test_line_stops_when_the_function_raises(variant):
    module, file = variant
    profiler = line.Profiler(module, file)
    with pytest.raises(TypeError):
        profiler.run(lambda: module.helper(None))
    assert sys.gettrace() is None


def test_the_parent_never_loads_the_pickle(variant, tmp_path):
    found = lines_of(variant, tmp_path, lambda module: module.helper(1))
    (tmp_path / line.FILE).write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    assert {one.name: one for one in line.read(tmp_path, tmp_path).lines} == found


def test_line_profilers_own_file_is_there(variant, tmp_path):
    lines_of(variant, tmp_path, lambda module: module.helper(1))
    stats = pickle.loads((tmp_path / line.FILE).read_bytes())  # noqa: S301  just written
    assert any(name == "helper" for _, _, name in stats.timings)


@pytest.mark.parametrize("damage", [b"", b"[]", b"[1]", b'{"lines": [{"name": "f"}]}', b"\xff"])
def test_line_damaged_file(tmp_path, damage):
    (tmp_path / line.LINES).write_bytes(damage)
    with pytest.raises(StoreError, match="is damaged"):
        line.read(tmp_path, tmp_path)


def test_the_source_is_that_which_ran(variant, tmp_path):
    module, file = variant
    profiler = line.Profiler(module, file)
    profiler.run(lambda: module.helper(1))
    file.write_text("edited = True\n")
    profiler.save(tmp_path)
    (found,) = [one for one in line.read(tmp_path, tmp_path).lines if one.name == "helper"]
    assert found.source == ("def helper(x):", "    return x + 1")
