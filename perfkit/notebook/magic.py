"""``%perfkit`` takes the words of the command line; ``%%perfkit`` takes functions of the notebook as well."""

from __future__ import annotations

import importlib
import inspect
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perfkit import catalog
from perfkit.cli.main import COMMANDS, group
from perfkit.errors import PerfkitError, RunError, UsageError
from perfkit.python import calls, cells

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_CALLS: dict[str, Callable[..., Any]] = {
    "compare": calls.compare,
    "verify": calls.verify,
    "run": calls.run,
    "profile": calls.profile,
    "scale": calls.scale,
}
"""Commands that give a result to look at and go on with; all others print, as on the command line."""
_RENAMED = {"overrides": "set", "pythons": "python"}
_HANDLED = {"words", "modules", "inputs", "as_json"}
_FOR_CI = {"junit", "comment", "github"}
_MAKE_INPUTS = "make_inputs"


class MagicError(Exception):
    """What a user reads below the cell: one sentence, and no traceback."""

    def _render_traceback_(self) -> list[str]:
        """Return the lines that IPython shows."""
        return [f"perfkit: {self}"]


class Magic:
    """``%perfkit`` and ``%%perfkit``.

    Parameters
    ----------
    shell
        IPython's.
    """

    __name__ = "perfkit"

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self.__doc__ = group.help

    def __call__(self, line: str, cell: str | None = None) -> object:
        """Do what the line says; in the end of a cell, with what its body defines.

        Returns
        -------
        object
            The result, which the notebook shows; None of a command that prints.

        Raises
        ------
        MagicError
            With one sentence; with ``--debug`` the error itself is raised.
        """
        try:
            return self._do(shlex.split(line), cell)
        except (PerfkitError, click.ClickException, KeyboardInterrupt, OSError, ValueError) as error:
            if "--debug" in line.split():
                if isinstance(error, RunError) and error.details:
                    print(error.details, file=sys.stderr)
                raise
            raise MagicError(_sentence(error)) from error

    def _do(self, words: list[str], cell: str | None) -> object:
        if cell is not None and cell.strip():
            ran = self._shell.run_cell(cell, store_history=False, silent=True)
            if not ran.success:
                raise UsageError("the cell's own code failed, so nothing was measured")
        name = words[0] if words else ""
        if name not in _CALLS:
            if name in COMMANDS and cell is not None:
                raise UsageError(f"%%perfkit {name} takes no cell: write %perfkit {name}, with one %")
            group.main(words, prog_name="perfkit", standalone_mode=False)
            return None
        options = self._parsed(name, words[1:])
        if options is None:
            return None
        with cells.besides(cell or ""):
            return self._call(name, options, in_cell=cell is not None)

    def _parsed(self, name: str, arguments: Sequence[str]) -> dict[str, Any] | None:
        """Read the line as the command line does; None if it only asked for help."""
        command: click.Command = importlib.import_module(f"perfkit.cli.{name}").command
        try:
            return dict(command.make_context(f"perfkit {name}", list(arguments)).params)
        except click.exceptions.Exit:
            return None

    def _call(self, name: str, options: Mapping[str, Any], *, in_cell: bool) -> object:
        given = sorted(f"--{one}" for one in _FOR_CI if options.get(one))
        if given:
            raise UsageError(f"{' and '.join(given)} is for the command line, where a CI system reads it")
        things: list[object] = [self._thing(word, in_cell=in_cell) for word in options["words"]]
        if any(callable(one) for one in things):
            _check_known(things)
        inputs: object = self._thing(options["inputs"], in_cell=in_cell) if options["inputs"] else None
        own = self._shell.user_ns.get(_MAKE_INPUTS)
        if inputs is None and callable(own) and any(callable(one) for one in things):
            inputs = own
        known = inspect.signature(_CALLS[name]).parameters
        keywords = {_RENAMED.get(key, key): value for key, value in options.items() if key not in _HANDLED}
        keywords = {key: value for key, value in keywords.items() if key in known and key not in _FOR_CI}
        for key in ("fail_if_slower", "sizes"):
            if key in keywords and not keywords[key]:
                del keywords[key]
        things += [f"-m {module}" for module in options["modules"]]
        result = _CALLS[name](*things, inputs=inputs, progress=True, **keywords)
        if options["as_json"]:
            from perfkit.report import summary

            click.echo(summary.as_json(result.to_dict()), nl=False)
            return None
        return result

    def _thing(self, word: str, *, in_cell: bool) -> object:
        """Return the notebook's callable of that name, or else the word.

        A variant that is configured under the same name goes first, but not below a ``%%perfkit``.
        """
        first, *rest = word.split(".")
        found = self._shell.user_ns.get(first)
        for part in rest:
            found = getattr(found, part, None)
        if not callable(found) or (not in_cell and _is_variant(word)):
            return word
        return found


def _is_variant(word: str) -> bool:
    pipelines = catalog.open_project(Path.cwd()).pipelines.values()
    return any(word in one.variants for one in pipelines)


def _check_known(things: Sequence[object]) -> None:
    """See that a plain name beside functions of the notebook is one that there is."""
    for one in things:
        if isinstance(one, str) and one.isidentifier() and not _is_variant(one) and not Path(one).exists():
            raise UsageError(f"the notebook has no function {one!r}: run the cell that defines it first")


def _sentence(error: BaseException) -> str:
    """Say in one sentence what went wrong."""
    if isinstance(error, click.ClickException):
        return error.format_message().rstrip(".")
    if isinstance(error, KeyboardInterrupt):
        return "interrupted; finished runs are kept"
    more = "; --debug shows more" if isinstance(error, RunError) and error.details else ""
    return f"{str(error).rstrip('.')}{more}"
