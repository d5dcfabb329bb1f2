"""Entry points: found with their distribution, loaded, and broken ones told in one sentence."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from perfkit import plugins
from perfkit.errors import UsageError
from tests.plugins import plug_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GROUP = plugins.RENDERERS


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    plugins._imported.cache_clear()
    yield tmp_path
    plugins._imported.cache_clear()
    for name in set(sys.modules) - before:
        if name.endswith("_plugin"):
            del sys.modules[name]


def found(name: str) -> plugins.Plugin:
    return plugins.only([one for one in plugins.find(GROUP) if one.name == name])


def test_a_plug_in_is_found_with_its_distribution_and_version(site: Path) -> None:
    plug_in(site, GROUP, "tex", "x = 1", version="2.5")
    one = found("tex")
    assert (one.distribution, one.version, one.module) == ("perfkit-tex", "2.5", "tex_plugin")
    assert str(one) == "the renderer 'tex' of perfkit-tex 2.5"
    assert one.label == "tex of perfkit-tex 2.5"
    assert "tex_plugin" not in sys.modules  # finding imports nothing
    assert plugins.load(one, "x").x == 1
    assert plugins.load(one) is plugins.load(one)


def test_an_entry_point_may_name_an_object_of_a_module(site: Path) -> None:
    plug_in(site, GROUP, "tex", "class Made:\n    x = 2\n", target="tex_plugin:Made")
    assert plugins.load(found("tex"), "x").x == 2
    assert found("tex").module == "tex_plugin"


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("import no_such_module", "cannot be imported from tex_plugin: ModuleNotFoundError: No module named"),
        ("def (", "cannot be imported from tex_plugin: SyntaxError: "),
        ("raise SystemExit(3)", "cannot be imported from tex_plugin: SystemExit: 3"),
        ("raise ValueError('two\\nlines')", "cannot be imported from tex_plugin: ValueError: two lines"),
        ("y = 1", "is not usable: tex_plugin has no x"),
    ],
)
def test_a_broken_one_is_told_with_its_distribution(site: Path, source: str, sentence: str) -> None:
    plug_in(site, GROUP, "tex", source)
    with pytest.raises(UsageError) as raised:
        plugins.load(found("tex"), "x")
    assert str(raised.value).startswith("the renderer 'tex' of perfkit-tex 1.0 " + sentence)
    assert "\n" not in str(raised.value)


def test_two_packages_with_one_name_are_told_apart_by_nobody(site: Path) -> None:
    plug_in(site, GROUP, "tex", "x = 1")
    plug_in(site, GROUP, "other", "x = 1")
    (site / "perfkit_other-1.0.dist-info" / "entry_points.txt").write_text(f"[{GROUP}]\ntex = other_plugin\n")
    with pytest.raises(
        UsageError, match=r"perfkit-other 1.0 and perfkit-tex 1.0 both plug in a renderer 'tex'"
    ):
        found("tex")


def test_a_distribution_without_metadata_is_no_reason_to_fail(site: Path) -> None:
    plug_in(site, GROUP, "tex", "x = 1")
    (site / "perfkit_tex-1.0.dist-info" / "METADATA").unlink()
    assert found("tex").distribution == "an unnamed package"
    assert str(found("tex")) == "the renderer 'tex' of an unnamed package"
