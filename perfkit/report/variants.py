"""What a variant is and how it was run, and how stages were found, in the words of a report."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from perfkit.report.parameters import changed_settings, settings
from perfkit.report.text import Line, code, line, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.model import Comparison, FoundStages, Variant, VariantKind

_SHORT_COMMIT = 12


OWN_INPUTS = frozenset({"script", "module", "command"})
"""Kinds of variants that make their inputs themselves."""


def timed(variant: Variant) -> Line:
    """Name what is timed of a variant, for a row."""
    if variant.kind == "callable":
        return line("The call")
    if variant.kind in OWN_INPUTS:
        return line("Whole command" if variant.kind == "command" else "Script, imports apart")
    return line("Pipeline (", code("run"), ")")


def called(variant: Variant) -> Line:
    """Name what is timed of a variant, within a sentence."""
    if variant.kind == "callable":
        return line("the call")
    if variant.kind in OWN_INPUTS:
        return line("the command" if variant.kind == "command" else "the script")
    return line(code("run"))


def what(variant: Variant) -> Line:
    """Say what a variant is: its file, its callable, or what would be typed to run it."""
    arguments = shlex.join(variant.arguments)
    if variant.kind == "script":
        said = line("script ", code(f"{variant.path} {arguments}".rstrip()))
    elif variant.kind == "module":
        said = line(code(f"python -m {variant.target} {arguments}".rstrip()))
    elif variant.kind == "callable":
        said = line(code(variant.path + variant.target if variant.target.startswith(":") else variant.target))
    elif variant.kind == "command":
        said = line("command ", code(variant.target))
    else:
        said = line(code(variant.path))
    return line(said, revision(variant))


def revision(variant: Variant) -> Line:
    """Say which revision a variant is; empty if it is the project's own file."""
    if not variant.revision:
        return line("")
    commit, _, dirty = variant.revision.partition("+")
    if dirty:
        return line(" of the working tree, digest ", code(commit[:_SHORT_COMMIT]))
    return line(" at ", code(commit[:_SHORT_COMMIT]))


def result(kind: VariantKind) -> Line:
    """Return what the result of a variant is called."""
    return line("what it prints") if kind in OWN_INPUTS else line("result of ", code("run"))


def first(variant: Variant) -> str:
    """Return what a cold sample is the first of, as Markdown."""
    if variant.kind in OWN_INPUTS:
        return "run"
    return "call" if variant.kind == "callable" else "call of `run`"


def inputs(comparison: Comparison) -> Line:
    """Say where the inputs come from, and what is timed."""
    baseline, parameters = comparison.baseline, comparison.parameters
    arguments = line(" In their arguments stood ", settings(parameters), ".") if parameters else line("")
    if baseline.kind == "command":
        return line("Each run is a whole process, from its start to its end.", arguments)
    if baseline.kind in {"script", "module"}:
        return line(
            "Both sides make their inputs themselves.",
            arguments,
            " A run begins at ",
            code('if __name__ == "__main__"'),
            ", or after the first imports where there is none; what comes before is counted as importing. "
            "Its result is what it prints, but for durations, dates and addresses, and the files that it "
            "writes.",
        )
    if baseline.kind == "callable" and not comparison.pipeline.inputs and not parameters:
        return line("Both sides are called without arguments.")
    overrides = changed_settings(comparison.overrides, {})
    revised = "each revision's own copy of the benchmark" if baseline.revision else None
    return line(
        "Inputs come from ",
        code(comparison.pipeline.inputs.rpartition(":")[2] or "make_inputs"),
        " of ",
        revised or code(comparison.pipeline.inputs.rpartition(":")[0] or baseline.name),
        " for both sides, with ",
        settings(parameters),
        "; set by hand: ",
        settings(overrides) if overrides else "none",
        ". Each pair has a seed of its own, shared by its two sides.",
    )


_EVIDENCE = {
    "": "their names or code",
    "docstring": "their docstrings",
    "name": "a word that their names share",
    "place": "their place among the calls",
}
"""By what says so, as `perfkit.model.StagePair` has it: the words for it."""


def found(told: FoundStages) -> Iterator[Line]:
    """Say that stages were found and not declared, and which function each is."""
    if told.why_not:
        yield line(f"No stage is declared, and none was found: {told.why_not}.")
        return
    if not told.pairs:
        yield line("No stage is declared, and none was found: the entry calls no function of its own file.")
        return
    entries = list(dict.fromkeys(one for one in told.entries if one))
    who = listed([line(code(one)) for one in entries]) if entries else line("the code itself")
    yield line(
        f"No stage is declared, so perfkit found {len(told.pairs)} in one more run of each side: the "
        "functions of the baseline's own file that ",
        who,
        f" call{'' if len(entries) > 1 else 's'}, and those that they call. What they return is compared, "
        "but not whether its numbers lie in a list or in an array.",
    )
    for how, words in _EVIDENCE.items():
        renamed = [one for one in told.pairs if one.contender not in {"", one.baseline} and one.how == how]
        if renamed:
            yield line(
                f"Called otherwise in the contender, and paired by {words}: ",
                listed([line(code(one.contender), " for ", code(one.baseline)) for one in renamed]),
                ".",
            )
    alone = [one for one in told.pairs if not one.contender]
    if alone and len(told.entries) > 1:
        yield line(
            "Nothing in the contender answers to ",
            listed([line(code(one.stage)) for one in alone]),
            ": their outputs are not compared (--stage OLD=NEW names what does).",
        )
    if told.unpaired:
        yield line("The contender's own: ", listed([line(code(one)) for one in told.unpaired]), ".")
    if told.left_out:
        yield line(
            "Called too often for their time to be stages: ",
            listed([line(code(one)) for one in told.left_out]),
            ".",
        )
