"""Get from what a job names to what the worker calls: a module's run, a script, a callable or a command.

Standard library alone, and no more of it than the kind at hand needs.
"""

from __future__ import annotations

import importlib.util
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Iterable, Mapping
    from types import CodeType, ModuleType
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
        return _Command(loading["target"], folder)
    _search(loading["paths"])
    if kind in {"script", "module"}:
        return _Script(root, path, loading, folder, marks=marks, as_main=as_main)
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


# ---------------------------------------------------------------- scripts


def position() -> int | None:
    """Return how far standard output has been written, child processes' included; None if nobody can tell."""
    _flush()
    try:
        return os.lseek(1, 0, os.SEEK_CUR)
    except OSError:
        return None


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue


class _Script(Loaded):
    """A script, or a module as ``python -m`` runs it.

    What comes before its work is its import: all before ``if __name__ == "__main__"``, or else its first
    imports. The rest is its run, which may be called again.
    """

    def __init__(
        self,
        root: str,
        path: str,
        loading: Mapping[str, Any],
        folder: str,
        *,
        marks: Marks | None,
        as_main: bool,
    ) -> None:
        import ast

        self._begin: int | None = None
        file, name, package, spec = os.path.join(root, path), "", None, None  # noqa: PTH118
        if loading["kind"] == "module":
            file, name, package, spec = _as_module(root, loading["target"])
        else:
            for entry in (root, os.path.dirname(file)):  # noqa: PTH120
                if entry not in sys.path:
                    sys.path.insert(0, entry)
        with open(file, "rb") as source:  # noqa: PTH123
            tree = ast.parse(source.read(), file)
        if marks is not None:
            marks.compile(tree, file, name)
        before, after = split(tree, file, whole=as_main)
        called = "__main__" if as_main else os.path.basename(file).removesuffix(".py")  # noqa: PTH119
        module = type(sys)(called, ast.get_docstring(tree, clean=False))
        vars(module).update(__file__=file, __package__=package, __spec__=spec, __builtins__=__builtins__)
        sys.modules[called] = module
        sys.argv = [file]
        exec(before, vars(module))  # noqa: S102  the user's script
        super().__init__(module, self._go, _arguments(loading["arguments"]))
        self.folder = folder
        self._file, self._after = file, after

    def begin(self) -> None:
        """Remember how much it has printed."""
        self._begin = position()

    def _go(self, arguments: list[str]) -> None:
        sys.argv = [self._file, *arguments]
        process, status = os.getpid(), None
        cause: SystemExit | None = None  # kept: a recorder knows by its identity in which stage it was raised
        try:
            exec(self._after, vars(self.module))  # noqa: S102  the user's script
        except SystemExit as ended:
            cause, status = ended, ended.code
        except BaseException as error:
            if os.getpid() != process:
                sys.excepthook(type(error), error, error.__traceback__)
                _end_fork(1)
            raise
        if os.getpid() != process:
            _end_fork(status)
        _wait_for_threads()
        if status not in (None, 0):
            raise ExitStatusError(_ended(status)) from cause

    def outcome(self, returned: object) -> object:
        """Return what it printed."""
        from perfkit.measure import printed

        del returned
        return printed.between(self._begin, position(), self.folder)


def _end_fork(status: object) -> None:
    """End a process that the script forked and that came back to its end, as Python would have ended it."""
    _flush()
    os._exit(status & 0xFF if isinstance(status, int) else int(status is not None))


def _wait_for_threads() -> None:
    """Wait for the threads that a script started: it ends when they do."""
    threading = sys.modules.get("threading")
    while threading is not None:
        own = threading.current_thread()
        busy = [one for one in threading.enumerate() if not one.daemon and one is not own and _is_busy(one)]
        if not busy:
            return
        busy[0].join(0.01)


def _is_busy(thread: Any) -> bool:
    """Tell whether a thread does anything: one of a pool that nobody has closed waits for more, for ever."""
    frame = sys._current_frames().get(thread.ident)
    code = None if frame is None else frame.f_code
    return code is None or (code.co_name, os.path.basename(code.co_filename)) != ("_worker", "thread.py")  # noqa: PTH119


def _ended(code: object) -> str:
    return f"ended with exit status {code}" if isinstance(code, int) else f"ended with: {code}"


def _as_module(root: str, target: str) -> tuple[str, str, str, Any]:
    """Return the file, the name, the package and the spec of what ``python -m`` would run."""
    for entry in (root, os.getcwd()):  # noqa: PTH109
        if entry not in sys.path:
            sys.path.insert(0, entry)
    spec = importlib.util.find_spec(target)
    if spec is not None and spec.submodule_search_locations is not None:
        target += ".__main__"
        spec = importlib.util.find_spec(target)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise ContractError(
            f"there is no module {target!r} to run: python -m {target} does not find it either"
        )
    return spec.origin, target, spec.parent or "", spec


def split(tree: ast.Module, file: str, *, whole: bool = True) -> tuple[CodeType, CodeType]:
    """Compile a script in two: what it imports and defines, and what it does.

    Parameters
    ----------
    tree
        Its syntax.
    file
        Its path, for tracebacks.
    whole
        False: of a script that is not run, all definitions belong to the first part, wherever they stand.
    """
    import __future__

    import ast

    at = next((i for i, one in enumerate(tree.body) if is_guard(one)), None)
    if at is None:
        at = next((i for i, one in enumerate(tree.body) if not _prepares(one)), len(tree.body))
    flags = 0
    for one in tree.body[:at]:
        if isinstance(one, ast.ImportFrom) and one.module == "__future__":
            for alias in one.names:
                flags |= getattr(__future__, alias.name).compiler_flag
    first = tree.body[:at] + ([] if whole else [_tried(one) for one in tree.body[at:] if _defines(one)])
    halves = [
        compile(ast.Module(body=body, type_ignores=[]), file, "exec", flags=flags, dont_inherit=True)
        for body in (first, tree.body[at:])
    ]
    return halves[0], halves[1]


def is_guard(node: ast.stmt) -> bool:
    """Tell whether a statement is ``if __name__ == "__main__":``."""
    import ast

    test = node.test if isinstance(node, ast.If) else None
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], ast.Eq):
        return False
    sides = [test.left, test.comparators[0]]
    names = [one.id for one in sides if isinstance(one, ast.Name)]
    texts = [one.value for one in sides if isinstance(one, ast.Constant)]
    return names == ["__name__"] and texts == ["__main__"]


def _prepares(node: ast.stmt) -> bool:
    """Tell whether a statement at the top only imports."""
    import ast

    if isinstance(node, ast.Try | ast.If):
        return all(_prepares(one) for one in (*node.body, *node.orelse))
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_text or isinstance(node, ast.Import | ast.ImportFrom)


def _defines(node: ast.stmt) -> bool:
    """Tell whether a statement defines something and does nothing: a function, a class, a constant."""
    import ast

    if isinstance(node, ast.Assign | ast.AnnAssign):
        return node.value is not None and not any(isinstance(one, ast.Call) for one in ast.walk(node.value))
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or _prepares(node)


def _tried(node: ast.stmt) -> ast.stmt:
    """Return a definition that may fail, for want of what was not run before it."""
    import ast

    name = ast.Name(id="Exception", ctx=ast.Load())
    handler = ast.ExceptHandler(type=name, name=None, body=[ast.Pass()])
    tried = ast.Try(body=[node], handlers=[handler], orelse=[], finalbody=[])
    return ast.fix_missing_locations(ast.copy_location(tried, node))


def _arguments(given: list[str]) -> Callable[..., list[str]]:
    """Return what makes a script's inputs: its arguments, with the parameters in their places."""

    def make_inputs(seed: int, **parameters: object) -> list[str]:
        return filled(given, {**parameters, "seed": seed})

    return make_inputs


def filled(texts: list[str], parameters: Mapping[str, object]) -> list[str]:
    """Put parameters in the place of their names in braces."""
    found = []
    for text in texts:
        for name, value in parameters.items():
            text = text.replace(f"{{{name}}}", str(value))  # noqa: PLW2901
        found.append(text)
    return found


# ---------------------------------------------------------------- commands

_SHELL = frozenset("|&;<>()$`*?~\n#")


def _needs_shell(line: str) -> bool:
    """Tell whether a shell has to read a command: it has more than words, quoted or not."""
    import re

    return bool(_SHELL & set(re.sub(r"'[^']*'|\"[^\"$`\\]*\"", "", line)))


class _Command(Loaded):
    """A whole command in any language: its process is started, and waited for."""

    def __init__(self, line: str, folder: str) -> None:
        import shlex
        import shutil

        self._begin: int | None = None
        if not _needs_shell(line):
            words = shlex.split(line)
            if not words or shutil.which(words[0]) is None:
                raise ContractError(
                    f"there is no command {words[0] if words else line!r} that could be started"
                )
        super().__init__(type(sys)("command"), self._go, _arguments([line]))
        self.folder = folder

    def begin(self) -> None:
        """Remember how much there is in the output."""
        self._begin = position()

    def _go(self, inputs: list[str]) -> None:
        import shlex

        line = inputs[0]
        words = ["/bin/sh", "-c", line] if _needs_shell(line) else shlex.split(line)
        process = os.posix_spawnp(words[0], words, os.environ)
        _, status, used = os.wait4(process, 0)
        self.peak_rss_bytes = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        code = os.waitstatus_to_exitcode(status)
        if code:
            raise ExitStatusError(f"was ended by signal {-code}" if code < 0 else _ended(code))

    def outcome(self, returned: object) -> object:
        """Return what it printed."""
        from perfkit.measure import printed

        del returned
        return printed.between(self._begin, position(), self.folder)
