"""``perfkit compare BASELINE CONTENDER``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from perfkit.api import comparison as comparisons
from perfkit.api import reports
from perfkit.cli import options, outcome, progress

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


@click.command()
@click.argument("baseline")
@click.argument("contender")
@click.option(
    "--budget",
    type=click.FloatRange(min=0, min_open=True),
    default=comparisons.BUDGET_S,
    show_default=True,
    metavar="SECONDS",
    help="For the timed pairs; at least three are measured.",
)
@click.option(
    "--precision",
    type=_Percent(),
    default=comparisons.PRECISION,
    show_default="5%",
    metavar="PERCENT",
    help="Enough when the interval of the speedup is narrower than plus or minus this.",
)
@click.option("--pairs", type=click.IntRange(min=1), metavar="N", help="Exactly so many pairs instead.")
@click.option("--verify/--no-verify", default=True, show_default=True, help="Compare every stage's output.")
@click.option("--profile/--no-profile", default=True, show_default=True, help="Profile both sides.")
@options.LINE_LIMIT
@options.OUTPUT
@options.measuring
def command(
    baseline: str,
    contender: str,
    *,
    budget: float,
    precision: float,
    pairs: int | None,
    verify: bool,
    profile: bool,
    line_limit: float,
    output: Path | None,
    pipeline: str | None,
    overrides: Parameters,
    seed: int,
    timeout: float,
    as_json: bool,
) -> int:
    """Measure, verify and profile two variants, and write the report.

    Both run in fresh processes, in pairs, in random order, on the same inputs, until the interval of the
    speedup is narrow enough or the budget is spent. The report lies in reports/PIPELINE/report.md.
    """
    with progress.showing() as listener:
        bench = options.bench(pipeline, overrides, seed, timeout, listener)
        made = comparisons.compare(
            bench,
            baseline,
            contender,
            budget_s=budget,
            precision=precision,
            pairs=pairs,
            verifying=verify,
            profiling=profile,
            line_limit_s=line_limit,
            command=["perfkit", *sys.argv[1:]],
        )
        report = reports.load(bench, made.id)
        written = reports.write(bench, report, output)
    return outcome.tell(report, written, as_json=as_json)
