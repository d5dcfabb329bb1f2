from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import perfkit

ROOT = Path(perfkit.__file__).parent


def _printed(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_importing_perfkit_loads_the_standard_librarys_cheapest_modules_alone() -> None:
    code = "import sys; before = set(sys.modules); import perfkit; print(sorted(set(sys.modules) - before))"
    loaded = set(ast.literal_eval(_printed(code)))
    assert loaded <= {"perfkit", "perfkit.markers", "__future__", "_contextvars", "contextvars"}


def test_importing_perfkit_takes_less_than_importing_a_json_parser_twice() -> None:
    """A bound that holds on a slow machine, too: both are measured in one process, the best of several."""
    code = """
import sys, time
def took(*names):
    for name in [one for one in sys.modules if one.partition('.')[0] in names]:
        del sys.modules[name]
    begin = time.perf_counter()
    for name in names:
        __import__(name)
    return time.perf_counter() - begin
took('perfkit'), took('json')
print(min(took('perfkit') for _ in range(9)) / min(took('json') for _ in range(9)))
"""
    assert float(_printed(code)) < 2


def test_every_name_is_there_and_loaded_on_first_use() -> None:
    code = (
        "import sys, perfkit; assert 'numpy' not in sys.modules;"
        "assert set(perfkit.__all__) <= set(dir(perfkit));"
        "print([name for name in perfkit.__all__ if not callable(getattr(perfkit, name))])"
    )
    assert _printed(code) == "[]"


def test_a_name_that_there_is_not_is_named() -> None:
    with pytest.raises(AttributeError, match="'perfkit' has no attribute 'comparee'"):
        perfkit.comparee  # type: ignore[attr-defined]  # noqa: B018


def test_type_checkers_see_every_public_name() -> None:
    """What is loaded late must be imported for those who only read: else it is unknown to them."""
    tree = ast.parse((ROOT / "__init__.py").read_text())
    seen = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert set(perfkit.__all__) <= seen


@pytest.mark.parametrize(
    "first",
    ["pass", "import perfkit.verify.numbers", "from perfkit.api import comparison", "perfkit.compare"],
)
def test_verify_is_a_function_and_a_package_whatever_was_loaded_before(first: str) -> None:
    code = (
        f"import perfkit\n{first}\n"
        "import perfkit.verify.comparator\n"
        "from perfkit import verify\n"
        "assert verify is perfkit.verify and perfkit.verify.comparator.compare\n"
        "try:\n    perfkit.verify('one')\n"
        "except perfkit.PerfkitError as error:\n    print(type(error).__name__)"
    )
    assert _printed(code) == "UsageError"
