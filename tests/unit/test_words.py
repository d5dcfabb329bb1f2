"""From what the user types, or writes into pyproject.toml, to variants."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from perfkit import catalog
from perfkit.api import sides
from perfkit.api.named_stages import pointed
from perfkit.api.sides import Asked
from perfkit.catalog import words
from perfkit.errors import PerfkitError, UsageError
from perfkit.model import StagePoint, Variant


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Give a project with a package, a script and a sub-folder."""
    files = {
        "src/pkg/__init__.py": "",
        "src/pkg/__main__.py": "print(1)",
        "src/pkg/mod.py": "def f(): return 1\nclass A:\n    def g(self): return 2\n",
        "job.py": "def f(): return 1\nif __name__ == '__main__':\n    print(f())\n",
        "other.py": "def f2(): return 1\nprint(f2())\n",
        "sub/job.py": "print(2)\n",
        "served.py": "def make_inputs(seed, *, n=3): return n\ndef run(inputs): return {'n': inputs}\n",
        "served_fast.py": "def run(inputs): return {'n': inputs}\n",
        "pyproject.toml": "",
    }
    for name, text in files.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


def place(project: Path, **changes) -> words.Place:
    return words.Place(**{"name": "x", "pipeline": "p", "root": project, "folder": project, **changes})


def found(project: Path, *given: str, **asked) -> list[Variant]:
    one = sides.find(Asked(words=given, **asked), start=project)
    return [one.bench.variant(name) for name in one.names]


@pytest.mark.parametrize(
    ("word", "is_one"),
    [
        ("pkg.mod:f", True),
        ("pkg:A.g", True),
        ("path/file.py:f", True),
        ("/abs/file.py:A.g", True),
        ("file.py", False),
        ("pkg.mod", False),
        ("a b:c", False),
        ("v1.2:x y", False),
        ("C:\\file", False),
    ],
)
def test_what_reads_as_a_callable(word: str, is_one: bool) -> None:
    assert words.is_callable_word(word) == is_one


def test_scripts_modules_and_callables_are_found(project: Path) -> None:
    script = words.script("sub/job.py", place(project))
    assert (script.kind, script.path, script.folder) == ("script", "sub/job.py", str(project))
    module = words.module("pkg", place(project))
    assert (module.path, module.target) == ("src/pkg/__main__.py", "pkg")
    assert module.packages == (str(project / "src"),)
    by_name = words.callable_("pkg.mod:A.g", place(project))
    assert (by_name.path, by_name.target) == ("src/pkg/mod.py", "pkg.mod:A.g")
    by_file = words.callable_("job.py:f", place(project))
    assert (by_file.path, by_file.target) == ("job.py", ":f")
    built_in = words.callable_("time:time", place(project))
    assert (built_in.path, built_in.target) == ("", "time:time")
    command = words.command("./a.out 500", place(project))
    assert (command.path, command.target) == ("", "./a.out 500")
    assert command.source_sha256 != words.command("./a.out 501", place(project)).source_sha256


def test_a_file_outside_the_project_keeps_its_whole_path(project: Path, tmp_path_factory) -> None:
    other = tmp_path_factory.mktemp("elsewhere") / "s.py"
    other.write_text("print(1)")
    assert words.script(str(other), place(project)).path == str(other)


def test_paths_are_those_of_the_folder_where_the_user_is(project: Path) -> None:
    assert words.script("job.py", place(project, folder=project / "sub")).path == "sub/job.py"
    with pytest.raises(UsageError, match=r"other\.py does not exist"):
        words.script("other.py", place(project, folder=project / "sub"))


def test_another_interpreter_may_have_modules_that_are_not_here(project: Path) -> None:
    with pytest.raises(UsageError, match="there is no module 'nowhere'"):
        words.module("nowhere", place(project))
    assert words.module("nowhere", place(project, lenient=True)).path == ""


def test_points() -> None:
    variant = Variant(name="x", pipeline="p", path="job.py", source_sha256="")
    assert words.point("A.g", variant) == StagePoint(file="job.py", function="A.g", name="g")
    assert words.point("pkg.mod:A.g", variant) == StagePoint(file="pkg.mod", function="A.g", name="g")
    for wrong in ("", ":f", "a b", "f()", "pkg:"):
        with pytest.raises(UsageError, match="names no function"):
            words.point(wrong, variant)


# ---------------------------------------------------------------- sides


def test_a_module_with_run_is_a_script_unless_somebody_makes_its_inputs(project: Path) -> None:
    both = found(project, "served.py", "served_fast.py")
    assert [one.kind for one in both] == ["pipeline", "pipeline"]
    assert [one.kind for one in found(project, "served_fast.py")] == ["script"]
    assert [one.kind for one in found(project, "job.py", "other.py")] == ["script", "script"]


def test_names_tell_sides_apart(project: Path) -> None:
    assert [one.name for one in found(project, "job.py", "sub/job.py")] == ["job", "sub_job"]
    assert [one.name for one in found(project, "-m pkg", "pkg.mod:f")] == ["pkg", "f"]
    same = found(project, "job.py", "job.py")
    assert same[0] == same[1]


def test_arguments_belong_to_scripts_and_modules(project: Path) -> None:
    (one,) = found(project, "job.py", arguments=("--n", "5"))
    assert one.arguments == ("--n", "5")
    with pytest.raises(UsageError, match="takes no arguments"):
        found(project, "pkg.mod:f", arguments=("5",))


def test_interpreters_once_or_once_for_each(project: Path) -> None:
    both = found(project, "job.py", "other.py", pythons=(sys.executable,))
    assert {one.python for one in both} == {sys.executable}
    with pytest.raises(UsageError, match="give --python once for all sides, or 2 times"):
        found(project, "job.py", "other.py", pythons=(sys.executable,) * 3)
    with pytest.raises(UsageError, match="a command names its own interpreter"):
        found(project, commands=("true",), pythons=(sys.executable,))


def test_stages_that_are_named_lie_where_the_user_says(project: Path) -> None:
    (one,) = found(project, "job.py", stages=("f", "pkg.mod:A.g"))
    assert one.points == (
        StagePoint(file="job.py", function="f", name="f"),
        StagePoint(file="pkg.mod", function="A.g", name="g"),
    )
    (one,) = found(project, "job.py", stages=("f", "pkg.mod:f"))
    assert [point.name for point in one.points] == ["job.f", "mod.f"]
    ours, theirs = found(project, "job.py", "other.py", stages=("f=f2",))
    assert ours.points == (StagePoint(file="job.py", function="f", name="f"),)
    assert theirs.points == (StagePoint(file="other.py", function="f2", name="f"),)
    with pytest.raises(UsageError, match=r"other\.py has no function 'f' .*--stage OLD=NEW"):
        found(project, "job.py", "other.py", stages=("f",))


def test_a_stage_by_a_file_is_relative_to_the_user(project: Path) -> None:
    (one,) = found(project, "job.py")
    made = pointed(one, ("../job.py:f",), is_baseline=True, root=project, folder=project / "sub")
    assert made.points == (StagePoint(file="job.py", function="f", name="f"),)


# ---------------------------------------------------------------- tables in pyproject.toml


def configured(project: Path, table: str) -> dict[str, Variant]:
    (project / "pyproject.toml").write_text(f"[tool.perfkit.pipelines.work]\n{table}")
    opened = catalog.open_project(project)
    pipeline = catalog.find_pipeline(opened, "work")
    return {name: catalog.find_variant(opened, pipeline, name) for name in pipeline.variants}


def test_variants_of_every_kind(project: Path) -> None:
    made = configured(
        project,
        f"""
        variants.a = {{ script = "job.py", arguments = ["--n", "{{n}}"], folder = "sub", stages = ["f"] }}
        variants.b = {{ module = "pkg", python = "{shlex.quote(sys.executable)}" }}
        variants.c = {{ callable = "pkg.mod:f" }}
        variants.d = {{ command = "./a.out 500" }}
        variants.e = "pkg.mod:f"
        variants.f = "-m pkg"
        variants.g = "served.py"
        """,
    )
    assert {name: one.kind for name, one in made.items()} == {
        "a": "script",
        "b": "module",
        "c": "callable",
        "d": "command",
        "e": "callable",
        "f": "module",
        "g": "pipeline",
    }
    assert made["a"].arguments == ("--n", "{n}")
    assert made["a"].folder == str(project / "sub")
    assert made["a"].points == (StagePoint(file="job.py", function="f", name="f"),)
    assert made["b"].python == sys.executable
    assert made["d"].target == "./a.out 500"
    assert made["e"].target == made["c"].target == "pkg.mod:f"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            'variants.a = { script = "job.py", module = "pkg" }',
            "say one of script, module, callable or command",
        ),
        ('variants.a = { arguments = ["5"] }', "say one of script, module, callable or command"),
        ('variants.a = { script = "gone.py" }', "gone.py does not exist"),
        ('variants.a = { script = "job.py", folder = "gone" }', "runs in gone, which is no folder"),
        ('variants.a = { script = "job.py", stages = ["a b"] }', "names no function"),
        ('variants.a = { module = "gone" }', "there is no module 'gone'"),
        ('variants.a = { script = "job.py", argument = ["5"] }', "argument"),
        ('variants.a = { script = "job.py", arguments = "5" }', "arguments"),
        (
            'variants.a = { callable = "pkg.mod:f", inputs = "pkg:x" }\n'
            'variants.b = { callable = "pkg.mod:f", inputs = "pkg:y" }',
            "inputs are the same for all variants",
        ),
    ],
)
def test_tables_that_are_wrong(project: Path, table: str, said: str) -> None:
    with pytest.raises(PerfkitError) as caught:
        configured(project, table)
    assert said in str(caught.value)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
