"""Functions become stages when their module is compiled, and nothing else about them changes."""

from __future__ import annotations

import ast
import sys
import textwrap
from pathlib import Path

import pytest

from perfkit.markers import Recorder
from perfkit.measure import staging
from perfkit.measure.staging import Marks, NoStageError, functions, mark, why_not


def marked(source: str, **wanted: str) -> dict[str, object]:
    """Return the names of a module in which functions were made stages; a double underscore is a dot."""
    tree = ast.parse(textwrap.dedent(source))
    mark(tree, {name.replace("__", "."): stage for name, stage in wanted.items()}, "mod.py")
    names: dict[str, object] = {"__name__": "mod"}
    exec(compile(tree, "mod.py", "exec"), names)  # noqa: S102
    return names


def stages(call) -> list[str]:
    recorder = Recorder()
    recorder.start()
    try:
        call()
    finally:
        recorder.stop()
    return [node.path for tree in recorder.trees.values() for node in tree.walk()]


def test_functions_and_methods_wherever_they_are_defined() -> None:
    source = """
    def top(): pass
    class Outer:
        def method(self): pass
        class Inner:
            def deep(self): pass
    if True:
        def inside(): pass
    else:
        def otherwise(): pass
    try:
        def tried(): pass
    except ImportError:
        pass
    def outer():
        def local(): pass
    """
    found = [name for name, _ in functions(ast.parse(textwrap.dedent(source)))]
    assert found == [
        *("top", "Outer.method", "Outer.Inner.deep", "inside", "otherwise", "tried", "outer"),
    ]


@pytest.mark.parametrize("decorator", ["staticmethod", "classmethod"])
def test_a_stage_goes_below_what_must_see_the_function_last(decorator: str) -> None:
    first = "cls, x" if decorator == "classmethod" else "x"
    names = marked(f"class A:\n    @{decorator}\n    def f({first}): return x + 1\n", A__f="step")
    owner = names["A"]
    assert stages(lambda: owner.f(1)) == ["step"]
    assert stages(lambda: owner().f(1)) == ["step"]
    assert owner.f(1) == 2


def test_a_stage_stands_before_other_decorators_and_times_what_they_do() -> None:
    source = """
    calls = []
    def noted(function):
        def inner(x):
            calls.append(x)
            return function(x)
        return inner
    @noted
    def f(x): return x
    """
    names = marked(source, f="step")
    assert names["f"].__perfkit_stage__ == "step"
    assert stages(lambda: names["f"](3)) == ["step"]
    assert names["calls"] == [3]


def test_line_numbers_stay() -> None:
    source = "\n\n@(lambda f: f)\ndef f():\n    raise ValueError('here')\n"
    names = marked(source, f="step")
    with pytest.raises(ValueError, match="here") as caught:
        names["f"]()
    lines = [entry.lineno + 1 for entry in caught.traceback if str(entry.path).endswith("mod.py")]
    assert lines == [5]
    assert names["f"].__wrapped__.__code__.co_firstlineno == 3


def test_nested_classes_and_the_last_of_one_name() -> None:
    source = """
    class A:
        class B:
            def f(self): return 1
    def g(): return 1
    def g(): return 2
    """
    names = marked(source, A__B__f="inner", g="outer")
    assert stages(lambda: names["A"].B().f()) == ["inner"]
    assert stages(names["g"]) == ["outer"]
    assert names["g"]() == 2


def test_a_setter_hides_no_method_of_its_name() -> None:
    source = """
    class A:
        @property
        def x(self): return 1
        @x.setter
        def x(self, value): pass
    """
    with pytest.raises(NoStageError, match=r"'A.x' of mod.py cannot be a stage"):
        marked(source, A__x="x")


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("def f():\n    yield 1", "is a generator function"),
        ("def f():\n    x = yield from g()", "is a generator function"),
        ("async def f(): pass", "is a coroutine function"),
        ("@property\ndef f(self): pass", "is a @property"),
        ("@functools.cached_property\ndef f(self): pass", "is a @cached_property"),
        ("@typing.overload\ndef f(self): pass", "is a @overload"),
        ("def f():\n    def g(): yield 1\n    return g", ""),
        ("def f():\n    return (lambda: (yield))", ""),
        ("@functools.lru_cache(maxsize=None)\ndef f(x): return x", ""),
    ],
)
def test_what_can_be_no_stage(source: str, why: str) -> None:
    ((_, function),) = list(functions(ast.parse(source)))
    assert why_not(function).startswith(why)
    assert bool(why_not(function)) == bool(why)


def test_an_unknown_function_is_named_with_those_there_are() -> None:
    with pytest.raises(NoStageError, match=r"mod.py has no function 'h' .*; it has: f, A.g"):
        marked("def f(): pass\nclass A:\n    def g(self): pass\n", h="h")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.mark.parametrize("file", ["staged_parts.py", "staged_parts"])
def test_whoever_imports_a_marked_function_by_name_has_the_stage(
    folder: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    (folder / "staged_parts.py").write_text("def work(n):\n    return n + 1\ndef other(n):\n    return n\n")
    (folder / "staged_user.py").write_text("from staged_parts import work, other\n")
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    Marks(str(folder), [{"file": file, "function": "work", "name": "step"}]).install()
    __import__("staged_user")
    user = sys.modules["staged_user"]
    assert stages(lambda: user.work(1)) == ["step"]
    assert stages(lambda: user.other(1)) == []


def test_bytecode_of_the_unmarked_module_is_not_used_and_none_is_left(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (folder / "staged_twice.py").write_text("def work(n):\n    return n + 1\n")
    __import__("staged_twice")
    cached = set(folder.rglob("*.pyc"))
    del sys.modules["staged_twice"]
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    Marks(str(folder), [{"file": "staged_twice.py", "function": "work", "name": "step"}]).install()
    __import__("staged_twice")
    assert stages(lambda: sys.modules["staged_twice"].work(1)) == ["step"]
    assert set(folder.rglob("*.pyc")) == cached


def test_marks_are_looked_up_by_file_and_by_module(tmp_path: Path) -> None:
    marks = Marks(
        str(tmp_path),
        [
            {"file": "a.py", "function": "f", "name": "one"},
            {"file": "pkg.mod", "function": "g", "name": "two"},
        ],
    )
    assert marks.of(str(tmp_path / "sub" / ".." / "a.py")) == {"f": "one"}
    assert marks.of(None, "pkg.mod") == {"g": "two"}
    assert marks.of(str(tmp_path / "b.py"), "pkg") == {}
    assert staging.Marks(str(tmp_path), []).of(str(tmp_path / "a.py")) == {}
