"""``perfkit init``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from perfkit.cli import options
from perfkit.errors import InterruptedEarlyError, PerfkitError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.api.scripts import Script
    from perfkit.api.setup import Planned

_FLAGS = "--script FILE, and where its defaults do not fit --entry, --inputs, --name and --contender-name"


@click.command(cls=options.Naming)
@click.option("--script", metavar="FILE", help="The slow script; it is the baseline, and stays as it is.")
@click.option(
    "--entry",
    metavar="FUNCTION",
    help="How it is run: a function of it, or __main__ for the whole file, as python FILE runs it.",
)
@click.option(
    "--inputs",
    metavar="CALLABLE",
    help="What makes the function's inputs; make_inputs, if the script has it.",
)
@click.option("--name", metavar="NAME", help="Of the pipeline; the script's own without.")
@click.option("--contender-name", metavar="NAME", help="Of the first contender.  [default: optimized]")
@click.option("--contender", metavar="FILE", help="A file that is the contender; a copy is made without.")
@click.option("--yes", is_flag=True, help="Ask nothing.")
@options.DEBUG
def command(
    *,
    script: str | None,
    entry: str | None,
    inputs: str | None,
    name: str | None,
    contender_name: str | None,
    contender: str | None,
    yes: bool,
    arguments: tuple[str, ...],
) -> int:
    """Make a slow script a pipeline: its configuration, and a copy of it to make faster.

    Writes [tool.perfkit.pipelines.NAME] into pyproject.toml, whose other lines stay as they are, the copy,
    and lines in .gitignore for stored runs. All of it or nothing. Asks for what is not given, on a terminal.
    """
    from perfkit.api import setup

    here = Path.cwd()
    root = setup.find_root(here)
    asking = not yes and sys.stdin.isatty() and sys.stderr.isatty()
    if script is None and not asking:
        why = "with --yes" if yes else "where no terminal answers"
        raise UsageError(f"perfkit init asks nothing {why}: give {_FLAGS}")
    try:
        found, script = _script(script, here, root)
        if asking:
            entry = entry or _entry(found)
            if setup.needs_inputs(found, entry, inputs or ""):
                inputs = _ask("What makes its inputs from a seed: a function of the script, or pkg.mod:func")
            name = name or _ask("The pipeline's name", found.file.stem)
            contender_name = contender_name or _ask("The contender's name", setup.CONTENDER)
        planned = setup.plan(
            setup.Wanted(
                script=found,
                entry=entry or "",
                name=name or "",
                contender_name=contender_name or setup.CONTENDER,
                contender="" if contender is None else _from_root(contender, here, root),
                inputs=inputs or "",
                arguments=arguments,
            ),
            root,
        )
        _show(planned)
        if asking and not click.confirm("Write this?", default=True, err=True):
            raise UsageError("nothing was written")
    except (click.Abort, KeyboardInterrupt) as error:
        raise InterruptedEarlyError("interrupted; nothing was written") from error
    setup.write(planned)
    _next(planned)
    return 0


def _script(given: str | None, here: Path, root: Path) -> tuple[Script, str]:
    """Return the slow script, asked for if it is not given."""
    from perfkit.api import scripts, setup

    if given is not None:
        return scripts.look(given, here, root), given
    there = setup.candidates(root)
    default = there[0] if len(there) == 1 and here == root else None
    path = _ask("The slow script", default, check=lambda path: scripts.look(path, here, root))
    return scripts.look(path, here, root), path


def _entry(script: Script) -> str:
    """Ask how the script is run, if it can be run in more than one way."""
    from perfkit.api import scripts, setup

    choices = script.entries()
    if len(choices) == 1:
        return choices[0]
    words = [f"{one} (the whole file)" if one == scripts.MAIN else one for one in choices]
    click.echo(f"It can be run as {', '.join(words)}.", err=True)
    return _ask("How it is run", script.entry() or None, check=lambda one: setup.check_entry(script, one))


def _ask(question: str, default: str | None = None, check: Callable[[str], object] | None = None) -> str:
    """Ask until the answer makes sense."""

    def read(answer: str) -> str:
        try:
            if check is not None:
                check(answer.strip())
        except PerfkitError as error:
            raise click.BadParameter(str(error)) from error
        return answer.strip()

    answer: str = click.prompt(question, default=default, value_proc=read, err=True)
    return answer


def _from_root(path: str, here: Path, root: Path) -> str:
    file = (here / path).resolve()
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else path


def _show(planned: Planned) -> None:
    for path, (_, before) in planned.files.items():
        what = f"a copy of {planned.script}" if path == planned.contender else "lines are added"
        there = what if path == planned.contender or before is not None else "new"
        click.echo(f"{options.nearby(planned.root / path)}: {there}", err=True)
    for line in planned.lines.splitlines():
        click.echo(f"  {line}", err=True)


def _next(planned: Planned) -> None:
    report = f"reports/{planned.pipeline}/report.md"
    click.echo(f"1. Make {options.nearby(planned.root / planned.contender)} faster.")
    click.echo(f"2. {planned.command}")
    click.echo(
        f"3. Read {options.nearby(planned.root / report)}: how much faster, where, why, and still right?"
    )
