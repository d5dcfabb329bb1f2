r"""Where code lies, in words that are the same on every machine.

``/home/ann/venv/lib/python3.11/site-packages/torch/nn/init.py`` and
``C:\Tools\Python312\Lib\site-packages\torch\nn\init.py`` are both ``torch/nn/init.py``.
"""

from __future__ import annotations

import posixpath
import re
import sys
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

Owner: TypeAlias = Literal["python", "package", "own"]

_PACKAGES = re.compile(r".*/(?:site|dist)-packages/(?:[^/]+\.(?:egg|whl)/)?(?=.)", re.DOTALL)
_WHEEL = re.compile(r".*/[^/]+-[^/]+\.whl/(?=.)", re.DOTALL)  # as pex and bazel unpack them
_LIBRARY = re.compile(
    r".*/lib(?:32|64)?/(?:python|pypy)\d+(?:\.\d+)?t?(?:/lib-dynload)?/(?=.)|.*/python\d+\.zip/(?=.)",
    re.DOTALL | re.IGNORECASE,
)
# Windows, and an interpreter that runs where it was built: Lib has no version, so its neighbours must tell.
_BARE_LIBRARY = re.compile(r".*/Lib/(?:lib-dynload/)?(?=.)", re.DOTALL)
_BARE_LIBRARY_OF_WINDOWS = re.compile(_BARE_LIBRARY.pattern, re.DOTALL | re.IGNORECASE)
_INTERPRETER = re.compile(r"python|pypy|conda|forge|/envs/[^/]+/$", re.IGNORECASE)
_NEIGHBOURS = 4  # of the folders above Lib
_CELL = re.compile(r".*/ipykernel_\d+/(?=[^/]+$)", re.DOTALL)  # of a notebook; the number is its process's
_PROMPT = re.compile(r"<(?:stdin|console|ipython-input-.*|python-input-.*)>", re.DOTALL)
_VERSION = re.compile(
    r"/(?:python|pypy)-?(\d)\.(\d+)t?(?=[/.-])|/Versions/(\d)\.(\d+)(?=/)|\bPython\.(\d)\.(\d+)_"
    r"|/(?:cpython-)?(\d)\.(\d+)\.\d+[^/]*(?=/)|/python(\d)(\d\d?)(?:-32|t)?(?:\.zip)?(?=/)",
    re.IGNORECASE,
)
# What was once in the standard library, or is in a newer one.
_LIBRARY_MODULES = frozenset(
    {
        "_pyrepl",
        "asynchat",
        "asyncore",
        "cgi",
        "cgitb",
        "chunk",
        "compression",
        "crypt",
        "distutils",
        "formatter",
    }
    | {
        "imghdr",
        "imp",
        "lib2to3",
        "macpath",
        "mailcap",
        "msilib",
        "nntplib",
        "parser",
        "pipes",
        "smtpd",
        "sndhdr",
    }
    | {"string", "sunau", "symbol", "telnetlib", "uu", "xdrlib"}
    | sys.stdlib_module_names
)
_DRIVE = re.compile(r"[A-Za-z]:(?=/|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Of each file of a profile: its place, and whether it belongs to the project.

    Attributes
    ----------
    places
        In the order of the files.
    own
        Neither Python's nor an installed package's.
    python
        Version of the interpreter, such as ``3.11``, as far as the paths tell; else empty.
    """

    places: list[str]
    own: list[bool]
    python: str


def locate(files: Sequence[str], root: str | Path | None = None) -> Places:
    """Say where files lie.

    Parameters
    ----------
    files
        Paths as a profile names them, of any system; ``~`` for built-in functions, ``<string>`` for code
        without a file.
    root
        The project's root, as it was where the profile was recorded; else the common folder of all absolute
        paths that belong to nothing else.
    """
    plain = [normalised(file) for file in files]
    places, own = [], []
    absolute = []
    before: Counter[tuple[str, Owner]] = Counter()  # what comes before the places of others' files
    for path in plain:
        place, owner = classify(path)
        places.append(place)
        own.append(owner == "own")
        if owner != "own":
            before[path[: len(path) - len(place)], owner] += 1
        elif place == path and _is_absolute(path):
            absolute.append(path)
    base = common_folder(absolute) if root is None else normalised(str(root))
    places = [
        below(place, base) if mine and _is_absolute(place) else place
        for place, mine in zip(places, own, strict=True)
    ]
    return Places(places=places, own=own, python=_python(before))


def normalised(path: str) -> str:
    r"""Return a path with forward slashes and without detours; ``C:\a\.\b`` becomes ``C:/a/b``."""
    if "\\" in path and path[:1] != "<" and (_DRIVE.match(path.replace("\\", "/")) or "/" not in path):
        path = path.replace("\\", "/").removeprefix("//?/")
    if path[:1] in {"<", "~"} or not path:
        return path
    if "//" in path or "/." in path or path[:2] == "./" or path[-1] == "/":
        path = posixpath.normpath(path)
        path = path[1:] if path[:2] == "//" else path
    if _DRIVE.match(path):
        path = path[0].upper() + path[1:]
    return path


def classify(path: str) -> tuple[str, Owner]:
    """Return the place of a normalised path, and whose it is; the project's own keep their path."""
    if path[:1] in {"~", ""}:
        return path or "~", "python"
    if path[:1] == "<":
        return path, "own" if _PROMPT.fullmatch(path) else "python"
    rooted = path if path[0] == "/" else "/" + path
    found = _PACKAGES.match(rooted) or _WHEEL.match(rooted)
    if found:
        return rooted[found.end() :], "package"
    found = _LIBRARY.match(rooted) or _bare_library(rooted)
    if found:
        return rooted[found.end() :], "python"
    cell = _CELL.match(rooted)
    return (f"<ipykernel>/{rooted[cell.end() :]}" if cell else path), "own"


def _bare_library(rooted: str) -> re.Match[str] | None:
    """Match the folder Lib of an interpreter, known by what is in it and what it is in."""
    found = (_BARE_LIBRARY_OF_WINDOWS if _DRIVE.match(rooted, 1) else _BARE_LIBRARY).match(rooted)
    if found is None:
        return None
    inside = rooted[found.end() :].split("/", maxsplit=1)[0].removesuffix(".py")
    around = found[0].split("/")[:-2][-_NEIGHBOURS:]
    known = inside in _LIBRARY_MODULES and _INTERPRETER.search("/" + "/".join(around) + "/")
    return found if known else None


def common_folder(paths: Iterable[str]) -> str:
    """Return the deepest folder that holds all of some normalised, absolute paths; empty without any."""
    folders = sorted({path.rpartition("/")[0] + "/" for path in paths})
    if not folders:
        return ""
    # The first and the last in order differ the earliest.
    first, last = folders[0].split("/"), folders[-1].split("/")
    shared = 0
    while shared < min(len(first), len(last)) and first[shared] == last[shared]:
        shared += 1
    return "/".join(first[:shared])


def below(path: str, folder: str) -> str:
    """Return a path relative to a folder, if it lies in it."""
    if folder and path.startswith(folder.rstrip("/") + "/"):
        return path[len(folder.rstrip("/")) + 1 :]
    return path[1:] if not folder and path[:1] == "/" else path


def _is_absolute(path: str) -> bool:
    return path[:1] == "/" or _DRIVE.match(path) is not None


def _python(folders: Counter[tuple[str, Owner]]) -> str:
    """Return the version that most paths tell of; the standard library's before installed packages'."""
    votes: Counter[tuple[bool, str]] = Counter()
    for (folder, owner), count in folders.items():
        version = _version(folder)
        if version:
            votes[owner == "python", version] += count
    return max(votes, key=lambda one: (one[0], votes[one], one[1]), default=(False, ""))[1]


def _version(folder: str) -> str:
    """Return the version of Python that a folder's path tells of, if it does."""
    found = None
    for found in _VERSION.finditer("/" + folder):  # noqa: B007  the last one
        continue
    numbers = [] if found is None else [one for one in found.groups() if one]
    return ".".join(numbers[:2])
