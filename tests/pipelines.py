"""Small pipelines written into a temporary project, well-behaved and otherwise."""

from __future__ import annotations

import textwrap
from pathlib import Path

BASELINE = """
from perfkit import stage

def make_inputs(seed: int, *, n: int = 20_000):
    return list(range(seed % 7, n))

@stage("square")
def square(numbers):
    out = []
    for x in numbers:
        out.append(x * x)
    return out

@stage("total")
def total(numbers):
    result = 0
    for x in numbers:
        result = result + x
    return result

def run(inputs):
    return {"total": total(square(inputs)), "mean": 0.5}
"""

OPTIMIZED = """
from perfkit import stage

@stage("square")
def square(numbers):
    return [x * x for x in numbers]

@stage("total")
def total(numbers):
    return sum(numbers)

def run(inputs):
    return {"total": total(square(inputs)), "mean": 0.5}
"""


def project(
    root: Path, *, name: str = "squares", baseline: str = BASELINE, optimized: str = OPTIMIZED
) -> Path:
    """Write a project with one pipeline; returns its root."""
    for folder, source in (("baselines", baseline), ("optimized", optimized)):
        file = root / folder / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(source))
    return root


def running(body: str) -> str:
    """Return a contender whose run has this body."""
    return "import os, sys, time, signal\nfrom perfkit import stage\n\ndef run(inputs):\n" + textwrap.indent(
        textwrap.dedent(body).strip() + "\n", "    "
    )
