"""``perfkit scale VARIANT...``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from perfkit.api import scaling as scalings
from perfkit.api import sides
from perfkit.api.found import with_stages
from perfkit.cli import completion, options, outcome, progress
from perfkit.report import summary, terminal

if TYPE_CHECKING:
    from perfkit.model import Parameters

_FEWEST_ROUNDS = 3


class _Sizes(click.ParamType[tuple[int, ...]]):
    """``100,200,400``."""

    name = "sizes"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        found = []
        for text in str(value).split(","):
            try:
                found.append(int(text.strip()))
            except ValueError:
                self.fail(f"{text.strip()!r} is no whole number; write 100,200,400,800,1600", param, ctx)
        return tuple(found)


def _claims(_ctx: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for one in given:
        target, equals, law = one.partition("=")
        if not equals or not target.strip() or not law.strip():
            raise click.BadParameter(f"write STAGE=LAW, such as count=n^2, not {one!r}")
        found[target.strip()] = law.strip()
    return found


@click.command(cls=options.Naming)
@click.option("--sizes", type=_Sizes(), metavar="N,N,...", help="The sizes, at least five.")
@click.option("--from", "first", type=click.IntRange(min=1), metavar="N", help="The smallest size.")
@click.option("--to", "last", type=click.IntRange(min=1), metavar="N", help="The largest size.")
@click.option(
    "--steps", type=click.IntRange(min=5), metavar="N", help="How many sizes, in even factors.  [default: 5]"
)
@click.option(
    "--claim",
    "claims",
    multiple=True,
    callback=_claims,
    metavar="STAGE=LAW",
    shell_complete=completion.stages_with_value,
    help="A claimed growth, such as count=n^2 or optimized:count=n; run=... for all of it. Repeat for more.",
)
@click.option(
    "--budget",
    type=options.FloatRange(min=0, min_open=True),
    default=scalings.BUDGET_S,
    show_default=True,
    metavar="SECONDS",
    help="For all rounds; one is measured in any case.",
)
@options.SCALE_OUTPUT
@options.PYTHON
@options.measuring
@options.naming
def command(
    *,
    asked: sides.Asked,
    sizes: tuple[int, ...] | None,
    first: int | None,
    last: int | None,
    steps: int | None,
    claims: dict[str, str],
    budget: float,
    output: Path | None,
    overrides: Parameters,
    seed: int,
    timeout: float,
    as_json: bool,
) -> int:
    """Show how the cost of each stage grows with the size of the input.

    All variants run at each of several sizes, in rounds that visit every size once, in fresh processes. The
    first variant named is what the others are compared with. The report lies in reports/PIPELINE/scale.md.
    """
    if sizes is not None and (first, last, steps) != (None, None, None):
        raise click.UsageError("--sizes names the sizes; leave out --from, --to and --steps")
    with progress.showing() as listener:
        found = sides.find(asked, overrides=overrides, seed=seed, timeout_s=timeout, listener=listener)
        bench, variants = found.bench, found.names
        if asked.find_stages:
            bench, _ = with_stages(bench, variants)
        made = scalings.scale(
            bench,
            variants,
            wanted=scalings.Range(sizes=sizes or (), first=first, last=last, steps=steps),
            budget_s=budget,
            claims=claims,
            command=["perfkit", *sys.argv[1:]],
        )
        report = scalings.load(bench, made.id)
        written = scalings.write(bench, report, output)
    if as_json:
        click.echo(summary.as_json(report), nl=False)
    else:
        from rich.console import Console

        Console().print(terminal.render_scaling(report))
    click.echo(f"report: {options.nearby(written[0])}", err=True)
    few = made.rounds < _FEWEST_ROUNDS
    return outcome.status(
        (), [f"{made.rounds} of {_FEWEST_ROUNDS} rounds: {made.stopped_because}"] if few else []
    )
