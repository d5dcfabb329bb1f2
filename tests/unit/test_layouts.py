"""Which source trees must be built, and where the packages of the others lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfkit.catalog import layouts
from perfkit.errors import UsageError


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return root


SETUP = "from setuptools import setup\nsetup(name='My.Project', {})\n"


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (
            {"pyproject.toml": "[build-system]\nrequires=['maturin']\nbuild-backend='maturin'"},
            "maturin builds it",
        ),
        ({"pyproject.toml": "[build-system]\nbuild-backend='mesonpy'"}, "meson-python builds it"),
        (
            {"pyproject.toml": "[build-system]\nbuild-backend='scikit_build_core.build'"},
            "scikit-build-core builds it",
        ),
        (
            {"pyproject.toml": "[build-system]\nrequires=['setuptools','Cython>=3']\n"},
            "its build needs cython",
        ),
        ({"setup.py": SETUP.format("ext_modules=[]")}, "setup.py speaks of ext_modules"),
        (
            {"setup.py": "import Cython.Build as b, setuptools\nsetuptools.setup(**{'ext_modules': b.x()})"},
            "setup.py speaks of ext_modules",
        ),
        (
            {"pyproject.toml": "[project]\nname='x'\n[[tool.setuptools.ext-modules]]\nname='a'\nsources=[]"},
            "pyproject.toml names extension modules",
        ),
        (
            {
                "pyproject.toml": "[build-system]\nbuild-backend='hatchling.build'\n"
                "[tool.hatch.build.targets.wheel.hooks.mypyc]\n"
            },
            "hatch's build hook mypyc",
        ),
        (
            {
                "pyproject.toml": "[build-system]\nbuild-backend='hatchling.build'\n"
                "[tool.hatch.build.hooks.vcs]\nversion-file='pkg/_version.py'\n"
            },
            "its build writes pkg/_version.py",
        ),
        (
            {"pyproject.toml": "[project]\nname='x'\n[tool.setuptools_scm]\nversion_file='pkg/_v.py'"},
            "its build writes pkg/_v.py",
        ),
        ({"setup.py": SETUP.format("use_scm_version={'write_to': 'v.py'}")}, "its build writes v.py"),
        (
            {"pyproject.toml": "[build-system]\nbuild-backend='poetry.core'\n[tool.poetry]\nbuild='b.py'"},
            "pyproject.toml names a build script",
        ),
        (
            {"pyproject.toml": "[project]\nname='x'\n[tool.setuptools.package-dir]\npkg='lib'"},
            "its packages lie in folders of other names",
        ),
        ({"setup.py": SETUP.format(""), "pkg/fast.pyx": ""}, "there is pkg/fast.pyx"),
    ],
)
def test_what_must_be_built(tmp_path: Path, files: dict[str, str], reason: str) -> None:
    assert layouts.look(tree(tmp_path, files)).reason == reason


@pytest.mark.parametrize(
    "files",
    [
        {"bench.py": ""},
        {"fast.pyx": ""},  # no project: nothing would build it
        {"pyproject.toml": "[tool.ruff]\nline-length=100"},
        {"pyproject.toml": "[build-system]\nrequires=['flit_core']\nbuild-backend='flit_core.buildapi'"},
        {"setup.py": SETUP.format("packages=['pkg']  # no ext_modules here")},
        {"setup.py": SETUP.format(""), "tests/data/x.pyx": "", ".tox/x.pyx": ""},
        {"setup.py": "print 'another Python'"},
        {
            "pyproject.toml": "[project]\nname='x'\n[tool.setuptools_scm]\nversion_file='pkg/_v.py'",
            "pkg/_v.py": "",
        },
    ],
)
def test_what_need_not_be_built(tmp_path: Path, files: dict[str, str]) -> None:
    assert layouts.look(tree(tmp_path, files)).reason == ""


@pytest.mark.parametrize(
    ("files", "roots"),
    [
        ({"pkg/__init__.py": ""}, (".",)),
        ({"src/pkg/__init__.py": ""}, ("src", ".")),
        ({"src/__init__.py": "", "pkg/__init__.py": ""}, (".",)),  # a package of that name
        (
            {"pyproject.toml": "[project]\n[tool.setuptools.package-dir]\n''='lib'", "lib/p.py": ""},
            ("lib", "."),
        ),
        (
            {
                "pyproject.toml": "[project]\n[tool.setuptools.packages.find]\nwhere=['python']",
                "python/p.py": "",
            },
            ("python", "."),
        ),
        ({"setup.cfg": "[options]\npackage_dir =\n    = code\n", "code/p.py": ""}, ("code", ".")),
        ({"setup.py": SETUP.format("package_dir={'': 'code'}"), "code/p.py": ""}, ("code", ".")),
        (
            {"pyproject.toml": "[[tool.poetry.packages]]\ninclude='p'\nfrom='lib'", "lib/p/__init__.py": ""},
            ("lib", "."),
        ),
        (
            {
                "pyproject.toml": "[tool.hatch.build.targets.wheel]\npackages=['a/b/pkg', 'top']",
                "a/b/pkg/__init__.py": "",
            },
            ("a/b", "."),
        ),
        ({"pyproject.toml": "[project]\n[tool.setuptools.package-dir]\n''='../other'"}, (".",)),
    ],
)
def test_where_packages_lie(tmp_path: Path, files: dict[str, str], roots: tuple[str, ...]) -> None:
    assert layouts.look(tree(tmp_path, files)).roots == roots


def test_names_in_their_normal_form(tmp_path: Path) -> None:
    assert layouts.look(tree(tmp_path / "a", {"setup.py": SETUP.format("")})).name == "my-project"
    assert (
        layouts.look(tree(tmp_path / "b", {"setup.cfg": "[metadata]\nname = Other_One"})).name == "other-one"
    )
    assert layouts.look(tree(tmp_path / "c", {"x.py": ""})).name == ""


def test_a_project_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"pyproject.toml cannot be read"):
        layouts.look(tree(tmp_path, {"pyproject.toml": "not toml"}))


def test_the_project_of_a_file_in_a_big_repository(tmp_path: Path) -> None:
    tree(
        tmp_path,
        {
            "pyproject.toml": "[tool.ruff]",
            "one/pyproject.toml": "[project]\nname='one'",
            "one/benchmarks/pyproject.toml": "[tool.black]",
            "two/setup.py": "",
        },
    )
    assert layouts.project_of(tmp_path, "one/benchmarks/deep/bench.py") == "one"
    assert layouts.project_of(tmp_path, "two/bench.py") == "two"
    assert layouts.project_of(tmp_path, "three/bench.py") == ""
    (tmp_path / "setup.cfg").write_text("")
    assert layouts.project_of(tmp_path, "three/bench.py") == ""
