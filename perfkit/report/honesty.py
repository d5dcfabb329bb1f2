"""What was tried besides the ordinary input, what the honesty checks say, and whether the checks bite."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.report import units
from perfkit.report.equality import PASSED, differing, guilty
from perfkit.report.text import Column, Line, Row, Table, code, line, listed, prose

if TYPE_CHECKING:
    from perfkit.model import Equivalence, Finding, Scrutiny, Verification

_MARKS = {
    "trick": "❌",
    "different": "❌",
    "caution": "❔",
    "inconclusive": "⚪",
    "declared": "✅",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Honesty:
    """The part of the correctness section that goes beyond the ordinary input.

    Attributes
    ----------
    timed
        What the results of the timed runs showed; empty if they were not compared.
    tried
        The other inputs, a row each; None if there were none.
    fed
        What came of feeding each stage the baseline's own input.
    findings
        Checks that found something; None if none did.
    clean
        Which checks found nothing.
    weak
        Comparisons that would have accepted planted wrong outputs, or that there are none.
    untried
        What was not tried, and why.
    searched
        What a search among small inputs found; empty if there was none.
    """

    timed: Line
    tried: Table | None
    fed: Line
    findings: Table | None
    clean: Line
    weak: tuple[Line, ...]
    untried: tuple[Line, ...]
    searched: Line


def honesty(scrutiny: Scrutiny) -> Honesty | None:
    """Build it; None if nothing was scrutinised."""
    if not scrutiny.findings and not scrutiny.timed:
        return None
    return Honesty(
        timed=_timed(scrutiny.timed),
        tried=_tried(scrutiny),
        fed=_fed(scrutiny),
        findings=_findings(scrutiny),
        clean=_clean(scrutiny),
        weak=tuple(_weak(scrutiny)),
        untried=tuple(prose(one) for one in scrutiny.untried),
        searched=_searched(scrutiny),
    )


def _searched(scrutiny: Scrutiny) -> Line:
    if not scrutiny.searched:
        return line()
    found = [one for one in scrutiny.verifications if one.name.endswith("searched")]
    if found:
        return line(
            f"❌ A search among {scrutiny.searched:,} small inputs found some that differ: see above."
        )
    return line(
        f"✅ A search among {scrutiny.searched:,} small inputs found none on which the two sides differ."
    )


def _timed(found: Equivalence | None) -> Line:
    if found is None:
        return line()
    mark = "✅" if found.verdict in PASSED else "❌" if found.verdict == "different" else "⚪"
    words = line(f"{mark} What the timed runs returned was compared too, pair by pair: {found.verdict}")
    if found.verdict == "equal within tolerance" and found.rtol is not None:
        words = line(
            words, f", at most {units.signed_error(found.worst_rel)} of {units.tolerance(found.rtol)}"
        )
    return line(words, prose(f" ({found.reason})") if found.reason else "", ".")


def _tried(scrutiny: Scrutiny) -> Table | None:
    rows = [
        Row(cells=(line(one.name), line(units.count(one.seed)), _outcome(one)))
        for one in scrutiny.verifications
        if one.kind in {"size", "edge"}
    ]
    if not rows:
        return None
    return Table(
        columns=(
            Column(key="input", title="other input"),
            Column(key="seed", title="seed", align="right"),
            Column(key="outcome", title="outcome"),
        ),
        rows=tuple(rows),
    )


def _outcome(one: Verification) -> Line:
    if one.baseline_error and one.contender_error:
        raised = {text.partition(":")[0]: None for text in (one.baseline_error, one.contender_error)}
        mark = "✅" if len(raised) == 1 else "❔"
        return line(f"{mark} both refuse it: ", listed([line(code(name)) for name in raised]))
    if one.contender_error:
        return line("❌ the contender fails: ", one.contender_error)
    if one.baseline_error:
        return line("❌ the contender accepts it; the baseline raises ", one.baseline_error)
    wrong = differing(one)
    if wrong:
        named = listed([line(code(stage)) for stage in wrong], 3)
        mark = "❔" if one.kind == "edge" else "❌"
        return line(f"{mark} ", named, " differ" if len(wrong) > 1 else " differs")
    counts = Counter(stage.verdict for stage in one.stages)
    mark = "✅" if set(counts) <= PASSED else "⚪"
    return line(f"{mark} " + ", ".join(f"{n} {verdict}" for verdict, n in counts.items()))


def _fed(scrutiny: Scrutiny) -> Line:
    if not scrutiny.differential:
        return line()
    at = "" if scrutiny.differential_at == "main" else f" ({scrutiny.differential_at})"
    head = line(f"Fed with the baseline's own input{at}, stage by stage: ")
    bad = [one for one in scrutiny.differential if one.stage in guilty(scrutiny)]
    open_ = [one for one in scrutiny.differential if one.verdict not in PASSED and one.verdict != "different"]
    good = sum(one.verdict in PASSED for one in scrutiny.differential)
    parts = []
    if bad:
        parts.append(line("❌ ", listed([line(code(one.stage)) for one in bad]), _because(bad)))
    if good:
        parts.append(line(f"✅ {good} equal"))
    if open_:
        named = [
            line(code(one.stage), prose(f" ({one.reason.rstrip('.')})") if one.reason else "")
            for one in open_
        ]
        parts.append(line("⚪ not checked: ", listed(named)))
    return line(head, *(piece for i, part in enumerate(parts) for piece in (("; " if i else ""), part)), ".")


def _because(bad: list[Equivalence]) -> Line:
    verb = " differs by itself" if len(bad) == 1 else " differ by themselves"
    return line(verb, prose(f" ({bad[0].reason})") if bad[0].reason else "")


def _findings(scrutiny: Scrutiny) -> Table | None:
    rows = [
        Row(cells=(line(code(one.check)), line(f"{_MARKS[one.verdict]} {one.verdict}"), _seen(one)))
        for one in scrutiny.findings
        if one.verdict != "clean"
    ]
    if not rows:
        return None
    return Table(
        columns=(
            Column(key="check", title="check"),
            Column(key="verdict", title="verdict", whole=True),
            Column(key="seen", title="what was seen, and why it matters"),
        ),
        rows=tuple(rows),
    )


def _seen(one: Finding) -> Line:
    text = one.sentence[:1].upper() + one.sentence[1:].rstrip(".") + "."
    why = one.why.rstrip(".") + "." if one.why else ""
    return line(text, f" Declared: {why}" if one.verdict == "declared" else f" {why}")


def _clean(scrutiny: Scrutiny) -> Line:
    names = [line(code(one.check)) for one in scrutiny.findings if one.verdict == "clean"]
    if not names:
        return line()
    noun = "check" if len(names) == 1 else "checks"
    return line(f"✅ {len(names)} honesty {noun} found nothing: ", listed(names), ".")


def _weak(scrutiny: Scrutiny) -> list[Line]:
    found = [
        line(
            "❔ The check of ",
            line("the result") if one.stage == "result" else code(one.stage),
            " would also accept ",
            listed([line(text) for text in one.accepts]),
            ".",
        )
        for one in scrutiny.weak_checks
    ]
    if found or not scrutiny.planted:
        return found
    stages = "one stage's output" if scrutiny.planted == 1 else f"the outputs of {scrutiny.planted} stages"
    return [
        line(
            "✅ The checks bite: wrong values (zeros, the mean, another repeat's, a single wrong element), "
            f"planted in {stages}, were all found."
        )
    ]
