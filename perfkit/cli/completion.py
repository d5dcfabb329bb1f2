"""``perfkit completion SHELL``, and what each argument and option offers to a shell.

Every offer is made by a function of this module, which the commands name as ``shell_complete``. It is loaded
for each word that a user completes: click and the standard library alone. An offer never fails or prints.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import click
from click.shell_completion import CompletionItem, get_completion_class

from perfkit.cli import offers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Items: TypeAlias = list[CompletionItem[str]]
    Offer: TypeAlias = Callable[[click.Context, click.Parameter, str], Items]

AFTER = "perfkit.cli.completion.after"
"""In a context's `meta`: the word stands after ``--``, and is an argument of the user's script."""
VARIABLE = "_PERFKIT_COMPLETE"
"""What a shell's script sets when it asks."""
LATEST = "latest"

_WITH_REVISIONS = frozenset({"compare", "verify"})


def _offer(make: Callable[[click.Context, str], Iterable[CompletionItem[str]]]) -> Offer:
    """Turn what makes items into what click calls: only what fits, and nothing if anything goes wrong."""

    @functools.wraps(make)
    def offered(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> Items:
        try:
            made = list(make(ctx, incomplete))
        except Exception:  # noqa: BLE001  a shell waits for words, and has no place for errors
            return []
        return [one for one in made if one.type != "plain" or one.value.startswith(incomplete)]

    return offered


def _items(words: Iterable[str], text: str | None = None) -> Items:
    return [CompletionItem(one, help=text) for one in words]


def _project() -> offers.Found:
    return offers.project(Path.cwd())


def _pipeline(ctx: click.Context) -> str | None:
    named = ctx.params.get("pipeline")
    return named if isinstance(named, str) else None


def _variants(ctx: click.Context, found: offers.Found) -> Items:
    names = {name: file for one in found.chosen(_pipeline(ctx)) for name, file in found.variants[one].items()}
    return [CompletionItem(name, help=file or None) for name, file in names.items()]


def _stored(ctx: click.Context, found: offers.Found, folder: str, begin: str) -> Items:
    return _items(offers.stored(found, _pipeline(ctx), folder, begin), folder.removesuffix("s"))


# ---------------------------------------------------------------- what there is to offer


@_offer
def pipelines(ctx: click.Context, incomplete: str) -> Items:  # noqa: ARG001  every offer takes both
    """Offer the project's pipelines."""
    return _items(_project().variants)


@_offer
def variants(ctx: click.Context, incomplete: str) -> Items:  # noqa: ARG001
    """Offer the pipeline's variants."""
    return _variants(ctx, _project())


@_offer
def sides(ctx: click.Context, incomplete: str) -> Items:
    """Offer what can be run: variants, scripts, and revisions to compare; files after ``--``."""
    if ctx.meta.get(AFTER):
        return [CompletionItem(incomplete, type="file")]
    found = _variants(ctx, _project())
    found += _items(offers.python_files(incomplete))
    if ctx.command.name in _WITH_REVISIONS:
        found += _items(offers.revisions(incomplete), "revision")
    fitting = [one for one in found if one.value.startswith(incomplete)]
    return fitting or [CompletionItem(incomplete, type="file")]


@_offer
def comparisons(ctx: click.Context, incomplete: str) -> Items:
    """Offer the ids of stored comparisons."""
    return _stored(ctx, _project(), "comparisons", incomplete)


@_offer
def runs(ctx: click.Context, incomplete: str) -> Items:
    """Offer variants, which stand for their latest run, and the ids of stored runs."""
    found = _project()
    return [*_variants(ctx, found), *_stored(ctx, found, "runs", incomplete)]


@_offer
def recorded(ctx: click.Context, incomplete: str) -> Items:
    """Offer all that is stored: variants, runs and comparisons."""
    found = _project()
    named = [*_variants(ctx, found), *_stored(ctx, found, "comparisons", incomplete)]
    return [*named, *_stored(ctx, found, "runs", incomplete)]


@_offer
def exported(ctx: click.Context, incomplete: str) -> Items:
    """Offer what can be exported: all that is stored, and the latest comparison."""
    found = _project()
    named = [CompletionItem(LATEST, help="comparison"), *_variants(ctx, found)]
    named += _stored(ctx, found, "comparisons", incomplete)
    return [*named, *_stored(ctx, found, "runs", incomplete)]


@_offer
def profiles(ctx: click.Context, incomplete: str) -> Items:
    """Offer what can be compared as profiles: all that is stored; else files."""
    found = _project()
    named = [*_variants(ctx, found), *_stored(ctx, found, "comparisons", incomplete)]
    named += _stored(ctx, found, "runs", incomplete)
    fitting = [one for one in named if one.value.startswith(incomplete)]
    return fitting or [CompletionItem(incomplete, type="file")]


@_offer
def stages(ctx: click.Context, incomplete: str) -> Items:  # noqa: ARG001
    """Offer the pipeline's stages."""
    return _items(offers.stages(_project(), _pipeline(ctx)))


@_offer
def stages_with_value(ctx: click.Context, incomplete: str) -> Items:
    """Offer the pipeline's stages, up to the sign after which their value follows."""
    if "=" in incomplete:
        return []
    return _items(f"{one}=" for one in offers.stages(_project(), _pipeline(ctx)))


@_offer
def functions(ctx: click.Context, incomplete: str) -> Items:  # noqa: ARG001
    """Offer the functions of the scripts and variants that are named before."""
    found = _project()
    files = {name: file for one in found.chosen(_pipeline(ctx)) for name, file in found.variants[one].items()}
    # An option that still lacks its value ends click's reading; the words before it are left over then.
    words = [str(one) for one in ctx.params.get("words") or ctx.args]
    named = [found.root / files[one] if one in files else Path(one) for one in words or files]
    return _items(offers.functions(named))


@_offer
def profilers(ctx: click.Context, incomplete: str) -> Items:  # noqa: ARG001
    """Offer profilers, after a comma once more."""
    from perfkit.profilers import catalog

    before, comma, _ = incomplete.rpartition(",")
    return _items(f"{before}{comma}{one}" for one in catalog.names() if one not in before.split(","))


@_offer
def formats(ctx: click.Context, incomplete: str) -> Items:  # noqa: ARG001
    """Offer the formats of exports, perfkit's own and plugged-in ones."""
    from perfkit import plugins
    from perfkit.report.exports import FORMATS

    named = [one.name for one in plugins.find(plugins.RENDERERS) if one.name not in FORMATS]
    return [*_items(FORMATS), *_items(named, "plugged in")]


# ---------------------------------------------------------------- the command


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> int:
    """Print the script that makes a shell complete perfkit's commands.

    Commands, options, pipelines, variants, stages, stored runs and comparisons, profilers, formats, branches
    and tags: of the project of the current folder. Put this where the shell reads it at its start:

    \b
      eval "$(perfkit completion bash)"   in ~/.bashrc (bash 4.4 or newer)
      eval "$(perfkit completion zsh)"    in ~/.zshrc, after compinit
      perfkit completion fish > ~/.config/fish/completions/perfkit.fish
    """  # noqa: D301  click's mark for lines to be left as they are
    from perfkit.cli import outline
    from perfkit.cli.main import COMMANDS, group

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"click knows no completion for {shell}")
    made = found(group, {}, "perfkit", VARIABLE)
    click.echo(found.source_template % made.source_vars())
    outline.keep(COMMANDS)
    return 0
