"""What a shell may offer for a word: names from the project of the current folder. Standard library alone.

This reads the configuration and what is stored by itself, since what reads them in earnest takes longer to
load than a shell may wait; and it never fails: with a broken configuration, or none, convention serves.
"""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_CONVENTION = {"baseline": "baselines", "optimized": "optimized"}
_LATEST_RUNS = 100
"""Of the stored runs that fit, the latest so many are offered."""
_LOOKED_INTO = 5  # of the latest runs, for the stages that they had
_GIT_S = 1.0
_LARGEST = 1 << 22  # bytes of a file that is looked into
_STAGE = re.compile(r"\bstage\(\s*['\"]([^'\"]+)['\"]")
_FUNCTION = re.compile(r"^([ \t]*)(?:async\s+)?(def|class)\s+(\w+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The project of a folder, as far as it can be read.

    Attributes
    ----------
    variants
        By pipeline and by name: the file or whatever else the configuration says.
    default
        The pipeline that is meant when none is named; empty if that cannot be told.
    """

    root: Path
    variants: dict[str, dict[str, str]]
    default: str = ""

    def chosen(self, pipeline: str | None) -> list[str]:
        """Return the pipelines that are meant: the one that is named, else the default one, else all."""
        wanted = pipeline or self.default
        return [wanted] if wanted in self.variants else list(self.variants)


def project(start: Path) -> Found:
    """Return the project that a folder belongs to."""
    folders = (start, *start.parents)
    for folder in folders:
        table = _table(folder / "pyproject.toml")
        if table is not None:
            return _found(folder, table)
    root = next((one for one in folders if (one / _CONVENTION["baseline"]).is_dir()), start)
    return _found(root, {})


def _table(file: Path) -> dict[str, Any] | None:
    with suppress(OSError, ValueError):
        found = _mapping(_mapping(tomllib.loads(file.read_text(encoding="utf-8"))).get("tool")).get("perfkit")
        return found if isinstance(found, dict) else None
    return None


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _found(root: Path, table: dict[str, Any]) -> Found:
    tables = _mapping(table.get("pipelines"))
    variants: dict[str, dict[str, str]] = {}
    for name in sorted({*_names(root / _CONVENTION["baseline"], ".py"), *tables}):
        by_convention = {
            variant: f"{folder}/{name}.py"
            for variant, folder in _CONVENTION.items()
            if (root / folder / f"{name}.py").is_file()
        }
        given = _mapping(_mapping(tables.get(name)).get("variants"))
        variants[name] = by_convention | {variant: _word(one) for variant, one in given.items()}
    default = table.get("pipeline")
    only = next(iter(variants)) if len(variants) == 1 else ""
    return Found(root=root, variants=variants, default=default if isinstance(default, str) else only)


def _word(given: object) -> str:
    if isinstance(given, dict):
        given = next((given[key] for key in ("script", "callable", "module", "command") if key in given), "")
    return given if isinstance(given, str) else ""


def _names(folder: Path, suffix: str = "") -> list[str]:
    """Return the names in a folder, sorted, without what is hidden or private."""
    with suppress(OSError):
        found = [one for one in os.listdir(folder) if one.endswith(suffix)]  # noqa: PTH208  names are enough
        return sorted(one.removesuffix(suffix) for one in found if not one.startswith((".", "_")))
    return []


# ---------------------------------------------------------------- what is stored


def stored(found: Found, pipeline: str | None, folder: str, begin: str) -> list[str]:
    """Return the ids in a folder of the store (``runs``, ``comparisons``), the latest first."""
    ids = {
        one
        for name in found.chosen(pipeline)
        for one in _names(found.root / "reports" / name / folder)
        if one.startswith(begin)
    }
    return sorted(ids, reverse=True)[:_LATEST_RUNS]


def stages(found: Found, pipeline: str | None) -> list[str]:
    """Return the stages that the latest runs had, by their paths, and those that the sources name."""
    names: dict[str, None] = {}
    for name in found.chosen(pipeline):
        runs = found.root / "reports" / name / "runs"
        for run in sorted(_names(runs), reverse=True)[:_LOOKED_INTO]:
            names |= dict.fromkeys(_stages_of(runs / run / "run.json"))
        if not names:
            for path in found.variants.get(name, {}).values():
                names |= dict.fromkeys(_STAGE.findall(_text(found.root / path)))
    return list(names)


def _stages_of(file: Path) -> list[str]:
    import json

    with suppress(ValueError):
        run = _mapping(_mapping(json.loads(_text(file) or "{}")).get("run"))
        listed = run.get("stages")
        if isinstance(listed, list):
            paths = [_mapping(one).get("path") for one in listed]
            return [one for one in paths if isinstance(one, str)]
    return []


def functions(files: list[Path]) -> list[str]:
    """Return the functions and methods that files define, by qualified name."""
    names: dict[str, None] = {}
    for file in files:
        owner = ""
        for indent, what, name in _FUNCTION.findall(_text(file)):
            if not indent:
                owner = name if what == "class" else ""
            if what == "def" and (not indent or owner):
                names[f"{owner}.{name}" if indent else name] = None
    return [one for one in names if not one.rpartition(".")[2].startswith("__")]


def _text(file: Path) -> str:
    with suppress(OSError, ValueError):
        if file.is_file() and file.stat().st_size <= _LARGEST:
            return file.read_text(encoding="utf-8")
    return ""


# ---------------------------------------------------------------- files and revisions


def python_files(begin: str) -> list[str]:
    """Return the Python files that a path may go on to."""
    above, slash, start = begin.rpartition("/")
    folder = Path(above + slash if slash else ".")
    with suppress(OSError):
        found = os.listdir(folder)  # noqa: PTH208  names are enough
        return sorted(
            f"{above}{slash}{one}" for one in found if one.endswith(".py") and one.startswith(start)
        )
    return []


def revisions(begin: str) -> list[str]:
    """Return the branches and tags that a word may be, or a range of them may end with."""
    before, dots, last = begin.rpartition("..")
    head = before + dots
    command = ["git", "--no-pager", "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags"]
    with suppress(OSError, subprocess.SubprocessError, ValueError):
        done = subprocess.run(  # noqa: S603  our own words
            command, capture_output=True, text=True, timeout=_GIT_S, check=True, stdin=subprocess.DEVNULL
        )
        return [head + one for one in done.stdout.split() if one.startswith(last)]
    return []
