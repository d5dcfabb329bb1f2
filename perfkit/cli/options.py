"""Options that several commands share, and what they turn into."""

from __future__ import annotations

import functools
import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perfkit import catalog
from perfkit.api import stored
from perfkit.api.bench import TIMEOUT_S
from perfkit.api.profiles import LINE_LIMIT_S
from perfkit.api.sides import Asked, Sides
from perfkit.catalog.words import MODULE
from perfkit.cli import completion
from perfkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.api.bench import Bench
    from perfkit.model import Parameters, Scalar


def _overrides(_ctx: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> Parameters:
    """Turn ``name=value`` pairs into parameters; a value is a JSON scalar if it reads as one, else text."""
    found: Parameters = {}
    for one in given:
        name, equals, text = one.partition("=")
        if not equals or not name.isidentifier():
            raise click.BadParameter(f"write NAME=VALUE, such as n_samples=500, not {one!r}")
        if name in found:
            raise click.BadParameter(f"{name!r} is set twice")
        found[name] = _scalar(text)
    return found


def _output(ctx: click.Context, _option: click.Parameter, given: Path | None) -> Path | None:
    """See that what renders a file of that suffix can be used, before anything is measured for it."""
    if given is not None and not ctx.resilient_parsing:
        from perfkit.report import renderers

        renderers.of_suffix(given.suffix)
    return given


def _scalar(text: str) -> Scalar:
    try:
        value = json.loads(text)
    except ValueError:
        return {"True": True, "False": False, "None": None}.get(text, text)
    return value if value is None or isinstance(value, bool | int | float | str) else text


class _Seconds(click.ParamType[float]):
    """``90``, ``90s``, ``1.5min``, ``500ms`` or ``1h``."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float | int):
            return float(value)
        found = re.fullmatch(r"\s*([0-9.]+)\s*(ms|s|min|h)?\s*", str(value))
        try:
            number = float(found[1]) * _UNITS[found[2] or "s"] if found is not None else 0.0
        except ValueError:
            number = 0.0
        if not number > 0:
            self.fail(f"{value!r} is no time above 0; write 90, 90s, 1.5min or 500ms", param, ctx)
        return number


class FloatRange(click.FloatRange):
    """click's, without NaN, which lies in every range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number; fails as click does."""
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is no number", param, ctx)
        return number


_UNITS = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
SECONDS = _Seconds()

PIPELINE = click.option(
    "--pipeline",
    metavar="NAME",
    shell_complete=completion.pipelines,
    help="Which pipeline, where there are several.",
)
SETTING = click.option(
    "--set",
    "overrides",
    metavar="NAME=VALUE",
    multiple=True,
    callback=_overrides,
    help="A parameter of make_inputs; repeat for more.",
)
SEED = click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the inputs."
)
TIMEOUT = click.option(
    "--timeout",
    type=FloatRange(min=0, min_open=True),
    default=TIMEOUT_S,
    show_default=True,
    metavar="SECONDS",
    help="For each process.",
)
JSON = click.option(
    "--json", "as_json", is_flag=True, help="The whole result on stdout, and nothing else there."
)
LINE_LIMIT = click.option(
    "--line-limit",
    type=FloatRange(min=0),
    default=LINE_LIMIT_S,
    show_default=True,
    metavar="SECONDS",
    help="About how long the baseline's line profile may take; 0 for none.",
)
OUTPUT = click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    callback=_output,
    help="A copy of the report, its chart beside it; of the page, if it ends in .html; what a plugged-in "
    "renderer makes of it, if it has that suffix.",
)
SCALE_OUTPUT = click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="A copy of the report, its chart beside it.",
)
PYTHON = click.option(
    "--python",
    "pythons",
    metavar="PATH",
    multiple=True,
    help="The interpreter: once for all sides, or once for each, the baseline's first.",
)
DEBUG = click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error.")


class Naming(click.Command):
    """A command that names what to run; what follows ``--`` are the arguments of scripts and modules."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep what follows ``--`` from click, which would take it for further names."""
        at = args.index("--") if "--" in args else len(args)
        ctx.params["arguments"] = tuple(args[at + 1 :])
        return super().parse_args(ctx, args[:at])

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Say that arguments may follow."""
        return [*super().collect_usage_pieces(ctx), "[-- ARGUMENTS]"]


_NAMING = (
    click.option(
        "-m", "--module", "modules", metavar="MODULE", multiple=True, help="Run a module, as python -m does."
    ),
    click.option(
        "--command",
        "commands",
        metavar="LINE",
        multiple=True,
        help="Run a whole command in any language; its process is timed.",
    ),
    click.option(
        "--stage",
        "stages",
        metavar="FUNCTION",
        multiple=True,
        shell_complete=completion.functions,
        help="A function that is a stage: extract, Class.method, pkg.mod:Class.method; repeat for more.",
    ),
    click.option(
        "--find-stages/--no-find-stages",
        default=True,
        show_default=True,
        help="Make functions stages where none is declared.",
    ),
    click.option("--inputs", default="", metavar="CALLABLE", help="pkg.mod:make_inputs, for callables."),
    click.option("--dirty", is_flag=True, help="The last side is the working tree, as it is."),
    click.option(
        "--benchmark",
        type=click.Choice(["contender", "baseline", "own", "here"]),
        show_default="contender; own without a file",
        help="Whose copy of the benchmark file revisions run.",
    ),
    click.option("--keep-home", is_flag=True, help="Let timed runs see your home folder."),
)


def naming(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what to run, and hand them over as one `Asked`."""

    @functools.wraps(command)
    def asked(
        *,
        words: tuple[str, ...],
        modules: tuple[str, ...],
        arguments: tuple[str, ...],
        commands: tuple[str, ...],
        stages: tuple[str, ...],
        find_stages: bool,
        inputs: str,
        keep_home: bool,
        pipeline: str | None,
        dirty: bool,
        benchmark: str | None,
        pythons: tuple[str, ...] = (),
        **options: Any,
    ) -> Any:
        return command(
            asked=Asked(
                words=(*words, *(f"{MODULE}{one}" for one in modules)),
                commands=commands,
                arguments=arguments,
                pipeline=pipeline,
                stages=stages,
                find_stages=find_stages,
                inputs=inputs,
                pythons=pythons,
                dirty=dirty,
                benchmark=benchmark or "",
                keep_home=keep_home,
            ),
            **options,
        )

    found: Callable[..., Any] = asked
    for option in reversed(_NAMING):
        found = option(found)
    return click.argument("words", nargs=-1, metavar="[WORDS]", shell_complete=completion.sides)(found)


def one(sides: Sides) -> str:
    """Return the name of the one side; UsageError if there are more."""
    if len(sides.names) != 1:
        raise UsageError(f"name one thing to run, not {len(sides.names)}")
    return sides.names[0]


def two(sides: Sides) -> tuple[str, str]:
    """Return the names of the two sides; UsageError if there are more or fewer."""
    if len(sides.names) != 2:  # noqa: PLR2004  a baseline and a contender
        raise UsageError(
            f"name two sides, the baseline first, not {len(sides.names)}: variants, scripts, -m MODULE, "
            "pkg.mod:func, --command LINE, or revisions"
        )
    return sides.names[0], sides.names[1]


def measuring(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of every command that starts processes."""
    for option in (DEBUG, JSON, TIMEOUT, SEED, SETTING, PIPELINE):
        command = option(command)
    return command


def reading(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of every command that reads what is stored."""
    for option in (DEBUG, PIPELINE):
        command = option(command)
    return command


def bench(pipeline: str | None) -> Bench:
    """Return the bench of the project that the current folder belongs to, to read what is stored.

    Raises
    ------
    UsageError
        If there is no such pipeline, or the configuration is wrong.
    """
    return stored.bench(catalog.open_project(Path.cwd()), pipeline)


def nearby(file: Path) -> str:
    """Return a path as the user would type it here."""
    return str(file.relative_to(Path.cwd())) if file.is_relative_to(Path.cwd()) else str(file)
