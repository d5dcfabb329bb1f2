"""``perfkit verify BASELINE CONTENDER``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from perfkit.analyse import gates
from perfkit.api import verification as verifications
from perfkit.cli import options, outcome, progress
from perfkit.report import equality, summary, terminal, text

if TYPE_CHECKING:
    from perfkit.model import Parameters


@click.command()
@click.argument("baseline")
@click.argument("contender")
@click.option("--thorough", is_flag=True, help="Search small inputs with hypothesis, too.")
@options.measuring
def command(
    baseline: str,
    contender: str,
    *,
    thorough: bool,
    pipeline: str | None,
    overrides: Parameters,
    seed: int,
    timeout: float,
    as_json: bool,
) -> int:
    """Compare every stage's output, on many inputs, and look for tricks; nothing is timed.

    Both variants run on the ordinary input, on other seeds and sizes, and on edge inputs; each stage of the
    contender is fed the baseline's own input; the honesty checks say what they found.
    """
    with progress.showing() as listener:
        bench = options.bench(pipeline, overrides, seed, timeout, listener)
        report = verifications.verify(
            bench, baseline, contender, thorough=thorough, command=["perfkit", *sys.argv[1:]]
        )
    if as_json:
        click.echo(summary.as_json(report), nl=False)
    else:
        from rich.console import Console

        Console().print(terminal.render_verification(report))
    undecided = list(gates.undecided_outputs(report.scrutiny))
    judged = equality.judge(report.scrutiny)
    if not (judged.verified or judged.different or undecided):
        undecided.append(f"not verified: {text.plain(judged.why)}")
    return outcome.status(gates.failed_outputs(report.scrutiny), undecided)
