"""Words that many records share."""

from __future__ import annotations

from typing import Literal, TypeAlias

SCHEMA = 1
"""The version of the stored records; a reader refuses a newer one."""

Scalar: TypeAlias = bool | int | float | str | None
Parameters: TypeAlias = dict[str, Scalar]
Metrics: TypeAlias = dict[str, float | None]
"""Numbers that a run reports of itself; ``None`` stands for one that is not finite."""
Side: TypeAlias = Literal["baseline", "contender"]
JobKind: TypeAlias = Literal["time", "describe", "verify", "differ", "thorough", "profile"]
VariantKind: TypeAlias = Literal["pipeline", "script", "module", "callable", "command"]
TrialKind: TypeAlias = Literal["main", "proof", "size", "edge", "repeat"]
Level: TypeAlias = Literal["ok", "note", "warning"]
"""Of what was seen of a machine: a `warning` may spoil a comparison, a `note` may blur it."""
SpeedVerdict: TypeAlias = Literal["faster", "slower", "no difference", "inconclusive"]
Verdict: TypeAlias = Literal[
    "identical",
    "equal within tolerance",
    "statistically equivalent",
    "different",
    "not checked",
    "inconclusive",
]
