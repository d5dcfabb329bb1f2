from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from perfkit import catalog
from perfkit.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def write(root: Path, **files: str) -> Path:
    for name, text in files.items():
        file = root / name.replace("__", "/").replace("_py", ".py").replace("_toml", ".toml")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def test_folders_name_pipelines_and_variants(tmp_path: Path) -> None:
    write(
        tmp_path, baselines__a_py="", baselines__b_py="", baselines___private_py="", optimized__a_py="x = 1"
    )
    project = catalog.open_project(tmp_path)
    assert set(project.pipelines) == {"a", "b"}
    pipeline = catalog.find_pipeline(project, "a")
    variant = catalog.find_variant(project, pipeline, "optimized")
    assert variant.path == "optimized/a.py"
    assert variant.source_sha256 == hashlib.sha256(b"x = 1").hexdigest()
    with pytest.raises(UsageError, match=r"which pipeline\? Add --pipeline with one of: a, b"):
        catalog.find_pipeline(project, None)


def test_the_project_is_found_from_below(tmp_path: Path) -> None:
    write(tmp_path, baselines__a_py="", sub__deep__x_py="")
    assert catalog.open_project(tmp_path / "sub" / "deep").root == tmp_path.resolve()
    write(tmp_path, pyproject_toml='[tool.perfkit]\npipeline = "a"')
    project = catalog.open_project(tmp_path / "sub")
    assert catalog.find_pipeline(project, None).name == "a"


def test_configuration_adds_variants_tolerances_and_proofs(tmp_path: Path) -> None:
    write(
        tmp_path,
        baselines__a_py="",
        pyproject_toml="""
        [tool.perfkit.pipelines.a]
        size = "n"
        target = 33.0
        variants = { third = "other/third.py" }
        tolerances = { "x/y" = { rtol = 1e-4, reason = "because" } }
        proofs = [{ set = { dtype = "float64" }, rtol = 1e-10, reason = "exact" }]
        """,
    )
    pipeline = catalog.open_project(tmp_path).pipelines["a"]
    assert pipeline.variants == {"baseline": "baselines/a.py", "third": "other/third.py"}
    assert (pipeline.size, pipeline.target) == ("n", 33.0)
    assert pipeline.tolerances["x/y"].rtol == 1e-4
    assert pipeline.proofs[0].parameters == {"dtype": "float64"}


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("[tool.perfkit]\nx = 1", "unknown key `x` - at `tool.perfkit`"),
        ("[tool.perfkit.pipelines.a]\ntargett = 3", "unknown key `targett`"),
        ("[tool.perfkit.pipelines.a]\ntarget = 'x'", "tool.perfkit.pipelines"),
        ("[tool.perfkit.pipelines.a]\ntarget = -1", "a speedup above 0, not -1"),
        ("[tool.perfkit.pipelines.a.tolerances.s]\nrtol = 2.0\nreason = 'x'", "rtol is a relative tolerance"),
        ("[tool.perfkit.pipelines.a.tolerances.s]\nrtol = 0.1\nreason = ' '", "give the reason"),
        ("[tool.perfkit.pipelines.a.tolerances.s]\nrtol = 0.1", "reason"),
        ("[tool.perfkit", "cannot be read"),
    ],
)
def test_wrong_configuration_is_one_sentence(tmp_path: Path, toml: str, words: str) -> None:
    write(tmp_path, pyproject_toml=toml)
    with pytest.raises(UsageError) as caught:
        catalog.open_project(tmp_path)
    assert words in str(caught.value)
    assert "pyproject.toml" in str(caught.value) or "tool.perfkit" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unknown_names_have_near_matches(tmp_path: Path) -> None:
    write(tmp_path, baselines__training_py="", optimized__training_py="")
    project = catalog.open_project(tmp_path)
    with pytest.raises(UsageError, match=r"no pipeline 'trainig' .*did you mean 'training'\?"):
        catalog.find_pipeline(project, "trainig")
    pipeline = project.pipelines["training"]
    with pytest.raises(UsageError, match=r"no variant 'optimised' .*did you mean 'optimized'\?"):
        catalog.find_variant(project, pipeline, "optimised")
    with pytest.raises(UsageError, match="there is baseline, optimized"):
        catalog.find_variant(project, pipeline, "zzz")


def test_a_missing_file_and_an_empty_project(tmp_path: Path) -> None:
    write(tmp_path, pyproject_toml="[tool.perfkit.pipelines.a]\nvariants = { b = 'gone.py' }")
    project = catalog.open_project(tmp_path)
    with pytest.raises(UsageError, match=r"variant 'b', gone.py, cannot be read: No such file"):
        catalog.find_variant(project, project.pipelines["a"], "b")
    empty = catalog.Project(root=tmp_path, pipelines={})
    with pytest.raises(UsageError, match="there is no pipeline in"):
        catalog.find_pipeline(empty, None)
