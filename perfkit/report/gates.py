"""What a comparison is held to, as a table, and in a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.report.text import Column, Row, Table, line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perfkit.model import Gate, GateOutcome

MARKS: dict[GateOutcome, str] = {"passed": "✅", "failed": "❌", "undecided": "❔"}


def table(gates: Iterable[Gate]) -> Table:
    """Lay out gates, a row each."""
    return Table(
        columns=(
            Column(key="gate", title="held to"),
            Column(key="outcome", title="outcome", whole=True),
            Column(key="why", title="why"),
        ),
        rows=tuple(row(one) for one in gates),
    )


def row(gate: Gate) -> Row:
    """Lay out one gate."""
    why = "; ".join(reason.rstrip(".") for reason in gate.reasons)
    cells = (
        line(_unbroken(gate.name)),
        line(f"{MARKS[gate.outcome]} {gate.outcome}"),
        line(_unbroken(why)),
    )
    return Row(cells=cells, strong=gate.outcome == "failed")


def _unbroken(text: str) -> str:
    """Keep a number and its per cent sign on one line."""
    return text.replace(" %", "\u00a0%")


def worst(gates: Iterable[Gate]) -> GateOutcome:
    """Return how the comparison ends: `failed` if one gate fails, else `undecided` if one is."""
    found = {one.outcome for one in gates}
    return "failed" if "failed" in found else "undecided" if "undecided" in found else "passed"
