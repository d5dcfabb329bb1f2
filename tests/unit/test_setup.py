"""What a script shows of itself, and what becomes of pyproject.toml: all of it planned, and written whole."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from perfkit import catalog
from perfkit.api import configuration, scripts, setup
from perfkit.errors import StoreError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

PIPELINE = "def make_inputs(seed): return seed\ndef run(inputs): return inputs\n"
GUARDED = "def main():\n    print(1)\n\nif __name__ == '__main__':\n    main()\n"
CALLABLE = "def numbers(seed): return [seed]\ndef count(numbers): return len(numbers)\n"


def looked_at(root: Path, source: str, path: str = "slow.py") -> scripts.Script:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source)
    return scripts.look(path, root, root)


def planned(root: Path, source: str, path: str = "slow.py", **wanted: Any) -> setup.Planned:
    return setup.plan(setup.Wanted(script=looked_at(root, source, path), **wanted), root)


def variants(plan: setup.Planned) -> dict[str, Any]:
    content, _ = plan.files["pyproject.toml"]
    found: dict[str, Any] = tomllib.loads(content.decode())["tool"]["perfkit"]["pipelines"][plan.pipeline]
    assert set(found) == {"variants"}
    return dict(found["variants"])


@pytest.mark.parametrize(
    ("source", "entry", "entries"),
    [
        (PIPELINE, "run", ["run"]),
        (PIPELINE + GUARDED, "run", ["run", "__main__", "main"]),
        (GUARDED, "__main__", ["__main__", "main"]),
        ("print(1)\n", "__main__", ["__main__"]),
        ("", "__main__", ["__main__"]),
        ("def f(): pass\nfor i in range(3): f()\n", "__main__", ["__main__", "f"]),
        (CALLABLE, "", ["numbers", "count"]),
        ("'doc'\nimport os\nX = 1\ndef only(a): pass\n", "only", ["only"]),
        ("from other import make_inputs, run\n", "run", ["run"]),
        ("if '__main__' == __name__:\n    print(1)\n", "__main__", ["__main__"]),
    ],
)
def test_how_a_script_can_be_run(tmp_path: Path, source: str, entry: str, entries: list[str]) -> None:
    found = looked_at(tmp_path, source)
    assert (found.entry(), found.entries()) == (entry, entries)


def test_each_kind_is_written_as_the_configuration_reads_it(tmp_path: Path) -> None:
    assert variants(planned(tmp_path, PIPELINE)) == {"baseline": "slow.py", "optimized": "slow_optimized.py"}
    found = planned(tmp_path, GUARDED, arguments=("--n", "5"), contender_name="fast")
    assert variants(found) == {
        "baseline": {"script": "slow.py", "arguments": ["--n", "5"]},
        "fast": {"script": "slow_fast.py", "arguments": ["--n", "5"]},
    }
    assert found.command == "perfkit compare baseline fast"
    found = planned(tmp_path, CALLABLE, entry="count", inputs="numbers", contender_name="v-2")
    assert variants(found) == {
        "baseline": {"callable": "slow.py:count", "inputs": "slow.py:numbers"},
        "v-2": {"callable": "slow_v_2.py:count", "inputs": "slow.py:numbers"},
    }


def test_an_entry_that_the_guard_calls_is_the_whole_file_unless_it_gets_inputs(tmp_path: Path) -> None:
    assert planned(tmp_path, GUARDED, entry="main").kind == "script"
    assert planned(tmp_path, GUARDED, entry="main", inputs="main").kind == "callable"


def test_files_of_packages_are_named_as_modules(tmp_path: Path) -> None:
    (tmp_path / "src" / "pkg" / "sub").mkdir(parents=True)
    for one in ("pkg", "pkg/sub"):
        (tmp_path / "src" / one / "__init__.py").touch()
    found = planned(tmp_path, CALLABLE, "src/pkg/sub/slow.py", entry="count", inputs="numbers")
    assert variants(found)["optimized"] == {
        "callable": "pkg.sub.slow_optimized:count",
        "inputs": "pkg.sub.slow:numbers",
    }
    assert found.contender == "src/pkg/sub/slow_optimized.py"
    found = planned(tmp_path, "from . import other\n" + GUARDED, "src/pkg/tool.py")
    assert variants(found)["baseline"] == {"module": "pkg.tool"}
    (tmp_path / "deep" / "pkg").mkdir(parents=True)
    (tmp_path / "deep" / "pkg" / "__init__.py").touch()
    with pytest.raises(UsageError, match="or its src folder"):
        planned(tmp_path, CALLABLE, "deep/pkg/slow.py", entry="count", inputs="numbers")


def test_a_module_in_baselines_gets_its_contender_where_convention_has_it(tmp_path: Path) -> None:
    found = planned(tmp_path, PIPELINE, "baselines/words.py")
    assert (found.pipeline, found.contender) == ("words", "optimized/words.py")
    setup.write(found)
    assert (tmp_path / "optimized" / "words.py").read_text() == PIPELINE
    with pytest.raises(UsageError, match="there is a pipeline 'words'"):
        planned(tmp_path, PIPELINE, "baselines/words.py")


def test_the_contender_may_be_there(tmp_path: Path) -> None:
    (tmp_path / "fast.py").write_text("x = 1\n")
    found = planned(tmp_path, PIPELINE, contender="fast.py")
    assert variants(found)["optimized"] == "fast.py"
    assert "fast.py" not in found.files
    (tmp_path / "slow_optimized.py").write_text("mine = 1\n")
    with pytest.raises(UsageError, match=r"slow_optimized\.py exists already: take it with --contender"):
        planned(tmp_path, PIPELINE)
    (tmp_path / "slow_optimized.py").write_text(PIPELINE)  # as an init that was killed leaves it
    assert "slow_optimized.py" not in planned(tmp_path, PIPELINE).files


@pytest.mark.parametrize(
    ("source", "wanted", "sentence"),
    [
        (CALLABLE, {}, "with --entry: __main__ for the whole file, or one of numbers, count"),
        (CALLABLE, {"entry": "no"}, "no function 'no' at its top; --entry may be numbers, count"),
        (CALLABLE, {"entry": "count"}, "name what makes them with --inputs"),
        (GUARDED, {"entry": "__main__", "inputs": "main"}, "--inputs are for a function"),
        (PIPELINE, {"arguments": ("5",)}, "takes no arguments of a script"),
        (
            PIPELINE,
            {"name": "a/b"},
            "--name: the name of the pipeline is letters, digits, _ and -, not 'a/b'",
        ),
        (PIPELINE, {"name": ""}, None),
        (PIPELINE, {"contender_name": "../x"}, "--contender-name: the name of the contender"),
        (PIPELINE, {"contender_name": "baseline"}, "call the contender something else"),
        (PIPELINE, {"contender": "no.py"}, "no.py does not exist"),
    ],
)
def test_mistakes(tmp_path: Path, source: str, wanted: dict[str, Any], sentence: str | None) -> None:
    if sentence is None:
        assert planned(tmp_path, source, **wanted).pipeline == "slow"
        return
    with pytest.raises(UsageError) as raised:
        planned(tmp_path, source, **wanted)
    assert sentence in str(raised.value)


@pytest.mark.parametrize(
    ("path", "sentence"),
    [("no.py", "does not exist"), ("x.txt", "is no Python file"), ("bad.py", "line 1 is no Python"),
     ("../out.py", "lies outside of")],
)  # fmt: skip
def test_what_is_no_script(tmp_path: Path, path: str, sentence: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "x.txt").touch()
    (root / "bad.py").write_text("def (")
    (tmp_path / "out.py").touch()
    with pytest.raises(UsageError, match=sentence):
        scripts.look(path, root, root)


def test_the_root_is_the_projects(tmp_path: Path) -> None:
    inner = tmp_path / "repo" / "sub" / "deep"
    inner.mkdir(parents=True)
    assert setup.find_root(inner) == inner
    (tmp_path / "pyproject.toml").touch()
    assert setup.find_root(inner) == tmp_path
    (tmp_path / "repo" / ".git").mkdir()
    assert setup.find_root(inner) == inner  # that one is another project's
    (tmp_path / "repo" / "pyproject.toml").write_text("[tool.perfkit]\n")
    (tmp_path / "repo" / "sub" / "pyproject.toml").touch()
    assert setup.find_root(inner) == tmp_path / "repo"


def test_a_pipeline_beside_others_is_named_in_the_command(tmp_path: Path) -> None:
    setup.write(planned(tmp_path, PIPELINE))
    found = planned(tmp_path, PIPELINE, "other.py")
    assert found.command == "perfkit compare baseline optimized --pipeline other"
    setup.write(found)
    assert set(catalog.open_project(tmp_path).pipelines) == {"slow", "other"}


# ---------------------------------------------------------------- .gitignore


def test_gitignore_is_added_to_once(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_bytes(b"build/\r\n*.pyc")
    setup.write(planned(tmp_path, PIPELINE))
    expected = b"build/\r\n*.pyc\r\n/reports/*/*/\r\n/reports/*/report.html\r\n"
    assert (tmp_path / ".gitignore").read_bytes() == expected
    assert ".gitignore" not in planned(tmp_path, PIPELINE, "other.py").files
    (tmp_path / ".gitignore").write_text("reports/\n")
    assert ".gitignore" not in planned(tmp_path, PIPELINE, "other.py").files


# ---------------------------------------------------------------- all or nothing


def content(root: Path) -> dict[str, bytes]:
    return {one.relative_to(root).as_posix(): one.read_bytes() for one in root.rglob("*") if one.is_file()}


@pytest.mark.parametrize("stop", [0, 1, 2, 3])
@pytest.mark.parametrize("error", [KeyboardInterrupt, StoreError])
def test_whatever_interrupts_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int, error: type[BaseException]
) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    plan = planned(tmp_path, PIPELINE, "baselines/words.py")
    before = content(tmp_path)
    assert len(plan.files) == 3
    real, calls = setup.replace_file, 0

    def failing(file: Path, new: bytes) -> Path:
        nonlocal calls
        calls += 1
        if calls - 1 == stop:
            raise error("now")
        return real(file, new)

    def broken(*_: object) -> None:
        raise error("now")

    with monkeypatch.context() as patched:
        if stop < 3:
            patched.setattr(setup, "replace_file", failing)
        else:
            patched.setattr(catalog, "find_pipeline", broken)
        with pytest.raises(error):
            setup.write(plan)
    assert content(tmp_path) == before
    assert not (tmp_path / "optimized").exists()
    setup.write(plan)
    assert set(content(tmp_path)) == {*before, "optimized/words.py", ".gitignore"}


def test_what_has_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    plan = planned(tmp_path, PIPELINE)
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    with pytest.raises(UsageError, match=r"pyproject\.toml has changed meanwhile"):
        setup.write(plan)
    assert not (tmp_path / "slow_optimized.py").exists()


# ---------------------------------------------------------------- pyproject.toml


WORDS: dict[str, Any] = {"baseline": {"script": "slow.py", "arguments": ["--n", 'a "b" \\']}, "fast": "f.py"}


def added(text: str, name: str = "new") -> str:
    made, _ = configuration.with_pipeline(text.encode(), name, WORDS, "pyproject.toml")  # type: ignore[arg-type]
    return made.decode()


def test_an_empty_file_gets_the_table_alone() -> None:
    assert added("") == (
        "[tool.perfkit.pipelines.new.variants]\n"
        'baseline = { script = "slow.py", arguments = ["--n", "a \\"b\\" \\\\"] }\n'
        'fast = "f.py"\n'
    )


def test_it_stands_beside_the_other_pipelines() -> None:
    before = (
        '[tool.perfkit]\npipeline = "a" # mine\n\n[tool.perfkit.pipelines.a]\nsize = "n"\n\n[tool.z]\nx = 1\n'
    )
    at = before.index("[tool.z]")
    made = added(before)
    assert made.startswith(before[: at - 1])
    assert made.endswith("\n\n[tool.z]\nx = 1\n")
    assert made.index("pipelines.new.variants") < made.index("[tool.z]")


@pytest.mark.parametrize(
    "text",
    ["[tool]\nperfkit = 1\n", "tool = 1\n", "[tool.perfkit]\npipelines = []\n", "tool = { perfkit = { } }\n",
     "[tool.perfkit]\npipelines = {}\n", "[tool.perfkit.pipelines]\nnew = 1\n"],
)  # fmt: skip
def test_what_cannot_be_added_to_is_said(text: str) -> None:
    with pytest.raises(UsageError, match="write it under a header of its own"):
        added(text)


@pytest.mark.parametrize("text", ["[tool", "\ufeff[tool]\n", "a = 1\na = 2\n"])
def test_what_is_no_toml_is_said(text: str) -> None:
    with pytest.raises(UsageError, match=r"pyproject\.toml cannot be read"):
        added(text)
