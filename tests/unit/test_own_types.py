"""Values that a plug-in takes apart: compared by perfkit's rules, named, never equal by mistake."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from perfkit import plugins
from perfkit.errors import UsageError
from perfkit.model import TakenApart, Tolerance
from perfkit.verify import comparator, own_types
from perfkit.verify.checkpoints import CheckpointRecorder, read
from tests.plugins import plug_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from perfkit.model import Equivalence, Leaf

PLUGIN = """
def handles(value):
    return type(value).__name__ == "Polygon"

def parts(value):
    return {"corners": value.corners, "name of it": value.name}
"""
BY = "shapes of perfkit-shapes 1.0"


class Polygon:
    """A user's type; whatever it says of its own equality is not asked."""

    def __init__(self, corners: Any, name: str = "p", cache: object = None) -> None:
        self.corners = corners
        self.name = name
        self.cache = cache

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


class Path2(list[Any]):
    """A user's subclass of a builtin."""


@pytest.fixture
def plugged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    monkeypatch.syspath_prepend(str(tmp_path / "site"))

    def plug(source: str = PLUGIN, name: str = "shapes", version: str = "1.0") -> None:
        plug_in(tmp_path / "site", plugins.COMPARATORS, name, source, version=version)
        _forget()

    _forget()
    yield plug
    _forget()


def _forget() -> None:
    own_types.forget()
    plugins._imported.cache_clear()
    for name in [one for one in sys.modules if one.endswith("_plugin")]:
        del sys.modules[name]


def returning(parts: str) -> str:
    return PLUGIN.replace("return {", f"return {parts} #")


def keep(folder: Path, value: object) -> Path:
    folder.mkdir()
    recorder = CheckpointRecorder(folder)
    recorder("", value)
    recorder.save()
    return folder


def verdict(ours: Path, theirs: Path, **options: Any) -> Equivalence:
    (found,) = comparator.compare(
        read(ours),
        read(theirs),
        baseline_folder=ours,
        contender_folder=theirs,
        tolerances={"result": Tolerance(**options)} if options else {},
        stages=(),
        contender_stages=(),
    )
    return found


def judged(folder: Path, ours: object, theirs: object, **options: Any) -> Equivalence:
    return verdict(keep(folder / "ours", ours), keep(folder / "theirs", theirs), **options)


def leaves(folder: Path, value: object) -> tuple[Leaf, ...]:
    return read(keep(folder / "one", value))[0].leaves


def test_the_parts_are_compared_by_perfkits_own_rules(tmp_path: Path, plugged: Any) -> None:
    plugged()
    ours = Polygon(np.array([1.0, 2.0]), cache="hot")
    found = judged(tmp_path, ours, Polygon(np.array([1.0, 2.0 + 1e-12]), cache="cold"))
    assert found.verdict == "equal within tolerance"
    assert found.worst_at == ".corners[1]"
    assert found.values == 3
    assert found.taken_apart == (TakenApart(type="Polygon", parts="corners, name of it", by=BY),)


def test_without_the_plug_in_every_attribute_counts(tmp_path: Path, plugged: Any) -> None:
    found = judged(tmp_path, Polygon(np.ones(2), cache="hot"), Polygon(np.ones(2), cache="cold"))
    assert found.verdict == "different"
    assert "'hot'" in found.reason
    assert not found.taken_apart


@pytest.mark.parametrize(
    ("theirs", "reason"),
    [
        (Polygon(np.array([1.0, 3.0])), "at .corners[1]"),
        (Polygon(np.array([1.0, 2.0]), name="q"), "at ['name of it']"),
        (Polygon(np.array([1.0, 2.0, 3.0])), "at .corners: baseline has shape (2,), contender (3,)"),
        (Polygon([1.0, 2.0]), "at .corners: baseline is numpy.ndarray, contender builtins.list"),
        ([1.0, 2.0], "baseline is Polygon, contender builtins.list"),
    ],
)
def test_differences_are_found_and_placed(tmp_path: Path, plugged: Any, theirs: object, reason: str) -> None:
    plugged()
    found = judged(tmp_path, Polygon(np.array([1.0, 2.0])), theirs)
    assert found.verdict == "different"
    assert reason in found.reason
    assert found.taken_apart  # who decided what is compared is said of a difference, too


def test_it_works_at_any_depth_and_in_keys(tmp_path: Path, plugged: Any) -> None:
    plugged()
    found = judged(
        tmp_path, {"a": [Polygon(1), (Polygon(Polygon(2.0)),)]}, {"a": [Polygon(1), (Polygon(Polygon(2.5)),)]}
    )
    assert found.verdict == "different"
    assert "['a'][1][0].corners.corners" in found.reason


def test_a_subclass_of_a_builtin_is_asked_for_and_a_builtin_is_not(tmp_path: Path, plugged: Any) -> None:
    plugged("""
        seen = []

        def handles(value):
            seen.append(type(value).__name__)
            return type(value).__name__ == "Path2"

        def parts(value):
            return {"n": len(value)}
    """)
    made = leaves(tmp_path, [1, 2.0, "x", {"a": None}, np.ones(3), Path2([1, 2]), iter([]), Polygon(1)])
    assert sys.modules["shapes_plugin"].seen == ["Path2", "Polygon"]
    (apart,) = [leaf for leaf in made if leaf.by]
    assert (apart.path, apart.type, apart.text) == ("[5]", "Path2", "n")
    assert [leaf.path for leaf in made if leaf.path.startswith("[5]")] == ["[5]", "[5].n"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("def handles(v): 1 / 0\ndef parts(v): return {}",
         "'shapes' of perfkit-shapes 1.0 could not say whether it handles Polygon: ZeroDivisionError"),
        (PLUGIN.replace("value.corners", "value.no"), "could not take Polygon apart: AttributeError"),
        (PLUGIN.replace("return {", "raise SystemExit(1) #"), "could not take Polygon apart: SystemExit: 1"),
        (returning("{}"), "gave no parts, so that there is nothing to compare, of Polygon"),
        (returning("1"), "gave builtins.int and no mapping as the parts of Polygon"),
        (returning("{1: 2}"), "gave a part that is named by builtins.int, and by no text, of Polygon"),
        (PLUGIN.replace("value.corners", "value"), "gave the value itself as the part 'corners' of Polygon"),
        (returning("{str(i): i for i in range(10_001)}"), "gave 10,001 parts"),
        (PLUGIN.replace("value.corners", "iter([1])"), "at .corners: lazy: "),
        ("import no_such", "ModuleNotFoundError: No module named 'no_such'; it may be meant for Polygon"),
        ("handles = 1\nparts = 2", "is not usable: handles of shapes_plugin cannot be called"),
    ],
)  # fmt: skip
def test_whatever_goes_wrong_is_not_checked(tmp_path: Path, plugged: Any, source: str, reason: str) -> None:
    plugged(source)
    one = Polygon(np.ones(2))
    found = judged(tmp_path, one, one)  # the very same object: nothing but the plug-in stands in the way
    assert found.verdict == "not checked"
    assert reason in found.reason


def test_a_plug_in_that_raises_hides_no_difference_beside_it(tmp_path: Path, plugged: Any) -> None:
    plugged(PLUGIN.replace("value.corners", "value.no"))
    found = judged(tmp_path, [Polygon(1), 1], [Polygon(1), 2])
    assert found.verdict == "different"


def test_two_that_handle_a_value_are_not_guessed_between(tmp_path: Path, plugged: Any) -> None:
    plugged()
    plugged(name="more")
    found = judged(tmp_path, Polygon(1), Polygon(1))
    assert found.verdict == "not checked"
    assert (
        "'more' of perfkit-more 1.0 and the comparator 'shapes' of perfkit-shapes 1.0 both handle"
        in found.reason
    )


def test_sides_that_were_taken_apart_differently_are_not_compared(tmp_path: Path, plugged: Any) -> None:
    ours = keep(tmp_path / "ours", Polygon(1, cache=1))
    plugged()
    theirs = keep(tmp_path / "theirs", Polygon(1, cache=2))
    found = verdict(ours, theirs)
    assert found.verdict == "not checked"
    assert found.reason == (
        f"Polygon was taken apart by perfkit itself for the baseline, by {BY} for the contender"
    )


def test_check_says_before_a_measurement_what_cannot_be_used(plugged: Any) -> None:
    own_types.check()
    plugged()
    own_types.check()
    plugged("import no_such", name="more")
    with pytest.raises(
        UsageError, match=r"the comparator 'more' of perfkit-more 1.0 cannot be imported from"
    ):
        own_types.check()


def test_what_the_pipeline_replaces_in_a_plug_in_later_is_not_what_serves(
    tmp_path: Path, plugged: Any
) -> None:
    plugged()
    assert own_types.load() == ["shapes_plugin"]
    sys.modules["shapes_plugin"].parts = lambda _: {"nothing": 0}  # type: ignore[attr-defined]
    found = judged(tmp_path, Polygon(1), Polygon(2))
    assert found.verdict == "different"
