"""Less work than the baseline's: ``lowered_precision``, ``cut_work``, ``skipped_stage``, ``special_case``."""

from __future__ import annotations

import ast
from collections import defaultdict
from typing import TYPE_CHECKING, Literal

from perfkit.model import Finding
from perfkit.verify.honesty.evidence import NOTICEABLE_S, listed, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perfkit.model import Leaf, TrialRun, Verification
    from perfkit.verify.honesty.evidence import Evidence

PRECISION, CUT, SKIPPED, SPECIAL = "lowered_precision", "cut_work", "skipped_stage", "special_case"

_TOO_SLOW_ELSEWHERE = 3.0
_NOTICEABLE_NEARBY_S = 0.002
_FEWEST_CALLS = 2
_TELLING_LEAVES = 2  # a container and something in it
_GROSS = 100.0  # times its tolerance


# ---------------------------------------------------------------- precision


def precision(evidence: Evidence) -> Iterator[Finding]:
    """Name stages whose values look computed in a narrower type than the baseline's."""
    why = "Fewer bits are computed faster; the baseline's user relies on those that are gone."
    passed = {one.stage for one in evidence.verifications[0].stages if one.verdict != "different"}
    for stage, (name, text, stored) in evidence.lowered.items():
        tolerance = evidence.pipeline.tolerances.get(stage)
        sentence = f"{stage} looks computed in {name}: {text}"
        verdict: Literal["declared", "caution", "trick"] = "trick"
        reason = why
        if tolerance is not None and tolerance.dtype:
            verdict, reason = "declared", tolerance.reason
        elif tolerance is not None and stage in passed and not stored:
            verdict, reason = "caution", f"Its tolerance allows it: {tolerance.reason}"
        yield Finding(check=PRECISION, verdict=verdict, sentence=sentence, why=reason, stage=stage)
        if verdict == "trick":
            return
    ours, theirs = (
        side.run.observed.settings.get("torch matmul precision", "highest")
        for side in (evidence.baseline, evidence.contender)
    )
    if ours == "highest" and theirs != "highest":
        text = f"the contender sets torch's precision of float32 products to {theirs!r}"
        yield Finding(check=PRECISION, verdict="trick", sentence=text, why=why)


# ---------------------------------------------------------------- data and hyper-parameters


def cut(evidence: Evidence) -> Iterator[Finding]:
    """Where outputs differ, look for smaller arguments, shorter outputs and other constants."""
    if not evidence.differs:
        return
    why = "A smaller problem is solved faster, and its answer is another."
    sure = [*_smaller_arguments(evidence), *_shorter_outputs(evidence)]
    constants = _other_constants(evidence)
    if sure or constants:
        sentence = "outputs differ, and " + listed([*sure, *constants])
        yield Finding(check=CUT, verdict="trick", sentence=sentence, why=why)


def _smaller_arguments(evidence: Evidence) -> Iterator[str]:
    theirs = {(one.stage, one.occurrence): one for one in evidence.contender.main.calls}
    for call in evidence.baseline.main.calls:
        other = theirs.get((call.stage, call.occurrence))
        if other is None:
            continue
        leaves = {leaf.path: leaf for leaf in other.arguments}
        for leaf in call.arguments:
            found = leaves.get(leaf.path)
            if found is None:
                continue
            if _is_smaller(leaf, found):
                yield f"stage {call.stage} gets {leaf.path} of shape {found.shape} instead of {leaf.shape}"
            elif _is_setting(leaf) and _is_setting(found) and leaf.text != found.text and not leaf.digest:
                yield f"stage {call.stage} is called with {leaf.path} = {found.text} instead of {leaf.text}"


def _is_smaller(ours: Leaf, theirs: Leaf) -> bool:
    if len(ours.shape) != len(theirs.shape) or not ours.shape:
        return False
    return ours.shape != theirs.shape and all(a >= b for a, b in zip(ours.shape, theirs.shape, strict=True))


def _is_setting(leaf: Leaf) -> bool:
    return leaf.type in {"builtins.int", "builtins.float", "builtins.bool"} and leaf.kind == "exact"


def _shorter_outputs(evidence: Evidence) -> Iterator[str]:
    theirs = {(one.stage, one.occurrence): one for one in evidence.contender.main.checkpoints}
    for one in evidence.baseline.main.checkpoints:
        other = theirs.get((one.stage, one.occurrence))
        leaves = {leaf.path: leaf for leaf in other.leaves} if other is not None else {}
        for leaf in one.leaves:
            if leaf.path in leaves and _is_smaller(leaf, leaves[leaf.path]):
                where = one.stage or "the result"
                yield f"{where}{leaf.path} has shape {leaves[leaf.path].shape} instead of {leaf.shape}"


def _other_constants(evidence: Evidence) -> list[str]:
    ours, theirs = constants(evidence.baseline.tree()), constants(evidence.contender.tree())
    found = [
        f"the contender's {name} is {listed(sorted(map(repr, theirs[name])))}, the baseline's "
        f"{listed(sorted(map(repr, values)))}"
        for name, values in ours.items()
        if name in theirs and theirs[name].isdisjoint(values)
    ]
    return found + [
        f"the contender takes {one}"
        for one in sorted(strides(evidence.contender.tree()))
        if one not in strides(evidence.baseline.tree())
    ]


def constants(tree: ast.Module) -> dict[str, set[float]]:
    """Return the numbers that a source gives to names, defaults, keywords and ranges."""
    found: dict[str, set[float]] = defaultdict(set)

    def note(name: str, value: ast.expr | None) -> None:
        if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub):
            value = value.operand
        if isinstance(value, ast.Constant) and type(value.value) in (int, float):
            found[name.lower().lstrip("_")].add(value.value)  # type: ignore[arg-type]

    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    note(target.id, node.value)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            note(node.target.id, node.value)
        elif isinstance(node, ast.FunctionDef):
            positional = [*node.args.posonlyargs, *node.args.args]
            defaults = node.args.defaults
            for one, value in zip(positional[len(positional) - len(defaults) :], defaults, strict=True):
                note(one.arg, value)
            for one, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
                note(one.arg, default)
        elif isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg and keyword.arg not in _OF_ARRAYS:
                    note(keyword.arg, keyword.value)
            if isinstance(node.func, ast.Name) and node.func.id == "range" and len(node.args) == 1:
                note("range(...)", node.args[0])
    return found


_OF_ARRAYS = frozenset(
    {"axis", "dim", "dtype", "ndmin", "keepdims", "start", "stop", "step", "k", "decimals"}
)


def strides(tree: ast.Module) -> set[str]:
    """Return the slices that leave elements out: every k-th, or the first half."""
    found = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Slice):
            continue
        if isinstance(node.step, ast.Constant) and type(node.step.value) is int and node.step.value > 1:
            found.add(f"every {node.step.value}th element ([{ast.unparse(node)}])")
        upper = node.upper
        if isinstance(upper, ast.BinOp) and isinstance(upper.op, ast.FloorDiv | ast.Div):
            found.add(f"a part ([{ast.unparse(node)}])")
    return found


# ---------------------------------------------------------------- stages


def skipped(evidence: Evidence) -> Iterator[Finding]:
    """Find stages that are not there, hand nothing over, or return what they were given."""
    ours, theirs = evidence.baseline.main, evidence.contender.main
    why = "A stage that does nothing is fast."
    there = {one.path: one.calls for one in theirs.stages}
    values = {one.stage for one in theirs.checkpoints}
    handing = {one.stage for one in ours.checkpoints if one.stage}
    mapped = evidence.pipeline.stages
    for path, calls in {one.path: one.calls for one in ours.stages}.items():
        if path in mapped:
            continue
        if path not in there:
            text, verdict = f"the contender has no stage {path}", "trick" if evidence.differs else "caution"
        elif path in handing and path not in values:
            text, verdict = f"stage {path} of the contender hands over no value", "trick"
        elif there[path] < calls:
            text = f"stage {path} runs {there[path]} times, in the baseline {calls}"
            verdict = "trick" if evidence.differs else "caution"
        else:
            continue
        yield Finding(check=SKIPPED, verdict=verdict, sentence=text, why=why, stage=path)  # type: ignore[arg-type]
        return
    for path in _guilty(evidence):
        how = _does_nothing(path, ours, theirs)
        if how:
            text = f"stage {path} of the contender {how}, which the baseline's does not"
            yield Finding(check=SKIPPED, verdict="trick", sentence=text, why=why, stage=path)
            return


def _guilty(evidence: Evidence) -> list[str]:
    """Return the stages that differ, those that differ on the baseline's own input first."""
    found = [one.stage for one in evidence.differential if one.verdict == "different"]
    for verification in evidence.different():
        found += [one.stage for one in verification.stages if one.verdict == "different"]
    return list(dict.fromkeys(found))


def _does_nothing(stage: str, ours: TrialRun, theirs: TrialRun) -> str:
    path = "" if stage == "result" else stage
    for how, found in (
        ("returns what it was given", _returns_whole),
        ("returns what it was given", _returns_arrays),
        ("returns one value throughout", _is_constant),
    ):
        if found(path, theirs) and not found(path, ours):
            return how
    return ""


def _returns_arrays(stage: str, run: TrialRun) -> bool:
    """Tell whether a stage's first value holds arrays, and none but its arguments'."""
    values = next((one.leaves for one in run.checkpoints if one.stage == stage), ())
    given = {
        leaf.digest for call in run.calls if call.stage == stage for leaf in call.arguments if leaf.digest
    }
    arrays = [leaf for leaf in values if leaf.kind == "array"]
    return bool(arrays) and all(leaf.digest in given for leaf in arrays)


def _returns_whole(stage: str, run: TrialRun) -> bool:
    """Tell whether a stage's first value is one of its arguments, of whatever kind."""
    value = _described("", next((one.leaves for one in run.checkpoints if one.stage == stage), ()))
    call = next((one for one in run.calls if one.stage == stage), None)
    if call is None or len(value) < _TELLING_LEAVES:
        return False
    names = {leaf.path for leaf in call.arguments if leaf.path.count("[") == 1 and leaf.path.endswith("]")}
    return any(_described(name, call.arguments) == value for name in names)


def _described(above: str, leaves: Sequence[Leaf]) -> list[tuple[str, ...]]:
    """Return what a value is, place by place below its own; nothing if a part of it cannot be told."""
    mine = [leaf for leaf in leaves if leaf.path == above or leaf.path.startswith((f"{above}[", f"{above}."))]
    if any(leaf.kind == "opaque" for leaf in mine):
        return []
    return [
        (leaf.path.removeprefix(above), leaf.type, leaf.dtype, str(leaf.shape), leaf.digest or leaf.text)
        for leaf in mine
    ]


def _is_constant(stage: str, run: TrialRun) -> bool:
    values = next((one.leaves for one in run.checkpoints if one.stage == stage), ())
    arrays = [leaf for leaf in values if leaf.kind == "array" and leaf.summary is not None]
    return bool(arrays) and all(
        leaf.summary is not None and leaf.summary.minimum == leaf.summary.maximum for leaf in arrays
    )


# ---------------------------------------------------------------- sizes


def special(evidence: Evidence) -> Iterator[Finding]:
    """Find outputs that are right at one size only, and runs that are fast at one size only."""
    why = "The size that was measured is not the only one that will be used."
    wrong = {one.name for one in evidence.different("main", "size") if not _is_rounding(one)}
    right = {
        one.name for one in evidence.verifications if one.kind in {"main", "size"} and one.stages
    } - wrong
    shown = {name: _at(evidence, name) for name in (*sorted(right), *sorted(wrong))}
    by_size: dict[int | None, set[bool]] = defaultdict(set)
    for name in (*right, *wrong):
        by_size[evidence.sizes.get(name)].add(name in wrong)
    if wrong and right and len(by_size) > 1 and all(len(found) == 1 for found in by_size.values()):
        text = (
            f"right at {listed(dict.fromkeys(shown[name] for name in sorted(right)))}, "
            f"wrong at {listed(dict.fromkeys(shown[name] for name in sorted(wrong)))}"
        )
        yield Finding(check=SPECIAL, verdict="trick", sentence=text, why=why)
        return
    yield from _slow_elsewhere(evidence, why)


def _is_rounding(one: Verification) -> bool:
    """Tell whether what differs lies little beyond its tolerance: rounding grows with the size, too."""
    return all(
        stage.worst_rel is not None and stage.rtol and stage.worst_rel < _GROSS * stage.rtol
        for stage in one.stages
        if stage.verdict == "different"
    )


def _at(evidence: Evidence, name: str) -> str:
    size = evidence.sizes.get(name)
    return name if size is None or evidence.pipeline.size is None else f"{evidence.pipeline.size} = {size}"


def _slow_elsewhere(evidence: Evidence, why: str) -> Iterator[Finding]:
    full, main = evidence.full_size, evidence.contender.main
    if full is None:
        return
    memory = evidence.contender.run.memory
    if memory is not None and memory.beside_s:
        # The slowest there and the quickest here: threads that wait for one another spend CPU time too.
        usual, near = max(memory.beside_s), min(memory.nearby_s)
        if near > _TOO_SLOW_ELSEWHERE * usual and near - usual > _NOTICEABLE_NEARBY_S:
            text = (
                f"near the measured size, {full}, the contender takes {seconds(near)} of CPU time instead "
                f"of {seconds(usual)}: that size has a path of its own"
            )
            yield Finding(check=SPECIAL, verdict="trick", sentence=text, why=why)
            return
    at_size: dict[int, list[float]] = defaultdict(list)
    for trial in evidence.contender.run.trials[1:]:
        size = evidence.sizes.get(trial.name)
        if size is not None and size < full and trial.outcome == "returned":
            at_size[size].append(trial.cpu_s)
    for size, times in at_size.items():
        quickest = min(times)  # a single call may fall on a garbage collection
        if len(times) < _FEWEST_CALLS or quickest - main.cpu_s < NOTICEABLE_S:
            continue
        if quickest > _TOO_SLOW_ELSEWHERE * main.cpu_s:
            text = (
                f"with {size} instead of {full} the contender takes {seconds(quickest)} of CPU time, not "
                f"{seconds(main.cpu_s)}: the measured size has a path of its own"
            )
            yield Finding(check=SPECIAL, verdict="trick", sentence=text, why=why)
            return
