"""``perfkit compare BASELINE CONTENDER``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from perfkit.analyse.stats import SMALLEST_EFFECT
from perfkit.api import comparison as comparisons
from perfkit.api import reports, sides
from perfkit.api import scaling as scalings
from perfkit.api.pairs import BUDGET_S, PRECISION, Plan
from perfkit.cli import gates, options, outcome, progress

if TYPE_CHECKING:
    from perfkit.model import Parameters


class _Percent(click.ParamType[float]):
    """``5%`` or ``0.05``."""

    name = "percent"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        text = str(value).strip()
        try:
            number = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            number = 0.0
        if not 0 < number < 1:
            self.fail(f"{text!r} is not between 0 and 100 %; write 5% or 0.05", param, ctx)
        return number


@click.command(cls=options.Naming)
@click.option(
    "--budget",
    type=options.SECONDS,
    default=BUDGET_S,
    show_default=True,
    metavar="SECONDS",
    help="For the timed pairs; at least three are measured.",
)
@click.option(
    "--precision",
    type=_Percent(),
    default=PRECISION,
    show_default="5%",
    metavar="PERCENT",
    help="Enough when the verdict is certain and the interval narrower than plus or minus this.",
)
@click.option(
    "--smallest-effect",
    type=_Percent(),
    default=SMALLEST_EFFECT,
    show_default="1%",
    metavar="PERCENT",
    help="An interval inside plus or minus this is no difference.",
)
@click.option("--decide", is_flag=True, help="Enough when the verdict is certain, however wide the interval.")
@click.option("--pairs", type=click.IntRange(min=1), metavar="N", help="Exactly so many pairs instead.")
@click.option("--fork", is_flag=True, help="Fork samples from processes that have imported the variant.")
@click.option(
    "--warm",
    type=click.IntRange(min=0),
    is_flag=False,
    flag_value=0,
    metavar="[N]",
    help="Time N calls after the first in each process; without N, as many as make sense.",
)
@click.option("--verify/--no-verify", default=True, show_default=True, help="Compare every stage's output.")
@click.option(
    "--scale/--no-scale",
    default=True,
    show_default=True,
    help="Measure the growth, where sizes are configured.",
)
@click.option("--profile/--no-profile", default=True, show_default=True, help="Profile both sides.")
@options.LINE_LIMIT
@options.OUTPUT
@options.PYTHON
@options.measuring
@options.naming
@gates.options
def command(
    *,
    asked: sides.Asked,
    held: gates.Held,
    budget: float,
    precision: float,
    smallest_effect: float,
    decide: bool,
    pairs: int | None,
    fork: bool,
    warm: int | None,
    verify: bool,
    scale: bool,
    profile: bool,
    line_limit: float,
    output: Path | None,
    overrides: Parameters,
    seed: int,
    timeout: float,
    as_json: bool,
) -> int:
    """Measure, verify and profile two variants, and write the report.

    Both run in fresh processes, in pairs, in random order, on the same inputs, until the interval of the
    speedup is narrow enough or the budget is spent. The report lies in reports/PIPELINE/report.md.

    Exit status: 0 fine, 1 a gate failed, 2 wrong use, 3 a run failed, 4 inconclusive.
    """
    with progress.showing() as listener:
        found = sides.find(asked, overrides=overrides, seed=seed, timeout_s=timeout, listener=listener)
        bench, (baseline, contender) = found.bench, options.two(found)
        held.pipeline = bench.pipeline.name
        typed = ["perfkit", *sys.argv[1:]]
        growth = ""
        if scale and bench.pipeline.sizes:
            growth = scalings.scale(bench, (baseline, contender), command=typed).id
        made = comparisons.compare(
            bench,
            baseline,
            contender,
            Plan(
                budget_s=budget,
                precision=precision,
                smallest_effect=smallest_effect,
                decided_is_enough=decide,
                pairs=pairs,
                forking=fork,
                warm=warm,
            ),
            verifying=verify,
            finding=asked.find_stages,
            profiling=profile,
            line_limit_s=line_limit,
            scaling=growth,
            gates=held.gates,
            command=typed,
        )
        report = reports.load(bench, made.id)
        written = reports.write(bench, report, output)
    held.tell(bench, report)
    return outcome.tell(report, written, as_json=as_json)
