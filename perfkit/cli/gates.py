"""Options that hold a comparison to something, and that tell a CI system how it went."""

from __future__ import annotations

import functools
import math
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perfkit.api import ci
from perfkit.cli import completion
from perfkit.cli.options import FloatRange
from perfkit.errors import PerfkitError
from perfkit.model import Gates

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perfkit.api.bench import Bench
    from perfkit.model import Gate, Report, VerificationReport


class Held:
    """What the user holds a comparison to, and where a CI system reads how it went.

    Attributes
    ----------
    gates
        None if nothing was asked.
    pipeline
        Its name, once that is known: whatever is told of it carries it, a failure too.
    """

    def __init__(self, outlets: ci.Outlets, gates: Gates | None = None) -> None:
        self.gates = gates
        self.pipeline = ""
        self._outlets = outlets
        self._told = False

    def tell(self, bench: Bench, report: Report) -> None:
        """Write what CI reads of a comparison, and print the annotations."""
        self._told = True
        _print(ci.tell(bench, report, self._outlets))

    def tell_verification(self, bench: Bench, report: VerificationReport, judged: Sequence[Gate]) -> None:
        """Write what CI reads of a verification, and print the annotations."""
        self._told = True
        _print(ci.tell_verification(bench, report, judged, self._outlets))

    def tell_failure(self, error: BaseException, pipeline: str | None) -> None:
        """Write that there is no result, unless there is one."""
        if self._told:
            return
        command = shlex.join(["perfkit", *sys.argv[1:]])
        try:
            told = ci.tell_failure(
                error, self._outlets, pipeline=self.pipeline or pipeline, asked=self.gates, command=command
            )
        except PerfkitError as second:  # the first error is the one to end with
            click.echo(f"perfkit: {second}", err=True)
        else:
            _print(told)


def _print(told: ci.Told) -> None:
    """Print annotations on stderr, which GitHub reads too, so that stdout stays the user's."""
    for one in told.lines:
        click.echo(one, err=True)


class _Decimal(FloatRange):
    """``33`` or ``33x``."""

    name = "ratio"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the ratio; fails as click does."""
        number = super().convert(str(value).strip().removesuffix("x"), param, ctx)
        if math.isinf(number):
            self.fail(f"{value!r} is no number", param, ctx)
        return number


def _limits(_ctx: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> dict[str, float]:
    """Turn ``2%`` and ``normalise=5%`` into limits by stage; the whole run has an empty name."""
    found: dict[str, float] = {}
    for one in given:
        stage, equals, text = one.rpartition("=")
        stage, text = stage.strip(), text.strip()
        try:
            number = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            number = math.nan
        bare = not text.endswith("%")
        if not (math.isfinite(number) and number >= 0) or (bare and number >= 1) or (equals and not stage):
            raise click.BadParameter(f"write 2% or 0.02, or STAGE=5% for a stage, not {one!r}")
        if stage in found:
            raise click.BadParameter(f"{stage!r} has two limits" if stage else "the run has two limits")
        found[stage] = number
    return found


_GATES = (
    click.option(
        "--fail-if-slower",
        multiple=True,
        callback=_limits,
        metavar="[STAGE=]PERCENT",
        shell_complete=completion.stages_with_value,
        help="Fail (exit 1) if the contender surely takes more than this longer, in all or in a stage: even "
        "the upper end of the speedup's interval is below the limit. An interval that holds the limit is "
        "inconclusive (exit 4), never a pass. Repeat for more.  [default: fail if the verdict is slower]",
    ),
    click.option(
        "--fail-below",
        type=_Decimal(min=1),
        metavar="RATIO",
        help="Fail if the speedup is surely below this, 33 or 33x, instead of the configured target.",
    ),
)
_VERIFIED = click.option(
    "--require-verified",
    is_flag=True,
    help="Fail unless the report says verified: every stage compared on every ordinary input, none "
    "different, not checked or inconclusive, and no trick found. Verified on ordinary inputs will do.",
)
_OUTLETS = (
    click.option(
        "--junit",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="JUnit XML with a case for each gate and each stage's output, also if a run failed.",
    ),
    click.option(
        "--comment",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Markdown short enough for a comment on a pull request, also if a run failed.",
    ),
)
_GITHUB = click.option(
    "--github/--no-github",
    default=None,
    help="Print annotations for GitHub Actions, and append to the step's summary.  [default: in a step of "
    "GitHub Actions]",
)
_GITHUB_ASKED = click.option(
    "--github", is_flag=True, help="Print annotations for GitHub Actions, and append to the step's summary."
)


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add all gates and outlets to a comparison, which gets them as `held`; a failure is told as well."""

    @functools.wraps(command)
    def held(
        *args: Any,
        fail_if_slower: dict[str, float],
        fail_below: float | None,
        require_verified: bool,
        junit: Path | None,
        comment: Path | None,
        github: bool | None,
        **rest: Any,
    ) -> Any:
        if require_verified and rest.get("verify") is False:
            raise click.UsageError("--require-verified needs the outputs compared: leave out --no-verify")
        asked = Gates(slower=fail_if_slower, least=fail_below, verified=require_verified)
        made = Held(_outlets(junit, comment, github), None if asked == Gates() else asked)
        return _telling(made, command, *args, **rest)

    return _with(held, *_GATES, _VERIFIED, *_OUTLETS, _GITHUB)


def verifying(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the gate and the outlets of a verification, which gets them as `held`."""

    @functools.wraps(command)
    def held(
        *args: Any,
        require_verified: bool,
        junit: Path | None,
        comment: Path | None,
        github: bool | None,
        **rest: Any,
    ) -> Any:
        made = Held(_outlets(junit, comment, github), Gates(verified=True) if require_verified else None)
        return _telling(made, command, *args, **rest)

    return _with(held, _VERIFIED, *_OUTLETS, _GITHUB)


def outlets(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the outlets of a stored comparison, which gets them as `held`."""

    @functools.wraps(command)
    def held(*args: Any, junit: Path | None, comment: Path | None, github: bool, **rest: Any) -> Any:
        return _telling(Held(_outlets(junit, comment, github)), command, *args, **rest)

    return _with(held, *_OUTLETS, _GITHUB_ASKED)


def _outlets(junit: Path | None, comment: Path | None, github: bool | None) -> ci.Outlets:
    on_github = ci.on_github() if github is None else github
    return ci.Outlets(junit=junit, comment=comment, github=on_github)


def _telling(held: Held, command: Callable[..., Any], *args: Any, **rest: Any) -> Any:
    """Run a command, and tell a failure where its result would have been told."""
    try:
        return command(*args, held=held, **rest)
    except (PerfkitError, KeyboardInterrupt, OSError) as error:
        asked = rest.get("asked")  # of commands that name what to run
        held.tell_failure(error, asked.pipeline if asked is not None else rest.get("pipeline"))
        raise


def _with(command: Callable[..., Any], *options: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(options):
        command = option(command)
    return command
