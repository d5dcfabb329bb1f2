"""Find stages where none is declared: one more run of each side tells what its entry calls."""

from __future__ import annotations

import ast
import dataclasses
from typing import TYPE_CHECKING

from perfkit.analyse import found_stages
from perfkit.analyse.found_stages import File, Found, Written
from perfkit.api.alone import alone
from perfkit.api.bench import spawn_job, with_seed
from perfkit.catalog import words
from perfkit.errors import PerfkitError
from perfkit.measure import schedule, staging
from perfkit.model import Event, FoundStages, StagePair, StagePoint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perfkit.api.bench import Bench
    from perfkit.model import Variant


@alone
def with_stages(bench: Bench, names: Sequence[str]) -> tuple[Bench, FoundStages | None]:
    """Give variants stages, if none of them declares any, nor the user.

    Parameters
    ----------
    names
        Of the variants, the baseline first.

    Returns
    -------
    tuple
        A bench whose variants have stages; and what was found of the first two, for the report. None: there
        was no need.

    Raises
    ------
    PerfkitError
        If a variant does not exist, or its file is no Python.
    """
    sides = list(dict.fromkeys(bench.variant(name) for name in names))
    if any(one.kind == "command" or not one.path.endswith(".py") or one.points for one in sides):
        return bench, None
    if _declares(bench, sides):
        return bench, None
    files = [_read(bench, side) for side in sides]
    if not files[0].functions:
        return bench, None
    chosen = []
    for at, (side, file) in enumerate(zip(sides, files, strict=True)):
        doing = f"{side.name}: which functions are its stages"
        bench.listener(Event(phase="measuring", doing=doing, done=at, of=len(sides)))
        found = _tried(bench, side, file)
        if isinstance(found, str):
            return bench, FoundStages(why_not=found)
        chosen.append(found)
    if len(sides) == 1 and len(names) > 1:  # something is compared with itself
        sides, files, chosen = sides * 2, files * 2, chosen * 2
    return _pointed(bench, sides, files, chosen)


def _entry(side: Variant) -> str:
    """Return the function that is called itself, and so is no stage; empty for a script."""
    if side.kind == "callable":
        return side.target.rpartition(":")[2]
    return "run" if side.kind == "pipeline" else ""


def _declares(bench: Bench, sides: Sequence[Variant]) -> bool:
    """Tell whether a side declares stages itself, or could: it imports from perfkit."""
    trees = [words.parse(words.read(bench.file(one)), bench.file(one)) for one in sides]
    return any(_imports_perfkit(node) for tree in trees for node in ast.walk(tree))


def _read(bench: Bench, side: Variant) -> File:
    """Return what a side's file says of its functions."""
    file, entry = bench.file(side), _entry(side)
    content = words.read(file)
    return File(
        path=side.path,
        source=content.decode("utf-8", "replace"),
        functions={
            name: _written(node)
            for name, node in staging.functions(words.parse(content, file))
            if not staging.why_not(node) and name not in {entry, "make_inputs"}
        },
    )


def _written(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Written:
    taken = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    doc = ast.get_docstring(node) or ""
    return Written(
        line=min([node.lineno, *(one.lineno for one in node.decorator_list)]),
        doc=doc.partition("\n")[0],
        parameters=sum(one.arg not in {"self", "cls"} for one in taken),
        silent=not _returns(node.body),
    )


def _returns(body: Sequence[ast.stmt]) -> bool:
    """Tell whether a function, but not one inside it, returns anything but None."""
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Return) and node.value is not None:
            if not (isinstance(node.value, ast.Constant) and node.value.value is None):
                return True
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)
    return False


def _imports_perfkit(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").partition(".")[0] == "perfkit"
    return isinstance(node, ast.Import) and any(one.name.partition(".")[0] == "perfkit" for one in node.names)


def _tried(bench: Bench, side: Variant, file: File) -> Found | str:
    """Run a side once with all its functions as stages; why that failed, if it did."""
    if not file.functions:
        return Found(entry="", functions=())
    points = tuple(StagePoint(file=side.path, function=one, name=one) for one in file.functions)
    plan = with_seed(next(schedule.plan(bench.seed)), bench.seed)
    staged = bench.store.stage()
    try:
        reply = spawn_job(
            bench,
            "time",
            dataclasses.replace(side, points=points),
            plan,
            overrides=bench.overrides,
            staged=staged,
        ).reply
    except PerfkitError as error:
        return f"a run of {side.name} with all its functions marked failed ({error})"
    finally:
        bench.store.discard(staged)
    return found_stages.choose(reply.stages, reply.run_s, file.functions)


def _pointed(
    bench: Bench, sides: list[Variant], files: list[File], chosen: list[Found]
) -> tuple[Bench, FoundStages]:
    """Give the stages their names: those of the baseline's functions, and of what answers to them."""
    against = [
        found_stages.pair((files[0], file), (chosen[0], found))
        for file, found in zip(files[1:], chosen[1:], strict=True)
    ]
    kept = [
        one for one in chosen[0].functions if all(one in {p.baseline for p in each.pairs} for each in against)
    ]
    named = found_stages.names(kept)
    points = [named]
    told: list[FoundStages] = []
    for each, found in zip(against, chosen[1:], strict=True):
        pairs = tuple(
            dataclasses.replace(one, stage=named[one.baseline]) for one in each.pairs if one.baseline in named
        )
        answers = {one.contender: one.stage for one in pairs if one.contender}
        points.append({**answers, **_own_names(each.own, named)})
        told.append(
            FoundStages(
                entries=(chosen[0].entry, found.entry),
                pairs=pairs,
                unpaired=each.own,
                left_out=each.left_out,
            )
        )
    variants = dict(bench.variants)
    for side, functions in zip(sides, points, strict=True):
        variants[side.name] = dataclasses.replace(
            side,
            found=True,
            points=tuple(
                StagePoint(file=side.path, function=function, name=name)
                for function, name in functions.items()
            ),
        )
    alone = FoundStages(
        entries=(chosen[0].entry,),
        pairs=tuple(StagePair(stage=stage, baseline=ours) for ours, stage in named.items()),
        left_out=chosen[0].left_out,
    )
    return dataclasses.replace(bench, variants=variants), told[0] if told else alone


def _own_names(own: Sequence[str], taken: Mapping[str, str]) -> dict[str, str]:
    """Name the contender's own stages, none as one of the baseline's."""
    return {one: name if name not in taken.values() else one for one, name in found_stages.names(own).items()}
