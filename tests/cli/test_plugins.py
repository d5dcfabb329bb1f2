"""Comparators and renderers that packages plug in, as a user meets them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from perfkit.plugins import COMPARATORS, RENDERERS
from tests.cli.test_cli import perfkit, says
from tests.pipelines import project
from tests.plugins import plug_in

SHAPES = '''
"""Takes polygons apart."""

def handles(value):
    return type(value).__name__ == "Polygon"


def parts(value):
    return {"corners": value.corners}
'''
POLYGONS = """
from perfkit import stage

class Polygon:
    def __init__(self, corners, cache):
        self.corners = corners
        self.cache = cache

    def __eq__(self, other):
        return True

def make_inputs(seed, *, n: int = 50):
    return [float(seed + i) for i in range(n)]

@stage("build")
def build(numbers):
    return Polygon([x * 2.0 for x in numbers], CACHE)

def run(inputs):
    return build(inputs)
"""
BASELINE, SAME = (POLYGONS.replace("CACHE", one) for one in ("'cold'", "'hot'"))
WRONG = SAME.replace("x * 2.0", "x * 2.0 if x < 20 else 0.0")
TEX = """
SUFFIX = ".tex"

def render(report):
    return "\\\\section{" + report.comparison.pipeline.name + "}\\n"
"""


def rendering(body: str) -> str:
    return f"SUFFIX = '.tex'\n\ndef render(report):\n    {body}\n"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return tmp_path / "site"


def verified(root: Path, site: Path | None) -> tuple[int, dict[str, dict[str, object]], str]:
    """Verify; returns the status, the verdicts on the main input by stage, and what the terminal says."""
    variables = {} if site is None else {"PYTHONPATH": str(site)}
    done = perfkit(root, "verify", "baseline", "optimized", "--json", **variables)
    assert done.returncode in {0, 1, 4}, done.stderr
    found = json.loads(done.stdout)["scrutiny"]["verifications"][0]["stages"]
    shown = perfkit(root, "verify", "baseline", "optimized", **variables)
    assert shown.returncode == done.returncode
    return done.returncode, {one["stage"]: one for one in found}, " ".join(shown.stdout.split())


def test_a_comparator_decides_what_counts_and_is_named(tmp_path: Path, site: Path) -> None:
    root = project(tmp_path / "project", baseline=BASELINE, optimized=SAME)
    _, without, _ = verified(root, None)
    assert without["build"]["verdict"] == "different"  # the caches differ
    plug_in(site, COMPARATORS, "shapes", SHAPES)
    status, found, shown = verified(root, site)
    assert (found["build"]["verdict"], found["result"]["verdict"]) == ("identical", "identical")
    assert found["build"]["taken_apart"] == [
        {"type": "Polygon", "parts": "corners", "by": "shapes of perfkit-shapes 1.0"}
    ]
    assert status == 0, shown
    assert "with the comparator shapes of perfkit-shapes 1.0: verified on" in shown
    assert (
        "build and result of run: the plugged-in comparator shapes of perfkit-shapes 1.0 took Polygon apart "
        "into corners; what it left out was not compared."
    ) in shown


def test_a_difference_is_found_where_the_object_says_it_is_equal(tmp_path: Path, site: Path) -> None:
    plug_in(site, COMPARATORS, "shapes", SHAPES)
    root = project(tmp_path / "project", baseline=BASELINE, optimized=WRONG)
    status, found, shown = verified(root, site)
    assert status == 1
    assert "at .corners[2" in str(found["build"]["reason"])
    assert "shapes of perfkit-shapes 1.0" in shown


def test_one_that_raises_leaves_the_stage_unchecked(tmp_path: Path, site: Path) -> None:
    plug_in(site, COMPARATORS, "shapes", SHAPES.replace("value.corners", "value.no_such"))
    root = project(tmp_path / "project", baseline=BASELINE, optimized=SAME)
    status, found, shown = verified(root, site)
    assert status == 4
    assert found["build"]["verdict"] == "not checked"
    assert "the comparator 'shapes' of perfkit-shapes 1.0 could not take Polygon apart" in shown


def test_a_broken_comparator_ends_the_command_before_anything_runs(tmp_path: Path, site: Path) -> None:
    plug_in(site, COMPARATORS, "shapes", "import no_such_module")
    root = project(tmp_path / "project", baseline=BASELINE, optimized=SAME)
    for command in (["verify"], ["compare", "--pairs", "1"]):
        done = perfkit(root, *command, "baseline", "optimized", PYTHONPATH=str(site))
        says(done, 2, "the comparator 'shapes' of perfkit-shapes 1.0 cannot be imported from shapes_plugin")
        assert "No module named 'no_such_module'" in done.stderr
    assert not (root / "reports").exists()


def test_a_contender_that_replaces_the_comparator_is_caught(tmp_path: Path, site: Path) -> None:
    plug_in(site, COMPARATORS, "shapes", SHAPES)
    trick = "import shapes_plugin\nshapes_plugin.parts.__code__ = (lambda value: {'a': 0}).__code__\n" + WRONG
    root = project(tmp_path / "project", baseline=BASELINE, optimized=trick)
    done = perfkit(root, "verify", "baseline", "optimized", "--json", PYTHONPATH=str(site))
    scrutiny = json.loads(done.stdout)["scrutiny"]
    assert scrutiny["verifications"][0]["stages"][0]["verdict"] == "different"
    (found,) = [one for one in scrutiny["findings"] if one["check"] == "tampered_harness"]
    assert found["verdict"] == "trick"
    assert "shapes_plugin.parts" in found["sentence"]
    assert done.returncode == 1


# ---------------------------------------------------------------- a whole comparison


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = project(tmp_path_factory.mktemp("compared"), baseline=BASELINE, optimized=SAME)
    site = root.parent / f"{root.name}-site"
    plug_in(site, COMPARATORS, "shapes", SHAPES)
    done = perfkit(
        root, "compare", "baseline", "optimized", "--pairs", "1", "--no-profile", PYTHONPATH=str(site)
    )
    assert done.returncode == 4, done.stderr  # one pair decides nothing
    return root


@pytest.fixture
def copy(compared: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(compared, tmp_path / "copy"))


def test_the_written_reports_name_the_comparator(compared: Path) -> None:
    folder = compared / "reports" / "squares"
    report = (folder / "report.md").read_text()
    assert "verified with the comparator `shapes of perfkit-shapes 1.0`" in report
    assert "took `Polygon` apart into `corners`; what it left out was not compared." in report
    assert "shapes of perfkit-shapes 1.0" in (folder / "report.html").read_text()
    timed = json.loads((folder / "summary.json").read_text())["comparison"]["scrutiny"]["timed"]
    assert timed["verdict"] == "identical"  # in the timed processes, too
    assert timed["taken_apart"][0]["by"] == "shapes of perfkit-shapes 1.0"


def test_a_renderer_serves_export_and_report(copy: Path, site: Path) -> None:
    path = plug_in(site, RENDERERS, "tex", TEX)
    done = perfkit(copy, "export", "latest", "--to", "tex", PYTHONPATH=path)
    assert (done.returncode, done.stdout) == (0, "\\section{squares}\n")
    assert "Rendered by the renderer 'tex' of perfkit-tex 1.0." in done.stderr
    done = perfkit(copy, "export", "latest", "--format", "tex", "--output", "a.x", PYTHONPATH=path)
    assert done.returncode == 0, done.stderr
    assert (copy / "a.x").read_text() == "\\section{squares}\n"
    done = perfkit(copy, "report", "--output", "out/b.TEX", PYTHONPATH=path)
    assert done.returncode == 4, done.stderr
    assert (copy / "out" / "b.TEX").read_text() == "\\section{squares}\n"
    assert [one.name for one in (copy / "out").iterdir()] == ["b.TEX"]
    done = perfkit(copy, "report", "--output", "c.md", PYTHONPATH=path)
    assert (copy / "c.md").read_text().startswith("# Performance report")


def test_a_binary_renderer_needs_a_file(copy: Path, site: Path) -> None:
    path = plug_in(site, RENDERERS, "pdf", "SUFFIX = '.pdf'\ndef render(report): return b'%PDF\\xff'\n")
    says(perfkit(copy, "export", "latest", "--to", "pdf", PYTHONPATH=path), 2, "pdf is no text", "--output")
    done = perfkit(copy, "export", "latest", "--to", "pdf", "--output", "x.pdf", PYTHONPATH=path)
    assert done.returncode == 0, done.stderr
    assert (copy / "x.pdf").read_bytes() == b"%PDF\xff"


@pytest.mark.parametrize(
    ("source", "status", "sentence"),
    [
        (rendering("1 / 0"), 3, "the renderer 'tex' of perfkit-tex 1.0 failed: ZeroDivisionError"),
        (rendering("raise SystemExit(9)"), 3, "perfkit-tex 1.0 failed: SystemExit: 9"),
        (rendering("return 1"), 3, "of perfkit-tex 1.0 gave int, and no text or bytes"),
        (rendering("return '\\ud800'"), 3, "gave a text that UTF-8 cannot hold"),
        ("SUFFIX = '.tex'", 2, "is not usable: tex_plugin has no render"),
        (TEX.replace('".tex"', '"tex"'), 2, "is not usable: its SUFFIX is a text such as '.tex', not 'tex'"),
        ("import no_such", 2, "the renderer 'tex' of perfkit-tex 1.0 cannot be imported from tex_plugin"),
    ],
    ids=["raises", "exits", "number", "surrogate", "incomplete", "suffix", "import"],
)
def test_a_broken_renderer_is_one_sentence_and_leaves_no_file(
    copy: Path, site: Path, source: str, status: int, sentence: str
) -> None:
    path = plug_in(site, RENDERERS, "tex", source)
    says(
        perfkit(copy, "export", "latest", "--to", "tex", "--output", "x.tex", PYTHONPATH=path),
        status,
        sentence,
    )
    says(perfkit(copy, "report", "--output", "x.tex", PYTHONPATH=path), status, sentence)
    assert not (copy / "x.tex").exists()
    assert (
        perfkit(copy, "report", "--output", "x.md", PYTHONPATH=path).returncode == 4
    )  # not in the way of others


def test_mistakes_with_renderers(copy: Path, site: Path) -> None:
    path = plug_in(site, RENDERERS, "tex", TEX)
    plug_in(site, RENDERERS, "latex", TEX)
    plug_in(site, RENDERERS, "csv", TEX)  # perfkit's own stays perfkit's
    says(
        perfkit(copy, "report", "--output", "x.tex", PYTHONPATH=path),
        2,
        "the renderer 'latex' of perfkit-latex 1.0 and the renderer 'tex' of perfkit-tex 1.0 both make .tex",
    )
    (run, *_) = sorted((copy / "reports" / "squares" / "runs").iterdir())
    says(perfkit(copy, "export", run.name, "--to", "tex", PYTHONPATH=path), 2, "tex takes a comparison")
    says(
        perfkit(copy, "export", "latest", "latest", "--to", "tex", PYTHONPATH=path), 2, "takes one comparison"
    )
    says(
        perfkit(copy, "export", "latest", "--to", "tex", "--side", "baseline", PYTHONPATH=path),
        2,
        "whole report",
    )
    says(
        perfkit(copy, "export", "latest", "--to", "xml", PYTHONPATH=path),
        2,
        "'xml' is not one of",
        "latex, tex",
    )
    assert "\\section" not in perfkit(copy, "export", "latest", "--to", "csv", PYTHONPATH=path).stdout
