"""speedscope's file format: each profile a list of stacks with weights, their frames shared.

The format is published as TypeScript types and as a JSON schema (`SCHEMA`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from perfkit.report.exports import trees

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.model import StackFrame
    from perfkit.report.exports.trees import Titled

SCHEMA = "https://www.speedscope.app/file-format-schema.json"


def render(profiles: Sequence[Titled], *, name: str, exporter: str) -> bytes:
    """Render call trees as one file, which shows the first of them when it is opened.

    Parameters
    ----------
    profiles
        One, or before and after.
    name
        Of all of them together.
    exporter
        Such as ``perfkit@0.1.0``.
    """
    index: dict[StackFrame, int] = {}
    found = []
    for title, tree in profiles:
        shared = [index.setdefault(frame, len(index)) for frame in tree.frames]
        spent = [node for node in trees.depth_first(tree) if tree.self_s[node] > 0]
        weights = [tree.self_s[node] for node in spent]
        found.append(
            {
                "type": "sampled",
                "name": trees.title(title, tree),
                "unit": "seconds",
                "startValue": 0,
                "endValue": math.fsum(weights),
                "samples": [[shared[one] for one in trees.stack(tree, node)] for node in spent],
                "weights": weights,
            }
        )
    return trees.as_json(
        {
            "$schema": SCHEMA,
            "name": name,
            "exporter": exporter,
            "activeProfileIndex": 0,
            "shared": {"frames": [_frame(one) for one in index]},
            "profiles": found,
        }
    )


def _frame(frame: StackFrame) -> dict[str, Any]:
    file, line = trees.place(frame)
    found: dict[str, Any] = {"name": trees.name(frame)}
    if file:
        found["file"] = file
    if line > 0:
        found["line"] = line
    return found
