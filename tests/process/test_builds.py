"""A revision imports its own packages, built if need be, and nobody else's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from perfkit.catalog import builds, caches, inquiry, revisions, strangers
from perfkit.errors import EXIT_RUN, BuildError, UsageError
from tests.repositories import History


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # nothing is fetched


def paths(history: History, word: str, python: str = "", project: str = "") -> tuple[str, ...]:
    made = revisions.checkout(revisions.find(history.root), word)
    return builds.import_paths(made, python, project=project)


def run(code: str, folders: tuple[str, ...], python: str = sys.executable) -> str:
    """Run code as a worker would: the folders first, and the current one not at all."""
    start = f"import sys; sys.path[:0] = {list(folders)!r}\n"
    done = subprocess.run([python, "-P", "-c", start + code], capture_output=True, text=True, check=False)
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


# ---------------------------------------------------------------- by path


def test_a_pure_project_is_imported_where_it_lies(tmp_path: Path) -> None:
    history = History(tmp_path / "project")
    history.commit("flat", {"pkg/__init__.py": "V = 'flat'\n"})
    history.git("rm", "-rq", "pkg")
    history.commit("src", {"src/pkg/__init__.py": "V = 'src'\n"})
    code = "import pkg; print(pkg.V)"
    assert run(code, paths(history, "HEAD~1")) == "flat"
    assert run(code, paths(history, "HEAD")) == "src"
    assert not (caches.folder() / revisions.BUILDS).exists()


def test_a_project_in_a_folder_of_its_own(tmp_path: Path) -> None:
    history = History(tmp_path / "project")
    history.commit("x", {"one/pyproject.toml": "[project]\nname='one'", "one/src/pkg.py": "V = 1\n"})
    assert run("import pkg; print(pkg.V)", paths(history, "HEAD", project="one")) == "1"


# ---------------------------------------------------------------- other copies


@pytest.fixture
def grown(tmp_path: Path) -> History:
    """Two commits: the second one adds a package."""
    made = History(tmp_path / "project")
    made.commit(
        "first",
        {
            "pkg/__init__.py": "V = 1\n",
            "setup.py": "import setuptools; setuptools.setup(name='p', packages=['pkg'])\n",
        },
    )
    setup = "import setuptools; setuptools.setup(name='p', packages=['pkg', 'newpkg', 'elsewhere'])\n"
    made.commit(
        "second",
        {
            "pkg/__init__.py": "V = 2\n",
            "newpkg/__init__.py": "N = 2\n",
            "elsewhere/__init__.py": "E = 2\n",
            "setup.py": setup,
        },
    )
    return made


NEW = """
import pkg
try:
    import newpkg; print(pkg.V, newpkg.N)
except ImportError as error:
    print(pkg.V, error, error.name)
"""


def test_a_package_that_only_the_working_tree_has(
    grown: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "library"
    other.mkdir()
    (other / "elsewhere.py").write_text("E = 'a library of the same name'\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(grown.root), str(other)]))
    assert run(NEW, ()) == "2 2"  # what would happen
    assert run(NEW, paths(grown, "HEAD~1")) == "1 No module named 'newpkg' newpkg"
    assert run(NEW, paths(grown, "HEAD")) == "2 2"
    elsewhere = "import elsewhere; print(elsewhere.E)"
    assert run(elsewhere, paths(grown, "HEAD~1")) == "a library of the same name"
    assert run(elsewhere, paths(grown, "HEAD")) == "2"
    assert "Error" in run("import newpkg.inner", paths(grown, "HEAD~1"))


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter that has what this one has, and room for more."""
    root = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root)], check=True)
    packages = next(root.glob("lib/python3*/site-packages"))
    (packages / "inherited.pth").write_text(str(Path(pytest.__file__).parents[1]) + "\n")
    return str(root / "bin/python")


def install(python: str, *arguments: str) -> None:
    pip = [python, "-m", "pip", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--no-build-isolation", "--no-deps", *arguments], check=True)


def test_a_project_installed_in_editable_mode_or_not(grown: History, environment: str) -> None:
    for arguments in (["-e", str(grown.root)], [str(grown.root)]):
        install(environment, *arguments)
        strangers._probe.cache_clear()
        assert run(NEW, (), environment) == "2 2"
        assert (
            run(NEW, paths(grown, "HEAD~1", environment), environment) == "1 No module named 'newpkg' newpkg"
        )
        assert run(NEW, paths(grown, "HEAD", environment), environment) == "2 2"


def test_a_hook_that_comes_before_every_folder_is_told(grown: History, tmp_path: Path) -> None:
    root = tmp_path / "hooked"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root)], check=True)
    packages = next(root.glob("lib/python3*/site-packages"))
    (packages / "hook.pth").write_text("import hook\n")
    (packages / "hook.py").write_text(
        "import sys\n"
        "class Redirect:\n"
        f"    known_source_files = {{'pkg': {str(grown.root / 'pkg/__init__.py')!r}}}\n"
        "    def find_spec(self, name, path=None, target=None): return None\n"
        "sys.meta_path.insert(0, Redirect())\n"
    )
    with pytest.raises(UsageError, match=r"p is installed in editable mode .* comes before every folder"):
        paths(grown, "HEAD", str(root / "bin/python"))


def test_an_environment_inside_of_the_working_tree_is_none_of_it(grown: History) -> None:
    root = grown.root / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root)], check=True)
    packages = next(root.glob("lib/python3*/site-packages"))
    (packages / "newpkg.py").write_text("N = 'installed'\n")
    python = str(root / "bin/python")
    assert run(NEW, paths(grown, "HEAD~1", python), python) == "1 installed"


# ---------------------------------------------------------------- builds

EXTENSION = """
#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *none) {{ return PyLong_FromLong({}); }}
static PyMethodDef methods[] = {{{{"answer", answer, METH_NOARGS, ""}}, {{NULL, NULL, 0, NULL}}}};
static struct PyModuleDef module = {{PyModuleDef_HEAD_INIT, "_fast", NULL, -1, methods}};
PyMODINIT_FUNC PyInit__fast(void) {{ return PyModule_Create(&module); }}
"""
SETUP = """
from setuptools import Extension, setup
fast = Extension("compiled._fast", ["fast.c"])
setup(name="compiled", version="1", packages=["compiled"], ext_modules=[fast])
"""
BACKEND = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
"""
ANSWER = "from compiled import answer; print(answer())"


@pytest.fixture
def compiled(tmp_path: Path) -> History:
    """Four commits of an extension module: answer 1, answer 2, one that does not compile, answer 1 again."""
    made = History(tmp_path / "project")
    made.commit(
        "one",
        {
            "setup.py": SETUP,
            "pyproject.toml": BACKEND,
            "compiled/__init__.py": "from compiled._fast import answer\n",
            "fast.c": EXTENSION.format(1),
            "bench.py": ANSWER,
        },
    )
    made.commit("two", {"fast.c": EXTENSION.format(2)})
    made.commit("broken", {"fast.c": EXTENSION.format("this is no C")})
    made.commit("one again", {"fast.c": EXTENSION.format(1)})
    return made


def built(history: History, word: str) -> Path:
    made = revisions.checkout(revisions.find(history.root), word)
    found = builds.import_paths(made)
    return next(Path(one) for one in found if f"/{revisions.BUILDS}/" in one)


def entries() -> list[Path]:
    return caches.entries(revisions.BUILDS)


def test_an_extension_is_built_once_for_each_content(compiled: History) -> None:
    assert run(ANSWER, paths(compiled, "HEAD~3")) == "1"
    assert run(ANSWER, paths(compiled, "HEAD~2")) == "2"
    assert len(entries()) == 2
    when = next(built(compiled, "HEAD~3").glob("compiled/_fast*.so")).stat().st_ctime_ns
    assert built(compiled, "HEAD") == built(compiled, "HEAD~3")  # the same files in another commit
    assert next(built(compiled, "HEAD").glob("compiled/_fast*.so")).stat().st_ctime_ns == when
    assert len(entries()) == 2
    checkout = revisions.checkout(revisions.find(compiled.root), "HEAD")
    assert not list(checkout.root.rglob("*.so"))  # nor does a build write into it
    assert not (checkout.root / "build").exists()


def test_what_a_build_depends_on_is_in_its_key(compiled: History, monkeypatch: pytest.MonkeyPatch) -> None:
    first = built(compiled, "HEAD")
    monkeypatch.setenv("CFLAGS", "-O0")
    other = built(compiled, "HEAD")
    assert other != first
    monkeypatch.delenv("CFLAGS")
    monkeypatch.setattr(builds, "_compiler", lambda chosen: "another compiler")
    assert built(compiled, "HEAD") not in {first, other}
    monkeypatch.undo()


def test_the_working_tree_is_built_too(compiled: History) -> None:
    compiled.write({"fast.c": EXTENSION.format(7)})
    made = revisions.working_tree(revisions.find(compiled.root))
    assert run(ANSWER, builds.import_paths(made)) == "7"


def test_a_benchmark_beside_the_package_needs_no_other_build(compiled: History) -> None:
    plain = revisions.checkout(revisions.find(compiled.root), "HEAD")
    builds.import_paths(plain)
    beside = revisions.with_benchmark(plain, "bench.py", b"pass\n")
    assert run(ANSWER, builds.import_paths(beside)) == "1"
    assert len(entries()) == 1
    inner = revisions.with_benchmark(plain, "compiled/bench.py", b"B = 'put in'\n")
    assert run("import compiled.bench as b; print(b.B)", builds.import_paths(inner)) == "put in"
    assert len(entries()) == 2


def test_a_build_that_fails_is_one_clear_error(compiled: History) -> None:
    with pytest.raises(
        BuildError, match=r"broken cannot be built \(setup.py speaks of Extension\)"
    ) as caught:
        paths(compiled, "HEAD~1")
    assert caught.value.exit_code == EXIT_RUN
    log = Path(str(caught.value).rpartition("the log is ")[2])
    assert "this is no C" in log.read_text()
    assert "error" in caught.value.details
    with pytest.raises(BuildError):  # half a build is none
        paths(compiled, "HEAD~1")
    assert revisions.prune_caches(0)
    assert not log.exists()


def test_a_build_that_was_changed_is_made_again(compiled: History) -> None:
    module = next(built(compiled, "HEAD").glob("compiled/_fast*.so"))
    module.write_bytes(b"")
    assert run(ANSWER, paths(compiled, "HEAD")) == "1"


# ---------------------------------------------------------------- questions


def test_what_is_required_and_not_met() -> None:
    texts = ["pytest", "pytest>=99999", "no-such-thing-anywhere", "pytest; python_version < '3'", "?"]
    assert inquiry.lacking(texts) == ["pytest>=99999", "no-such-thing-anywhere", "?"]
