"""Whether the outputs are still right: one judgement over everything that was tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from perfkit.report.text import Line, code, line, listed, prose, strong

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.model import Equivalence, Finding, Scrutiny, Verification, VerificationReport

PASSED = frozenset({"identical", "equal within tolerance", "statistically equivalent"})
RESULT = "result"
"""The name of what ``run`` returned in a verification; it is no stage."""
FAILING = frozenset({"trick", "different"})
"""Verdicts of a finding with which no output counts as verified."""

_TIMED = "the results of the timed runs"
_ORDINARY = frozenset({"main", "proof", "size"})
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Equality:
    """What may be said of the output.

    Attributes
    ----------
    verified
        Every stage was compared on every ordinary input, none differs, and no check found a trick. A stage
        that is declared as fused into another counts with that one.
    different
        At least one stage differs, or a trick was found.
    why
        What keeps it from being verified; empty if nothing does.
    proviso
        What a verified output is not verified for; empty if nothing.
    stages, inputs
        How many were compared; the inputs of the timed runs count as one where theirs are the only results.
    """

    verified: bool
    different: bool
    why: Line
    proviso: Line
    stages: int
    inputs: int


def judge(scrutiny: Scrutiny, timed_stages: Sequence[str] = ()) -> Equality:
    """Judge the output over all that was tried.

    Parameters
    ----------
    timed_stages
        Stages of the timed runs: each must have been compared.
    """
    done = [one for one in scrutiny.verifications if one.stages and one.kind in _ORDINARY]
    if not done:
        return _unverified(scrutiny)
    every = [one for checked in done for one in checked.stages]
    free = _free(every)
    verdicts = [(one.stage, one.verdict, one.reason) for one in every if one.stage not in free]
    for verification in done:
        seen = {one.stage for one in verification.stages}
        if verification.kind == "main":
            verdicts += [
                (path, "not checked", "no output of it was recorded")
                for path in timed_stages
                if path not in seen
            ]
    if scrutiny.timed is not None and not (scrutiny.timed.verdict == "not checked" and RESULT in free):
        verdicts.append((_TIMED, scrutiny.timed.verdict, scrutiny.timed.reason))

    wrong: dict[str, Line] = {}
    fused = [
        stage for stage, verdict, why in verdicts if verdict == "not checked" and why.startswith("fused into")
    ]
    hidden = _consequences(scrutiny)
    # What differs is named before what was not compared; the first word on a stage stands.
    for verdict in ("different", "inconclusive", "not checked"):
        for stage, found, reason in verdicts:
            if found == verdict and stage not in fused and not (verdict == "different" and stage in hidden):
                wrong.setdefault(stage, _trouble(stage, verdict, reason))
    tricks = [one for one in scrutiny.findings if one.verdict in FAILING]
    why = [*wrong.values(), *(_trick(one) for one in _one_a_check(tricks))]
    return Equality(
        verified=not why,
        different=bool(tricks) or any(found == "different" for _, found, _ in verdicts),
        why=listed(why, _MOST_NAMED),
        proviso=_proviso(scrutiny, list(dict.fromkeys(fused)), free),
        stages=len({stage for stage, _, _ in verdicts} - {RESULT, _TIMED}),
        inputs=len(done),
    )


def _free(every: Sequence[Equivalence]) -> dict[str, str]:
    """Return by stage why it has no output that could be compared, where nobody said that it has one.

    If nothing at all was compared, all of them count.
    """
    if not any(one.verdict in PASSED for one in every):
        return {}
    return {one.stage: one.reason for one in every if one.verdict == "not checked" and not one.promised}


def _unverified(scrutiny: Scrutiny) -> Equality:
    """Judge the output where nothing was verified: the results of the timed runs may have been compared."""
    verdict = scrutiny.timed.verdict if scrutiny.timed is not None else "not checked"
    if verdict == "different":
        why = line(f"{_TIMED} differ")
    elif verdict in PASSED:
        why = line(f"nothing but {_TIMED} was compared ({verdict})")
    else:
        why = line("outputs were not compared")
    if scrutiny.impossible and verdict != "different":
        why = line(why, ", because ", prose(scrutiny.impossible))
    return Equality(
        verified=False,
        different=verdict == "different",
        why=why,
        proviso=line(),
        stages=0,
        inputs=int(verdict != "not checked"),
    )


def headline(report: VerificationReport) -> tuple[Line, Literal["good", "open", "bad"]]:
    """Say in one sentence whether a contender's outputs equal the baseline's, and how that looks."""
    found = judge(report.scrutiny)
    baseline, contender = code(report.baseline.name), code(report.contender.name)
    if found.verified:
        inputs = "1 input" if found.inputs == 1 else f"{found.inputs} inputs"
        words = line(contender, " equals ", baseline, found.proviso, f": verified on {inputs}.")
        return words, "good"
    words = line(contender, " against ", baseline, ": ", strong("not verified"), ", ", found.why, ".")
    return words, "bad" if found.different else "open"


def guilty(scrutiny: Scrutiny) -> list[str]:
    """Return the stages that differ when they are fed the baseline's own input, the innermost ones."""
    found = [one.stage for one in scrutiny.differential if one.verdict == "different"]
    return [one for one in found if not any(other.startswith(f"{one}/") for other in found)]


def differing(verification: Verification) -> list[str]:
    """Return the stages of a verification that differ."""
    return [one.stage for one in verification.stages if one.verdict == "different"]


def _consequences(scrutiny: Scrutiny) -> set[str]:
    """Return the stages that differ only because an earlier or inner one does, where that is known."""
    to_blame = guilty(scrutiny)
    if not to_blame:
        return set()
    right = {one.stage for one in scrutiny.differential if one.verdict in PASSED}
    around = {
        stage for stage in right | {one.stage for one in scrutiny.differential} if stage not in to_blame
    }
    outer = {stage for stage in around if any(one.startswith(f"{stage}/") for one in to_blame)}
    return right | outer | {RESULT, _TIMED}


def _proviso(scrutiny: Scrutiny, fused: list[str], free: dict[str, str]) -> Line:
    parts = []
    # What a stage without a value does shows in what follows; of the others, something stays unknown.
    apart = [stage for stage, reason in free.items() if not reason.endswith("returns nothing")]
    if apart:
        names = listed([line(code(one)) for one in apart], _MOST_NAMED)
        parts.append(line("apart from ", names, ", whose outputs cannot be compared"))
    if any(one.check == "edge_inputs" and one.verdict == "caution" for one in scrutiny.findings):
        parts.append(line("on ordinary inputs"))
    if fused:
        parts.append(line("apart from ", listed([line(code(one)) for one in fused]), ", fused into others"))
    plugged = _plugged_in(scrutiny)
    if plugged:
        names = listed([line(code(one)) for one in plugged])
        parts.append(line(f"with the comparator{'s' if len(plugged) > 1 else ''} ", names))
    return line(*(piece for part in parts for piece in (" ", part)))


def _plugged_in(scrutiny: Scrutiny) -> list[str]:
    """Return the plug-ins that decided what of some value was compared."""
    stages = [stage for one in scrutiny.verifications for stage in one.stages]
    stages += [*scrutiny.differential, *([scrutiny.timed] if scrutiny.timed is not None else [])]
    return sorted({apart.by for stage in stages for apart in stage.taken_apart})


def _one_a_check(findings: list[Finding]) -> list[Finding]:
    return list({one.check: one for one in reversed(findings)}.values())[::-1]


def _trick(one: Finding) -> Line:
    where = line(" in ", code(one.stage)) if one.stage else line()
    return line(code(one.check), " was found", where)


def _trouble(stage: str, verdict: str, reason: str) -> Line:
    """Say in a few words what is wrong with a stage; the correctness section has the details."""
    name = line("the result") if stage == RESULT else line(stage) if stage == _TIMED else line(code(stage))
    if verdict == "different":
        return line(name, " differ" if stage == _TIMED else " differs")
    because = prose(f" ({reason.rstrip('.')})") if reason else line()
    were, are = ("were", "are") if stage == _TIMED else ("was", "is")
    return line(name, f" {were} not checked" if verdict == "not checked" else f" {are} {verdict}", because)
