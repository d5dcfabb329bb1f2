"""Get from what a job names to what the worker calls: a module's run, a callable, or a whole program.

Standard library alone, and no more of it than the kind at hand needs.
"""

from __future__ import annotations

import importlib.util
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import ModuleType
    from typing import Any

    from perfkit.measure.staging import Marks


class ContractError(Exception):
    """What the user named is not what it has to be; the text is a sentence for him."""


class ExitStatusError(Exception):
    """A script or a command ended with another status than 0."""


class Loaded:
    """What a worker calls.

    Attributes
    ----------
    module
        That holds the code.
    run
        Is called with the inputs, and timed.
    make_inputs
        Its own.
    function
        The callable itself, of one.
    folder
        Where its standard output goes to, as ``stdout.txt``.
    peak_rss_bytes
        Of a command's own process, after it ran; None for all else.
    """

    def __init__(
        self,
        module: ModuleType,
        run: Callable[[Any], Any] | None = None,
        make_inputs: Callable[..., Any] | None = None,
    ) -> None:
        self.module = module
        self._run = run
        self._make_inputs = make_inputs
        self.function: Callable[..., Any] | None = None
        self._path = ""
        self.folder = ""
        self.peak_rss_bytes: int | None = None

    @property
    def run(self) -> Callable[[Any], Any]:
        """What is timed; ContractError if there is nothing."""
        return self._run or _function(self.module, "run", self._path)

    @property
    def make_inputs(self) -> Callable[..., Any]:
        """What makes its inputs; ContractError if there is nothing."""
        return self._make_inputs or _function(self.module, "make_inputs", self._path)

    def begin(self) -> None:
        """Get ready for a run."""

    def outcome(self, returned: object) -> object:
        """Return the result of a run, from what it returned."""
        return returned

    def told(self, lines: Iterable[str]) -> object:
        """Return lines of text as they are compared."""
        from perfkit.measure import printed

        return printed.told(lines)


def load(root: str, path: str, loading: Mapping[str, Any], folder: str, *, as_main: bool = True) -> Loaded:
    """Import what a job names, up to where it begins to work.

    Parameters
    ----------
    root
        From where it is imported, absolute.
    path
        Its file, relative to it.
    loading
        The fields of `perfkit.model.Loading`.
    folder
        The job's, where standard output goes to.
    as_main
        False: import a script's functions only, beside another that runs.

    Raises
    ------
    ContractError
        If it is not what it has to be.
    """
    kind = loading["kind"]
    marks = _marks(root, loading["points"])
    if kind == "command":
        from perfkit.measure import programs

        return programs.Command(loading["target"], folder)
    _search(loading["paths"])
    if kind in {"script", "module"}:
        from perfkit.measure import programs

        return programs.Script(root, path, loading, folder, marks=marks, as_main=as_main)
    if kind == "callable":
        return _callable(root, path, loading["target"], marks)
    loaded = Loaded(_module(root, path, marks))
    loaded._path = path
    return loaded


def _marks(root: str, points: list[Any]) -> Marks | None:
    """Make the functions stages that the job names."""
    if not points:
        return None
    from perfkit.measure.staging import Marks

    marks = Marks(root, points)
    marks.install()
    return marks


def _search(folders: list[str]) -> None:
    """Search folders for modules first, in this order."""
    for entry in reversed(folders):
        if entry not in sys.path:
            sys.path.insert(0, entry)


def _module(root: str, path: str, marks: Marks | None) -> ModuleType:
    """Import a module by its path, under a name that its own children could import too."""
    name = path.removesuffix(".py").replace("/", ".").strip(".")
    if name in sys.modules:
        return sys.modules[name]
    file = os.path.join(root, path)  # noqa: PTH118  pathlib would be loaded for this alone
    folder = os.path.dirname(file)  # noqa: PTH120
    for entry in (root, folder):
        if entry not in sys.path:
            sys.path.insert(0, entry)
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        msg = f"{path} is no Python file"
        raise ImportError(msg)
    if marks is not None and marks.of(file):
        from perfkit.measure.staging import Loader

        spec.loader = Loader(name, file, marks)
        spec.cached = None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _function(module: ModuleType, name: str, path: str) -> Callable[..., Any]:
    function = getattr(module, name, None)
    if not callable(function):
        what = "has no function" if function is None else "has something that is not callable named"
        msg = f"{path} {what} {name!r}; a pipeline needs make_inputs(seed, ...) and run(inputs)"
        raise ContractError(msg)
    return function  # type: ignore[no-any-return]


# ---------------------------------------------------------------- callables


def _callable(root: str, path: str, target: str, marks: Marks | None) -> Loaded:
    """Import one callable: ``pkg.mod:func`` by its name, ``:func`` by its file."""
    name, _, qualified = target.partition(":")
    if name:
        for entry in (os.getcwd(), root):  # noqa: PTH109  no pathlib in the worker
            if entry not in sys.path:
                sys.path.insert(0, entry)
        __import__(name)
        module = sys.modules[name]
    else:
        module = _module(root, path, marks)
    found: Any = module
    for part in qualified.split("."):
        if not hasattr(found, part):
            raise ContractError(f"{name or path} has no {qualified!r}")
        found = getattr(found, part)
    if not callable(found):
        raise ContractError(f"{qualified!r} of {name or path} is not callable")

    def run(inputs: object) -> object:
        if inputs is NOTHING:
            return found()
        return found(*inputs) if type(inputs) is tuple else found(inputs)

    loaded = Loaded(module, run, _nothing)
    loaded.function = found
    return loaded


def needs_inputs(loaded: Loaded) -> str:
    """Return what to say of a callable that takes arguments and is given none; empty if it takes none."""
    function: Any = loaded.function
    code = getattr(function, "__code__", None)
    if code is None:  # a class, or made in C: its call says what is missing
        return ""
    n = code.co_argcount - len(function.__defaults__ or ())
    missing = [
        *code.co_varnames[int(hasattr(function, "__self__")) : n],
        *(
            name
            for name in code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
            if name not in (function.__kwdefaults__ or {})
        ),
    ]
    if not missing:
        return ""
    return (
        f"{function.__qualname__} needs {', '.join(missing)}: name what makes them with "
        "--inputs pkg.mod:make_inputs, a function of a seed"
    )


NOTHING = None
"""The inputs of what takes none."""


def _nothing(seed: int) -> None:
    del seed
