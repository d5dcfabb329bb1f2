"""Where a script's import ends and its run begins, and what stands in its arguments."""

from __future__ import annotations

import ast
import textwrap

import pytest

from perfkit.measure.programs import _needs_shell, filled, is_guard, split


def halves(source: str, *, whole: bool = True) -> tuple[dict, dict]:
    """Return the names after the first half was run, and after both."""
    before, after = split(ast.parse(textwrap.dedent(source)), "s.py", whole=whole)
    names: dict = {"__name__": "__main__"}
    exec(before, names)  # noqa: S102
    first = dict(names)
    exec(after, names)  # noqa: S102
    return first, names


def test_all_before_the_guard_is_import_and_all_after_it_is_run() -> None:
    first, both = halves("""
    A = [1]
    def f(): return 2
    B = f()
    if __name__ == "__main__":
        C = 3
    D = 4
    """)
    assert {"A", "f", "B"} <= set(first)
    assert not {"C", "D"} & set(first)
    assert (both["C"], both["D"]) == (3, 4)


def test_without_a_guard_only_imports_come_before() -> None:
    first, both = halves("""
    '''About it.'''
    from __future__ import annotations
    import sys
    try:
        import json
    except ImportError:
        import pickle as json
    if sys:
        import os
    A = 1
    def f(): return 2
    """)
    assert {"sys", "json"} <= set(first)
    assert not {"A", "f"} & set(first)
    assert both["A"] == 1


def test_the_future_holds_for_both_halves() -> None:
    _, both = halves("from __future__ import annotations\nx = 1\ndef f(a: NotThere): pass\n")
    assert both["f"].__annotations__ == {"a": "NotThere"}


def test_of_a_script_that_is_not_run_all_definitions_are_there() -> None:
    source = """
    import sys
    N = 3
    M = undefined + 1
    print("not run")
    LOADED = open("/nowhere/at/all").read()
    @missing_decorator
    def g(): pass
    def f(): return N
    class A: pass
    """
    before, _ = split(ast.parse(textwrap.dedent(source)), "s.py", whole=False)
    names: dict = {"__name__": "s"}
    exec(before, names)  # noqa: S102
    assert names["f"]() == 3
    assert {"A", "sys"} <= set(names)
    assert not {"M", "LOADED", "g"} & set(names)


def test_lines_stay_where_they_are() -> None:
    _, after = split(ast.parse("import sys\n\nx = 1\n"), "s.py")
    assert after.co_filename == "s.py"
    assert max(line for _, _, line in after.co_lines() if line) == 3


@pytest.mark.parametrize(
    ("test", "is_one"),
    [
        ("__name__ == '__main__'", True),
        ("'__main__' == __name__", True),
        ("__name__ != '__main__'", False),
        ("__name__ == 'main'", False),
        ("name == '__main__'", False),
        ("__name__ == '__main__' == x", False),
        ("__name__", False),
    ],
)
def test_what_is_a_guard(test: str, is_one: bool) -> None:
    assert is_guard(ast.parse(f"if {test}: pass").body[0]) == is_one


def test_parameters_stand_in_their_places() -> None:
    given = ["--n", "{n}", "--name={name}-{seed}", "{other}", "a b"]
    assert filled(given, {"n": 500, "name": "x", "seed": 7}) == ["--n", "500", "--name=x-7", "{other}", "a b"]
    assert filled(["{n}{n}"], {"n": True}) == ["TrueTrue"]


@pytest.mark.parametrize(
    ("line", "needed"),
    [
        ("./a.out 500", False),
        ("python -c 'print(1); print(2)'", False),
        ('echo "a b; c"', False),
        ('echo "$HOME"', True),
        ("a | b", True),
        ("a > out.txt", True),
        ("ls *.py", True),
        ("echo 'it''s' && true", True),
    ],
)
def test_when_a_shell_is_needed(line: str, needed: bool) -> None:
    assert _needs_shell(line) == needed
