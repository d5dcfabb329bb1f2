"""``perfkit verify BASELINE CONTENDER``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from perfkit.api import sides, verified
from perfkit.api import verification as verifications
from perfkit.cli import gates, options, outcome, progress
from perfkit.report import summary, terminal

if TYPE_CHECKING:
    from perfkit.model import Parameters


@click.command(cls=options.Naming)
@click.option("--thorough", is_flag=True, help="Search small inputs with hypothesis, too.")
@options.PYTHON
@options.measuring
@options.naming
@gates.verifying
def command(
    *,
    asked: sides.Asked,
    held: gates.Held,
    thorough: bool,
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
        found = sides.find(asked, overrides=overrides, seed=seed, timeout_s=timeout, listener=listener)
        bench, (baseline, contender) = found.bench, options.two(found)
        held.pipeline = bench.pipeline.name
        report = verifications.verify(
            bench,
            baseline,
            contender,
            thorough=thorough,
            finding=asked.find_stages,
            command=["perfkit", *sys.argv[1:]],
        )
    if as_json:
        click.echo(summary.as_json(report), nl=False)
    else:
        from rich.console import Console

        Console().print(terminal.render_verification(report))
    judged = verified.judge(report, required=held.gates is not None)
    held.tell_verification(bench, report, judged)
    return outcome.judged(judged)
