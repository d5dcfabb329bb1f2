"""``perfkit diff [BEFORE] [AFTER]``."""

from __future__ import annotations

import os
from pathlib import Path

import click
import msgspec

from perfkit.cli import completion, options
from perfkit.errors import UsageError


def _renamed(_ctx: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """Turn ``OLD=NEW`` pairs into a mapping."""
    found = {}
    for one in given:
        old, equals, new = one.partition("=")
        if not equals or not old or not new:
            raise click.BadParameter(f"write OLD=NEW, such as Encoder.fit=Encoder.train, not {one!r}")
        found[old] = new
    return found


@click.command()
@click.argument("before", required=False, shell_complete=completion.profiles)
@click.argument("after", required=False, shell_complete=completion.profiles)
@click.option(
    "--map",
    "renamed",
    metavar="OLD=NEW",
    multiple=True,
    callback=_renamed,
    help="A function's old and new name, where nobody can tell; repeat for more.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=6,
    show_default=True,
    metavar="N",
    help="Functions shown of each stage; the others are summed up.",
)
@click.option("--markdown", "as_markdown", is_flag=True, help="Markdown on stdout instead.")
@options.JSON
@options.reading
def command(
    before: str | None,
    after: str | None,
    *,
    renamed: dict[str, str],
    limit: int,
    as_markdown: bool,
    as_json: bool,
    pipeline: str | None,
) -> int:
    """Compare two profiles: functions and lines, before and after.

    BEFORE and AFTER are .prof files, runs, variants (the latest profile of each) or comparisons (their
    contenders). One comparison alone stands for its two sides; without any, the latest is taken. Times are
    inflated by the profiler: no speedup is computed from them.
    """
    from perfkit.analyse.differences import MOST
    from perfkit.api import profiled
    from perfkit.api.diff import difference

    files = [one is not None and profiled.is_file(one) for one in (before, after)]
    bench = None if all(files) or (files[0] and after is None) else options.bench(pipeline)
    if as_json and as_markdown:
        raise UsageError("choose one of --json and --markdown")
    found = difference(
        bench, before, after, renamed=renamed, most=max(limit, MOST), stacked=as_json, cache=_cache()
    )
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    elif as_markdown:
        from perfkit.report import markdown

        click.echo(markdown.render_difference(found), nl=False)
    else:
        from rich.console import Console

        from perfkit.report import difference_terminal

        Console().print(difference_terminal.render(found, most=2 * limit, most_in_stage=limit))
    return 0


def _cache() -> Path:
    """Return where the columns of foreign profiles are kept."""
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "perfkit" / "profiles"
