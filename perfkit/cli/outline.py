"""Commands in outline: their words and options alone, kept in a file, for a shell that waits for an answer.

Importing a command takes up to a second, since it imports what it does. Its outline is taken when a shell
first asks for it, and kept until perfkit's own files change.
"""

from __future__ import annotations

import importlib
import json
import os
import secrets
import sys
import zlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perfkit import __version__
from perfkit.cli import completion

if TYPE_CHECKING:
    from collections.abc import Iterable


class _Outlined(click.Command):
    """A command that is never run; ``--`` ends what it takes itself, where the real one has it so."""

    naming = False

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Leave out what follows ``--``: arguments of the user's own script."""
        if self.naming and "--" in args:
            ctx.meta[completion.AFTER] = True
            args = args[: args.index("--")]
        return super().parse_args(ctx, args)


def command(name: str) -> click.Command:
    """Return the outline of a command of ``perfkit.cli``."""
    file = _file()
    kept = _read(file)
    if name in kept:
        with suppress(Exception):  # whatever a damaged file leads to
            return _made(name, kept[name])
    real: click.Command = importlib.import_module(f"perfkit.cli.{name}").command
    kept[name] = _outline(real)
    _write(file, kept)
    return _made(name, kept[name])


def keep(names: Iterable[str]) -> None:
    """Take the outlines of all commands now, so that a shell need not wait for them later."""
    for name in names:
        with suppress(Exception):  # a command that cannot be imported is none that can be completed
            command(name)


# ---------------------------------------------------------------- from a command, and back


def _outline(real: click.Command) -> dict[str, Any]:
    from perfkit.cli.options import Naming

    return {"naming": isinstance(real, Naming), "params": [_parameter(one) for one in real.params]}


def _parameter(real: click.Parameter) -> dict[str, Any]:
    custom = getattr(real, "_custom_shell_complete", None)
    name = getattr(custom, "__name__", "")
    kind = real.type
    return {
        "name": real.name,
        "opts": real.opts,
        "second": real.secondary_opts,
        "argument": isinstance(real, click.Argument),
        "nargs": real.nargs,
        "multiple": real.multiple,
        "flag": isinstance(real, click.Option) and real.is_flag,
        "hidden": isinstance(real, click.Option) and real.hidden,
        "optional": isinstance(real, click.Option) and getattr(real, "_flag_needs_value", False),
        "help": real.help if isinstance(real, click.Option) else None,
        "choices": [str(one) for one in kind.choices] if isinstance(kind, click.Choice) else None,
        "path": isinstance(kind, click.Path),
        "source": name if custom is not None and getattr(completion, name, None) is custom else "",
    }


def _made(name: str, kept: dict[str, Any]) -> click.Command:
    made = _Outlined(name, params=[_made_parameter(one) for one in kept["params"]])
    made.naming = kept["naming"]
    return made


def _made_parameter(kept: dict[str, Any]) -> click.Parameter:
    kind: click.ParamType[Any] = click.UNPROCESSED
    if kept["choices"] is not None:
        kind = click.Choice(kept["choices"])
    elif kept["path"]:
        kind = click.Path()
    source = getattr(completion, kept["source"], None) if kept["source"] else None
    if kept["argument"]:
        return click.Argument(
            [kept["name"]], nargs=kept["nargs"], required=False, type=kind, shell_complete=source
        )
    words = "/".join([kept["opts"][-1], *kept["second"]]) if kept["second"] else None
    declared = [kept["name"], *(kept["opts"] if words is None else [*kept["opts"][:-1], words])]
    if kept["flag"]:
        return click.Option(declared, is_flag=True, help=kept["help"], hidden=kept["hidden"])
    optional: dict[str, Any] = {"is_flag": False, "flag_value": ""} if kept["optional"] else {}
    return click.Option(
        declared,
        nargs=kept["nargs"],
        multiple=kept["multiple"],
        type=kind,
        help=kept["help"],
        hidden=kept["hidden"],
        shell_complete=source,
        **optional,
    )


# ---------------------------------------------------------------- the file


def _file() -> Path:
    """Return where outlines are kept: under a name that changes with perfkit's commands, and with Python."""
    chosen = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(chosen):  # noqa: PTH117  the specification says to ignore others
        chosen = os.path.expanduser("~/Library/Caches" if sys.platform == "darwin" else "~/.cache")  # noqa: PTH111
    files = (one for one in os.scandir(Path(__file__).parent) if one.is_file())
    stamps = sorted((one.name, one.stat().st_mtime_ns, one.stat().st_size) for one in files)
    key = f"{__version__} {sys.version} {stamps}"
    return Path(chosen) / "perfkit" / "completion" / f"{zlib.crc32(key.encode()):08x}-{len(key)}.json"


def _read(file: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        found = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return found
    return {}


def _write(file: Path, kept: dict[str, Any]) -> None:
    """Replace the file; whoever cannot write there waits each time."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        for old in file.parent.glob("*.json"):
            if old != file:
                old.unlink(missing_ok=True)
        try:
            draft.write_text(json.dumps(kept), encoding="utf-8")
            draft.replace(file)
        finally:
            draft.unlink(missing_ok=True)
