"""Whole programs: scripts, modules as ``python -m`` runs them, and commands. Their result is what they print.

Standard library alone, and no more of it than the kind at hand needs.
"""

from __future__ import annotations

import importlib.util
import os
import sys

from perfkit.measure.loading import ContractError, ExitStatusError, Loaded

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Mapping
    from types import CodeType, ModuleType
    from typing import Any

    from perfkit.measure.staging import Marks


class _Program(Loaded):
    """What prints its result."""

    def __init__(
        self, module: ModuleType, run: Callable[[Any], Any], arguments: list[str], folder: str
    ) -> None:
        super().__init__(module, run, _arguments(arguments))
        self.folder = folder
        self._begin: int | None = None

    def begin(self) -> None:
        """Remember how much has been printed."""
        self._begin = position()

    def outcome(self, returned: object) -> object:
        """Return what it printed."""
        from perfkit.measure import printed

        del returned
        return printed.between(self._begin, position(), self.folder)


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


class Script(_Program):
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
        super().__init__(module, self._go, loading["arguments"], folder)
        self._file, self._after = file, after

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


class Command(_Program):
    """A whole command in any language: its process is started, and waited for."""

    def __init__(self, line: str, folder: str) -> None:
        import shlex
        import shutil

        if not _needs_shell(line):
            words = shlex.split(line)
            if not words or shutil.which(words[0]) is None:
                raise ContractError(
                    f"there is no command {words[0] if words else line!r} that could be started"
                )
        super().__init__(type(sys)("command"), self._go, [line], folder)

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
