"""What is refused before anything is measured, and that the keywords are the options of the command line."""

from __future__ import annotations

import importlib
import inspect
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import perfkit
from perfkit.errors import PerfkitError, UsageError
from perfkit.measure.spawn import worker_environment
from perfkit.python import asked, calls, checked
from tests.pipelines import project

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = ["compare", "verify", "run", "profile", "scale"]
RENAMED = {"overrides": "set", "pythons": "python", "words": "sides"}
NOT_FROM_PYTHON = {
    "as_json": "to_dict()",
    "junit": "for a CI system, which calls the command line",
    "comment": "the same",
    "github": "the same",
    "modules": "'-m MODULE' is one of the sides",
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(project(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_the_command_line_is_a_keyword(name: str) -> None:
    command = importlib.import_module(f"perfkit.cli.{name}").command
    options = {one.name for one in command.params if one.expose_value} - set(NOT_FROM_PYTHON)
    keywords = inspect.signature(getattr(calls, name)).parameters
    assert {RENAMED.get(one, one) for one in options} <= set(keywords)


@pytest.mark.parametrize("name", COMMANDS)
def test_defaults_are_those_of_the_command_line(name: str) -> None:
    command = importlib.import_module(f"perfkit.cli.{name}").command
    keywords = inspect.signature(getattr(calls, name)).parameters
    with command.make_context(name, ["x"], resilient_parsing=True) as context:
        for option in command.params:
            known = keywords.get(RENAMED.get(option.name, option.name))
            if known is None or known.kind is known.VAR_POSITIONAL:
                continue
            usual = option.get_default(context)
            usual = None if "UNSET" in repr(usual) else usual  # click's own word for no default
            assert (known.default or None) == (usual or None), option.name


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"budget": 0}, "budget is above 0, not 0"),
        ({"budget": float("nan")}, "budget is a number, not nan"),
        ({"budget": "60"}, "budget is a number, not '60'"),
        ({"budget": True}, "budget is a number, not True"),
        ({"precision": 5}, "precision is a share below 1, such as 0.05 for 5 %, not 5"),
        ({"smallest_effect": -0.1}, "smallest_effect is above 0, not -0.1"),
        ({"pairs": 0}, "pairs is at least 1, not 0"),
        ({"pairs": 2.5}, "pairs is a whole number, not 2.5"),
        ({"warm": -1}, "warm is at least 0, not -1"),
        ({"seed": -1}, "seed is at least 0, not -1"),
        ({"timeout": 0}, "timeout is above 0"),
        ({"line_limit": -1}, "line_limit is at least 0, not -1"),
        ({"fail_below": 0.5}, "fail_below is at least 1, not 0.5"),
        ({"fail_if_slower": {"square": -1}}, "fail_if_slower is at least 0, not -1"),
        ({"fail_if_slower": 2}, "fail_if_slower is a share below 1, such as 0.05 for 5 %, not 2"),
        ({"require_verified": True, "verify": False}, "require_verified needs the outputs compared"),
        ({"set": {"n": [1]}}, r"set: n is \[1\], but a parameter is a finite number"),
        ({"set": {"n": float("inf")}}, "set: n is inf, but"),
        ({"set": {"a b": 1}}, "set: 'a b' is no name of a parameter"),
        ({"set": ["n=3"]}, r"set is a dictionary, such as .*, not \['n=3'\]"),
        ({"stages": [len]}, "stages holds texts, not <built-in function len>"),
        ({"make_inputs": "a:b", "inputs": "a:b"}, "make_inputs and inputs say the same thing"),
        ({"benchmark": "theirs"}, "benchmark is one of contender, baseline, own, here, not 'theirs'"),
        ({"pipeline": "nothing"}, "there is no pipeline 'nothing'"),
        ({"pipeline": 3}, "pipeline is a name, not 3"),
    ],
)
def test_what_makes_no_sense_is_refused(here: Path, options: dict[str, Any], expected: str) -> None:
    with pytest.raises(UsageError, match=expected):
        perfkit.compare("baseline", "optimized", **options)
    assert not (here / "reports").exists()


@pytest.mark.parametrize("name", ["../elsewhere", "/tmp/elsewhere", "..", ""])  # noqa: S108  nothing is written
def test_a_pipelines_folder_lies_below_reports(
    here: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(calls.comparison, "compare", lambda *_args, **_options: pytest.fail("was measured"))
    with pytest.raises(UsageError, match="is no name for a folder below reports/"):
        perfkit.compare("json:dumps", "json:loads", pipeline=name)


def test_the_number_of_sides_is_checked(here: Path) -> None:
    with pytest.raises(UsageError, match="name two sides, the baseline first, not 1"):
        perfkit.compare("baseline")
    with pytest.raises(UsageError, match="name one thing to run, not 2"):
        perfkit.run("baseline", "optimized")
    with pytest.raises(UsageError, match="name what to run"):
        perfkit.profile()
    with pytest.raises(UsageError, match="a lambda has no name"):
        perfkit.compare(lambda: 0, "optimized")
    with pytest.raises(UsageError, match="there is no variant 'fast'"):
        perfkit.verify("baseline", "fast")
    with pytest.raises(UsageError, match="sizes names the sizes"):
        perfkit.scale("baseline", sizes=[1, 2, 3, 4, 5], steps=7)


def test_an_unknown_keyword_is_pythons_own_error(here: Path) -> None:
    with pytest.raises(TypeError, match="buget"):
        perfkit.compare("baseline", "optimized", buget=3)  # type: ignore[call-arg]


def test_loading_what_is_not_stored_says_so(here: Path) -> None:
    with pytest.raises(UsageError, match="there is no stored comparison"):
        perfkit.load()
    with pytest.raises(UsageError, match="of pipeline 'squares'"):
        perfkit.load(pipeline="squares")
    with pytest.raises(UsageError, match="is stored under '2026'"):
        perfkit.load("2026")
    with pytest.raises(UsageError, match="there is no pipeline 'cubes'"):
        perfkit.load(pipeline="cubes")


def test_a_call_from_a_measured_process_is_refused(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a script without its guard would start processes without end."""
    for name, value in worker_environment(1, 2).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(PerfkitError, match='put the call below if __name__ == "__main__":'):
        perfkit.compare("baseline", "optimized")


def test_parameters_may_be_numpys() -> None:
    found = checked.parameters(
        {"n": np.int64(5), "x": np.float64(0.5), "flag": True, "name": "a", "none": None}
    )
    assert found == {"n": 5, "x": 0.5, "flag": True, "name": "a", "none": None}
    assert [type(one) for one in found.values()] == [int, float, bool, str, type(None)]


@pytest.mark.parametrize(
    "given",
    [
        {"things": ("baseline", "optimized"), "pipeline": "squares"},
        {"things": ("baseline", "optimized"), "set": {"n": 5, "x": 0.5, "flag": True, "none": None}},
        {
            "things": ("baseline", "optimized"),
            "set": {"a": "text", "b": "5", "c": "None", "d": '"q"', "e": "NaN"},
        },
        {"things": ("baseline", "optimized"), "seed": 3, "timeout": 90.0, "keep_home": True},
        {"things": ("baseline", "optimized"), "stages": ["square", "total"], "find_stages": False},
        {"things": ("json:dumps", "json:dumps"), "make_inputs": "os:getcwd"},
        {"things": ("-m timeit", "-m json.tool"), "arguments": ("--help", "-n")},
        {"things": (), "commands": ("echo 1", "echo 2 'b c'")},
    ],
)
def test_the_command_in_the_report_asks_for_the_same(
    here: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any]
) -> None:
    """What a call is said to have been on the command line is read back by the command line's own parser."""
    from perfkit.api import sides
    from perfkit.cli import compare

    seen: list[tuple[Any, dict[str, Any]]] = []

    def find(words: sides.Asked, **others: Any) -> Any:
        seen.append((words, {key: value for key, value in others.items() if key != "listener"}))
        raise UsageError("seen")

    monkeypatch.setattr(sides, "find", find)
    request = asked.Asked(timeout=given.pop("timeout", calls.TIMEOUT_S), **given)
    with pytest.raises(UsageError, match="seen"):
        request.find(lambda _event: None)
    words, others = seen.pop()
    typed = list(asked.typed(words, others["overrides"], others["seed"], others["timeout_s"]))
    with pytest.raises(UsageError, match="seen"):
        compare.command.main(typed, standalone_mode=False)
    assert seen == [(words, others)]
