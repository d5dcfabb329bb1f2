"""Shell completion: through real shells where they are there, and click's own classes everywhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from perfkit.cli import completion, outline
from perfkit.cli.main import COMMANDS, group
from tests.cli.test_cli import perfkit, says
from tests.pipelines import project

FILES = ["fast.py", "slow.py"]
REVISIONS = ["feature", "trunk", "v1.2"]
HEAVY = ("numpy", "msgspec", "rich", "matplotlib", "jinja2", "perfkit.model", "perfkit.api")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def _own_cache(cache: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", cache)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project with two pipelines, stored runs and comparisons, and a git history."""
    root = project(tmp_path_factory.mktemp("project"))
    (root / "pyproject.toml").write_text(
        '[tool.perfkit]\npipeline = "squares"\n\n[tool.perfkit.pipelines.words.variants]\n'
        'baseline = "slow.py"\nfaster = { script = "fast.py", arguments = ["5"] }\n'
    )
    (root / "slow.py").write_text("class Reader:\n    def read(self): pass\n\ndef count(): pass\n")
    (root / "fast.py").write_text("def tally(): pass\n")
    (root / "notes.txt").touch()
    (root / "data").mkdir()
    store = root / "reports" / "squares"
    for folder, ids in {
        "runs": ["20260101-0-baseline-aaaaaa", "20260102-0-optimized-bbbbbb"],
        "comparisons": ["20260101-1-cccccc", "20260103-1-dddddd"],
        ".staging": ["1-hidden"],
    }.items():
        for one in ids:
            (store / folder / one).mkdir(parents=True)
    run = {"schema": 1, "kind": "timing", "run": {"stages": [{"path": "square"}, {"path": "square/inner"}]}}
    (store / "runs" / "20260102-0-optimized-bbbbbb" / "run.json").write_text(json.dumps(run))
    (store / "runs" / "20260101-0-baseline-aaaaaa" / "run.json").write_text("{broken")
    for command in (
        "git init -q -b trunk", "git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x",
        "git tag v1.2", "git branch feature",
    ):  # fmt: skip
        subprocess.run(command.split(), cwd=root, check=True)
    return root


def asked(root: Path, words: str, shell: str = "bash") -> subprocess.CompletedProcess[str]:
    """Ask as the shell's own script does; the last word is the one to complete."""
    variables = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    if shell == "fish":
        variables["COMP_CWORD"] = words.rpartition(" ")[2]
    return perfkit(root, _PERFKIT_COMPLETE=f"{shell}_complete", **variables)


def offered(root: Path, words: str) -> list[str]:
    done = asked(root, words)
    assert (done.returncode, done.stderr) == (0, "")
    kinds = [line.partition(",") for line in done.stdout.splitlines() if line]
    return [value if kind == "plain" else f"<{kind}>" for kind, _, value in kinds]


# ---------------------------------------------------------------- what is offered


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("perfkit com", ["compare", "completion"]),
        ("perfkit compare ba", ["baseline"]),
        ("perfkit compare baseline ", ["baseline", "optimized", *FILES, *REVISIONS]),
        ("perfkit compare trunk..v", ["trunk..v1.2"]),
        ("perfkit compare --pipeline words ", ["baseline", "faster", *FILES, *REVISIONS]),
        ("perfkit compare baseline optimized -- da", ["<file>"]),
        ("perfkit compare baselines/", ["baselines/squares.py"]),
        ("perfkit compare no", ["<file>"]),
        ("perfkit run ", ["baseline", "optimized", *FILES]),
        ("perfkit run --pipeline ", ["squares", "words"]),
        ("perfkit run baseline --against 2", ["20260103-1-dddddd", "20260101-1-cccccc",
                                              "20260102-0-optimized-bbbbbb", "20260101-0-baseline-aaaaaa"]),
        ("perfkit report ", ["20260103-1-dddddd", "20260101-1-cccccc"]),
        ("perfkit report --pipeline words ", []),
        ("perfkit export la", ["latest"]),
        ("perfkit export latest --to py", ["pyperf", "pytest-benchmark"]),
        ("perfkit export latest --table f", ["functions"]),
        ("perfkit export latest --output ", ["<file>"]),
        ("perfkit view 20260102", ["20260102-0-optimized-bbbbbb"]),
        ("perfkit profile baseline --with s", ["sampling"]),
        ("perfkit profile baseline --with line,s", ["line,sampling"]),
        ("perfkit scale baseline --claim ", ["square=", "square/inner="]),
        ("perfkit compare slow.py --stage ", ["Reader.read", "count"]),
        ("perfkit verify --tho", ["--thorough"]),
        ("perfkit verify --pipeline words --stage t", ["tally"]),
        ("perfkit diff ", ["baseline", "optimized", "20260103-1-dddddd", "20260101-1-cccccc",
                           "20260102-0-optimized-bbbbbb", "20260101-0-baseline-aaaaaa"]),
        ("perfkit audit ", ["<file>"]),
        ("perfkit completion ", ["bash", "zsh", "fish"]),
    ],
)  # fmt: skip
def test_words_are_of_the_project(root: Path, words: str, expected: list[str]) -> None:
    assert offered(root, words) == expected


def test_it_works_from_a_folder_below(root: Path) -> None:
    assert offered(root / "data", "perfkit run --pipeline ") == ["squares", "words"]


def test_plugged_in_names_are_offered(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.plugins import plug_in

    path = plug_in(tmp_path / "site", "perfkit.renderers", "tex", "1 / 0")  # never imported for this
    plug_in(tmp_path / "site", "perfkit.profilers", "yappi", "1 / 0")
    monkeypatch.setenv("PYTHONPATH", path)
    assert offered(root, "perfkit export latest --to t") == ["tex"]
    assert offered(root, "perfkit profile baseline --with y") == ["yappi"]


# ---------------------------------------------------------------- never an error


@pytest.mark.parametrize(
    "broken",
    ["[tool.perfkit", "[tool]\nperfkit = 1\n", "[tool.perfkit]\npipelines = 3\npipeline = 4\n",
     "[tool.perfkit.pipelines]\nx = 1\n[tool.perfkit.pipelines.y]\nvariants = 'no'\n", "\x00\xff"],
)  # fmt: skip
def test_a_broken_configuration_is_silent(tmp_path: Path, broken: str) -> None:
    root = project(tmp_path)
    (root / "pyproject.toml").write_bytes(broken.encode("latin-1"))
    assert {"baseline", "optimized"} <= set(offered(root, "perfkit compare "))


@pytest.mark.parametrize(
    "words",
    ["perfkit nope ", "perfkit compare --no-such-option ", "perfkit compare --seed x --pipeline no ",
     "perfkit ", "perfkit compare 'unclosed", "perfkit run --times", "perfkit scale --sizes x,y a"],
)  # fmt: skip
def test_whatever_is_typed_is_answered_in_silence(tmp_path: Path, words: str) -> None:
    for shell in ("bash", "zsh", "fish"):
        done = asked(tmp_path, words, shell)
        assert (done.returncode, done.stderr) == (0, ""), (shell, done.stdout)


def test_a_damaged_or_unwritable_cache_only_costs_time(root: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in ("file", "made"):
        done = perfkit(
            root, XDG_CACHE_HOME=str(tmp_path / place), _PERFKIT_COMPLETE="bash_complete",
            COMP_WORDS="perfkit report ", COMP_CWORD="2",
        )  # fmt: skip
        assert (done.stdout.split()[0], done.stderr) == ("plain,20260103-1-dddddd", "")
    (kept,) = (tmp_path / "made" / "perfkit").rglob("*.json")
    assert set(json.loads(kept.read_text())) == {"report"}
    for damage in ("{", "[]", '{"report": 3}', '{"report": {"params": [{}], "naming": 1}}'):
        kept.write_text(damage)
        done = perfkit(
            root, XDG_CACHE_HOME=str(tmp_path / "made"), _PERFKIT_COMPLETE="bash_complete",
            COMP_WORDS="perfkit report ", COMP_CWORD="2",
        )  # fmt: skip
        assert (done.stdout.split()[0], done.stderr) == ("plain,20260103-1-dddddd", ""), damage


# ---------------------------------------------------------------- outlines


@pytest.mark.parametrize("name", COMMANDS)
def test_an_outline_has_the_options_and_offers_of_its_command(name: str) -> None:
    import importlib

    real: click.Command = importlib.import_module(f"perfkit.cli.{name}").command
    made = outline.command(name)
    assert [(one.name, one.opts, one.secondary_opts, one.nargs) for one in made.params] == [
        (one.name, one.opts, one.secondary_opts, one.nargs) for one in real.params
    ]
    for ours, theirs in zip(made.params, real.params, strict=True):
        if isinstance(theirs, click.Option):
            assert isinstance(ours, click.Option)
            assert (ours.is_flag, ours.multiple, ours.hidden) == (
                theirs.is_flag,
                theirs.multiple,
                theirs.hidden,
            )
        custom = theirs._custom_shell_complete
        assert ours._custom_shell_complete is custom
        assert custom is None or getattr(completion, custom.__name__) is custom
    assert {one.name for one in real.params if one._custom_shell_complete} >= (
        {"pipeline"} & {one.name for one in real.params}
    )


def test_a_warm_answer_loads_nothing_heavy(root: Path) -> None:
    offered(root, "perfkit compare ")  # the outline is there now
    code = (
        "import sys\nfrom perfkit.cli import main\n"
        "try: main.main()\nexcept SystemExit: pass\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    variables = {"COMP_WORDS": "perfkit compare ", "COMP_CWORD": "2", "_PERFKIT_COMPLETE": "bash_complete"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env={**os.environ, **variables}, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert "plain,optimized" in done.stdout
    assert done.stdout.rstrip().endswith("[]")


def test_offers_are_made_by_clicks_own_classes_too(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.shell_completion import ZshComplete

    monkeypatch.chdir(root)
    made = ZshComplete(group, {}, "perfkit", completion.VARIABLE)
    found = made.get_completions(["compare", "--pipeline", "words"], "fas")
    assert [(one.value, one.help) for one in found] == [("faster", "fast.py"), ("fast.py", None)]


# ---------------------------------------------------------------- real shells


@pytest.fixture
def program(tmp_path: Path) -> str:
    """Make a ``perfkit`` for the PATH; returns the PATH."""
    file = tmp_path / "bin" / "perfkit"
    file.parent.mkdir()
    file.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m perfkit "$@"\n')
    file.chmod(0o755)
    return f"{file.parent}{os.pathsep}{os.environ['PATH']}"


def script(root: Path, shell: str) -> str:
    done = perfkit(root, "completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def in_shell(root: Path, program: str, command: list[str]) -> str:
    done = subprocess.run(
        command, cwd=root, env={**os.environ, "PATH": program}, capture_output=True, text=True, timeout=120,
        check=True,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash(root: Path, program: str) -> None:
    lines = [
        script(root, "bash"),
        "complete -p perfkit",
        'ask() { COMP_WORDS=(perfkit "$@"); COMP_CWORD=$#; COMPREPLY=(); _perfkit_completion perfkit; '
        'printf "<%s>" "${COMPREPLY[@]}"; echo; }',
        "compopt() { :; }",
        "ask report ''",
        "ask compare base",
        "ask run --pipeline w",
    ]
    shown = in_shell(root, program, ["bash", "--norc", "-c", "\n".join(lines)]).splitlines()
    assert shown == [
        "complete -o nosort -F _perfkit_completion perfkit",
        "<20260103-1-dddddd><20260101-1-cccccc>",
        "<baseline>",
        "<words>",
    ]


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish(root: Path, program: str) -> None:
    code = script(root, "fish") + "\ncomplete -C 'perfkit report '\ncomplete -C 'perfkit compare base'\n"
    shown = in_shell(root, program, ["fish", "--no-config", "-c", code]).splitlines()
    assert shown == [  # fish sorts by itself
        "20260101-1-cccccc\tcomparison", "20260103-1-dddddd\tcomparison", "baseline\tbaselines/squares.py",
    ]  # fmt: skip


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh(root: Path, program: str) -> None:
    # zsh completes in its line editor alone: what the function adds is caught instead of shown.
    lines = [
        "compdef() { echo compdef $@; }",
        script(root, "zsh"),
        "compadd() { print -r -- ${completions} ${completions_with_descriptions}; }",
        "_describe() { print -r -- ${completions} ${completions_with_descriptions}; }",
        "words=(perfkit report ''); CURRENT=3; _perfkit_completion",
        "words=(perfkit compare base); CURRENT=3; _perfkit_completion",
    ]
    shown = in_shell(root, program, ["zsh", "-f", "-c", "\n".join(lines)]).splitlines()
    assert shown == [
        "compdef _perfkit_completion perfkit",
        "20260103-1-dddddd:comparison 20260101-1-cccccc:comparison",
        "baseline:baselines/squares.py",
    ]


def test_the_command(root: Path) -> None:
    says(perfkit(root, "completion", "tcsh"), 2, "'tcsh' is not one of")
    shown = perfkit(root, "completion", "--help").stdout
    for place in ("~/.bashrc", "~/.zshrc", "~/.config/fish/completions/perfkit.fish"):
        assert place in shown
