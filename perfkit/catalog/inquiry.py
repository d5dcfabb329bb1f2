"""Run by another interpreter, as a file, to answer one question about itself: a name and JSON in, JSON out.

Standard library alone, and pip's own where pip is: that interpreter need not have perfkit.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import sys
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_ENDS = (".py", ".so", ".pyd")


def host() -> dict[str, Any]:
    """Say all of it that a build may depend on."""
    import site
    import sysconfig

    packages = {(one.metadata["Name"] or "", one.version or "") for one in importlib.metadata.distributions()}
    places = [*site.getsitepackages(), *([site.getusersitepackages()] if site.ENABLE_USER_SITE else [])]
    about = sysconfig.get_platform(), sysconfig.get_config_var("EXT_SUFFIX"), sys.base_prefix
    return {
        "interpreter": [sys.version, *about],
        "packages": sorted(map(list, packages)),
        "places": [one for one in places if one in sys.path],
        "pip": any(name.lower() == "pip" for name, _ in packages),
    }


def lacking(requirements: list[str]) -> list[str]:
    """Say which requirements are not met by what is installed."""
    from pip._vendor.packaging.requirements import InvalidRequirement, Requirement

    found = []
    for text in requirements:
        try:
            wanted = Requirement(text)
            if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
                continue
            version = importlib.metadata.version(wanted.name)
        except (InvalidRequirement, importlib.metadata.PackageNotFoundError):
            found.append(text)
        else:
            if not wanted.specifier.contains(version, prereleases=True):
                found.append(text)
    return found


def required(folder: str) -> list[str]:
    """Say what the distributions in a folder require."""
    found = importlib.metadata.distributions(path=[folder])
    return [text for one in found for text in one.requires or ()]


def importable(trees: list[str], cache: str, distribution: str) -> dict[str, Any]:
    """Say what would be imported from working trees, or from an installed copy of their project.

    Parameters
    ----------
    trees
        The working trees, as `os.path.realpath` has them.
    cache
        A folder that is not meant, though it may lie in one of them.
    distribution
        The project's name; empty if it is not known.

    Returns
    -------
    dict
        ``found``: by name of a module or package, the folders in which it lies. ``hooks``: what is imported
        by a hook that comes before every folder, and from where.
    """
    # An environment that lies in a working tree is no part of it.
    own = [
        cache,
        *(one for one in map(os.path.realpath, (sys.prefix, sys.base_prefix)) if _under(one, trees)),
    ]
    own = [one for one in own if one not in trees]

    def inside(path: str) -> bool:
        return _under(path, trees) and not _under(path, own)

    names = {name for entry in sys.path if entry and inside(entry) for name in _names(entry)}
    hooks = []
    late = False
    for finder in sys.meta_path:
        kind = finder if isinstance(finder, type) else type(finder)
        late = late or kind.__name__ == "PathFinder"
        mapping, built = _editable(finder, kind)
        places = [one for one in (*mapping.values(), built) if one and inside(one)]
        if places:
            names.update(one.partition(".")[0] for one in mapping)
            if not late:
                hooks.append([getattr(finder, "_name", "") or distribution or kind.__module__, places[0]])
    installed = set(_installed(distribution))
    found = {}
    for name in (names | installed) - set(sys.builtin_module_names) - sys.stdlib_module_names:
        places = _places(name)
        if places and (name in installed or any(inside(one) for one in places)):
            found[name] = sorted({str(Path(one).parent) for one in places})
    return {"found": found, "hooks": hooks}


def _editable(finder: object, kind: type) -> tuple[dict[str, str], str]:
    """Return what an import hook of an editable install maps to what; and where it builds."""
    mapping = getattr(sys.modules.get(kind.__module__), "MAPPING", None)  # setuptools
    mapping = mapping or getattr(finder, "known_source_files", None)  # scikit-build-core
    built = getattr(finder, "_build_path", "")  # meson-python
    texts = {str(name): str(to) for name, to in mapping.items()} if isinstance(mapping, dict) else {}
    return texts, str(built)


def _names(folder: str) -> Iterator[str]:
    try:
        entries = [one.name for one in os.scandir(folder)]
    except OSError:
        return
    for one in entries:
        name = one.partition(".")[0]
        if name.isidentifier() and not name.startswith("__") and (one == name or one.endswith(_ENDS)):
            yield name


def _installed(distribution: str) -> Iterator[str]:
    """Yield the top names of an installed distribution."""
    try:
        files = importlib.metadata.distribution(distribution).files if distribution else None
    except importlib.metadata.PackageNotFoundError:
        return
    for one in files or ():
        top = one.parts[0]
        name = top.partition(".")[0]
        if name.isidentifier() and not name.startswith("__") and (len(one.parts) > 1 or top.endswith(_ENDS)):
            yield name


def _places(name: str) -> list[str]:
    """Return where a module or a package lies, without importing it."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return []
    if spec is None:
        return []
    if spec.submodule_search_locations is not None:
        return list(spec.submodule_search_locations)
    return [spec.origin] if spec.origin else []


def _under(path: str, folders: list[str]) -> bool:
    path = os.path.realpath(path)
    return any(path == one or path.startswith(one.rstrip(os.sep) + os.sep) for one in folders)


if __name__ == "__main__":
    _question, _given = sys.argv[1], json.loads(sys.argv[2])
    print(json.dumps(globals()[_question](*_given)))
