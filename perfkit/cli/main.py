"""``perfkit``: the group of commands, each loaded when it is called, and the one place that exits."""

from __future__ import annotations

import contextlib
import difflib
import importlib
import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING

import click

from perfkit import __version__
from perfkit.errors import EXIT_FINE, EXIT_RUN, EXIT_USAGE, InterruptedEarlyError, PerfkitError, RunError

if TYPE_CHECKING:
    from types import FrameType

    from click.shell_completion import CompletionItem

COMMANDS = {
    "init": "Make a slow script a pipeline: its configuration, and a copy of it to make faster.",
    "compare": "Measure, verify and profile two variants, and write the report.",
    "verify": "Compare every stage's output on many inputs, and look for tricks.",
    "bisect": "Find the commit that made a benchmark slower.",
    "scale": "Measure how the cost grows with the size of the input.",
    "run": "Time one variant.",
    "profile": "Profile variants: functions, lines, call stacks, memory, operators.",
    "report": "Render the report of a stored comparison again.",
    "export": "Hand stored runs to another tool: speedscope, flame graphs, pstats, pyperf, CSV...",
    "diff": "Compare two profiles: functions and lines, before and after.",
    "advise": "Say what to do next: hot lines, the known pattern that each shows, and its cure.",
    "view": "Open a stored profile in snakeviz.",
    "audit": "Check a report that someone else wrote against its own figures.",
    "benchmarks": "Set the timings of two test runs side by side: pytest-benchmark's files, or perfkit's.",
    "doctor": "Look at this machine: what may spoil a comparison, and what effect it can resolve.",
    "history": "Show how speedups went from commit to commit, and where they changed.",
    "prune": "Remove old comparisons and runs that nothing kept refers to, and unused caches.",
    "list": "List pipelines, variants and what is stored.",
    "completion": "Print what makes bash, zsh or fish complete perfkit's commands.",
}


class _Lazy(click.Group):
    """A group that imports a command's module only to run it: ``--help`` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        if ctx.resilient_parsing:  # a shell asks what to offer
            from perfkit.cli import outline

            return outline.command(cmd_name)
        command: click.Command = importlib.import_module(f"perfkit.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = not args or args[0] in COMMANDS or args[0].startswith("-")
        if not (known or ctx.resilient_parsing):
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there is {', '.join(COMMANDS)}"
            ctx.fail(f"there is no command {args[0]!r}: {hint}")
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        from click.shell_completion import CompletionItem

        names = [
            CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)
        ]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="perfkit")
def group() -> None:
    r"""Prove a speedup: how much faster, where, why, and is it still right.

    \b
      perfkit compare baseline optimized     the whole job; leaves report.md
      perfkit view                           look at a profile

    Exit status: 0 fine, 1 a gate failed (slower, below target, outputs different),
    2 wrong use, 3 a run failed, 4 inconclusive.
    """


def _terminate(_number: int, _frame: FrameType | None) -> None:
    """Treat SIGTERM like Ctrl-C, so that workers are ended and what is finished is kept."""
    raise KeyboardInterrupt


def main() -> None:
    """Run the command line and exit with the status that `perfkit.errors` names."""
    if "_PERFKIT_COMPLETE" in os.environ:
        sys.exit(_complete())
    signal.signal(signal.SIGTERM, _terminate)
    try:
        status = group.main(standalone_mode=False)
        sys.stdout.flush()
    except (PerfkitError, click.ClickException, click.exceptions.Abort, KeyboardInterrupt, OSError) as error:
        if "--debug" in sys.argv:
            traceback.print_exc()
        status = _explain(error, debug="--debug" in sys.argv)
    sys.exit(status if isinstance(status, int) else EXIT_FINE)


def _complete() -> int:
    """Answer a shell that asks what to offer; whatever goes wrong, nothing is printed but offers."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):  # noqa: PTH123  quicker
        try:
            group.main(prog_name="perfkit", standalone_mode=False)
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else EXIT_USAGE
        except Exception:  # noqa: BLE001  a shell has no place for errors
            return EXIT_USAGE
    return EXIT_FINE


def _explain(error: BaseException, *, debug: bool) -> int:
    """Say in one sentence what went wrong; returns the exit status."""
    if isinstance(error, PerfkitError):
        details = error.details if isinstance(error, RunError) else ""
        if details and debug:
            click.echo(details, err=True)
        more = "; --debug shows more" if details and not debug else ""
        _complain(str(error).rstrip(".") + more)
        return error.exit_code
    if isinstance(error, click.ClickException):
        error.show()
        return EXIT_USAGE
    if isinstance(error, BrokenPipeError):
        # The reader of stdout has gone (``perfkit list | head``): not an error, but no more can be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FINE
    if isinstance(error, OSError):
        _complain(f"the system refused: {error}")
        return EXIT_RUN
    _complain("interrupted; finished runs are kept")
    return InterruptedEarlyError.exit_code


def _complain(sentence: str) -> None:
    click.echo(f"{click.style('perfkit:', fg='red', bold=True)} {sentence}", err=True)
