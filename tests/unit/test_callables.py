from __future__ import annotations

import functools
import math
import random
import sys
import textwrap
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from perfkit.errors import UsageError
from perfkit.python.callables import places, word

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = """
import functools

def solve(x, method="lu"):
    return x

class Model:
    def predict(self, x):
        return x

    @classmethod
    def build(cls):
        return cls()

    @staticmethod
    def scale(x):
        return x

def outer():
    def inner():
        pass
    return inner

fast = functools.partial(solve, method="qr")
cached = functools.lru_cache(solve)
model = Model()
double = lambda x: 2 * x
made = outer()
"""


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Any:
    made = ModuleType("solvers_of_a_test")
    monkeypatch.setitem(sys.modules, made.__name__, made)
    exec(SOURCE, vars(made))  # noqa: S102
    return made


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("solve", "solve"),
        ("Model", "Model"),
        ("Model.predict", "Model.predict"),
        ("Model.build", "Model.build"),
        ("Model.scale", "Model.scale"),
        ("fast", "fast"),
        ("cached", "cached"),
        ("model.predict", "model.predict"),
        ("double", "double"),
        ("made", "made"),
    ],
)
def test_what_a_module_names_is_found_by_that_name(module: Any, path: str, expected: str) -> None:
    thing = functools.reduce(getattr, path.split("."), module)
    assert word(thing) == f"solvers_of_a_test:{expected}"


@pytest.mark.parametrize(
    ("thing", "expected"),
    [
        (math.sqrt, "math:sqrt"),
        (sorted, "builtins:sorted"),
        (str.upper, "builtins:str.upper"),
        (dict.fromkeys, "builtins:dict.fromkeys"),
        (random.random, "random:random"),
        (np.add, "numpy:add"),
        (np.linalg.norm, "numpy.linalg:norm"),
    ],
)
def test_builtins_and_what_is_written_in_c_are_found(thing: object, expected: str) -> None:
    assert word(thing) == expected


def test_what_cannot_be_imported_is_refused_with_what_to_do(module: Any) -> None:
    def inner() -> None: ...

    shadowed = module.solve
    exec("def solve(x): return -x", vars(module))  # noqa: S102
    for thing, expected in (
        (lambda: 0, "a lambda has no name .* define it with def"),
        (inner, "inner is defined inside .*: define it at the top level"),
        (functools.partial(module.solve), "has no name that another process could import: give it one"),
        (module.Model().predict, "Model.predict is bound to one Model, .* write a function"),
        ([].append, "bound to one list"),
        (shadowed, "solvers_of_a_test:solve leads to another object"),
        (3, "int 3 cannot be measured: pass a function"),
        (None, "NoneType None cannot be measured"),
    ):
        with pytest.raises(UsageError, match=expected):
            word(thing)


def test_the_running_scripts_own_functions_are_found_by_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent("""
        import functools
        def work(): pass
        named = functools.partial(work)
        for passing in [functools.partial(work)]: pass
        """)
    )
    main = ModuleType("__main__")
    main.__file__ = str(script)
    monkeypatch.setitem(sys.modules, "__main__", main)
    exec(script.read_text(), vars(main))  # noqa: S102
    assert word(main.work) == f"{script}:work"
    assert word(main.named) == f"{script}:named"
    with pytest.raises(UsageError, match="has no name"):
        word(main.passing)  # a loop's variable is no definition


def test_the_name_that_multiprocessing_gives_the_main_module_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "script.py"
    script.write_text("for passing in [object()]: pass")
    main = ModuleType("__main__")
    main.__file__ = str(script)
    exec(script.read_text(), vars(main))  # noqa: S102
    monkeypatch.setitem(sys.modules, "__main__", main)
    monkeypatch.setitem(sys.modules, "__mp_main__", main)  # as `import multiprocessing` does
    assert places(main.passing) == []


def test_a_prompts_functions_are_in_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    main = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", main)
    exec("def work(): pass", vars(main))  # noqa: S102
    with pytest.raises(UsageError, match=r"work was defined at a prompt .* %%perfkit"):
        word(main.work)
