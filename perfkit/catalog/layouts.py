"""What a source tree is: whether it has to be built before it can be imported, and where its packages lie."""

from __future__ import annotations

import ast
import configparser
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perfkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMPILING = {
    "maturin": "maturin",
    "mesonpy": "meson-python",
    "scikit_build_core": "scikit-build-core",
    "skbuild": "scikit-build",
    "setuptools_rust": "setuptools-rust",
    "sipbuild": "SIP",
    "py_build_cmake": "py-build-cmake",
}
_COMPILERS = {"cython", "pybind11", "nanobind", "setuptools-rust", "cffi", "mypy", "scikit-build", "cppyy"}
_IN_SETUP = {"ext_modules", "cythonize", "Extension", "rust_extensions", "cffi_modules", "mypycify"}
_VERSION_FILES = {"write_to", "version_file"}
_HARMLESS_HOOKS = {"version", "vcs", "sbom", "autorun"}
_SOURCES = {".pyx"}
_NOT_SOURCES = {"tests", "test", "docs", "doc", "examples", "benchmarks"}
_MODULE_ENDS = (".py", ".so", ".pyd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A source tree.

    Attributes
    ----------
    name
        Of the distribution, in its normal form; empty if that is not known.
    reason
        Why it has to be built; empty if its packages can be imported where they lie.
    roots
        Folders in which its packages lie, relative; the tree's own last.
    requires
        What its build needs, as ``[build-system]`` says.
    """

    name: str = ""
    reason: str = ""
    roots: tuple[str, ...] = (".",)
    requires: tuple[str, ...] = ("setuptools",)


def look(root: Path) -> Layout:
    """Look at a source tree.

    Parameters
    ----------
    root
        The folder of its pyproject.toml, setup.py or setup.cfg.

    Raises
    ------
    UsageError
        If its pyproject.toml cannot be read.
    """
    project = _Tree(root)
    return Layout(
        name=project.name(),
        reason=next(project.reasons(), ""),
        roots=project.roots(),
        requires=project.requires,
    )


def project_of(root: Path, file: str) -> str:
    """Return the folder of the project that a file belongs to, relative to the root; empty for itself.

    Parameters
    ----------
    file
        Relative to the root, with forward slashes.
    """
    for folder in Path(file).parents:
        if _is_project(root / folder):
            return "" if folder == Path() else folder.as_posix()
    return ""


def _is_project(folder: Path) -> bool:
    if (folder / "setup.py").is_file() or (folder / "setup.cfg").is_file():
        return True
    file = folder / "pyproject.toml"
    # Many have one for their tools' settings alone.
    return file.is_file() and bool({"project", "build-system"} & _read(file).keys())


def module_names(folder: Path) -> set[str]:
    """Return what can be imported from a folder: modules, packages, and folders that may be namespaces."""
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return set()
    names = set()
    for entry in entries:
        name = entry.name.partition(".")[0]
        if name.isidentifier() and (entry.name == name or entry.name.endswith(_MODULE_ENDS)):
            names.add(name)
    return names


def normal(name: str) -> str:
    """Return the normal form of a distribution's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _read(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as handle:
            return tomllib.load(handle)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from error


class _Tree:
    """A source tree under inspection."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.pyproject = _read(root / "pyproject.toml")
        system = _table(self.pyproject, "build-system")
        self.requires = tuple(one for one in system.get("requires", ("setuptools",)) if isinstance(one, str))
        self.setup = _setup(root / "setup.py")
        self.config = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            self.config.read(root / "setup.cfg", encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            self.config = configparser.ConfigParser()
        declared = str(system.get("build-backend", ""))
        is_project = bool(system or "project" in self.pyproject or self.setup or self.config.sections())
        self.backend = declared or ("setuptools" if is_project else "")
        self.tool = _table(self.pyproject, "tool")

    def name(self) -> str:
        found = _table(self.pyproject, "project").get("name") or _table(self.tool, "poetry").get("name")
        found = found or self.config.get("metadata", "name", fallback="") or _literal(self.setup, "name")
        return normal(found) if isinstance(found, str) else ""

    # ------------------------------------------------------------ must it be built

    def reasons(self) -> Iterator[str]:
        """Yield why the tree has to be built."""
        if not self.backend:
            return
        for start, title in _COMPILING.items():
            if re.match(rf"{start}\b", self.backend):
                yield f"{title} builds it"
        names = {normal(re.split(r"[^\w.-]", one.strip(), maxsplit=1)[0]) for one in self.requires}
        if self.backend.startswith("setuptools"):
            yield from (f"its build needs {one}" for one in sorted(names & _COMPILERS))
            yield from (f"setup.py speaks of {one}" for one in sorted(_names(self.setup) & _IN_SETUP))
            if "ext-modules" in _table(self.tool, "setuptools"):
                yield "pyproject.toml names extension modules"
        hooks = _table(self.tool, "hatch", "build", "hooks") | _table(
            self.tool, "hatch", "build", "targets", "wheel", "hooks"
        )
        yield from (f"hatch's build hook {one}" for one in sorted(hooks.keys() - _HARMLESS_HOOKS))
        if _table(self.tool, "poetry").get("build") or "run-setuptools" in _table(self.tool, "pdm", "build"):
            yield "pyproject.toml names a build script"
        yield from (f"its build writes {one}" for one in self._written() if not (self.root / one).exists())
        mapping = _literal(self.setup, "package_dir") or _table(self.tool, "setuptools", "package-dir")
        if isinstance(mapping, dict) and any(mapping):
            yield "its packages lie in folders of other names"
        source = next(self._sources(), None)
        if source is not None:
            yield f"there is {source}"

    def _written(self) -> Iterator[str]:
        """Yield the files that its build generates, such as one with the version."""
        tables = [
            _table(self.tool, "setuptools_scm"),
            _table(self.tool, "pdm", "version"),
            {
                one.replace("-", "_"): to
                for one, to in _table(self.tool, "hatch", "build", "hooks", "vcs").items()
            },
        ]
        scm = _literal(self.setup, "use_scm_version")
        for table in (*tables, scm if isinstance(scm, dict) else {}):
            yield from (str(table[one]) for one in sorted(_VERSION_FILES & table.keys()))

    def _sources(self) -> Iterator[str]:
        """Yield sources that no interpreter can import."""
        for place, folders, names in os.walk(self.root):
            folders[:] = [one for one in folders if not one.startswith(".") and one not in _NOT_SOURCES]
            for one in sorted(names):
                if Path(one).suffix in _SOURCES:
                    yield Path(place, one).relative_to(self.root).as_posix()

    # ------------------------------------------------------------ where are its packages

    def roots(self) -> tuple[str, ...]:
        """Return the folders to search, the tree's own last."""
        found = [one for one in self._configured() if self._is_inside(one)]
        if not found and (self.root / "src").is_dir() and not (self.root / "src/__init__.py").exists():
            found = ["src"]
        return tuple(dict.fromkeys([*(os.path.normpath(one) for one in found), "."]))

    def _configured(self) -> Iterator[str]:
        setuptools = _table(self.tool, "setuptools")
        yield str(_table(setuptools, "package-dir").get("", ""))
        yield from _texts(_table(setuptools, "packages", "find").get("where"))
        mapping = _literal(self.setup, "package_dir")
        yield str(mapping.get("", "")) if isinstance(mapping, dict) else ""
        found = re.search(r"(?m)^\s*=\s*(\S+)", self.config.get("options", "package_dir", fallback=""))
        yield found[1] if found else ""
        yield self.config.get("options.packages.find", "where", fallback="")
        for one in _table(self.tool, "poetry").get("packages", ()):
            yield str(one.get("from", "")) if isinstance(one, dict) else ""
        wheel = _table(self.tool, "hatch", "build", "targets", "wheel")
        yield from (os.path.dirname(one) for one in _texts(wheel.get("packages")))  # noqa: PTH120  "" for none
        yield from _texts(wheel.get("sources"))
        yield str(_table(self.tool, "pdm", "build").get("package-dir", ""))
        yield str(_table(self.tool, "uv", "build-backend").get("module-root", ""))

    def _is_inside(self, folder: str) -> bool:
        place = (self.root / folder).resolve()
        return bool(folder) and place.is_dir() and place.is_relative_to(self.root.resolve())


def _table(within: dict[str, Any], *path: str) -> dict[str, Any]:
    """Return a table of a table; an empty one for what is missing or no table."""
    for one in path:
        found = within.get(one)
        within = found if isinstance(found, dict) else {}
    return within


def _texts(given: object) -> list[str]:
    return [one for one in given if isinstance(one, str)] if isinstance(given, list) else []


def _setup(file: Path) -> ast.Module | None:
    """Return the syntax of setup.py; None if there is none, or it is another Python's."""
    try:
        return ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None


def _names(tree: ast.Module | None) -> set[str]:
    found = set()
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.keyword) and node.arg:
            found.add(node.arg)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)  # setup(**{"ext_modules": ...})
    return found


def _literal(tree: ast.Module | None, keyword: str) -> object:
    """Return what setup.py gives a keyword, if it is written out there."""
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.keyword) and node.arg == keyword:
            try:
                found: object = ast.literal_eval(node.value)
            except ValueError:
                continue
            return found
    return None
