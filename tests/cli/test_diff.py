"""``perfkit diff`` as a user meets it: variants, runs, comparisons, files; a sentence for each mistake."""

from __future__ import annotations

import json
import marshal
import math
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from perfkit import model
from perfkit.store import Store
from tests.cli.test_cli import perfkit, says
from tests.pipelines import OPTIMIZED, project

if TYPE_CHECKING:
    from pathlib import Path

RENAMED = OPTIMIZED.replace(
    "def total(numbers):\n    return sum(numbers)", "def add_up(numbers):\n    return sum(numbers)"
)
RENAMED = RENAMED.replace("total(square(inputs))", "add_up(square(inputs))")


@pytest.fixture(scope="module")
def profiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = project(tmp_path_factory.mktemp("diff"), optimized=RENAMED)
    done = perfkit(root, "profile", "baseline", "optimized")
    assert done.returncode == 0, done.stderr
    return root


def found(root: Path, *names: str) -> dict[str, Any]:
    done = perfkit(root, "diff", *names, "--json")
    assert done.returncode == 0, done.stderr
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def run_id(root: Path, *words: str) -> str:
    return [
        one for one in Store(root / "reports" / "squares").run_ids() if all(word in one for word in words)
    ][-1]


def test_stages_add_up_and_their_functions_too(profiled: Path) -> None:
    made = found(profiled, "baseline", "optimized")
    assert {one["path"] for one in made["stages"]} == {"", "square", "total"}
    whole = math.fsum(one["before_s"] - one["after_s"] for one in made["stages"])
    assert whole == pytest.approx(made["before"]["total_s"] - made["after"]["total_s"], rel=1e-9)
    for one in made["stages"]:
        parts = [
            *(each["saved_self_s"] for each in one["functions"]),
            one["more_saved_s"],
            one["rest_before_s"],
            -one["rest_after_s"],
        ]
        saved = one["before_s"] - one["after_s"]
        assert math.fsum(parts) == pytest.approx(saved, rel=1e-9, abs=1e-9 * one["before_s"])


def test_functions_and_lines_of_both_sides_are_matched(profiled: Path) -> None:
    made = found(profiled, "baseline", "optimized")
    (square,) = [one for one in made["functions"] if (one["before"] or {}).get("qualified") == "square"]
    assert (square["how"], square["after"]["qualified"]) == ("same name", "square")
    assert square["before"]["calls"] == 1
    aligned = {one["before"]: one for one in made["lines"] if one["before"]}
    kinds = {one["kind"] for one in aligned["square"]["lines"]}
    assert {"unchanged", "removed"} <= kinds
    hot = [
        one["before"]
        for one in aligned["square"]["lines"]
        if one["before"] and "append" in one["before"]["text"]
    ]
    assert hot[0]["hits"] >= 19_990
    assert not made["notes"]


def test_a_renamed_function_can_be_named(profiled: Path) -> None:
    made = found(profiled, "baseline", "optimized", "--map", "total=add_up")
    (total,) = [one for one in made["functions"] if (one["before"] or {}).get("qualified") == "total"]
    assert (total["how"], total["after"]["qualified"]) == ("mapped", "add_up")


def test_a_run_and_itself_differ_by_nothing(profiled: Path) -> None:
    same = run_id(profiled, "baseline", "cprofile")
    made = found(profiled, same, same)
    assert all(one["saved_self_s"] == one["saved_cumulative_s"] == 0.0 for one in made["functions"])
    assert all(one["how"] == "same name" for one in made["functions"])
    assert all(one["before_s"] == one["after_s"] for one in made["stages"])
    assert made["lines"] == []


def test_terminal_and_markdown_say_what_is_compared_and_that_it_is_no_speedup(profiled: Path) -> None:
    shown = perfkit(profiled, "diff", "baseline", "optimized")
    assert shown.returncode == 0, shown.stderr
    written = perfkit(profiled, "diff", "baseline", "optimized", "--markdown")
    for text in (" ".join(shown.stdout.split()), " ".join(written.stdout.split())):
        assert "square" in text
        assert "No speedup is" in text
    assert "```" in written.stdout


def write(file: Path, prefix: str, factor: float = 1.0) -> Path:
    """Write a profile as cProfile does, of two functions below a folder."""
    run, slow = (f"{prefix}/app/main.py", 1, "run"), (f"{prefix}/app/work.py", 5, "slow")
    file.write_bytes(
        marshal.dumps(
            {
                run: (1, 1, 0.5, 0.5 + 2.0 * factor, {}),
                slow: (9, 9, 2.0 * factor, 2.0 * factor, {run: (9, 9, 2.0 * factor, 2.0 * factor)}),
            }
        )
    )
    return file


def test_two_files_need_no_project(tmp_path: Path) -> None:
    write(tmp_path / "a.prof", "/home/ann/shop")
    write(tmp_path / "b.prof", "/srv/build/7/shop", 0.25)
    made = found(tmp_path, "a.prof", "b.prof")
    assert [(one["before"]["name"], one["how"], one["saved_self_s"]) for one in made["functions"]] == [
        ("slow", "same name", 1.5),
        ("run", "same name", 0.0),
    ]
    assert (made["before"]["total_s"], made["after"]["total_s"]) == (2.5, 1.0)


def test_a_profile_from_elsewhere_and_itself_differ_by_nothing(tmp_path: Path) -> None:
    write(tmp_path / "a.prof", "/home/ann/shop")
    write(tmp_path / "b.prof", "C:/build/shop")
    made = found(tmp_path, "a.prof", "b.prof")
    assert {one["how"] for one in made["functions"]} == {"same name"}
    assert {one["saved_self_s"] for one in made["functions"]} == {0.0}


def test_an_edit_since_is_said(profiled: Path, tmp_path: Path) -> None:
    root = tmp_path / "copy"
    shutil.copytree(profiled, root)
    same = run_id(root, "baseline", "cprofile")
    file = root / "baselines" / "squares.py"
    file.write_text(file.read_text() + "\n# edited\n")
    made = found(root, same, "optimized")
    assert made["notes"] == [
        "baselines/squares.py has been edited since baseline was profiled: its text as it ran is shown."
    ]
    assert any(
        "append" in (each["before"] or {}).get("text", "") for one in made["lines"] for each in one["lines"]
    )


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("no.prof", "optimized"), "the profile no.prof does not exist"),
        (("baseline", "reports/x"), "the profile reports/x does not exist"),
        (("baseline", "nothing"), "'nothing' is no variant and no stored run"),
        (("nothing",), "'nothing' is no variant and no stored run"),
        ((), "there is no stored comparison"),
        (("baseline", "optimized", "--map", "total"), "write OLD=NEW"),
        (("baseline", "optimized", "--map", "nobody=square"), "nobody"),
        (("baseline", "optimized", "--json", "--markdown"), "choose one of"),
    ],
)
def test_what_cannot_be_compared(profiled: Path, names: tuple[str, ...], sentence: str) -> None:
    says(perfkit(profiled, "diff", *names), 2, sentence)


@pytest.mark.parametrize("content", [b"", b"nonsense", marshal.dumps([1, 2]), marshal.dumps({})[:1]])
def test_damaged_files(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.prof").write_bytes(content)
    write(tmp_path / "b.prof", "/srv")
    says(perfkit(tmp_path, "diff", "a.prof", "b.prof"), 2, "a.prof")


def test_a_timed_run_is_no_profile(profiled: Path) -> None:
    done = perfkit(profiled, "run", "baseline")
    assert done.returncode == 0, done.stderr
    store = Store(profiled / "reports" / "squares")
    timed = [one for one in store.run_ids() if store.run_kind(one) is model.TimingRun]
    says(
        perfkit(profiled, "diff", timed[-1], "optimized"),
        2,
        "perfkit diff takes a cProfile profile",
        "is a timed run",
    )
