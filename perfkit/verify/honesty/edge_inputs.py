"""``edge_inputs``: empty, single, constant, NaN, huge, strided inputs, and other dtypes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.model import Finding
from perfkit.verify.honesty.evidence import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.verify.honesty.evidence import Evidence

NAME = "edge_inputs"
_OFTEN_REFUSED = frozenset({"other dtype", "odd text", "nearly alike texts"})
"""What ``make_inputs`` never makes, and a careful rewrite may treat in its own way: told, and no more."""
WHY = "What the baseline refuses or survives is part of what its users rely on."


def check(evidence: Evidence) -> Iterator[Finding]:
    """Compare both sides where inputs are unusual: exceptions must agree, values are told."""
    refused, crashed, values = [], [], []
    refusals = []
    otherwise = []
    for one in evidence.verifications:
        if one.kind not in {"edge", "size"}:
            continue
        overflow = "OverflowError" in one.baseline_error + one.contender_error
        soft = one.name in _OFTEN_REFUSED or overflow  # Python's floats raise where arrays give infinity
        if soft and bool(one.baseline_error) != bool(one.contender_error):
            who = "baseline" if one.baseline_error else "contender"
            refusals.append(f"{one.name}: the {who} alone raises {one.baseline_error or one.contender_error}")
        elif one.baseline_error and one.contender_error:
            ours, theirs = (text.partition(":")[0] for text in (one.baseline_error, one.contender_error))
            otherwise += [f"{one.name}: {theirs} instead of {ours}"] if ours != theirs else []
        elif one.baseline_error and not one.contender_error:
            refused.append(f"{one.name}: the baseline raises {one.baseline_error}")
        elif one.contender_error and not one.baseline_error:
            crashed.append(f"{one.name}: {one.contender_error}")
        elif one.kind == "edge" and any(stage.verdict == "different" for stage in one.stages):
            first = next(stage for stage in one.stages if stage.verdict == "different")
            values.append(f"{one.name} ({first.stage}: {first.reason})")
    if refused:
        text = f"the contender accepts what the baseline refuses ({listed(refused, 2)})"
        yield Finding(check=NAME, verdict="different", sentence=text, why=WHY)
    if crashed:
        text = f"the contender fails where the baseline does not ({listed(crashed, 2)})"
        yield Finding(check=NAME, verdict="different", sentence=text, why=WHY)
    if otherwise:
        text = f"another exception is raised ({listed(otherwise, 2)})"
        yield Finding(check=NAME, verdict="caution", sentence=text, why=WHY)
    if refusals:
        text = f"not the same is refused ({listed(refusals, 2)})"
        yield Finding(check=NAME, verdict="caution", sentence=text, why=WHY)
    if values:
        text = f"other values on {listed(values, 2)}"
        yield Finding(check=NAME, verdict="caution", sentence=text, why=WHY)
