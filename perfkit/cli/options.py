"""Options that several commands share, and what they turn into."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perfkit import catalog
from perfkit.api.bench import TIMEOUT_S, Bench, ignore
from perfkit.api.profiles import LINE_LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.model import Event, Parameters, Scalar


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

PIPELINE = click.option("--pipeline", metavar="NAME", help="Which pipeline, where there are several.")
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
    help="A copy of the report, its chart beside it; of the page, if it ends in .html.",
)
DEBUG = click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error.")


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


def bench(
    pipeline: str | None,
    overrides: Parameters | None = None,
    seed: int = 0,
    timeout: float = TIMEOUT_S,
    listener: Callable[[Event], None] = ignore,
) -> Bench:
    """Return the bench of the project that the current folder belongs to.

    Raises
    ------
    UsageError
        If there is no such pipeline, or the configuration is wrong.
    """
    project = catalog.open_project(Path.cwd())
    return Bench(
        project=project,
        pipeline=catalog.find_pipeline(project, pipeline),
        overrides=overrides or {},
        seed=seed,
        timeout_s=timeout,
        listener=listener,
    )


def nearby(file: Path) -> str:
    """Return a path as the user would type it here."""
    return str(file.relative_to(Path.cwd())) if file.is_relative_to(Path.cwd()) else str(file)
